"""The hot store: what group commit gains over a commit for each event, and what a look-up costs.

Both ways of a figure take turns on one database. "At once" callers are coroutines that each wait for their answer
before they ask again, as requests do. Every answer comes after a durable commit.
"""

import asyncio
import datetime as dt
import os
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from typing import Any

from bench.postgresql import postgresql
from temthat_stamps.copies.records import StampEventKind
from temthat_stamps.verdict import Asker
from temthat_trace.ids import uuid7
from temthat_verify_api.migrate import upgrade
from temthat_verify_api.store import HotStore, NewEvent
from temthat_verify_api.wiring import open_store

AT_ONCE = 64
ROUNDS = 5
RUNS, SERIALS = 20, 500

Figure = dict[str, Any]
Work = Callable[[], Awaitable[object]]


def figures(small: bool) -> list[Figure]:
    """All figures; `small` only sees that everything runs."""
    count = 100 if small else 3_000
    rounds = 1 if small else ROUNDS
    found: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/temthat.db"
        upgrade(url)
        found += asyncio.run(_measure(url, "SQLite", count, rounds))
    with postgresql() as postgres_url:
        if postgres_url:
            upgrade(postgres_url)
            found += asyncio.run(_measure(postgres_url, "PostgreSQL", count, rounds))
    return found


async def _measure(url: str, name: str, count: int, rounds: int) -> list[Figure]:
    store = open_store(url)
    for run in range(1, RUNS + 1):
        await asyncio.gather(*(store.record(_event(run, serial)) for serial in range(1, SERIALS + 1)))
    singles = max(count // 20, 20)

    async def one_by_one() -> float:
        return await _rate(lambda: store.record(_event()), singles, 1)

    async def grouped() -> float:
        return await _rate(lambda: store.record(_event()), count, AT_ONCE)

    single, group = await _in_turns(one_by_one, grouped, rounds)
    found = [
        {
            "name": f"record durably, {name}, {AT_ONCE} at once",
            "value": group,
            "unit": "events/s",
            "baseline": f"a commit an event: {single:,.0f}/s",
            "ratio": group / single,
        }
    ]
    found += await (_sqlite_look_ups if url.startswith("sqlite") else _postgres_look_ups)(
        store, url, count, rounds
    )
    await store.close()
    return found


async def _sqlite_look_ups(store: HotStore, url: str, count: int, rounds: int) -> list[Figure]:
    """Against reading the same row by primary key with the bare driver."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))

    async def bare() -> float:
        return await _rate(lambda: _read(connection), count * 5, 1)

    async def ours() -> float:
        return await _rate(lambda: store.look_up(*_stamp()), count * 5, 1)

    base, rate = await _in_turns(bare, ours, rounds)
    connection.close()
    return [
        {
            "name": "look a stamp up, SQLite",
            "value": 1e6 / rate,
            "unit": "us",
            "baseline": f"bare sqlite3 row: {1e6 / base:,.1f} us",
            "ratio": rate / base,
        }
    ]


async def _read(connection: sqlite3.Connection) -> object:
    return connection.execute("select * from stamp_state where run = ? and serial = ?", _stamp()).fetchall()


async def _postgres_look_ups(store: HotStore, _url: str, count: int, rounds: int) -> list[Figure]:
    """Shared queries against a query for each."""

    async def alone() -> float:
        return await _rate(lambda: store.look_up(*_stamp()), count // 2, 1)

    async def together() -> float:
        return await _rate(lambda: store.look_up(*_stamp()), count * 3, AT_ONCE)

    base, rate = await _in_turns(alone, together, rounds)
    return [
        {
            "name": f"look a stamp up, PostgreSQL, {AT_ONCE} at once",
            "value": 1e6 / rate,
            "unit": "us",
            "baseline": f"a query each: {1e6 / base:,.0f} us",
            "ratio": rate / base,
        }
    ]


async def _rate(work: Work, count: int, at_once: int) -> float:
    """Calls a second, by the clock."""

    async def caller() -> None:
        for _ in range(max(count // at_once, 1)):
            await work()

    start = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(at_once)))
    return max(count // at_once, 1) * at_once / (time.perf_counter() - start)


async def _in_turns(
    baseline: Callable[[], Awaitable[float]], ours: Callable[[], Awaitable[float]], rounds: int
) -> tuple[float, float]:
    """The median rate of each, taken alternately so that a busy machine slows both."""
    rates: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        rates[0].append(await baseline())
        rates[1].append(await ours())
    return statistics.median(rates[0]), statistics.median(rates[1])


def _stamp() -> tuple[int, int]:
    return random.randrange(1, RUNS + 1), random.randrange(1, SERIALS + 1)


def _event(run: int | None = None, serial: int | None = None) -> NewEvent:
    """A phone's check, with a receipt never seen before: the dearest kind of event."""
    some_run, some_serial = _stamp()
    return NewEvent(
        run or some_run,
        serial or some_serial,
        uuid7(),
        dt.datetime.now(dt.UTC),
        StampEventKind.CHECK,
        Asker.CONSUMER,
        "genuine",
        "79",
        "79",
        os.urandom(16),
    )
