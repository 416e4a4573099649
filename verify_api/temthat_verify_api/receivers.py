"""Receivers of messages on somebody else's machine: what is kept of one, and how several processes take turns.

A receiver is claimed for a minute, so that of several processes one delivers and a killed one's claim runs out. Who
does not answer is tried again after longer and longer waits; after half a day of that the receiver pauses.
"""

import datetime as dt
import uuid
from enum import StrEnum

from sqlalchemy import ColumnElement, String, or_, update
from sqlalchemy.orm import Mapped, Session, mapped_column, sessionmaker

from temthat_trace.database import words

LEASE = dt.timedelta(seconds=60)
FIRST_WAIT = dt.timedelta(seconds=10)
LONGEST_WAIT = dt.timedelta(hours=1)
MOST_FAILURES = 20
"""In a row; with the waits between that is half a day. Then the receiver pauses."""
LONGEST_PROBLEM = 500


class SubscriptionState(StrEnum):
    """Whether messages go out. `paused`: no more, for the reason in `problem`."""

    ACTIVE = "active"
    PAUSED = "paused"


class Receiver:
    """Columns of every kind of subscription. `lease_until`: some process is delivering."""

    id: Mapped[uuid.UUID]
    state: Mapped[SubscriptionState] = mapped_column(
        words(SubscriptionState), default=SubscriptionState.ACTIVE
    )
    due_at: Mapped[dt.datetime] = mapped_column()
    last_notified_at: Mapped[dt.datetime | None] = mapped_column()
    last_tried_at: Mapped[dt.datetime | None] = mapped_column()
    failures: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str] = mapped_column(String(LONGEST_PROBLEM), default="")
    lease_until: Mapped[dt.datetime | None] = mapped_column()


class Turns:
    """Taking turns at one kind of receivers, each step committed at once."""

    def __init__(self, sessions: sessionmaker[Session], kind: type[Receiver]) -> None:
        self._sessions = sessions
        self._kind = kind

    def claim(self, receiver: uuid.UUID, now: dt.datetime) -> bool:
        """Take it for `LEASE` if it is due and nobody else has it."""
        kind = self._kind
        return self.change(
            receiver,
            kind.state == SubscriptionState.ACTIVE,
            kind.due_at <= now,
            or_(kind.lease_until.is_(None), kind.lease_until < now),
            lease_until=now + LEASE,
            last_tried_at=now,
        )

    def pause(self, receiver: uuid.UUID, problem: str) -> None:
        """No more until somebody resumes it."""
        self.change(
            receiver, state=SubscriptionState.PAUSED, problem=problem[:LONGEST_PROBLEM], lease_until=None
        )

    def failed(self, receiver: uuid.UUID, problem: str, now: dt.datetime) -> bool:
        """Wait longer each time; whether it is paused now."""
        with self._sessions() as session:
            found = session.get(self._kind, receiver)
            if found is None:
                return False
            found.failures += 1
            found.problem = problem[:LONGEST_PROBLEM]
            found.lease_until = None
            found.due_at = now + min(FIRST_WAIT * 2 ** (found.failures - 1), LONGEST_WAIT)
            if is_over := found.failures >= MOST_FAILURES:
                found.state = SubscriptionState.PAUSED
            session.commit()
        return is_over

    def change(self, receiver: uuid.UUID, *where: ColumnElement[bool], **values: object) -> bool:
        """Change a receiver if it is still there and as it should be; whether it was."""
        with self._sessions() as session:
            done = session.execute(
                update(self._kind).where(self._kind.id == receiver, *where).values(**values)
            )
            session.commit()
            return bool(done.rowcount)  # type: ignore[attr-defined]
