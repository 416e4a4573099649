"""The checklists as the desk shows them: of a product, of a batch, of every product one may see."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_trace.batches import Batch
from temthat_trace.completeness.checklist import Checked
from temthat_trace.completeness.facts import Facts
from temthat_trace.completeness.item import Form, Gap
from temthat_trace.completeness.repository import facts_of_batch, facts_of_parties, facts_of_product
from temthat_trace.parties import Party
from temthat_trace.products import Product
from temthat_trace.search import fold
from temthat_verify_api.accounts import Person
from temthat_verify_api.checklists import checked
from temthat_verify_api.desk import queries


def product_checklist(db: Session, product: Product, today: dt.date) -> Checked:
    """The lists of a product and its newest batch."""
    return checked(db, [facts_of_product(db, product, today)])[0]


def batch_checklist(db: Session, batch: Batch, today: dt.date) -> Checked:
    """The lists of a batch and its product."""
    return checked(db, [facts_of_batch(db, batch, today)])[0]


@dataclass(frozen=True, slots=True)
class Overview:
    """Every product of the organisations asked for, those that lack most first; `short` of them lack something."""

    lines: list[Checked]

    @property
    def short(self) -> int:
        """How many products lack something."""
        return sum(line.missing > 0 for line in self.lines)


def overview(
    db: Session, person: Person, today: dt.date, text: str = "", party: Party | None = None
) -> Overview:
    """All products this person may see, or those of one organisation. `text`: words of product or organisation."""
    query = select(Party.id).where(queries.visible(person))
    if party is not None:
        query = query.where(Party.id == party.id)
    wanted = fold(text).split()
    found = [
        facts
        for facts in facts_of_parties(db, db.scalars(query).all(), today)
        if all(word in fold(f"{facts.name} {facts.code} {facts.maker.name}") for word in wanted)
    ]
    lines = checked(db, found)
    return Overview(
        sorted(lines, key=lambda line: (-line.missing, fold(line.facts.maker.name), fold(line.facts.name)))
    )


def link_of(gap: Gap, facts: Facts) -> str:
    """The page of the desk where that gap is filled."""
    match gap.where.form:
        case Form.PICTURE:
            return f"/desk/products/{facts.product_id}#picture-form"
        case Form.PAPERS:
            return "/desk/papers"
        case Form.DIARY if facts.batch:
            return f"/desk/batches/{facts.batch.id}/work"
        case Form.NEW_BATCH:
            return "/desk/batches/new"
    return "/desk/workbooks"
