"""The simulated world: the same for the same seed, in time order, true to its assumptions."""

import json
from collections import Counter
from pathlib import Path

import pytest

from temthat_stamps.copies.events import read_event
from temthat_stamps.copies.simulate.assumptions import HABITS, load
from temthat_stamps.copies.simulate.attacks import Attack
from temthat_stamps.copies.simulate.world import log_lines, stamps


def test_a_seed_gives_the_same_world_again() -> None:
    """And another seed another one."""
    one, same, other = (json.dumps(list(log_lines(stamps(load(), seed, 0.01)))) for seed in (3, 3, 4))
    assert one == same
    assert one != other


def test_all_lines_are_events_in_time_order() -> None:
    """What is printed can be replayed: nothing refused, time never goes back."""
    lines = list(log_lines(stamps(load(), 1, 0.02, floods=1)))
    times = [read_event(line).at for line in lines]
    assert times == sorted(times)
    assert {line["truth"] for line in lines} == {"genuine", "copied"}


def test_every_attack_occurs_and_copies_are_as_many_as_assumed() -> None:
    """Numbers of copies lie within the file's bounds; a flooded stamp is a genuine one."""
    table = load().attacks
    world = list(stamps(load(), 2, 0.15, floods=2))
    attacks = Counter(stamp.attack for stamp in world)
    assert set(attacks) == set(Attack)
    for stamp in world:
        low, high = {
            Attack.ONE_SOURCE: table["copies_of_one"],
            Attack.MANY_SOURCES: table["copies_of_many"],
        }.get(stamp.attack, (0, 1))
        assert low <= stamp.copies <= high
        assert stamp.is_copied == (stamp.stamp[0] == "c")


def test_habits_are_what_people_do() -> None:
    """Doubling touches how often people check, and nothing of the trade."""
    plain, doubled = load(), load().with_habits(2)
    assert doubled.trade == plain.trade
    assert all(doubled.checks[name] == pytest.approx(2 * plain.checks[name]) for name in HABITS)
    assert doubled.checks["wrong_place"] == plain.checks["wrong_place"]


def test_shares_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    """A silent mistake in a file of one's own is said."""
    shipped = Path("stamps/temthat_stamps/copies/simulate/assumptions.toml").read_text("utf-8")
    mine = tmp_path / "mine.toml"
    mine.write_text(shipped.replace('"01" = 0.15', '"01" = 0.25'), "utf-8")
    with pytest.raises(ValueError, match="shares"):
        load(mine)
