"""A sale that was taken back: the next one is no second sale, and nobody's score rises by an honest return."""

from temthat_stamps.copies.events import ScanEvent
from temthat_stamps.copies.habits import DAY, HOUR
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.copies.model import Model
from temthat_stamps.copies.state import State
from temthat_stamps.verdict import Asker

from .test_model import HANOI, SAIGON, START, after, check, sold


def returned(at: float) -> ScanEvent:
    return ScanEvent(START + int(at), Asker.TILL, StampEventKind.RETURNED, "till-1", HANOI)


def test_sold_again_after_a_return_is_one_sale() -> None:
    """The score is that of one sale; without the return it is higher."""
    once = after(check(0, "a"), sold(HOUR))
    again = after(check(0, "a"), sold(HOUR), returned(DAY), sold(2 * DAY))
    twice = after(check(0, "a"), sold(HOUR), sold(2 * DAY))
    assert (again.sales, again.score) == (1, once.score)
    assert (twice.sales, twice.score > once.score) == (2, True)


def test_a_return_of_one_of_two_sales_leaves_the_other() -> None:
    """What a second sale elsewhere said stays said."""
    state = after(check(0, "a"), sold(HOUR), sold(2 * DAY, SAIGON), returned(3 * DAY))
    assert state.sales == 1
    assert state.score >= after(check(0, "a"), sold(HOUR)).score


def test_a_return_of_nothing_changes_nothing() -> None:
    """It cannot be told to the service, but a scan log may hold one."""
    state = State()
    Model().advance(state, returned(0))
    assert state == State()
