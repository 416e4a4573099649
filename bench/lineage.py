"""Lineage and recall over a million recorded batches: one lot to 10,000 packs (wide), and 50 steps (deep).

Against reading one batch by its primary key, on the same database. Goal: under one second each.
"""

import datetime as dt
import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import Engine, insert
from sqlalchemy.orm import Session

from bench.measuring import Figure, analyze, median_seconds, on_both, under_a_second
from temthat_stamps.copies.records import StampState
from temthat_stamps.runs.records import Run
from temthat_trace.batches import Batch, BatchSource
from temthat_trace.database import make_engine
from temthat_trace.events import Event, EventLine, LineRole, Step
from temthat_trace.ids import uuid7
from temthat_trace.lineage.repository import lineage
from temthat_trace.lineage.suspects import Suspicion
from temthat_trace.lineage.walk import Direction
from temthat_trace.parties import Party, PartyKind
from temthat_trace.products import PackForm, Product
from temthat_verify_api.accounts import Person, Role
from temthat_verify_api.desk.queries import visible
from temthat_verify_api.migrate import upgrade
from temthat_verify_api.recall.reach import reach_of

WIDE, DEEP = 10_000, 50
DAY = dt.date(2026, 5, 1)


def figures(small: bool) -> list[Figure]:
    """Seconds for each question on each database; `small` only sees that everything runs."""
    nodes, wide = (2_000, 100) if small else (1_000_000, WIDE)
    return on_both(lambda url, name: _measure(url, name, nodes, wide))


def _measure(url: str, name: str, nodes: int, wide: int) -> list[Figure]:
    upgrade(url)
    engine = make_engine(url)
    lot, end = _fill(engine, nodes, wide)
    with Session(engine) as session:
        person = session.query(Person).one()
        session.get_one(Party, person.party_id)
        row = median_seconds(lambda: session.execute(Batch.__table__.select().where(Batch.id == lot)).one())

        def recall(suspicion: Suspicion) -> None:
            reach = reach_of(session, visible(person), suspicion)
            assert (len(reach.affected), reach.stamps, len(reach.customers), reach.cut) == (
                wide + 1,
                wide * 10,
                100,
                False,
            )

        def trace(start: uuid.UUID, way: Direction, count: int) -> Callable[[], None]:
            def run() -> None:
                assert len(lineage(session, [start], way).walk.nodes) == count

            return run

        asked = {
            f"recall, one lot to {wide:,} batches with their runs": lambda: recall(Suspicion(lot="LOT")),
            f"recall, one bag of fertiliser to {wide:,} batches, runs and 100 customers": lambda: recall(
                Suspicion(material="npk", material_lot="2609 b")
            ),
            f"trace down, one lot to {wide:,} batches": trace(lot, Direction.DOWN, wide + 1),
            f"trace up, {DEEP} steps": trace(end, Direction.UP, DEEP + 1),
        }
        found = under_a_second(
            asked,
            lambda what: f"{what}, among {nodes:,}, {name}",
            f"one batch by its key: {row * 1e6:,.0f} us",
        )
    engine.dispose()
    return found


def _fill(engine: Engine, nodes: int, wide: int) -> tuple[uuid.UUID, uuid.UUID]:
    """A million batches: the wide lot, the deep chain, and chains of ten around them. The lot, and the chain's end."""
    with Session(engine) as session:
        party = Party(code="HTX", kind=PartyKind.COOPERATIVE, name="HTX", province="24")
        session.add(party)
        session.flush()
        product = Product(party_id=party.id, code="CAM", name="Cam", base_unit="KGM")
        session.add(product)
        session.flush()
        form = PackForm(product_id=product.id, code="TUI", name="Túi")
        session.add(form)
        now = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
        session.add(
            Person(phone="+84900000000", name="A", party_id=party.id, role=Role.CLERK, created_at=now)
        )
        session.flush()
        about = {"party_id": party.id, "product_id": product.id, "quantity": 1, "unit": "KGM", "made_on": DAY}
        ids = [uuid.UUID(bytes=os.urandom(16)) for _ in range(nodes)]
        lot, packs = ids[0], ids[1 : wide + 1]
        chain, rest = ids[wide + 1 : wide + DEEP + 2], ids[wide + DEEP + 2 :]
        batches = ({"id": i, "lot": f"L{n}" if n else "LOT", **about} for n, i in enumerate(ids))
        _insert(session, Batch, batches)
        made = [(pack, lot) for pack in packs] + list(zip(chain[1:], chain[:-1], strict=True))
        made += [(rest[n], rest[n - 1]) for n in range(1, len(rest)) if n % 10]
        _insert(
            session,
            BatchSource,
            ({"batch_id": m, "source_id": s, "quantity": 1, "unit": "KGM"} for m, s in made),
        )
        _insert(
            session,
            Run,
            (
                {"run": n, "party_id": party.id, "batch_id": pack, "pack_form_id": form.id, "count": 10,
                 "stamp_key_id": None, "sealed_secret": b"", "log_index": n, "registered_at": now}
                for n, pack in enumerate(packs, 1)
            ),
        )  # fmt: skip
        checked = ({"run": n, "serial": s, "checks": 1} for n in range(1, wide + 1) for s in range(1, 6))
        _insert(session, StampState, checked)
        _keep_diary(session, party.id, lot, packs, now)
        session.commit()
    analyze(engine)
    return lot, chain[-1]


def _keep_diary(
    session: Session, party: uuid.UUID, lot: uuid.UUID, packs: list[uuid.UUID], now: dt.datetime
) -> None:
    """A bad bag of fertiliser on the wide lot, and each of its packs sent to one of a hundred shops."""
    about = {"at": now, "recorded_by": party, "recorded_at": now, "text": "Chăm sóc", "digest": bytes(32)}
    events = [uuid7() for _ in range(len(packs) + 1)]
    rows = (
        {"id": i, "batch_id": b, "step": Step.CARE, **about}
        for i, b in zip(events, [lot, *packs], strict=True)
    )
    _insert(session, Event, rows)
    used = {
        "role": LineRole.USED,
        "what": "Phân NPK",
        "lot": "2609-B",
        "search": "phan npk 2609 b",
        "partner": "",
    }
    sent = ({"role": LineRole.SENT, "what": "", "lot": "", "search": "", "partner": f"Cửa hàng {n % 100}"}
            for n in range(len(packs)))  # fmt: skip
    lines = ({"id": uuid7(), "event_id": i, "position": 0, **line}
             for i, line in zip(events, [used, *sent], strict=True))  # fmt: skip
    _insert(session, EventLine, lines)


def _insert(session: Session, table: type[Any], rows: Iterable[dict[str, Any]]) -> None:
    for part in _parts(rows, 20_000):
        session.execute(insert(table.__table__), part)


def _parts(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    part: list[dict[str, Any]] = []
    for row in rows:
        part.append(row)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
