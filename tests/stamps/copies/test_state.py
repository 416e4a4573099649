"""The state is small, constant and exact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.copies.places import Spot
from temthat_stamps.copies.state import FULL_BYTE, FULL_SIX_BITS, PLACES, SIZE, BadState, State

spots = st.builds(Spot, st.integers(-9_000, 9_000), st.integers(-18_000, 18_000))


def test_live_and_frozen_state_and_horizon_fit_two_hundred_bytes() -> None:
    """What is kept per scanned stamp: the live state, the frozen one, where the window begins."""
    assert 2 * SIZE + 4 <= 200


@given(
    st.lists(spots, max_size=9),
    st.lists(st.integers(1, 2**32 - 1), max_size=400),
    st.integers(-3_000, 32_000),
)
def test_property_encoding_gives_the_state_back(places: list[Spot], tags: list[int], score: int) -> None:
    """Whatever was met: the same size, the same state, and nobody forgotten."""
    state = State(score=score, likelihoods=(-5, 0, -9, -32_000, -7, -score % 100), held=score % 3_000)
    state.looked, state.jumped = score % 2, score // 2 % 2
    for spot in places:
        state.meet(spot)
    for tag in tags:
        state.remember(tag)
        state.count("groups")
        state.count("since_sale", FULL_SIX_BITS)
    assert len(state.encode()) == SIZE
    assert State.decode(state.encode()) == state
    assert all(state.has_seen(tag) for tag in (tags if len(tags) <= 30 else tags[-1:]))
    assert len(state.places) <= PLACES
    assert state.groups == min(len(tags), FULL_BYTE)


def test_few_visitors_are_told_apart() -> None:
    """By the tenth phone at most one in twenty new ones is taken for a known one."""
    state = State()
    for tag in range(1, 11):
        state.remember(tag * 2_654_435_761 % 2**32)
    taken = sum(state.has_seen(tag * 40_503 % 2**32) for tag in range(1_000, 3_000))
    assert taken / 2_000 < 0.05


@pytest.mark.parametrize(
    "data",
    [b"", b"\x01" + bytes(SIZE - 1), bytes(SIZE), b"\x02" * (SIZE - 1), b"\x02" + b"\xff" * (SIZE - 1)],
    ids=["none", "older", "no version", "short", "places"],
)
def test_other_bytes_are_refused(data: bytes) -> None:
    """Another version, another length, more places than there can be."""
    with pytest.raises(BadState):
        State.decode(data)
