"""What became of each event of a capture, and of the whole."""

from dataclasses import dataclass, field
from enum import StrEnum

from temthat_trace.epcis.problems import Level, Problem


class Behaviour(StrEnum):
    """What one rejected event means for the others: nothing is stored, or the others are."""

    ROLLBACK = "rollback"
    PROCEED = "proceed"


class Fate(StrEnum):
    """What became of one event. `rolled_back`: good, but another one was not."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    ROLLED_BACK = "rolled_back"


@dataclass(frozen=True, slots=True)
class Result:
    """One event: where it stood, what became of it, under which id it is known, and the findings."""

    pointer: str
    fate: Fate
    event_id: str | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Stored, and nothing to say about it."""
        return self.fate is Fate.ACCEPTED and not self.problems

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The findings that kept it out."""
        return tuple(p for p in self.problems if p.level is Level.ERROR)


@dataclass(slots=True)
class Counts:
    """How many of each."""

    accepted: int = 0
    duplicate: int = 0
    rejected: int = 0
    rolled_back: int = 0


@dataclass(frozen=True, slots=True)
class Captured:
    """The results of a capture in the order of its events. `warnings`: what was read though doubtful."""

    results: tuple[Result, ...]
    warnings: tuple[Problem, ...] = field(default=())

    @property
    def success(self) -> bool:
        """Whether every event is stored now, or was before."""
        return not any(r.fate in (Fate.REJECTED, Fate.ROLLED_BACK) for r in self.results)

    @property
    def counts(self) -> Counts:
        """How many events met each fate."""
        counts = Counts()
        for result in self.results:
            setattr(counts, result.fate.value, getattr(counts, result.fate.value) + 1)
        return counts
