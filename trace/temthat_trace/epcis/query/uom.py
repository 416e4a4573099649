"""Units of sensor readings (UN/ECE Recommendation 20) as far as one can be told in another.

A reading in a unit that is not here is compared with bounds in the very same unit only.
"""

from dataclasses import dataclass
from decimal import Decimal

from temthat_trace.units import UNITS, Dimension


@dataclass(frozen=True, slots=True)
class _Scale:
    """In the reference unit of its dimension, a reading is `(value + shift) * times / parts`."""

    dimension: str
    times: Decimal = Decimal(1)
    parts: Decimal = Decimal(1)
    shift: Decimal = Decimal(0)


def _scales(dimension: str, **factors: str) -> dict[str, _Scale]:
    return {code.lstrip("_"): _Scale(dimension, Decimal(factor)) for code, factor in factors.items()}


_SCALES: dict[str, _Scale] = {
    # Kelvin
    "KEL": _Scale("temperature"),
    "CEL": _Scale("temperature", shift=Decimal("273.15")),
    "FAH": _Scale("temperature", Decimal(5), Decimal(9), Decimal("459.67")),
    **_scales("length", _4H="0.000001", MMT="0.001", CMT="0.01", DMT="0.1", MTR="1", KMT="1000", INH="0.0254",
              FOT="0.3048", YRD="0.9144", SMI="1609.344"),
    **_scales("pressure", PAL="1", A97="100", KPA="1000", MPA="1000000", MBR="100", BAR="100000", ATM="101325"),
    **_scales("time", C26="0.001", SEC="1", MIN="60", HUR="3600", DAY="86400", WEE="604800"),
    **_scales("speed", MTS="1", HM="0.44704"),
    "KMH": _Scale("speed", Decimal(1000), Decimal(3600)),
    **_scales("energy", JOU="1", KJO="1000", _3B="1000000", WHR="3600", KWH="3600000"),
    **_scales("power", C31="0.001", WTT="1", KWT="1000", MAW="1000000"),
    **_scales("frequency", HTZ="1", KHZ="1000", MHZ="1000000", A86="1000000000"),
    **_scales("voltage", _2Z="0.001", VLT="1", KVT="1000"),
    **_scales("current", B84="0.000001", _4K="0.001", AMP="1"),
    **_scales("fraction", P1="0.01", _59="0.000001", _61="0.000000001"),
    **_scales("density", GL="1", KMQ="1", _23="1000", GP="0.000001", M1="0.001"),
    **_scales("illuminance", LUX="1", KLX="1000"),
    **_scales("memory", AD="1", _2P="1000", _4L="1000000"),
    **{
        code: _Scale(unit.dimension.value, unit.factor)
        for code, unit in UNITS.items()
        if unit.dimension in (Dimension.MASS, Dimension.VOLUME, Dimension.AREA, Dimension.COUNT)
    },
}  # fmt: skip


def comparable(value: Decimal, uom: str) -> tuple[str, Decimal]:
    """What two amounts are compared by: the dimension and the value in its reference unit.

    The dimension of a unit that is not known is the unit itself. No rounding below 28 digits.
    """
    scale = _SCALES.get(uom)
    if scale is None:
        return uom, value
    return scale.dimension, (value + scale.shift) * scale.times / scale.parts
