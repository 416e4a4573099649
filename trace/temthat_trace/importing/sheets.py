"""The workbook's sheets and columns, read from `sheets.toml` beside this file.

Names are matched without diacritics, in Vietnamese or English, in any order; a star marks what must be filled in.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import resources
from typing import Any

from temthat_trace.importing.choices import TABLES
from temthat_trace.search import fold


class Kind(StrEnum):
    """How a column's cells are read."""

    TEXT = "text"
    CODE = "code"
    CHOICE = "choice"
    QUANTITY = "quantity"
    WHOLE = "whole"
    DAY = "day"
    INSTANT = "instant"
    EXPIRY = "expiry"
    UNIT = "unit"
    GTIN = "gtin"
    GLN = "gln"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `limit` is the longest text, `small` marks pack contents, `choices` what may stand there."""

    key: str
    kind: Kind
    vi: str
    en: str
    required: bool = False
    limit: int = 200
    choices: Mapping[Any, tuple[str, ...]] | None = field(default=None, hash=False)
    small: bool = False
    aliases: tuple[str, ...] = ()
    help: str = ""
    example: str = ""

    @property
    def title(self) -> str:
        """The header as the template writes it."""
        return f"{self.vi} *" if self.required else self.vi


@dataclass(frozen=True, slots=True)
class Sheet:
    """One kind of record."""

    key: str
    vi: str
    en: str
    columns: tuple[Column, ...]
    aliases: tuple[str, ...] = ()

    def column(self, key: str) -> Column:
        """The column with that key."""
        return next(c for c in self.columns if c.key == key)


def _column(fields: dict[str, Any]) -> Column:
    table = fields.pop("choices", None)
    aliases = tuple(fields.pop("aliases", []))
    kind = Kind(fields.pop("kind"))
    return Column(kind=kind, choices=TABLES[table] if table else None, aliases=aliases, **fields)


def _load() -> tuple[Sheet, ...]:
    text = resources.files(__package__).joinpath("sheets.toml").read_text(encoding="utf-8")
    return tuple(
        Sheet(s["key"], s["vi"], s["en"], tuple(map(_column, s["columns"])), tuple(s["aliases"]))
        for s in tomllib.loads(text)["sheet"]
    )


SHEETS = _load()
"""In the order in which records depend on each other."""

SHEET = {s.key: s for s in SHEETS}


def _names(item: Sheet | Column) -> set[str]:
    return {fold(n) for n in (item.vi, item.en, item.key, *item.aliases)}


def _columns(sheet: Sheet) -> dict[str, Column]:
    """Headers to columns; a column's own names go before another's aliases."""
    found = {n: c for c in reversed(sheet.columns) for n in _names(c)}
    return found | {fold(n): c for c in sheet.columns for n in (c.vi, c.en, c.key)}


_BY_NAME = {n: s for s in reversed(SHEETS) for n in _names(s)}
_COLUMNS = {s.key: _columns(s) for s in SHEETS}


def sheet_named(name: str) -> Sheet | None:
    """The sheet a tab or file name stands for; `3. Lô (2)` and `lo` are both Lô."""
    return _BY_NAME.get(" ".join(w for w in fold(name).split() if not w.isdigit()))


def column_named(sheet: Sheet, title: str) -> Column | None:
    """The column a header stands for; stars and a remark in brackets do not matter."""
    columns = _COLUMNS[sheet.key]
    return columns.get(fold(title)) or columns.get(fold(title.partition("(")[0]))
