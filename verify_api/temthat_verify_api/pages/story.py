"""The story behind a stamp, loaded for a page: origin of the batch, pack form, whom to call."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from temthat_trace import repository
from temthat_trace.approvals.publicly import public_papers_of
from temthat_trace.approvals.rule import product_is_public
from temthat_trace.formats import quantity
from temthat_trace.origin import (
    Origin,
    PaperShown,
    PartyShown,
    ProductShown,
    SellerShown,
    origin_of,
    papers_shown,
    party_shown,
    product_shown,
    sellers_shown,
)
from temthat_trace.parties import Party
from temthat_trace.products import PackForm, Product
from temthat_verify_api.cache import RevisionCache
from temthat_verify_api.pages.way import Way, way_of
from temthat_verify_api.runfacts import find_run
from temthat_verify_api.wiring import Services

CACHED = 1_000
SECONDS = 2.0
"""A confirmation withdrawn is gone from the next page but one: long enough only to survive a flood of views."""


@dataclass(frozen=True, slots=True)
class Pack:
    """The pack form a stamp is on, to compare with the pack in the hand."""

    name: str
    content: dict[str, str]
    """By language; empty where the form does not state a net content."""
    parts: tuple[str, ...]
    """What a combo bundles or a case holds: 3 × Gói 100 g."""
    name_en: str = ""
    parts_en: tuple[str, ...] = ()
    """The same in English; empty unless every part has an English name."""


@dataclass(frozen=True, slots=True)
class Story:
    """What the page of a stamp tells besides the verdict."""

    origin: Origin
    pack: Pack
    sellers: tuple[SellerShown, ...]
    way: Way


@dataclass(frozen=True, slots=True)
class Presented:
    """A product presented without a stamp."""

    product: ProductShown
    issuer: PartyShown
    alliance: PartyShown | None
    papers: tuple[PaperShown, ...]
    sellers: tuple[SellerShown, ...]


def stories(services: Services) -> RevisionCache[Story | None]:
    """The stories of one application, by run."""

    def load(run: int, today: dt.date) -> Story | None:
        with services.sessions() as session:
            return load_story(session, run, today)

    return RevisionCache(load, CACHED, SECONDS)


def load_story(session: Session, number: int, today: dt.date) -> Story | None:
    """A run's story as of a day; None if there is no such run."""
    run = find_run(session, number)
    batch = repository.batch(session, run.batch_id) if run else None
    if run is None or batch is None:
        return None
    papers = public_papers_of(session, batch.product)
    origin = origin_of(batch, papers, alliance_of(session, batch.party), today)
    sellers = sellers_shown(repository.sellers_of(session, batch.product_id), today)
    return Story(origin, pack_of(run.pack_form), sellers, way_of(session, batch))


def load_presented(session: Session, party_code: str, product_code: str, today: dt.date) -> Presented | None:
    """A product by its party's code and its own; None if there is none."""
    party = repository.party_by_code(session, party_code)
    found = [p for p in repository.products_of(session, party.id) if p.code == product_code] if party else []
    if party is None or not found or not product_is_public(session, found[0].id):
        return None
    product: Product = found[0]
    alliance = alliance_of(session, party)
    return Presented(
        product_shown(product),
        party_shown(party),
        party_shown(alliance) if alliance else None,
        papers_shown(public_papers_of(session, product), product, today),
        sellers_shown(repository.sellers_of(session, product.id), today),
    )


_SMALLER = {"KGM": "GRM", "LTR": "MLT"}
"""UN/ECE Recommendation 20 codes: of a kilogram and a litre the thousandth part."""


def _as_packs_say(amount: Decimal | None, unit: str | None) -> tuple[Decimal | None, str | None]:
    """Below a kilogram or litre a pack says grams or millilitres; the page is compared with the pack in the hand."""
    if amount is not None and unit in _SMALLER and amount < 1:
        return amount * 1000, _SMALLER[unit]
    return amount, unit


def alliance_of(session: Session, party: Party) -> Party | None:
    """The alliance a party belongs to."""
    return session.get(Party, party.alliance_id) if party.alliance_id else None


def pack_of(form: PackForm) -> Pack:
    """A pack form in words."""
    amount, unit = _as_packs_say(form.net_content, form.net_unit)
    content = {lang: quantity(amount, unit, lang) for lang in ("vi", "en")} if amount and unit else {}
    held = [(line.quantity, line.part) for line in form.components]
    if form.inner is not None and form.holds:
        held.append((form.holds, form.inner))
    parts = tuple(f"{count} × {part.name}" for count, part in held)
    english = tuple(f"{count} × {part.name_en}" for count, part in held if part.name_en)
    return Pack(form.name, content, parts, form.name_en, english if len(english) == len(parts) else ())
