"""What an import would do: one entry a row, new, changed or the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from temthat_trace.importing.existing import Existing, Key, Known
from temthat_trace.importing.report import Counts, Findings, ImportReport
from temthat_trace.importing.sheets import SHEETS


class Change(StrEnum):
    """What happens to a record."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Entry:
    """One record as it shall be: `values` whole, with codes instead of ids; `changed` names the fields that differ."""

    sheet: str
    key: Key
    values: dict[str, Any]
    before: Known | None
    changed: frozenset[str]

    @property
    def change(self) -> Change:
        """New, changed or the same."""
        if self.before is None:
            return Change.NEW
        return Change.CHANGED if self.changed else Change.SAME


@dataclass(frozen=True, slots=True)
class Plan:
    """All entries in the order in which they can be written, and what they were planned against."""

    entries: Sequence[Entry]
    existing: Existing

    def counts(self) -> dict[str, Counts]:
        """Rows per sheet, by the sheet's Vietnamese name."""
        found: dict[str, Counts] = {}
        titles = {s.key: s.vi for s in SHEETS}
        for entry in self.entries:
            counts = found.setdefault(titles[entry.sheet], Counts())
            name = entry.change.value
            setattr(counts, name, getattr(counts, name) + 1)
        return found


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of checking a workbook: a plan when there is no problem, and everything found on the way."""

    plan: Plan | None
    findings: Findings

    def report(self, *, applied: bool) -> ImportReport:
        """What the person is told."""
        f = self.findings
        return ImportReport(
            tuple(f.problems),
            f.more_problems,
            tuple(f.readings),
            f.more_readings,
            tuple(f.notes),
            self.plan.counts() if self.plan else {},
            applied,
        )
