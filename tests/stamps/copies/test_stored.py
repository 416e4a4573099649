"""What is stored goes on as the history does, to the last byte, reading events only where it has to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.copies.events import EVENTS_OF, ScanEvent
from temthat_stamps.copies.habits import DAY
from temthat_stamps.copies.history import STRIDE, WINDOW, History, frozen_until
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.copies.model import Goods, Model
from temthat_stamps.copies.places import of_province
from temthat_stamps.copies.state import SIZE, BadState, State, suspect_since
from temthat_stamps.copies.stored import (
    NOTHING,
    Scoring,
    Stored,
    begin,
    close,
    gained,
    go_on,
    rebuild,
    wanted,
)
from temthat_stamps.verdict import Asker

START = 1_780_000_000
SCORING = Scoring(Model(), Goods(START + 5 * DAY))
END = frozen_until(START) + STRIDE - START
"""From the start to where the next frozen state ends."""
SPOTS = [None, *(of_province(code) for code in ("01", "33", "79"))]
KINDS = [(Asker.CONSUMER, StampEventKind.CHECK)] * 9 + [
    (kind, event) for kind in Asker for event in sorted(EVENTS_OF[kind] - {StampEventKind.APPLIED})
]


@st.composite
def arrivals(draw: st.DrawFn, days: int = 50) -> list[list[ScanEvent]]:
    """Groups in the order they arrive: nearly in time, up to a week late, or in no order, and now and then twice."""
    times = draw(st.lists(st.integers(0, days * 8).map(lambda n: n * DAY // 8), max_size=25))
    events = [
        ScanEvent(
            START + at,
            *draw(st.sampled_from(KINDS)),
            draw(st.none() | st.sampled_from("abcdefgh")),
            draw(st.sampled_from(SPOTS)),
            str(number),
        )
        for number, at in enumerate(times)
    ]
    late = draw(st.sampled_from([0, 0, DAY, WINDOW, 5 * WINDOW]))
    delays = draw(st.lists(st.integers(0, late), min_size=len(events), max_size=len(events)))
    order = [event for _, event in sorted(zip(delays, events, strict=True), key=lambda p: p[1].at + p[0])]
    groups: list[list[ScanEvent]] = []
    while order:
        size = draw(st.sampled_from([1, 1, 1, 2, 5]))
        groups.append(order[:size])
        order = order[size:]
    return groups


def oldest(events: list[ScanEvent]) -> int | None:
    """As the columns of the first check and the first sale tell it."""
    told = (StampEventKind.CHECK, StampEventKind.SOLD)
    return min((event.at for event in events if event.event in told), default=None)


@given(arrivals())
def test_property_it_goes_on_as_the_history_does(groups: list[list[ScanEvent]]) -> None:
    """After every group the same live and frozen state and the same horizon."""
    history = History(SCORING.model, SCORING.goods)
    stored, told = NOTHING, list[ScanEvent]()
    for group in groups:
        before = list(told)
        told += group
        if stored == NOTHING:
            stored = begin(SCORING, group)
        else:
            since, until = wanted(stored, group)
            retained = [event for event in before if since <= event.at < until]
            stored = go_on(SCORING, stored, group, oldest(told)) or rebuild(SCORING, stored, group, retained)
        for event in group:
            history.add(event)
        frozen = history.frozen.encode()
        expected = Stored(
            history.live.encode(), None if frozen == State().encode() else frozen, history.horizon
        )
        assert stored == expected


def check(
    at: int, visitor: str | None, spot: int = 1, event: StampEventKind = StampEventKind.CHECK
) -> ScanEvent:
    return ScanEvent(START + at, Asker.CONSUMER, event, visitor, SPOTS[spot], f"{at}{visitor}{event}")


def test_events_are_read_only_where_they_matter() -> None:
    """In order and nothing is frozen, or all is: no reading. Late, or some of them are frozen: reading."""
    first = begin(SCORING, [check(0, "a")])
    same = go_on(SCORING, first, [check(DAY, "b"), check(END + WINDOW - 1, "c")], START)
    assert same is not None
    assert same.frozen is None
    far = go_on(SCORING, first, [check(END + WINDOW, "b")], START)
    assert far is not None
    assert far.frozen == first.live
    further = go_on(SCORING, far, [check(END + WINDOW + n * DAY, f"c{n}") for n in range(1, 7)])
    assert further is not None, "with something frozen they go on as well"
    assert further.frozen == first.live
    assert go_on(SCORING, first, [check(END, "b"), check(END + WINDOW, "c")], START) is None
    assert go_on(SCORING, first, [check(-DAY, "b")], START - DAY) is None
    assert go_on(SCORING, first, [check(0, "b")], START) is None
    too_late = frozen_until(START - WINDOW) - START - 1
    assert go_on(SCORING, first, [check(too_late, "b")], START + too_late) == first


def test_a_pin_before_all_checks_is_not_forgotten() -> None:
    """No column tells when it was: once there is one, events are read."""
    first = begin(SCORING, [check(0, "a", event=StampEventKind.PIN)])
    assert go_on(SCORING, first, [check(END, "b"), check(END + WINDOW, "c")], START + END) is None


def test_a_stamp_takes_at_most_two_hundred_bytes() -> None:
    """Two states and four bytes."""
    assert 2 * SIZE + 4 <= 200


def test_a_flooded_stamp_goes_on_and_leaves_out_what_is_late() -> None:
    """All before counts as frozen; nothing that was known is forgotten."""
    first = begin(SCORING, [check(0, "a")])
    flooded = close(SCORING, first, [check(DAY, "b"), check(-DAY, "c")])
    assert flooded.frozen == first.live
    assert State.decode(flooded.live or b"").checks == 2


def test_deleted_events_do_not_take_the_score_with_them() -> None:
    """A late event of long ago, whose neighbours were deleted since: the state stays what it was."""
    state = begin(SCORING, [check(0, "a"), check(DAY, "b", 2), check(2 * DAY, "c", 3)])
    assert rebuild(SCORING, state, [check(3600, "d")], ()).live == state.live


@pytest.mark.parametrize("data", [b"", b"\x01", b"\xff" * SIZE, bytes(SIZE), b"\x01" * (SIZE + 1)])
def test_damaged_bytes_are_told(data: bytes) -> None:
    """Another version, too short, too long."""
    with pytest.raises(BadState):
        go_on(SCORING, Stored(data, None, START), [check(DAY * 9, "a")])


def test_signals_are_what_is_new() -> None:
    """Suspect by many phones in many places; then a second sale; each told once."""
    stored, kinds, told = NOTHING, list[str](), list[ScanEvent]()
    for day in range(14):
        event = check(day * DAY, f"v{day}", 1 + day % 3)
        after = rebuild(SCORING, stored, [event], told)
        kinds += gained(stored.live, after.live, SCORING.model.habits.thresholds)
        stored = after
        told = [one for one in (*told, event) if one.at >= frozen_until(stored.horizon or 0)]
    assert kinds[0] == "suspect"
    assert sorted(kinds) == ["many_groups", "suspect"]
    assert stored.live is not None
    assert suspect_since(stored.live) == State.decode(stored.live).suspect_at
    till = [
        ScanEvent(START + day * DAY, Asker.TILL, StampEventKind.SOLD, None, SPOTS[1], str(day))
        for day in (30, 45)
    ]
    sold = go_on(SCORING, stored, till)
    assert sold is not None
    assert list(gained(stored.live, sold.live, SCORING.model.habits.thresholds)) == ["sales"]
