"""Layouts and printers: cells on the page, corrections, and the smallest module."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.printing import LAYOUTS, BadLayout, Layout, Printer, find_layout, roll, sheet
from temthat_stamps.printing.layout import ROLL_HEAD_MM, SHEET_EDGE_MM

PRINTERS = [Printer(dpi) for dpi in (203, 300, 600, 1200)]


@pytest.mark.parametrize(("dpi", "dots"), [(203, 3), (300, 3), (360, 4), (600, 6), (1200, 12)])
def test_the_smallest_module(dpi: int, dots: int) -> None:
    """Three dots, and a quarter of a millimetre where dots are finer."""
    assert Printer(dpi).min_module_dots == dots


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
@pytest.mark.parametrize("printer", PRINTERS, ids=lambda p: str(p.dpi))
def test_cells_stand_on_the_page_without_overlap(layout: Layout, printer: Printer) -> None:
    """Every cell of every named layout is on its page; neighbours are apart (to half a dot of rounding)."""
    width, height = printer.room(layout.cell_w), printer.room(layout.cell_h)
    origins = layout.origins(printer)
    assert len(origins) == layout.capacity == len(set(origins))
    for x, y in origins:
        assert x >= 0
        assert y >= 0
        assert x + width <= layout.page_w * printer.dots_per_mm + 1
        assert y + height <= layout.page_h * printer.dots_per_mm + 1
    for (x0, y0), (x1, y1) in itertools.pairwise(origins):
        assert y1 > y0 + height - 1 or x1 >= x0 + width - 1


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_insets_keep_every_label_within_reach_of_the_printer(layout: Layout) -> None:
    """The outermost labels, less their insets, are inside what a sheet printer or a 4-inch head prints."""
    insets = layout.insets
    edge = SHEET_EDGE_MM if layout.medium == "sheet" else max(0.0, (layout.page_w - ROLL_HEAD_MM) / 2)
    right = layout.left + (layout.cols - 1) * layout.pitch_x + layout.cell_w
    assert layout.left + insets.left >= edge - 1e-9
    assert right - insets.right <= layout.page_w - edge + 1e-9
    if layout.medium == "sheet":
        assert layout.top + insets.top >= edge - 1e-9


def test_named_layouts_have_names_in_both_languages() -> None:
    """A clerk picks a name, not an id."""
    for name, layout in LAYOUTS.items():
        assert name == layout.id
        assert layout.name_vi != layout.name_en
    assert find_layout("a4-65").name_vi == "Tờ A4, 65 tem 38,1 × 21,2 mm"


def test_an_unknown_layout_is_answered_with_those_there_are() -> None:
    """The refusal lists the ids."""
    with pytest.raises(BadLayout, match="a4-65"):
        find_layout("a5-1")


def test_layouts_that_cannot_be_are_refused() -> None:
    """Labels off the page, overlapping, of no size, or too many."""
    with pytest.raises(BadLayout, match="leave the page"):
        sheet(70, 37, cols=3, rows=9, left=0, top=0)
    with pytest.raises(BadLayout, match="overlap"):
        sheet(40, 20, cols=3, rows=3, left=10, top=10, pitch_x=30)
    with pytest.raises(BadLayout, match="leave the page"):
        sheet(40, 20, cols=3, rows=3, left=float("nan"), top=10)
    for size in (0, -5, float("nan"), 5000):
        with pytest.raises(BadLayout):
            roll(size, 22)


@pytest.mark.parametrize(
    "wrong",
    [{"dpi": 20}, {"dx_mm": 99.0}, {"scale_x": 0.5}, {"scale_y": float("nan")}, {"dy_mm": float("inf")}],
)
def test_printer_profiles_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    """A typo in a profile is told, not printed."""
    with pytest.raises(BadLayout):
        Printer(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("ruler", [0.0, -150.0, 15.0, 1500.0, float("nan")])
def test_lengths_that_no_ruler_has_are_refused(ruler: float) -> None:
    """A slip in the four numbers (centimetres, a forgotten digit) is told."""
    with pytest.raises(BadLayout, match="measure again"):
        Printer.calibrated(600, ruler_x=ruler, ruler_y=200, left=20, top=20)


lengths = st.floats(-3, 3)
ratios = st.floats(0.97, 1.03)


@given(lengths, lengths, ratios, ratios, st.floats(0, 200), st.floats(0, 280))
def test_property_a_measured_printer_is_corrected(
    shift_x: float, shift_y: float, stretch_x: float, stretch_y: float, x: float, y: float
) -> None:
    """Whatever a printer does to places (shift and stretch), its calibration undoes it to a dot."""

    def lands_x(mm: float) -> float:
        return mm * stretch_x + shift_x

    def lands_y(mm: float) -> float:
        return mm * stretch_y + shift_y

    printer = Printer.calibrated(
        600,
        ruler_x=lands_x(180) - lands_x(30),
        ruler_y=lands_y(250) - lands_y(50),
        left=lands_x(20),
        top=lands_y(20),
    )
    assert lands_x(printer.mm(printer.x(x))) == pytest.approx(x, abs=0.05)
    assert lands_y(printer.mm(printer.y(y))) == pytest.approx(y, abs=0.05)
