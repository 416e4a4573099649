"""One stamp's events in any order, with the score that their right order gives. Pure.

A history is a frozen state (everything before some instant) and the events since then, in order. An event that comes
in order costs one step. A late one rebuilds the stamp from the frozen state. What is older than that when it arrives is
stored by others and not scored: it would change what had been told to people.

The frozen state goes on a week at a time, not with every event: to freeze an event it has to be at hand, and whoever
stores a history would have to read old events at almost each new one of a busy stamp.
"""

import bisect
from enum import StrEnum

from temthat_stamps.copies.events import ScanEvent
from temthat_stamps.copies.habits import DAY
from temthat_stamps.copies.model import Goods, Model
from temthat_stamps.copies.state import State

WINDOW = 7 * DAY
"""How late an event may be in any case, counted back from the newest event of its stamp."""

STRIDE = 7 * DAY
"""The frozen state ends at a multiple of this, counted from 1970."""


def frozen_until(horizon: int, stride: int = STRIDE) -> int:
    """Where the frozen state of a stamp ends whose newest event was a `WINDOW` after `horizon` (seconds since 1970).

    Events from then on are scored, however late they come.
    """
    return horizon - horizon % stride


class Taken(StrEnum):
    """What became of an event."""

    IN_ORDER = "in_order"
    REBUILT = "rebuilt"
    REPEATED = "repeated"
    TOO_LATE = "too_late"


class History:
    """The events of one stamp. Whatever order they come in within the window, `live` ends the same."""

    def __init__(
        self,
        model: Model,
        goods: Goods | None = None,
        frozen: State | None = None,
        horizon: int = 0,
        stride: int = STRIDE,
    ) -> None:
        self._model = model
        self._stride = stride
        self._goods = goods or Goods()
        self._frozen = frozen or State()
        self._live = self._frozen.copy()
        self._events: list[ScanEvent] = []
        self._horizon = horizon

    @property
    def live(self) -> State:
        """What all scored events say together."""
        return self._live

    @property
    def frozen(self) -> State:
        """What the events before `frozen_until(horizon)` say; it never changes by a late event."""
        return self._frozen

    @property
    def horizon(self) -> int:
        """A week before the newest event, in seconds since 1970; 0 before there was one."""
        return self._horizon

    @property
    def retained(self) -> tuple[ScanEvent, ...]:
        """The events that are not frozen, in order."""
        return tuple(self._events)

    def add(self, event: ScanEvent) -> Taken:
        """Take one event."""
        if event.at < frozen_until(self._horizon, self._stride):
            return Taken.TOO_LATE
        where = bisect.bisect_left(self._events, event.order, key=_order)
        if where < len(self._events) and self._events[where].order == event.order:
            return Taken.REPEATED
        self._events.insert(where, event)
        if where == len(self._events) - 1:
            self._model.advance(self._live, event, self._goods)
            self._freeze(event.at - WINDOW)
            return Taken.IN_ORDER
        self._live = self._frozen.copy()
        for known in self._events:
            self._model.advance(self._live, known, self._goods)
        return Taken.REBUILT

    def _freeze(self, horizon: int) -> None:
        """Let go of what is older than may come late; each event is frozen once."""
        self._horizon = max(self._horizon, horizon)
        old = bisect.bisect_left(self._events, frozen_until(self._horizon, self._stride), key=_time)
        for event in self._events[:old]:
            self._model.advance(self._frozen, event, self._goods)
        del self._events[:old]


def _order(event: ScanEvent) -> tuple[int, bytes]:
    return event.order


def _time(event: ScanEvent) -> int:
    return event.at
