"""Whether the model's chances come true, and how many alerts that makes: figures for those who look after it. Pure.

Outcomes are stamps that people looked into: confirmed, or explained as ordinary. They are few, and not drawn at random
(people look where there is an alert). So every share comes with its interval, and no figure stands where there is
nothing to count.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from temthat_stamps.copies.habits import Thresholds
from temthat_stamps.copies.opinion import chance
from temthat_stamps.copies.state import State

ENDS = (0.5, 0.8, 0.95, 0.99)
"""Where one bin of chances ends and the next begins; the last ends at 1. People look into likely ones."""
_DEVIATIONS = 1.959964
"""Of the normal distribution, either side of 95 %."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The chance that the model gives a stamp, and whether people found it copied."""

    chance: float
    copied: bool


@dataclass(frozen=True, slots=True)
class Share:
    """A share or a rate with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Outcomes whose chance was from `low` to under `high`. `said`: the mean chance; `found`: the share confirmed."""

    low: float
    high: float
    number: int
    confirmed: int
    said: float | None
    found: Share | None


def outcome(state: State, thresholds: Thresholds, copied: bool) -> Outcome:
    """A stamp's outcome."""
    return Outcome(chance(state.score, thresholds.one_in), copied)


def bins(outcomes: Iterable[Outcome]) -> list[Bin]:
    """Predicted chances against what was found; raises `ValueError` for a chance that is none."""
    found = list(outcomes)
    if wrong := [one.chance for one in found if not 0 <= one.chance <= 1]:
        raise ValueError(f"{wrong[0]} is no chance")
    return [
        _bin(low, high, [one for one in found if low <= one.chance < high or one.chance == high == 1])
        for low, high in pairwise((0.0, *ENDS, 1.0))
    ]


def _bin(low: float, high: float, outcomes: Sequence[Outcome]) -> Bin:
    number, confirmed = len(outcomes), sum(one.copied for one in outcomes)
    if not number:
        return Bin(low, high, 0, 0, None, None)
    said = math.fsum(one.chance for one in outcomes) / number
    return Bin(low, high, number, confirmed, said, share_of(confirmed, number))


def share_of(part: int, whole: int) -> Share:
    """A share with Wilson's interval, which is honest for few and for none (JASA 22, 1927). `whole` is 1 or more."""
    value, square = part / whole, _DEVIATIONS**2
    middle = (value + square / (2 * whole)) / (1 + square / whole)
    spread = _DEVIATIONS / (1 + square / whole)
    spread *= math.sqrt(value * (1 - value) / whole + square / (4 * whole * whole))
    low = 0.0 if part == 0 else max(0.0, middle - spread)
    return Share(value, low, 1.0 if part == whole else min(1.0, middle + spread))


def per_million(happened: int, checks: int) -> Share | None:
    """How often something happened per million checks, with Byar's interval for a Poisson count; None of no checks."""
    if checks <= 0:
        return None
    low = high = 0.0
    if happened:
        low = happened * (1 - 1 / (9 * happened) - _DEVIATIONS / (3 * math.sqrt(happened))) ** 3
    more = happened + 1
    high = more * (1 - 1 / (9 * more) + _DEVIATIONS / (3 * math.sqrt(more))) ** 3
    return Share(*(1_000_000 * count / checks for count in (happened, max(0.0, low), high)))
