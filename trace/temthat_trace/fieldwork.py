"""What a cooperative records day by day: events with their lines and photos, slips, and plans from earlier batches.

Whoever opened the session commits it.
"""

import datetime as dt
import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session, joinedload

from temthat_trace import formats
from temthat_trace.batches import Batch
from temthat_trace.copied import Agreement, Diary, Work, agreement_of, agreements
from temthat_trace.drafts import StepDraft
from temthat_trace.events import Event, EventLine, LineRole
from temthat_trace.parties import Member, Plot
from temthat_trace.privacy.attachments import drop_unused
from temthat_trace.purchases import PurchaseSlip
from temthat_trace.repository import TraceRefused
from temthat_trace.search import fold
from temthat_trace.units import plain

FIRST_NUMBER = "TM-0001"
_LAST_DIGITS = re.compile(r"(\d+)(\D*)$")

# --- events ----------------------------------------------------------------------------------------------------


def record_event(session: Session, batch: Batch, event: Event) -> Event:
    """Seal an event, with lines and photos already on it, and put it into the batch's diary."""
    event.batch_id = batch.id
    event.seal()
    batch.events.append(event)
    session.flush()
    return event


def withdraw_event(event: Event, name: str, now: dt.datetime) -> None:
    """Its writer says that it was a slip. It stays on record with its digest; doing so twice changes nothing."""
    if event.withdrawn_at is None:
        event.withdrawn_at, event.withdrawn_name = now, name


def erase_event(session: Session, event: Event) -> None:
    """Forget what an event says and shows: see `Event.erase`. Photos that nothing else shows are deleted."""
    digests = {digest for photo in event.photos for digest in (photo.digest, photo.small)}
    event.erase()
    session.flush()
    drop_unused(session, digests)


def names_used(
    session: Session, party_id: uuid.UUID, role: LineRole, limit: int = 60
) -> list[tuple[str, str]]:
    """Materials (or goods) of a role with the lots written for them, the latest first, to choose from again."""
    query = (
        select(EventLine.what, EventLine.lot)
        .join(Event, Event.id == EventLine.event_id)
        .join(Batch, Batch.id == Event.batch_id)
        .where(Batch.party_id == party_id, EventLine.role == role, EventLine.what != "")
        .order_by(EventLine.id.desc())
        .limit(limit * 5)
    )
    return list(dict.fromkeys((what, lot) for what, lot in session.execute(query)))[:limit]


def partners_of(session: Session, party_id: uuid.UUID, role: LineRole, limit: int = 60) -> list[str]:
    """Whom a party sent to or bought from, the latest first."""
    query = (
        select(EventLine.partner)
        .join(Event, Event.id == EventLine.event_id)
        .join(Batch, Batch.id == Event.batch_id)
        .where(Batch.party_id == party_id, EventLine.role == role, EventLine.partner != "")
        .order_by(EventLine.id.desc())
        .limit(limit * 5)
    )
    return list(dict.fromkeys(session.scalars(query)))[:limit]


def members_of(session: Session, party_id: uuid.UUID) -> Sequence[Member]:
    """A party's members by the name used, those not erased."""
    query = select(Member).where(Member.party_id == party_id, Member.erased_at.is_(None))
    return session.scalars(query.order_by(Member.alias)).all()


def plots_of(session: Session, party_id: uuid.UUID) -> Sequence[Plot]:
    """A party's plots by code."""
    return session.scalars(select(Plot).where(Plot.party_id == party_id).order_by(Plot.code)).all()


# --- as in the last batch --------------------------------------------------------------------------------------


def earlier_batches(session: Session, batch: Batch, limit: int = 10) -> Sequence[Batch]:
    """Batches of the same product with a diary, the newest first, to take steps over from."""
    query = (
        select(Batch)
        .where(Batch.product_id == batch.product_id, Batch.id != batch.id, _has_diary())
        .order_by(Batch.made_on.desc(), Batch.id.desc())
    )
    return session.scalars(query.limit(limit)).all()


def _has_diary() -> ColumnElement[bool]:
    return exists().where(Event.batch_id == Batch.id, *_standing())


def _standing() -> tuple[ColumnElement[bool], ...]:
    """Events that were neither withdrawn nor erased."""
    return Event.withdrawn_at.is_(None), Event.text.is_not(None)


def plan_as(session: Session, batch: Batch, model: Batch) -> int:
    """Take the steps of an earlier batch over as drafts, but for its shipments; gives how many are new.

    Nothing becomes a fact by it: every draft waits to be dated, corrected and confirmed, or set aside. Raises
    `TraceRefused`.
    """
    if model.id == batch.id or model.party_id != batch.party_id:
        raise TraceRefused(
            "Hãy chọn một lô trước của đơn vị.", "Choose an earlier batch of the organisation."
        )
    known = set(session.scalars(select(StepDraft.model_id).where(StepDraft.batch_id == batch.id)))
    sent = exists().where(EventLine.event_id == Event.id, EventLine.role == LineRole.SENT)
    events = session.scalars(select(Event).where(Event.batch_id == model.id, ~sent, *_standing()))
    new = [StepDraft(batch_id=batch.id, model_id=event.id) for event in events if event.id not in known]
    session.add_all(new)
    session.flush()
    return len(new)


def drafts_of(session: Session, batch: Batch) -> Sequence[StepDraft]:
    """The open drafts of a batch in the order of their models' days; one whose model was erased says nothing."""
    query = (
        select(StepDraft)
        .join(StepDraft.model)
        .where(StepDraft.batch_id == batch.id, StepDraft.closed_at.is_(None), Event.text.is_not(None))
        .options(joinedload(StepDraft.model).selectinload(Event.lines))
        .order_by(Event.at, Event.id)
    )
    return session.scalars(query).all()


def close_draft(
    session: Session, batch: Batch, model_id: uuid.UUID, event_id: uuid.UUID | None, now: dt.datetime
) -> None:
    """The draft became that event, or (None) was set aside."""
    draft = session.get(StepDraft, (batch.id, model_id))
    if draft is not None and draft.closed_at is None:
        draft.closed_at, draft.event_id = now, event_id
        session.flush()


# --- purchase slips --------------------------------------------------------------------------------------------


_LATEST = (PurchaseSlip.recorded_at.desc(), PurchaseSlip.id.desc())


def next_number(last: str) -> str:
    """The number after one: its last digits plus one, as wide as they were; `FIRST_NUMBER` after none.

    >>> next_number("TM-0099/26")
    'TM-0099/27'
    """
    if not last:
        return FIRST_NUMBER
    found = _LAST_DIGITS.search(last)
    if found is None:
        return f"{last}-2"
    digits, rest = found.groups()
    return f"{last[: found.start()]}{int(digits) + 1:0{len(digits)}d}{rest}"


def propose_number(session: Session, party_id: uuid.UUID) -> str:
    """A slip number that is free: the one after the last slip entered."""
    own = PurchaseSlip.party_id == party_id
    last = session.scalar(select(PurchaseSlip.number).where(own).order_by(*_LATEST).limit(1))
    number = next_number(last or "")
    while session.scalar(select(PurchaseSlip.id).where(own, PurchaseSlip.number == number)):
        number = next_number(number)
    return number


def slips_without_lot(session: Session, party_id: uuid.UUID, limit: int = 60) -> Sequence[PurchaseSlip]:
    """A party's slips that went into no lot yet, the oldest first."""
    query = (
        select(PurchaseSlip)
        .where(
            PurchaseSlip.party_id == party_id,
            PurchaseSlip.batch_id.is_(None),
            PurchaseSlip.withdrawn_at.is_(None),
        )
        .options(joinedload(PurchaseSlip.member), joinedload(PurchaseSlip.product))
        .order_by(PurchaseSlip.at, PurchaseSlip.id)
    )
    return session.scalars(query.limit(limit)).all()


def slips_of(
    session: Session,
    party_id: uuid.UUID,
    *,
    batch_id: uuid.UUID | None = None,
    member_id: uuid.UUID | None = None,
    limit: int = 100,
    offset: int = 0,
) -> Sequence[PurchaseSlip]:
    """A party's slips, the last entered first, of one lot or household if asked."""
    query = select(PurchaseSlip).where(PurchaseSlip.party_id == party_id)
    if batch_id:
        query = query.where(PurchaseSlip.batch_id == batch_id)
    if member_id:
        query = query.where(PurchaseSlip.member_id == member_id)
    query = query.options(
        joinedload(PurchaseSlip.member),
        joinedload(PurchaseSlip.product),
        joinedload(PurchaseSlip.batch).joinedload(Batch.product),
    )
    return session.scalars(query.order_by(*_LATEST).offset(offset).limit(limit)).all()


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one household delivered into a lot, in one unit."""

    member_id: uuid.UUID
    alias: str
    slips: int
    quantity: Decimal
    unit: str


def delivered_into(session: Session, batch_id: uuid.UUID) -> list[Delivered]:
    """The slips of a lot summed by household and unit; slips that were cancelled do not count."""
    query = (
        select(
            Member.id, Member.alias, func.count(), func.sum(PurchaseSlip.quantity), PurchaseSlip.unit
        )
        .join(Member, Member.id == PurchaseSlip.member_id)
        .where(PurchaseSlip.batch_id == batch_id, PurchaseSlip.withdrawn_at.is_(None))
        .group_by(Member.id, Member.alias, PurchaseSlip.unit)
        .order_by(Member.alias, PurchaseSlip.unit)
    )  # fmt: skip
    return [Delivered(*row) for row in session.execute(query)]


# --- copied diaries --------------------------------------------------------------------------------------------

COMPARED = 300
"""Batches of a party, the newest, that a page compares in passing."""


def diaries_of(
    session: Session, party_id: uuid.UUID, limit: int | None = COMPARED
) -> Iterator[Diary[uuid.UUID]]:
    """The diaries of a party's newest batches, without what was withdrawn or erased."""
    newest = select(Batch.id, Batch.made_on).where(Batch.party_id == party_id)
    chosen = newest.order_by(Batch.made_on.desc(), Batch.id.desc()).limit(limit).subquery()
    amounts: dict[uuid.UUID, list[str]] = defaultdict(list)
    lines = (
        select(EventLine.event_id, EventLine.role, EventLine.what, EventLine.quantity, EventLine.unit)
        .join(Event, Event.id == EventLine.event_id)
        .join(chosen, chosen.c.id == Event.batch_id)
    )
    for event_id, role, what, quantity, unit in session.execute(lines):
        amount = "" if quantity is None else f"{plain(quantity):f} {unit}"
        amounts[event_id].append(f"{role} {fold(what)} {amount}")
    works: dict[uuid.UUID, list[Work]] = defaultdict(list)
    events = select(Event.id, Event.batch_id, Event.step, Event.text, Event.at).join(
        chosen, chosen.c.id == Event.batch_id
    )
    for event_id, batch_id, step, text, at in session.execute(events.where(*_standing())):
        works[batch_id].append(Work(step, text or "", formats.today(at), tuple(amounts.get(event_id, ()))))
    for batch_id, made_on in session.execute(select(chosen.c.id, chosen.c.made_on)):
        if batch_id in works:
            yield Diary(batch_id, made_on, works[batch_id])


def copied_diaries(
    session: Session, party_id: uuid.UUID, limit: int | None = COMPARED
) -> list[Agreement[uuid.UUID]]:
    """Groups of a party's batches whose diaries agree word for word, or nearly. `limit`: the newest; None for all."""
    return agreements(diaries_of(session, party_id, limit))


def copies_of(session: Session, batch: Batch, limit: int | None = COMPARED) -> Agreement[uuid.UUID] | None:
    """The batches of the same party whose diaries agree with this one's."""
    own = [event for event in batch.events if event.withdrawn_at is None and event.text is not None]
    if len(own) < 2:
        return None
    diaries = list(diaries_of(session, batch.party_id, limit))
    mine = next((diary for diary in diaries if diary.batch == batch.id), None)
    return agreement_of(mine, diaries) if mine else None


def named(session: Session, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Batch]:
    """Batches with their products, by id."""
    query = select(Batch).where(Batch.id.in_(list(ids))).options(joinedload(Batch.product))
    return {batch.id: batch for batch in session.scalars(query)}
