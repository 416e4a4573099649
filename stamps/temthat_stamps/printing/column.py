"""What a stamp says in words, set into a column: sizes, line breaks, and what is left out.

The number and the host are whole or the column is refused. The first line (the product's name) is wrapped, made
smaller, then cut with … between words. Further lines (lot, dates) are whole or left out: half a date misleads. Ink is
measured, not guessed, so stacked accents (Ấ) are never clipped and digits waste no room.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from temthat_stamps.number import ALPHABET
from temthat_stamps.printing.label import PHRASE
from temthat_stamps.printing.layout import Printer
from temthat_stamps.printing.typeface import ELLIPSIS, face

Part = Literal["phrase", "lines", "number", "host"]

_TEXT_MM = (1.5, 2.2)
_NUMBER_MM = (1.7, 3.6)
_MIN_TEXT_DOTS = 13
_MIN_NUMBER_DOTS = 14
_AIRY = 1.4
_WORTH_SAYING = 10
"""Characters of a name below which what is left of it says nothing."""
_WIDE = 0.76
"""Width of a number's character in ems: nearly every number is narrower; a rare wider one is drawn smaller."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row before it has a place. `text` None: `groups` of the number, from `first`. `gap`: white above it."""

    text: str | None
    size: int
    ascent: int
    descent: int
    gap: int
    first: int = 0
    groups: int = 0


@dataclass(frozen=True, slots=True)
class Column:
    """Rows one under the other. `shown`: how many lines it has; `cut`: one of them ends in …"""

    rows: tuple[Row, ...]
    shown: int
    cut: bool
    spread: float = 1.0

    @property
    def height(self) -> int:
        """Dots from the highest to the lowest ink."""
        return sum(row.ascent + row.descent for row in self.rows) + sum(map(self.gap, self.rows[1:]))

    @property
    def size(self) -> int:
        """Smallest letters."""
        return min(row.size for row in self.rows)

    def gap(self, row: Row) -> int:
        """White above a row, spread out where there is room."""
        return math.floor(row.gap * self.spread)

    def spread_over(self, height: int) -> "Column":
        """The same rows with more air, at most twice."""
        return replace(
            self, spread=min(2.0, 1 + (height - self.height) / max(1, sum(r.gap for r in self.rows[1:])))
        )


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a stamp. `short_side`: of the label, in dots; letters grow with large labels."""

    printer: Printer
    short_side: int
    host: str
    lines: tuple[str, ...]

    def column(self, parts: tuple[Part, ...], width: int, height: int) -> Column | None:
        """The best column of these parts in this room, or None. More lines first, then larger letters."""
        least, _ = self._range(_TEXT_MM, _MIN_TEXT_DOTS)
        for wanted in range(len(self.lines) if "lines" in parts else 0, -1, -1):
            for size, rows in self._sizes_and_rows():
                column = self._set(parts, size, width, wanted, rows)
                # Larger letters only with air between the rows; the smallest may stand close.
                if column and replace(column, spread=1.0 if size == least else _AIRY).height <= height:
                    return column.spread_over(height)
        return None

    def _sizes_and_rows(self) -> Iterator[tuple[int, int]]:
        """Attempts: letter size in dots, and into how many rows the first line may be cut (0: not at all)."""
        least, most = self._range(_TEXT_MM, _MIN_TEXT_DOTS)
        step = max(1, least // 16)
        for size in range(most, least, -step):
            yield size, 0
        yield from ((least, 0), (least, 2), (least, 1))

    def _range(self, limits_mm: tuple[float, float], min_dots: int) -> tuple[int, int]:
        least = max(min_dots, self.printer.length(limits_mm[0]))
        return least, max(least, self.printer.length(limits_mm[1]), round(0.09 * self.short_side))

    def _set(self, parts: tuple[Part, ...], size: int, width: int, wanted: int, cut_to: int) -> Column | None:
        rows: list[Row] = []
        cut = False
        for part in parts:
            if part == "number":
                block = self._number(size, width)
            elif part == "host":
                block = _block(_break_host(self.host, width, size), size)
            elif part == "phrase":
                block = _block(_wrap(PHRASE, width, size, 3), size)
            else:
                block = []
                for i, line in enumerate(self.lines[:wanted]):
                    wrapped = _wrap(line, width, size, 2)
                    if wrapped is None and i == 0 and cut_to:
                        wrapped, cut = _cut(line, width, size, cut_to), True
                    if wrapped is None:
                        return None
                    block += _block(wrapped, size) or []
            if block is None:
                return None
            rows += block
        return Column(tuple(rows), wanted, cut)

    def _number(self, size: int, width: int) -> list[Row] | None:
        """The number in one, two or four rows: the fewest in which it stays larger than the other text."""
        least, most = self._range(_NUMBER_MM, _MIN_NUMBER_DOTS)
        wish = min(most, max(least, round(1.3 * size)))
        fits = [(g, min(wish, math.floor(width / (4 * g * _WIDE + 0.25 * (g - 1))))) for g in (4, 2, 1)]
        # Beside the smallest text the number need not stand out: what counts there is that it fits.
        wanted = least if size == self._range(_TEXT_MM, _MIN_TEXT_DOTS)[0] else max(least, 1.15 * size)
        good = [fit for fit in fits if fit[1] >= wanted] or [fit for fit in fits if fit[1] >= least]
        if not good:
            return None
        groups, number_size = good[0]
        ascent, descent = face(number_size).ascent(ALPHABET), face(number_size).descent(ALPHABET)
        gaps = (round(0.35 * size), round(0.2 * number_size))
        return [
            Row(None, number_size, ascent, descent, gaps[bool(first)], first, groups)
            for first in range(0, 4, groups)
        ]


def _block(texts: list[str] | None, size: int) -> list[Row] | None:
    """Rows that belong together: closer to each other than to what stands above them."""
    if texts is None:
        return None
    letters = face(size)
    near, far = max(1, round(0.12 * size)), round(0.3 * size)
    return [
        Row(t, size, letters.ascent(t), letters.descent(t), near if i else far) for i, t in enumerate(texts)
    ]


def _wrap(line: str, width: int, size: int, most: int) -> list[str] | None:
    """The whole line in at most `most` rows, broken at " · " where it can be, else between words, or None."""
    for joint in (" · ", " "):
        rows: list[str] = []
        for piece in line.split(joint):
            joined = f"{rows[-1]}{joint}{piece}" if rows else piece
            if rows and face(size).width(joined) <= width:
                rows[-1] = joined
            else:
                rows.append(piece)
        if len(rows) <= most and all(face(size).width(row) <= width for row in rows):
            return rows
    return None


def _cut(line: str, width: int, size: int, most: int) -> list[str] | None:
    """The line's first words in at most `most` rows, ending in …; None when too little of it would be left."""
    words = line.split(" ")
    for kept in range(len(words) - 1, 0, -1):
        shortened = " ".join(words[:kept]).rstrip(" ,;:·-–(")
        if len(shortened) < min(_WORTH_SAYING, len(line) // 3):
            return None
        if rows := _wrap(shortened + ELLIPSIS, width, size, most):
            return rows
    return None


def _break_host(host: str, width: int, size: int) -> list[str] | None:
    """The host in the fewest rows, at most three, broken after dots and hyphens, as even as can be; never cut."""
    parts = host.replace("-", "-\0").replace(".", ".\0").split("\0")
    letters = face(size)
    for count in (1, 2, 3):
        ways = [rows for rows in _splits(parts, count) if all(letters.width(row) <= width for row in rows)]
        if ways:
            return min(ways, key=lambda rows: max(map(letters.width, rows)))
    return None


def _splits(parts: list[str], count: int) -> Iterator[list[str]]:
    """Every way to join the parts into `count` rows."""
    if count == 1:
        yield ["".join(parts)]
        return
    for first in range(1, len(parts) - count + 2):
        for rest in _splits(parts[first:], count - 1):
            yield ["".join(parts[:first]), *rest]
