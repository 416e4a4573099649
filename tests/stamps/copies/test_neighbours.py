"""Neighbours change little, and only by what a photograph cannot make."""

from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.copies.habits import priors
from temthat_stamps.copies.neighbours import FEWEST, MOST, Neighbours

LIMITS = priors().thresholds


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_property_the_shift_is_bounded(scanned: int, evident: int) -> None:
    """Never below nothing, never above one nat."""
    assert 0 <= Neighbours(scanned, evident).shift(LIMITS) <= 1_000 * MOST


def test_stamps_with_evidence_speak_against_their_run() -> None:
    """From the third on, unless the run is so large that as many are to be expected."""
    assert Neighbours(500, FEWEST - 1).shift(LIMITS) == 0
    assert Neighbours(500, FEWEST).shift(LIMITS) > 0
    assert Neighbours(FEWEST * LIMITS.one_in, FEWEST).shift(LIMITS) == 0
