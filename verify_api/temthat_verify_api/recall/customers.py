"""To whom the goods of a recall went: shipments of the diary, and destinations that EPCIS events name."""

import datetime as dt
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from temthat_trace.events import Event, EventLine, LineRole
from temthat_trace.lineage.among import among
from temthat_trace.lineage.joined import Node
from temthat_trace.lineage.repository import BatchFacts
from temthat_trace.lineage.things import Handover, Thing
from temthat_trace.parties import Party
from temthat_trace.search import fold
from temthat_verify_api.recall.naming import thing_words

_GLN = re.compile(r"https://id\.gs1\.org/41[47]/(\d{13})")


@dataclass(frozen=True, slots=True)
class Customer:
    """Who got goods: as written, or the name of the party of a GLN. `goods`: product and lot, or an identifier.

    `amounts`: by UN/ECE unit, as far as they were recorded. `last`: the latest delivery.
    """

    name: str
    hotline: str
    goods: tuple[str, ...]
    amounts: tuple[tuple[Decimal, str], ...]
    deliveries: int
    last: dt.datetime


@dataclass(slots=True)
class _Taken:
    name: str
    hotline: str = ""
    goods: dict[str, None] = field(default_factory=dict)
    amounts: dict[str, Decimal] = field(default_factory=dict)
    deliveries: int = 0
    last: dt.datetime = dt.datetime(1, 1, 1, tzinfo=dt.UTC)

    def add(
        self, goods: str, at: dt.datetime, amount: Decimal | None = None, unit: str | None = None
    ) -> None:
        self.goods.setdefault(goods)
        self.deliveries += 1
        self.last = max(self.last, at)
        if amount is not None and unit:
            self.amounts[unit] = self.amounts.get(unit, Decimal(0)) + amount


def customers_of(
    db: Session,
    batches: Mapping[uuid.UUID, BatchFacts],
    handovers: Iterable[tuple[Node, Handover]],
) -> tuple[Customer, ...]:
    """The customers of these batches and of what events say was handed over, the latest first.

    One customer is one name, whatever its case and diacritics; an erased name counts as one that nobody knows.
    """
    found: dict[str, _Taken] = {}
    by_name: dict[str, _Taken] = {}  # as written: ten thousand deliveries have a hundred names
    # A line names the batch that was sent, or means the batch of its entry; each way has an index of its own.
    ways = (
        (EventLine.batch_id, among(db, EventLine.batch_id, batches)),
        (Event.batch_id, and_(EventLine.batch_id.is_(None), among(db, Event.batch_id, batches))),
    )
    for sent, condition in ways:
        query = (
            select(sent, EventLine.partner, EventLine.quantity, EventLine.unit, Event.at)
            .join_from(EventLine, Event, Event.id == EventLine.event_id)
            .where(EventLine.role == LineRole.SENT, Event.withdrawn_at.is_(None), condition)
            .order_by(Event.at, EventLine.id)
        )
        for batch, partner, amount, unit, at in db.execute(query):
            if batch is None:
                continue
            if partner not in by_name:
                by_name[partner] = found.setdefault(fold(partner), _Taken(partner))
            by_name[partner].add(_words(batches[batch]), at, amount, unit)
    told = list(handovers)
    known = _by_gln(db, {m[1] for _, h in told if (m := _GLN.match(h.to))})
    for node, handover in told:
        if isinstance(node, uuid.UUID) and node not in batches:
            continue
        match = _GLN.match(handover.to)
        name, hotline = known.get(match[1], ("", "")) if match else ("", "")
        name = name or thing_words(handover.to)
        goods = thing_words(node.name) if isinstance(node, Thing) else _words(batches[node])
        taken = found.setdefault(fold(name), _Taken(name, hotline))
        taken.hotline = taken.hotline or hotline
        taken.add(goods, dt.datetime.fromtimestamp(handover.at / 1_000_000, dt.UTC))
    customers = [
        Customer(
            t.name,
            t.hotline,
            tuple(t.goods),
            tuple((n, u) for u, n in t.amounts.items()),
            t.deliveries,
            t.last,
        )
        for t in found.values()
    ]
    return tuple(sorted(customers, key=lambda customer: customer.last, reverse=True))


def _words(facts: BatchFacts) -> str:
    return f"{facts.product} · {facts.lot}"


def _by_gln(db: Session, glns: set[str]) -> dict[str, tuple[str, str]]:
    if not glns:
        return {}
    query = select(Party.gln, Party.name, Party.hotline).where(among(db, Party.gln, glns)).order_by(Party.id)
    return {gln: (name, hotline) for gln, name, hotline in db.execute(query) if gln}
