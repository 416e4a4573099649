"""A small run of what bench/copies.py measures at full size: the rates the thresholds were set for, with room."""

from collections.abc import Iterator

from temthat_stamps.copies.events import read_event
from temthat_stamps.copies.habits import priors
from temthat_stamps.copies.measure import Course, caught_by, course, share_above
from temthat_stamps.copies.model import Model
from temthat_stamps.copies.opinion import evidence
from temthat_stamps.copies.simulate.assumptions import load
from temthat_stamps.copies.simulate.attacks import Attack
from temthat_stamps.copies.simulate.world import SimulatedStamp, log_lines, stamps


def courses(world: Iterator[SimulatedStamp]) -> Iterator[tuple[Attack, Course]]:
    model = Model()
    for stamp in world:
        yield stamp.attack, course(model, map(read_event, log_lines(iter([stamp]))))


def test_copies_are_caught_and_genuine_stamps_are_not() -> None:
    """6,000 genuine stamps, 240 attacked: none of the first, and most copied often by the fifth and seventh phone."""
    threshold = priors().thresholds.suspect
    found: dict[Attack, list[Course]] = {}
    for attack, way in courses(stamps(load(), 4, 0.3, floods=20)):
        found.setdefault(attack, []).append(way)
    assert share_above(found[Attack.NONE], threshold) <= 1 / 6_000
    fifth, of = caught_by(found[Attack.ONE_SOURCE], 5, threshold)
    assert of > 40
    assert fifth >= 0.6
    assert caught_by(found[Attack.ONE_SOURCE], 7, threshold)[0] >= 0.85
    assert not any(evidence(way.state, priors().thresholds) for way in found[Attack.FLOOD])
