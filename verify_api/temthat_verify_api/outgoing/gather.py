"""Reading the neutral facts from the database, batch after batch, so that memory stays small. Queries only."""

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from temthat_stamps.notice import Notice
from temthat_stamps.runs.notices import notices_on_each
from temthat_stamps.runs.records import JobState, PrintJob, Run
from temthat_trace import repository
from temthat_trace.approvals.publicly import public_papers_of
from temthat_trace.batches import Batch
from temthat_trace.events import Event
from temthat_trace.formats import today
from temthat_trace.offers import SellerLink, in_order
from temthat_trace.origin import is_shown, origin_of
from temthat_trace.papers import Paper
from temthat_trace.parties import Party
from temthat_trace.products import PackComponent, PackForm, Product
from temthat_verify_api.outgoing.facts import (
    BatchFacts,
    ConfirmationFacts,
    EventFacts,
    LineFacts,
    NoticeFacts,
    PackFacts,
    PaperFacts,
    PartyFacts,
    ProductFacts,
    Record,
    SellerFacts,
    SourceFacts,
    StampFacts,
    amount,
)
from temthat_verify_api.wiring import Services

_GROUP = 100
"""Batches read at a time."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is asked for: a producer's products, and of them all batches (None) or those named."""

    party: Party
    products: Sequence[Product]
    batch_ids: Sequence[uuid.UUID] | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A batch as `repository.batch` gives it, its runs in the log, and the notices that stand on it or its sources."""

    batch: Batch
    runs: Sequence[Run]
    notices: Sequence[Notice]


def base_of(services: Services) -> str:
    """Scheme and host that public pages are reached under."""
    settings = services.settings
    return f"{settings.scheme.lower()}://{settings.host}"


def page_of(base: str, party: str, product: str, lot: str = "") -> str:
    """The address of a product's page, or of one of its batches'."""
    parts = [quote(part, safe="") for part in (party, product, lot) if part]
    return f"{base}/p/{'/'.join(parts)}"


def whole_party(session: Session, party: Party) -> Scope:
    """Everything of a producer."""
    return Scope(party, repository.products_of(session, party.id))


def batch_ids_of(session: Session, scope: Scope) -> list[uuid.UUID]:
    """The batches asked for, the oldest first."""
    if scope.batch_ids is not None:
        return list(scope.batch_ids)
    products = [product.id for product in scope.products]
    query = select(Batch.id).where(Batch.product_id.in_(products))
    return list(session.scalars(query.order_by(Batch.made_on, Batch.id)))


def papers_in(session: Session, scope: Scope) -> list[Paper]:
    """The papers that may be shown with any of the products, by code: none that an office refused."""
    found = {paper.id: paper for product in scope.products for paper in public_papers_of(session, product)}
    return sorted(found.values(), key=lambda paper: paper.code)


def sellers_of(session: Session, product_id: uuid.UUID, day: dt.date) -> list[SellerLink]:
    """Where a product is sold, as far as it holds on that day."""
    return in_order(repository.sellers_of(session, product_id), day)


def told_events(batch: Batch) -> list[Event]:
    """The events of a batch that may be told, as the public pages tell them, by time."""
    return sorted(filter(is_shown, batch.events), key=lambda event: (event.at, event.id))


def gather(session: Session, services: Services, scope: Scope) -> Iterator[Record]:
    """Every record of the scope; what is referred to comes before what refers to it."""
    base, day = base_of(services), today(services.now())
    yield party_facts(scope.party)
    for product in scope.products:
        yield from product_facts(session, scope.party, product, base, day)
    yield from paper_facts(session, scope, day)
    for loaded in load_each(session, batch_ids_of(session, scope)):
        yield from batch_facts(session, loaded, base, day)


def load_each(session: Session, batch_ids: Sequence[uuid.UUID]) -> Iterator[Loaded]:
    """Batches in the order asked for, read in groups: few queries, and memory for one group."""
    for first in range(0, len(batch_ids), _GROUP):
        ids = batch_ids[first : first + _GROUP]
        runs: dict[uuid.UUID, list[Run]] = {}
        for run in runs_of(session, ids):
            runs.setdefault(run.batch_id, []).append(run)
        notices = notices_on_each(session, ids)
        for batch in repository.batches(session, ids):
            yield Loaded(batch, runs.get(batch.id, []), notices.get(batch.id, ()))


def party_facts(party: Party) -> PartyFacts:
    """An organisation."""
    return PartyFacts(
        code=party.code,
        name=party.name,
        name_en=party.name_en,
        kind=party.kind.value,
        gln=party.gln or "",
        address=party.address,
        province=party.province or "",
        commune=party.commune or "",
        hotline=party.hotline,
        email=party.email,
        tax_code=party.tax_code,
        sample=party.is_sample,
    )


def product_facts(
    session: Session, party: Party, product: Product, base: str, day: dt.date
) -> Iterator[Record]:
    """A product, its pack forms and where it is sold."""
    yield ProductFacts(
        party=party.code,
        code=product.code,
        kind=product.kind.value,
        name=product.name,
        name_en=product.name_en,
        brand=product.brand,
        group=product.group,
        gtin=product.gtin or "",
        base_unit=product.base_unit,
        description=product.description,
        description_en=product.description_en,
        storage=product.storage,
        storage_en=product.storage_en,
        standard=product.standard,
        warning=product.warning,
        shelf_life_months=product.shelf_life_months,
        sold_in=product.sold_in,
        picture=product.picture or "",
        page=page_of(base, party.code, product.code),
    )
    query = select(PackForm).where(PackForm.product_id == product.id).order_by(PackForm.code)
    loaded = query.options(
        joinedload(PackForm.inner), selectinload(PackForm.components).joinedload(PackComponent.part)
    )
    for form in session.scalars(loaded):
        yield PackFacts(
            party=party.code,
            product=product.code,
            code=form.code,
            name=form.name,
            name_en=form.name_en,
            kind=form.kind.value,
            net_content=amount(form.net_content),
            net_unit=form.net_unit or "",
            gtin=form.gtin or "",
            inner=form.inner.code if form.inner else "",
            holds=form.holds,
            parts="; ".join(f"{line.quantity} × {line.part.name}" for line in form.components),
        )
    for link in sellers_of(session, product.id, day):
        yield SellerFacts(party.code, product.code, link.seller, link.url, link.valid_until)


def paper_facts(session: Session, scope: Scope, day: dt.date) -> Iterator[Record]:
    """The papers of the scope, each with the confirmations that stand for its products."""
    codes = {product.id: product.code for product in scope.products}
    for paper in papers_in(session, scope):
        yield PaperFacts(
            party=scope.party.code,
            code=paper.code,
            product=codes.get(paper.product_id, "") if paper.product_id else "",
            kind=paper.kind.value,
            number=paper.number,
            authority=paper.authority,
            issued_on=paper.issued_on,
            valid_until=paper.valid_until,
            stars=paper.stars,
            valid=paper.is_valid(day),
            scan=paper.scan or "",
        )
        for given in paper.confirmations:
            if given.withdrawn_at is None and given.product_id in codes:
                yield ConfirmationFacts(
                    scope.party.code,
                    paper.code,
                    codes[given.product_id],
                    given.by_party.name,
                    today(given.at),
                )


def batch_facts(session: Session, loaded: Loaded, base: str, day: dt.date) -> Iterator[Record]:
    """A batch: what it was made from, its diary, notices and stamps."""
    batch = loaded.batch
    names = (batch.party.code, batch.product.code, batch.lot)
    shown = origin_of(batch, (), None, day)
    yield BatchFacts(
        *names,
        quantity=amount(batch.quantity),
        unit=batch.unit,
        made_on=batch.made_on,
        expires_on=batch.expires_on,
        place=shown.place,
        province=shown.province,
        plot=shown.plot,
        plot_gln=(batch.plot.gln or "") if batch.plot and shown.plot else "",
        growing_area_code=shown.growing_area_code,
        grower=shown.grower,
        page=page_of(base, *names),
    )
    for line in batch.sources:
        source = line.source
        yield SourceFacts(
            *names, source.party.code, source.product.code, source.lot, amount(line.quantity), line.unit
        )
    for event in told_events(batch):
        yield from _event(names, event)
    for notice in loaded.notices:
        yield NoticeFacts(*names, notice.kind.value, notice.reason, today(notice.at))
    yield from _stamps(session, names, loaded.runs)


def _event(names: tuple[str, str, str], event: Event) -> Iterator[Record]:
    number = str(event.id)
    yield EventFacts(
        number,
        *names,
        step=event.step.value,
        at=event.at,
        text=event.text or "",
        actor=event.actor,
        place=event.address,
        vouching=event.vouching.value,
        recorded_at=event.recorded_at,
        photos=" ".join(photo.digest for photo in event.photos),
        digest=event.digest.hex(),
    )
    for line in event.lines:
        yield LineFacts(number, line.role.value, line.what, line.lot, amount(line.quantity), line.unit or "")


def runs_of(session: Session, batch_ids: Sequence[uuid.UUID]) -> Sequence[Run]:
    """The runs of batches that stand in the log, the oldest first."""
    query = select(Run).where(Run.batch_id.in_(batch_ids), Run.log_index.is_not(None)).order_by(Run.run)
    wanted = (joinedload(Run.pack_form), joinedload(Run.party), joinedload(Run.stamp_key))
    return session.scalars(query.options(*wanted)).all()


def _stamps(session: Session, names: tuple[str, str, str], runs: Sequence[Run]) -> Iterator[StampFacts]:
    if not runs:
        return
    stretch = func.sum(PrintJob.last - PrintJob.first + 1)
    query = select(PrintJob.run, stretch).where(PrintJob.run.in_([run.run for run in runs]))
    confirmed = query.where(PrintJob.state == JobState.CONFIRMED).group_by(PrintJob.run)
    printed: dict[int, int] = {run: int(count) for run, count in session.execute(confirmed)}
    for run in runs:
        yield StampFacts(
            *names,
            pack_form=run.pack_form.code,
            run=run.run,
            count=run.count,
            printed=printed.get(run.run, 0),
            registered_on=today(run.registered_at),
            log_index=run.log_index,
        )
