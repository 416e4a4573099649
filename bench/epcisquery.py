"""MATCH_anyEPC over a million stored EPCIS events, from the question to the document that answers it.

Against reading one event by its primary key, on the same connection, turn about. Goal: p95 at most 5 times that.
The rows are those that capture writes; only the rules and the hash are left out, to have a million soon.
"""

import datetime as dt
import hashlib
import json
import os
import random
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from bench.epcis_events import CONTEXT, document
from bench.measuring import Figure, analyze, on_both
from temthat_trace.database import make_engine
from temthat_trace.epcis import store
from temthat_trace.epcis.answering import query_document
from temthat_trace.epcis.context import Context
from temthat_trace.epcis.judging import Judged
from temthat_trace.epcis.query.query import read_url
from temthat_trace.epcis.query.search import search
from temthat_trace.epcis.reading import read_event
from temthat_trace.epcis.stream import Raw
from temthat_trace.epcis.tables import EpcisEvent
from temthat_trace.epcis.terms import conditions
from temthat_trace.parties import Party, PartyKind
from temthat_verify_api.migrate import upgrade

EVENTS, TURNS = 1_000_000, 1_000
GROUP = 10_000
NOW = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)


def figures(small: bool) -> list[Figure]:
    """Microseconds for each question on each database; `small` only sees that everything runs."""
    events, turns = (2_000, 20) if small else (EVENTS, TURNS)
    return on_both(lambda url, name: _measure(url, name, events, turns))


def _measure(url: str, name: str, events: int, turns: int) -> list[Figure]:
    upgrade(url)
    party = _fill(url, events)
    engine = make_engine(url)
    numbers = random.Random(7)
    with Session(engine) as session:
        keys = (
            [k for (k,) in session.execute(select(EpcisEvent.id))]
            if events < 10_000
            else _keys(session, numbers)
        )
        ask = _asking(session, party)

        def serial() -> None:
            # As the pack's label says it; one event wrote it as a URN, the other as a link with its lot.
            n = numbers.randrange(0, events, 2)
            ask(2, MATCH_anyEPC=f"https://id.gs1.org/01/08934567111119/21/{n}A")

        def lot() -> None:
            n = numbers.randrange(0, events, 2)
            ask(1, MATCH_anyEPCClass=f"urn:epc:class:lgtin:8934567.022222.L{n}")

        def both() -> None:
            n = numbers.randrange(0, events, 2)
            ask(1, MATCH_anyEPC=f"urn:epc:id:sgtin:8934567.011111.{n}B", EQ_bizStep="shipping")

        def product() -> None:
            ask(30, MATCH_anyEPC="urn:epc:idpat:sgtin:8934567.011111.*", orderBy="recordTime")

        asked = {
            "MATCH_anyEPC, a serial (2 events)": serial,
            "MATCH_anyEPCClass, a lot (1 event)": lot,
            "MATCH_anyEPC and EQ_bizStep (1 of 2)": both,
            "MATCH_anyEPC, a product: a page of 30": product,
        }
        result = [
            figure
            for what, question in asked.items()
            for figure in _turns(f"{what}, among {events:,}, {name}", question, session, keys, numbers, turns)
        ]
    engine.dispose()
    return result


def _asking(session: Session, party: uuid.UUID) -> Callable[..., None]:
    """A question as HTTP brings it, to the text HTTP takes away."""

    def ask(count: int, **parameters: str) -> None:
        page = search(session, [party], read_url(parameters.items()), 30)
        text = query_document(page.events, NOW)
        if len(page.events) != count or len(text) < 200:
            raise ValueError(f"{len(page.events)} events for {parameters}")

    return ask


def _turns(
    name: str,
    question: Callable[[], None],
    session: Session,
    keys: list[int],
    numbers: random.Random,
    turns: int,
) -> list[Figure]:
    table = EpcisEvent.__table__
    theirs, ours = [], []
    for turn in range(turns + turns // 10):
        key = numbers.choice(keys)
        start = time.perf_counter()
        session.execute(table.select().where(table.c.id == key)).one()
        middle = time.perf_counter()
        question()
        end = time.perf_counter()
        if turn >= turns // 10:  # the first tenth warms up
            theirs.append(middle - start)
            ours.append(end - middle)
    p95, one = _p95(ours), _p95(theirs)
    medians = f"medians {statistics.median(ours) * 1e6:,.0f} and {statistics.median(theirs) * 1e6:,.0f}"
    return [
        {
            "name": f"EPCIS {name}",
            "value": p95 * 1e6,
            "unit": "us (p95)",
            "baseline": f"one event by its key: {one * 1e6:,.0f} us (p95); {medians}",
            "ratio": p95 / one,
        }
    ]


def _p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def _keys(session: Session, numbers: random.Random) -> list[int]:
    """A thousand keys from everywhere."""
    every = session.scalars(select(EpcisEvent.id)).all()
    return numbers.sample(every, 1_000)


def _fill(url: str, events: int) -> uuid.UUID:
    """Events as a packing house writes them: two packs made, then shipped in a carton."""
    engine = make_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _in_haste)
    names = Context(CONTEXT)
    with Session(engine, expire_on_commit=False) as session:
        party = Party(code="BENCH", kind=PartyKind.COOPERATIVE, name="Bench")
        session.add(party)
        session.flush()
        context = store.keep_context(session, CONTEXT)
        for group in _groups(events):
            values = json.loads(document(len(group), group[0]))["epcisBody"]["eventList"]
            judged = [_judged(n, value, names) for n, value in zip(group, values, strict=True)]
            store.one_writer(session)
            at = int(NOW.timestamp() * 1000) + group[0]
            store.add_events(session, party.id, uuid.UUID(bytes=os.urandom(16)), judged, context, at)
            session.commit()
    analyze(engine, "VACUUM ANALYZE")
    engine.dispose()
    return party.id


def _groups(events: int) -> Iterator[range]:
    return (range(n, min(n + GROUP, events)) for n in range(0, events, GROUP))


def _judged(n: int, value: dict[str, Any], names: Context) -> Judged:
    found, problems = read_event(value)
    if found is None:
        raise ValueError(problems)
    digest = hashlib.sha256(b"%d" % n).digest()
    text = json.dumps(value)
    return Judged(Raw("", text, value), found, [], digest, digest, conditions(found, names))


def _in_haste(connection: Any, _record: Any) -> None:
    for pragma in ("synchronous=OFF", "cache_size=-2000000", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
