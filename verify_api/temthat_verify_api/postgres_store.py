"""The hot store on PostgreSQL (and Citus): one connection that reads and one that writes, both for groups of callers.

Requests that wait at the same time share one query, which costs the server far less than a pool of connections with a
query each. A connection that was lost is opened again and the group tried once more: events carry their ids, so
writing one twice is harmless.
"""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import psycopg
import sqlalchemy as sa
from psycopg.types.numeric import Int4Dumper

from temthat_verify_api.group_commit import GroupCommit
from temthat_verify_api.recording import recent_checks, record_group
from temthat_verify_api.statements import Dialect, Row, Statement
from temthat_verify_api.store import History, NewEvent, StoreUnavailableError, copying, mark

DIALECT = Dialect(
    mark="$",
    to_id=lambda i: i,
    to_instant=lambda at: at,
    from_id=lambda i: i,
    from_instant=lambda at: at,
    has_lateral=True,
)

_SESSION = {
    "timezone": "UTC",
    "statement_timeout": "5s",
    "lock_timeout": "3s",
    "idle_in_transaction_session_timeout": "10s",
    # Every statement here looks up a handful of keys. While a table is young and without statistics (each month's part
    # is), the planner would rather read it whole and keep that plan. A bitmap scan cannot do without a key.
    "enable_seqscan": "off",
    "enable_indexscan": "off",
    "enable_indexonlyscan": "off",
    "jit": "off",
}
_CONNECT = {"connect_timeout": 5, "tcp_user_timeout": 10_000}
_PAUSES = (0.0, 0.1, 0.4, 1.0)
"""Seconds before each attempt to connect: together enough for a server that restarts."""

Answer = TypeVar("Answer")
Connection = psycopg.AsyncConnection[tuple[Any, ...]]


class Question(NamedTuple):
    """One look-up that waits. `ms` is the Unix time about which the receipt is asked for."""

    run: int
    serial: int
    receipt: bytes | None
    ms: int


class PostgresStore:
    """A `HotStore` on a PostgreSQL database with the schema in place. Belongs to one event loop."""

    def __init__(self, database_url: str) -> None:
        self._reader = Link(database_url)
        self._writer = Link(database_url)
        self._reads = GroupCommit[Question, History](
            lambda group: self._reader.use(_look_up, group), largest=256
        )
        self._writes = GroupCommit[NewEvent, bool](lambda group: self._writer.use(_record, group))

    async def look_up(
        self, run: int, serial: int, receipt: bytes | None = None, now: dt.datetime | None = None
    ) -> History:
        """See `HotStore`."""
        at = now or dt.datetime.now(dt.UTC)
        return await self._reads.submit(Question(run, serial, receipt, int(at.timestamp() * 1000)))

    async def record(self, event: NewEvent) -> bool:
        """See `HotStore`."""
        return await self._writes.submit(event)

    async def close(self) -> None:
        """See `HotStore`."""
        await self._writes.close()
        await self._reads.close()
        await self._writer.close()
        await self._reader.close()


class Link:
    """One connection that comes back by itself."""

    def __init__(self, database_url: str) -> None:
        url = sa.make_url(database_url)
        self._arguments = {**_CONNECT, **url.get_dialect()().create_connect_args(url)[1]}
        ours = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
        self._arguments["options"] = f"{ours} {self._arguments.get('options', '')}".strip()
        self._connection: Connection | None = None

    async def use(
        self, work: Callable[[Connection, list[Any]], Awaitable[Answer]], group: list[Any]
    ) -> Answer:
        """The answer of `work`, on a new connection if the one at hand turns out to be lost.

        Raises `StoreUnavailableError`.
        """
        was_open = self._connection is not None
        try:
            connection = await self._open()
            try:
                return await work(connection, group)
            except psycopg.Error:
                if not (was_open and connection.closed):
                    raise
            return await work(await self._open(), group)
        except psycopg.Error as error:
            raise StoreUnavailableError(f"PostgreSQL: {error}") from error

    async def close(self) -> None:
        """Let go of the server."""
        if self._connection is not None:
            await self._connection.close()

    async def _open(self) -> Connection:
        if self._connection is not None and not self._connection.closed:
            return self._connection
        for pause in _PAUSES:
            await asyncio.sleep(pause)
            try:
                self._connection = await psycopg.AsyncConnection.connect(
                    **self._arguments, autocommit=True, cursor_factory=psycopg.AsyncRawCursor
                )
            except psycopg.OperationalError as error:
                refused = error
            else:
                # One type for every whole number: the server prepares a statement once, not once per size of number.
                self._connection.adapters.register_dumper(int, Int4Dumper)
                return self._connection
        raise refused


async def _record(connection: Connection, group: list[NewEvent]) -> list[bool]:
    """Carry out the statements of `record_group` in one transaction."""
    recording = record_group(group, DIALECT)
    async with connection.transaction():
        try:
            statement = next(recording)
            while True:
                statement = recording.send(await _rows(connection, statement))
        except StopIteration as done:
            answers: list[bool] = done.value
    return answers


async def _rows(connection: Connection, statement: Statement) -> list[Row]:
    cursor = await connection.execute(statement.sql.encode(), statement.values)
    return list(await cursor.fetchall()) if statement.has_rows else []


_STATES = (
    "with asked (run, serial) as (values {}) select 0 as run, 0 as serial, value as revision, 0 as checks, "
    "null as first_at, null as first_province, null as last_at, null as last_province, null as sold_at, "
    "null as sold_province, null as spoiled_at, null as copy_live from revision where id = 1 union all "
    "select s.run, s.serial, null, "
    "checks, first_at, first_province, last_at, last_province, sold_at, sold_province, spoiled_at, copy_live "
    "from asked a join stamp_state s on s.run = a.run and s.serial = a.serial"
)


async def _look_up(connection: Connection, questions: list[Question]) -> list[History]:
    """Every waiting look-up in one query; those with a receipt share a second one."""
    stamps = _rounded(sorted({(q.run, q.serial) for q in questions}))
    read = Statement(_STATES.format(DIALECT.values(stamps)), [value for stamp in stamps for value in stamp])
    revision: int | None = None
    states: dict[tuple[int, int], Row] = {}
    for run, serial, value, *state in await _rows(connection, read):
        if value is not None:
            revision = value
        else:
            states[run, serial] = state
    if revision is None:
        raise StoreUnavailableError("the database has no revision row: run “temthat migrate”")
    seen = await _seen(connection, questions)
    return [_history(revision, states.get((q.run, q.serial)), q[:3] in seen) for q in questions]


async def _seen(connection: Connection, questions: Sequence[Question]) -> set[tuple[int, int, bytes | None]]:
    asked = sorted({(q.run, q.serial, q.receipt, q.ms) for q in questions if q.receipt is not None})
    if not asked:
        return set()
    rows = await _rows(connection, recent_checks(_rounded(asked), DIALECT))
    return {(run, serial, bytes(receipt)) for run, serial, _, receipt in rows}


def _rounded(rows: list[Any]) -> list[Any]:
    """Filled up to a power of two by repeating the last: a dozen texts for the server to prepare, not hundreds."""
    return rows + rows[-1:] * ((1 << (len(rows) - 1).bit_length()) - len(rows))


def _history(revision: int, state: Row | None, seen: bool) -> History:
    if state is None:
        return History(revision, seen_by_receipt=seen)
    checks, first_at, first, last_at, last, sold_at, sold, spoiled_at, live = state
    return History(
        revision,
        checks,
        mark(first_at, first),
        mark(last_at, last),
        mark(sold_at, sold),
        seen,
        copying(live),
        spoiled_at,
    )
