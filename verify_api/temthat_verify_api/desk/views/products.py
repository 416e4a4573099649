"""Products with their pictures: what a shopper compares with the pack in hand."""

import uuid

from fastapi import Response
from sqlalchemy.exc import IntegrityError

from temthat_trace.approvals.proposing import DecidedMeanwhile, change_product
from temthat_trace.parties import PRODUCERS, Party
from temthat_trace.products import Product
from temthat_trace.repository import products_of
from temthat_verify_api.desk import queries
from temthat_verify_api.desk.checklist_queries import link_of, product_checklist
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.errors import NotFound
from temthat_verify_api.desk.forms import Files
from temthat_verify_api.desk.pictures import BadPicture, kept_picture, store_picture
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.desk.views.approvals import changes_of
from temthat_verify_api.desk.views.expiring import alerts_of
from temthat_verify_api.permissions import Action

router = desk_router()


@router.get("/products")
def products_page(desk: SignedIn) -> Response:
    """The own organisation's products."""
    if desk.party.kind not in PRODUCERS:
        raise NotFound
    return desk.page("products.html", products=products_of(desk.db, desk.party.id))


@router.get("/products/{product_id}")
def product_page(desk: SignedIn, product_id: uuid.UUID) -> Response:
    """One product."""
    product, party = queries.find_product(desk.db, desk.person, product_id)
    return _page(desk, product, party)


@router.get("/products/{product_id}/picture")
def picture(desk: SignedIn, product_id: uuid.UUID) -> Response:
    """Its picture."""
    product, _ = queries.find_product(desk.db, desk.person, product_id)
    return kept_picture(desk.db, product.picture)


@router.post("/products/{product_id}/picture")
def change_picture(desk: SignedIn, product_id: uuid.UUID, form: Files) -> Response:
    """A new picture, made small and stripped of whatever else was in the file."""
    product, party = own_product(desk, product_id)
    files = form.files("picture")
    try:
        digest = store_picture(desk.db, files[0][1] if files else b"")
    except BadPicture as error:
        return _page(desk, product, party, desk.words(error.key))
    try:
        waits = change_product(desk.db, product, {"picture": digest}, desk.party, desk.person.name, desk.now)
    except (DecidedMeanwhile, IntegrityError):
        desk.db.rollback()
        return _page(desk, product, party, desk.words("approvals.collided"))
    return desk.go(f"/desk/products/{product_id}", "picture_waits" if waits else "picture")


def own_product(desk: Desk, product_id: uuid.UUID) -> tuple[Product, Party]:
    """A product whose pictures and texts this person may change, and its producer. Raises `NotFound`, `Forbidden`."""
    product, party = queries.find_product(desk.db, desk.person, product_id)
    desk.require(Action.PICTURE, party)
    return product, party


def _page(desk: Desk, product: Product, party: Party, problem: str = "") -> Response:
    return desk.page(
        "product.html",
        422 if problem else 200,
        product=product,
        party=party,
        problem=problem,
        checked=product_checklist(desk.db, product, desk.today),
        link_of=link_of,
        changes=changes_of(desk, product),
        expiring=[line for line in alerts_of(desk, party) if line.paper.product_id in (None, product.id)],
    )
