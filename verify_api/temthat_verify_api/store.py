"""The thin store of the hot path: look up one stamp's history, record one event. Nothing else goes through here.

Two implementations, one test suite: `sqlite_store` (the standard library's sqlite3, inline reads, one writer) and
`postgres_store`. Both write in group commit: an answer waits for the commit of its group, so it is durable when given.
"""

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Protocol

from temthat_stamps.copies.records import StampEventKind
from temthat_stamps.copies.state import BadState, State
from temthat_stamps.copies.stored import Scoring
from temthat_stamps.verdict import HANOI, Asker, Mark

SAME_PHONE = dt.timedelta(minutes=30)
"""A check by the same receipt within this time is the same check. The time is the one inside the events' ids."""


@dataclass(frozen=True, slots=True)
class History:
    """One stamp's history, and the revision of everything cached about its run."""

    revision: int
    checks: int = 0
    first: Mark | None = None
    last: Mark | None = None
    sold: Mark | None = None
    """The earliest sale that was not taken back."""
    seen_by_receipt: bool = False
    """This receipt already checked this stamp within `SAME_PHONE`."""
    copying: State | None = None
    """What the copy model remembers; None before the first event that was scored."""
    spoiled: dt.datetime | None = None
    """Since when a till tells that this unit is no longer for sale."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to record. `id` is a UUIDv7 that carries the event's time and names this event alone; it makes
    repeating harmless.

    Raises ValueError for what a database could refuse: events are written in groups, and one that cannot be written
    would take its whole group with it.
    """

    run: int
    serial: int
    id: uuid.UUID
    at: dt.datetime
    event: StampEventKind
    kind: Asker
    verdict: str
    place: str | None = None
    province: str | None = None
    receipt: bytes | None = None
    scoring: Scoring | None = field(default=None, repr=False, compare=False)
    """By what its copy score is told, from the run's facts; without it the event is stored and not scored."""
    has_score: bool = field(default=False, repr=False, compare=False)
    """The stamp had a copy state when it was answered: none is made in advance. Being wrong costs time and no more."""
    gone: bool = False
    """A sale of what a notice had withdrawn before: written as a signal with it."""

    def __post_init__(self) -> None:
        if not (0 < self.run < 1 << 31 and 0 < self.serial < 1 << 31):
            raise ValueError(f"no stamp has run {self.run} and serial {self.serial}")
        if self.id.version != 7:
            raise ValueError("an event's id is a UUID of version 7 (RFC 9562, section 5.7)")
        if self.at.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        _check_text("verdict", self.verdict, 16)
        _check_text("place", self.place or "", 15)
        _check_text("province", self.province or "", 2)
        if self.receipt is not None and len(self.receipt) > 16:
            raise ValueError("a receipt has at most 16 bytes")


def _check_text(name: str, text: str, longest: int) -> None:
    if len(text) > longest or "\0" in text:
        raise ValueError(f"{name} is text of at most {longest} characters")


class HotStore(Protocol):
    """See the module. Errors of the database rise as `StoreUnavailableError`."""

    async def look_up(
        self, run: int, serial: int, receipt: bytes | None = None, now: dt.datetime | None = None
    ) -> History:
        """The stamp's history; an unknown stamp has an empty one. `now` (the clock) is for `seen_by_receipt`."""
        ...

    async def record(self, event: NewEvent) -> bool:
        """Write durably. False if it was known already, or the same receipt's check within `SAME_PHONE`.

        A check raises `checks` and moves `first` and `last`; of several sales, and of spoilings, the earliest that was
        not taken back counts (`units`); other kinds of events leave the history alone.
        """
        ...

    async def close(self) -> None:
        """Finish what waits, then let go of the database."""
        ...


class StoreUnavailableError(Exception):
    """The database does not answer, or has no room; nothing is known to be recorded."""


def mark(at: dt.datetime | None, province: str | None) -> Mark | None:
    """What a history tells of an instant: its day in Vietnam and the province."""
    return None if at is None else Mark(at.astimezone(HANOI).date(), province or "")


def copying(live: bytes | None) -> State | None:
    """The copy model's state; None where there is none, or none of this version (recording begins it anew)."""
    if live is None:
        return None
    try:
        return State.decode(live)
    except BadState:
        return None


def id_time(event_id: uuid.UUID) -> int:
    """The Unix time inside a UUIDv7, in milliseconds."""
    return event_id.int >> 80


def same_phone_ids(ms: int) -> tuple[uuid.UUID, uuid.UUID]:
    """The smallest and the largest id whose time is less than `SAME_PHONE` away from `ms`."""
    reach = SAME_PHONE // dt.timedelta(milliseconds=1)
    low = max(ms - reach + 1, 0)
    high = min(ms + reach, 1 << 48)
    return uuid.UUID(int=low << 80), uuid.UUID(int=(high << 80) - 1)
