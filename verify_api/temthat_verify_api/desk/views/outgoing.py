"""What leaves the desk for buyers and marketplaces: dossier, listing pack, badge, neutral facts; English texts."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO

from fastapi import Response
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from starlette.responses import StreamingResponse

from temthat_stamps.texts import Lang
from temthat_trace.approvals.proposing import (
    DecidedMeanwhile,
    as_proposed,
    change_product,
    form_as_proposed,
)
from temthat_trace.batches import Batch
from temthat_trace.parties import PRODUCERS, Party
from temthat_trace.products import Product
from temthat_trace.search import search_key
from temthat_verify_api.desk import queries
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.errors import BadForm, NotFound
from temthat_verify_api.desk.forms import Fields, Posted
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.desk.views.products import own_product
from temthat_verify_api.outgoing.dossier import file_name, setting_of, write_dossier
from temthat_verify_api.outgoing.dossier_pdf import write_pdf
from temthat_verify_api.outgoing.exchange_pack import write_exchange_pack
from temthat_verify_api.outgoing.gather import base_of, page_of, whole_party
from temthat_verify_api.outgoing.listing import channels
from temthat_verify_api.outgoing.listing_pack import write_listing
from temthat_verify_api.outgoing.pack import read_through, slug, spool
from temthat_verify_api.outgoing.systems import SYSTEMS
from temthat_verify_api.pages.badge import HEIGHT, WIDTH, snippet

router = desk_router()

_ENGLISH = {"name_en": 200, "description_en": 2000, "storage_en": 400}
"""English fields of a product and how long each may be. An office may want to see a change of them first."""

_TYPES = {"pdf": "application/pdf", "zip": "application/zip"}
SHOWN = 100
"""Batches to choose from; older ones are in the dossier of all."""


@router.get("/products/{product_id}/out")
def out_page(desk: SignedIn, product_id: uuid.UUID) -> Response:
    """Everything that can be taken along of one product."""
    product, party = queries.find_product(desk.db, desk.person, product_id)
    newest = (
        select(Batch).where(Batch.product_id == product.id).order_by(Batch.made_on.desc(), Batch.id.desc())
    )
    base = base_of(desk.services)
    page = page_of(base, party.code, product.code)
    return desk.page(
        "outgoing.html",
        product=product,
        party=party,
        batches=desk.db.scalars(newest.limit(SHOWN)).all(),
        channels=channels().values(),
        public=page,
        badges=[(lang, snippet(page, base, product.name, lang)) for lang in ("vi", "en")],
        badge_size=(WIDTH, HEIGHT),
    )


@router.get("/products/{product_id}/dossier")
def dossier(
    desk: SignedIn, product_id: uuid.UUID, batch: str = "", language: str = "vi", kind: str = "pdf"
) -> Response:
    """The dossier of one or all batches, as PDF or ZIP."""
    product, _ = queries.find_product(desk.db, desk.person, product_id)
    if kind not in _TYPES or language not in ("vi", "en"):
        raise BadForm
    chosen = None if not batch else [_own_batch(desk, product, batch).id]
    lang: Lang = "en" if language == "en" else "vi"
    setting = setting_of(desk.db, desk.services, product, chosen, lang)
    write = write_pdf if kind == "pdf" else write_dossier
    return _download(file_name(setting, kind), lambda out: write(setting, out))


@router.get("/products/{product_id}/listing.zip")
def listing(desk: SignedIn, product_id: uuid.UUID, channel: str = "") -> Response:
    """The listing pack for a marketplace."""
    product, _ = queries.find_product(desk.db, desk.person, product_id)
    found = channels().get(channel)
    if found is None:
        raise BadForm
    name = f"dang-ban-{slug(product.name)}-{found.key}.zip"
    return _download(name, lambda out: write_listing(desk.db, desk.services, product, found, out))


@router.get("/organisations/{party_id}/exchange.zip")
def exchange(desk: SignedIn, party_id: uuid.UUID, system: str = "") -> Response:
    """The neutral facts of a producer, with the sheets for all systems or one."""
    party = queries.find_party(desk.db, desk.person, party_id)
    if party.kind not in PRODUCERS:
        raise NotFound
    if system and system not in SYSTEMS:
        raise BadForm
    asked: Sequence[str] = [system] if system else list(SYSTEMS)
    name = f"du-lieu-{slug(party.code)}-{desk.today:%Y%m%d}.zip"
    return _download(
        name, lambda out: write_exchange_pack(desk.db, desk.services, whole_party(desk.db, party), out, asked)
    )


@router.get("/products/{product_id}/english")
def english_page(desk: SignedIn, product_id: uuid.UUID) -> Response:
    """The producer's English texts, those that wait for an office among them."""
    product, party = queries.find_product(desk.db, desk.person, product_id)
    return _english(desk, product, party)


@router.post("/products/{product_id}/english")
def save_english(desk: SignedIn, product_id: uuid.UUID, form: Fields) -> Response:
    """Keep them as they were typed; an empty field takes the text away."""
    product, party = own_product(desk, product_id)
    fields = {name: form.text(name, most) for name, most in _ENGLISH.items()}
    packs = {p.code: {"name_en": form.text(f"pack_{p.id.hex}", 200)} for p in product.pack_forms}
    party.name_en = form.text("party_name_en", 200)
    try:
        waits = change_product(desk.db, product, fields, desk.party, desk.person.name, desk.now, packs)
    except (DecidedMeanwhile, IntegrityError):
        desk.db.rollback()
        return _english(desk, product, party, desk.words("approvals.collided"), form)
    product.search = search_key(product.name, product.name_en, product.code)
    return desk.go(f"/desk/products/{product_id}/out", "english_waits" if waits else "english")


def _english(
    desk: Desk, product: Product, party: Party, problem: str = "", sent: Posted | None = None
) -> Response:
    """`sent`: the form that could not be kept; it is shown as it was typed."""
    if sent is not None:
        texts: Mapping[str, object] = {name: sent.text(name, most) for name, most in _ENGLISH.items()}
        packs: dict[uuid.UUID, object] = {
            p.id: sent.text(f"pack_{p.id.hex}", 200) for p in product.pack_forms
        }
    else:
        texts = as_proposed(desk.db, product, _ENGLISH)
        packs = {p.id: form_as_proposed(desk.db, p, ["name_en"])["name_en"] for p in product.pack_forms}
    return desk.page(
        "english.html",
        409 if problem else 200,
        product=product,
        party=party,
        problem=problem,
        texts=texts,
        packs=packs,
        party_name_en=sent.text("party_name_en", 200) if sent is not None else party.name_en,
    )


def _own_batch(desk: Desk, product: Product, text: str) -> Batch:
    """A batch of that product by its id as text. Raises `NotFound`."""
    try:
        found = desk.db.get(Batch, uuid.UUID(text))
    except ValueError:
        found = None
    if found is None or found.product_id != product.id:
        raise NotFound
    return found


def _download(name: str, write: Callable[[BinaryIO], object]) -> Response:
    """A file made now and sent piece by piece. Its name is plain ASCII (`pack.slug`)."""
    file = spool()
    try:
        write(file)
    except BaseException:
        file.close()
        raise
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(read_through(file), media_type=_TYPES[name.rpartition(".")[2]], headers=headers)
