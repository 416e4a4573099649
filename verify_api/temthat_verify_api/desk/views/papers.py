"""Papers: an alliance or authority confirms one for a product, or takes that back."""

import uuid
from collections.abc import Sequence

from fastapi import APIRouter, Response

from temthat_trace.products import Product
from temthat_trace.repository import confirm_paper, products_of, withdraw_confirmation
from temthat_verify_api.desk import queries
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.errors import NotFound
from temthat_verify_api.desk.forms import Fields
from temthat_verify_api.desk.route import DeskRoute
from temthat_verify_api.permissions import Action

router = APIRouter(route_class=DeskRoute)


@router.get("/papers")
def papers_page(desk: SignedIn, q: str = "") -> Response:
    """All papers this person may see, those that wait for a confirmation first."""
    lines = queries.paper_lines(desk.db, desk.person, q[:100])
    return desk.page("papers.html", lines=lines, q=q[:100], today=desk.today)


@router.get("/papers/{paper_id}")
def paper_page(desk: SignedIn, paper_id: uuid.UUID) -> Response:
    """One paper, and for which products it is confirmed."""
    line = queries.find_paper(desk.db, desk.person, paper_id)
    return desk.page(
        "paper.html",
        line=line,
        products=_products(desk, line),
        today=desk.today,
        confirmed={c.product_id: c for c in line.confirmations},
    )


@router.post("/papers/{paper_id}/confirm")
def confirm(desk: SignedIn, paper_id: uuid.UUID, form: Fields) -> Response:
    """This paper was looked at and is good for this product."""
    line = queries.find_paper(desk.db, desk.person, paper_id)
    desk.require(Action.CONFIRM_PAPER, line.party)
    product = _product(desk, line, form.text("product"))
    confirm_paper(desk.db, line.paper, product.id, desk.party, desk.person.name, desk.now)
    return desk.go(f"/desk/papers/{paper_id}", "paper_confirmed")


@router.post("/papers/{paper_id}/withdraw")
def withdraw(desk: SignedIn, paper_id: uuid.UUID, form: Fields) -> Response:
    """The confirmation no longer stands; that it once did stays on record."""
    line = queries.find_paper(desk.db, desk.person, paper_id)
    desk.require(Action.CONFIRM_PAPER, line.party)
    product = _product(desk, line, form.text("product"))
    withdraw_confirmation(desk.db, line.paper, product.id, desk.party, desk.now)
    return desk.go(f"/desk/papers/{paper_id}", "paper_withdrawn")


def _products(desk: Desk, line: queries.PaperLine) -> Sequence[Product]:
    """What the paper can be confirmed for: its own product, or any of the holder's."""
    return [line.product] if line.product else products_of(desk.db, line.party.id)


def _product(desk: Desk, line: queries.PaperLine, product_id: str) -> Product:
    for product in _products(desk, line):
        if str(product.id) == product_id:
            return product
    raise NotFound
