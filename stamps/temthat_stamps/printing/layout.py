"""Where stamps stand on paper: A4 sticker sheets, label rolls, own sizes, and the printer's correction.

Lengths are millimetres; what is drawn is whole printer dots. A roll is a page of one row: the labels side by side
that one feed step prints.
"""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, Self

from temthat_stamps.printing.errors import BadLayout

MM_PER_INCH = 25.4
A4 = (210.0, 297.0)
SHEET_EDGE_MM = 4.2
"""Office printers leave about this much of every side of a sheet unprinted."""
ROLL_HEAD_MM = 104.0
"""Width that a 4-inch thermal head prints (832 dots at 203 dpi); wider liners run centred under it."""
MIN_MODULE_MM = 0.25
MIN_MODULE_DOTS = 3
_EPSILON = 1e-6


@dataclass(frozen=True, slots=True)
class Printer:
    """One printer as measured with the calibration page.

    `dx_mm`, `dy_mm` move everything right and down. `scale_x`, `scale_y` stretch positions and pitches, never the
    modules: a feed that runs half a percent short is corrected while every module stays a whole number of dots.
    """

    dpi: int = 600
    dx_mm: float = 0.0
    dy_mm: float = 0.0
    scale_x: float = 1.0
    scale_y: float = 1.0

    def __post_init__(self) -> None:
        if not 150 <= self.dpi <= 1200:
            raise BadLayout(
                "Độ phân giải máy in từ 150 đến 1200 dpi.", "Printer resolution is 150 to 1200 dpi."
            )
        if not (abs(self.dx_mm) <= 15 and abs(self.dy_mm) <= 15):
            raise BadLayout("Độ lệch chỉnh tối đa 15 mm.", "An offset is at most 15 mm.")
        if not (0.95 <= self.scale_x <= 1.05 and 0.95 <= self.scale_y <= 1.05):
            raise BadLayout(
                "Tỷ lệ chỉnh từ 0,95 đến 1,05; sai hơn thế là máy đang co giãn trang, hãy in 100 %.",
                "A scale is 0.95 to 1.05; beyond that the printer is resizing the page: print at 100 %.",
            )

    @property
    def dots_per_mm(self) -> float:
        """Dots a millimetre, without correction."""
        return self.dpi / MM_PER_INCH

    @property
    def min_module_dots(self) -> int:
        """Fewest dots a module may have: three, and never under 0.25 mm (3 at 203 and 300 dpi, 6 at 600)."""
        return max(MIN_MODULE_DOTS, math.ceil(MIN_MODULE_MM * self.dots_per_mm - _EPSILON))

    def length(self, mm: float) -> int:
        """A length in dots, rounded."""
        return round(mm * self.dots_per_mm)

    def room(self, mm: float) -> int:
        """Whole dots that fit in a length."""
        return math.floor(mm * self.dots_per_mm + _EPSILON)

    def mm(self, dots: float) -> float:
        """Dots in millimetres."""
        return dots / self.dots_per_mm

    def x(self, mm: float) -> int:
        """A place from the page's left edge, in dots, corrected."""
        return self.length(mm * self.scale_x + self.dx_mm)

    def y(self, mm: float) -> int:
        """A place from the page's top edge, in dots, corrected."""
        return self.length(mm * self.scale_y + self.dy_mm)

    @classmethod
    def calibrated(
        cls, dpi: int, *, ruler_x: float, ruler_y: float, left: float, top: float, target: float = 20.0
    ) -> Self:
        """From the four lengths read off a calibration page printed without correction.

        `ruler_x`: the 150 mm ruler as measured, `ruler_y`: the 200 mm one; `left`, `top`: from the paper's edges to
        the cross that should stand `target` mm from both. Raises `BadLayout` for lengths that cannot be.
        """
        if not (100 < ruler_x < 200 and 150 < ruler_y < 250):
            raise BadLayout(
                "Thước ngang dài khoảng 150 mm, thước dọc khoảng 200 mm; hãy đo lại.",
                "The rulers are about 150 mm and 200 mm long; please measure again.",
            )
        scale_x, scale_y = 150 / ruler_x, 200 / ruler_y
        # A point at x lands at left + (x - target) / scale, so asking for x' = x * scale + d gives
        # left + (x * scale + d - target) / scale; that is x for d = target - left * scale.
        return cls(dpi, target - left * scale_x, target - top * scale_y, scale_x, scale_y)


class Insets(NamedTuple):
    """Millimetres of a label that nothing is drawn on, because a printer cannot reach them."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Layout:
    """`cols` x `rows` labels of `cell_w` x `cell_h`, the first at (`left`, `top`), one every `pitch_x`, `pitch_y`.

    `gap`: between two rows of a roll. `edge`: the band at the sides of the page (of a sheet: all four) that is not
    printed. Raises `BadLayout` when labels overlap or leave the page.
    """

    id: str
    name_vi: str
    name_en: str
    medium: Literal["sheet", "roll"]
    page_w: float
    page_h: float
    cols: int
    rows: int
    cell_w: float
    cell_h: float
    pitch_x: float
    pitch_y: float
    left: float
    top: float
    gap: float = 0.0
    edge: float = 0.0

    def __post_init__(self) -> None:
        sizes = (self.page_w, self.page_h, self.cell_w, self.cell_h, self.pitch_x, self.pitch_y)
        if not (all(0 < size <= 1200 for size in sizes) and 1 <= self.cols <= 50 and 1 <= self.rows <= 100):
            raise BadLayout(
                "Kích thước tờ tem phải lớn hơn 0 và không quá 1200 mm, tối đa 50 cột và 100 hàng.",
                "Sizes are above 0 and at most 1200 mm, with at most 50 columns and 100 rows.",
            )
        right, bottom = self._right, self._bottom
        inside = self.left >= 0 and self.top >= 0 and right <= self.page_w + _EPSILON
        if not (inside and bottom <= self.page_h + _EPSILON):
            raise BadLayout(
                f"Tem vượt ra ngoài trang: {self.cols} cột × {self.rows} hàng cần {right:.1f} × {bottom:.1f} mm, "
                f"trang chỉ có {self.page_w:g} × {self.page_h:g} mm.",
                f"Labels leave the page: {self.cols} columns x {self.rows} rows need {right:.1f} x {bottom:.1f} mm, "
                f"the page has {self.page_w:g} x {self.page_h:g} mm.",
            )
        if (self.cols > 1 and self.pitch_x < self.cell_w - _EPSILON) or (
            self.rows > 1 and self.pitch_y < self.cell_h - _EPSILON
        ):
            raise BadLayout(
                "Các ô tem chồng lên nhau: bước phải bằng hoặc lớn hơn kích thước tem.",
                "Labels overlap: the pitch must not be smaller than the label.",
            )

    @property
    def _right(self) -> float:
        return self.left + (self.cols - 1) * self.pitch_x + self.cell_w

    @property
    def _bottom(self) -> float:
        return self.top + (self.rows - 1) * self.pitch_y + self.cell_h

    @property
    def capacity(self) -> int:
        """Labels on a sheet, or side by side on a roll."""
        return self.cols * self.rows

    @property
    def insets(self) -> Insets:
        """What every label leaves free so that even the outermost ones are printed whole."""
        vertical = self.edge if self.medium == "sheet" else 0.0
        return Insets(
            max(0.0, self.edge - self.left),
            max(0.0, vertical - self.top),
            max(0.0, self.edge - (self.page_w - self._right)),
            max(0.0, vertical - (self.page_h - self._bottom)),
        )

    @property
    def canvas(self) -> tuple[float, float, float]:
        """What a roll printer is given: where it begins on the liner, its width and height. Millimetres."""
        return self.edge, self.page_w - 2 * self.edge, self.page_h

    def origins(self, printer: Printer, from_x: float = 0.0) -> list[tuple[int, int]]:
        """Top left corner of every label in dots, row by row, measured from `from_x` mm on the page."""
        return [
            (printer.x(self.left + col * self.pitch_x - from_x), printer.y(self.top + row * self.pitch_y))
            for row in range(self.rows)
            for col in range(self.cols)
        ]


def sheet(
    cell_w: float,
    cell_h: float,
    *,
    cols: int,
    rows: int,
    left: float,
    top: float,
    pitch_x: float | None = None,
    pitch_y: float | None = None,
    page: tuple[float, float] = A4,
    id: str = "own-sheet",
) -> Layout:
    """A sticker sheet of one's own measures, in millimetres; without a pitch the labels touch."""
    size = f"{_vi(cell_w)} × {_vi(cell_h)} mm"
    return Layout(
        id,
        f"Tờ A4, {cols * rows} tem {size}" if page == A4 else f"Tờ {cols * rows} tem {size}",
        f"{'A4 sheet' if page == A4 else 'Sheet'}, {cols * rows} labels {cell_w:g} x {cell_h:g} mm",
        "sheet",
        *page,
        cols,
        rows,
        cell_w,
        cell_h,
        cell_w if pitch_x is None else pitch_x,
        cell_h if pitch_y is None else pitch_y,
        left,
        top,
        edge=SHEET_EDGE_MM,
    )


def roll(
    cell_w: float,
    cell_h: float,
    *,
    across: int = 1,
    gap: float = 2.0,
    between: float = 2.0,
    margin: float = 1.0,
    id: str = "own-roll",
) -> Layout:
    """A label roll: `across` labels `between` mm apart, liner `margin` at both sides, `gap` from row to row."""
    width = across * cell_w + (across - 1) * between + 2 * margin
    size = f"{_vi(cell_w)} × {_vi(cell_h)} mm"
    return Layout(
        id,
        f"Cuộn {across} tem ngang, {size}",
        f"Roll, {across} across, {cell_w:g} x {cell_h:g} mm",
        "roll",
        width,
        cell_h,
        across,
        1,
        cell_w,
        cell_h,
        cell_w + between,
        cell_h,
        margin,
        0.0,
        gap=gap,
        edge=max(0.0, (width - ROLL_HEAD_MM) / 2),
    )


def _vi(number: float) -> str:
    """38.1 as people write it here: 38,1."""
    return f"{number:g}".replace(".", ",")


LAYOUTS: dict[str, Layout] = {
    layout.id: layout
    for layout in (
        sheet(38.1, 21.2, cols=5, rows=13, left=4.75, top=10.7, pitch_x=40.6, id="a4-65"),
        sheet(48.5, 25.4, cols=4, rows=10, left=8, top=21.5, id="a4-40"),
        sheet(63.5, 33.9, cols=3, rows=8, left=6.5, top=12.9, pitch_x=66.1, id="a4-24"),
        sheet(70, 37, cols=3, rows=8, left=0, top=0.5, id="a4-24-full"),
        sheet(63.5, 38.1, cols=3, rows=7, left=7.2, top=15.15, pitch_x=66.05, id="a4-21"),
        sheet(35, 22, cols=5, rows=11, left=13.5, top=17.5, pitch_x=37, pitch_y=24, id="a4-55"),
        sheet(30, 30, cols=6, rows=8, left=10, top=21.5, pitch_x=32, pitch_y=32, id="a4-48"),
        sheet(25, 25, cols=7, rows=10, left=11.5, top=14.5, pitch_x=27, pitch_y=27, id="a4-70"),
        roll(35, 22, across=1, id="roll-35x22-1"),
        roll(35, 22, across=2, id="roll-35x22-2"),
        roll(35, 22, across=3, id="roll-35x22-3"),
        roll(50, 30, across=1, id="roll-50x30-1"),
        roll(50, 30, across=2, id="roll-50x30-2"),
        roll(40, 30, across=1, id="roll-40x30-1"),
        roll(40, 30, across=2, id="roll-40x30-2"),
        roll(25, 25, across=1, id="roll-25x25-1"),
        roll(25, 25, across=3, id="roll-25x25-3"),
    )
}
"""The named layouts by id. Own sizes: `sheet()` and `roll()`."""


def find_layout(layout_id: str) -> Layout:
    """A named layout. Raises `BadLayout`, naming those there are."""
    try:
        return LAYOUTS[layout_id]
    except KeyError:
        known = ", ".join(LAYOUTS)
        raise BadLayout(
            f"Không có khổ tem “{layout_id}”. Các khổ hiện có: {known}.",
            f"There is no layout “{layout_id}”. There are: {known}.",
        ) from None
