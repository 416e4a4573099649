"""Sheet numbers and printed numbers become serials exactly as they lie on paper."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.ledger.sheets import (
    MOST_PARTS,
    parse_parts,
    sheet_count,
    sheet_serials,
    sheets_to_serials,
    stamps_to_serials,
)
from temthat_stamps.number import Number
from temthat_stamps.printing.job import pages
from temthat_stamps.printing.label import Label
from temthat_stamps.printing.layout import LAYOUTS
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.produce import PrintSettings

A4 = PrintSettings(layout="a4-24", start_position=5)


@given(st.sampled_from(sorted(LAYOUTS)), st.integers(1, 70), st.integers(1, 1_000), st.integers(1, 400))
def test_sheets_hold_what_the_printing_package_puts_on_them(
    layout: str, start: int, first: int, count: int
) -> None:
    """Every sheet's serials are those of the page that printing itself lays out."""
    start = min(start, LAYOUTS[layout].capacity)
    settings = PrintSettings(layout=layout, kind="zpl" if LAYOUTS[layout].medium == "roll" else "pdf")
    settings = PrintSettings(settings.kind, layout, start_position=start)
    labels = (Label("", "", serial) for serial in range(first, first + count))
    laid = list(pages(labels, settings.printing("tem.example.vn")))
    last = first + count - 1
    assert sheet_count(settings, first, last) == len(laid)
    for page in laid:
        ends = page.placed[0].label.serial, page.placed[-1].label.serial
        assert sheet_serials(settings, first, last, page.number) == ends


def test_a_sheet_that_is_not_there_is_refused() -> None:
    """Serials 1 to 100 from position 5 on 24 a sheet: five sheets."""
    assert sheet_serials(A4, 1, 100, 1) == (1, 20)
    assert sheet_serials(A4, 1, 100, 5) == (93, 100)
    for sheet in (0, 6):
        with pytest.raises(RunRefused, match="sheets 1 to 5"):
            sheet_serials(A4, 1, 100, sheet)
    for kind in ("csv", "svg", "png"):
        with pytest.raises(RunRefused, match="print house"):
            sheet_serials(PrintSettings(kind=kind), 1, 100, 1)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("3", [(3, 3)]),
        ("3, 5-7", [(3, 3), (5, 7)]),
        ("5-7;3\n4", [(3, 7)]),
        ("12 đến 14, 12-20", [(12, 20)]),
        ("12–14", [(12, 14)]),
        ("12 to 14,", [(12, 14)]),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, parts: list[tuple[int, int]]) -> None:
    """Commas, semicolons, lines, several kinds of dash."""
    assert parse_parts(text) == parts


@pytest.mark.parametrize(
    "text", ["", " , ", "ba", "3-", "7-5", "0", "1-2-3", "-4", "9" * 9, "١", "3.5", "1e3"]
)
def test_anything_else_is_refused(text: str) -> None:
    """A sentence, never a guess: what is recorded cannot be taken back alone."""
    with pytest.raises(RunRefused):
        parse_parts(text)


def test_sheets_in_a_row_become_one_stretch() -> None:
    """A stretch of sheets is a stretch of serials; two that touch are one notice."""
    assert sheets_to_serials(A4, 1, 100, "1, 3-4") == [(1, 20), (45, 92)]
    with pytest.raises(RunRefused, match="At most 50"):
        parse_parts(",".join(str(2 * n + 1) for n in range(MOST_PARTS + 1)))


def test_stamps_are_named_by_serial_or_by_the_number_under_the_code() -> None:
    """Typed in any case, with or without blanks; several ways in one field."""
    numbers = [Number(9, serial, 4711).grouped for serial in (25, 48)]
    assert stamps_to_serials(9, 100, "25-48") == [(25, 48)]
    assert stamps_to_serials(9, 100, numbers[0].lower()) == [(25, 25)]
    assert stamps_to_serials(9, 100, f"{numbers[0]} đến {numbers[1]}\n99") == [(25, 48), (99, 99)]
    assert stamps_to_serials(9, 100, f"{numbers[0].replace(' ', '-')}, {numbers[1]}") == [(25, 25), (48, 48)]


def test_a_stamp_of_another_run_or_with_a_slip_is_noticed() -> None:
    """The printed number says whose it is."""
    number = str(Number(9, 25, 4711))
    with pytest.raises(RunRefused, match="is of run 9, not of run 8"):
        stamps_to_serials(8, 100, number)
    with pytest.raises(RunRefused, match="slip"):
        stamps_to_serials(9, 100, number[:-1] + ("0" if number[-1] != "0" else "1"))
    with pytest.raises(RunRefused, match="stamps 1 to 24 only"):
        stamps_to_serials(9, 24, "20-25")
    with pytest.raises(RunRefused, match="from the smaller"):
        stamps_to_serials(9, 100, f"{Number(9, 48, 1)} đến {Number(9, 25, 1)}")
