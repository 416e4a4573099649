"""Sheets of stamps as PDF: vector modules on the printer's grid, real text, a ruler to see that nothing was scaled.

User space is turned into printer dots, origin at the upper left, so that every coordinate is a whole number and a
module is exactly as many dots as the composition says. Each symbol is one path filled at once: its rows cannot show
hairlines between them.
"""

import re
from collections.abc import Iterable
from functools import cache
from itertools import starmap
from typing import BinaryIO

from temthat_stamps.printing.composition import Composition
from temthat_stamps.printing.job import Page, Planner, PrintJob, RenderReport, pages
from temthat_stamps.printing.label import Label
from temthat_stamps.printing.layout import SHEET_EDGE_MM, Layout, Printer
from temthat_stamps.printing.pdffile import PdfFile
from temthat_stamps.printing.symbol import Symbol
from temthat_stamps.printing.typeface import face

POINTS_PER_INCH = 72
HEADER_MM = 6.0
"""Room that ruler and notes need above the first row, beyond what the printer cannot reach."""
RULER_MM = 50
NOTE = "In 100 %, không co giãn · Print at 100 %, do not scale"
_CUT_MM = 2.0
_DARK = re.compile(b"\x01+")


def write_pdf(labels: Iterable[Label], job: PrintJob, out: BinaryIO) -> RenderReport:
    """All labels on sheets of the job's layout, page by page. Raises as `Planner.plan`."""
    sheets = Sheets(job, out)
    planner = Planner(job)
    for page in pages(labels, job):
        sheets.add(page, planner)
    report = planner.tally.report(sheets.count)
    sheets.close()
    return report


class Sheets:
    """The pages of one PDF."""

    def __init__(self, job: PrintJob, out: BinaryIO) -> None:
        self._job = job
        self._pdf = PdfFile(out, "TemThật · tem truy xuất")
        self._origins = job.layout.origins(job.printer)
        self._constant: dict[Composition, bytes] = {}
        self.count = 0

    def add(self, page: Page, planner: Planner) -> None:
        """One sheet."""
        self.count += 1
        content = [begin_page(self._job.layout.page_h, self._job.printer)]
        if has_header(self._job.layout):
            content += self._header(page)
        if self._job.cut_marks:
            content.append(self._cut_marks(page))
        for placed in page.placed:
            x, y = self._origins[placed.cell]
            content.append(b"q 1 0 0 1 %d %d cm\n" % (x, y))
            content += self._stamp(*planner.plan(placed.label))
            content.append(b"Q\n")
        self._pdf.page(*page_points(self._job.layout), b"".join(content))

    def close(self) -> None:
        """Ends the file."""
        self._pdf.close()

    def _stamp(self, symbol: Symbol, composition: Composition, number: str) -> list[bytes]:
        constant = self._constant.get(composition)
        if constant is None:
            if len(self._constant) > 1000:
                self._constant.clear()
            constant = self._constant[composition] = self._words(composition)
        size, rows = composition.number_texts(number)
        letters = [
            show(self._pdf, text, row.x, row.baseline, size, row.width * row.centred)
            for text, row in zip(rows, composition.number, strict=True)
        ]
        return [constant, *letters, b"ET\n", symbol_path(symbol, composition)]

    def _words(self, composition: Composition) -> bytes:
        """What all stamps of one composition share; leaves the text object open for the number."""
        return b"BT\n" + b"".join(
            show(self._pdf, t.text, t.x, t.baseline, t.size, t.width * t.centred) for t in composition.texts
        )

    def _header(self, page: Page) -> list[bytes]:
        """Ruler, the words about scaling, and which serials this sheet has."""
        printer, layout = self._job.printer, self._job.layout
        left, right = max(layout.left, SHEET_EDGE_MM), layout.page_w - max(layout.left, SHEET_EDGE_MM)
        bottom = layout.top - 1.2
        first, last = page.placed[0].label.serial, page.placed[-1].label.serial
        serials = f"Tờ {page.number} · tem {first}–{last}"
        size, baseline = printer.length(2.3), printer.y(bottom - 0.4)
        notes = printer.x(left + RULER_MM + 8)
        width = face(size).width(serials)
        return [
            ruler(self._pdf, printer, left, bottom, RULER_MM),
            b"BT\n",
            show(self._pdf, NOTE, notes, baseline, size),
            show(self._pdf, serials, printer.x(right) - width, baseline, size),
            b"ET\n",
        ]

    def _cut_marks(self, page: Page) -> bytes:
        """Ticks at the corners of the labels that are used, along the cuts; a hair wide, outside every quiet zone."""
        printer, layout = self._job.printer, self._job.layout
        width, height, tick = (
            printer.room(layout.cell_w),
            printer.room(layout.cell_h),
            printer.length(_CUT_MM),
        )
        lines: set[tuple[int, int, int, int]] = set()
        for placed in page.placed:
            x, y = self._origins[placed.cell]
            for cx, sx in ((x, 1), (x + width, -1)):
                for cy, sy in ((y, 1), (y + height, -1)):
                    lines |= {(cx, cy, cx + sx * tick, cy), (cx, cy, cx, cy + sy * tick)}
        drawn = b"".join(b"%d %d m %d %d l " % line for line in sorted(lines))
        return b"q 0.6 G %.2f w %bS Q\n" % (0.1 * printer.dots_per_mm, drawn)


def has_header(layout: Layout) -> bool:
    """Whether the margin above the labels holds ruler and notes; otherwise only the calibration page has them."""
    return layout.medium == "sheet" and layout.top >= SHEET_EDGE_MM + HEADER_MM and layout.page_w >= 180


def page_points(layout: Layout) -> tuple[float, float]:
    """Page size in points."""
    scale = POINTS_PER_INCH / 25.4
    return layout.page_w * scale, layout.page_h * scale


def begin_page(page_h: float, printer: Printer) -> bytes:
    """Turns user space into printer dots, y downwards from the top edge."""
    dot = POINTS_PER_INCH / printer.dpi
    return f"{dot:.8f} 0 0 {-dot:.8f} 0 {page_h * POINTS_PER_INCH / 25.4:.4f} cm\n".encode()


def show(pdf: PdfFile, text: str, x: int, baseline: int, size: int, centred_in: int = 0) -> bytes:
    """One line of text, inside BT ... ET. `size`: dots per em; `centred_in`: dots, 0 for left-aligned."""
    left = x + (centred_in - face(size).width(text)) // 2 if centred_in else x
    return b"/F %d Tf 1 0 0 -1 %d %d Tm %b Tj\n" % (size, left, baseline, pdf.text(text))


def symbol_path(symbol: Symbol, composition: Composition) -> bytes:
    """All dark modules as one path in module units: a rectangle for each run in each row, filled once."""
    places, widths = _path_parts(symbol.size)
    # A light column after each row, so that no run goes on into the next row.
    runs = _DARK.finditer(b"\0".join(symbol.rows()))
    path = b"".join([places[a] + widths[b - a] for a, b in [run.span() for run in runs]])
    module = composition.module
    return b"q %d 0 0 %d %d %d cm\n%bf Q\n" % (
        module,
        module,
        composition.symbol_x,
        composition.symbol_y,
        path,
    )


@cache
def _path_parts(size: int) -> tuple[list[bytes], list[bytes]]:
    """Every "x y " by place in the joined rows, and every "width 1 re " by width."""
    places = [b"%d %d " % (i % (size + 1), i // (size + 1)) for i in range(size * (size + 1))]
    return places, [b"%d 1 re\n" % width for width in range(size + 1)]


def ruler(
    pdf: PdfFile, printer: Printer, left: float, bottom: float, length: int, *, down: bool = False
) -> bytes:
    """A ruler of `length` mm with a tick every millimetre, from (`left`, `bottom`); `down`: along the left edge."""
    hair = 0.12 * printer.dots_per_mm
    lines: list[tuple[int, int, int, int]] = []
    labels: list[bytes] = []
    size = printer.length(1.9)
    for mm in range(length + 1):
        tick = 2.4 if mm % 10 == 0 else 1.7 if mm % 5 == 0 else 1.0
        if down:
            start = (left, bottom + mm)
            end = (left + tick, bottom + mm)
        else:
            start = (left + mm, bottom)
            end = (left + mm, bottom - tick)
        lines.append((*_point(printer, *start), *_point(printer, *end)))
        if mm % 10 == 0:
            text = f"{mm} mm" if mm == length else str(mm)
            x, y = _point(printer, end[0] + (0.4 if down else -0.5), end[1] + (0.7 if down else -0.4))
            labels.append(show(pdf, text, x, y, size))
    last = (left, bottom + length) if down else (left + length, bottom)
    lines.append((*_point(printer, left, bottom), *_point(printer, *last)))
    strokes = b"".join(starmap(_segment, lines))
    return b"q %.2f w %bS Q\nBT\n%bET\n" % (hair, strokes, b"".join(labels))


def _point(printer: Printer, x: float, y: float) -> tuple[int, int]:
    return printer.x(x), printer.y(y)


def _segment(x0: int, y0: int, x1: int, y1: int) -> bytes:
    return b"%d %d m %d %d l " % (x0, y0, x1, y1)
