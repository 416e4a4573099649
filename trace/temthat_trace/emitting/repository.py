"""From records to events in the party's own repository, and what a repository already tells. Nothing here commits."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from temthat_trace.balance.amounts import Amount
from temthat_trace.batches import Batch, BatchSource
from temthat_trace.emitting import identities, words
from temthat_trace.emitting.facts import BatchFacts, Goods, LineFacts, SlipFacts, StampFacts, StepFacts
from temthat_trace.emitting.settling import Held, Json, settle
from temthat_trace.emitting.telling import NAMES, document, tell
from temthat_trace.epcis import store
from temthat_trace.epcis.capture import capture
from temthat_trace.epcis.outcome import Behaviour, Fate, Result
from temthat_trace.epcis.tables import CaptureJob
from temthat_trace.epcis.terms import condition, leaf, term
from temthat_trace.events import Event, EventLine, Step
from temthat_trace.lineage.among import among
from temthat_trace.papers import Paper
from temthat_trace.parties import Address, Party, Plot
from temthat_trace.products import Product, ProductKind
from temthat_trace.purchases import PurchaseSlip

T = TypeVar("T")
SOURCE = "records"
"""What a capture job of ours says it came from."""
_GROWN = frozenset({Step.SOWING, Step.CARE, Step.HARVEST})
_BATCH, _RECORD = NAMES.name(words.BATCH), NAMES.name(words.RECORD)


@dataclass(frozen=True, slots=True)
class StampRun:
    """A run of stamps as whoever keeps them tells of it. `gtin`: that of its pack form, if it has its own."""

    run: int
    at: dt.datetime
    gtin: str | None
    first: int
    last: int


Stamps = Mapping[uuid.UUID, Sequence[StampRun]]
"""Runs of stamps by batch."""


@dataclass(slots=True)
class Emitted:
    """What came of it: events captured, of which so many declare an older one wrong, and events refused."""

    batches: int = 0
    told: int = 0
    corrected: int = 0
    refused: list[Result] = field(default_factory=list)

    def add(self, other: "Emitted") -> None:
        """Count what came of others in."""
        self.batches += other.batches
        self.told += other.told
        self.corrected += other.corrected
        self.refused += other.refused


def emit(
    session: Session, ids: Iterable[uuid.UUID], base: str, now: dt.datetime, stamps: Stamps | None = None
) -> Emitted:
    """Make the repositories of the batches' parties tell what is recorded of them. Doing it again does nothing.

    `base`: scheme and host of this service. One capture a party, all of it or none of it.
    """
    found = facts_of(session, ids, base, stamps)
    held = held_of(session, {key: party for key, (party, _) in found.items()})
    by_party: dict[uuid.UUID, list[Json]] = {}
    for key, (party, facts) in found.items():
        kept = {identities.opaque(record) for record in facts.kept}
        fresh = settle(tell(facts), map(Held, held.get(key, ())), kept, now)
        if fresh:
            by_party.setdefault(party, []).extend(fresh)
    outcome = Emitted(batches=len(found))
    for party, events in by_party.items():
        _, captured = capture(
            session, party, document(events, now), now=now, behaviour=Behaviour.ROLLBACK, source=SOURCE
        )
        bad = [r for r in captured.results if r.fate in (Fate.REJECTED, Fate.ROLLED_BACK)]
        outcome.refused += [r for r in bad if r.fate is Fate.REJECTED]
        if not bad:
            outcome.told += len(events)
            outcome.corrected += sum("errorDeclaration" in event for event in events)
    return outcome


def held_of(session: Session, parties: Mapping[uuid.UUID, uuid.UUID]) -> dict[uuid.UUID, list[Json]]:
    """The events of ours that repositories hold, by batch, as recorded. `parties`: the party of each batch."""
    return _held(session, parties, _BATCH)


def _held(session: Session, parties: Mapping[uuid.UUID, uuid.UUID], name: str) -> dict[uuid.UUID, list[Json]]:
    """Events by what an extension of them names: the batch they are about, or the batch itself as their record.

    Only what was captured from records: whoever may write to the repository can name a batch of ours too.
    """
    keys = {
        term(party, condition("x", name, leaf(identities.opaque(batch), NAMES))): batch
        for batch, party in parties.items()
    }
    numbers = store.numbers_by_term(session, list(keys))
    batch_of = {number: keys[key] for key, found in numbers.items() for number in found}
    found = store.events_of(session, batch_of)
    jobs = {one.row.job_id for one in found}
    ours = set(
        session.scalars(
            select(CaptureJob.id).where(among(session, CaptureJob.id, jobs), CaptureJob.source == SOURCE)
        )
    )
    held: dict[uuid.UUID, list[Json]] = {}
    for one in found:
        if one.row.job_id in ours:
            held.setdefault(batch_of[one.row.id], []).append(one.value)
    return held


# --- reading records ----------------------------------------------------------------------------------------


def facts_of(
    session: Session,
    ids: Iterable[uuid.UUID],
    base: str,
    stamps: Stamps | None = None,
    *,
    goods_only: bool = True,
) -> dict[uuid.UUID, tuple[uuid.UUID, BatchFacts]]:
    """The facts of batches, with the party of each, by batch; in a bounded number of queries."""
    batches = _batches(session, ids, goods_only=goods_only)
    links = _by(_links(session, batches), lambda link: link.batch_id)
    events = _by(_events(session, batches), lambda event: event.batch_id)
    slips = _by(_slips(session, batches), lambda slip: slip.batch_id)
    written = [event for entries in events.values() for event in entries]
    ends = {link.source_id for found in links.values() for link in found}
    ends |= {line.batch_id for event in written for line in event.lines if line.batch_id is not None}
    known = batches | _batches(session, ends - batches.keys(), goods_only=False)
    naming = _Naming(session, base, known, written)
    papers = _with_papers(session, batches.values())
    return {
        key: (
            batch.party_id,
            naming.batch(
                batch,
                links.get(key, ()),
                events.get(key, ()),
                papers=batch.product_id in papers,
                slips=tuple(map(naming.slip, slips.get(key, ()))),
                stamps=naming.stamps(batch, (stamps or {}).get(key, ())),
            ),
        )
        for key, batch in batches.items()
    }


def _by(rows: Iterable[T], key: Callable[[T], uuid.UUID | None]) -> dict[uuid.UUID | None, list[T]]:
    found: dict[uuid.UUID | None, list[T]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found


def _nearest(batch: Batch) -> Address:
    """What says where it was made: the batch itself, else its plot, else its organisation."""
    places: tuple[Address | None, ...] = (batch, batch.plot, batch.party)
    return next((place for place in places if place is not None and place.province), batch)


def _page(batch: Batch) -> str:
    """The path of the product's page."""
    return "/p/" + identities.segment(batch.party.code) + "/" + identities.segment(batch.product.code)


class _Naming:
    """How the things of some batches are called. A batch told before keeps the name it was told under.

    `known`: the batches, those they were made from and those their diaries name.
    """

    def __init__(
        self, session: Session, base: str, known: Mapping[uuid.UUID, Batch], events: Sequence[Event]
    ) -> None:
        self.base = base
        self.known = known
        self.called = _called(session, known.values())
        self.partners = _partners(session, {line.partner for e in events for line in e.lines if line.partner})

    def batch(
        self,
        batch: Batch,
        links: Sequence[BatchSource],
        events: Sequence[Event],
        *,
        papers: bool,
        slips: tuple[SlipFacts, ...],
        stamps: tuple[StampFacts, ...],
    ) -> BatchFacts:
        party, nearest = batch.party, _nearest(batch)
        standing = [event for event in events if event.withdrawn_at is None]
        return BatchFacts(
            goods=self.goods(batch, Amount(batch.quantity, batch.unit)),
            lot=batch.lot,
            actor=self.actor(party),
            site=identities.site(self.base, party.code, party.gln),
            made_on=batch.made_on,
            expires_on=batch.expires_on,
            province=nearest.province or "",
            commune=nearest.commune or "",
            growing_area=batch.plot.growing_area_code if batch.plot else "",
            plot=batch.plot_id,
            place=self.place(batch.plot),
            papers=f"{self.base}{_page(batch)}#papers" if papers else "",
            sources=tuple(
                self.goods(self.known[link.source_id], Amount(link.quantity, link.unit)) for link in links
            ),
            steps=tuple(self.step(batch, event) for event in standing if event.salt is not None),
            slips=slips,
            stamps=stamps,
            kept=frozenset(event.id for event in standing if event.salt is None),
        )

    def goods(self, batch: Batch, amount: Amount | None) -> Goods:
        called = self.called.get(batch.id) or identities.lot_class(
            self.base, batch.party.code, batch.product.code, batch.lot, batch.product.gtin
        )
        return Goods(batch.id, called, amount)

    def actor(self, party: Party) -> str:
        return identities.organisation(self.base, party.code, party.gln)

    def place(self, plot: Plot | None) -> str:
        return identities.plot(plot.id, plot.gln) if plot else ""

    def step(self, batch: Batch, event: Event) -> StepFacts:
        plot = event.plot or (batch.plot if event.step in _GROWN else None)
        lines = tuple(map(self._line, event.lines))
        return StepFacts(
            event.id, event.step, event.at, event.vouching, self.place(plot), plot.id if plot else None, lines
        )

    def _line(self, line: EventLine) -> LineFacts:
        amount = Amount(line.quantity, line.unit) if line.quantity is not None and line.unit else None
        other = self.known.get(line.batch_id) if line.batch_id else None
        goods = self.goods(other, amount) if other else None
        partner = self.partners.get(line.partner)
        return LineFacts(
            line.role, line.what, line.lot, amount, goods, self.actor(partner) if partner else ""
        )

    def slip(self, slip: PurchaseSlip) -> SlipFacts:
        amount = Amount(slip.quantity, slip.unit)
        return SlipFacts(slip.id, slip.at, amount, slip.member_id, self.place(slip.plot), slip.plot_id)

    def stamps(self, batch: Batch, runs: Sequence[StampRun]) -> tuple[StampFacts, ...]:
        return tuple(StampFacts(r.run, r.at, self._packs(batch, r.gtin), r.first, r.last) for r in runs)

    def _packs(self, batch: Batch, gtin: str | None) -> str:
        if not gtin:
            return self.goods(batch, None).epc_class
        return identities.lot_class(self.base, batch.party.code, batch.product.code, batch.lot, gtin)


def _batches(
    session: Session, ids: Iterable[uuid.UUID], *, goods_only: bool = True
) -> dict[uuid.UUID, Batch]:
    query = select(Batch).where(among(session, Batch.id, ids))
    if goods_only:
        query = query.join(Product, Product.id == Batch.product_id).where(Product.kind == ProductKind.GOODS)
    known = (joinedload(Batch.party), joinedload(Batch.product), joinedload(Batch.plot))
    return {batch.id: batch for batch in session.scalars(query.options(*known).order_by(Batch.id))}


def _links(session: Session, ids: Iterable[uuid.UUID]) -> Sequence[BatchSource]:
    query = select(BatchSource).where(among(session, BatchSource.batch_id, ids))
    return session.scalars(query.order_by(BatchSource.batch_id, BatchSource.source_id)).all()


def _events(session: Session, ids: Iterable[uuid.UUID]) -> Sequence[Event]:
    query = select(Event).where(among(session, Event.batch_id, ids)).order_by(Event.at, Event.id)
    return session.scalars(query.options(selectinload(Event.lines), joinedload(Event.plot))).all()


def _slips(session: Session, ids: Iterable[uuid.UUID]) -> Sequence[PurchaseSlip]:
    query = select(PurchaseSlip).where(
        among(session, PurchaseSlip.batch_id, ids), PurchaseSlip.withdrawn_at.is_(None)
    )
    query = query.options(joinedload(PurchaseSlip.plot)).order_by(PurchaseSlip.at, PurchaseSlip.id)
    return session.scalars(query).all()


def _with_papers(session: Session, batches: Iterable[Batch]) -> set[uuid.UUID]:
    """The products that have papers: their own, or their party's."""
    products = {batch.product_id: batch.party_id for batch in batches}
    query = select(Paper.product_id, Paper.party_id).where(
        or_(
            among(session, Paper.product_id, products),
            among(session, Paper.party_id, products.values()) & Paper.product_id.is_(None),
        )
    )
    rows = session.execute(query.distinct()).all()
    parties = {party for product, party in rows if product is None}
    return {row[0] for row in rows if row[0]} | {p for p, party in products.items() if party in parties}


def _partners(session: Session, names: Iterable[str]) -> dict[str, Party]:
    """Organisations of this system by their name, where only one has it."""
    found: dict[str, list[Party]] = {}
    for party in session.scalars(select(Party).where(among(session, Party.name, names))):
        found.setdefault(party.name, []).append(party)
    return {name: parties[0] for name, parties in found.items() if len(parties) == 1}


def _called(session: Session, batches: Iterable[Batch]) -> dict[uuid.UUID, str]:
    """The class under which a batch was told of first, for those that were."""
    parties = {batch.id: batch.party_id for batch in batches}
    found: dict[uuid.UUID, str] = {}
    for batch, events in _held(session, parties, _RECORD).items():
        made = events[0].get("quantityList") or events[0]["outputQuantityList"]
        found[batch] = str(made[0]["epcClass"])
    return found
