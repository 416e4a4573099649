"""What the database knows of an identifier. Queries only; whoever opened the session closes it."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session, joinedload

from temthat_stamps import number as numbers
from temthat_stamps.errors import Mistyped
from temthat_stamps.notice import Notice
from temthat_stamps.runs.notices import notices_on, notices_on_each
from temthat_stamps.runs.records import Run
from temthat_stamps.verdict import NoticeKind
from temthat_trace import repository
from temthat_trace.approvals.publicly import public_papers_of
from temthat_trace.approvals.rule import is_public
from temthat_trace.batches import Batch
from temthat_trace.origin import Origin, SellerShown, origin_of, sellers_shown
from temthat_trace.papers import Paper
from temthat_trace.parties import Party
from temthat_trace.products import PackForm, Product
from temthat_verify_api.resolver.items import Item

LISTED = 12
"""How many batches the page of a product lists."""


@dataclass(frozen=True, slots=True)
class LotShown:
    """A batch in the list of a product's page. `notice` is "recall", "hold" or empty."""

    lot: str
    made_on: dt.date
    notice: str


@dataclass(frozen=True, slots=True)
class BatchFile:
    """What is told of a batch, and the notices on it or on what it was made from that stand."""

    origin: Origin
    notices: tuple[Notice, ...]
    sellers: tuple[SellerShown, ...] = ()


def find_by_gtin(session: Session, gtin: str, lot: str = "", serial: str = "") -> tuple[Item, ...]:
    """Every product this GTIN stands on, the oldest record first; only those that have the lot, if one has it."""
    on_a_pack = exists().where(PackForm.product_id == Product.id, PackForm.gtin == gtin)
    query = select(Product).where(or_(Product.gtin == gtin, on_a_pack), is_public()).order_by(Product.id)
    found = session.scalars(query.options(joinedload(Product.party))).all()
    return _narrowed([_item(session, product, lot, serial, gtin) for product in found])


def find_by_codes(
    session: Session, party: str, product: str, lot: str = "", serial: str = ""
) -> tuple[Item, ...]:
    """The product with that code of the party with that code; empty if there is none."""
    query = select(Product).join(Party).where(Party.code == party, Product.code == product, is_public())
    found = session.scalars(query.options(joinedload(Product.party))).all()
    return tuple(_item(session, product, lot, serial) for product in found)


def _narrowed(items: Sequence[Item]) -> tuple[Item, ...]:
    return tuple([item for item in items if item.lot] or items)


def _item(session: Session, product: Product, lot: str, serial: str, gtin: str = "") -> Item:
    batch = batch_id_of(session, product, lot) if lot else None
    papers = select(Paper.id).where(
        or_(Paper.product_id == product.id, Paper.product_id.is_(None) & (Paper.party_id == product.party_id))
    )
    return Item(
        party=product.party.code,
        product=product.code,
        name=product.name,
        name_en=product.name_en,
        producer=product.party.name,
        gtin=gtin or product.gtin or "",
        lot=lot if batch else "",
        number=_stamp(session, product, lot, serial, gtin) if serial else "",
        has_papers=session.scalar(papers.limit(1)) is not None and bool(public_papers_of(session, product)),
    )


def batch_id_of(session: Session, product: Product, lot: str) -> uuid.UUID | None:
    """The id of a product's batch with that lot."""
    return session.scalar(select(Batch.id).where(Batch.product_id == product.id, Batch.lot == lot))


def _stamp(session: Session, product: Product, lot: str, serial: str, gtin: str) -> str:
    """The serial as a printed number, if its run is one of this product, lot and GTIN; else nothing."""
    try:
        number = numbers.parse(serial)
    except Mistyped:
        return ""
    run = session.get(Run, number.run, options=[joinedload(Run.batch), joinedload(Run.pack_form)])
    if run is None or not run.is_logged or run.batch.product_id != product.id:
        return ""
    if (lot and run.batch.lot != lot) or (gtin and (run.pack_form.gtin or product.gtin) != gtin):
        return ""
    return str(number)


def recent_lots(session: Session, party: str, product: str) -> list[LotShown]:
    """A product's batches that stamps were made for, the newest first: what has no stamps yet is not for the public."""
    stamped = exists().where(Run.batch_id == Batch.id, Run.log_index.is_not(None))
    query = (
        select(Batch.id, Batch.lot, Batch.made_on)
        .join(Product, Batch.product_id == Product.id)
        .join(Party, Product.party_id == Party.id)
        .where(Party.code == party, Product.code == product, stamped)
        .order_by(Batch.made_on.desc(), Batch.id.desc())
        .limit(LISTED)
    )
    found = session.execute(query).all()
    notices = notices_on_each(session, [row.id for row in found])
    return [LotShown(lot, made_on, _gravest(notices.get(batch_id, ()))) for batch_id, lot, made_on in found]


def _gravest(notices: Sequence[Notice]) -> str:
    if any(notice.kind is NoticeKind.RECALL for notice in notices):
        return "recall"
    return "hold" if notices else ""


def load_batch(session: Session, party: str, product: str, lot: str, today: dt.date) -> BatchFile | None:
    """A batch by its producer's codes; None if there is none."""
    query = (
        select(Batch.id)
        .join(Product, Batch.product_id == Product.id)
        .join(Party, Product.party_id == Party.id)
        .where(Party.code == party, Product.code == product, Batch.lot == lot, is_public())
    )
    batch_id = session.scalar(query)
    batch = repository.batch(session, batch_id) if batch_id else None
    if batch is None:
        return None
    alliance = session.get(Party, batch.party.alliance_id) if batch.party.alliance_id else None
    origin = origin_of(batch, public_papers_of(session, batch.product), alliance, today)
    sellers = sellers_shown(repository.sellers_of(session, batch.product_id), today)
    return BatchFile(origin, notices_on(session, batch.id), sellers)
