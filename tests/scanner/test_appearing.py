"""Each stamp is read once for as long as it is held before the camera."""

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from temthat_scanner.appearing import ANOTHER, GONE, View

STEP = 0.125
LOOKS = st.lists(st.sets(st.sampled_from("ABC")), max_size=80)


def reads(looks: list[set[str]]) -> list[list[str]]:
    view = View()
    return [view.look(number * STEP, sorted(seen)) for number, seen in enumerate(looks)]


@given(LOOKS)
def test_what_is_read_was_seen_at_that_look_and_all_that_is_seen_was_read(looks: list[set[str]]) -> None:
    known: set[str] = set()
    for seen, read in zip(looks, reads(looks), strict=True):
        assert set(read) <= seen
        assert len(set(read)) == len(read)
        known |= set(read)
        assert seen <= known


@given(LOOKS)
def test_read_again_only_after_it_was_away(looks: list[set[str]]) -> None:
    """At least for the shorter time, in which every look missed it; after the longer one, for certain."""
    seen_last: dict[str, int] = {}
    for number, read in enumerate(reads(looks)):
        for text in looks[number]:
            if text in seen_last:
                missed_for = (number - 1 - (seen_last[text] + 1)) * STEP
                if text in read:
                    assert missed_for >= ANOTHER
                else:
                    assert missed_for < GONE
            seen_last[text] = number


def test_two_read_in_turns_are_two() -> None:
    """One frame shows the one sharp, the next the other."""
    assert list(chain(*reads([{"A"}, {"B"}] * 40))) == ["A", "B"]


def test_another_came_meanwhile() -> None:
    """The first is new again sooner than if nothing had come."""
    looks = 1 + round(ANOTHER / STEP)
    assert reads([{"A"}, *[{"B"}] * looks, {"A"}])[-1] == ["A"]
    assert reads([{"A"}, *[set[str]()] * looks, {"A"}])[-1] == []


def test_time_in_which_nobody_looked_is_no_absence() -> None:
    """A till that waited for the service looks again: the pack still lies there."""
    view = View()
    assert view.look(0.0, ["A"]) == ["A"]
    assert view.look(60.0, ["A"]) == []
    assert view.look(61.0, []) == []
    assert view.look(120.0, ["A"]) == []
