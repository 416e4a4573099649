"""Habits learned from an operator's own stamps, with the priors as starting point and rein. Pure.

Expectation and maximisation, a few rounds: each stamp that is not suspect is shared out among the ordinary
explanations as likely as they are, and its steps are counted in those shares. Each prior row weighs as much as
`strength` observations, and a learned chance stays within four times of its prior: a flood of scans cannot teach the
model that floods are ordinary. What copies do is not learned; operators have few confirmed ones.
"""

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


def learn(
    stamps: Iterable[Sequence[ScanEvent]],
    fallback: Habits | None = None,
    strength: float = STRENGTH,
    rounds: int = ROUNDS,
) -> Habits:
    """The habits of these stamps, each its events in order. For a product's habits pass the operator's as fallback."""
    base = fallback or priors()
    model = Model(base)
    lives = []
    for events in stamps:
        state = State()
        steps = [step for event in events if (step := model.advance(state, event))]
        if state.groups and not state.suspect_at:
            lives.append((state, steps))
    learned = base
    for _ in range(rounds):
        learned = _round(Model(learned), lives, base, strength)
    return learned


def _round(model: Model, lives: list[tuple[State, list[Step]]], base: Habits, strength: float) -> Habits:
    tallies = [_Tally(one) for one in base.ordinary]
    for state, steps in lives:
        for tally, share in zip(tallies, model.explain(state.groups, steps), strict=True):
            tally.add(state.groups, steps, share)
    weights = [
        tally.stamps + strength * one.weight for tally, one in zip(tallies, base.ordinary, strict=True)
    ]
    return replace(
        base,
        ordinary=tuple(
            tally.learned(one, weight / sum(weights), strength)
            for tally, one, weight in zip(tallies, base.ordinary, weights, strict=True)
        ),
    )


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

    def learned(self, one: Explanation, weight: float, strength: float) -> Explanation:
        return Explanation(
            one.name,
            weight,
            tuple(
                _blend(p, n, of, strength)
                for p, n, of in zip(one.again, self._again, self._reached, strict=True)
            ),
            tuple(_row(row, n, strength) for row, n in zip(one.move, self._move, strict=True)),
            tuple(_row(row, n, strength) for row, n in zip(one.gap, self._gap, strict=True)),
        )


def _blend(prior: float, happened: float, of: float, strength: float) -> float:
    learned = (happened + strength * prior) / (of + strength)
    return min(0.97, prior * REIN, max(prior / REIN, learned))


def _row(prior: Row, counts: Sequence[float], strength: float) -> Row:
    of = sum(counts)
    reined = [_blend(p, n, of, strength) for p, n in zip(prior, counts, strict=True)]
    return tuple(chance / sum(reined) for chance in reined)
