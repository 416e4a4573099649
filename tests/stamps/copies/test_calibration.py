"""Chances against outcomes: right where chances come true, honest where there is little to go by."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.copies.calibration import (
    ENDS,
    Bin,
    Outcome,
    bins,
    outcome,
    per_million,
    share_of,
)
from temthat_stamps.copies.habits import priors
from temthat_stamps.copies.state import State


def test_nothing_found_says_nothing() -> None:
    """No outcome yet: empty bins and no figure, not a perfect one."""
    assert [(one.number, one.said, one.found) for one in bins([])] == [(0, None, None)] * (len(ENDS) + 1)
    assert per_million(0, 0) is None


def test_one_outcome_is_far_from_enough() -> None:
    """One confirmed stamp: the interval is nearly everything."""
    (only,) = [one for one in bins([Outcome(0.97, True)]) if one.number]
    assert (only.low, only.high, only.said, only.confirmed) == (0.95, 0.99, 0.97, 1)
    assert only.found is not None
    assert only.found.value == 1
    assert only.found.low < 0.3
    assert fits(only)


def fits(one: Bin) -> bool:
    """Whether what was said lies in the interval of what was found."""
    assert one.said is not None
    assert one.found is not None
    return one.found.low <= one.said <= one.found.high


def test_chances_that_come_true_fit_and_others_do_not() -> None:
    """Four thousand stamps drawn by their own chances, and the same with chances turned around."""
    draw = Random(5)
    chances = [draw.random() for _ in range(4_000)]
    true = [Outcome(chance, draw.random() < chance) for chance in chances]
    right, wrong = bins(true), bins([Outcome(1 - o.chance, o.copied) for o in true])
    assert sum(map(fits, right)) >= len(right) - 1
    assert sum(map(fits, wrong)) <= 1


@given(st.lists(st.builds(Outcome, st.floats(0, 1), st.booleans()), max_size=60))
def test_property_every_outcome_is_in_one_bin(outcomes: list[Outcome]) -> None:
    """Ends included; shares lie inside their intervals, intervals between 0 and 1."""
    found = bins(outcomes)
    assert sum(one.number for one in found) == len(outcomes)
    assert sum(one.confirmed for one in found) == sum(one.copied for one in outcomes)
    for one in found:
        if one.found:
            assert 0 <= one.found.low <= one.found.value <= one.found.high <= 1


def test_what_is_no_chance_is_refused() -> None:
    """Above one, or no number at all."""
    for wrong in (1.2, -0.1, float("nan")):
        with pytest.raises(ValueError, match="no chance"):
            bins([Outcome(wrong, True)])


def test_known_intervals() -> None:
    """Wilson's for 3 of 10 and Byar's for 10 events, as in tables: 0.108 to 0.603, and 4.8 to 18.4."""
    share = share_of(3, 10)
    assert share.low == pytest.approx(0.1078, abs=1e-3)
    assert share.high == pytest.approx(0.6032, abs=1e-3)
    rate = per_million(10, 1_000_000)
    assert rate is not None
    assert rate.value == 10
    assert rate.low == pytest.approx(4.8, abs=0.1)
    assert rate.high == pytest.approx(18.4, abs=0.1)
    none = per_million(0, 2_000_000)
    assert none is not None
    assert (none.value, none.low) == (0, 0)
    assert none.high == pytest.approx(3.69 / 2, abs=0.1)


def test_a_states_chance_is_that_of_its_score() -> None:
    """The prior chance at a score of 0; nearly sure at 20 nats."""
    thresholds = priors().thresholds
    assert outcome(State(), thresholds, False).chance == pytest.approx(1 / thresholds.one_in)
    assert outcome(State(score=20_000), thresholds, True).chance > 0.999
