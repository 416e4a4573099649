"""What the desk asks of the diary: an event somebody may see, its photos, its batch's choices."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from temthat_trace import fieldwork
from temthat_trace.batches import Batch
from temthat_trace.copied import Agreement
from temthat_trace.events import Event, EventPhoto, LineRole
from temthat_trace.papers import Attachment
from temthat_trace.parties import Party
from temthat_trace.products import Product, ProductKind
from temthat_trace.purchases import PurchaseSlip
from temthat_verify_api.accounts import Person
from temthat_verify_api.desk import queries
from temthat_verify_api.desk.errors import NotFound
from temthat_verify_api.desk.words import Words

Option = tuple[object, str]
"""What a list sends, and what it shows."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a form of work offers: households and plots to choose from, and by field what was written before."""

    members: Sequence[Option]
    plots: Sequence[Option]
    written: Mapping[str, Sequence[str]]


def choices_of(db: Session, party_id: uuid.UUID) -> Choices:
    """The choices of a party."""
    used = fieldwork.names_used(db, party_id, LineRole.USED)
    written = {
        "material": list(dict.fromkeys(what for what, _ in used)),
        "material_lot": list(dict.fromkeys(lot for _, lot in used if lot)),
        "supplier": fieldwork.partners_of(db, party_id, LineRole.USED),
        "in_what": list(dict.fromkeys(what for what, _ in fieldwork.names_used(db, party_id, LineRole.IN))),
        "seller": fieldwork.partners_of(db, party_id, LineRole.IN),
        "partner": fieldwork.partners_of(db, party_id, LineRole.SENT),
    }
    members = [(member.id, member.alias) for member in fieldwork.members_of(db, party_id)]
    return Choices(
        members, [(plot.id, plot.name or plot.code) for plot in fieldwork.plots_of(db, party_id)], written
    )


def member_codes(db: Session, party_id: uuid.UUID) -> Sequence[Option]:
    """Households by code, for what goes the workbook's way."""
    return [(member.code, member.alias) for member in fieldwork.members_of(db, party_id)]


def plot_codes(db: Session, party_id: uuid.UUID) -> Sequence[Option]:
    """Plots by code."""
    return [(plot.code, plot.name or plot.code) for plot in fieldwork.plots_of(db, party_id)]


def diary_of(db: Session, batch: Batch) -> Sequence[Event]:
    """A batch's events in order of time, the household and plot of each read with them."""
    query = select(Event).where(Event.batch_id == batch.id).order_by(Event.at, Event.id)
    return db.scalars(query.options(joinedload(Event.member), joinedload(Event.plot))).all()


def find_event(db: Session, person: Person, event_id: uuid.UUID) -> tuple[Event, Batch]:
    """An event of a batch this person may see. Raises `NotFound`."""
    event = db.get(Event, event_id)
    if event is None:
        raise NotFound
    return event, queries.find_batch(db, person, event.batch_id)


def photo_of(db: Session, digest: str, small: str) -> EventPhoto | None:
    """A photo stored earlier under these digests."""
    if db.get(Attachment, digest) is None or db.get(Attachment, small) is None:
        return None
    return EventPhoto(digest=digest, small=small)


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch to write for: how many events it has."""

    batch: Batch
    events: int


def newest_batches(db: Session, party: Party, limit: int = 20) -> list[OpenBatch]:
    """A party's newest batches."""
    query = select(Batch).where(Batch.party_id == party.id).options(joinedload(Batch.product))
    batches = db.scalars(query.order_by(Batch.made_on.desc(), Batch.id.desc()).limit(limit)).all()
    count = select(Event.batch_id, func.count()).where(
        Event.batch_id.in_([b.id for b in batches]), Event.withdrawn_at.is_(None)
    )
    events = {key: int(n) for key, n in db.execute(count.group_by(Event.batch_id))}
    return [OpenBatch(batch, events.get(batch.id, 0)) for batch in batches]


def goods_codes(db: Session, party: Party) -> Sequence[Option]:
    """A party's products that come in batches, by code."""
    query = select(Product.code, Product.name).where(
        Product.party_id == party.id, Product.kind == ProductKind.GOODS
    )
    return [(code, name) for code, name in db.execute(query.order_by(Product.name))]


@dataclass(frozen=True, slots=True)
class Alike:
    """Batches whose diaries agree: how many lines, whether all of them."""

    batches: Sequence[Batch]
    lines: int
    whole: bool


def alike(db: Session, batch: Batch) -> Alike | None:
    """The other batches whose diaries agree with this one's."""
    found = fieldwork.copies_of(db, batch)
    return _named(db, found, without=batch.id) if found else None


LISTED = 2_000
"""Batches of a party, the newest, that the page of diaries compares."""


def alike_of_party(db: Session, party: Party) -> list[Alike]:
    """The groups of a party's batches whose diaries agree."""
    return [_named(db, found) for found in fieldwork.copied_diaries(db, party.id, LISTED)]


def _named(db: Session, found: Agreement[uuid.UUID], without: uuid.UUID | None = None) -> Alike:
    ids = [batch for batch in found.batches if batch != without]
    known = fieldwork.named(db, ids)
    return Alike([known[i] for i in ids if i in known], found.lines, found.whole)


def lot_code(batch: Batch) -> str:
    """A lot as a form's list sends it: product code and lot."""
    return f"{batch.product.code}|{batch.lot}"


def lot_name(batch: Batch, words: Words) -> str:
    """A lot as a form's list shows it."""
    return f"{batch.product.name}, {words('batch.lot')} {batch.lot}"


def find_slip(db: Session, person: Person, slip_id: uuid.UUID) -> tuple[PurchaseSlip, Party]:
    """A slip of an organisation this person may see. Raises `NotFound`."""
    slip = db.get(PurchaseSlip, slip_id)
    if slip is None:
        raise NotFound
    return slip, queries.find_party(db, person, slip.party_id)
