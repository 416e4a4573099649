"""What the XLSX reader keeps of a cell: formulas, styles, fonts, merged ranges, both epochs."""

import datetime as dt
import io
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from temthat_trace.importing import read_workbook
from temthat_trace.importing.raw import CellKind, Merged, RawCell, RawSheet, address_of, column_letters
from temthat_trace.importing.xlsx import is_date_format


def book_and_sheet() -> tuple[Workbook, Worksheet]:
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    return book, sheet


def read(book: Workbook) -> RawSheet:
    out = io.BytesIO()
    book.save(out)
    return read_workbook({"a.xlsx": out.getvalue()}).sheets[0]


def one(value: Any, **style: Any) -> RawCell:
    book, sheet = book_and_sheet()
    cell = sheet.cell(1, 1, value)
    for name, setting in style.items():
        setattr(cell, name, setting)
    return read(book).rows[0][0]


def test_a_formula_without_a_stored_result_is_told_apart_from_an_empty_cell() -> None:
    """openpyxl stores formulas without results, as do many programs."""
    assert one("=1+1").kind is CellKind.NO_CACHE


def test_a_formula_error_is_an_error() -> None:
    """#REF! is no text."""
    cell = one("#REF!")
    assert (cell.kind, cell.value) == (CellKind.ERROR, "#REF!")


def test_dates_are_numbers_with_a_format() -> None:
    """The serial and the format stay apart, so that a date can be told from a quantity."""
    cell = one(dt.datetime(2025, 5, 26, 14, 30))  # noqa: DTZ001
    assert cell.style.is_date
    assert cell.value == Decimal("45803.6041666667")


def test_the_old_macintosh_epoch_is_seen() -> None:
    """date1904 changes every date by four years and a day."""
    book, sheet = book_and_sheet()
    book.epoch = CALENDAR_MAC_1904
    sheet["A1"] = dt.datetime(2025, 5, 26)  # noqa: DTZ001
    raw = read(book)
    assert raw.is_1904
    assert raw.rows[0][0].value == 44341


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("General", False),
        ("0.00", False),
        ('#,##0 "đồng"', False),
        ("[Red]0", False),
        ("@", False),
        ("dd/mm/yyyy", True),
        ("[$-42A]dd mmmm yyyy", True),
        ("h:mm", True),
        ('"ngày "d', True),
        (r"0\d", False),
    ],
)
def test_date_formats(code: str, expected: bool) -> None:
    """Letters in quotes, brackets and after a backslash show nothing of a date."""
    assert is_date_format(code) is expected


def test_fonts_are_kept_also_inside_rich_text() -> None:
    """.VnTime may be the cell's font or only one run's."""
    assert one("Cam", font=Font(name=".VnTime")).style.font == ".VnTime"
    mixed = CellRichText("Cam ", TextBlock(InlineFont(rFont=".VnArial"), "sµnh"))
    cell = one(mixed)
    assert (cell.value, cell.style.font) == ("Cam sµnh", ".VnArial")


def test_merged_ranges_are_kept() -> None:
    """Both ends included."""
    book, sheet = book_and_sheet()
    sheet["A1"] = "x"
    sheet.merge_cells("A1:B3")
    assert read(book).merged == [Merged(1, 1, 3, 2)]


def test_hidden_sheets_are_marked() -> None:
    """What people do not see is not imported without a word."""
    book, sheet = book_and_sheet()
    sheet["A1"] = 1
    other = book.create_sheet("B")
    other.sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    assert [s.hidden for s in read_workbook({"a.xlsx": out.getvalue()}).sheets] == [False, True]


def test_binary_noise_of_a_double_is_gone() -> None:
    """0.1 + 0.2 is 0.3, as Excel shows it."""
    assert one(0.1 + 0.2).value == Decimal("0.3")


def test_addresses() -> None:
    """A1, Z9, AA10, XFD1048576 there and back."""
    for text in ("A1", "Z9", "AA10", "XFD1048576"):
        row, column = address_of(text)
        assert f"{column_letters(column)}{row}" == text
    with pytest.raises(ValueError, match="reference"):
        address_of("12")
