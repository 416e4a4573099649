"""Where the real product is sold (bán chính hãng tại), and the large pictures that listings need."""

import datetime as dt
import uuid
from collections.abc import Sequence

from fastapi import Response
from sqlalchemy import func, select

from temthat_trace.offers import (
    LONGEST_DAYS,
    MOST_LINKS,
    MOST_PHOTOS,
    BadLink,
    ProductPhoto,
    SellerLink,
    checked_url,
)
from temthat_trace.parties import Party
from temthat_trace.privacy.attachments import drop_unused
from temthat_trace.products import Product
from temthat_trace.repository import sellers_of
from temthat_verify_api.desk import queries
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.errors import NotFound
from temthat_verify_api.desk.forms import Fields, Files
from temthat_verify_api.desk.pictures import LISTING_PHOTO, BadPicture, kept_picture, store_picture
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.desk.views.products import own_product

router = desk_router()

USUAL = dt.timedelta(days=365)
SHOWN = 500


@router.get("/sellers")
def all_sellers(desk: SignedIn) -> Response:
    """Every link in force of the producers this person may see, by site: who names which shop."""
    query = (
        select(SellerLink, Product, Party)
        .join(Product, SellerLink.product_id == Product.id)
        .join(Party, Product.party_id == Party.id)
        .where(
            queries.visible(desk.person), SellerLink.ended_at.is_(None), SellerLink.valid_until >= desk.today
        )
        .order_by(SellerLink.valid_until, SellerLink.id)
    )
    found = desk.db.execute(query.limit(SHOWN + 1)).all()
    lines = sorted(found[:SHOWN], key=lambda row: (row[0].host, row[2].name, row[1].name))
    return desk.page("all_sellers.html", lines=lines, more=len(found) > SHOWN, most=SHOWN)


@router.get("/products/{product_id}/sellers")
def sellers_page(desk: SignedIn, product_id: uuid.UUID) -> Response:
    """The links of one product, those that ended as well, and the form for another."""
    product, party = queries.find_product(desk.db, desk.person, product_id)
    return _sellers(desk, product, party)


@router.post("/products/{product_id}/sellers")
def add_seller(desk: SignedIn, product_id: uuid.UUID, form: Fields) -> Response:
    """One more link: https, a name and a last day."""
    product, party = own_product(desk, product_id)
    typed = {name: form.text(name, 600) for name in ("seller", "url", "valid_until")}
    link = _read_link(desk, product, typed)
    if isinstance(link, str):
        return _sellers(desk, product, party, link, typed)
    desk.db.add(link)
    return desk.go(f"/desk/products/{product_id}/sellers", "seller_added")


@router.post("/products/{product_id}/sellers/{link_id}/end")
def end_seller(desk: SignedIn, product_id: uuid.UUID, link_id: uuid.UUID, form: Fields) -> Response:
    """The link is no longer shown; that it was stays on record."""
    product, _ = own_product(desk, product_id)
    link = desk.db.get(SellerLink, link_id)
    if link is None or link.product_id != product.id:
        raise NotFound
    link.ended_at = link.ended_at or desk.now
    return desk.go(f"/desk/products/{product_id}/sellers", "seller_ended")


@router.get("/products/{product_id}/photos")
def photos_page(desk: SignedIn, product_id: uuid.UUID) -> Response:
    """The large pictures of a product."""
    product, party = queries.find_product(desk.db, desk.person, product_id)
    return _photos(desk, product, party)


@router.get("/products/{product_id}/photos/{digest}")
def photo(desk: SignedIn, product_id: uuid.UUID, digest: str) -> Response:
    """One of them."""
    product, _ = queries.find_product(desk.db, desk.person, product_id)
    return kept_picture(desk.db, _kept(desk, product, digest).digest)


@router.post("/products/{product_id}/photos")
def add_photos(desk: SignedIn, product_id: uuid.UUID, form: Files) -> Response:
    """Pictures for listings, each stripped of whatever else was in its file."""
    product, party = own_product(desk, product_id)
    files = form.files("photos")
    have = {kept.digest for kept in _kept_all(desk, product)}
    if not files:
        return _photos(desk, product, party, desk.words("picture.none"))
    if len(have) + len(files) > MOST_PHOTOS:
        return _photos(desk, product, party, desk.words("photos.too_many", most=MOST_PHOTOS))
    last = desk.db.scalar(
        select(func.max(ProductPhoto.position)).where(ProductPhoto.product_id == product.id)
    )
    for number, (_, data) in enumerate(files, (last or 0) + 1):
        try:
            digest = store_picture(desk.db, data, LISTING_PHOTO)
        except BadPicture as error:
            desk.db.rollback()
            product, party = queries.find_product(desk.db, desk.person, product_id)
            return _photos(desk, product, party, desk.words(error.key))
        if digest not in have:
            have.add(digest)
            desk.db.add(ProductPhoto(product_id=product.id, digest=digest, position=number))
    return desk.go(f"/desk/products/{product_id}/photos", "photos")


@router.post("/products/{product_id}/photos/{digest}/remove")
def remove_photo(desk: SignedIn, product_id: uuid.UUID, digest: str, form: Fields) -> Response:
    """Take one away."""
    product, _ = own_product(desk, product_id)
    desk.db.delete(_kept(desk, product, digest))
    desk.db.flush()
    drop_unused(desk.db, [digest])
    return desk.go(f"/desk/products/{product_id}/photos", "photo_removed")


def _read_link(desk: Desk, product: Product, typed: dict[str, str]) -> SellerLink | str:
    """The link as typed, or what is wrong with it, in words."""
    if not typed["seller"]:
        return desk.words("sellers.no_name")
    try:
        url = checked_url(typed["url"])
    except BadLink as error:
        return desk.words.of(error)
    try:
        until = dt.date.fromisoformat(typed["valid_until"])
    except ValueError:
        return desk.words("sellers.bad_day")
    if not desk.today <= until <= desk.today + dt.timedelta(days=LONGEST_DAYS):
        return desk.words("sellers.day_range")
    if too_much := _beyond(desk, product, url):
        return too_much
    return SellerLink(
        product_id=product.id,
        seller=typed["seller"][:200],
        url=url,
        valid_until=until,
        added_at=desk.now,
        added_by=desk.person.name,
    )


def _beyond(desk: Desk, product: Product, url: str) -> str:
    """Why the product takes no such link beside those it has, in words, or nothing."""
    in_force = [link for link in sellers_of(desk.db, product.id) if link.holds(desk.today)]
    if len(in_force) >= MOST_LINKS:
        return desk.words("sellers.too_many", most=MOST_LINKS)
    return desk.words("sellers.twice") if any(link.url == url for link in in_force) else ""


def _sellers(
    desk: Desk, product: Product, party: Party, problem: str = "", typed: dict[str, str] | None = None
) -> Response:
    links = sorted(
        sellers_of(desk.db, product.id), key=lambda link: (not link.holds(desk.today), link.seller)
    )
    usual = {"seller": "", "url": "", "valid_until": (desk.today + USUAL).isoformat()}
    return desk.page(
        "sellers.html",
        422 if problem else 200,
        product=product,
        party=party,
        links=links,
        problem=problem,
        typed=typed or usual,
        today=desk.today,
        last_day=(desk.today + dt.timedelta(days=LONGEST_DAYS)).isoformat(),
        most=MOST_LINKS,
    )


def _photos(desk: Desk, product: Product, party: Party, problem: str = "") -> Response:
    kept = _kept_all(desk, product)
    return desk.page(
        "photos.html",
        422 if problem else 200,
        product=product,
        party=party,
        photos=kept,
        problem=problem,
        most=MOST_PHOTOS,
    )


def _kept_all(desk: Desk, product: Product) -> Sequence[ProductPhoto]:
    query = select(ProductPhoto).where(ProductPhoto.product_id == product.id).order_by(ProductPhoto.position)
    return desk.db.scalars(query).all()


def _kept(desk: Desk, product: Product, digest: str) -> ProductPhoto:
    """A picture of that product. Raises `NotFound`."""
    found = desk.db.get(ProductPhoto, (product.id, digest))
    if found is None:
        raise NotFound
    return found
