"""The lineage of recorded batches: three queries a level, and three for what each batch is."""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import String, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from temthat_trace.batches import Batch, BatchSource
from temthat_trace.collecting import uncollected
from temthat_trace.events import Event, EventLine, LineRole
from temthat_trace.lineage.among import among
from temthat_trace.lineage.growers import Growers
from temthat_trace.lineage.steps import StepKind, Taken, step_kind
from temthat_trace.lineage.walk import USUAL, Bounds, Direction, Link, Neighbours, Walk, walk
from temthat_trace.parties import Party
from temthat_trace.products import PackForm, PackKind, Product


def recorded(session: Session) -> Neighbours[uuid.UUID]:
    """The links of recorded batches, for a walk: what each was made from (`batch_source`), and the lots that the diary
    says went into a step of another batch or came out of one.
    """

    def neighbours(level: Sequence[uuid.UUID], direction: Direction) -> list[Link[uuid.UUID]]:
        at = BatchSource.batch_id if direction is Direction.UP else BatchSource.source_id
        query = select(
            BatchSource.source_id, BatchSource.batch_id, BatchSource.quantity, BatchSource.unit
        ).where(among(session, at, level))
        links = [Link(*row) for row in session.execute(query.order_by(BatchSource.batch_id, at))]
        said = list(_said(session, level, direction))
        told = {(link.source, link.made) for link in links} if said else set()
        return links + [link for link in said if (link.source, link.made) not in told]

    return neighbours


def _said(session: Session, level: Sequence[uuid.UUID], direction: Direction) -> Iterator[Link[uuid.UUID]]:
    """Links by the diary alone. A slip that was withdrawn says nothing."""
    went_in, came_out = (LineRole.IN, Event.batch_id), (LineRole.OUT, EventLine.batch_id)
    for role, made in (went_in, came_out):
        source = EventLine.batch_id if made is Event.batch_id else Event.batch_id
        at = made if direction is Direction.UP else source
        query = (
            select(source, made, EventLine.quantity, EventLine.unit, Event.id)
            .join(Event, Event.id == EventLine.event_id)
            .where(
                among(session, at, level),
                EventLine.role == role,
                EventLine.batch_id != Event.batch_id,
                Event.withdrawn_at.is_(None),
            )
        )
        for of, to, amount, unit, event in session.execute(query.order_by(EventLine.id)):
            if of is not None and to is not None:
                yield Link(of, to, amount, unit or "", event=str(event))


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """What is told of a batch in a lineage: of members and their plots what may be shown; `made_on` its day."""

    id: uuid.UUID
    lot: str
    quantity: Decimal
    unit: str
    made_on: dt.date
    product_id: uuid.UUID
    product: str
    party_id: uuid.UUID
    party: str
    hotline: str
    member: str
    plot: str
    place: str


def facts_of(session: Session, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, BatchFacts]:
    """The facts of many batches by id, in one query and one for their few products and makers each.

    Foreign keys are compared as the driver gives them: making a UUID of each costs more than reading the row.
    """
    product_key, party_key = type_coerce(Batch.product_id, String), type_coerce(Batch.party_id, String)
    member_key, plot_key = type_coerce(Batch.member_id, String), type_coerce(Batch.plot_id, String)
    query = select(
        Batch.id, Batch.lot, Batch.quantity, Batch.unit, Batch.made_on, product_key, party_key, member_key,
        plot_key, Batch.address,
    ).where(among(session, Batch.id, ids))  # fmt: skip
    rows: Sequence[Any] = session.execute(query).all()
    growers = Growers.load(session, {row[7] for row in rows}, {row[8] for row in rows})
    products = _by_key(session, Product.id, {row[5] for row in rows}, Product.name)
    parties = _by_key(session, Party.id, {row[6] for row in rows}, Party.name, Party.hotline, Party.address)
    found = {}
    for batch, lot, quantity, unit, made_on, product_key, party_key, member, plot, place in rows:
        product, product_name = products[product_key]
        party, name, hotline, address = parties[party_key]
        plot_name, plot_place = growers.plots.get(plot, ("", ""))
        found[batch] = BatchFacts(
            batch, lot, quantity, unit, made_on, product, product_name, party, name, hotline,
            growers.members.get(member, ""), plot_name, place or plot_place or address,
        )  # fmt: skip
    return found


def _by_key(
    session: Session, key: InstrumentedAttribute[uuid.UUID], keys: set[Any], *columns: Any
) -> dict[Any, Sequence[Any]]:
    """The id and some columns of a few rows, by their id as the driver gives it."""
    ids = [raw if isinstance(raw, uuid.UUID) else uuid.UUID(raw) for raw in keys]
    query = select(type_coerce(key, String), key, *columns).where(among(session, key, ids))
    return {row[0]: row[1:] for row in session.execute(query)}


@dataclass(frozen=True, slots=True)
class Lineage:
    """A walk over batches with what each of them is, and, on the way up, how each was made of its sources."""

    walk: Walk[uuid.UUID]
    facts: dict[uuid.UUID, BatchFacts]
    kinds: dict[uuid.UUID, StepKind]


@uncollected()
def lineage(
    session: Session,
    starts: Iterable[uuid.UUID],
    direction: Direction,
    bounds: Bounds = USUAL,
) -> Lineage:
    """Everything some batches were made from (`up`), or that was made from them (`down`)."""
    found = walk(starts, recorded(session), direction, bounds)
    facts = facts_of(session, found.nodes)
    return Lineage(found, facts, kinds_of(session, found, facts))


def kinds_of(
    session: Session, found: Walk[Any], facts: dict[uuid.UUID, BatchFacts]
) -> dict[uuid.UUID, StepKind]:
    """By the batch made. Empty on the way down, where a batch's other sources were not met: see `kinds_made`."""
    if found.direction is Direction.DOWN:
        return {}
    by_made: dict[uuid.UUID, list[Taken]] = {}
    for link in found.links:
        source = facts.get(link.source)
        if source is not None and link.made in facts and link.amount is not None:
            taken = Taken(source.product_id, link.amount, link.unit, source.quantity, source.unit)
            by_made.setdefault(link.made, []).append(taken)
    return _kinds(session, by_made, {batch: facts[batch].product_id for batch in by_made})


def kinds_made(session: Session, batches: Iterable[uuid.UUID]) -> dict[uuid.UUID, StepKind]:
    """How each of these batches was made, by all that is recorded of what went in; those with sources only."""
    source, made = aliased(Batch), aliased(Batch)
    query = (
        select(
            made.id, made.product_id, source.product_id, BatchSource.quantity, BatchSource.unit, source.quantity,
            source.unit,
        )
        .join(BatchSource, BatchSource.batch_id == made.id)
        .join(source, source.id == BatchSource.source_id)
        .where(among(session, BatchSource.batch_id, batches))
    )  # fmt: skip
    by_made: dict[uuid.UUID, list[Taken]] = {}
    products: dict[uuid.UUID, uuid.UUID] = {}
    for batch, product, of, amount, unit, whole, whole_unit in session.execute(query):
        products[batch] = product
        by_made.setdefault(batch, []).append(Taken(of, amount, unit, whole, whole_unit))
    return _kinds(session, by_made, products)


def _kinds(
    session: Session, by_made: dict[uuid.UUID, list[Taken]], products: dict[uuid.UUID, uuid.UUID]
) -> dict[uuid.UUID, StepKind]:
    made = set(products.values())
    combos = select(PackForm.product_id).where(PackForm.kind == PackKind.COMBO).distinct()
    bundles = set(session.scalars(combos.where(among(session, PackForm.product_id, made)))) if made else set()
    return {
        batch: step_kind(products[batch], taken, bundles=products[batch] in bundles)
        for batch, taken in by_made.items()
    }
