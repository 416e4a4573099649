"""Vietnam as 34 tiles, one a province, so that small provinces are as easy to read as large ones. Pure.

A tile stands roughly where its province lies; it is a sheet to count on, and no map of borders. Provinces are those
since 1 July 2025, and each says which it was made of.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from temthat_trace.places import current_province, provinces

SHOWN_FROM = 3
"""Counts below this are told as "fewer than": they would be about single persons."""
WIDTH, HEIGHT = 98, 40
_GRID = (
    ("12", "15", "08", "04"),
    ("11", "25", "19", "20"),
    ("14", "01", "24", "22"),
    ("", "37", "33", "31"),
    ("", "38", "", ""),
    ("", "40", "42", ""),
    ("", "", "44", ""),
    ("", "", "46", "48"),
    ("", "", "", "51"),
    ("", "", "", "52"),
    ("", "", "66", "56"),
    ("", "80", "75", "68"),
    ("91", "82", "79", ""),
    ("92", "86", "", ""),
    ("96", "", "", ""),
)
COLUMNS, ROWS = len(_GRID[0]), len(_GRID)


@dataclass(frozen=True, slots=True)
class Tile:
    """One province. `x` and `y` in units of the drawing, `count` what was counted there, `level` 0 to 3 its shade."""

    code: str
    name: str
    old: tuple[str, ...]
    x: int
    y: int
    count: int
    level: int

    @property
    def is_few(self) -> bool:
        """Whether the count itself is not told."""
        return 0 < self.count < SHOWN_FROM


@cache
def _places() -> dict[str, tuple[int, int]]:
    return {code: (x, y) for y, row in enumerate(_GRID) for x, code in enumerate(row) if code}


def tiles(counts: Mapping[str, int]) -> list[Tile]:
    """All 34 tiles from north to south. Counts by old codes go to the province that their land belongs to now."""
    summed = by_current(counts.items())
    most = max(summed.values(), default=0)
    return [
        Tile(
            code,
            provinces()[code].name,
            provinces()[code].merged,
            x * WIDTH,
            y * HEIGHT,
            summed.get(code, 0),
            _level(summed.get(code, 0), most),
        )
        for code, (x, y) in _places().items()
    ]


def by_current(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Counts by today's provinces; codes that were never given out, and the empty one, are left out."""
    summed: dict[str, int] = {}
    for code, count in counts:
        if province := current_province(code):
            summed[province.code] = summed.get(province.code, 0) + count
    return summed


def _level(count: int, most: int) -> int:
    """0 nothing, 1 few or up to a third of the most, 2 up to two thirds, 3 above."""
    if not count:
        return 0
    return 1 if count < SHOWN_FROM else min(3, 1 + count * 3 // (most + 1))
