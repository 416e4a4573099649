"""Any order within the window, and double delivery, leave the same state; what is later is not scored."""

import random

from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.copies.events import EVENTS_OF, ScanEvent
from temthat_stamps.copies.habits import DAY, HOUR
from temthat_stamps.copies.history import STRIDE, WINDOW, History, Taken, frozen_until
from temthat_stamps.copies.model import Model
from temthat_stamps.copies.places import of_province
from temthat_stamps.copies.state import State
from temthat_stamps.verdict import Asker

MODEL = Model()
START = 1_780_000_000
SPOTS = [None, *(of_province(code) for code in ("01", "33", "46", "79", "92"))]


def _event(at: int, kind: Asker, which: int, visitor: str | None, spot: int) -> ScanEvent:
    events = sorted(EVENTS_OF[kind])
    return ScanEvent(START + at, kind, events[which % len(events)], visitor, SPOTS[spot % len(SPOTS)])


def events(days: int) -> st.SearchStrategy[list[ScanEvent]]:
    """Events within so many days, often close together or at one second."""
    times = st.integers(0, days * DAY) | st.integers(0, days * 4).map(lambda n: n * DAY // 4)
    visitors = st.none() | st.sampled_from("abcdefgh")
    kinds = st.sampled_from([Asker.CONSUMER] * 4 + list(Asker))
    return st.lists(
        st.builds(_event, times, kinds, st.integers(0, 5), visitors, st.integers(0, 9)), max_size=30
    )


def told(order: list[ScanEvent]) -> History:
    history = History(MODEL)
    for event in order:
        history.add(event)
    return history


def folded(order: list[ScanEvent]) -> State:
    state = State()
    for event in sorted({e.order: e for e in order}.values(), key=lambda e: e.order):
        MODEL.advance(state, event)
    return state


@given(events(6), st.randoms(use_true_random=False))
def test_property_any_order_within_the_window_gives_the_same(
    found: list[ScanEvent], draw: random.Random
) -> None:
    """All within a week: every order, with repetitions, ends as the fold in order."""
    wanted = folded(found)
    shuffled = found + draw.sample(found, len(found) // 2)
    draw.shuffle(shuffled)
    history = told(shuffled)
    assert history.live == wanted
    assert State.decode(history.live.encode()) == wanted


@given(events(40), st.randoms(use_true_random=False))
def test_property_delays_up_to_a_week_change_nothing(found: list[ScanEvent], draw: random.Random) -> None:
    """Over weeks, each event arrives up to seven days after it happened: the state is that of the right order."""
    late = sorted(found, key=lambda e: (e.at + draw.randint(0, WINDOW), e.order))
    history = told(late)
    assert history.live == folded(found)
    horizon = max((e.at for e in found), default=WINDOW) - WINDOW
    assert history.horizon == horizon
    assert [*history.retained] == sorted(
        {e for e in found if e.at >= frozen_until(horizon)}, key=lambda e: e.order
    )


@given(events(40), st.integers(0, 30))
def test_property_a_state_read_back_goes_on_the_same(found: list[ScanEvent], cut: int) -> None:
    """Written and read anywhere on the way, the bytes hold all that the rest depends on."""
    ordered = sorted(found, key=lambda e: e.order)
    state = folded(ordered[:cut])
    again = State.decode(state.encode())
    for event in ordered[cut:]:
        MODEL.advance(state, event)
        MODEL.advance(again, event)
    assert again == state


def test_what_came_too_late_is_told_and_not_scored() -> None:
    """Older than what is frozen: stored by others, and the state stays."""
    end = frozen_until(START) + STRIDE - START
    history = told([_event(0, Asker.CONSUMER, 0, "a", 1), _event(end + WINDOW, Asker.CONSUMER, 0, "b", 4)])
    before = history.live.copy()
    assert history.add(_event(end - 1, Asker.CONSUMER, 0, "c", 3)) is Taken.TOO_LATE
    assert history.live == before
    assert history.add(_event(end, Asker.CONSUMER, 0, "c", 3)) is Taken.REBUILT
    assert history.live.groups == 3
    assert history.add(_event(end, Asker.CONSUMER, 0, "c", 3)) is Taken.REPEATED


def test_a_late_event_does_not_change_what_is_frozen() -> None:
    """The frozen state holds what is before a stride's beginning a week ago, and only that."""
    history = told([_event(n * DAY, Asker.CONSUMER, 0, f"v{n}", 1 + n) for n in range(15)])
    frozen = history.frozen.copy()
    assert frozen.checks == 7
    assert history.horizon == START + 7 * DAY
    assert START + 6 * DAY < frozen_until(history.horizon) < history.horizon
    history.add(_event(10 * DAY + HOUR, Asker.CONSUMER, 0, "late", 2))
    assert history.frozen == frozen
    assert history.live.checks == 16
