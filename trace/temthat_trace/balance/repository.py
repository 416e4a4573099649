"""Reading what a balance is drawn from. A bounded number of queries, however many batches there are."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, selectinload

from temthat_trace import formats
from temthat_trace.balance.account import Account, account_of
from temthat_trace.balance.amounts import Amount, Measure, measure_of
from temthat_trace.balance.area import AreaAccount, PlotRecord, area_of
from temthat_trace.balance.findings import Finding
from temthat_trace.balance.records import BatchRecord, Ingredient, LineRecord, Part, SlipRecord, StepRecord
from temthat_trace.batches import Batch, BatchSource
from temthat_trace.events import Event, EventLine, LineRole
from temthat_trace.lineage.among import among
from temthat_trace.packing import PackingError, content
from temthat_trace.parties import Member, Party, Plot
from temthat_trace.products import PackComponent, PackForm, PackKind, Product
from temthat_trace.purchases import PurchaseSlip
from temthat_trace.units import UNITS, Dimension, UnitError, convert, read_unit

MOST = 5_000
"""Batches one season's page draws the balance of; more are told."""


def balance_of(session: Session, batch_id: uuid.UUID) -> Account | None:
    """The account of one batch; None when there is no such batch."""
    found = records_of(session, [batch_id])
    return account_of(found[batch_id]) if batch_id in found else None


@dataclass(frozen=True, slots=True)
class Season:
    """A year of one or several parties: the accounts of their batches, the newest first, and their plots.

    `owners`: the party of each batch, plot and household. `cut`: there are more batches than were looked at.
    """

    year: int
    accounts: tuple[Account, ...]
    area: AreaAccount
    owners: Mapping[uuid.UUID, uuid.UUID]
    cut: bool

    @property
    def excesses(self) -> list[tuple[Account, Finding]]:
        """Each finding that names an excess, with the batch's account."""
        return [(account, found) for account in self.accounts for found in account.excesses]


def season_of(session: Session, within: ColumnElement[bool], year: int, most: int = MOST) -> Season:
    """The balance of batches made in a calendar year of Vietnam, and of the plots in that year.

    `within`: a condition on `Party`, whose batches, plots and slips are looked at.
    """
    query = (
        select(Batch.id, Batch.party_id)
        .join(Party, Party.id == Batch.party_id)
        .where(within, Batch.made_on >= dt.date(year, 1, 1), Batch.made_on <= dt.date(year, 12, 31))
        .order_by(Batch.made_on.desc(), Batch.id.desc())
        .limit(most + 1)
    )
    rows = session.execute(query).all()
    owners: dict[uuid.UUID, uuid.UUID] = {row.id: row.party_id for row in rows[:most]}
    records = records_of(session, owners)
    batches = [records[i] for i in owners]
    area = _area(session, within, year, batches, owners)
    return Season(year, tuple(map(account_of, batches)), area, owners, cut=len(rows) > most)


def excesses_among(session: Session, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, tuple[Finding, ...]]:
    """The excesses of many batches, of those that have any."""
    found = {batch: account_of(record).excesses for batch, record in records_of(session, ids).items()}
    return {batch: excesses for batch, excesses in found.items() if excesses}


def records_of(session: Session, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, BatchRecord]:
    """The records of many batches, by id. Events and slips that were withdrawn are not counted."""
    wanted = list(ids)
    query = select(Batch).where(among(session, Batch.id, wanted)).options(joinedload(Batch.plot))
    batches = {b.id: b for b in session.scalars(query)}
    up = _links(session, BatchSource.batch_id, wanted)
    down = _links(session, BatchSource.source_id, wanted)
    steps = _steps(session, wanted)
    elsewhere = _elsewhere(session, wanted)
    slips = _slips(session, PurchaseSlip.batch_id, wanted)
    ends = (
        {link.source_id for link in up}
        | {link.batch_id for link in down}
        | {taken.taker for taken in elsewhere}
    )
    others = {b.id: b for b in session.scalars(select(Batch).where(among(session, Batch.id, ends)))} | batches
    known = _products(session, {batch.product_id for batch in others.values()})

    def part(key: uuid.UUID, other: uuid.UUID, amount: Amount, *, of: uuid.UUID) -> Part:
        there = others[other]
        own = there.party_id == batches[key].party_id
        return Part(other, there.lot, amount, known[others[of].product_id].measure, there.product_id, own)

    sources: dict[uuid.UUID, list[Part]] = {}
    takers: dict[uuid.UUID, list[Part]] = {}
    linked = set()
    for link in up:
        amount = Amount(link.quantity, link.unit)
        sources.setdefault(link.batch_id, []).append(
            part(link.batch_id, link.source_id, amount, of=link.source_id)
        )
    for link in down:
        linked.add((link.source_id, link.batch_id))
        amount = Amount(link.quantity, link.unit)
        takers.setdefault(link.source_id, []).append(
            part(link.source_id, link.batch_id, amount, of=link.source_id)
        )
    sent: dict[uuid.UUID, list[Amount]] = {}
    for taken in elsewhere:
        if taken.role is LineRole.SENT:
            sent.setdefault(taken.batch, []).append(taken.amount)
        elif (taken.batch, taken.taker) not in linked:
            takers.setdefault(taken.batch, []).append(
                part(taken.batch, taken.taker, taken.amount, of=taken.batch)
            )
    return {
        key: BatchRecord(
            id=key,
            lot=batch.lot,
            product=known[batch.product_id].product.name,
            whole=Amount(batch.quantity, batch.unit),
            measure=known[batch.product_id].measure,
            made_on=batch.made_on,
            steps=tuple(steps.get(key, ())),
            sources=tuple(sources.get(key, ())),
            takers=tuple(takers.get(key, ())),
            slips=tuple(slips.get(key, ())),
            sent_elsewhere=tuple(sent.get(key, ())),
            recipe=_recipe(known[batch.product_id], batch),
            plot=batch.plot_id,
            member=batch.member_id or (batch.plot.member_id if batch.plot else None),
        )
        for key, batch in batches.items()
    }


# --- products -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Known:
    """A product, how its amounts compare, and its one combo form if it is sold in combos."""

    product: Product
    measure: Measure
    combo: PackForm | None


def _products(session: Session, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, _Known]:
    query = select(Product).where(among(session, Product.id, ids))
    parts = selectinload(Product.pack_forms).selectinload(PackForm.components).joinedload(PackComponent.part)
    found = {}
    for product in session.scalars(query.options(parts.joinedload(PackForm.product))):
        combos = [form for form in product.pack_forms if form.kind is PackKind.COMBO and form.components]
        measure = measure_of(product.base_unit, _contents(product))
        found[product.id] = _Known(product, measure, combos[0] if len(combos) == 1 else None)
    return found


def _contents(product: Product) -> dict[str, Amount]:
    """What one package holds, by its unit: the net content of the form that is named by it, if there is only one."""
    found: dict[str, set[Amount]] = {}
    for form in product.pack_forms:
        unit = _package(form.name)
        if form.kind is PackKind.ITEM and unit and form.net_content and form.net_unit:
            found.setdefault(unit, set()).add(Amount(form.net_content, form.net_unit))
    return {unit: amounts.pop() for unit, amounts in found.items() if len(amounts) == 1}


def _package(name: str) -> str:
    """The unit a pack form's name begins with: “Hộp 500 g” is a box, “Túi lọc 2 g” a tea bag."""
    said = name.split()
    for words in (2, 1):
        try:
            unit = read_unit(" ".join(said[:words])).code
        except UnitError:
            continue
        if UNITS[unit].dimension is Dimension.PACKAGE:
            return unit
    return ""


def _recipe(known: _Known, batch: Batch) -> tuple[Ingredient, ...]:
    """What a batch of combos holds of each product; empty when it is none, or when that cannot be told."""
    form, found = known.combo, []
    if form is None:
        return ()
    try:
        each = content(form, known.product.base_unit)
        combos = convert(batch.quantity, batch.unit, known.product.base_unit) / each
        for component in form.components:
            if component.part.product_id == batch.product_id:
                return ()
            product = component.part.product
            holds = content(component.part, product.base_unit)
            amount = Amount(combos * component.quantity * holds, product.base_unit)
            found.append(Ingredient(product.id, product.name, amount))
    except (PackingError, UnitError):
        return ()
    return tuple(found)


# --- the other records --------------------------------------------------------------------------------------


def _links(
    session: Session, at: InstrumentedAttribute[uuid.UUID], ids: Sequence[uuid.UUID]
) -> Sequence[BatchSource]:
    query = select(BatchSource).where(among(session, at, ids))
    return session.scalars(query.order_by(BatchSource.batch_id, BatchSource.source_id)).all()


_LINE = (
    EventLine.role,
    EventLine.quantity,
    EventLine.unit,
    EventLine.what,
    EventLine.batch_id,
    EventLine.partner,
)


def _steps(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[StepRecord]]:
    """The diaries of batches: entries that have amounts, by batch."""
    whose = func.coalesce(Event.member_id, Plot.member_id)
    query = (
        select(Event.batch_id, Event.id, Event.step, Event.at, Event.plot_id, whose, *_LINE)
        .join(EventLine, EventLine.event_id == Event.id)
        .outerjoin(Plot, Plot.id == Event.plot_id)
        .where(
            among(session, Event.batch_id, ids), Event.withdrawn_at.is_(None), EventLine.quantity.is_not(None)
        )
        .order_by(Event.at, Event.id, EventLine.position)
    )
    found: dict[uuid.UUID, dict[uuid.UUID, StepRecord]] = {}
    for batch, event, step, at, plot, member, *line in session.execute(query):
        steps = found.setdefault(batch, {})
        known = steps.get(event)
        lines = (*known.lines, _line(*line)) if known else (_line(*line),)
        steps[event] = StepRecord(event, step, at, lines, plot, member)
    return {batch: list(steps.values()) for batch, steps in found.items()}


def _line(
    role: LineRole, quantity: Decimal, unit: str, what: str, batch: uuid.UUID | None, partner: str
) -> LineRecord:
    return LineRecord(role, Amount(quantity, unit), what, batch, role is LineRole.IN and bool(partner))


@dataclass(frozen=True, slots=True)
class _Taken:
    """What the diary of one batch (`taker`) says of another: that it went in, or was sent on."""

    batch: uuid.UUID
    taker: uuid.UUID
    role: LineRole
    amount: Amount


def _elsewhere(session: Session, ids: Sequence[uuid.UUID]) -> list[_Taken]:
    query = (
        select(EventLine.batch_id, Event.batch_id, EventLine.role, EventLine.quantity, EventLine.unit)
        .join(Event, Event.id == EventLine.event_id)
        .where(
            among(session, EventLine.batch_id, ids),
            EventLine.role.in_([LineRole.SENT, LineRole.IN]),
            EventLine.quantity.is_not(None),
            Event.batch_id != EventLine.batch_id,
            Event.withdrawn_at.is_(None),
        )
        .order_by(EventLine.id)
    )
    return [
        _Taken(batch, taker, role, Amount(quantity, unit))
        for batch, taker, role, quantity, unit in session.execute(query)
        if batch is not None and quantity is not None and unit is not None
    ]


def _slips(
    session: Session, at: InstrumentedAttribute[uuid.UUID | None], ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[SlipRecord]]:
    """The slips of batches, by batch."""
    query = select(PurchaseSlip).where(among(session, at, ids), PurchaseSlip.withdrawn_at.is_(None))
    found: dict[uuid.UUID, list[SlipRecord]] = {}
    for slip in session.scalars(query.order_by(PurchaseSlip.at, PurchaseSlip.id)):
        if slip.batch_id is not None:
            found.setdefault(slip.batch_id, []).append(_slip(slip))
    return found


def _slip(slip: PurchaseSlip) -> SlipRecord:
    return SlipRecord(slip.number, Amount(slip.quantity, slip.unit), slip.at, slip.member_id, slip.plot_id)


# --- plots and households -----------------------------------------------------------------------------------


def _area(
    session: Session,
    within: ColumnElement[bool],
    year: int,
    batches: Sequence[BatchRecord],
    owners: dict[uuid.UUID, uuid.UUID],
) -> AreaAccount:
    begins, ends = (dt.datetime(y, 1, 1, tzinfo=formats.VIETNAM) for y in (year, year + 1))
    of = select(Plot).join(Party, Party.id == Plot.party_id).where(within)
    plots = session.scalars(of.order_by(Plot.party_id, Plot.code)).all()
    slips = session.scalars(
        select(PurchaseSlip)
        .join(Party, Party.id == PurchaseSlip.party_id)
        .where(
            within,
            PurchaseSlip.at >= begins,
            PurchaseSlip.at < ends,
            PurchaseSlip.withdrawn_at.is_(None),
        )
        .order_by(PurchaseSlip.at, PurchaseSlip.id)
    )
    households = select(Member.id, Member.alias, Member.party_id).join(Party, Party.id == Member.party_id)
    members = session.execute(households.where(within)).all()
    owners |= {plot.id: plot.party_id for plot in plots} | {row.id: row.party_id for row in members}
    return area_of(
        year,
        [
            PlotRecord(p.id, p.name or p.code, p.area_ha, p.yield_kg_per_ha, p.seasons_per_year, p.member_id)
            for p in plots
        ],
        sorted(batches, key=lambda batch: (batch.made_on, batch.id)),
        map(_slip, slips),
        {row.id: row.alias for row in members},
    )
