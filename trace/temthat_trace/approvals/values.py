"""A change as JSON and back: entries, each a record of one sheet with the fields that change.

    [{"sheet": "product", "key": ["HTX", "CAM"], "new": false, "before": {"name": "Cam"}, "after": {"name": "Cam 1"}}]

`before` and `after` of a changed record have the fields that differ; `after` of a new one has all of them. Amounts are
`{"number": "0.5"}`, days `{"day": "2026-11-22"}`; codes stand in the place of ids, as in a workbook.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any

from temthat_trace.papers import PaperKind
from temthat_trace.products import PackKind, ProductKind

Key = tuple[str, ...]

_CHOICES: dict[tuple[str, str], type[StrEnum]] = {
    ("product", "kind"): ProductKind,
    ("pack_form", "kind"): PackKind,
    ("paper", "kind"): PaperKind,
}


@dataclass(frozen=True, slots=True)
class ChangedRecord:
    """One record of a change. `key` is a workbook's natural key; values are those a workbook's entry has."""

    sheet: str
    key: Key
    new: bool
    after: dict[str, Any]
    before: dict[str, Any] = field(default_factory=dict)


def to_json(records: Iterable[ChangedRecord]) -> str:
    """The text that is stored; the same records give the same text."""
    told = [
        {"sheet": r.sheet, "key": r.key, "new": r.new, "before": _open(r.before), "after": _open(r.after)}
        for r in sorted(records, key=lambda r: (r.sheet, r.key))
    ]
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


def from_json(text: str) -> list[ChangedRecord]:
    """The records of a stored text."""
    return [
        ChangedRecord(
            told["sheet"],
            tuple(told["key"]),
            told["new"],
            _closed(told["sheet"], told["after"]),
            _closed(told["sheet"], told["before"]),
        )
        for told in json.loads(text)
    ]


def _open(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return {"number": str(value)}
        case dt.date():
            return {"day": value.isoformat()}
        case Enum():
            return value.value
    return value


def _closed(sheet: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(_CHOICES.get((sheet, name)), value) for name, value in values.items()}


def _value(choice: type[StrEnum] | None, value: Any) -> Any:
    match value:
        case {"number": text}:
            return Decimal(text)
        case {"day": text}:
            return dt.date.fromisoformat(text)
    return choice(value) if choice is not None and value is not None else value
