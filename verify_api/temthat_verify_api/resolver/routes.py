"""The resolver's addresses: GS1 Digital Links (/01/… or compressed), the same by codes (/x/…), its description.

A printed stamp of the GS1 form carries its signature in `t`: people go on to the stamp's page, as ever.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from temthat_trace.gs1 import Gs1Error, make_key
from temthat_verify_api.errors import Refused
from temthat_verify_api.pages.consumer import from_gs1
from temthat_verify_api.pages.render import LANGS, page
from temthat_verify_api.parts import parts_of
from temthat_verify_api.questions import read_question
from temthat_verify_api.resolver import locations, records
from temthat_verify_api.resolver.addresses import (
    Named,
    paths_of,
    read_codes,
    read_gs1,
    sent_path,
    sent_query,
    with_query,
)
from temthat_verify_api.resolver.choosing import LINKSET_WORDS, Level, Link, choose, read_link_type
from temthat_verify_api.resolver.items import Item, Paths, levels_of
from temthat_verify_api.resolver.linkset import (
    CONTEXT_PATH,
    LINKSET_JSON,
    context,
    description,
    link_header,
    linkset_of,
)
from temthat_verify_api.resolver.preferences import Preferences
from temthat_verify_api.wiring import services_of

INTERNAL = "/x/"
_METHODS = ("GET", "HEAD")
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Accept-Language",
    "Access-Control-Expose-Headers": "Link, Location",
    "Access-Control-Max-Age": "86400",
}
_VARY = {"Vary": "Accept, Accept-Language"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, read: where it points, what is known of that, whose it is by owner, and what it wishes for."""

    paths: Paths
    levels: Sequence[Level]
    producers: Mapping[str, str]
    preferences: Preferences
    link_type: str
    query: str
    base: str
    same_as: str = ""

    @property
    def path(self) -> str:
        """The canonical address of the finest thing asked about."""
        return self.paths.serial or self.paths.lot or self.paths.product

    @property
    def wants_linkset(self) -> bool:
        """Whether it asks for the list instead of one link of it."""
        return self.link_type in LINKSET_WORDS or (not self.link_type and self.preferences.wants_linkset)

    def headers(self) -> dict[str, str]:
        """What every answer about this carries."""
        header = link_header(self.path, self.base, self.same_as, with_context=self.wants_linkset)
        return {"Link": header} | _CORS | _VARY


def add_to(app: FastAPI) -> None:
    """Mount the routes."""
    # The whole path: a lot may hold an escaped "/", which only the address as it was sent still tells.
    handlers = (
        ("/01/{address:path}", by_gs1),
        *((f"/{key}/{{address:path}}", by_gs1) for key in locations.KEYS),
        (INTERNAL + "{address:path}", by_codes),
        ("/.well-known/gs1resolver", describe),
        (CONTEXT_PATH, give_context),
    )
    for path, handler in handlers:
        app.add_api_route(path, handler, methods=list(_METHODS), include_in_schema=False)
        app.add_api_route(path, preflight, methods=["OPTIONS"], include_in_schema=False)


def add_last_to(app: FastAPI) -> None:
    """Mount the route of compressed links, which is like any other name at the root and so has to come last."""
    path = "/{segment:compressed}"
    app.add_api_route(path, by_compressed, methods=list(_METHODS), include_in_schema=False)
    app.add_api_route(path, preflight, methods=["OPTIONS"], include_in_schema=False)


class _Compressed(Convertor[str]):
    """What a compressed link looks like: base64url, and a GTIN alone fills ten characters."""

    regex = "[A-Za-z0-9_-]{10,1000}/?"

    def convert(self, value: str) -> str:
        """As it is."""
        return value

    def to_string(self, value: str) -> str:
        """As it is."""
        return value


register_url_convertor("compressed", _Compressed())


async def preflight(_: Request) -> Response:
    """What may be asked here, and that anybody's page may ask."""
    return Response(status_code=204, headers={"Allow": "GET, HEAD, OPTIONS"} | _CORS)


async def describe(request: Request) -> Response:
    """The resolver description file."""
    settings = services_of(request).settings
    body = description(base_of(request), settings.operator_name, settings.hotline)
    return _json(body, "application/json")


async def give_context(_: Request) -> Response:
    """The JSON-LD context of linksets."""
    return _json(context(), "application/ld+json")


async def by_gs1(request: Request) -> Response:
    """A GS1 Digital Link. Raises `Refused`: 400 for what is none, 404 for what is not known or has no such link."""
    path, query = sent_path(request.scope), sent_query(request.scope)
    if stamp := await _of_stamp(request, path, query):
        return stamp
    try:
        named = read_gs1(path, query)
    except Gs1Error as error:
        raise _malformed(error) from error
    return await _resolve(request, named, query)


async def by_compressed(request: Request) -> Response:
    """A Digital Link whose whole path is compressed. What cannot be decompressed is an address that we do not have.

    It leads where the plain one leads and names it (`owl:sameAs`); it does not redirect to it (standard 1.2).
    """
    query = sent_query(request.scope)
    try:
        named = read_gs1(sent_path(request.scope), query)
    except Gs1Error:
        raise HTTPException(404) from None
    return await _resolve(request, named, query)


async def _resolve(request: Request, named: Named | None, query: str) -> Response:
    if named is None:
        raise _unknown()
    key = named.key
    if key.primary in locations.KEYS:
        places = await run_in_threadpool(_find_by_gln, request, key.primary, key.value)
        return _of_places(request, paths_of(key), places, query, named.plain)
    values = (key.value, key.get("10") or "", key.get("21") or "")
    items = await run_in_threadpool(_find_by_gtin, request, *values)
    return _answer(request, _of_items(request, paths_of(key), items, query, named.plain))


async def by_codes(request: Request) -> Response:
    """A producer, or a product of one, without a GS1 key or with one: by internal codes, for ever."""
    query = sent_query(request.scope)
    try:
        codes = read_codes(sent_path(request.scope), query, INTERNAL, least=1)
    except Gs1Error as error:
        raise _malformed(error) from error
    if not codes.product:
        places = await run_in_threadpool(_find_by_code, request, codes.party)
        return _of_places(request, codes.paths, places, query, locations.gs1_path(places))
    items = await run_in_threadpool(
        _find_by_codes, request, codes.party, codes.product, codes.lot, codes.serial
    )
    same_as = _gs1_path(items[0], codes.lot, codes.serial) if items else ""
    return _answer(request, _of_items(request, codes.paths, items, query, same_as))


async def _of_stamp(request: Request, path: str, query: str) -> Response | None:
    """The stamp's page, where a person opens a stamp; None where the question is one for the resolver."""
    preferences = _preferences(request)
    if "t" not in request.query_params or _link_type(request) or preferences.wants_linkset:
        return None
    stamp = read_question(f"https://{services_of(request).settings.host}{path}?{query}")
    if stamp.code is None and not preferences.wants_page:
        return None
    response = await from_gs1(request)
    response.headers.update(_CORS)
    try:
        named = read_gs1(path, query)
    except Gs1Error:
        return response
    if named is not None:
        paths = paths_of(named.key)
        finest = paths.serial or paths.lot or paths.product
        response.headers["Link"] = link_header(finest, base_of(request))
    return response


def _of_places(
    request: Request, paths: Paths, places: Sequence[locations.Place], query: str, same_as: str
) -> Response:
    names = {place.party: place.name for place in places}
    levels = locations.levels_of(places, paths.product)
    return _answer(request, _asked(request, paths, levels, names, query, same_as))


def _of_items(request: Request, paths: Paths, items: Sequence[Item], query: str, same_as: str = "") -> Asked:
    names = {item.owner: item.producer for item in items}
    return _asked(request, paths, levels_of(items, paths), names, query, same_as)


def _asked(
    request: Request,
    paths: Paths,
    levels: Sequence[Level],
    names: Mapping[str, str],
    query: str,
    same_as: str,
) -> Asked:
    if not levels:
        raise _unknown()
    wishes, base = _preferences(request), base_of(request)
    return Asked(paths, levels, names, wishes, _link_type(request), query, base, same_as)


def _answer(request: Request, asked: Asked) -> Response:
    """The linkset, the way to one link, the choice between several, or that there is none."""
    levels = asked.levels
    if asked.wants_linkset:
        return _json(linkset_of(levels, asked.base), LINKSET_JSON, headers=asked.headers())
    relation = read_link_type(asked.link_type) if asked.link_type else None
    if asked.link_type and relation is None:
        raise _no_such_link(asked)
    choice = choose(levels, asked.preferences, relation)
    if choice.one is not None:
        return RedirectResponse(with_query(choice.one.href, asked.query), 307, headers=asked.headers())
    if not choice.links:
        raise _no_such_link(asked)
    return _several(request, asked, choice.links)


def _several(request: Request, asked: Asked, links: Sequence[Link]) -> Response:
    """300: for a person a page with the choice, for a program the linkset."""
    if not asked.preferences.wants_page:
        return _json(linkset_of(asked.levels, asked.base), LINKSET_JSON, status=300, headers=asked.headers())
    choices = [
        (
            with_query(link.href, asked.query),
            link.title,
            link.language,
            link.media,
            asked.producers.get(link.owner, ""),
        )
        for link in links
    ]
    answer = page(request, "choices.html", status=300, choices=choices, disputed=len(asked.producers) > 1)
    answer.headers.update(asked.headers())
    return answer


def base_of(request: Request) -> str:
    """Scheme and host of the service, as printed on stamps."""
    settings = services_of(request).settings
    return f"{settings.scheme.lower()}://{settings.host}"


def _preferences(request: Request) -> Preferences:
    """The headers' wishes; a `lang` in the query is the language, whatever the browser says."""
    headers = request.headers
    chosen = request.query_params.get("lang")
    languages = chosen if chosen in LANGS else headers.get("accept-language", "")
    return Preferences.read(headers.get("accept", ""), languages)


def _link_type(request: Request) -> str:
    return request.query_params.get("linkType", "")


def _find_by_gtin(request: Request, gtin: str, lot: str, serial: str) -> tuple[Item, ...]:
    with parts_of(request).services.sessions() as session:
        return records.find_by_gtin(session, gtin, lot, serial)


def _find_by_codes(request: Request, party: str, product: str, lot: str, serial: str) -> tuple[Item, ...]:
    with parts_of(request).services.sessions() as session:
        return records.find_by_codes(session, party, product, lot, serial)


def _find_by_gln(request: Request, key: str, gln: str) -> tuple[locations.Place, ...]:
    with parts_of(request).services.sessions() as session:
        return locations.find_by_gln(session, key, gln)


def _find_by_code(request: Request, party: str) -> tuple[locations.Place, ...]:
    with parts_of(request).services.sessions() as session:
        return locations.find_by_code(session, party)


def _gs1_path(item: Item, lot: str, serial: str) -> str:
    """The Digital Link of the same thing, once the product has a GTIN and what is asked may stand in one."""
    elements = [(ai, value) for ai, value in (("01", item.gtin), ("10", lot), ("21", serial)) if value]
    try:
        return make_key(elements).path if item.gtin else ""
    except Gs1Error:
        return ""


def _json(
    body: object, media_type: str, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, (headers or _CORS), media_type)


def _malformed(error: Gs1Error) -> Refused:
    return Refused(400, "malformed_gs1", error.vi, error.en, headers=_CORS, rule=error.rule)


def _unknown() -> Refused:
    return Refused(
        404,
        "unknown_identifier",
        "Hệ thống chưa có sản phẩm nào mang mã này. Hãy so lại với mã in trên bao bì, hoặc hỏi đơn vị bán hàng.",
        "No product in this system has this identifier. Compare it with the code on the pack, or ask the seller.",
        headers=_CORS,
    )


def _no_such_link(asked: Asked) -> Refused:
    shown = asked.link_type[:60]
    return Refused(
        404,
        "no_such_link",
        f"Mã này không có liên kết loại “{shown}”. Xem mọi liên kết bằng cách thêm ?linkType=linkset.",
        f"There is no link of type “{shown}” for this identifier. Add ?linkType=linkset to see all that there are.",
        headers=asked.headers(),
    )
