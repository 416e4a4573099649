"""Fits the explanations of `priors.toml` to the simulation: `python -m bench.copies_fit` prints their rows.

Ordinary ones to genuine stamps with people's habits halved, as they are and doubled; copied ones to copies of one and
of many stamps. What is printed was rounded into the file by hand; the file, not this, is what the model knows.
"""

import sys
from collections.abc import Iterable

from bench.copies import Stamp, World
from temthat_stamps.copies.habits import MOVES, Explanation, priors
from temthat_stamps.copies.learning import Life, fit, life
from temthat_stamps.copies.model import Model
from temthat_stamps.copies.simulate.attacks import Attack

FACTORS = (0.5, 1.0, 2.0)
LONGEST = 15
"""Steps of a copied stamp that are looked at: what matters is how soon it is noticed."""


def main() -> int:
    """Draw, fit, print."""
    ordinary: list[Life] = []
    copied: list[Life] = []
    for factor in FACTORS:
        world = World(factor, 31)
        ordinary += _lives(world.genuine(20_000))
        copied += _lives(world.copies(Attack.ONE_SOURCE, 300))
        copied += _lives(world.copies(Attack.MANY_SOURCES, 100, phones=5))
    _show("ordinary", fit(priors().ordinary, ordinary, strength=30, rein=30, rounds=15))
    _show(
        "copied", fit(priors().copied, [(min(g, LONGEST), s[: LONGEST - 1]) for g, s in copied], 30, 30, 15)
    )
    return 0


def _lives(stamps: Iterable[Stamp]) -> list[Life]:
    model = Model()
    found = (life(model, events) for events in stamps)
    return [(state.groups, steps) for state, steps in found if state.groups]


def _show(kind: str, fitted: tuple[Explanation, ...]) -> None:
    for one in fitted:
        print(f"[{kind}.{one.name}]\nweight = {one.weight:.5f}")
        print("again =", [round(c, 3) for c in one.again])
        print("move =", [[round(c, 3) for c in row] for row in one.move])
        for move in MOVES:
            print(f"gap.{move.name.lower()} =", [round(c, 3) for c in one.gap[move]])


if __name__ == "__main__":
    sys.exit(main())
