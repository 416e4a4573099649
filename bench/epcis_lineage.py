"""Lineage over a million stored EPCIS events: one lot to 10,000 packs in cartons on pallets, and 50 transformations.

Against reading one event by its number, on the same database. Goal: under one second each.
"""

import datetime as dt
import json
import os
import uuid
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine, select
from sqlalchemy.orm import Session

from bench.measuring import Figure, analyze, median_seconds, on_both, under_a_second
from temthat_trace.database import make_engine
from temthat_trace.epcis.context import Context
from temthat_trace.epcis.reading import read_event
from temthat_trace.epcis.tables import COUNTER_BITS, EpcisEvent, EpcisTerm
from temthat_trace.epcis.terms import conditions, terms
from temthat_trace.lineage.joined import trace
from temthat_trace.lineage.things import Thing
from temthat_trace.lineage.walk import Direction
from temthat_trace.parties import Party, PartyKind
from temthat_verify_api.migrate import upgrade

CARTON, DEEP = 100, 50
BASE = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
ITEM = "https://id.gs1.org/01/08938505974194"

Json = dict[str, Any]


def figures(small: bool) -> list[Figure]:
    """Seconds for each question on each database; `small` only sees that everything runs."""
    events, wide = (3_000, 200) if small else (1_000_000, 10_000)
    return on_both(lambda url, name: _measure(url, name, events, wide))


def _measure(url: str, name: str, events: int, wide: int) -> list[Figure]:
    upgrade(url)
    engine = make_engine(url)
    party = _fill(engine, events, wide)
    engine.dispose()
    with Session(engine) as session:
        middle = session.scalar(select(EpcisEvent.id).order_by(EpcisEvent.id).offset(events // 2).limit(1))
        one = median_seconds(
            lambda: session.execute(EpcisEvent.__table__.select().where(EpcisEvent.id == middle)).one()
        )

        def walk(start: str, way: Direction, count: int) -> Callable[[], None]:
            def run() -> None:
                found = trace(session, [Thing(start)], way, keepers=[party])
                assert (len(found.walk.nodes), found.cut) == (count, None), (len(found.walk.nodes), found.cut)

            return run

        cartons = wide // CARTON
        asked = {
            f"down, one lot to {wide:,} packs, {cartons} cartons, 1 pallet": walk(
                f"{ITEM}/10/WIDE", Direction.DOWN, wide + cartons + 2
            ),
            f"up, a pallet's {wide:,} packs to their lot": walk(_sscc(0), Direction.UP, wide + cartons + 2),
            f"up, {DEEP} transformations": walk(f"{ITEM}/10/D{DEEP}", Direction.UP, DEEP + 1),
        }
        found = under_a_second(
            asked,
            lambda what: f"EPCIS {what}, among {events:,} events, {name}",
            f"one event by its number: {one * 1e6:,.0f} us",
        )
    engine.dispose()
    return found


def _sscc(number: int) -> str:
    body = f"3893850597{number:07d}"
    check = -(3 * sum(map(int, body[::-2])) + sum(map(int, body[-2::-2]))) % 10
    return f"https://id.gs1.org/00/{body}{check}"


def _lot(number: str) -> list[Json]:
    return [{"epcClass": f"{ITEM}/10/{number}", "quantity": 10, "uom": "KGM"}]


def _story(events: int, wide: int) -> Iterator[Json]:
    """The wide lot: each pack an event of its own; the deep chain; around them chains of ten, their things observed."""
    packs = [f"{ITEM}/21/W{n}" for n in range(wide)]
    for pack in packs:
        yield {"type": "TransformationEvent", "inputQuantityList": _lot("WIDE"), "outputEPCList": [pack]}
    cartons = [_sscc(n + 1) for n in range(wide // CARTON)]
    for n, carton in enumerate(cartons):
        inside = packs[n * CARTON : (n + 1) * CARTON]
        yield {"type": "AggregationEvent", "action": "ADD", "parentID": carton, "childEPCs": inside}
    yield {"type": "AggregationEvent", "action": "ADD", "parentID": _sscc(0), "childEPCs": cartons}
    for n in range(DEEP):
        yield {
            "type": "TransformationEvent", "inputQuantityList": _lot(f"D{n}"), "outputQuantityList": _lot(f"D{n + 1}")
        }  # fmt: skip
    for n in range(events - wide - len(cartons) - 1 - DEEP):
        one, other = f"{ITEM}/21/R{n}", f"{ITEM}/21/R{n + 1}"
        if n % 2:
            yield {"type": "ObjectEvent", "action": "OBSERVE", "bizStep": "storing", "epcList": [one, other]}
        else:
            yield {"type": "TransformationEvent", "inputEPCList": [one], "outputEPCList": [other]}


def _fill(engine: Engine, events: int, wide: int) -> uuid.UUID:
    """The events with all terms that a capture writes for them; what they were judged by is left out."""
    names = Context(["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"])
    first = int(BASE.timestamp() * 1000) << COUNTER_BITS
    with Session(engine) as session:
        party = Party(code="HTX", kind=PartyKind.COOPERATIVE, name="HTX", province="24")
        session.add(party)
        session.flush()
        is_sqlite = engine.dialect.name == "sqlite"
        owner: Any = party.id.hex if is_sqlite else party.id
        connection = session.connection()
        if is_sqlite:
            connection.exec_driver_sql("pragma cache_size=-600000")
        story = enumerate(_story(events, wide), first)
        while part := list(islice(story, 50_000)):
            rows, found = [], []
            for number, event in part:
                at = BASE + dt.timedelta(seconds=number - first)
                event |= {"eventTime": at.isoformat(), "eventTimeZoneOffset": "+07:00"}
                read, _ = read_event(event)
                assert read is not None
                digest = os.urandom(32)
                micros = int(at.timestamp() * 1_000_000)
                rows.append((number, owner, owner, micros, digest, digest, None, None, json.dumps(event)))
                found += [(term, number) for term in terms(party.id, conditions(read, names))]
            _insert(connection, EpcisEvent.__tablename__, _EVENT, rows)
            _insert(connection, EpcisTerm.__tablename__, ("term", "event"), sorted(found))
        session.commit()
        key = party.id
    analyze(engine)
    return key


_EVENT = ("id", "party_id", "job_id", "event_time", "hash", "digest", "given_id", "context", "body")


def _insert(
    connection: Connection, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]
) -> None:
    named, marks = ", ".join(columns), ", ".join("?" * len(columns))
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"insert into {table} ({named}) values ({marks})", rows)
        return
    with connection.connection.cursor().copy(f"copy {table} ({named}) from stdin") as copy:
        for row in rows:
            copy.write_row(row)
