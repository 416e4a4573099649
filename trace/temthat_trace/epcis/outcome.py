"""What became of each event of a capture, and of the whole; as JSON too."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any, NamedTuple

from temthat_trace.epcis.problems import Level, Problem

MOST_TOLD = 1_000
"""Up to so many events each has a line in the outcome; beyond, only those that were not plainly accepted."""

MOST_PROBLEMS = 50
"""Findings of one event that are listed; errors come first."""


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


class Result(NamedTuple):
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
        found = Counter(result.fate for result in self.results)
        return Counts(
            *(found[fate] for fate in (Fate.ACCEPTED, Fate.DUPLICATE, Fate.REJECTED, Fate.ROLLED_BACK))
        )


def outcome_json(captured: Captured) -> str:
    """What is kept of a capture: the fate of its events, those plainly accepted left out when there are very many."""
    results = captured.results
    told: Iterable[Result] = results
    if len(results) > MOST_TOLD:
        told = (r for r in results if not r.is_plain and r.fate is not Fate.ROLLED_BACK)
    listed = [_result_json(r) for r in islice(told, MOST_TOLD)]
    whole: dict[str, Any] = {"events": listed}
    if len(listed) < len(results):
        whole["not_listed"] = len(results) - len(listed)
    if captured.warnings:
        whole["warnings"] = [problem_json(p) for p in captured.warnings]
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def _result_json(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = {"pointer": result.pointer, "outcome": result.fate.value}
    if result.event_id:
        found["eventID"] = result.event_id
    if result.problems:
        # What keeps it out first: of an event with very many findings not all are listed.
        ordered = sorted(result.problems, key=lambda p: p.level is not Level.ERROR)
        found["problems"] = [problem_json(p) for p in ordered[:MOST_PROBLEMS]]
        if len(ordered) > MOST_PROBLEMS:
            found["problems_not_listed"] = len(ordered) - MOST_PROBLEMS
    return found


def problem_json(problem: Problem) -> dict[str, str]:
    """A finding as JSON."""
    return {
        "pointer": problem.pointer,
        "rule": problem.rule,
        "level": problem.level.value,
        "message_vi": problem.vi,
        "message_en": problem.en,
    }
