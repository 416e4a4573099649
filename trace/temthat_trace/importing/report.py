"""What an import tells the person: problems with their cells, how unclear cells were read, and counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

MAX_PROBLEMS = 500
MAX_READINGS = 2000
_SHOWN = 80


class WorkbookRefused(Exception):
    """The file as a whole cannot be read; says why and what to do, in both languages."""

    def __init__(self, reason_vi: str, reason_en: str) -> None:
        super().__init__(reason_en)
        self.reason_vi = reason_vi
        self.reason_en = reason_en


class CellError(Exception):
    """One cell cannot be understood; raised by readers, turned into a CellProblem where the cell is known."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en


@dataclass(frozen=True, slots=True)
class CellProblem:
    """Something that has to be put right: where, what stands there, and why it cannot be taken."""

    sheet: str
    cell: str
    value: str
    reason_vi: str
    reason_en: str


@dataclass(frozen=True, slots=True)
class Reading:
    """How an unclear cell was understood, for the preview: `1.234` as 1.234 quả, `05/06/2025` as 5 June."""

    sheet: str
    cell: str
    value: str
    understood_vi: str
    understood_en: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth knowing that stops nothing: an unknown column, a foreign GTIN prefix."""

    sheet: str
    cell: str
    vi: str
    en: str


@dataclass(slots=True)
class Counts:
    """Rows of one sheet by what the import does with them."""

    new: int = 0
    changed: int = 0
    same: int = 0


@dataclass(slots=True)
class Findings:
    """Collects problems, readings and notes; keeps the first of each and counts the rest, so memory stays bounded."""

    problems: list[CellProblem] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    more_problems: int = 0
    more_readings: int = 0
    more_notes: int = 0
    _told: set[tuple[str, str]] = field(default_factory=set)

    def first_of(self, what: tuple[str, str]) -> bool:
        """True the first time it is asked about something: for what is said once, not for every row."""
        if what in self._told:
            return False
        self._told.add(what)
        return True

    def problem(self, sheet: str, cell: str, value: object, vi: str, en: str) -> None:
        """Record a problem."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(CellProblem(sheet, cell, shorten(value), vi, en))
        else:
            self.more_problems += 1

    def reading(self, sheet: str, cell: str, value: object, vi: str, en: str) -> None:
        """Record how an unclear cell was understood."""
        if len(self.readings) < MAX_READINGS:
            self.readings.append(Reading(sheet, cell, shorten(value), vi, en))
        else:
            self.more_readings += 1

    def note(self, sheet: str, cell: str, vi: str, en: str) -> None:
        """Record something worth knowing."""
        if len(self.notes) < MAX_PROBLEMS:
            self.notes.append(Note(sheet, cell, vi, en))
        else:
            self.more_notes += 1


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The whole answer to an import: nothing was changed unless `applied` is true.

    `counts` goes by the Vietnamese names of the sheets. `more_problems` tells how many problems there are beyond the
    first 500.
    """

    problems: tuple[CellProblem, ...]
    more_problems: int
    readings: tuple[Reading, ...]
    more_readings: int
    notes: tuple[Note, ...]
    counts: Mapping[str, Counts]
    applied: bool

    @property
    def ok(self) -> bool:
        """No problem was found."""
        return not self.problems


def shorten(value: object) -> str:
    """A cell's content for a message, cut to a length that can be shown."""
    text = "" if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
