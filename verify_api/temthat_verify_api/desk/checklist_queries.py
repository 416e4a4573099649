"""The checklists as the desk shows them: of a product, of a batch, of every product one may see."""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from temthat_stamps.runs.records import Run
from temthat_trace.batches import Batch
from temthat_trace.completeness.checklist import Checked, check
from temthat_trace.completeness.facts import Facts
from temthat_trace.completeness.item import Form, Gap
from temthat_trace.completeness.repository import facts_of_batch, facts_of_parties, facts_of_product
from temthat_trace.parties import Party
from temthat_trace.products import Product
from temthat_trace.search import fold
from temthat_verify_api.accounts import Person
from temthat_verify_api.desk import queries


def product_checklist(db: Session, product: Product, today: dt.date) -> Checked:
    """The lists of a product and its newest batch."""
    return check(_with_stamps(db, [facts_of_product(db, product, today)])[0])


def batch_checklist(db: Session, batch: Batch, today: dt.date) -> Checked:
    """The lists of a batch and its product."""
    return check(_with_stamps(db, [facts_of_batch(db, batch, today)])[0])


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
    lines = [check(facts) for facts in _with_stamps(db, found)]
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
        case Form.STAMPS:
            return f"/desk/batches/{facts.batch.id}" if facts.batch else "/desk"
    return "/desk/workbooks"


def _with_stamps(db: Session, found: Iterable[Facts]) -> list[Facts]:
    """The same with how many stamps were ordered for each batch, which only the runs know."""
    facts = list(found)
    ids = [f.batch.id for f in facts if f.batch]
    ordered: dict[uuid.UUID, int] = {}
    for start in range(0, len(ids), 400):
        some = ids[start : start + 400]
        query = select(Run.batch_id, func.sum(Run.count)).where(Run.batch_id.in_(some)).group_by(Run.batch_id)
        ordered |= {batch_id: int(count) for batch_id, count in db.execute(query)}
    return [
        replace(f, batch=replace(f.batch, stamps=ordered.get(f.batch.id, 0))) if f.batch else f for f in facts
    ]
