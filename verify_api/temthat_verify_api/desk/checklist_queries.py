"""The checklists as the desk shows them: of a product, of a batch, of every product one may see."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_trace.batches import Batch
from temthat_trace.completeness.checklist import Checked
from temthat_trace.completeness.facts import Facts
from temthat_trace.completeness.item import Form, Gap
from temthat_trace.completeness.repository import facts_of_batch, facts_of_product, facts_of_products
from temthat_trace.lineage.among import among
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


AT_ONCE = 1_000
"""Products looked at for one page of the overview."""


@dataclass(frozen=True, slots=True)
class Overview:
    """Some products, those that lack most first, `short` of which lack something.

    `total`: all that were asked for. When they are more than `AT_ONCE` they come page after page, `page` counted from
    nought, in the order of their organisations, from `first` to `last` on this page.
    """

    lines: list[Checked]
    total: int = 0
    page: int = 0
    first: str = ""
    last: str = ""

    @property
    def short(self) -> int:
        """How many products lack something."""
        return sum(line.missing > 0 for line in self.lines)

    @property
    def pages(self) -> int:
        """How many pages there are; one at least."""
        return max(-(-self.total // AT_ONCE), 1)


def overview(
    db: Session, person: Person, today: dt.date, text: str = "", party: Party | None = None, page: int = 0
) -> Overview:
    """The products this person may see, or those of one organisation. `text`: words of product or organisation."""
    query = (
        select(Product.id, Product.name, Product.code, Party.name)
        .join(Party, Party.id == Product.party_id)
        .where(queries.visible(person))
    )
    if party is not None:
        query = query.where(Party.id == party.id)
    wanted = fold(text).split()
    named = [
        (fold(maker), fold(name), maker, key)
        for key, name, code, maker in db.execute(query)
        if not wanted or all(word in fold(f"{name} {code} {maker}") for word in wanted)
    ]
    named.sort(key=lambda one: (*one[:2], one[3]))
    page = min(max(page, 0), max(len(named) - 1, 0) // AT_ONCE)
    some = named[page * AT_ONCE : (page + 1) * AT_ONCE]
    products = db.scalars(select(Product).where(among(db, Product.id, [key for *_, key in some]))).all()
    lines = checked(db, facts_of_products(db, products, today))
    lines.sort(key=lambda line: (-line.missing, fold(line.facts.maker.name), fold(line.facts.name)))
    return Overview(lines, len(named), page, some[0][2] if some else "", some[-1][2] if some else "")


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
