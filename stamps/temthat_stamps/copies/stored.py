"""What is stored of one stamp between its events, and how events change it. Pure.

The same as `history.History` to the last byte, without holding the events: they are records elsewhere and are asked for
only where a state cannot go on without them. That is a late event, and one that lets others be frozen.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from temthat_stamps.copies.events import ScanEvent
from temthat_stamps.copies.habits import Thresholds
from temthat_stamps.copies.history import WINDOW, frozen_until
from temthat_stamps.copies.model import Goods, Model
from temthat_stamps.copies.opinion import evidence
from temthat_stamps.copies.state import BadState, State, suspect_since

MOST_RETAINED = 500
"""Events of one stamp that are read to rebuild it. A stamp with more of them not frozen is flooded: what comes late
there is stored and not scored, so that a flood costs those who record no more than any other check."""

SUSPECT = "suspect"
"""The signal of a stamp that became suspect, beside the kinds of `opinion.Evidence`."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """By what a stamp's events are scored: the model of its product, and what its run says of the goods."""

    model: Model
    goods: Goods


class Stored(NamedTuple):
    """A stamp's states as bytes (`State.encode`; `frozen` None: nothing is frozen) and a `WINDOW` before its newest
    event, in seconds since 1970. All None before the first event."""

    live: bytes | None = None
    frozen: bytes | None = None
    horizon: int | None = None


NOTHING = Stored()
_EMPTY = State().encode()


def begin(scoring: Scoring, events: Sequence[ScanEvent]) -> Stored:
    """A stamp's first events, in the order they came in."""
    if len(events) > 1:
        return rebuild(scoring, NOTHING, events, ())
    state = State()
    scoring.model.advance(state, events[0], scoring.goods)
    return Stored(state.encode(), None, events[0].at - WINDOW)


def go_on(
    scoring: Scoring, stored: Stored, events: Iterable[ScanEvent], oldest: int | None = None
) -> Stored | None:
    """Further events, in the order they came in; None if that takes the events that are not frozen (`rebuild`).

    `oldest` (seconds since 1970): no check and no sale of the stamp was before it. Raises `BadState`.
    """
    if stored.live is None or stored.horizon is None:
        return None
    live, frozen, newest = State.decode(stored.live), stored.frozen, stored.horizon + WINDOW
    for event in events:
        since = frozen_until(newest - WINDOW)
        if event.at < since:
            continue
        if event.at <= newest:
            return None
        until = frozen_until(event.at - WINDOW)
        if newest < until:
            frozen = _unless_empty(live.encode())
        elif since < until and (live.pins or frozen is not None or oldest is None or oldest < until):
            return None
        scoring.model.advance(live, event, scoring.goods)
        newest = event.at
    return Stored(live.encode(), frozen, newest - WINDOW)


def wanted(stored: Stored, events: Sequence[ScanEvent]) -> tuple[int, int]:
    """From when, and before when, the events lie that `rebuild` takes to bring in these: all that are not frozen, or
    where they come in order those that become so."""
    if stored.live is None or stored.horizon is None:
        return 0, _EVER
    until = frozen_until(events[-1].at - WINDOW) if _in_order(stored.horizon, events) else _EVER
    return frozen_until(stored.horizon), until


_EVER = 1 << 40


def _in_order(horizon: int, events: Iterable[ScanEvent]) -> bool:
    return all(before < at for before, at in pairwise((horizon + WINDOW, *(event.at for event in events))))


def rebuild(
    scoring: Scoring, stored: Stored, events: Iterable[ScanEvent], retained: Iterable[ScanEvent]
) -> Stored:
    """Further events, in the order they came in, from the frozen state and the `wanted` events that were scored before.
    Raises `BadState`.

    Where some of those have been deleted since, the state stays and late events are left out (`close`).
    """
    events, known = tuple(events), {event.order: event for event in retained}
    if stored.live is None or stored.horizon is None:
        newest = max((event.at for event in known.values()), default=0)
    else:
        newest = stored.horizon + WINDOW
        if _in_order(stored.horizon, events):
            return _slide(scoring, stored.live, stored.frozen, known, events)
    for event in events:
        if event.at >= frozen_until(newest - WINDOW):
            known.setdefault(event.order, event)
            newest = max(newest, event.at)
    horizon = newest - WINDOW
    until = frozen_until(horizon)
    live = State.decode(stored.frozen) if stored.frozen else State()
    frozen = None
    for order in sorted(known):
        if frozen is None and order[0] >= until:
            frozen = live.encode()
        scoring.model.advance(live, known[order], scoring.goods)
    if stored.live is not None and live.checks < State.decode(stored.live).checks:
        return close(scoring, stored, events)
    encoded = live.encode()
    return Stored(encoded, _unless_empty(frozen or encoded), horizon)


def _slide(
    scoring: Scoring,
    live: bytes,
    frozen: bytes | None,
    retained: dict[tuple[int, bytes], ScanEvent],
    events: Sequence[ScanEvent],
) -> Stored:
    """Further events in order: the live state takes them, the frozen one what is old by then."""
    now, old, horizon = (
        State.decode(live),
        State.decode(frozen) if frozen else State(),
        events[-1].at - WINDOW,
    )
    until = frozen_until(horizon)
    for event in events:
        scoring.model.advance(now, event, scoring.goods)
    for event in (*(retained[order] for order in sorted(retained)), *events):
        if event.at < until:
            scoring.model.advance(old, event, scoring.goods)
    return Stored(now.encode(), _unless_empty(old.encode()), horizon)


def close(scoring: Scoring, stored: Stored, events: Iterable[ScanEvent]) -> Stored:
    """Further events of a flooded stamp: those in order go on, late ones are left out, and all before is frozen.

    Raises `BadState`.
    """
    if stored.live is None or stored.horizon is None:
        raise BadState("there is no state to go on from")
    live, newest = State.decode(stored.live), stored.horizon + WINDOW
    for event in events:
        if event.at >= newest:
            scoring.model.advance(live, event, scoring.goods)
            newest = event.at
    return Stored(live.encode(), stored.live, newest - WINDOW)


def _unless_empty(frozen: bytes) -> bytes | None:
    """Most stamps are checked once: what says nothing takes no room."""
    return None if frozen == _EMPTY else frozen


def gained(before: bytes | None, after: bytes | None, thresholds: Thresholds) -> Iterator[str]:
    """The signals that a stamp has after some events and had not before them. Raises `BadState`."""
    if after is not None and suspect_since(after):
        had = _signals(before, thresholds)
        yield from (kind for kind in _signals(after, thresholds) if kind not in had)


def _signals(data: bytes | None, thresholds: Thresholds) -> tuple[str, ...]:
    if data is None or not suspect_since(data):
        return ()
    return (SUSPECT, *(kind.value for kind in evidence(State.decode(data), thresholds)))
