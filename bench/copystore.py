"""Ten million scanned stamps in one database: what they take on the disk, and whether checks get slower by them.

The stamps' states and events are written at once, as weeks of checks would have left them: three in four were checked
once, the others twice, at two places. Then checks of stamps never seen and of stamps seen before are recorded with
their scores, and stamps looked up, in turns with a database that is empty but for what the measurement wrote itself.
"""

import asyncio
import datetime as dt
import os
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from bench.measuring import Figure
from bench.postgresql import postgresql
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.copies.model import Goods, Model
from temthat_stamps.copies.stored import NOTHING, Scoring, Stored, begin, go_on
from temthat_stamps.verdict import Asker
from temthat_trace.ids import uuid7
from temthat_verify_api.migrate import upgrade
from temthat_verify_api.scoring import scan_event, to_columns
from temthat_verify_api.sqlite_store import DIALECT
from temthat_verify_api.store import NewEvent
from temthat_verify_api.wiring import open_store

STAMPS = 10_000_000
PER_RUN = 20_000
AT_ONCE = 64
ROUNDS = 5
_TOGETHER = 100_000
"""Rows that are made and written together."""

SCORING = Scoring(Model(), Goods())
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
_PLACES = ("01", "79", "48", "92", "66", "31", "38")
_STATE = (
    "run", "serial", "checks", "first_at", "first_province", "last_at", "last_province", "copy_live", "copy_frozen",
    "copy_horizon",
)  # fmt: skip
_EVENT = ("run", "serial", "id", "at", "event", "kind", "place", "receipt", "verdict")


def figures(small: bool) -> list[Figure]:
    """All figures; `small` only sees that everything runs. `TEMTHAT_BENCH_STAMPS` sets another number of stamps."""
    stamps = 2_000 if small else int(os.environ.get("TEMTHAT_BENCH_STAMPS", STAMPS))
    count, rounds = (200, 1) if small else (5_000, ROUNDS)
    with tempfile.TemporaryDirectory(prefix="temthat-bench-") as folder:
        full, empty = (Path(folder) / f"{name}.db" for name in ("full", "empty"))
        for path in (full, empty):
            upgrade(f"sqlite:///{path}")
        before = _file_size(full)
        began = time.perf_counter()
        _fill_sqlite(full, stamps)
        seconds = time.perf_counter() - began
        taken = _file_size(full) - before
        found = [_size("SQLite", stamps, taken, seconds, _parts(full))]
        found += asyncio.run(
            _rates(f"sqlite:///{full}", f"sqlite:///{empty}", "SQLite", stamps, count, rounds)
        )
    with postgresql() as url:
        if url:
            found += _postgresql(url, stamps if small else min(stamps, 2_000_000), count, rounds)
    return found


def _postgresql(url: str, stamps: int, count: int, rounds: int) -> list[Figure]:
    other = str(sa.make_url(url).set(database="empty").render_as_string(hide_password=False))
    with closing(psycopg.connect(_plain(url), autocommit=True)) as connection:
        connection.execute("create database empty")
    for each in (url, other):
        upgrade(each)
    began = time.perf_counter()
    taken = _fill_postgresql(url, stamps)
    seconds = time.perf_counter() - began
    found = [_size("PostgreSQL", stamps, taken, seconds, "")]
    return found + asyncio.run(_rates(url, other, "PostgreSQL", stamps, count, rounds))


def _plain(url: str) -> str:
    return sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _size(name: str, stamps: int, taken: int, seconds: float, parts: str) -> Figure:
    return {
        "name": f"{stamps:,} scanned stamps, {name}: database, events included",
        "value": taken / stamps,
        "unit": "bytes/stamp",
        "baseline": f"{taken / 1e9:,.2f} GB, filled in {seconds:,.0f} s{parts}",
        "ratio": None,
    }


def _file_size(path: Path) -> int:
    return sum(other.stat().st_size for other in path.parent.glob(path.name + "*"))


def _parts(path: Path) -> str:
    """What of it are the states, where this SQLite can tell."""
    with closing(sqlite3.connect(path)) as connection:
        try:
            [(size,)] = connection.execute(
                "select sum(pgsize) from dbstat where name like '%stamp_state%' and aggregate = true"
            ).fetchall()
        except sqlite3.OperationalError:
            return ""
        [(count, copies)] = connection.execute(
            "select count(*), sum(length(copy_live) + coalesce(length(copy_frozen), 0) + 4) from stamp_state"
        ).fetchall()
    return f"; a state's row {size / count:,.0f} bytes, of them {copies / count:,.0f} the copy model's"


def _stamps(stamps: int) -> Iterator[tuple[list[Any], list[list[Any]]]]:
    """A state's columns and its events', for each stamp."""
    draw = random.Random(1)
    for number in range(stamps):
        run, serial = number // PER_RUN + 1, number % PER_RUN + 1
        place = _PLACES[number % 7]
        first = NOW - dt.timedelta(seconds=draw.randrange(20 * 86_400, 90 * 86_400))
        days = (
            [first]
            if number % 4
            else [first, first + dt.timedelta(seconds=draw.randrange(86_400, 15 * 86_400))]
        )
        events, stored = [], NOTHING
        for at in days:
            event_id, receipt = uuid7(int(at.timestamp() * 1000)), draw.randbytes(16)
            where = place if at is first else _PLACES[draw.randrange(7)]
            scan = scan_event(event_id, at, StampEventKind.CHECK, Asker.CONSUMER, where, receipt)
            assert scan is not None, "a check is scored"
            stored = _next(stored, scan)
            events.append([run, serial, event_id, at, "check", "consumer", where, receipt, "genuine"])
        state = [run, serial, len(days), first, place, days[-1], events[-1][6], *to_columns(stored)]
        yield state, events


def _next(stored: Stored, scan: Any) -> Stored:
    if stored == NOTHING:
        return begin(SCORING, [scan])
    return go_on(SCORING, stored, [scan], (stored.horizon or 0) + 7 * 86_400) or stored


def _fill_sqlite(path: Path, stamps: int) -> None:
    rows = _stamps(stamps)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma synchronous = off")
        connection.execute("pragma journal_mode = off")
        connection.execute("pragma cache_size = -400000")
        while group := list(islice(rows, _TOGETHER)):
            states = [[_sqlite(value) for value in state] for state, _ in group]
            events = [[_sqlite(value) for value in event] for _, events in group for event in sorted(events)]
            for table, columns, values in (("stamp_state", _STATE, states), ("stamp_event", _EVENT, events)):
                marks = ", ".join("?" * len(columns))
                connection.executemany(
                    f"insert into {table} ({', '.join(columns)}) values ({marks})",
                    values,
                )
            connection.commit()


def _sqlite(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return DIALECT.to_instant(value)
    return value.hex if hasattr(value, "version") else value


def _fill_postgresql(url: str, stamps: int) -> int:
    """The bytes that the tables with their indexes take."""
    rows = _stamps(stamps)
    with closing(psycopg.connect(_plain(url))) as connection:
        while group := list(islice(rows, _TOGETHER)):
            for table, columns, values in (
                ("stamp_state", _STATE, [state for state, _ in group]),
                ("stamp_event", _EVENT, [event for _, events in group for event in events]),
            ):
                with connection.cursor().copy(f"copy {table} ({', '.join(columns)}) from stdin") as copy:
                    for row in values:
                        copy.write_row(row)
            connection.commit()
        connection.autocommit = True
        connection.execute("vacuum analyze")
        found = connection.execute(
            "select sum(pg_total_relation_size(oid)) from pg_class where relkind = 'r' "
            "and relname like 'stamp\\_state%' or relname like 'stamp\\_event%'"
        ).fetchone()
    assert found is not None, "a sum is a row"
    return int(found[0])


async def _rates(full: str, empty: str, name: str, stamps: int, count: int, rounds: int) -> list[Figure]:
    """Look-ups, first checks and further checks a second, beside those of the empty database."""
    stores = open_store(full), open_store(empty)
    fresh = iter(range(1, 1 << 30))
    found: dict[str, tuple[list[float], list[float]]] = {
        what: ([], []) for what in ("look up", "first check", "further check")
    }
    # The empty one has some stamps to look up and to check again.
    some = min(stamps, 20 * count)
    await _timed(lambda n: stores[1].record(_event(_stamp_at(n))), list(range(some)))
    for store in stores:
        await _timed(lambda n, s=store: s.look_up(*_stamp_at(n)), list(range(AT_ONCE)))
    for _ in range(rounds):
        for side, (store, among) in enumerate(zip(stores, (stamps, some), strict=True)):
            drawn = [random.randrange(among) for _ in range(count)]
            new = list(islice(fresh, count))
            found["look up"][side].append(await _timed(lambda n, s=store: s.look_up(*_stamp_at(n)), drawn))
            found["first check"][side].append(
                await _timed(
                    lambda n, s=store: s.record(_event((1_000_000 + n // PER_RUN, n % PER_RUN + 1))), new
                )
            )
            found["further check"][side].append(
                await _timed(lambda n, s=store: s.record(_event(_stamp_at(n))), drawn)
            )
    for store in stores:
        await store.close()
    return [
        {
            "name": f"{what} among {stamps:,}, {name}, {AT_ONCE} at once",
            "value": statistics.median(ours),
            "unit": "a second",
            "baseline": f"among few: {statistics.median(others):,.0f}/s",
            "ratio": statistics.median(a / b for a, b in zip(ours, others, strict=True)),
        }
        for what, (ours, others) in found.items()
    ]


def _stamp_at(number: int) -> tuple[int, int]:
    return number // PER_RUN + 1, number % PER_RUN + 1


def _event(stamp: tuple[int, int]) -> NewEvent:
    """A phone's check now, with a receipt never seen before."""
    place = random.choice(_PLACES)
    return NewEvent(
        *stamp,
        uuid7(),
        dt.datetime.now(dt.UTC),
        StampEventKind.CHECK,
        Asker.CONSUMER,
        "genuine",
        place,
        place,
        os.urandom(16),
        SCORING,
    )


async def _timed(work: Any, numbers: list[int]) -> float:
    """Calls a second, `AT_ONCE` at a time."""
    waiting = iter(numbers)

    async def caller() -> None:
        for number in waiting:
            await work(number)

    begun = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(AT_ONCE)))
    return len(numbers) / (time.perf_counter() - begun)
