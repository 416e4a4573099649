"""Habits learned from an operator's stamps: towards what they do, held by the priors, deaf to floods."""

import tomllib
from importlib import resources
from itertools import islice
from random import Random

import pytest

from temthat_stamps.copies.events import ScanEvent, read_event
from temthat_stamps.copies.habits import habits_of, priors
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.copies.learning import REIN, learn
from temthat_stamps.copies.simulate.assumptions import load
from temthat_stamps.copies.simulate.world import log_lines, stamps
from temthat_stamps.verdict import Asker


def world(factor: float, number: int) -> list[list[ScanEvent]]:
    found: dict[object, list[ScanEvent]] = {}
    for line in log_lines(islice(stamps(load().with_habits(factor), 11), number)):
        found.setdefault(line["stamp"], []).append(read_event(line))
    return list(found.values())


def test_without_data_the_priors_hold() -> None:
    """Nothing seen, nothing changed."""
    learned = learn([])
    for ours, prior in zip(learned.ordinary, priors().ordinary, strict=True):
        assert ours.again == pytest.approx(prior.again)
        assert ours.weight == pytest.approx(prior.weight)
    assert learned.copied == priors().copied


def test_more_checks_raise_the_chance_of_another_group() -> None:
    """People who check four times as often are learned to."""
    few, many = learn(world(0.5, 3_000)), learn(world(2, 3_000))
    assert many.ordinary[0].again[0] > few.ordinary[0].again[0]
    for learned in (few, many):
        assert sum(one.weight for one in learned.ordinary) == pytest.approx(1)
        for one in learned.ordinary:
            assert all(sum(row) == pytest.approx(1) for row in (*one.move, *one.gap))


def test_a_flood_teaches_little() -> None:
    """Stamps that are suspect are not learned from, and no chance moves beyond its rein."""
    draw = Random(1)
    flood = [
        [
            ScanEvent(1_780_000_000 + n * 9_000, Asker.CONSUMER, StampEventKind.CHECK, f"{s}-{draw.random()}")
            for n in range(40)
        ]
        for s in range(300)
    ]
    learned = learn(flood)
    for ours, prior in zip(learned.ordinary, priors().ordinary, strict=True):
        assert all(a <= p * REIN + 1e-9 for a, p in zip(ours.again, prior.again, strict=True))


def test_priors_that_are_no_chances_are_refused() -> None:
    """A slip in the file is found when it is read."""
    text = resources.files("temthat_stamps.copies").joinpath("priors.toml").read_text("utf-8")
    for change in (("weight = 0.932", "weight = 0.84"), ("[0.010, 0.600]", "[0.0, 0.600]")):
        with pytest.raises(ValueError, match="chance"):
            habits_of(tomllib.loads(text.replace(*change)))
