"""Amounts that may be added up and compared, and those that may not. Pure.

Everything is told in one unit a dimension (kg, lít, m², piece), a package only in itself: no rule turns a box into a
bottle. A package whose content the product's pack forms state is told by that content.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from temthat_trace import formats
from temthat_trace.units import UNITS, Dimension, convert, plain, unit

_REFERENCE = {
    Dimension.MASS: "KGM",
    Dimension.VOLUME: "LTR",
    Dimension.AREA: "MTK",
    Dimension.COUNT: "H87",
}

Tally = dict[str, Decimal]
"""How much of each unit that stands for what compares; amounts of different units are never added."""


@dataclass(frozen=True, slots=True)
class Amount:
    """So much, in a UN/ECE unit code."""

    quantity: Decimal
    unit: str

    def text(self, lang: str = "vi") -> str:
        """1.234,5 kg."""
        return formats.quantity(plain(self.quantity), self.unit, lang)


@dataclass(frozen=True, slots=True)
class Measure:
    """How the amounts of one product are told so that they compare.

    `count`: the unit pieces are told in (quả, con, cái). `contents`: what one package holds, by the package's unit.
    """

    count: str = "H87"
    contents: Mapping[str, Amount] = field(default_factory=dict)

    def told(self, amount: Amount) -> Amount:
        """The same amount in the one unit it compares in. Raises UnitError for a unit unknown here."""
        content = self.contents.get(amount.unit)
        if content is not None and content.unit != amount.unit:
            return Measure(self.count).told(Amount(amount.quantity * content.quantity, content.unit))
        known = unit(amount.unit)
        target = _REFERENCE.get(known.dimension, known.code)
        if known.dimension is Dimension.COUNT:
            return Amount(convert(amount.quantity, amount.unit, "H87"), self.count)
        return Amount(convert(amount.quantity, amount.unit, target), target)

    def tally(self, amounts: Iterable[Amount]) -> Tally:
        """The sums, by the unit they compare in."""
        sums: Tally = {}
        for amount in amounts:
            told = self.told(amount)
            sums[told.unit] = sums.get(told.unit, Decimal(0)) + told.quantity
        return sums


def measure_of(code: str, contents: Mapping[str, Amount] | None = None) -> Measure:
    """The measure of a product counted in that unit: pieces keep its own word."""
    known = UNITS.get(code)
    own = known is not None and known.dimension is Dimension.COUNT and known.factor == 1
    return Measure(code if own else "H87", contents or {})


def add(one: Tally, other: Mapping[str, Decimal]) -> Tally:
    """Both together."""
    return {key: one.get(key, Decimal(0)) + other.get(key, Decimal(0)) for key in {**one, **other}}


def biggest(one: Mapping[str, Decimal], other: Mapping[str, Decimal]) -> Tally:
    """Of each unit the larger: two records of the same goods."""
    return {key: max(one.get(key, Decimal(0)), other.get(key, Decimal(0))) for key in {**one, **other}}
