"""Checks and PIN entries are deleted when they are old: counted by day, with the receipts that they hold.

What tills and packers told of a unit (sold, spoiled, taken back, stuck on) stays as long as the stamp: it is about no
shopper, and what stands of it is told from all of it (`units`).

A stamp's last checks take its filter of visitors along. That filter is made of keyed hashes of receipts: with a
phone's receipt in hand it would still tell that this phone had probably looked, so it goes when the receipts go.
What stays of the stamp is about the code: how often, first and last time, the score.
"""

import datetime as dt
import logging
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, delete, select, tuple_, update
from sqlalchemy.orm import Session

from temthat_stamps.copies.history import STRIDE, WINDOW, frozen_until
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.copies.records import StampEvent, StampState
from temthat_stamps.copies.state import BadState, State
from temthat_stamps.verdict import Asker
from temthat_trace.formats import VIETNAM, today
from temthat_verify_api.nightly.counting import Cell, Counts, add_gone
from temthat_verify_api.nightly.days import province_of
from temthat_verify_api.nightly.stretches import Stretch

log = logging.getLogger(__name__)

KINDS = (StampEventKind.CHECK, StampEventKind.PIN)
"""What is deleted: what shoppers do."""

SPARE = dt.timedelta(days=1)
"""One night may fail, and no event is older than was promised."""

AT_ONCE = 500
"""Events looked at in one transaction: whoever checks a stamp meanwhile waits a tenth of a second at most."""


class Old(NamedTuple):
    """What is needed of an event that may go."""

    serial: int
    id: uuid.UUID
    at: dt.datetime
    place: str | None
    event: StampEventKind
    kind: Asker

    @property
    def second(self) -> int:
        """Its time as the score sees it: whole seconds since 1970."""
        return int(self.at.timestamp())

    @property
    def cell(self) -> Cell:
        """Where it is counted."""
        return Cell(self.at.astimezone(VIETNAM).date(), province_of(self.place), self.event, self.kind)


def old_before(now: dt.datetime, kept_days: int) -> dt.datetime:
    """Events before this instant, a midnight in Vietnam, may go: so early that none gets older than `kept_days`.

    An event that is not frozen in its stamp's score waits until the newest is old: a window and a stride at most.
    """
    reach = dt.timedelta(days=kept_days) - dt.timedelta(seconds=WINDOW + STRIDE) - SPARE
    return dt.datetime.combine(today(now) - reach, dt.time(), VIETNAM)


def has_old(session: Session, stretch: Stretch, before: dt.datetime) -> bool:
    """Whether anything in a stretch is old."""
    query = select(StampEvent.serial).where(stretch.holds, _is_old(before)).limit(1)
    return session.execute(query).first() is not None


def _is_old(before: dt.datetime) -> ColumnElement[bool]:
    return and_(StampEvent.at < before, StampEvent.event.in_(KINDS))


def let_go(session: Session, stretch: Stretch, before: dt.datetime) -> tuple[int, Stretch | None]:
    """Delete old events at the beginning of a stretch, `AT_ONCE` at most, and count them as gone, in the caller's
    transaction, which must write already (on SQLite that keeps the states as they are read); returns how many, and
    what of the stretch is left to be looked at.
    """
    query = select(*(getattr(StampEvent, name) for name in Old._fields)).where(stretch.holds, _is_old(before))
    old = [
        Old(*row) for row in session.execute(query.order_by(StampEvent.serial, StampEvent.id).limit(AT_ONCE))
    ]
    windows = _windows(session, stretch.run, sorted({event.serial for event in old}), int(before.timestamp()))
    cells = {
        (event.serial, event.id): event.cell
        for event in old
        if event.second < windows.get(event.serial, event.second + 1)
    }
    counts: Counts = Counter()
    if cells:
        # Serials and ids for the primary key and PostgreSQL's months, the pairs for what is meant.
        gone = delete(StampEvent).where(
            StampEvent.run == stretch.run,
            StampEvent.serial.in_({serial for serial, _ in cells}),
            StampEvent.id.in_([event_id for _, event_id in cells]),
            tuple_(StampEvent.serial, StampEvent.id).in_(list(cells)),
        )
        for serial, event_id in session.execute(gone.returning(StampEvent.serial, StampEvent.id)):
            counts[cells[serial, event_id]] += 1
        add_gone(session, stretch.run, counts)
    rest = replace(stretch, after=(old[-1].serial, old[-1].id)) if len(old) == AT_ONCE else None
    return counts.total(), rest


def _windows(session: Session, run: int, serials: Sequence[int], before: int) -> dict[int, int]:
    """Until when each stamp's events are frozen in its score, if it has one; where all are old they become so first.

    The states are held until the transaction ends, in the order in which events are recorded.
    """
    found: dict[int, int] = {}
    query = select(StampState.serial, StampState.copy_horizon, StampState.copy_live).where(
        StampState.run == run, StampState.serial.in_(serials)
    )
    closed = []
    for serial, horizon, live in session.execute(query.order_by(StampState.serial).with_for_update()):
        if horizon is None or live is None:
            continue
        found[serial] = frozen_until(horizon)
        if horizon + WINDOW < before:
            found[serial] = horizon + WINDOW + 1
            end = frozen_until(horizon + WINDOW + STRIDE)
            closed.append({"run": run, "serial": serial, **_closed(run, serial, live, end)})
    if closed:
        session.execute(update(StampState), closed)
    return found


def _closed(run: int, serial: int, live: bytes, end: int) -> dict[str, bytes | int | None]:
    """A state with everything frozen, for `end` is behind its newest event, that has forgotten who looked. The score
    stays.

    A state that cannot be read is worth nothing without its events and goes with them.
    """
    try:
        state = State.decode(live)
    except BadState as error:
        log.warning("stamp %d/%d: %s; its last events are old, it begins anew", run, serial, error)
        return {"copy_live": None, "copy_frozen": None, "copy_horizon": None}
    state.seen, state.pin = bytes(len(state.seen)), 0
    kept = state.encode()
    return {"copy_live": kept, "copy_frozen": kept, "copy_horizon": end}
