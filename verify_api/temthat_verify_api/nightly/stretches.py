"""A run's events in stretches of bounded size, in the order of their primary key.

Whoever goes through a run this way holds one stretch at a time and no lock in between, and may stop after any of them.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, select, tuple_
from sqlalchemy.orm import Session, sessionmaker

from temthat_stamps.copies.records import StampEvent

EVENTS = 10_000
"""Events in a stretch."""

Place = tuple[int, uuid.UUID]
"""Where a stretch ends: serial and id of its last event."""

_BEFORE_ALL: Place = (0, uuid.UUID(int=0))
_key = tuple_(StampEvent.run, StampEvent.serial, StampEvent.id)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The events of a run after one and up to another; without an end all that follow."""

    run: int
    after: Place
    end: Place | None

    @property
    def holds(self) -> ColumnElement[bool]:
        """Whether an event is in it; written so that both databases go along the primary key."""
        begins = _key > tuple_(self.run, *self.after)
        if self.end is None:
            return and_(StampEvent.run == self.run, begins)
        return and_(StampEvent.run == self.run, begins, _key <= tuple_(self.run, *self.end))


def stretches(sessions: sessionmaker[Session], run: int, size: int) -> Iterator[Stretch]:
    """All stretches of a run, each found when the one before has been dealt with."""
    after: Place | None = _BEFORE_ALL
    while after is not None:
        rest = Stretch(run, after, None)
        with sessions() as session:
            last = session.execute(
                select(StampEvent.serial, StampEvent.id)
                .where(rest.holds)
                .order_by(StampEvent.run, StampEvent.serial, StampEvent.id)
                .offset(size - 1)
                .limit(1)
            ).first()
        end = (last.serial, last.id) if last else None
        yield Stretch(run, after, end)
        after = end
