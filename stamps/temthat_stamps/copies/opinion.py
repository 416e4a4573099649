"""What a state means to people: whether to suspect, why in words of the texts file, whether it may be an alert. Pure.

The words are about the code's history, in counts and days; they never speak of a person or of the goods.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from temthat_stamps.copies.habits import Thresholds
from temthat_stamps.copies.state import State
from temthat_stamps.verdict import CopyOpinion

SHOWN_FROM = 3
"""Counts below this are not told: they would be about single persons."""


TOLD = 3
"""How many reasons a verdict gives: as much as a person takes in."""


class Evidence(StrEnum):
    """What stands behind a suspicion that people should look into."""

    SALES = "sales"
    """Rung up more than once: tills have credentials."""
    PINS = "pins"
    """The PIN was entered by three or more."""
    MANY_GROUPS = "many_groups"
    """Many groups on many days: one photo passed around for a day cannot do that."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A key of the texts file and its value."""

    key: str
    value: str


def opinion(state: State, thresholds: Thresholds, shift: int = 0) -> CopyOpinion:
    """What the verdict is told. `score` is the chance that the code is copied, given the prior chance.

    `shift` is what the run's other stamps add to this score now, in thousandths of a nat (`neighbours`); the state
    itself never holds it.
    """
    score = state.score + shift
    likely = chance(score, thresholds.one_in)
    if not state.suspect_at and score < 1_000 * thresholds.suspect:
        return CopyOpinion(False, likely)
    return CopyOpinion(True, likely, tuple((r.key, r.value) for r in islice(reasons(state), TOLD)))


def chance(score: int, one_in: int) -> float:
    """How likely a code is copied by its score in thousandths of a nat, if one scanned stamp in `one_in` is."""
    return 1 / (1 + math.exp(math.log(one_in - 1) - score / 1_000))


def reasons(state: State) -> Iterator[Reason]:
    """Why, the weightiest kind first. A rare suspect, of two groups and single things, has none to tell."""
    if state.sales > 1:
        yield Reason("copy_sales", str(state.sales))
    if state.fast:
        yield Reason("copy_fast", "")
    if len(state.places) >= SHOWN_FROM:
        yield Reason("copy_places", str(len(state.places)))
    if state.groups >= SHOWN_FROM:
        yield Reason("copy_groups", str(state.groups))
    if state.backs:
        yield Reason("copy_back", "")
    if state.days >= SHOWN_FROM:
        yield Reason("copy_days", str(state.days))
    if state.late:
        yield Reason("copy_late", "")


def evidence(state: State, thresholds: Thresholds) -> tuple[Evidence, ...]:
    """What may be told to a person as an alert; empty for a photo passed around, a troll or one busy shelf."""
    if not state.suspect_at:
        return ()
    found = []
    if state.sales > 1:
        found.append(Evidence.SALES)
    if state.pins > 2:
        found.append(Evidence.PINS)
    many = state.groups >= thresholds.alert_groups and state.days >= thresholds.alert_days
    if many and state.score >= 1_000 * thresholds.alert:
        found.append(Evidence.MANY_GROUPS)
    return tuple(found)
