"""Rows to records: codes are resolved across sheets and against what is stored, and every rule of the house is checked.

`Link` is what every rule works with. The rules stand in master.py (who and what) and tracing.py (papers, batches,
events); checking.py runs them. All of it is pure: what it knows of the database is `Existing`.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from temthat_trace import formats
from temthat_trace.importing.amounts import (
    Unclear,
    WrittenNumber,
    checked_quantity,
    decide,
    rule_for,
)
from temthat_trace.importing.existing import Existing, Key, Known, default_party
from temthat_trace.importing.interpret import Interpreted, Row
from temthat_trace.importing.plan import Entry
from temthat_trace.importing.report import CellError, Findings
from temthat_trace.importing.sheets import SHEET, Kind
from temthat_trace.places import Ambiguous, find_place
from temthat_trace.units import UnitError, UnitWord, convert, plain, unit

_MOST_SUGGESTIONS = 50
_THOUSAND = 1000

_EMPTY: dict[Kind, Any] = {Kind.TEXT: "", Kind.PHONE: ""}


class Link:
    """The state of one check: what the rows declare, the entries made so far, and the findings."""

    def __init__(self, interpreted: Interpreted, existing: Existing) -> None:
        self.existing = existing
        self.findings: Findings = interpreted.findings
        self.rows = interpreted.rows
        self.default_party = default_party(self.rows, existing)
        self.entries: dict[tuple[str, Key], Entry] = {}
        self.row_of: dict[tuple[str, Key], Row] = {}
        self._declared = self._declare()
        self._suggestions = 0

    # -- what the rows say ---------------------------------------------------------------------

    def _declare(self) -> dict[str, set[Key]]:
        """Keys of all rows, also of those with problems, so that one bad row does not make ten others bad."""
        found: dict[str, set[Key]] = {}
        for row in self.rows:
            party = row.values.get("party") or self.default_party
            parts = {
                "party": ("code",),
                "product": ("code",),
                "member": ("code",),
                "plot": ("code",),
                "paper": ("code",),
                "pack_form": ("product", "code"),
                "batch": ("product", "lot"),
                "component": ("product", "form"),
            }.get(row.spec.key)
            if parts is None:
                continue
            key = tuple(row.values.get(p) for p in parts)
            whole = key if row.spec.key == "party" else (party, *key)
            if None not in whole:
                found.setdefault(row.spec.key, set()).add(tuple(map(str, whole)))
        return found

    def declares(self, sheet: str, key: Key) -> bool:
        """Whether the workbook itself has such a row."""
        return key in self._declared.get(sheet, ())

    def problem(self, row: Row, column: str, vi: str, en: str) -> None:
        """Report a problem at a row's cell."""
        row.broken.add(column)
        self.findings.problem(row.sheet, row.address(column), row.written.get(column, ""), vi, en)

    def fields(self, row: Row, *keys: str, empty: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The values of the columns the sheet has, an empty cell as the column's empty value."""
        defaults = empty or {}
        return {
            k: row.values.get(k, defaults.get(k, _EMPTY.get(row.spec.column(k).kind)))
            for k in keys
            if k in row.columns and k not in row.broken
        }

    # -- whose it is ---------------------------------------------------------------------------

    def party_of(self, row: Row, column: str = "party") -> str | None:
        """The party a row belongs to, if it exists and the importer may write for it; else None and a problem."""
        code = row.values.get(column) or self.default_party
        if column in row.broken:
            return None
        if code is None:
            self.problem(row, column, "Chưa ghi mã đơn vị.", "The party code is empty.")
            return None
        if not self.exists(row, column, "party", (code,)):
            return None
        if not self.may_touch(code):
            self.problem(
                row,
                column,
                f"Không được nhập cho đơn vị {code}: không thuộc quyền của tài khoản này.",
                f"This account may not write for the party {code}.",
            )
            return None
        return str(code)

    def may_touch(self, code: str) -> bool:
        """Whether the importer may write for that party; one new in this workbook was judged with its own row."""
        scope = self.existing.scope
        return scope is None or code in scope or self.existing.known("party", (code,)) is None

    # -- references ----------------------------------------------------------------------------

    def fact(self, sheet: str, key: Key) -> dict[str, Any] | None:
        """The fields of a record as it will be: from this workbook if it is there, else as stored."""
        entry = self.entries.get((sheet, key))
        if entry:
            return entry.values
        known = self.existing.known(sheet, key)
        return known.values if known else None

    def exists(self, row: Row, column: str, sheet: str, key: Key) -> bool:
        """Whether the record referred to is in the workbook or stored; reports a problem with a suggestion if not."""
        if self.declares(sheet, key) or self.existing.known(sheet, key):
            return True
        title = SHEET[sheet].vi.lower()
        near = self._nearest(sheet, key)
        vi = f" Có phải “{near}”?" if near else ""
        en = f" Did you mean “{near}”?" if near else ""
        self.problem(
            row,
            column,
            f"Không có {title} mã “{key[-1]}”.{vi}",
            f"There is no {SHEET[sheet].en.lower()} “{key[-1]}”.{en}",
        )
        return False

    def _nearest(self, sheet: str, key: Key) -> str | None:
        self._suggestions += 1
        if self._suggestions > _MOST_SUGGESTIONS:
            return None
        keys: Iterable[Key] = [*self._declared.get(sheet, ()), *self.existing.records.get(sheet, {})]
        near = {k[-1].lower(): k[-1] for k in keys if k[:-1] == key[:-1]}
        found = difflib.get_close_matches(key[-1].lower(), list(near)[:2000], 1, 0.7)
        return near[found[0]] if found else None

    def reference(self, row: Row, column: str, sheet: str, owner: Key) -> str | None:
        """The code in an optional reference column, if the record exists; None if empty or reported."""
        code = row.values.get(column)
        if code is None or not self.exists(row, column, sheet, (*owner, code)):
            return None
        return str(code)

    # -- amounts -------------------------------------------------------------------------------

    def amount(
        self,
        row: Row,
        column: str,
        unit_column: str | None,
        default_unit: str | None,
        *,
        parts: bool = False,
    ) -> tuple[Decimal, str] | None:
        """A quantity and its unit's code, read by the rule of the column's unit; None when empty or reported.

        `parts`: see `checked_quantity`.
        """
        written: WrittenNumber | None = row.values.get(column)
        if written is None or (unit_column is not None and unit_column in row.broken):
            return None
        beside: UnitWord | None = row.values.get(unit_column) if unit_column else None
        if written.unit and beside and written.unit != beside:
            self.problem(
                row,
                column,
                "Đơn vị ghi cùng số khác với cột đơn vị.",
                "The unit beside the number differs from the unit column.",
            )
            return None
        word = written.unit or beside or (UnitWord(default_unit) if default_unit else None)
        if word is None:
            self.problem(row, unit_column or column, "Chưa ghi đơn vị tính.", "The unit is missing.")
            return None
        number = self._decide(row, column, written, word)
        try:
            return checked_quantity(plain(number * word.times), word.code, parts=parts), word.code
        except CellError as e:
            self.problem(row, column, e.vi, e.en)
            return None

    def _decide(self, row: Row, column: str, written: WrittenNumber, word: UnitWord) -> Decimal:
        small = row.spec.column(column).small
        rule = rule_for(word.code, small=small)
        value = written.value
        if written.decimals is not None:
            value = decide(written, rule)
        elif rule is Unclear.THOUSANDS and unit(word.code).is_whole and _lost_thousand(value):
            # 1.234 eggs typed where Excel takes the point for decimals: a number no egg can be.
            value *= _THOUSAND
        else:
            return value
        code = word.code
        self.findings.reading(
            row.sheet,
            row.address(column),
            row.written.get(column, ""),
            formats.quantity(value * word.times, code),
            formats.quantity(value * word.times, code, "en"),
        )
        return value

    def converted(self, row: Row, column: str, amount: Decimal, source: str, target: str) -> Decimal | None:
        """An amount in another unit; None and a problem when the units do not fit."""
        try:
            return convert(amount, source, target)
        except UnitError as e:
            self.problem(row, column, e.vi, e.en)
            return None

    # -- entries -------------------------------------------------------------------------------

    def is_duplicate(self, row: Row, key: Key, column: str) -> bool:
        """Whether an earlier row speaks of the same record; reported, because one of the two is a slip."""
        first = self.row_of.get((row.spec.key, key))
        if first is None:
            self.row_of[row.spec.key, key] = row
            return False
        where = f"dòng {first.number}" + (f" trang {first.sheet}" if first.sheet != row.sheet else "")
        self.problem(
            row,
            column,
            f"Trùng với {where}. Hãy bỏ bớt một dòng.",
            f"The same as row {first.number} of {first.sheet}. Remove one of them.",
        )
        return True

    def add(self, row: Row, key: Key, values: dict[str, Any], defaults: dict[str, Any]) -> Entry:
        """Record what a row makes of its record: `values` from the row, `defaults` for a new record's other fields."""
        before = self.existing.known(row.spec.key, key)
        whole = {**(before.values if before else defaults), **values}
        changed = frozenset(k for k in values if before and before.values.get(k) != values[k])
        entry = Entry(row.spec.key, key, whole, before, changed)
        self.entries[row.spec.key, key] = entry
        return entry

    def before(self, sheet: str, key: Key) -> Known | None:
        """The stored record, if there is one."""
        return self.existing.known(sheet, key)

    def note_place(self, row: Row, column: str = "address") -> None:
        """Say when an address could not be placed, so that the clerk may write it more fully."""
        text = row.values.get(column)
        if not text:
            return
        place = find_place(text)
        if place is None:
            self.findings.note(
                row.sheet,
                row.address(column),
                "Chưa nhận ra tỉnh, xã trong địa chỉ này; vẫn giữ nguyên chữ.",
                "No province or commune was recognised in this address; its text is kept.",
            )
        elif isinstance(place, Ambiguous):
            names = "; ".join(p.label() for p in place.candidates[:3])
            self.findings.note(
                row.sheet,
                row.address(column),
                f"Địa chỉ này có thể là: {names}.",
                f"This address may be: {names}.",
            )


def _lost_thousand(value: Decimal) -> bool:
    return 1 <= value < _THOUSAND and plain(value).as_tuple().exponent == -3


Rule = Callable[[Link, Row], None]
