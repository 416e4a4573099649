"""A cooperative's records: told as EPCIS events, looked at again when nothing changed, and the balance of a season.

As many batches of one year as a page looks at, each with five diary entries that have an amount. Durable commits.
Telling is set against capturing the same events from ready documents: what reading and comparing the records costs.
"""

import datetime as dt
import json
import time
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from bench.measuring import Figure, on_both
from temthat_trace.balance.repository import MOST, season_of
from temthat_trace.batches import Batch
from temthat_trace.database import make_engine, make_sessions
from temthat_trace.emitting.settling import Json
from temthat_trace.emitting.telling import document
from temthat_trace.epcis.capture import capture
from temthat_trace.epcis.tables import EpcisEvent
from temthat_trace.events import Event, LineRole, Step, line
from temthat_trace.parties import Party, PartyKind
from temthat_trace.products import Product
from temthat_verify_api.emitter import AT_ONCE, tell
from temthat_verify_api.migrate import upgrade
from temthat_verify_api.settings import Settings

DIARY = (Step.HARVEST, Step.PRELIMINARY, Step.PROCESSING, Step.PACKING, Step.TRANSPORT)
NOW = dt.datetime(2026, 11, 20, 3, tzinfo=dt.UTC)


def figures(small: bool) -> list[Figure]:
    """On both databases; `small` only sees that everything runs."""
    batches = 50 if small else MOST
    return on_both(lambda url, name: _measure(url, name, batches))


def _measure(url: str, name: str, batches: int) -> list[Figure]:
    upgrade(url)
    engine = make_engine(url)
    sessions = make_sessions(engine)
    with sessions() as session:
        ids = _fill(session, batches)
        session.commit()
    settings = Settings(mode="demo", database_url=url, host="bench.example.vn")

    def telling() -> int:
        return tell(sessions, ids, settings, lambda: NOW).told

    told, seconds = _timed(telling)
    again, seconds_again = _timed(telling)
    if again or told != batches * (1 + len(DIARY)):
        raise AssertionError(f"{told} events told, {again} of them again")
    ready = _documents(sessions)
    _, seconds_ready = _timed(lambda: _capture(sessions, ready))
    with sessions() as session:
        season, seconds_season = _timed(lambda: season_of(session, Party.id == Batch.party_id, 2026))
    if len(season.accounts) != batches or season.excesses:
        raise AssertionError("the season's batches add up")
    engine.dispose()
    rate, ready_rate = told / seconds, told / seconds_ready
    return [
        _figure(
            f"{name}: records told as EPCIS events",
            rate,
            "events/s",
            "captured from documents",
            rate / ready_rate,
        ),
        _figure(f"{name}: batches looked at again", batches / seconds_again, "batches/s"),
        _figure(f"{name}: balance of {batches:,} batches", seconds_season * 1000, "ms"),
    ]


def _figure(
    name: str, value: float, unit: str, baseline: str | None = None, ratio: float | None = None
) -> Figure:
    return {"name": name, "value": value, "unit": unit, "baseline": baseline, "ratio": ratio}


def _documents(sessions: sessionmaker[Session]) -> list[Json]:
    """All events told, in documents of as many as one round of telling makes."""
    with sessions() as session:
        events = [
            json.loads(body) for body in session.scalars(select(EpcisEvent.body).order_by(EpcisEvent.id))
        ]
    size = AT_ONCE * (1 + len(DIARY))
    return [document(events[n : n + size], NOW) for n in range(0, len(events), size)]


def _capture(sessions: sessionmaker[Session], documents: list[Json]) -> None:
    """Into another party's repository."""
    for ready in documents:
        with sessions() as session:
            other = session.scalars(select(Party).where(Party.code == "KHAC")).one()
            capture(session, other.id, ready, now=NOW)
            session.commit()


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    found = work()
    return found, time.perf_counter() - began


def _fill(session: Session, batches: int) -> list[uuid.UUID]:
    party = Party(code="HTX", kind=PartyKind.COOPERATIVE, name="HTX", province="24")
    session.add_all([party, Party(code="KHAC", kind=PartyKind.COOPERATIVE, name="HTX khác")])
    session.flush()
    product = Product(party_id=party.id, code="CHE", name="Chè", base_unit="KGM", gtin="08938505974194")
    session.add(product)
    session.flush()
    for number in range(batches):
        batch = Batch(
            party_id=party.id, product_id=product.id, lot=f"L{number}", quantity=Decimal(100), unit="KGM",
            made_on=dt.date(2026, 5, 1),
        )  # fmt: skip
        for hour, step in enumerate(DIARY):
            role = LineRole.SENT if step is Step.TRANSPORT else LineRole.OUT
            entry = Event(
                step=step, at=NOW + dt.timedelta(hours=hour), text="", actor="", recorded_by=party.id, recorded_at=NOW,
                lines=[line(role, "Chè", quantity=Decimal(100), unit="KGM")],
            )  # fmt: skip
            entry.seal()
            batch.events.append(entry)
        session.add(batch)
        if number % 500 == 0:
            session.flush()
    session.flush()
    return list(session.scalars(select(Batch.id)))
