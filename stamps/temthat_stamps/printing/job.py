"""A print job: what is asked for, the plan of its stamps, and their places on sheets or rolls."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from temthat_stamps.printing.composition import Composition, compose
from temthat_stamps.printing.errors import LayoutTooSmall, PrintRefused
from temthat_stamps.printing.label import Label, check_host
from temthat_stamps.printing.layout import LAYOUTS, Layout, Printer
from temthat_stamps.printing.symbol import QUIET_ZONE, Level, Symbol, make_symbol

Kind = Literal["pdf", "zpl", "tspl", "svg", "png", "csv"]


@dataclass(frozen=True, slots=True)
class PrintJob:
    """What to make of some labels.

    `host` is printed in words and must be the host in every URL. `start_position` counts from 1 and moves the first
    sheet only. Raises `PrintRefused` for what cannot be printed at all.
    """

    kind: Kind
    layout: Layout
    printer: Printer
    level: Level
    host: str
    start_position: int = 1
    cut_marks: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.start_position <= self.layout.capacity:
            raise PrintRefused(
                f"Vị trí bắt đầu từ 1 đến {self.layout.capacity} với khổ này.",
                f"The start position is 1 to {self.layout.capacity} on this layout.",
            )
        if self.kind in ("zpl", "tspl") and self.layout.medium != "roll":
            raise PrintRefused(
                "Máy in tem cuộn (ZPL, TSPL) cần chọn khổ cuộn; tờ A4 thì chọn PDF.",
                "Label printers (ZPL, TSPL) need a roll layout; choose PDF for A4 sheets.",
            )


@dataclass(frozen=True, slots=True)
class RenderReport:
    """What a finished file holds. `sheets`: pages of a PDF, rows of a roll; 0 for pictures and lists."""

    count: int
    first_serial: int
    last_serial: int
    sheets: int


@dataclass(frozen=True, slots=True)
class Placed:
    """A label with its cell (from 0, row by row)."""

    cell: int
    label: Label


@dataclass(frozen=True, slots=True)
class Page:
    """One sheet, or one row of a roll. `number` counts from 1."""

    number: int
    placed: tuple[Placed, ...]


def pages(labels: Iterable[Label], job: PrintJob) -> Iterator[Page]:
    """Labels in reading order on page after page; only the first begins at the start position."""
    number, cell, placed = 1, job.start_position - 1, list[Placed]()
    for label in labels:
        placed.append(Placed(cell, label))
        cell += 1
        if cell == job.layout.capacity:
            yield Page(number, tuple(placed))
            number, cell, placed = number + 1, 0, []
    if placed:
        yield Page(number, tuple(placed))


@dataclass(slots=True)
class Tally:
    """Counts what is drawn, for the report. Raises `PrintRefused` when nothing was."""

    count: int = 0
    first: int = 0
    last: int = 0

    def add(self, label: Label) -> None:
        """One more label, in printing order."""
        if not self.count:
            self.first = label.serial
        self.last = label.serial
        self.count += 1

    def report(self, sheets: int) -> RenderReport:
        """The finished count."""
        if not self.count:
            raise PrintRefused("Không có tem nào để in.", "There is no stamp to print.")
        return RenderReport(self.count, self.first, self.last, sheets)


@dataclass(slots=True)
class Planner:
    """Symbol and composition of each label of a job; compositions are worked out once per set of lines."""

    job: PrintJob
    tally: Tally = field(default_factory=Tally)
    _compositions: dict[tuple[int, tuple[str, ...]], Composition] = field(default_factory=dict)

    def plan(self, label: Label) -> tuple[Symbol, Composition, str]:
        """Symbol, composition and grouped number. Raises `LayoutTooSmall`, `PrintRefused`, `BadSymbol`."""
        check_host(label, self.job.host)
        symbol = make_symbol(label.url, self.job.level)
        key = (symbol.size, label.lines)
        composition = self._compositions.get(key)
        if composition is None:
            composition = compose(self.job.layout, self.job.printer, symbol.size, self.job.host, label.lines)
            if composition is None:
                raise _too_small(self.job, symbol, label)
            if len(self._compositions) > 1000:  # every label with lines of its own: keep memory bounded
                self._compositions.clear()
            self._compositions[key] = composition
        self.tally.add(label)
        return symbol, composition, label.grouped_number


def plan(job: PrintJob, label: Label) -> Composition:
    """Whether and how a job's stamps fit, before anything is signed. Raises as `Planner.plan`."""
    return Planner(job).plan(label)[1]


def _too_small(job: PrintJob, symbol: Symbol, label: Label) -> LayoutTooSmall:
    """The refusal with its arithmetic, and what would fit instead."""
    layout, printer = job.layout, job.printer
    dots = symbol.size_with_quiet_zone * printer.min_module_dots
    vi_mm, en_mm = f"{printer.mm(dots):.1f}".replace(".", ","), f"{printer.mm(dots):.1f}"
    vi_ways, en_ways = _ways_out(job, symbol, label)
    total, least = symbol.size_with_quiet_zone, printer.min_module_dots
    return LayoutTooSmall(
        f"Tem nhỏ quá cho mã này: {symbol.size} + 2×{QUIET_ZONE} ô trắng = {total} ô × {least} chấm = {dots} chấm"
        f" = {vi_mm} mm ở {printer.dpi} dpi, và phải còn chỗ cho số tem và địa chỉ; khổ “{layout.name_vi}” không đủ."
        f" Có thể: {vi_ways}.",
        f"The label is too small for this code: {symbol.size} + 2x{QUIET_ZONE} white modules = {total} modules x "
        f"{least} dots = {dots} dots = {en_mm} mm at {printer.dpi} dpi, and number and host need room too; "
        f"“{layout.name_en}” has not enough. What would do: {en_ways}.",
    )


def _ways_out(job: PrintJob, symbol: Symbol, label: Label) -> tuple[str, str]:
    """What would fit instead: the smaller level, a finer printer, the smallest larger layouts."""
    vi: list[str] = []
    en: list[str] = []
    if job.level == "Q":
        smaller = make_symbol(label.url, "M").size
        if compose(job.layout, job.printer, smaller, job.host):
            vi.append("mức sửa lỗi M")
            en.append("error correction level M")
    for dpi in (300, 600):
        if dpi > job.printer.dpi and compose(job.layout, Printer(dpi), symbol.size, job.host):
            vi.append(f"máy in {dpi} dpi")
            en.append(f"a printer of {dpi} dpi")
            break
    same = sorted(
        (other for other in LAYOUTS.values() if other.medium == job.layout.medium),
        key=lambda other: other.cell_w * other.cell_h,
    )
    fitting = [other for other in same if compose(other, job.printer, symbol.size, job.host)][:2]
    vi += [f"khổ “{other.name_vi}”" for other in fitting]
    en += [f"the layout “{other.name_en}”" for other in fitting]
    return "; ".join(vi) or "khổ tem lớn hơn", "; ".join(en) or "a larger label"
