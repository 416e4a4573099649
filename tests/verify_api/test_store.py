"""The hot store: one suite for SQLite and PostgreSQL, against a plain model of what a history is."""

import asyncio
import datetime as dt
import itertools
import os
import re
import signal
import sqlite3
import subprocess
import sys
import uuid
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from temthat_stamps.copies.records import StampEvent, StampEventKind, StampState
from temthat_stamps.verdict import HANOI, Asker, Mark
from temthat_trace.database import make_engine, make_sessions
from temthat_trace.ids import uuid7
from temthat_verify_api.sqlite_store import SqliteStore
from temthat_verify_api.store import (
    SAME_PHONE,
    History,
    HotStore,
    NewEvent,
    StoreUnavailableError,
)
from temthat_verify_api.wiring import open_store

if TYPE_CHECKING:
    from tests.conftest import PostgresForTests

pytestmark = pytest.mark.anyio

NOON = dt.datetime(2026, 11, 22, 5, 0, tzinfo=dt.UTC)
"""Noon in Hà Nội."""


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[HotStore]:
    # On a busy test machine one commit may take seconds.
    patient = dt.timedelta(seconds=30)
    store = SqliteStore(url, patient) if url.startswith("sqlite") else open_store(url)
    try:
        yield store
    finally:
        await store.close()


def event_at(
    at: dt.datetime = NOON,
    event: StampEventKind = StampEventKind.CHECK,
    run: int = 7,
    serial: int = 1,
    province: str | None = "79",
    receipt: bytes | None = None,
) -> NewEvent:
    """An event whose id carries its time, as the service makes them."""
    event_id = uuid7(int(at.timestamp() * 1000))
    return NewEvent(run, serial, event_id, at, event, Asker.CONSUMER, "genuine", province, province, receipt)


def minutes(count: float) -> dt.timedelta:
    return dt.timedelta(minutes=count)


async def test_an_unknown_stamp_has_an_empty_history(database_url: str) -> None:
    """Only the revision is told."""
    async with opened(database_url) as store:
        assert await store.look_up(1, 1) == History(revision=1)


async def test_a_raised_revision_is_seen_by_the_next_question(database_url: str) -> None:
    """Somebody else's commit is seen at once: a recall must not wait."""
    async with opened(database_url) as store:
        await store.look_up(1, 1)
        execute(database_url, "update revision set value = value + 41")
        assert (await store.look_up(1, 1)).revision == 42


async def test_checks_are_counted_with_first_and_last(database_url: str) -> None:
    """First and last go by the time of the check, not by the order of arrival."""
    late, early = (
        event_at(NOON + minutes(120), province="01"),
        event_at(NOON - minutes(24 * 60), province="48"),
    )
    async with opened(database_url) as store:
        for event in (event_at(), late, early):
            assert await store.record(event)
        history = await store.look_up(7, 1)
    day = NOON.date()
    assert history == History(
        revision=1, checks=3, first=Mark(day - dt.timedelta(days=1), "48"), last=Mark(day, "01")
    )


async def test_a_day_ends_at_midnight_in_vietnam(database_url: str) -> None:
    """A check at 17:30 UTC belongs to the next day."""
    async with opened(database_url) as store:
        await store.record(event_at(dt.datetime(2026, 11, 22, 17, 30, tzinfo=dt.UTC)))
        assert (await store.look_up(7, 1)).first == Mark(dt.date(2026, 11, 23), "79")


async def test_the_earliest_sale_counts(database_url: str) -> None:
    """Sales raise no checks, and a till that reports late may have sold first."""
    sold = StampEventKind.SOLD
    async with opened(database_url) as store:
        await store.record(event_at(NOON, sold, province="01"))
        await store.record(event_at(NOON + minutes(60), sold, province="48"))
        assert (await store.look_up(7, 1)).sold == Mark(NOON.date(), "01")
        await store.record(event_at(NOON - minutes(60 * 24), sold, province="79"))
        history = await store.look_up(7, 1)
    assert history == History(revision=1, sold=Mark(NOON.date() - dt.timedelta(days=1), "79"))


async def test_other_events_are_kept_without_a_history(database_url: str) -> None:
    """Applied and PIN events leave the history alone, and no state row."""
    async with opened(database_url) as store:
        for kind in (StampEventKind.APPLIED, StampEventKind.PIN):
            assert await store.record(event_at(event=kind))
        assert await store.look_up(7, 1) == History(revision=1)
    assert execute(database_url, "select count(*) from stamp_event") == [(2,)]
    assert execute(database_url, "select count(*) from stamp_state") == [(0,)]


async def test_a_repeated_id_is_harmless(database_url: str) -> None:
    """The second time it is known, alone as well as twice in one group; another stamp may use the same id."""
    event = event_at()
    other = NewEvent(8, 1, event.id, NOON, StampEventKind.CHECK, Asker.TILL, "genuine")
    async with opened(database_url) as store:
        answers = await asyncio.gather(*(store.record(e) for e in (event, event, other)))
        assert answers == [True, False, True]
        assert not await store.record(event)
        assert (await store.look_up(7, 1)).checks == 1


async def test_the_same_phone_counts_once_in_half_an_hour(database_url: str) -> None:
    """A receipt's second check within 30 minutes is not counted, after that it is; another receipt always is."""
    async with opened(database_url) as store:
        assert await store.record(event_at(receipt=b"a" * 16))
        assert not await store.record(event_at(NOON + minutes(29), receipt=b"a" * 16))
        assert await store.record(event_at(NOON + minutes(29), receipt=b"b" * 16))
        assert await store.record(event_at(NOON + minutes(30), receipt=b"a" * 16))
        assert (await store.look_up(7, 1)).checks == 3


async def test_the_page_knows_the_phone_again(database_url: str) -> None:
    """`seen_by_receipt` holds for this stamp, this receipt, this half hour."""
    async with opened(database_url) as store:
        await store.record(event_at(receipt=b"a" * 16))
        asked = [
            await store.look_up(7, 1, b"a" * 16, NOON + minutes(29)),
            await store.look_up(7, 1, b"a" * 16, NOON + minutes(31)),
            await store.look_up(7, 1, b"b" * 16, NOON + minutes(1)),
            await store.look_up(7, 2, b"a" * 16, NOON + minutes(1)),
            await store.look_up(7, 1, None, NOON + minutes(1)),
        ]
    assert [history.seen_by_receipt for history in asked] == [True, False, False, False, False]


async def test_many_questions_at_once_each_get_their_own_answer(database_url: str) -> None:
    """Shared queries do not mix up the stamps."""
    async with opened(database_url) as store:
        await asyncio.gather(
            *(
                store.record(event_at(serial=s, receipt=bytes([s]) * 16))
                for s in range(1, 40)
                for _ in range(s % 3)
            )
        )
        histories = await asyncio.gather(
            *(store.look_up(7, s, bytes([s]) * 16, NOON + minutes(1)) for s in range(1, 60))
        )
    assert [h.checks for h in histories] == [min(s % 3, 1) if s < 40 else 0 for s in range(1, 60)]
    assert [h.seen_by_receipt for h in histories] == [bool(h.checks) for h in histories]


@pytest.mark.parametrize(
    "wrong",
    [
        {"run": 0},
        {"serial": 1 << 31},
        {"id": uuid.uuid4()},
        {"at": NOON.replace(tzinfo=None)},
        {"verdict": "x" * 17},
        {"place": "8" * 16},
        {"province": "A\0"},
        {"receipt": b"x" * 17},
    ],
)
def test_an_event_that_a_database_could_refuse_is_refused_first(wrong: dict[str, object]) -> None:
    """Nobody's odd event may take a whole group with it."""
    good = {
        "run": 7,
        "serial": 1,
        "id": uuid7(),
        "at": NOON,
        "event": StampEventKind.CHECK,
        "kind": Asker.CONSUMER,
        "verdict": "genuine",
    }
    with pytest.raises(ValueError, match=r"run|UUID|zone|text|bytes"):
        NewEvent(**{**good, **wrong})  # type: ignore[arg-type]


# ---- against a model ------------------------------------------------------------------------------------------------


class Model:
    """What `HotStore` promises, in the plainest words: a list of events."""

    def __init__(self) -> None:
        self.events: list[NewEvent] = []

    def record(self, new: NewEvent) -> bool:
        key = (new.run, new.serial, new.id)
        known = any((e.run, e.serial, e.id) == key for e in self.events)
        if known or (
            new.event is StampEventKind.CHECK and self.seen(new.run, new.serial, new.receipt, new.at)
        ):
            return False
        self.events.append(new)
        return True

    def seen(self, run: int, serial: int, receipt: bytes | None, at: dt.datetime) -> bool:
        return receipt is not None and any(
            e.receipt == receipt and abs(e.at - at) < SAME_PHONE
            for e in self.events
            if (e.run, e.serial, e.event) == (run, serial, StampEventKind.CHECK)
        )

    def look_up(self, run: int, serial: int, receipt: bytes | None, now: dt.datetime) -> History:
        mine = [e for e in self.events if (e.run, e.serial) == (run, serial)]
        checks = [e for e in mine if e.event is StampEventKind.CHECK]
        sales = [e for e in mine if e.event is StampEventKind.SOLD]
        return History(
            1,
            len(checks),
            self.mark(min(checks, key=lambda e: e.at, default=None)),
            self.mark(max(checks, key=lambda e: e.at, default=None)),
            self.mark(min(sales, key=lambda e: e.at, default=None)),
            self.seen(run, serial, receipt, now),
        )

    @staticmethod
    def mark(event: NewEvent | None) -> Mark | None:
        return None if event is None else Mark(event.at.astimezone(HANOI).date(), event.province or "")


RECEIPTS = st.sampled_from([None, b"a" * 16, b"b" * 16])
TIMES = st.sampled_from([0, 1, 29, 30, 31, 60, 24 * 60]).map(lambda m: NOON + minutes(m))
ACTS = st.tuples(
    st.integers(1, 2),  # serial
    TIMES,
    st.integers(0, 2),  # which of a few ids of that time
    st.sampled_from(
        [StampEventKind.CHECK, StampEventKind.CHECK, StampEventKind.SOLD, StampEventKind.APPLIED]
    ),
    st.sampled_from([None, "01", "79"]),
    RECEIPTS,
)
_runs = itertools.count(100)


def of_act(run: int, act: tuple[int, dt.datetime, int, StampEventKind, str | None, bytes | None]) -> NewEvent:
    serial, at, _, kind, province, receipt = act
    # An id names one event: what differs has another id, what is the same act comes again under the same.
    rest = zlib.crc32(repr(act[2:]).encode())
    event_id = uuid.UUID(int=int(at.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62 | rest)
    return NewEvent(run, serial, event_id, at, kind, Asker.CONSUMER, "genuine", province, province, receipt)


async def test_a_store_behaves_as_the_model_property(database_url: str) -> None:
    """Whatever comes, in groups of any size: the same answers and the same histories as the plain model."""
    store = open_store(database_url)
    loop = asyncio.get_running_loop()

    async def compare(run: int, groups: list[list[NewEvent]]) -> None:
        model = Model()
        for group in groups:
            answers = await asyncio.gather(*(store.record(event) for event in group))
            assert answers == [model.record(event) for event in group]
            for serial, receipt, after in itertools.product((1, 2), (None, b"a" * 16), (0, 45)):
                now = NOON + minutes(after)
                found = await store.look_up(run, serial, receipt, now)
                assert found == model.look_up(run, serial, receipt, now)

    @settings(max_examples=min(settings().max_examples * 6 // 10, 1_000))
    @given(st.lists(st.lists(ACTS, min_size=1, max_size=6), max_size=6))
    def run_all(
        groups: list[list[tuple[int, dt.datetime, int, StampEventKind, str | None, bytes | None]]],
    ) -> None:
        run = next(_runs)
        work = compare(run, [[of_act(run, act) for act in group] for group in groups])
        asyncio.run_coroutine_threadsafe(work, loop).result(30)

    await asyncio.to_thread(run_all)
    await store.close()


# ---- the same rows as the mapped records ----------------------------------------------------------------------------


def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    engine = make_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(sa.text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()


def mapped(event: NewEvent) -> StampEvent:
    return StampEvent(
        run=event.run,
        serial=event.serial,
        id=event.id,
        at=event.at,
        event=event.event,
        kind=event.kind,
        place=event.place,
        receipt=event.receipt,
        verdict=event.verdict,
    )


async def test_mapped_records_and_hot_store_write_the_same_bytes(database_url: str) -> None:
    """Byte for byte, so that a comparison in SQL holds whichever of them wrote the row."""
    hot = event_at(NOON + dt.timedelta(microseconds=120), receipt=b"\x00\xff" * 8)
    orm = NewEvent(
        8, 1, hot.id, hot.at, hot.event, hot.kind, hot.verdict, hot.place, hot.province, hot.receipt
    )
    sale = event_at(event=StampEventKind.SOLD)
    async with opened(database_url) as store:
        await store.record(hot)
        await store.record(sale)
    engine = make_engine(database_url)
    with make_sessions(engine).begin() as session:
        session.add(mapped(orm))
        session.add(
            StampState(
                run=8,
                serial=1,
                checks=1,
                first_at=hot.at,
                first_province="79",
                last_at=hot.at,
                last_province="79",
                sold_at=sale.at,
                sold_province="79",
            )
        )
    engine.dispose()
    for table in ("stamp_event", "stamp_state"):
        raw = execute(database_url, f"select * from {table} where run in (7, 8) order by run")
        rows = {row[1:] for row in raw if row[0] == 8}
        assert rows <= {row[1:] for row in raw if row[0] == 7}
        assert rows


async def test_each_reads_what_the_other_wrote(database_url: str) -> None:
    """The history of mapped rows, and mapped records of recorded events."""
    old = event_at(NOON - minutes(5), receipt=b"a" * 16)
    engine = make_engine(database_url)
    sessions = make_sessions(engine)
    with sessions.begin() as session:
        session.add(mapped(old))
        session.add(StampState(run=7, serial=1, checks=1, first_at=old.at, last_at=old.at))
    async with opened(database_url) as store:
        assert not await store.record(old)
        assert not await store.record(event_at(receipt=b"a" * 16))
        new = event_at(receipt=b"b" * 16)
        assert await store.record(new)
        assert (await store.look_up(7, 1, b"a" * 16, NOON)).seen_by_receipt
        assert (await store.look_up(7, 1)).checks == 2
    with sessions() as session:
        found = session.get_one(StampEvent, (7, 1, new.id))
        assert (found.at, found.event, found.kind, found.receipt) == (
            new.at,
            StampEventKind.CHECK,
            Asker.CONSUMER,
            b"b" * 16,
        )
        state = session.get_one(StampState, (7, 1))
        assert (state.first_at, state.last_at, state.last_province) == (old.at, new.at, "79")
    engine.dispose()


# ---- trouble --------------------------------------------------------------------------------------------------------


async def test_two_services_on_one_database(database_url: str) -> None:
    """Two stores that write the same events for the same stamps: each event counts once, nobody is stuck."""
    events = [event_at(NOON + dt.timedelta(seconds=n), serial=n % 5 + 1) for n in range(200)]
    async with opened(database_url) as one, opened(database_url) as two:
        answers = await asyncio.gather(
            *(store.record(e) for store, es in ((one, events), (two, events[::-1])) for e in es)
        )
        histories = [await one.look_up(7, serial) for serial in range(1, 6)]
    assert sum(answers) == 200
    assert [h.checks for h in histories] == [40] * 5


async def test_a_database_without_tables_is_unavailable(empty_database_url: str) -> None:
    """Both ways say so with the store's own error."""
    async with opened(empty_database_url) as store:
        with pytest.raises(StoreUnavailableError):
            await store.look_up(1, 1)
        with pytest.raises(StoreUnavailableError):
            await store.record(event_at())


async def test_without_its_revision_a_database_is_not_trusted(database_url: str) -> None:
    """A cache that can never be told of a recall must not be used; the message names the command."""
    execute(database_url, "delete from revision")
    async with opened(database_url) as store:
        with pytest.raises(StoreUnavailableError, match="temthat migrate"):
            await store.look_up(1, 1)


async def test_a_closed_store_takes_nothing(database_url: str) -> None:
    """What was submitted before is written."""
    store = open_store(database_url)
    waiting = [asyncio.create_task(store.record(event_at(serial=n))) for n in range(1, 9)]
    await asyncio.sleep(0)
    await store.close()
    assert await asyncio.gather(*waiting) == [True] * 8
    with pytest.raises(StoreUnavailableError):
        await store.record(event_at())


async def test_a_locked_sqlite_is_unavailable_for_writing_only(sqlite_url: str) -> None:
    """Somebody else writes for too long: look-ups go on, events are refused, and later all is well."""
    store = SqliteStore(sqlite_url, patience=dt.timedelta(milliseconds=50))
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(StoreUnavailableError, match="locked"):
        await store.record(event_at())
    assert (await store.look_up(7, 1)).checks == 0
    other.execute("rollback")
    other.close()
    assert await store.record(event_at())
    await store.close()


async def test_a_full_disk_is_unavailable(sqlite_url: str) -> None:
    """SQLite finds no room: the group is refused whole, and counts still equal events when there is room again."""
    store = SqliteStore(sqlite_url)
    await store.record(event_at(serial=1))
    writer = store._writer
    assert writer is not None
    (pages,) = writer.execute("pragma page_count").fetchone()
    writer.execute(f"pragma max_page_count = {pages + 2}").fetchall()
    answers = await asyncio.gather(
        *(store.record(event_at(serial=n)) for n in range(2, 1002)), return_exceptions=True
    )
    refused = [a for a in answers if isinstance(a, StoreUnavailableError)]
    assert refused
    assert "full" in str(refused[0])
    writer.execute("pragma max_page_count = 1000000").fetchall()
    assert await store.record(event_at(serial=2000))
    await store.close()
    assert execute(sqlite_url, "select count(*) from stamp_event") == [(2 + answers.count(True),)]
    assert execute(sqlite_url, "select sum(checks) from stamp_state") == [(2 + answers.count(True),)]


async def test_an_in_memory_sqlite_is_refused() -> None:
    """Two connections share the file, so there has to be one."""
    with pytest.raises(ValueError, match="file"):
        open_store("sqlite://")


async def test_a_restarted_postgresql_is_found_again(postgres: "PostgresForTests", postgres_url: str) -> None:
    """The server was killed and came back: the next question and the next event are answered as if nothing was."""
    async with opened(postgres_url) as store:
        await store.record(event_at(serial=1))
        assert (await store.look_up(7, 1)).checks == 1
        await asyncio.to_thread(postgres.restart)
        assert (await store.look_up(7, 1)).checks == 1
        assert await store.record(event_at(serial=2))


async def test_a_lost_connection_is_replaced(postgres_url: str) -> None:
    """An administrator ends the service's connections; nobody notices."""
    async with opened(postgres_url) as store:
        for serial in range(1, 4):
            assert await store.record(event_at(serial=serial))
            assert (await store.look_up(7, serial)).checks == 1
            execute(
                postgres_url,
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()",
            )


async def test_a_locked_postgresql_is_unavailable_for_writing_only(postgres_url: str) -> None:
    """A lock held too long refuses events in time; look-ups go on, and later all is well."""
    engine = make_engine(postgres_url)
    async with opened(postgres_url + "&options=-c%20lock_timeout%3D100ms") as store:
        with engine.begin() as connection:
            connection.execute(sa.text("lock table stamp_event in exclusive mode"))
            with pytest.raises(StoreUnavailableError, match="lock"):
                await store.record(event_at())
            assert (await store.look_up(7, 1)).checks == 0
        assert await store.record(event_at())
    engine.dispose()


async def test_an_absent_postgresql_is_unavailable(postgres: "PostgresForTests") -> None:
    """No such database: the store's own error."""
    async with opened(postgres.url("nowhere")) as store:
        with pytest.raises(StoreUnavailableError, match="nowhere"):
            await store.look_up(1, 1)


async def test_the_hot_statements_never_read_a_whole_table(postgres_url: str) -> None:
    """Whatever the statistics: each range of the primary key is asked by itself."""
    from temthat_verify_api.postgres_store import DIALECT, Link
    from temthat_verify_api.recording import recent_checks

    asked = [(7, serial, b"a" * 16, int(NOON.timestamp() * 1000)) for serial in range(1, 65)]
    statement = recent_checks(asked, DIALECT)

    async def explain(connection: psycopg.AsyncConnection[tuple[str]], _group: list[object]) -> str:
        cursor = await connection.execute(("explain " + statement.sql).encode(), statement.values)
        return "\n".join([row[0] async for row in cursor])

    link = Link(postgres_url)
    plan = await link.use(explain, [])
    await link.close()
    parts = plan.count("Bitmap Heap Scan")
    assert parts >= 13
    assert (
        len(re.findall(r"Index Cond: \(\(run = .* AND \(serial = .* AND \(id >= .* AND \(id <= ", plan))
        == parts
    )
    assert "Seq Scan" not in plan
    assert "Index Scan using" not in plan


# ---- a killed process -----------------------------------------------------------------------------------------------

RECORDER = """
import asyncio, datetime as dt, itertools, sys
from temthat_stamps.copies.records import StampEventKind
from temthat_stamps.verdict import Asker
from temthat_trace.ids import uuid7
from temthat_verify_api.store import NewEvent
from temthat_verify_api.wiring import open_store

async def main():
    store = open_store(sys.argv[1])
    numbers = itertools.count()
    async def client():
        while True:
            event_id, serial = uuid7(), next(numbers) % 50 + 1
            at = dt.datetime.now(dt.UTC)
            if await store.record(NewEvent(7, serial, event_id, at, StampEventKind.CHECK, Asker.CONSUMER, "genuine")):
                sys.stdout.write(f"{event_id}\\n")
                sys.stdout.flush()
    await asyncio.gather(*(client() for _ in range(64)))

asyncio.run(main())
"""


def test_a_killed_process_loses_nothing_acknowledged(database_url: str) -> None:
    """Killed in the midst of its groups: every acknowledged event is there, and counts equal events."""
    with subprocess.Popen(
        [sys.executable, "-c", RECORDER, database_url], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline() for _ in range(1_500)]
        os.kill(process.pid, signal.SIGKILL)
        acknowledged += process.stdout.readlines()
    whole = {uuid.UUID(line.strip()) for line in acknowledged if line.endswith("\n")}
    assert len(whole) >= 1_500
    engine = make_engine(database_url)
    with make_sessions(engine)() as session:
        stored = set(session.scalars(sa.select(StampEvent.id)))
        per_stamp = sa.select(StampEvent.serial, sa.func.count()).group_by(StampEvent.serial)
        counted = {(serial, count) for serial, count in session.execute(per_stamp)}
        states = {
            (serial, n) for serial, n in session.execute(sa.select(StampState.serial, StampState.checks))
        }
    engine.dispose()
    assert whole <= stored
    assert states == counted
