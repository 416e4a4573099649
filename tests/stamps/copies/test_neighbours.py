"""Neighbours change little, and only by what a photograph cannot make."""

from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.copies.habits import priors
from temthat_stamps.copies.neighbours import FEWEST, MOST, Neighbours, count
from temthat_stamps.copies.state import State

LIMITS = priors().thresholds
FLOODED = State(score=30_000, suspect_at=1, suspect_check=5, groups=200, days=9, phones=100)
RUNG_UP_TWICE = State(score=9_000, suspect_at=1, suspect_check=5, groups=5, days=5, sales=2)


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_property_the_shift_is_bounded(scanned: int, evident: int) -> None:
    """Never below nothing, never above one nat."""
    assert 0 <= Neighbours(scanned, evident).shift(LIMITS) <= 1_000 * MOST


def test_flooded_stamps_do_not_speak_against_their_run() -> None:
    """An attacker with a hundred phones and many photographs changes no other stamp."""
    assert count([FLOODED] * 500, LIMITS).shift(LIMITS) == 0


def test_second_sales_in_a_run_do() -> None:
    """From the third on, unless the run is so large that as many are to be expected."""
    assert count([RUNG_UP_TWICE] * (FEWEST - 1), LIMITS).shift(LIMITS) == 0
    assert count([RUNG_UP_TWICE] * FEWEST, LIMITS).shift(LIMITS) > 0
    assert Neighbours(FEWEST * LIMITS.one_in, FEWEST).shift(LIMITS) == 0
