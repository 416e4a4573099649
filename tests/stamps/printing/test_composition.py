"""Compositions: quiet zone white and inside, text whole where it must be, nothing over the edge."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from temthat_stamps.number import ALPHABET
from temthat_stamps.printing import (
    LAYOUTS,
    Layout,
    LayoutTooSmall,
    Printer,
    PrintJob,
    find_layout,
    plan,
    roll,
)
from temthat_stamps.printing.composition import Composition, compose
from temthat_stamps.printing.label import PHRASE
from temthat_stamps.printing.typeface import ELLIPSIS, clean, face

from .conftest import EXAMPLES, HOST, LINES, label

DPIS = (203, 300, 600)
SIZES = (41, 45, 49)
VIETNAMESE = st.text("aăâbcdđeêghiklmnoôơpqrstuưvxyẮẾỮộợặỵỹ ĐQẦ0123456789.,-·/()%", max_size=70)
HOSTS = st.from_regex(r"[a-z]{2,12}(-[a-z]{1,6})?\.(htx-[a-z]{2,8}\.)?(vn|com\.vn|coop)", fullmatch=True)


def boxes(composition: Composition) -> list[tuple[int, int, int, int]]:
    """Ink of every text, the number's rows with their widest content."""
    found = []
    for row in composition.texts:
        letters = face(row.size)
        width = letters.width(row.text)
        left = row.x + (row.width - width) // 2 * row.centred
        found.append(
            (
                left,
                row.baseline - letters.ascent(row.text),
                left + width,
                row.baseline + letters.descent(row.text),
            )
        )
    for place in composition.number:
        letters = face(place.size)
        above, under = place.baseline - letters.ascent(ALPHABET), place.baseline + letters.descent(ALPHABET)
        found.append((place.x, above, place.x + place.width, under))
    return found


def check(composition: Composition, layout: Layout, printer: Printer) -> None:
    """What holds for every stamp whatever is written on it."""
    insets = [inset * printer.dots_per_mm for inset in layout.insets]
    left, top = insets[0], insets[1]
    right, bottom = composition.width - insets[2], composition.height - insets[3]
    assert composition.module >= printer.min_module_dots
    quiet = composition.quiet_box
    assert left <= quiet[0]
    assert top <= quiet[1]
    assert quiet[2] <= right
    assert quiet[3] <= bottom
    for box in boxes(composition):
        assert left <= box[0] < box[2] <= right
        assert top <= box[1] <= box[3] <= bottom
        assert box[0] >= quiet[2] or box[2] <= quiet[0] or box[1] >= quiet[3] or box[3] <= quiet[1]
    for a, b in itertools.combinations(boxes(composition), 2):
        assert a[3] <= b[1] or b[3] <= a[1] or a[2] <= b[0] or b[2] <= a[0]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
@pytest.mark.parametrize("dpi", DPIS)
@pytest.mark.parametrize("modules", SIZES)
def test_every_layout_and_printer_keeps_quiet_zone_and_cell(layout: Layout, dpi: int, modules: int) -> None:
    """Named layouts on the usual printers: a stamp that holds all the rules, or a plain refusal."""
    composition = compose(layout, Printer(dpi), modules, HOST, LINES)
    if composition:
        check(composition, layout, Printer(dpi))
    else:
        least = (modules + 8) * Printer(dpi).min_module_dots
        assert least > 0.6 * Printer(dpi).room(min(layout.cell_w, layout.cell_h))


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.floats(12, 120),
    st.floats(12, 120),
    st.sampled_from(DPIS),
    st.sampled_from(SIZES),
    HOSTS,
    st.lists(VIETNAMESE, max_size=4),
)
def test_property_any_label_size_and_any_words_keep_the_rules(
    width: float, height: float, dpi: int, modules: int, host: str, lines: list[str]
) -> None:
    """Own sizes, odd hosts and long names never overflow, never touch the quiet zone, never overlap."""
    layout, printer = roll(width, height), Printer(dpi)
    composition = compose(layout, printer, modules, host, lines)
    if composition is None:
        return
    check(composition, layout, printer)
    said = " ".join(text.text for text in composition.texts)
    assert PHRASE in said
    assert host in said.replace(" ", "")
    assert [row.first for row in composition.number] == list(range(0, 4, composition.number[0].groups))


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.text(ALPHABET, min_size=16, max_size=16), st.sampled_from(["roll-25x25-1", "roll-35x22-1", "a4-21"])
)
def test_property_every_number_fits_its_rows(number: str, layout_id: str) -> None:
    """A number of sixteen W is drawn smaller, never wider than its place, and always whole."""
    composition = compose(find_layout(layout_id), Printer(300), 41, HOST, LINES)
    assert composition is not None
    grouped = " ".join(number[i : i + 4] for i in range(0, 16, 4))
    size, rows = composition.number_texts(grouped)
    assert " ".join(rows) == grouped
    assert all(
        face(size).width(text) <= row.width for text, row in zip(rows, composition.number, strict=True)
    )
    assert size >= composition.number[0].size * 0.7


def test_long_names_are_cut_between_words_and_dates_are_never_cut() -> None:
    """A name ends in …; lot and dates are whole or absent."""
    name = "Trà Shan tuyết cổ thụ hái tay vụ xuân của bà con bản Phìn Hồ " * 2
    composition = compose(find_layout("roll-35x22-1"), Printer(203), 41, HOST, (name, *LINES[1:]))
    assert composition is not None
    shown = [text.text for text in composition.texts]
    cut = [text for text in shown if ELLIPSIS in text]
    assert len(cut) == 1
    assert cut[0].removesuffix(ELLIPSIS).split()[-1] in name.split()
    assert all(len(date) == 10 for text in shown for date in text.split() if date.count("/"))


def test_decomposed_text_and_control_characters_print_as_people_wrote_them() -> None:
    """NFD becomes NFC, line breaks become blanks, what the font lacks becomes '?'."""
    assert clean("Mâ\u0323t  ong\nrừng\u200b \x07漢") == "Mật ong rừng ?"


def test_a_label_too_small_is_refused_with_its_arithmetic_and_what_would_do() -> None:
    """The clerk reads why, and which ways out there are, in both languages."""
    job = PrintJob("tspl", find_layout("roll-25x25-1"), Printer(203), "Q", HOST)
    with pytest.raises(LayoutTooSmall) as refused:
        plan(job, label(1))
    assert "49 + 2×4 ô trắng = 57 ô × 3 chấm = 171 chấm = 21,4 mm" in refused.value.vi
    assert "57 modules x 3 dots = 171 dots = 21.4 mm at 203 dpi" in refused.value.en
    assert "mức sửa lỗi M" in refused.value.vi
    assert "a printer of 300 dpi" in refused.value.en
    assert "35 x 22 mm" in refused.value.en


def test_a_way_out_really_is_one() -> None:
    """What the refusal suggests fits when tried."""
    assert plan(PrintJob("tspl", find_layout("roll-25x25-1"), Printer(203), "M", HOST), label(1))
    assert plan(PrintJob("tspl", find_layout("roll-25x25-1"), Printer(300), "Q", HOST), label(1))


def test_nothing_larger_would_do_is_said_too() -> None:
    """A size that no named layout mends still gets an answer."""
    job = PrintJob("pdf", roll(10, 10), Printer(150), "Q", HOST)
    with pytest.raises(LayoutTooSmall, match="Có thể"):
        plan(job, label(1))


@pytest.mark.parametrize(
    ("layout_id", "dpi", "modules", "millimetres"),
    [("roll-35x22-1", 203, 41, 18.4), ("roll-25x25-1", 203, 41, 18.4), ("roll-35x22-1", 203, 49, 21.4)],
)
def test_sizes_promised_by_the_format(layout_id: str, dpi: int, modules: int, millimetres: float) -> None:
    """18.4 mm for level M and 21.4 mm for level Q at 203 dpi, quiet zone included."""
    composition = compose(find_layout(layout_id), Printer(dpi), modules, HOST, LINES)
    assert composition is not None
    box = composition.quiet_box
    assert Printer(dpi).mm(box[2] - box[0]) == pytest.approx(millimetres, abs=0.05)
