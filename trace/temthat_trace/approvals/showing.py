"""A change in words: each field with what it was and what it shall be, under the workbook's own titles."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from temthat_trace import formats
from temthat_trace.approvals.values import ChangedRecord
from temthat_trace.completeness.texts import Both, plain
from temthat_trace.importing.sheets import SHEET, Column, Kind
from temthat_trace.units import UnitError, unit

EMPTY = plain("–")

_OTHER = {
    "picture": Both("Ảnh sản phẩm", "Picture"),
    "scan": Both("Ảnh chụp giấy", "Photo of the paper"),
    "description_en": Both("Mô tả tiếng Anh", "English description"),
    "storage_en": Both("Bảo quản, tiếng Anh", "Storage in English"),
}


@dataclass(frozen=True, slots=True)
class FieldShown:
    """One field. `name` is its key; a picture's values are digests of attachments, or empty."""

    name: str
    title: Both
    before: Both
    after: Both


@dataclass(frozen=True, slots=True)
class RecordShown:
    """One record of a change: what it is, its code, whether it is new, and its fields."""

    sheet: str
    title: Both
    code: str
    new: bool
    fields: tuple[FieldShown, ...]


def shown(records: Iterable[ChangedRecord]) -> list[RecordShown]:
    """The product first, then its pack forms and combos, or the paper; fields in the workbook's order."""
    order = list(SHEET)
    return [_record(r) for r in sorted(records, key=lambda r: (order.index(r.sheet), r.key))]


def _record(record: ChangedRecord) -> RecordShown:
    sheet = SHEET[record.sheet]
    columns = {column.key: column for column in sheet.columns}
    names = sorted(
        record.after, key=lambda name: list(columns).index(name) if name in columns else len(columns)
    )
    fields = [
        FieldShown(
            name,
            _title(columns.get(name), name),
            _value(columns.get(name), record.before.get(name)),
            _value(columns.get(name), record.after[name]),
        )
        for name in names
        if not record.new or record.after[name] not in (None, "")
    ]
    code = " · ".join(record.key[2:] or record.key[1:])
    return RecordShown(record.sheet, Both(sheet.vi, sheet.en), code, record.new, tuple(fields))


def _title(column: Column | None, name: str) -> Both:
    return Both(column.vi, column.en) if column else _OTHER.get(name, plain(name))


def _value(column: Column | None, value: Any) -> Both:
    if value is None or value == "":
        return EMPTY
    if column is not None and column.choices is not None and value in column.choices:
        words = column.choices[value]
        return Both(words[0], words[-1])
    if column is not None and column.kind is Kind.UNIT:
        return _unit(str(value))
    match value:
        case Decimal() | int():
            return Both(formats.number(value), formats.number(value, "en"))
        case dt.date():
            return Both(formats.date(value), formats.date(value, "en"))
    return plain(str(value))


def _unit(code: str) -> Both:
    try:
        return Both(unit(code).label("vi"), unit(code).label("en"))
    except UnitError:
        return plain(code)
