"""Habits learned from an operator's stamps: towards what they do, held by the priors, deaf to floods."""

import tomllib
from dataclasses import replace
from importlib import resources
from itertools import islice
from random import Random

import pytest

from temthat_stamps.copies.events import ScanEvent, read_event
from temthat_stamps.copies.habits import DAY, Move, habits_of, priors
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.copies.learning import REIN, STRENGTH, fit, learn, life
from temthat_stamps.copies.model import Model
from temthat_stamps.copies.places import of_province
from temthat_stamps.copies.simulate.assumptions import load
from temthat_stamps.copies.simulate.world import log_lines, stamps
from temthat_stamps.verdict import Asker

START = 1_780_000_000


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
            ScanEvent(START + n * 9_000, Asker.CONSUMER, StampEventKind.CHECK, f"{s}-{draw.random()}")
            for n in range(40)
        ]
        for s in range(300)
    ]
    learned = learn(flood)
    for ours, prior in zip(learned.ordinary, priors().ordinary, strict=True):
        assert all(a <= p * REIN + 1e-9 for a, p in zip(ours.again, prior.again, strict=True))


def test_one_thing_all_the_time_stays_within_the_rein() -> None:
    """A product whose packs are seen by two towns in turns: nothing in any row moves further, and rows add up to 1."""
    there, away = of_province("79"), of_province("38")
    lives = [
        [
            ScanEvent(START + n + k * 20 * DAY, Asker.CONSUMER, StampEventKind.CHECK, f"{n}-{k}", spot)
            for k, spot in enumerate((there, away, there))
        ]
        for n in range(3_000)
    ]
    home, prior = learn(lives).ordinary[0], priors().ordinary[0]
    for ours, before in zip((*home.move, *home.gap), (*prior.move, *prior.gap), strict=True):
        assert sum(ours) == pytest.approx(1)
        assert all(p / REIN - 1e-9 <= a <= p * REIN + 1e-9 for a, p in zip(ours, before, strict=True))
    assert home.gap[Move.FAR] != pytest.approx(prior.gap[Move.FAR])


def test_priors_that_are_no_chances_are_refused() -> None:
    """A slip in the file is found when it is read."""
    text = resources.files("temthat_stamps.copies").joinpath("priors.toml").read_text("utf-8")
    for change in (("weight = 0.932", "weight = 0.84"), ("[0.010, 0.600]", "[0.0, 0.600]")):
        with pytest.raises(ValueError, match="chance"):
            habits_of(tomllib.loads(text.replace(*change)))


def test_stamps_that_lived_alike_are_counted_together() -> None:
    """Each life ten times over is learned as with a tenth of the priors' strength."""
    found = world(1, 400)
    tenfold = learn(found * 10)
    light = learn(found, strength=STRENGTH / 10)
    for ours, theirs in zip(tenfold.ordinary, light.ordinary, strict=True):
        assert ours.again == pytest.approx(theirs.again)
        assert ours.sold == pytest.approx(theirs.sold)
        assert ours.gap[0] == pytest.approx(theirs.gap[0])


def test_what_happens_after_a_sale_is_learned_apart() -> None:
    """A product whose every buyer checks: after the sale another group is nearly certain, after that it is not."""
    spot = of_province("38")
    lives = [
        [
            ScanEvent(START + n, Asker.CONSUMER, StampEventKind.CHECK, f"s{n}", spot),
            ScanEvent(START + n + DAY, Asker.TILL, StampEventKind.SOLD, "till", spot),
            ScanEvent(START + n + 5 * DAY, Asker.CONSUMER, StampEventKind.CHECK, f"b{n}", spot),
        ]
        for n in range(3_000)
    ]
    home, prior = learn(lives).ordinary[0], priors().ordinary[0]
    assert home.sold[0] > 3 * prior.sold[0]
    assert home.sold[1] < prior.sold[1]
    assert home.again[0] < prior.again[0]


def test_what_copies_explain_better_teaches_less() -> None:
    """Stamps on their way to suspicion are shared with the copied explanations, as far as those are believed."""
    model, base = Model(), priors()
    towns = [of_province(code) for code in ("46", "92", "40", "12")]
    events = [
        ScanEvent(START + k * 6 * DAY, Asker.CONSUMER, StampEventKind.CHECK, f"c{k}", towns[k])
        for k in range(3)
    ]
    state, lived = life(model, events)
    assert not state.suspect_at
    alone = fit(base.ordinary, {lived: 100})
    rare = [replace(one, weight=one.weight / 100) for one in base.copied]
    beside = fit(base.ordinary, {lived: 100}, beside=rare)
    assert base.ordinary[0].again[1] < beside[0].again[1] < alone[0].again[1]
