"""One stamp on one label: where the symbol and each text stand, in whole printer dots.

The symbol has the largest module that leaves room for what a stamp must say (what it is, its printed number, the
host in words). A module is a whole number of dots and its quiet zone stays white and inside the label. Above
`COMFORT_MM` the product's lines come before a larger module, above `AMPLE_MM` the size of the letters does. How text
is set: `column.py`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from temthat_stamps.number import ALPHABET
from temthat_stamps.printing.column import Column, Wording
from temthat_stamps.printing.layout import Layout, Printer
from temthat_stamps.printing.symbol import QUIET_ZONE
from temthat_stamps.printing.typeface import clean, face

SYMBOL_INSET_MM = 0.25
"""The quiet zone keeps this far from the label's edge; the dark modules are then a millimetre and more inside it."""
TEXT_INSET_MM = 0.8
"""Text keeps this far from the edge: what die cutting and feeding are off by on a good day."""
COMFORT_MM = 0.33
"""A module that any phone reads at arm's length; a larger one must not cost a line of text."""
AMPLE_MM = 0.5
"""A module beyond which a phone gains nothing; a larger one must not cost letters their size."""
_MOST_LINES = 8


Box = tuple[int, int, int, int]
"""Left, top, right, bottom in dots; right and bottom are the first dots outside."""


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text. `x`, `baseline`: dots from the label's corner; it stays within `width` from `x`."""

    text: str
    x: int
    baseline: int
    size: int
    width: int
    centred: bool


@dataclass(frozen=True, slots=True)
class NumberRow:
    """A place for `groups` of the number's four groups, beginning with `first`. The rest as in `Text`."""

    first: int
    groups: int
    x: int
    baseline: int
    size: int
    width: int
    centred: bool


@dataclass(frozen=True)
class Composition:
    """A label of `width` x `height` dots: a symbol of `modules` a side, `module` dots each, and texts.

    `shown`: how many of the label's lines it has. `cut`: one of them ends in …
    """

    width: int
    height: int
    modules: int
    module: int
    symbol_x: int
    symbol_y: int
    texts: tuple[Text, ...]
    number: tuple[NumberRow, ...]
    shown: int
    cut: bool

    @property
    def symbol_dots(self) -> int:
        """Dots a side of the symbol, without its quiet zone."""
        return self.modules * self.module

    @property
    def quiet_box(self) -> Box:
        """The symbol with its quiet zone."""
        quiet = QUIET_ZONE * self.module
        far = self.symbol_dots + quiet
        return self.symbol_x - quiet, self.symbol_y - quiet, self.symbol_x + far, self.symbol_y + far

    @cached_property
    def text_box(self) -> Box:
        """The room of all shared texts."""
        return _around([_text_room(t.text, t) for t in self.texts])

    @cached_property
    def number_box(self) -> Box:
        """The room of the number, whichever it is."""
        return _around([_text_room(ALPHABET, row) for row in self.number])

    @property
    def content_box(self) -> Box:
        """Everything drawn, quiet zone included."""
        return _around([self.quiet_box, self.text_box, self.number_box])

    @cached_property
    def _hash(self) -> int:
        return hash((self.width, self.height, self.module, self.texts, self.number))

    def __hash__(self) -> int:
        # A renderer looks its prepared background up by composition for every stamp.
        return self._hash

    def number_texts(self, grouped: str) -> tuple[int, list[str]]:
        """The size at which this number fits all its rows, and the rows."""
        groups = grouped.split(" ")
        rows = [" ".join(groups[row.first : row.first + row.groups]) for row in self.number]
        size, width = self.number[0].size, self.number[0].width
        while size > 1 and any(face(size).width(text) > width for text in rows):
            size -= 1
        return size, rows


def _text_room(text: str, row: Text | NumberRow) -> Box:
    letters = face(row.size)
    # Hinting may push a glyph a dot to the left of its pen.
    above, under = row.baseline - letters.ascent(text), row.baseline + letters.descent(text)
    return row.x - 1, above, row.x + row.width + 1, under


def _around(boxes: list[Box]) -> Box:
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def compose(
    layout: Layout, printer: Printer, modules: int, host: str, lines: Sequence[str] = ()
) -> Composition | None:
    """The stamp for a symbol of `modules` a side, or None when nothing legible fits this label."""
    area = _Area.of(layout, printer)
    said = tuple(filter(None, map(clean, lines[:_MOST_LINES])))
    wording = Wording(printer, min(area.width, area.height), clean(host.lower()), said)
    comfort, ample = (math.ceil(mm * printer.dots_per_mm) for mm in (COMFORT_MM, AMPLE_MM))

    def worth(c: Composition) -> tuple[int, bool, int, int, int, int]:
        """Lines said whole, then the module up to the ample one, then text to read, then the module again."""
        return (
            c.shown,
            not c.cut,
            min(c.module, ample),
            -len(c.number),
            min(t.size for t in c.texts),
            c.module,
        )

    best: Composition | None = None
    most = min(area.symbol_w, area.symbol_h) // (modules + 2 * QUIET_ZONE)
    for module in range(most, printer.min_module_dots - 1, -1):
        complete = best is not None and best.shown == len(said) and not best.cut
        if best and (module < comfort or (complete and module < ample)):
            break
        found = [c for arrange in _ARRANGEMENTS if (c := arrange(area, wording, modules, module))]
        best = max([*([best] if best else []), *found], key=worth, default=None)
    return best


@dataclass(frozen=True, slots=True)
class _Area:
    """The label in dots: its size, and what may be drawn on by symbol and by text."""

    width: int
    height: int
    symbol_x: int
    symbol_y: int
    symbol_w: int
    symbol_h: int
    text_x: int
    text_y: int
    text_w: int
    text_h: int

    @classmethod
    def of(cls, layout: Layout, printer: Printer) -> "_Area":
        width, height = printer.room(layout.cell_w), printer.room(layout.cell_h)
        boxes: list[int] = []
        for inset_mm, spare in ((SYMBOL_INSET_MM, 0), (TEXT_INSET_MM, 1)):
            # A dot to spare where a printer's reach ends, for rounding, and beside text, for hinting.
            left, top, right, bottom = (
                math.ceil(max(inset_mm, i) * printer.dots_per_mm) + max(spare, i > 0) for i in layout.insets
            )
            boxes += (left, top, width - left - right, height - top - bottom)
        return cls(width, height, *boxes)


def _beside(area: _Area, wording: Wording, modules: int, module: int) -> Composition | None:
    """The symbol at the left, all text in a column at its right."""
    side, quiet = (modules + 2 * QUIET_ZONE) * module, QUIET_ZONE * module
    x = area.symbol_x + side
    width = area.text_x + area.text_w - x
    column = wording.column(("phrase", "lines", "number", "host"), width, area.text_h)
    if column is None:
        return None
    symbol_y = area.symbol_y + (area.symbol_h - side) // 2 + quiet
    top = area.text_y + (area.text_h - column.height) // 2
    return _placed(area, modules, module, (area.symbol_x + quiet, symbol_y), (column, x, top, width, False))


def _below(area: _Area, wording: Wording, modules: int, module: int) -> Composition | None:
    """The symbol above, all text centred under it."""
    side, quiet = (modules + 2 * QUIET_ZONE) * module, QUIET_ZONE * module
    bottom = area.text_y + area.text_h
    room = bottom - area.symbol_y - side
    column = wording.column(("number", "host", "phrase", "lines"), area.text_w, room)
    if column is None:
        return None
    spare = (room - column.height) // 2
    symbol = (area.symbol_x + (area.symbol_w - side) // 2 + quiet, area.symbol_y + spare + quiet)
    top = bottom - spare - column.height
    return _placed(area, modules, module, symbol, (column, area.text_x, top, area.text_w, True))


def _corner(area: _Area, wording: Wording, modules: int, module: int) -> Composition | None:
    """The symbol in the upper left, number and host under it over the whole width, the rest at its right."""
    side, quiet = (modules + 2 * QUIET_ZONE) * module, QUIET_ZONE * module
    bottom = area.text_y + area.text_h
    under = wording.column(("number", "host"), area.text_w, bottom - area.symbol_y - side)
    x = area.symbol_x + side
    width = area.text_x + area.text_w - x
    right = wording.column(("phrase", "lines"), width, area.symbol_y + side - area.text_y)
    if under is None or right is None:
        return None
    symbol = (area.symbol_x + quiet, area.symbol_y + quiet)
    top = area.symbol_y + (side - right.height) // 2
    return _placed(
        area,
        modules,
        module,
        symbol,
        (right, x, top, width, False),
        (under, area.text_x, bottom - under.height, area.text_w, True),
    )


_ARRANGEMENTS = (_beside, _below, _corner)


def _placed(
    area: _Area,
    modules: int,
    module: int,
    symbol: tuple[int, int],
    *columns: tuple[Column, int, int, int, bool],
) -> Composition:
    """Everything in its place. `columns`: each with left, top, width, and whether it is centred."""
    texts: list[Text] = []
    number: list[NumberRow] = []
    for column, x, top, width, centred in columns:
        y = top
        for i, row in enumerate(column.rows):
            baseline = y + (column.gap(row) if i else 0) + row.ascent
            if row.text is None:
                number.append(NumberRow(row.first, row.groups, x, baseline, row.size, width, centred))
            else:
                texts.append(Text(row.text, x, baseline, row.size, width, centred))
            y = baseline + row.descent
    return Composition(
        area.width,
        area.height,
        modules,
        module,
        *symbol,
        tuple(texts),
        tuple(number),
        max(column.shown for column, *_ in columns),
        any(column.cut for column, *_ in columns),
    )
