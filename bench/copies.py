"""How well copies are told from ordinary use, on simulated stamps: rates, delays, habits, floods, cost, state.

`python -m bench.copies` measures at full size and writes the tables of docs/copies.md and the curves beside it;
`--small` only shows that it runs. The bound is what a classifier reaches that was trained on the simulation's truth.
"""

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from bench.copies_bound import bound, may_count
from bench.copies_curves import Curve, draw
from temthat_stamps.copies.events import ScanEvent
from temthat_stamps.copies.habits import Habits, priors
from temthat_stamps.copies.history import History
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.copies.learning import learn
from temthat_stamps.copies.measure import Course, caught_by, course, share_above
from temthat_stamps.copies.model import Model
from temthat_stamps.copies.opinion import evidence
from temthat_stamps.copies.places import of_province
from temthat_stamps.copies.simulate.assumptions import load
from temthat_stamps.copies.simulate.attacks import Attack, Attacks
from temthat_stamps.copies.simulate.lives import Lives, Row
from temthat_stamps.copies.state import SIZE
from temthat_stamps.verdict import Asker

DOCS = Path(__file__).parents[1] / "docs" / "copies.md"
BEGIN, END = "<!-- bench.copies: begin -->", "<!-- bench.copies: end -->"
CURVES = DOCS.parent / "pictures" / "copies.svg"
THRESHOLDS = (6.0, 6.5, 7.0, 7.5, 8.0, 8.5, 9.0, 10.0, 11.0)
EMVS_PER_MILLION = 2_100
"""0.21 % of scans in 2021, by its operator's own account."""
HEAD = (
    "| {} | genuine suspects per 10,000 | 20+ copies, by 5th phone | by 7th | 5 to 19 copies, by 10th |\n"
    "|---|---|---|---|---|"
)
SAMPLE = 20_000
"""Genuine stamps whose events are scored once more, for the time."""
_spot = cache(of_province)
Stamp = list[ScanEvent]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many stamps of each kind."""

    genuine: int
    one_source: int
    many_sources: int
    floods: int


FULL, SMALL = Sizes(400_000, 3_000, 400, 200), Sizes(1_500, 40, 5, 5)


class World:
    """Stamps under people's habits times `factor`, drawn one at a time; no shop has a `till`, if told so."""

    def __init__(self, factor: float, seed: int, tills: bool = True) -> None:
        assumptions = load().with_habits(factor)
        if not tills:
            assumptions = replace(assumptions, checks={**assumptions.checks, "till": 0.0})
        self._lives = Lives(assumptions, random.Random(seed))
        self._attacks = Attacks(self._lives)

    def genuine(self, number: int) -> Iterator[Stamp]:
        return map(_events, islice(self._lives.packs(), number))

    def copies(self, kind: Attack, number: int, phones: int = 1) -> list[Stamp]:
        """Attacked stamps that so many phones checked."""
        found: list[Stamp] = []
        while len(found) < number:
            events = _events(self._attacks.copies(kind).rows)
            if len({e.visitor for e in events if e.kind is Asker.CONSUMER and e.visitor}) >= phones:
                found.append(events)
        return found

    def others(self, kind: Attack, number: int) -> list[Stamp]:
        return [_events(self._attacks.checked(kind).rows) for _ in range(number)]

    def floods(self, number: int, provinces: int) -> list[Stamp]:
        self._lives.assumptions.flood["provinces"] = provinces
        return [_events(self._attacks.flood()) for _ in range(number)]


def _events(rows: list[Row]) -> Stamp:
    events = [
        ScanEvent(
            int(str(row["at"])),
            Asker(str(row["kind"])),
            StampEventKind(str(row["event"])),
            None if row["visitor"] is None else str(row["visitor"]),
            None if row["place"] is None else _spot(str(row["place"])),
        )
        for row in rows
    ]
    return sorted(events, key=lambda event: event.order)


@dataclass
class Study:
    """What one world gave."""

    genuine: list[Course]
    one_source: list[Course]
    many_sources: list[Course]

    def row(self, name: str, threshold: float) -> str:
        at = (share_above(self.genuine, threshold) * 10_000,)
        fifth, _ = caught_by(self.one_source, 5, threshold)
        seventh, _ = caught_by(self.one_source, 7, threshold)
        tenth, _ = caught_by(self.many_sources, 10, threshold)
        return f"| {name} | {at[0]:.2f} | {fifth:.1%} | {seventh:.1%} | {tenth:.1%} |"


def study(habits: Habits, genuine: Sequence[Stamp], one: Sequence[Stamp], many: Sequence[Stamp]) -> Study:
    model = Model(habits)
    return Study(*([course(model, events) for events in stamps] for stamps in (genuine, one, many)))


@dataclass
class Measured:
    """The main world: all courses, and the events of the genuine stamps that the bound needs and of some others."""

    study: Study
    checks: int
    close: list[tuple[Stamp, Course]]
    sample: list[Stamp]
    copied: list[tuple[Stamp, Course]]


def _main_world(world: World, sizes: Sizes) -> Measured:
    model = Model()
    genuine: list[Course] = []
    close: list[tuple[Stamp, Course]] = []
    sample: list[Stamp] = []
    checks = 0
    for events in world.genuine(sizes.genuine):
        genuine.append(way := course(model, events))
        checks += _checks(events)
        if may_count(way):
            close.append((events, way))
        if len(sample) < SAMPLE:
            sample.append(events)
    one = world.copies(Attack.ONE_SOURCE, sizes.one_source)
    many = world.copies(Attack.MANY_SOURCES, sizes.many_sources, phones=10)
    copied = [(events, course(model, events)) for events in one]
    found = Study(genuine, [way for _, way in copied], [course(model, events) for events in many])
    return Measured(found, checks, close, sample, copied)


def measure(sizes: Sizes) -> tuple[list[dict[str, Any]], str, str]:
    """The figures, the tables of docs/copies.md, and its curves as SVG."""
    threshold = priors().thresholds.suspect
    world = World(1.0, 1)
    main = _main_world(world, sizes)
    lines = [
        f"{sizes.genuine:,} genuine scanned stamps, {sizes.one_source:,} and {sizes.many_sources:,} copied.",
        "",
    ]
    lines += [HEAD.format("threshold, nats")] + [main.study.row(f"{at}", at) for at in THRESHOLDS] + [""]
    lines += [HEAD.format("habits, at the threshold")]
    for factor in (0.5, 1.0, 2.0):
        lines += _habit_rows(f"times {factor:g}", World(factor, 7), sizes, threshold)
    lines += _habit_rows("no shop has a till", World(1.0, 7, tills=False), sizes, threshold)
    lines += ["", *_others(world, sizes, main.study, main.checks)]
    lines += ["", *bound(sizes.genuine, main.close, main.copied)]
    return _figures(main.study, threshold, main.sample), "\n".join(lines), _curves(main.study, threshold)


def _curves(main: Study, threshold: float) -> str:
    """How many copied stamps are caught, against how many genuine ones are ever suspect, as the threshold moves."""
    nats = [step / 10 for step in range(40, 121)]

    def curve(name: str, courses: Sequence[Course], phone: int) -> Curve:
        points = [
            (10_000 * share_above(main.genuine, at), 100 * caught_by(courses, phone, at)[0])
            for at in (*nats, threshold)
        ]
        return Curve(name, sorted(set(points[:-1])), points[-1])

    curves = [curve(f"20+ copies, {n}th phone", main.one_source, n) for n in (4, 5, 7)]
    return draw([*curves, curve("5 to 19 copies, 10th phone", main.many_sources, 10)])


def _habit_rows(world_name: str, world: World, sizes: Sizes, threshold: float) -> Iterator[str]:
    genuine = list(world.genuine(sizes.genuine // 2))
    one = world.copies(Attack.ONE_SOURCE, max(1, sizes.one_source // 2))
    many = world.copies(Attack.MANY_SOURCES, max(1, sizes.many_sources // 3), phones=10)
    taught = len(genuine) // 4
    for name, habits in (("priors", priors()), ("learned", learn(genuine[:taught]))):
        yield study(habits, genuine[taught:], one, many).row(f"{world_name}, {name}", threshold)


def _others(world: World, sizes: Sizes, main: Study, checks: int) -> Iterator[str]:
    model, limits = Model(), priors().thresholds
    suspects = sum(1 for c in main.genuine if c.state.suspect_at)
    alerts = sum(1 for c in main.genuine if evidence(c.state, limits))
    million = checks / 1_000_000
    yield "| per million checks of genuine stamps | |\n|---|---|"
    yield f"| stamps that become suspect (a shopper reads: compare, enter the PIN) | {suspects / million:.0f} |"
    yield f"| stamps that may raise an alert (a person is told) | {alerts / million:.0f} |"
    yield f"| EMVS 2021, alerts | {EMVS_PER_MILLION:,} |"
    yield ""
    yield "| other attacks | suspect | may alert |\n|---|---|---|"
    kinds = {
        "20 or more copies of one stamp": [c.state for c in main.one_source],
        "used packs filled again, once": _states(model, world.others(Attack.EMPTIES, sizes.floods)),
        "unused stamps of a stolen roll": _states(model, world.others(Attack.ROLL_THEFT, sizes.floods)),
        "genuine, flooded by 100 phones in a day from one province": _states(
            model, world.floods(sizes.floods, 1)
        ),
        "genuine, flooded by 100 phones in a day that claim many provinces": _states(
            model, world.floods(sizes.floods, 34)
        ),
    }
    for name, states in kinds.items():
        suspect = sum(1 for s in states if s.suspect_at) / len(states)
        alert = sum(1 for s in states if evidence(s, limits)) / len(states)
        yield f"| {name} | {suspect:.1%} | {alert:.1%} |"


def _states(model: Model, stamps: Sequence[Stamp]) -> list[Any]:
    return [course(model, events).state for events in stamps]


def _checks(events: Stamp) -> int:
    return sum(1 for event in events if event.event is StampEventKind.CHECK)


def _figures(main: Study, threshold: float, sample: Sequence[Stamp]) -> list[dict[str, Any]]:
    """The lines others read. Goals: 1 in 10,000; 0.60 and 0.90; 0.60; 200 bytes."""
    fifth, seventh = (caught_by(main.one_source, phone, threshold)[0] for phone in (5, 7))
    tenth, _ = caught_by(main.many_sources, 10, threshold)
    model = Model()
    start, events = time.process_time(), 0
    for stamp in sample:
        history = History(model)
        for event in stamp:
            history.add(event)
            events += 1
    each = (time.process_time() - start) / events

    def figure(name: str, value: float, unit: str, goal: float | None = None) -> dict[str, Any]:
        ratio = value / goal if goal and value else None
        return {
            "name": name,
            "value": value,
            "unit": unit,
            "baseline": goal and f"goal {goal:g}",
            "ratio": ratio,
        }

    false = share_above(main.genuine, threshold) * 10_000
    return [
        figure(
            "copies: genuine stamps ever suspect (one more counted)",
            false + 10_000 / len(main.genuine),
            "per 10,000",
            1.0,
        ),
        figure("copies: 20+ copies caught by the 5th phone", fifth * 100, "%", 60),
        figure("copies: 20+ copies caught by the 7th phone", seventh * 100, "%", 90),
        figure("copies: 5 to 19 copies caught by the 10th phone", tenth * 100, "%", 60),
        figure("copies: state, live and frozen", 2 * SIZE + 4, "bytes", 200),
        figure("copies: one event scored", each * 1e6, "CPU-us"),
    ]


def figures(small: bool) -> list[dict[str, Any]]:
    """For `python -m bench`."""
    return measure(SMALL if small else FULL)[0]


def main() -> int:
    """Measure and write the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.copies", description=__doc__)
    parser.add_argument("--small", action="store_true", help="only see that it runs; prints, writes nothing")
    arguments = parser.parse_args()
    found, tables, curves = measure(SMALL if arguments.small else FULL)
    for figure in found:
        print(f"{figure['name']}: {figure['value']:,.2f} {figure['unit']}")
    print(tables)
    if not arguments.small:
        CURVES.write_text(curves, "utf-8")
        before, rest = DOCS.read_text("utf-8").split(BEGIN)
        DOCS.write_text(f"{before}{BEGIN}\n{tables}\n{END}{rest.split(END)[1]}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
