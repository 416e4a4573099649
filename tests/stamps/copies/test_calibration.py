"""Chances against outcomes: right where chances come true, honest where there is little to go by."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.copies.calibration import (
    ENDS,
    Outcome,
    calibration,
    outcome,
    per_million,
    share_of,
)
from temthat_stamps.copies.habits import priors
from temthat_stamps.copies.state import State


def test_nothing_found_says_nothing() -> None:
    """No outcome yet: empty bins and no figure, not a perfect one."""
    found = calibration([])
    assert (found.number, found.brier, found.brier_of_share) == (0, None, None)
    assert not found.is_enough
    assert [one.found for one in found.bins] == [None] * (len(ENDS) + 1)
    assert per_million(0, 0) is None


def test_one_outcome_is_far_from_enough() -> None:
    """One confirmed stamp: the interval is nearly everything."""
    (only,) = [one for one in calibration([Outcome(0.97, True)]).bins if one.number]
    assert (only.low, only.high, only.said, only.confirmed) == (0.95, 0.99, 0.97, 1)
    assert only.found is not None
    assert only.found.value == 1
    assert only.found.low < 0.3
    assert only.fits is True


def test_chances_that_come_true_fit_and_others_do_not() -> None:
    """Four thousand stamps drawn by their own chances, and the same with chances turned around."""
    draw = Random(5)
    chances = [draw.random() for _ in range(4_000)]
    true = [Outcome(chance, draw.random() < chance) for chance in chances]
    right, wrong = calibration(true), calibration([Outcome(1 - o.chance, o.copied) for o in true])
    assert right.is_enough
    assert sum(one.fits is True for one in right.bins) >= len(right.bins) - 1
    assert sum(one.fits is False for one in wrong.bins) >= len(wrong.bins) - 1
    assert right.brier is not None
    assert right.brier == pytest.approx(1 / 6, abs=0.01)
    assert right.brier_of_share is not None
    assert wrong.brier is not None
    assert right.brier < right.brier_of_share < wrong.brier


@given(st.lists(st.builds(Outcome, st.floats(0, 1), st.booleans()), max_size=60))
def test_property_every_outcome_is_in_one_bin(outcomes: list[Outcome]) -> None:
    """Ends included; shares lie inside their intervals, intervals between 0 and 1."""
    found = calibration(outcomes)
    assert sum(one.number for one in found.bins) == len(outcomes)
    assert sum(one.confirmed for one in found.bins) == found.confirmed
    for one in found.bins:
        if one.found:
            assert 0 <= one.found.low <= one.found.value <= one.found.high <= 1


def test_what_is_no_chance_is_refused() -> None:
    """Above one, or no number at all."""
    for wrong in (1.2, -0.1, float("nan")):
        with pytest.raises(ValueError, match="no chance"):
            calibration([Outcome(wrong, True)])


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
