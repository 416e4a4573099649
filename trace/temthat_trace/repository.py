"""Queries on origin records, and confirming papers. Whoever opened the session commits it."""

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from temthat_trace.batches import Batch, BatchSource
from temthat_trace.events import Event
from temthat_trace.offers import SellerLink
from temthat_trace.papers import Attachment, Paper, PaperConfirmation
from temthat_trace.parties import CONFIRMERS, Party, Plot, looks_after
from temthat_trace.products import PackComponent, PackForm, Product
from temthat_trace.search import fold


class TraceRefused(Exception):
    """Something may not be done with a record; says why in both languages. Nothing was changed."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en


def party_by_code(session: Session, code: str) -> Party | None:
    """The organisation with this code."""
    return session.scalar(select(Party).where(Party.code == code))


def products_of(session: Session, party_id: uuid.UUID, search: str = "") -> Sequence[Product]:
    """A party's products with their pack forms, by name; `search` needs no diacritics."""
    query = select(Product).where(Product.party_id == party_id).order_by(Product.name)
    if search:
        query = query.where(Product.search.contains(fold(search), autoescape=True))
    return session.scalars(query.options(selectinload(Product.pack_forms))).all()


def batches_of(session: Session, party_id: uuid.UUID, search: str = "", limit: int = 100) -> Sequence[Batch]:
    """A party's batches, the newest first; `search` looks at lot and product, without diacritics."""
    query = select(Batch).join(Product, Batch.product_id == Product.id).where(Batch.party_id == party_id)
    if search:
        found = Product.search.contains(fold(search), autoescape=True)
        query = query.where(or_(found, Batch.lot.icontains(search, autoescape=True)))
    query = query.order_by(Batch.made_on.desc(), Batch.id.desc()).limit(limit)
    return session.scalars(query.options(joinedload(Batch.product))).all()


def batch(session: Session, batch_id: uuid.UUID) -> Batch | None:
    """A batch with all that a page or a label says of it."""
    return next(iter(batches(session, [batch_id])), None)


def batches(session: Session, ids: Sequence[uuid.UUID]) -> list[Batch]:
    """Batches, each as `batch` gives it, in the order asked for; those that there are not are left out.

    For as many as fit one statement: some hundreds.
    """
    found = session.scalars(
        select(Batch)
        .where(Batch.id.in_(ids))
        .options(
            joinedload(Batch.party),
            joinedload(Batch.product)
            .selectinload(Product.pack_forms)
            .selectinload(PackForm.components)
            .joinedload(PackComponent.part),
            joinedload(Batch.plot).joinedload(Plot.member),
            joinedload(Batch.member),
            selectinload(Batch.events).selectinload(Event.lines),
            selectinload(Batch.events).selectinload(Event.photos),
            selectinload(Batch.sources).joinedload(BatchSource.source).joinedload(Batch.product),
        )
    )
    by_id = {batch.id: batch for batch in found}
    return [by_id[batch_id] for batch_id in ids if batch_id in by_id]


def papers_of(session: Session, product: Product) -> Sequence[Paper]:
    """The papers that may speak of a product: its own and its party's general ones, with their confirmations."""
    query = select(Paper).where(
        or_(Paper.product_id == product.id, Paper.product_id.is_(None) & (Paper.party_id == product.party_id))
    )
    return session.scalars(query.order_by(Paper.code).options(selectinload(Paper.confirmations))).all()


def sellers_of(session: Session, product_id: uuid.UUID) -> Sequence[SellerLink]:
    """Every link to a seller that a product has or had."""
    query = select(SellerLink).where(SellerLink.product_id == product_id).order_by(SellerLink.id)
    return session.scalars(query).all()


def attachment(session: Session, digest: str) -> Attachment | None:
    """A picture or scan by its digest."""
    return session.get(Attachment, digest)


def confirm_paper(
    session: Session, paper: Paper, product_id: uuid.UUID, office: Party, person: str, now: dt.datetime
) -> PaperConfirmation:
    """An office confirms that it saw this paper and that it is good for this product.

    Raises `TraceRefused` if the office does not look after the paper's holder, or the paper is about something else.
    Confirming twice changes nothing.
    """
    product = session.get_one(Product, product_id)
    _check_office(session, paper, office)
    if product.party_id != paper.party_id or paper.product_id not in (None, product_id):
        raise TraceRefused(
            f"Giấy {paper.number} không thuộc sản phẩm “{product.name}”.",
            f"Paper {paper.number} is not about “{product.name}”.",
        )
    for confirmation in paper.confirmations:
        if confirmation.product_id == product_id and confirmation.withdrawn_at is None:
            return confirmation
    confirmation = PaperConfirmation(
        paper_id=paper.id, product_id=product_id, by_party_id=office.id, by_person=person, at=now
    )
    paper.confirmations.append(confirmation)
    session.flush()
    return confirmation


def withdraw_confirmation(
    session: Session, paper: Paper, product_id: uuid.UUID, office: Party, now: dt.datetime
) -> None:
    """An office takes a confirmation back; the record of it stays. Raises `TraceRefused`."""
    _check_office(session, paper, office)
    for confirmation in paper.confirmations:
        if confirmation.product_id == product_id and confirmation.withdrawn_at is None:
            confirmation.withdrawn_at = now
    session.flush()


def withdraw_all(session: Session, paper: Paper, now: dt.datetime) -> int:
    """Take back every confirmation of a paper, because what it says was changed; gives how many there were.

    What an office saw is no longer what the record says, so the badge goes until an office looks again.
    """
    live = [c for c in paper.confirmations if c.withdrawn_at is None]
    for confirmation in live:
        confirmation.withdrawn_at = now
    session.flush()
    return len(live)


def _check_office(session: Session, paper: Paper, office: Party) -> None:
    holder = session.get_one(Party, paper.party_id)
    if office.kind not in CONFIRMERS or not looks_after(office, holder):
        raise TraceRefused(
            f"“{office.name}” không phụ trách “{holder.name}” nên không xác nhận giấy tờ được.",
            f"“{office.name}” does not look after “{holder.name}” and cannot confirm its papers.",
        )
