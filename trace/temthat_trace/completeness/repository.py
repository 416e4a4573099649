"""Loads the facts the checklists look at: one product, one batch, or many products in few queries."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from temthat_trace.batches import Batch
from temthat_trace.completeness.facts import BatchFacts, Facts, MakerFacts, PaperFacts, StageFacts
from temthat_trace.events import Event
from temthat_trace.papers import Paper, PaperConfirmation, in_force
from temthat_trace.parties import Party, Plot
from temthat_trace.products import PackForm, Product, ProductKind

_CHUNK = 400
T = TypeVar("T")


def facts_of_product(session: Session, product: Product, today: dt.date) -> Facts:
    """A product with its newest batch."""
    return _facts(session, [product], _is_newest([product.id]), today)[0]


def facts_of_batch(session: Session, batch: Batch, today: dt.date) -> Facts:
    """A batch with its product."""
    return _facts(session, [batch.product], Batch.id == batch.id, today)[0]


def facts_of_products(session: Session, products: Sequence[Product], today: dt.date) -> list[Facts]:
    """Several products, each with its newest batch, in their order; seven queries for each 400."""
    found: list[Facts] = []
    for some in _chunks(products):
        found += _facts(session, some, _is_newest([p.id for p in some]), today)
    return found


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    todo = list(items)
    yield from (todo[start : start + _CHUNK] for start in range(0, len(todo), _CHUNK))


def _is_newest(products: Sequence[uuid.UUID]) -> ColumnElement[bool]:
    rank = func.row_number().over(
        partition_by=Batch.product_id, order_by=(Batch.made_on.desc(), Batch.id.desc())
    )
    ranked = select(Batch.id, rank.label("rank")).where(Batch.product_id.in_(products)).subquery()
    return Batch.id.in_(select(ranked.c.id).where(ranked.c.rank == 1))


def _facts(
    session: Session, products: Sequence[Product], which: ColumnElement[bool], today: dt.date
) -> list[Facts]:
    ids = [product.id for product in products]
    parties = {p.party_id for p in products}
    makers = {party.id: party for party in session.scalars(select(Party).where(Party.id.in_(parties)))}
    batches = {
        batch.product_id: batch
        for batch in session.scalars(select(Batch).where(which, Batch.product_id.in_(ids)))
    }
    gtins: dict[uuid.UUID, str] = {}
    forms = select(PackForm.product_id, PackForm.gtin).where(PackForm.product_id.in_(ids))
    for product_id, gtin in session.execute(forms.where(PackForm.gtin.is_not(None)).order_by(PackForm.code)):
        gtins.setdefault(product_id, gtin or "")
    stages = _Stages(session, makers, list(batches.values()))
    papers = _Papers(session, parties, today)
    return [
        Facts(
            maker=_maker(makers[product.party_id]),
            product_id=product.id,
            code=product.code,
            name=product.name,
            service=product.kind is ProductKind.SERVICE,
            gtin=product.gtin or gtins.get(product.id, ""),
            picture=product.picture is not None,
            brand=product.brand,
            warning=product.warning,
            standard=product.standard,
            shelf_life_months=product.shelf_life_months,
            batch=stages.batch(batches[product.id]) if product.id in batches else None,
            papers=papers.about(product),
        )
        for product in products
    ]


def _maker(party: Party) -> MakerFacts:
    return MakerFacts(party.id, party.code, party.name, party.address, party.tax_code or party.gln or "")


class _Stages:
    """The events of some batches, and the code of where each was: of its own place, else of the batch's."""

    def __init__(self, session: Session, makers: Mapping[uuid.UUID, Party], batches: Sequence[Batch]) -> None:
        query = select(
            Event.batch_id, Event.step, Event.at, Event.address, Event.commune, Event.plot_id, Event.member_id
        ).where(Event.batch_id.in_([batch.id for batch in batches]), Event.withdrawn_at.is_(None))
        rows = session.execute(query.order_by(Event.at, Event.id)).all()
        self._events: dict[uuid.UUID, list[Any]] = defaultdict(list)
        for row in rows:
            self._events[row.batch_id].append(row)
        self._makers = makers
        plots = {row.plot_id for row in rows} | {batch.plot_id for batch in batches}
        self._plots = {
            plot.id: plot for plot in session.scalars(select(Plot).where(Plot.id.in_(plots - {None})))
        }

    def batch(self, batch: Batch) -> BatchFacts:
        maker, plot = self._makers[batch.party_id], self._plots.get(batch.plot_id) if batch.plot_id else None
        # An address that no commune is known of is not covered up by the maker's: it is what the clerk must look at.
        code = _plot_code(plot) or batch.commune or ("" if batch.address else maker.commune or "")
        place = batch.address or (plot.address if plot else "") or maker.address
        stages = tuple(self._stage(row, code, place) for row in self._events[batch.id])
        return BatchFacts(batch.id, batch.lot, batch.made_on, batch.expires_on, place, stages)

    def _stage(self, row: Any, batch_code: str, batch_place: str) -> StageFacts:
        own = _plot_code(self._plots.get(row.plot_id)) or row.commune
        code = own or ("" if row.address else batch_code)
        return StageFacts(row.step, row.at, code, row.address or batch_place, row.member_id is not None)


def _plot_code(plot: Plot | None) -> str:
    return (plot.gln or plot.growing_area_code or plot.code) if plot else ""


class _Papers:
    """The papers of some parties: a product's own and its party's general ones."""

    def __init__(self, session: Session, parties: Iterable[uuid.UUID], today: dt.date) -> None:
        self._today = today
        self._of_product: dict[uuid.UUID, list[Any]] = defaultdict(list)
        self._of_party: dict[uuid.UUID, list[Any]] = defaultdict(list)
        columns = (
            Paper.id, Paper.party_id, Paper.product_id, Paper.kind, Paper.number, Paper.issued_on, Paper.valid_until
        )  # fmt: skip
        mine = Paper.party_id.in_(parties)
        for row in session.execute(select(*columns).where(mine).order_by(Paper.code)):
            if row.product_id:
                self._of_product[row.product_id].append(row)
            else:
                self._of_party[row.party_id].append(row)
        standing = select(PaperConfirmation.paper_id, PaperConfirmation.product_id)
        standing = standing.where(PaperConfirmation.withdrawn_at.is_(None))
        standing = standing.join(Paper, Paper.id == PaperConfirmation.paper_id).where(mine)
        self._confirmed = {(paper_id, product_id) for paper_id, product_id in session.execute(standing)}

    def about(self, product: Product) -> tuple[PaperFacts, ...]:
        return tuple(
            PaperFacts(
                kind=row.kind,
                number=row.number,
                valid_until=row.valid_until,
                valid=in_force(row.issued_on, row.valid_until, self._today),
                confirmed=(row.id, product.id) in self._confirmed,
            )
            for row in (*self._of_product[product.id], *self._of_party[product.party_id])
        )
