"""How packs and copied codes behave, as chances: read from `priors.toml`, or learned. Pure.

`Habits` are what a model is made of. They are frozen: a model with other habits is another model, and a stamp's score
goes on from where the old one left it.
"""

import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass
from enum import IntEnum
from functools import lru_cache
from importlib import resources
from typing import Any

from temthat_trace.places import provinces

HOUR, DAY = 3_600, 86_400
TOGETHER = 2 * HOUR
"""People who check at one place within this time stand around one pack, or one table."""
GAPS = (TOGETHER, DAY, 7 * DAY, 30 * DAY)
"""Ends of the first four of five classes of time between groups."""


class Move(IntEnum):
    """Where the next group is, seen from the last one."""

    SAME = 0
    NEAR = 1
    FAR = 2
    BACK = 3
    """At a place it had left: told apart from new places, however far."""
    HUB = 4
    """In a town where networks place phones that are elsewhere."""


class Stay(IntEnum):
    """How a stamp has moved so far: what the next move depends on."""

    NEVER_LEFT = 0
    SETTLED = 1
    JUST_JUMPED = 2
    IN_HUB = 3


MOVES = tuple(Move)
Row = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """One way a stamp's history comes about, with how common it is among the ordinary or the copied ones.

    `again[k-1]`: chance that another group comes after k (the last stands for all more); `sold[k]`: the same after k
    groups that came since the first sale; `move[stay]`: chances of the moves for a stamp that is `Stay`; `gap[move]`:
    chances of the five classes of time.
    """

    name: str
    weight: float
    again: Row
    sold: Row
    move: tuple[Row, ...]
    gap: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Single:
    """Chances of single things, beside (an ordinary pack, copies)."""

    sold_away: Row
    sold_twice: Row
    sold_returned: Row
    sold_elsewhere: Row
    till_after_sale: Row
    pin_again: Row
    after_last_day: Row
    outside_region: Row
    first_pin: Row


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds in nats on what steps may add, and what a visitor without a cookie counts."""

    least_step: float
    most_step: float
    most_held: float
    least_score: float
    doubtful_share: float
    doubtful_total: float


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where a score means something, in nats; `one_in`: one scanned stamp in this many is copied, before any check."""

    suspect: float
    alert: float
    alert_groups: int
    alert_days: int
    one_in: int


@dataclass(frozen=True, slots=True)
class Habits:
    """All that a model knows before it sees a stamp."""

    ordinary: tuple[Explanation, ...]
    copied: tuple[Explanation, ...]
    single: Single
    limits: Limits
    thresholds: Thresholds
    hubs: tuple[str, ...] = ()
    """Provinces in whose chief towns networks place phones that are elsewhere."""


@lru_cache(maxsize=1)
def priors() -> Habits:
    """The habits of `priors.toml`: what holds when an operator has no data of its own."""
    text = resources.files("temthat_stamps.copies").joinpath("priors.toml").read_text("utf-8")
    return habits_of(tomllib.loads(text))


def habits_text(habits: Habits) -> str:
    """Habits as JSON, to be stored with what they were learned from; `habits_of` gives them back to the last bit."""
    table = {
        "ordinary": {one.name: _table(one) for one in habits.ordinary},
        "copied": {one.name: _table(one) for one in habits.copied},
        "single": asdict(habits.single),
        "limits": asdict(habits.limits),
        "thresholds": asdict(habits.thresholds),
        "places": {"hubs": habits.hubs},
    }
    return json.dumps(table, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def habits_of(source: str | Mapping[str, Any]) -> Habits:
    """Habits from `habits_text`, or from the tables of a file like `priors.toml`.

    Raises `ValueError` where they are not whole, of another version's shape, or do not add up.
    """
    table = json.loads(source) if isinstance(source, str) else source
    try:
        made = Habits(
            tuple(_explanation(name, part) for name, part in table["ordinary"].items()),
            tuple(_explanation(name, part) for name, part in table["copied"].items()),
            Single(**{name: tuple(pair) for name, pair in table["single"].items()}),
            Limits(**table["limits"]),
            Thresholds(**table["thresholds"]),
            tuple(table["places"]["hubs"]),
        )
        _check(made)
    except KeyError as error:
        raise ValueError(f"{error} is missing") from error
    except (TypeError, AttributeError) as error:
        raise ValueError(f"not like priors.toml: {error}") from error
    return made


def _explanation(name: str, table: Mapping[str, Any]) -> Explanation:
    return Explanation(
        name,
        table["weight"],
        tuple(table["again"]),
        tuple(table["sold"]),
        tuple(map(tuple, table["move"])),
        tuple(tuple(table["gap"][move.name.lower()]) for move in MOVES),
    )


def _table(one: Explanation) -> dict[str, Any]:
    gap = {move.name.lower(): one.gap[move] for move in MOVES}
    return {"weight": one.weight, "again": one.again, "sold": one.sold, "move": one.move, "gap": gap}


def _check(habits: Habits) -> None:
    sums: list[Row] = [tuple(e.weight for e in side) for side in (habits.ordinary, habits.copied)]
    chances: list[float] = [chance for pair in astuple(habits.single) for chance in pair]
    for one in (*habits.ordinary, *habits.copied):
        sizes = [len(row) for row in one.move], [len(row) for row in one.gap]
        if not one.again or not one.sold or sizes != ([len(MOVES)] * len(Stay), [len(GAPS) + 1] * len(MOVES)):
            raise ValueError(f"{one.name}: a row has too few or too many chances")
        sums += [*one.move, *one.gap]
        chances += [*one.again, *one.sold]
    for row in sums:
        if not (abs(sum(row) - 1) <= 1e-6 and all(chance > 0 for chance in row)):
            raise ValueError(f"chances that are not positive or do not add up to 1: {row}")
    if not all(0 < chance < 1 for chance in chances):
        raise ValueError("a chance is not between 0 and 1")
    if not all(map(math.isfinite, (*astuple(habits.limits), *astuple(habits.thresholds)))):
        raise ValueError("a limit or threshold is no number")
    if unknown := set(habits.hubs) - set(provinces()):
        raise ValueError(f"{min(unknown)} is no province")
    if habits.thresholds.one_in < 2:
        raise ValueError("one_in must be 2 or more")
