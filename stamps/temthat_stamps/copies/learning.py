"""Habits learned from an operator's own stamps, with the priors as starting point and rein. Pure.

Expectation and maximisation, a few rounds: each stamp that is not suspect is shared out among all explanations as
likely as they are, and its steps are counted for the ordinary ones in those shares; what a copied one explains teaches
little. Each prior row weighs as much as `strength` observations, and a learned chance stays within four times of its
prior: a flood of scans cannot teach the model that floods are ordinary. What copies do is not learned; operators have
few confirmed ones. Stamps that lived alike are counted together, so that a hundred thousand cost seconds.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from temthat_stamps.copies.events import ScanEvent
from temthat_stamps.copies.habits import GAPS, MOVES, Explanation, Habits, Row, Stay, priors
from temthat_stamps.copies.model import Model
from temthat_stamps.copies.state import State
from temthat_stamps.copies.steps import Step, since_sale

STRENGTH = 300.0
"""How many observations a prior row is worth."""
REIN = 4.0
"""How far a learned chance may be from its prior, as a factor."""
ROUNDS = 4
_MOST = 0.97
"""No learned chance is larger."""
_HALVINGS = 60


class Stop(NamedTuple):
    """Where no further group came, or none before the first sale: so many groups, so many of them since the sale."""

    groups: int
    sold: int | None


class Life(NamedTuple):
    """The steps of one stamp, and where it stopped."""

    stops: tuple[Stop, ...]
    steps: tuple[Step, ...]


def learn(
    stamps: Iterable[Sequence[ScanEvent]], fallback: Habits | None = None, strength: float = STRENGTH
) -> Habits:
    """The habits of these stamps, each its events in order. For a product's habits pass the operator's as fallback.

    The stamps must be old enough that their lives are over: what may still come would count as never.
    """
    base = fallback or priors()
    model = Model(base)
    found = (life(model, events) for events in stamps)
    lives = Counter(one for state, one in found if state.groups and not state.suspect_at)
    rare = 1 / base.thresholds.one_in
    copied = [replace(one, weight=one.weight * rare / (1 - rare)) for one in base.copied]
    return replace(base, ordinary=fit(base.ordinary, lives, strength, beside=copied))


def life(model: Model, events: Iterable[ScanEvent]) -> tuple[State, Life]:
    """What learning needs of one stamp, its events in order: its state at the end, its steps and stops."""
    state = State()
    steps: list[Step] = []
    stops: list[Stop] = []
    for event in events:
        before = Stop(state.groups, since_sale(state))
        if step := model.advance(state, event):
            steps.append(step)
        if before.sold is None and state.sales and state.groups:
            stops.append(before)
    stops.append(Stop(state.groups, since_sale(state)))
    return state, Life(tuple(stops), tuple(steps))


def fit(
    base: Sequence[Explanation],
    lives: Mapping[Life, int],
    strength: float = STRENGTH,
    rein: float = REIN,
    rounds: int = ROUNDS,
    beside: Sequence[Explanation] = (),
) -> tuple[Explanation, ...]:
    """Explanations of one kind fitted to lives and how often each was lived.

    `base` is where they start and what holds them; `beside` explains too and stays as it is.
    """
    fitted = tuple(base)
    for _ in range(rounds):
        tallies = [_Tally(one) for one in base]
        for one_life, number in lives.items():
            shares = _explain((*fitted, *beside), one_life)
            for tally, share in zip(tallies, shares, strict=False):
                tally.add(one_life, share * number)
        weights = [tally.stamps + strength * one.weight for tally, one in zip(tallies, base, strict=True)]
        fitted = tuple(
            tally.learned(one, weight / sum(weights), strength, rein)
            for tally, one, weight in zip(tallies, base, weights, strict=True)
        )
    return fitted


def _explain(side: Sequence[Explanation], one_life: Life) -> tuple[float, ...]:
    """How likely each explanation of a whole life is, its end included."""
    logs = []
    for one in side:
        log = math.log(one.weight)
        for stop in one_life.stops:
            log += math.log(1 - _again(one, stop.groups, stop.sold))
        for step in one_life.steps:
            log += math.log(_again(one, step.groups, step.sold))
            if step.move is not None and step.gap is not None:
                log += math.log(one.move[step.stay][step.move] * one.gap[step.move][step.gap])
        logs.append(log)
    parts = [math.exp(log - max(logs)) for log in logs]
    return tuple(part / sum(parts) for part in parts)


def _again(one: Explanation, groups: int, sold: int | None) -> float:
    return one.again[_at(groups - 1, one.again)] if sold is None else one.sold[_at(sold, one.sold)]


def _at(index: int, row: Sequence[float]) -> int:
    """The last of a row stands for all more."""
    return min(index, len(row) - 1)


class _Tally:
    """How often each thing happened under one explanation, in shares of stamps."""

    def __init__(self, one: Explanation) -> None:
        self.stamps = 0.0
        self._reached = [0.0] * len(one.again)
        self._again = [0.0] * len(one.again)
        self._reached_sold = [0.0] * len(one.sold)
        self._again_sold = [0.0] * len(one.sold)
        self._move = [[0.0] * len(MOVES) for _ in Stay]
        self._gap = [[0.0] * (len(GAPS) + 1) for _ in MOVES]

    def add(self, one_life: Life, share: float) -> None:
        self.stamps += share
        for stop in one_life.stops:
            self._reach(stop.groups, stop.sold, share, 0.0)
        for step in one_life.steps:
            self._reach(step.groups, step.sold, share, share)
            if step.move is not None and step.gap is not None:
                self._move[step.stay][step.move] += share
                self._gap[step.move][step.gap] += share

    def _reach(self, groups: int, sold: int | None, share: float, again: float) -> None:
        if sold is None:
            self._reached[_at(groups - 1, self._reached)] += share
            self._again[_at(groups - 1, self._again)] += again
        else:
            self._reached_sold[_at(sold, self._reached_sold)] += share
            self._again_sold[_at(sold, self._again_sold)] += again

    def learned(self, one: Explanation, weight: float, strength: float, rein: float) -> Explanation:
        return Explanation(
            one.name,
            weight,
            _chances(one.again, self._again, self._reached, strength, rein),
            _chances(one.sold, self._again_sold, self._reached_sold, strength, rein),
            tuple(_row(row, n, strength, rein) for row, n in zip(one.move, self._move, strict=True)),
            tuple(_row(row, n, strength, rein) for row, n in zip(one.gap, self._gap, strict=True)),
        )


def _blend(prior: float, happened: float, of: float, strength: float) -> float:
    return (happened + strength * prior) / (of + strength)


def _reined(learned: float, prior: float, rein: float) -> float:
    return min(_MOST, prior * rein, max(prior / rein, learned))


def _chances(prior: Row, happened: Sequence[float], of: Sequence[float], strength: float, rein: float) -> Row:
    return tuple(
        _reined(_blend(p, n, reached, strength), p, rein)
        for p, n, reached in zip(prior, happened, of, strict=True)
    )


def _row(prior: Row, counts: Sequence[float], strength: float, rein: float) -> Row:
    """Chances of things of which one happens: where the rein holds some, the others move so that all add up to 1."""
    of = sum(counts)
    learned = [_blend(p, n, of, strength) for p, n in zip(prior, counts, strict=True)]

    def scaled(by: float) -> list[float]:
        return [_reined(by * chance, p, rein) for chance, p in zip(learned, prior, strict=True)]

    row = scaled(1.0)
    if not math.isclose(sum(row), 1):
        # The sum grows with the scale, from a `rein`-th to more than 1.
        low, high = 0.0, rein * max(p / chance for chance, p in zip(learned, prior, strict=True))
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if sum(scaled(middle)) < 1 else (low, middle)
        row = scaled(high)
    return tuple(chance / sum(row) for chance in row)
