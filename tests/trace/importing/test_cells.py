"""One cell to one value: Excel's habits met column by column."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from temthat_trace.formats import VIETNAM
from temthat_trace.importing.amounts import WrittenNumber
from temthat_trace.importing.cells import Value, read_cell
from temthat_trace.importing.dates import ShelfLife
from temthat_trace.importing.raw import CellKind, RawCell, Style
from temthat_trace.importing.report import CellError
from temthat_trace.importing.sheets import SHEET
from temthat_trace.papers import PaperKind
from temthat_trace.parties import PartyKind
from temthat_trace.units import UnitWord

DATE = Style("dd/mm/yyyy", "", is_date=True)


def read(
    sheet: str, column: str, value: Any, kind: CellKind | None = None, style: Style | None = None
) -> Value:
    kind = kind or (CellKind.TEXT if isinstance(value, str) else CellKind.NUMBER)
    kept = value if isinstance(value, str) else Decimal(str(value))
    return read_cell(RawCell(2, 1, kind, kept, style or Style()), SHEET[sheet].column(column))


def refused(sheet: str, column: str, value: Any, **options: Any) -> str:
    with pytest.raises(CellError) as e:
        read(sheet, column, value, **options)
    assert e.value.en
    return e.value.vi


def test_codes_typed_as_numbers_are_their_digits() -> None:
    """12 is no 12.0, and a number format of zeros gives lost zeros back."""
    assert read("batch", "lot", 12).value == "12"
    assert read("batch", "lot", "0012").value == "0012"
    assert read("batch", "lot", 7, style=Style("000")).value == "007"


def test_a_code_that_became_a_date_is_refused() -> None:
    """1-2 typed as a lot is 1 February to Excel."""
    assert "ngày tháng" in refused("batch", "lot", 45803, style=DATE)


def test_digits_that_are_gone_are_refused() -> None:
    """16 digits do not fit a double; E+ has lost them."""
    assert "mất chữ số" in refused("batch", "lot", 1234567890123456)
    assert "mất chữ số" in refused("batch", "lot", "1.23E+15")


def test_a_text_beyond_its_column_is_refused() -> None:
    """A lot has 20 characters."""
    assert "tối đa 20" in refused("batch", "lot", "L" * 21)


def test_barcodes() -> None:
    """As text, as a number, with its zero lost; shortened by Excel, with a wrong digit, foreign."""
    assert read("product", "gtin", "8935049510475").value == "08935049510475"
    assert read("product", "gtin", 8935049510475).value == "08935049510475"
    assert "8.93505E+12" in refused("product", "gtin", "8.93505E+12")
    assert "số kiểm tra" in refused("product", "gtin", "8935049510474")
    note = read("product", "gtin", "4006381333931").note
    assert note is not None
    assert "893" in note[0]


def test_telephone_numbers_get_their_zero_back() -> None:
    """Excel drops the leading zero of a number; the preview says that it was put back."""
    found = read("party", "hotline", 912345678)
    assert found.value == "0912345678"
    assert found.reading is not None
    assert read("party", "hotline", "1900 1234").value == "1900 1234"
    assert read("party", "hotline", "+84 912.345.678").value == "+84 912.345.678"
    assert "số điện thoại" in refused("party", "hotline", "gọi bác Tư")


def test_choices_by_any_of_their_words() -> None:
    """With or without diacritics, in English, or by their own name."""
    for word in ("Hợp tác xã", "hop tac xa", "HTX", "cooperative"):
        assert read("party", "kind", word).value is PartyKind.COOPERATIVE
    assert read("paper", "kind", "ocop").value is PaperKind.OCOP
    assert "Hợp tác xã" in refused("party", "kind", "câu lạc bộ")


def test_dates_of_every_make() -> None:
    """A date cell, a bare serial, a text, a number of eight digits."""
    day = dt.date(2025, 5, 26)
    assert read("batch", "made_on", 45803, style=DATE) == Value(day)
    bare = read("batch", "made_on", 45803)
    assert bare.value == day
    assert bare.reading is not None
    assert read("batch", "made_on", 20250526).value == day
    assert read("batch", "made_on", "26/5/2025").value == day
    assert read("batch", "made_on", "2025-05-26T00:00:00", kind=CellKind.DATE).value == day


def test_an_ambiguous_day_is_shown() -> None:
    """05/06/2025 is read day first, and the preview spells it out."""
    found = read("batch", "made_on", "05/06/2025")
    assert found == Value(dt.date(2025, 6, 5), ("ngày 5 tháng 6 năm 2025", "5 Jun 2025"))


def test_expiry_as_a_day_or_a_time() -> None:
    """A date, 12 tháng, or a bare 12, which is months and says so."""
    assert read("batch", "expires_on", "26/05/2027").value == dt.date(2027, 5, 26)
    assert read("batch", "expires_on", 46168, style=DATE).value == dt.date(2026, 5, 26)
    assert read("batch", "expires_on", "12 tháng") == Value(ShelfLife(months=12))
    for twelve in (12, "12"):
        found = read("batch", "expires_on", twelve)
        assert found.value == ShelfLife(months=12)
        assert found.reading is not None
    assert "ngày" in refused("batch", "expires_on", "xem bao bì")


def test_events_may_have_a_time() -> None:
    """Kept as an instant of Vietnam's clock."""
    assert read("event", "at", "26/5/2025 7h30").value == dt.datetime(2025, 5, 26, 7, 30, tzinfo=VIETNAM)
    assert read("event", "at", Decimal("45803.3125"), style=DATE).value.hour == 7


def test_quantities_units_and_whole_numbers() -> None:
    """A quantity waits for its unit; a month count and stars are whole."""
    assert read("batch", "quantity", 12.5).value == WrittenNumber("12.5", Decimal("12.5"))
    assert read("batch", "unit", "yến").value == UnitWord("KGM", Decimal(10))
    assert read("product", "shelf_life_months", "24 tháng").value == 24
    assert read("product", "shelf_life_months", "2 năm").value == 24
    assert read("paper", "stars", "4 sao").value == 4
    assert read("component", "quantity", "1.200").value == 1200
    assert "số nguyên" in refused("paper", "stars", 3.5)
    assert "số nguyên" in refused("component", "quantity", 0)
    assert "ngày tháng" in refused("batch", "quantity", 45803, style=DATE)


def test_formula_errors_and_formulas_without_results_say_what_to_do() -> None:
    """#REF! is named; a formula never calculated asks to be saved by Excel."""
    assert "#REF!" in refused("batch", "quantity", "#REF!", kind=CellKind.ERROR)
    assert "lưu lại" in refused("batch", "quantity", "", kind=CellKind.NO_CACHE)


def test_text_is_cleaned() -> None:
    """NBSP, zero-width signs and loose tone marks do not reach the database."""
    assert read("product", "name", "\u00a0Mâ\u0323t\u200b ong ").value == "Mật ong"
    assert read("product", "name", 45803, style=DATE).value == "26/05/2025"
