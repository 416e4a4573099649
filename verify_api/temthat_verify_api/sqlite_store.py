"""The hot store on SQLite: reads inline on the event loop, writes in group commit on a thread of their own.

A read by primary key takes some ten microseconds, a hop to another thread several times that. The write-ahead log
lets reads go on while the writer commits.
"""

import asyncio
import datetime as dt
import sqlite3
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import sqlalchemy as sa

from temthat_stamps.verdict import Mark
from temthat_verify_api.group_commit import GroupCommit
from temthat_verify_api.recording import record_group
from temthat_verify_api.statements import Dialect
from temthat_verify_api.store import (
    History,
    NewEvent,
    StoreUnavailableError,
    copying,
    mark,
    same_phone_ids,
)

_PATIENCE = dt.timedelta(seconds=5)
"""How long the writer waits for another writer (the desk, an import) before it gives up."""

_LOOK_UP = (
    "select r.value, s.checks, s.first_at, s.first_province, s.last_at, s.last_province, s.sold_at, s.sold_province, "
    "s.spoiled_at, s.copy_live from revision r left join stamp_state s on s.run = ? and s.serial = ? where r.id = 1"
)
_SEEN = (
    "select 1 from stamp_event where run = ? and serial = ? and id between ? and ? "
    "and receipt = ? and event = 'check' limit 1"
)


def _to_text(at: dt.datetime) -> str:
    """As SQLAlchemy writes it: UTC without a zone, always with microseconds."""
    return at.astimezone(dt.UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _from_text(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def _mark(text: str | None, province: str | None) -> Mark | None:
    return None if text is None else mark(_from_text(text), province)


DIALECT = Dialect(
    mark="?",
    to_id=lambda i: i.hex,
    to_instant=_to_text,
    from_id=uuid.UUID,
    from_instant=_from_text,
    has_lateral=False,
)


class SqliteStore:
    """A `HotStore` on a SQLite file with the schema in place. Belongs to one event loop."""

    def __init__(self, database_url: str, patience: dt.timedelta = _PATIENCE) -> None:
        path = sa.make_url(database_url).database
        if not path or path == ":memory:":
            raise ValueError("the hot store needs a SQLite file: two connections share it")
        self._path = path
        self._patience = patience
        self._reader: sqlite3.Connection | None = None
        self._writer: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(1, "sqlite-writer")
        self._writes = GroupCommit(self._flush)

    async def look_up(
        self, run: int, serial: int, receipt: bytes | None = None, now: dt.datetime | None = None
    ) -> History:
        """See `HotStore`."""
        with _database_errors():
            if self._reader is None:
                self._reader = _connect(self._path, self._patience)
            rows = self._reader.execute(_LOOK_UP, (run, serial)).fetchall()
            seen = receipt is not None and self._was_seen(self._reader, run, serial, receipt, now)
        if not rows:
            raise StoreUnavailableError("the database has no revision row: run “temthat migrate”")
        revision, checks, first_at, first, last_at, last, sold_at, sold, spoiled_at, live = rows[0]
        if checks is None:
            return History(revision, seen_by_receipt=seen)
        return History(
            revision,
            checks,
            _mark(first_at, first),
            _mark(last_at, last),
            _mark(sold_at, sold),
            seen,
            copying(live),
            _from_text(spoiled_at) if spoiled_at else None,
        )

    @staticmethod
    def _was_seen(
        reader: sqlite3.Connection, run: int, serial: int, receipt: bytes, now: dt.datetime | None
    ) -> bool:
        at = now or dt.datetime.now(dt.UTC)
        low, high = same_phone_ids(int(at.timestamp() * 1000))
        return bool(reader.execute(_SEEN, (run, serial, low.hex, high.hex, receipt)).fetchall())

    async def record(self, event: NewEvent) -> bool:
        """See `HotStore`."""
        return await self._writes.submit(event)

    async def close(self) -> None:
        """See `HotStore`."""
        await self._writes.close()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close_writer)
        self._thread.shutdown()
        if self._reader is not None:
            self._reader.close()

    async def _flush(self, group: list[NewEvent]) -> list[bool]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._write, group)

    def _write(self, group: list[NewEvent]) -> list[bool]:
        """One transaction for the whole group; nothing of it stays behind when it fails."""
        with _database_errors():
            if self._writer is None:
                self._writer = _connect(self._path, self._patience)
            writer = self._writer
            writer.execute("begin immediate")
            try:
                answers = _run(writer, group)
                writer.execute("commit")
            except BaseException:
                if writer.in_transaction:
                    writer.execute("rollback")
                raise
        return answers

    def _close_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _run(connection: sqlite3.Connection, group: list[NewEvent]) -> list[bool]:
    """Carry out the statements of `record_group`."""
    recording = record_group(group, DIALECT)
    try:
        statement = next(recording)
        while True:
            rows = connection.execute(statement.sql, statement.values).fetchall()
            statement = recording.send(rows)
    except StopIteration as done:
        answers: list[bool] = done.value
        return answers


def _connect(path: str, patience: dt.timedelta) -> sqlite3.Connection:
    """A connection whose commits survive a power cut. It stays in its place: see `check_same_thread`."""
    # The reader is opened, used and closed by the event loop's thread and the writer by its own; only closing the
    # service from a test may come from elsewhere.
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={patience // dt.timedelta(milliseconds=1)}",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


@contextmanager
def _database_errors() -> Iterator[None]:
    """SQLite's errors (locked, disk full, no such table) as `StoreUnavailableError`."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreUnavailableError(f"SQLite: {error}") from error
