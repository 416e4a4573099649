"""Fits the explanations of `priors.toml` to the simulation: `python -m bench.copies_fit` prints their rows.

Ordinary ones to genuine stamps with people's habits halved, as they are and doubled; copied ones to copies of one and
of many stamps. What is printed went into the file by hand, some of it changed there as the file says. The file, not
this, is what the model knows.
"""

import sys
from collections import Counter
from collections.abc import Iterable

from bench.copies import Stamp, World
from temthat_stamps.copies.habits import MOVES, Explanation, Row, priors
from temthat_stamps.copies.learning import Life, fit, life
from temthat_stamps.copies.model import Model
from temthat_stamps.copies.simulate.attacks import Attack

FACTORS = {0.5: 1, 1.0: 1, 2.0: 4}
"""People's habits, and how often each is counted: a model that expects many checks condemns less."""
ORDINARY_EVEN, COPIED_EVEN = 0.06, 0.02
"""How much of an even spread is mixed into each row: anything may happen once."""
LONGEST = 15
"""Steps of a copied stamp that are looked at: what matters is how soon it is noticed."""


def main() -> int:
    """Draw, fit, print."""
    ordinary: Counter[Life] = Counter()
    copied: Counter[Life] = Counter()
    for factor, weight in FACTORS.items():
        world = World(factor, 31)
        for found, number in _lives(world.genuine(40_000)).items():
            ordinary[found] += weight * number
        for kind, copies, phones in ((Attack.ONE_SOURCE, 600, 1), (Attack.MANY_SOURCES, 200, 5)):
            for found, number in _lives(world.copies(kind, copies, phones)).items():
                copied[_beginning(found)] += weight * number
    _show("ordinary", fit(priors().ordinary, ordinary, strength=30, rein=30, rounds=15), ORDINARY_EVEN)
    _show("copied", fit(priors().copied, copied, strength=30, rein=30, rounds=15), COPIED_EVEN)
    return 0


def _lives(stamps: Iterable[Stamp]) -> Counter[Life]:
    model = Model()
    found = (life(model, events) for events in stamps)
    return Counter(one for state, one in found if state.groups)


def _beginning(copied: Life) -> Life:
    """A sale ends nothing for copies: others are still on their shelves."""
    if len(copied.steps) >= LONGEST - 1:
        return Life((), copied.steps[: LONGEST - 1])
    return Life(copied.stops[-1:], copied.steps)


def _show(kind: str, fitted: tuple[Explanation, ...], even: float) -> None:
    def shown(row: Row) -> list[float]:
        return [round((1 - even) * chance + even / len(row), 3) for chance in row]

    for one in fitted:
        print(f"[{kind}.{one.name}]\nweight = {one.weight:.5f}")
        print("again =", [round(c, 3) for c in one.again])
        print("sold =", [round(c, 3) for c in one.sold])
        print("move =", [shown(row) for row in one.move])
        for move in MOVES:
            print(f"gap.{move.name.lower()} =", shown(one.gap[move]))


if __name__ == "__main__":
    sys.exit(main())
