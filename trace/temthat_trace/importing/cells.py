"""One cell to one typed value: a reader for each kind of column, with the traps of Excel and of old habits."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from temthat_trace import formats
from temthat_trace.gtin import VIETNAM_PREFIX, GtinError, read_gln, read_gtin
from temthat_trace.importing.amounts import Unclear, WrittenNumber, decide, parse_number
from temthat_trace.importing.choices import lookup
from temthat_trace.importing.dates import (
    EARLIEST,
    LATEST,
    ShelfLife,
    parse_day,
    parse_instant,
    parse_life,
    serial_instant,
)
from temthat_trace.importing.raw import CellKind, RawCell
from temthat_trace.importing.report import CellError
from temthat_trace.importing.sheets import Column, Kind
from temthat_trace.search import clean, fold
from temthat_trace.units import UnitError, read_unit

Words = tuple[str, str]
"""The same sentence in Vietnamese and English."""

_SHORTENED = re.compile(r"^\d([.,]\d+)?E\+\d+$", re.IGNORECASE)
_ZEROS = re.compile(r"^0+$")
_PHONE = re.compile(r"^[+\d][\d\s.()/,;-]*$")
_LEADING_COUNT = re.compile(r"^(\d[\d., ]*)\s*[^\d]*$")
_MOST_MONTHS = 120
_MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Value:
    """What a cell means; `reading` tells how an unclear one was understood, `note` what is odd about it."""

    value: Any
    reading: Words | None = None
    note: Words | None = None


def read_cell(cell: RawCell, column: Column, *, is_1904: bool = False) -> Value:
    """The typed value of a filled cell for its column; raises CellError saying what is wrong and what to write.

    TEXT, CODE, PHONE give str; CHOICE the table's value; QUANTITY a WrittenNumber, whose unit decides later; WHOLE int;
    DAY date; INSTANT an aware datetime; EXPIRY a date or a ShelfLife; UNIT a UnitWord; GTIN 14 digits.
    """
    if cell.kind is CellKind.ERROR:
        raise CellError(
            f"Ô có lỗi công thức {cell.value}. Hãy sửa công thức hoặc gõ giá trị vào.",
            f"The cell holds the formula error {cell.value}. Correct it or type the value.",
        )
    if cell.kind is CellKind.NO_CACHE:
        raise CellError(
            "Công thức chưa được tính. Hãy mở tệp bằng Excel, lưu lại, hoặc gõ giá trị vào.",
            "The formula has no stored result. Open the file in Excel and save it, or type the value.",
        )
    return _READERS[column.kind](cell, column, is_1904)


def _string(cell: RawCell, *, is_1904: bool = False) -> str:
    """The cell's content as a person sees it."""
    if isinstance(cell.value, Decimal):
        if cell.style.is_date:
            return formats.instant(serial_instant(cell.value, is_1904=is_1904))
        text = f"{cell.value:f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return text.zfill(len(cell.style.number_format)) if _ZEROS.match(cell.style.number_format) else text
    if cell.kind is CellKind.BOOLEAN:
        return "1" if cell.value == "1" else "0"
    return clean(cell.value)


def _within(text: str, column: Column) -> str:
    if len(text) > column.limit:
        raise CellError(
            f"Dài {len(text)} ký tự; tối đa {column.limit}.",
            f"{len(text)} characters long; at most {column.limit}.",
        )
    return text


def _text(cell: RawCell, column: Column, is_1904: bool) -> Value:
    return Value(_within(_string(cell, is_1904=is_1904), column))


def _code(cell: RawCell, column: Column, is_1904: bool) -> Value:
    if isinstance(cell.value, Decimal):
        if cell.style.is_date:
            raise _turned_into_date()
        if cell.value.adjusted() >= _MOST_DIGITS:
            raise _digits_lost()
    text = _string(cell).replace("\n", " ")
    if _SHORTENED.match(text):
        raise _digits_lost()
    return Value(_within(text, column))


@cache
def _spellings(column: Column) -> dict[str, Any]:
    return lookup(column.choices or {})


def _choice(cell: RawCell, column: Column, is_1904: bool) -> Value:
    found = _spellings(column).get(fold(_string(cell)))
    if found is None:
        options = ", ".join(words[0] for words in (column.choices or {}).values())
        raise CellError(f"Hãy chọn một trong: {options}.", f"Choose one of: {options}.")
    return Value(found)


def _number(cell: RawCell) -> WrittenNumber:
    if not isinstance(cell.value, Decimal):
        return parse_number(_string(cell))
    if cell.style.is_date:
        raise _turned_into_date()
    return WrittenNumber(_string(cell), cell.value)


def _quantity(cell: RawCell, column: Column, is_1904: bool) -> Value:
    return Value(_number(cell))


def _whole(cell: RawCell, column: Column, is_1904: bool) -> Value:
    if isinstance(cell.value, Decimal):
        number = _number(cell).value
    else:
        text = _string(cell)
        life = parse_life(text)
        if life and life.months and column.key == "shelf_life_months":
            return Value(life.months)
        counted = _LEADING_COUNT.match(text)
        number = decide(parse_number(counted.group(1).strip() if counted else text), Unclear.THOUSANDS)
    if number != number.to_integral_value() or not 1 <= number <= 1_000_000:
        raise CellError("Phải là số nguyên từ 1 trở lên.", "Must be a whole number from 1 up.")
    return Value(int(number))


def _compact(value: Decimal) -> bool:
    """A number such as 20250526, which is a day and no serial."""
    return (
        value == value.to_integral_value() and EARLIEST.year * 10_000 <= value <= (LATEST.year + 1) * 10_000
    )


def _instant(cell: RawCell, column: Column, is_1904: bool) -> Value:
    if isinstance(cell.value, Decimal):
        if _compact(cell.value):
            at = dt.datetime.combine(parse_day(f"{cell.value:f}").day, dt.time(), formats.VIETNAM)
            return Value(at, _as_day(at))
        at = serial_instant(cell.value, is_1904=is_1904)
        return Value(at, None if cell.style.is_date else _as_day(at))
    at, unclear = parse_instant(_string(cell))
    return Value(at, _as_day(at) if unclear else None)


def _day(cell: RawCell, column: Column, is_1904: bool) -> Value:
    found = _instant(cell, column, is_1904)
    return Value(formats.local(found.value).date(), found.reading)


def _as_day(at: dt.datetime) -> Words:
    day = formats.local(at).date()
    return f"ngày {day.day} tháng {day.month} năm {day.year}", formats.date(day, "en")


def _expiry(cell: RawCell, column: Column, is_1904: bool) -> Value:
    is_number = isinstance(cell.value, Decimal)
    text = _string(cell, is_1904=is_1904)
    life = None if is_number else parse_life(text)
    if life:
        return Value(life)
    if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= _MOST_MONTHS and len(text) <= 3:
        months = int(text)
        return Value(
            ShelfLife(months), (f"{months} tháng từ ngày sản xuất", f"{months} months from the made date")
        )
    return _day(cell, column, is_1904)


def _unit(cell: RawCell, column: Column, is_1904: bool) -> Value:
    try:
        return Value(read_unit(_string(cell)))
    except UnitError as e:
        raise CellError(e.vi, e.en) from None


def _long_number(cell: RawCell) -> str:
    """The digits of a barcode or GLN; raises CellError where Excel made something else of them."""
    text = _string(cell)
    if cell.style.is_date:
        raise _turned_into_date()
    if _SHORTENED.match(text):
        raise CellError(
            f"Excel đã rút gọn mã vạch thành {text} và làm mất chữ số. Định dạng cột kiểu Text rồi gõ lại cả mã.",
            f"Excel shortened the barcode to {text} and lost digits. Format the column as Text and type it again.",
        )
    return text


def _gln(cell: RawCell, column: Column, is_1904: bool) -> Value:
    text = _long_number(cell)
    try:
        gln = read_gln(text)
    except GtinError as e:
        raise CellError(e.vi, e.en) from None
    if gln.startswith(VIETNAM_PREFIX):
        return Value(gln)
    note = (
        f"Mã GLN {text} không bắt đầu bằng 893 (Việt Nam). Hãy chắc rằng mã này được cấp cho đơn vị.",
        f"GLN {text} does not begin with 893 (Vietnam). Make sure that it was given to this party.",
    )
    return Value(gln, note=note)


def _gtin(cell: RawCell, column: Column, is_1904: bool) -> Value:
    text = _long_number(cell)
    try:
        gtin = read_gtin(text)
    except GtinError as e:
        raise CellError(e.vi, e.en) from None
    if gtin.is_vietnamese:
        return Value(gtin.digits)
    note = (
        f"Mã vạch {text} không bắt đầu bằng 893 (Việt Nam). Hãy chắc rằng mã này được cấp cho đơn vị.",
        f"Barcode {text} does not begin with 893 (Vietnam). Make sure that it was given to this party.",
    )
    return Value(gtin.digits, note=note)


def is_phone(text: str) -> bool:
    """Whether somebody could be called at it, hotlines and numbers abroad included."""
    return bool(_PHONE.match(text)) and 3 <= sum(c.isdigit() for c in text) <= 24


def _phone(cell: RawCell, column: Column, is_1904: bool) -> Value:
    text = _string(cell)
    digits = sum(c.isdigit() for c in text)
    if isinstance(cell.value, Decimal) and digits == 9 and not text.startswith("0"):
        return Value(
            "0" + text, (f"0{text} (Excel đã bỏ số 0 đầu)", f"0{text} (Excel dropped the leading zero)")
        )
    if not is_phone(text):
        raise CellError("Không phải số điện thoại.", "Not a telephone number.")
    return Value(_within(text, column))


def _turned_into_date() -> CellError:
    return CellError(
        "Excel đã đổi ô này thành ngày tháng. Hãy định dạng cột kiểu Text rồi gõ lại.",
        "Excel turned this cell into a date. Format the column as Text and type it again.",
    )


def _digits_lost() -> CellError:
    return CellError(
        "Excel đã rút gọn số dài và làm mất chữ số. Hãy định dạng cột kiểu Text rồi gõ lại.",
        "Excel shortened a long number and lost digits. Format the column as Text and type it again.",
    )


_READERS: dict[Kind, Callable[[RawCell, Column, bool], Value]] = {
    Kind.TEXT: _text,
    Kind.CODE: _code,
    Kind.CHOICE: _choice,
    Kind.QUANTITY: _quantity,
    Kind.WHOLE: _whole,
    Kind.DAY: _day,
    Kind.INSTANT: _instant,
    Kind.EXPIRY: _expiry,
    Kind.UNIT: _unit,
    Kind.GTIN: _gtin,
    Kind.GLN: _gln,
    Kind.PHONE: _phone,
}
