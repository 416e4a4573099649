"""GET /p/{party}/{product}: a product presented without a stamp, with its papers and batches. No verdict here."""

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from temthat_trace.formats import today
from temthat_trace.products import ProductKind
from temthat_verify_api.errors import Refused
from temthat_verify_api.outgoing.gather import base_of
from temthat_verify_api.pages.consumer_view import calls_of, speaking
from temthat_verify_api.pages.jsonld import as_block, product_data
from temthat_verify_api.pages.render import LANGS, language, page, words
from temthat_verify_api.pages.story import Presented, load_presented
from temthat_verify_api.parts import parts_of
from temthat_verify_api.resolver.items import segment
from temthat_verify_api.resolver.records import LotShown, recent_lots

_LONGEST = 64


def add_to(app: FastAPI) -> None:
    """Mount the route."""
    app.add_api_route(
        "/p/{party_code}/{product_code}", product, methods=["GET", "HEAD"], include_in_schema=False
    )


async def product(request: Request) -> Response:
    """What the producer says of it, and the papers."""
    found = await run_in_threadpool(_load, request)
    if found is None:
        raise Refused(404, "not_found", "Không có sản phẩm này.", "There is no such product.")
    lang = language(request)
    shown, lots = found
    address = f"/p/{segment(shown.issuer.code)}/{segment(shown.product.code)}"
    base = base_of(parts_of(request).services)
    data = product_data(base + address, base, shown.product, shown.issuer, shown.papers, words(lang), lang)
    indexed = not shown.issuer.is_sample
    response = page(
        request,
        "product.html",
        sample=shown.issuer.is_sample,
        shown=shown,
        sellers=shown.sellers,
        data=as_block(data),
        indexed=indexed,
        name=(shown.product.name_en if lang == "en" else "") or shown.product.name,
        is_service=shown.product.kind == ProductKind.SERVICE,
        lots=[(f"{address}/{segment(x.lot)}?lang={lang}", x.lot, x.made_on, x.notice) for x in lots],
        calls=calls_of(request, lang, shown.issuer, shown.alliance),
        **speaking(lang),
    )
    response.headers["Link"] = in_languages(base + address)
    if indexed:
        response.headers["X-Robots-Tag"] = "all"
    return response


def in_languages(url: str) -> str:
    """The Link header of a page that is one address in two languages (RFC 8288; hreflang as search engines read it)."""
    others = [f'<{url}?lang={lang}>; rel="alternate"; hreflang="{lang}"' for lang in LANGS]
    return ", ".join([f'<{url}>; rel="canonical"', *others])


def _load(request: Request) -> tuple[Presented, list[LotShown]] | None:
    party_code, product_code = request.path_params["party_code"], request.path_params["product_code"]
    if max(len(party_code), len(product_code)) > _LONGEST or "\0" in party_code + product_code:
        return None
    services = parts_of(request).services
    with services.sessions() as session:
        shown = load_presented(session, party_code, product_code, today(services.now()))
        return (shown, recent_lots(session, party_code, product_code)) if shown else None
