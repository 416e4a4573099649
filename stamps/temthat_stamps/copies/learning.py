"""Habits learned from an operator's own stamps, with the priors as starting point and rein. Pure.

Expectation and maximisation, a few rounds: each stamp that is not suspect is shared out among the ordinary
explanations as likely as they are, and its steps are counted in those shares. Each prior row weighs as much as
`strength` observations, and a learned chance stays within four times of its prior: a flood of scans cannot teach the
model that floods are ordinary. What copies do is not learned; operators have few confirmed ones.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from temthat_stamps.copies.events import ScanEvent
from temthat_stamps.copies.habits import GAPS, MOVES, Explanation, Habits, Row, Stay, priors
from temthat_stamps.copies.model import Model, Step
from temthat_stamps.copies.state import State

STRENGTH = 300.0
"""How many observations a prior row is worth."""
REIN = 4.0
"""How far a learned chance may be from its prior, as a factor."""
ROUNDS = 4


Life = tuple[int, Sequence[Step]]
"""How many groups a stamp had, and the steps between them."""


def learn(
    stamps: Iterable[Sequence[ScanEvent]], fallback: Habits | None = None, strength: float = STRENGTH
) -> Habits:
    """The habits of these stamps, each its events in order. For a product's habits pass the operator's as fallback."""
    base = fallback or priors()
    model = Model(base)
    found = (life(model, events) for events in stamps)
    lives = [(state.groups, steps) for state, steps in found if state.groups and not state.suspect_at]
    return replace(base, ordinary=fit(base.ordinary, lives, strength))


def life(model: Model, events: Iterable[ScanEvent]) -> tuple[State, list[Step]]:
    """What learning needs of one stamp: its state at the end and its steps."""
    state = State()
    steps = [step for event in events if (step := model.advance(state, event))]
    return state, steps


def fit(
    base: Sequence[Explanation],
    lives: Sequence[Life],
    strength: float = STRENGTH,
    rein: float = REIN,
    rounds: int = ROUNDS,
) -> tuple[Explanation, ...]:
    """Explanations of one kind fitted to whole lives, `base` being where they start and what holds them."""
    fitted = tuple(base)
    for _ in range(rounds):
        tallies = [_Tally(one) for one in base]
        for groups, steps in lives:
            for tally, share in zip(tallies, _explain(fitted, groups, steps), strict=True):
                tally.add(groups, steps, share)
        weights = [tally.stamps + strength * one.weight for tally, one in zip(tallies, base, strict=True)]
        fitted = tuple(
            tally.learned(one, weight / sum(weights), strength, rein)
            for tally, one, weight in zip(tallies, base, weights, strict=True)
        )
    return fitted


def _explain(side: Sequence[Explanation], groups: int, steps: Sequence[Step]) -> tuple[float, ...]:
    """How likely each explanation of a whole life is, its end included."""
    logs = []
    for one in side:
        log = math.log(one.weight * (1 - one.again[min(groups, len(one.again)) - 1]))
        for step in steps:
            log += math.log(one.again[min(step.groups, len(one.again)) - 1])
            if step.move is not None and step.gap is not None:
                log += math.log(one.move[step.stay][step.move] * one.gap[step.move][step.gap])
        logs.append(log)
    parts = [math.exp(log - max(logs)) for log in logs]
    return tuple(part / sum(parts) for part in parts)


class _Tally:
    """How often each thing happened under one explanation, in shares of stamps."""

    def __init__(self, one: Explanation) -> None:
        self.stamps = 0.0
        self._reached = [0.0] * len(one.again)
        self._again = [0.0] * len(one.again)
        self._move = [[0.0] * len(MOVES) for _ in Stay]
        self._gap = [[0.0] * (len(GAPS) + 1) for _ in MOVES]

    def add(self, groups: int, steps: Sequence[Step], share: float) -> None:
        self.stamps += share
        last = len(self._again) - 1
        for before in range(groups):
            self._reached[min(before, last)] += share
        for step in steps:
            self._again[min(step.groups - 1, last)] += share
            if step.move is not None and step.gap is not None:
                self._move[step.stay][step.move] += share
                self._gap[step.move][step.gap] += share

    def learned(self, one: Explanation, weight: float, strength: float, rein: float) -> Explanation:
        return Explanation(
            one.name,
            weight,
            tuple(
                _blend(p, n, of, strength, rein)
                for p, n, of in zip(one.again, self._again, self._reached, strict=True)
            ),
            tuple(_row(row, n, strength, rein) for row, n in zip(one.move, self._move, strict=True)),
            tuple(_row(row, n, strength, rein) for row, n in zip(one.gap, self._gap, strict=True)),
        )


def _blend(prior: float, happened: float, of: float, strength: float, rein: float) -> float:
    learned = (happened + strength * prior) / (of + strength)
    return min(0.97, prior * rein, max(prior / rein, learned))


def _row(prior: Row, counts: Sequence[float], strength: float, rein: float) -> Row:
    of = sum(counts)
    reined = [_blend(p, n, of, strength, rein) for p, n in zip(prior, counts, strict=True)]
    return tuple(chance / sum(reined) for chance in reined)
