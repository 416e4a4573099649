"""The page of a batch, and products and batches as data: what the resolver's links lead to."""

import dataclasses
import json
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from temthat_stamps.notice import Notice
from temthat_stamps.texts import notice_reason
from temthat_trace.formats import today
from temthat_trace.gs1 import Gs1Error
from temthat_trace.origin import ProductShown
from temthat_verify_api.errors import Refused
from temthat_verify_api.outgoing.gather import base_of, page_of
from temthat_verify_api.pages import service
from temthat_verify_api.pages.consumer_view import calls_of, speaking
from temthat_verify_api.pages.jsonld import as_block, batch_data, product_data
from temthat_verify_api.pages.render import language, page, words
from temthat_verify_api.pages.story import load_presented
from temthat_verify_api.parts import parts_of
from temthat_verify_api.resolver.addresses import Codes, read_codes, sent_path
from temthat_verify_api.resolver.items import segment
from temthat_verify_api.resolver.records import BatchFile, load_batch, recent_lots
from temthat_verify_api.resolver.told import LAST, MEDIA_TYPE, public_document

_DATA = "/api/v1/products/"
_PAGES = "/p/"


def add_to(app: FastAPI) -> None:
    """Mount the routes."""
    page_path, data_path = "/p/{party_code}/{product_code}/{lot:path}", "/api/v1/products/{address:path}"
    app.add_api_route(page_path, batch_page, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route(data_path, data, methods=["GET", "HEAD"], include_in_schema=False)


async def batch_page(request: Request) -> Response:
    """What is told of a batch. A product whose code holds an escaped "/" also ends up here, and gets its own page."""
    codes = _codes(request, _PAGES)
    if not codes.lot:
        request.path_params.update(party_code=codes.party, product_code=codes.product)
        return await service.product(request)
    file = await run_in_threadpool(_load_batch, request, codes)
    if file is None:
        raise _no_such_batch()
    lang, origin = language(request), file.origin
    base = base_of(parts_of(request).services)
    url = page_of(base, codes.party, codes.product, codes.lot)
    data = product_data(url, base, origin.product, origin.issuer, origin.papers, words(lang), lang)
    response = page(
        request,
        "batch.html",
        sample=origin.issuer.is_sample,
        o=origin,
        # What is recalled or held is not offered to anybody.
        sellers=() if file.notices else file.sellers,
        data=None if file.notices else as_block(batch_data(data, origin.lot, origin.made_on)),
        name=(origin.product.name_en if lang == "en" else "") or origin.product.name,
        notices=[_told(notice, request) for notice in file.notices],
        product_url=f"{_PAGES}{segment(codes.party)}/{segment(codes.product)}?lang={lang}",
        calls=calls_of(request, lang, origin.issuer, origin.alliance),
        **speaking(lang),
    )
    response.headers["Link"] = service.in_languages(url)
    return response


async def data(request: Request) -> Response:
    """A product with its batches, or a batch with its origin, as JSON: what the pages say, no more.

    Behind a batch, `/epcis` is the same as an EPCIS document.
    """
    codes = _codes(request, _DATA, more=LAST)
    if codes.serial:
        return await _epcis(request, codes)
    body = await run_in_threadpool(_batch_data if codes.lot else _product_data, request, codes)
    if body is None:
        raise _no_such_batch() if codes.lot else _no_such_product()
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=str)
    return Response(text, media_type="application/json", headers={"Access-Control-Allow-Origin": "*"})


async def _epcis(request: Request, codes: Codes) -> Response:
    found = await run_in_threadpool(_public_document, request, codes)
    if found is None:
        raise _no_such_batch()
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    return Response(text, media_type=MEDIA_TYPE, headers={"Access-Control-Allow-Origin": "*"})


def _public_document(request: Request, codes: Codes) -> dict[str, Any] | None:
    services = parts_of(request).services
    with services.sessions() as session:
        return public_document(session, codes, base_of(services), services.now())


def _codes(request: Request, below: str, more: str = "") -> Codes:
    """The codes in the address, behind which only `more` may stand. Raises `Refused` (404) for what cannot be any."""
    try:
        codes = read_codes(sent_path(request.scope), "", below)
    except Gs1Error:
        raise _no_such_product() from None
    if codes.serial not in ("", more):
        raise _no_such_batch()
    return codes


def _told(notice: Notice, request: Request) -> str:
    """A notice in a sentence."""
    lang = language(request)
    said = words(lang)
    sentence = said.get(f"batch_{notice.kind.value}", said["batch_hold"])
    day = speaking(lang)["day"](today(notice.at))
    return sentence.format(day=day, reason=notice_reason(notice.reason, lang))


def _load_batch(request: Request, codes: Codes) -> BatchFile | None:
    services = parts_of(request).services
    with services.sessions() as session:
        return load_batch(session, codes.party, codes.product, codes.lot, today(services.now()))


def _batch_data(request: Request, codes: Codes) -> dict[str, Any] | None:
    file = _load_batch(request, codes)
    if file is None:
        return None
    notices = [
        {"kind": n.kind.value, "reason": n.reason, "on": today(n.at).isoformat()} for n in file.notices
    ]
    return _plain(file.origin) | {
        "sellers": [] if notices else [dataclasses.asdict(seller) for seller in file.sellers],
        "recalled": any(n["kind"] == "recall" for n in notices),
        "notices": notices,
    }


def _product_data(request: Request, codes: Codes) -> dict[str, Any] | None:
    services = parts_of(request).services
    with services.sessions() as session:
        shown = load_presented(session, codes.party, codes.product, today(services.now()))
        if shown is None:
            return None
        lots = recent_lots(session, codes.party, codes.product)
    return _plain(shown) | {
        "batches": [
            {"lot": lot.lot, "made_on": lot.made_on.isoformat(), "notice": lot.notice} for lot in lots
        ]
    }


def _plain(shown: Any) -> dict[str, Any]:
    """A frozen value of `temthat_trace.origin` as JSON takes it; pictures by their address."""
    body: dict[str, Any] = dataclasses.asdict(shown)
    product: ProductShown = shown.product
    body["product"]["picture"] = f"/picture/{product.picture}" if product.picture else None
    return body


def _no_such_product() -> Refused:
    return Refused(404, "not_found", "Không có sản phẩm này.", "There is no such product.")


def _no_such_batch() -> Refused:
    return Refused(
        404,
        "not_found",
        "Sản phẩm này không có lô đó. Hãy so lại số lô in trên bao bì.",
        "This product has no such batch. Compare the lot number printed on the pack.",
    )
