"""Administrative units of Vietnam: the 34 provinces and 3,321 communes since 1 July 2025, and what was before.

Codes are those of the General Statistics Office: two digits for a province, five for a commune. A province keeps its
code when a neighbour joins it, so an old code always leads to the current one. Names are data with dates, because they
change: a further resolution took effect on 30 April 2026 whose content this extract does not know.
"""

import datetime as dt
import gzip
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

MERGER = dt.date(2025, 7, 1)
"""The day the 34 provinces replaced the 63, and districts ceased to be."""


@dataclass(frozen=True, slots=True)
class Province:
    """A province or centrally run city. `merged` names the old provinces that went into it beside its namesake."""

    code: str
    kind: str
    name: str
    merged: tuple[str, ...]
    valid_from: dt.date | None
    valid_to: dt.date | None = None

    @property
    def full_name(self) -> str:
        """With its kind: Tỉnh Bắc Ninh, Thành phố Huế."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class OldProvince:
    """One of the 63 provinces before the merger; `current` is the code of the province it belongs to now."""

    code: str
    kind: str
    name: str
    current: str
    valid_to: dt.date


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune, ward (phường) or special zone (đặc khu) since the merger."""

    code: str
    province: str
    kind: str
    name: str

    @property
    def full_name(self) -> str:
        """With its kind: Xã Xuân Lương."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class OldWard:
    """A commune, ward or township before the merger; `now` are its current communes' codes, the main one first."""

    kind: str
    name: str
    district: str
    province: str
    now: tuple[str, ...]
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OldDistrict:
    """A district, town or provincial city; there are none any more."""

    kind: str
    name: str
    province: str
    aliases: tuple[str, ...]
    wards: tuple[OldWard, ...]


@cache
def _data() -> dict[str, Any]:
    packed = resources.files(__package__).joinpath("places.json.gz").read_bytes()
    data: dict[str, Any] = json.loads(gzip.decompress(packed))
    return data


@cache
def old_provinces() -> dict[str, OldProvince]:
    """The 63 provinces before 1 July 2025 by their codes."""
    last_day = MERGER - dt.timedelta(days=1)
    return {c: OldProvince(c, kind, name, now, last_day) for c, kind, name, now in _data()["old_provinces"]}


@cache
def provinces() -> dict[str, Province]:
    """The 34 provinces by their codes, in the order of the codes."""
    found = {}
    for code, kind, name in _data()["provinces"]:
        merged = tuple(o.name for o in old_provinces().values() if o.current == code and o.name != name)
        found[code] = Province(code, kind, name, merged, MERGER)
    return found


@cache
def communes() -> dict[str, Commune]:
    """All 3,321 communes by their codes."""
    return {c: Commune(c, p, kind, name) for p, rows in _data()["communes"].items() for c, kind, name in rows}


@cache
def old_districts() -> dict[str, tuple[OldDistrict, ...]]:
    """The districts of each of the 63 provinces, with their wards."""
    found = {}
    for province, rows in _data()["old"].items():
        districts = []
        for kind, name, aliases, ward_rows in rows:
            wards = tuple(OldWard(k, n, name, province, tuple(now), tuple(a)) for k, n, now, a in ward_rows)
            districts.append(OldDistrict(kind, name, province, tuple(aliases), wards))
        found[province] = tuple(districts)
    return found


def province(code: str) -> Province:
    """The current province with that two-digit code; raises KeyError if none of the 34 has it."""
    return provinces()[code]


def commune(code: str) -> Commune:
    """The commune with that five-digit code; raises KeyError if there is none."""
    return communes()[code]


def current_province(code: str) -> Province | None:
    """The province a two-digit code, old or current, belongs to today; None for a code never given out."""
    old = old_provinces().get(code)
    return provinces()[old.current] if old else provinces().get(code)
