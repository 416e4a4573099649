"""GLNs: organisations (417, 414) and growing areas (414) that have one, and the page they lead to."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from fastapi import FastAPI, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from temthat_stamps.texts import Lang
from temthat_trace import repository
from temthat_trace.approvals.rule import is_public
from temthat_trace.consent import shown
from temthat_trace.origin import PartyShown, party_shown
from temthat_trace.parties import PRODUCERS, Party, Plot
from temthat_trace.privacy.plots import shown_plot
from temthat_trace.products import Product
from temthat_verify_api.errors import Refused
from temthat_verify_api.outgoing.gather import base_of
from temthat_verify_api.pages import service
from temthat_verify_api.pages.consumer_view import calls_of, speaking
from temthat_verify_api.pages.render import language, page
from temthat_verify_api.parts import parts_of
from temthat_verify_api.resolver.addresses import sent_path
from temthat_verify_api.resolver.choosing import Level, Link
from temthat_verify_api.resolver.items import segment

PAGE = "/o/"
KEYS = ("414", "417")
LISTED = 100
_RELATION = "locationInfo"
_TITLES: dict[Lang, str] = {
    "vi": "{name}: ở đâu, làm ra những gì",
    "en": "{name}: where it is and what it makes",
}
_LANGS: tuple[Lang, Lang] = ("vi", "en")


@dataclass(frozen=True, slots=True)
class Place:
    """Whoever or whatever has a GLN: the organisation, and the growing area as far as that may be shown."""

    party: str
    name: str
    name_en: str
    plot: str = ""
    gln: str = ""


@dataclass(frozen=True, slots=True)
class Organisation:
    """What the page of an organisation tells: nothing that the pages of its products do not."""

    party: PartyShown
    alliance: PartyShown | None
    products: tuple[tuple[str, str, str], ...]
    """Address, name, English name."""


def add_to(app: FastAPI) -> None:
    """Mount the page."""
    app.add_api_route(
        PAGE + "{party_code:path}", organisation, methods=["GET", "HEAD"], include_in_schema=False
    )


def find_by_gln(session: Session, key: str, gln: str) -> tuple[Place, ...]:
    """The organisations with this GLN, and with key 414 the growing areas; the oldest record first."""
    producers = Party.kind.in_(PRODUCERS)
    parties = session.scalars(select(Party).where(Party.gln == gln, producers).order_by(Party.id))
    found = [Place(party.code, party.name, party.name_en) for party in parties]
    if key == "414":
        plots = select(Plot, Party).join(Party, Party.id == Plot.party_id)
        plots = plots.where(Plot.gln == gln, producers)
        for plot, party in session.execute(plots.order_by(Plot.id)):
            told = shown_plot(plot, shown(plot.member) if plot.member else None)
            found.append(Place(party.code, party.name, party.name_en, told.name or told.growing_area_code))
    return tuple(found)


def find_by_code(session: Session, code: str) -> tuple[Place, ...]:
    """The producer with this code, by which EPCIS events name it while it has no GLN; empty if there is none."""
    party = repository.party_by_code(session, code)
    if party is None or party.kind not in PRODUCERS:
        return ()
    return (Place(party.code, party.name, party.name_en, gln=party.gln or ""),)


def gs1_path(places: Sequence[Place]) -> str:
    """The Digital Link of the organisation, once it has a GLN; else empty."""
    return next((f"/417/{place.gln}" for place in places if place.gln), "")


def levels_of(places: Sequence[Place], path: str) -> tuple[Level, ...]:
    """The one level of a GLN: the page of whose it is, in two languages."""
    if not places:
        return ()
    links = tuple(link for place in places for link in _pages(place))
    firsts = {link.owner: link for link in reversed(links)}
    owners = list(dict.fromkeys(link.owner for link in links))
    defaults = tuple(
        Link("defaultLink", firsts[o].href.partition("?")[0], firsts[o].title, owner=o) for o in owners
    )
    names = (", ".join(filter(None, (place.plot, place.name))) for place in places)
    return (Level(path, "; ".join(names), defaults, _RELATION, links),)


def _pages(place: Place) -> tuple[Link, ...]:
    return tuple(
        Link(
            _RELATION,
            f"{PAGE}{segment(place.party)}?lang={lang}",
            _TITLES[lang].format(name=(place.name_en if lang == "en" else "") or place.name),
            lang,
            "text/html",
            place.party,
        )
        for lang in _LANGS
    )


async def organisation(request: Request) -> Response:
    """Who it is, where, whom to call, and what it makes."""
    code = unquote(sent_path(request.scope).removeprefix(PAGE).removesuffix("/"))
    found = await run_in_threadpool(_load, request, code)
    if found is None:
        raise Refused(404, "not_found", "Không có đơn vị này.", "There is no such organisation.")
    lang = language(request)
    response = page(
        request,
        "organisation.html",
        sample=found.party.is_sample,
        o=found,
        calls=calls_of(request, lang, found.party, found.alliance),
        **speaking(lang),
    )
    response.headers["Link"] = service.in_languages(
        base_of(parts_of(request).services) + PAGE + segment(found.party.code)
    )
    return response


def _load(request: Request, code: str) -> Organisation | None:
    with parts_of(request).services.sessions() as session:
        return load_organisation(session, code)


def load_organisation(session: Session, code: str) -> Organisation | None:
    """A producer by its code, with its products; None if there is none."""
    party = repository.party_by_code(session, code) if 0 < len(code) <= 64 and code.isprintable() else None
    if party is None or party.kind not in PRODUCERS:
        return None
    products = select(Product).where(Product.party_id == party.id, is_public()).order_by(Product.name)
    alliance = session.get(Party, party.alliance_id) if party.alliance_id else None
    return Organisation(
        party_shown(party),
        party_shown(alliance) if alliance else None,
        tuple(
            (f"/p/{segment(party.code)}/{segment(product.code)}", product.name, product.name_en)
            for product in session.scalars(products.limit(LISTED))
        ),
    )
