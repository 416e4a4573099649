"""The thin store of the hot path: look up one stamp's history, record one event. Nothing else goes through here.

Two implementations, one test suite: `sqlite_store` (the standard library's sqlite3, inline reads, one writer) and
`postgres_store`. Both write in group commit: an answer waits for the commit of its group, so it is durable when given.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Protocol

from temthat_stamps.copies.records import StampEventKind
from temthat_stamps.verdict import Asker, Mark

SAME_PHONE = dt.timedelta(minutes=30)
"""A check by the same receipt within this time is the same check."""


@dataclass(frozen=True, slots=True)
class History:
    """One stamp's history, and the revision of everything cached about its run."""

    revision: int
    checks: int = 0
    first: Mark | None = None
    last: Mark | None = None
    sold: Mark | None = None
    seen_by_receipt: bool = False
    """This receipt already checked this stamp within `SAME_PHONE`."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to record. `id` makes repeating harmless."""

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


class HotStore(Protocol):
    """See the module. Errors of the database rise as `StoreUnavailableError`."""

    async def look_up(self, run: int, serial: int, receipt: bytes | None = None) -> History:
        """The stamp's history; an unknown stamp has an empty one."""
        ...

    async def record(self, event: NewEvent) -> bool:
        """Write durably. False if it was known already, or the same receipt's check within `SAME_PHONE`."""
        ...

    async def close(self) -> None:
        """Finish what waits, then let go of the database."""
        ...


class StoreUnavailableError(Exception):
    """The database does not answer; nothing was recorded."""


def open_store(database_url: str) -> HotStore:
    """The store for a SQLAlchemy URL."""
    if database_url.startswith("sqlite"):
        from temthat_verify_api.sqlite_store import SqliteStore

        return SqliteStore(database_url)
    from temthat_verify_api.postgres_store import PostgresStore

    return PostgresStore(database_url)
