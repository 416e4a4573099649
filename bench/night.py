"""The nightly work at size: how many events a second it goes through, and what those who check stamps notice of it.

Stamps checked once or twice in the last 90 days, evenly; so a ninetieth of the events is deleted. Beside the
night, checks come one after the other all the time; how long the slowest of a hundred takes is compared with the same
without a night.
"""

import asyncio
import datetime as dt
import random
import resource
import sqlite3
import statistics
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg

from bench.measuring import Figure, analyze, on_both
from temthat_stamps.copies.events import ScanEvent
from temthat_stamps.copies.history import WINDOW, History
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.copies.model import Goods, Model
from temthat_stamps.copies.places import of_province
from temthat_stamps.copies.records import Seconds
from temthat_stamps.copies.stored import Scoring
from temthat_stamps.runs.records import Run
from temthat_stamps.verdict import Asker
from temthat_trace.batches import Batch
from temthat_trace.database import make_engine, make_sessions
from temthat_trace.ids import uuid7
from temthat_trace.parties import Party, PartyKind
from temthat_trace.products import PackForm, Product
from temthat_verify_api.migrate import upgrade
from temthat_verify_api.nightly.work import PAUSE, NightWork
from temthat_verify_api.store import HotStore, NewEvent
from temthat_verify_api.wiring import open_store

RUNS = 10
KEPT_DAYS = 90
DAYS = 83
"""How old the oldest events are: one day's are old enough to go."""
NOW = dt.datetime(2026, 5, 26, 19, 0, tzinfo=dt.UTC)
_EVENT = "insert into stamp_event (run, serial, id, at, event, kind, place, receipt, verdict) values "
_STATE = (
    "insert into stamp_state (run, serial, checks, first_at, last_at, copy_live, copy_frozen, copy_horizon) "
    "values "
)


def figures(small: bool) -> list[Figure]:
    """All figures; `small` only sees that everything runs."""
    stamps = 2_000 if small else 1_000_000
    return on_both(lambda url, name: _measure(url, name, stamps))


def _measure(url: str, name: str, stamps: int) -> list[Figure]:
    upgrade(url)
    engine = make_engine(url)
    sessions = make_sessions(engine)
    with sessions() as session:
        session.add_all(_records(stamps // RUNS))
        session.commit()
    events = _fill(url, stamps // RUNS)
    analyze(engine)
    alone = asyncio.run(_checks(url, stamps // RUNS, threading.Event(), 3.0))
    over, done = threading.Event(), list[Any]()

    def night() -> None:
        start = time.perf_counter()
        done.append(NightWork(sessions, KEPT_DAYS, lambda: NOW, pause=PAUSE).do())
        done.append(time.perf_counter() - start)
        over.set()

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    thread = threading.Thread(target=night)
    thread.start()
    beside = asyncio.run(_checks(url, stamps // RUNS, over, 600.0))
    thread.join()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    engine.dispose()
    work, seconds = done
    did = f"{work.deleted:,} deleted, {work.learned} habits learned, {grown:,.0f} MB more"
    return [
        {
            "name": f"a night over {events:,} events, {name}",
            "value": events / seconds,
            "unit": "events/s",
            "baseline": f"{seconds:,.0f} s, {did}",
            "ratio": None,
        },
        {
            "name": f"99 of 100 checks recorded within, beside a night, {name}",
            "value": beside * 1000,
            "unit": "ms",
            "baseline": f"without a night: {alone * 1000:,.1f} ms",
            "ratio": alone / beside,
        },
    ]


def _records(serials: int) -> Iterator[Any]:
    party = Party(code="HTX", kind=PartyKind.COOPERATIVE, name="HTX", province="01")
    product = Product(party=party, code="CHE", name="Chè", base_unit="KGM")
    form = PackForm(product=product, code="G100", name="Gói 100 g")
    yield from (party, product, form)
    for number in range(1, RUNS + 1):
        batch = Batch(
            party=party, product=product, lot=f"L{number}", quantity=Decimal(1), unit="KGM", made_on=NOW.date(),
            address="", province="01",
        )  # fmt: skip
        yield batch
        yield Run(
            run=number,
            party=party,
            batch=batch,
            pack_form=form,
            count=serials,
            sealed_secret=b"",
            registered_at=NOW,
        )


def _fill(url: str, serials: int) -> int:
    """Events and states of all stamps, past the mapped records: millions of rows."""
    random.seed(1)
    life = _Life()
    events = 0
    is_sqlite = url.startswith("sqlite")
    connection: Any = (
        sqlite3.connect(url.removeprefix("sqlite:///"))
        if is_sqlite
        else psycopg.connect(url.replace("+psycopg", ""))
    )
    for run in range(1, RUNS + 1):
        event_rows, state_rows = [], []
        for serial in range(1, serials + 1):
            at = NOW - dt.timedelta(days=random.random() * DAYS)
            again = at + dt.timedelta(hours=2) if serial % 2 else None
            times = [at, again] if again and again < NOW else [at]
            for n, time_ in enumerate(times):
                event_rows.append(_event_row(run, serial, time_, n, is_sqlite))
            live, horizon = life.state(times)
            first, last = _instant(times[0], is_sqlite), _instant(times[-1], is_sqlite)
            state_rows.append((run, serial, len(times), first, last, live, None, horizon - Seconds.SHIFT))
        events += len(event_rows)
        for text, rows in ((_EVENT, event_rows), (_STATE, state_rows)):
            mark = "?" if is_sqlite else "%s"
            connection.cursor().executemany(f"{text}({', '.join([mark] * len(rows[0]))})", rows)
        connection.commit()
    connection.close()
    return events


class _Life:
    """The state after one check or two, moved to the time it is wanted for."""

    def __init__(self) -> None:
        self._states = []
        for count in (1, 2):
            history = History(Model())
            for n in range(count):
                event = ScanEvent(n * 7_200, Asker.CONSUMER, StampEventKind.CHECK, str(n), of_province("01"))
                history.add(event)
            self._states.append(history.live)

    def state(self, times: list[dt.datetime]) -> tuple[bytes, int]:
        state = self._states[len(times) - 1]
        state.last_at = int(times[-1].timestamp())
        return state.encode(), state.last_at - WINDOW


def _event_row(run: int, serial: int, at: dt.datetime, n: int, is_sqlite: bool) -> tuple[Any, ...]:
    event_id = uuid7(int(at.timestamp() * 1000))
    receipt = serial.to_bytes(8) + bytes([n] * 8)
    told = event_id.hex if is_sqlite else event_id
    return run, serial, told, _instant(at, is_sqlite), "check", "consumer", "01", receipt, "genuine"


def _instant(at: dt.datetime, is_sqlite: bool) -> Any:
    return at.replace(tzinfo=None).isoformat(" ", "microseconds") if is_sqlite else at


async def _checks(url: str, serials: int, over: threading.Event, seconds: float) -> float:
    """Record checks until it is over: the time within which 99 of 100 are durable."""
    store: HotStore = open_store(url)
    scoring = Scoring(Model(), Goods())
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not over.is_set() and time.perf_counter() < end:
        event = NewEvent(
            random.randint(1, RUNS), random.randint(1, serials), uuid7(), NOW, StampEventKind.CHECK, Asker.CONSUMER,
            "genuine", "01", "01", random.randbytes(16), scoring,
        )  # fmt: skip
        start = time.perf_counter()
        await store.record(event)
        times.append(time.perf_counter() - start)
        await asyncio.sleep(0.005)
    await store.close()
    return statistics.quantiles(times, n=100)[98] if len(times) > 1 else times[0]
