"""The page a stamp opens: GET /T/{code}, the same address as JSON for programs, and the GS1 form's way to it."""

import re
import time
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request, Response
from starlette.responses import RedirectResponse

from temthat_stamps.number import looks_like_number
from temthat_verify_api.answers import answer_json
from temthat_verify_api.api.models import VerifyAnswer
from temthat_verify_api.api.routing import add_raw
from temthat_verify_api.api.verify import source_of
from temthat_verify_api.checks import is_a_view
from temthat_verify_api.errors import Refused
from temthat_verify_api.facts import Answer, Asking
from temthat_verify_api.pages.consumer_view import consumer_page
from temthat_verify_api.parts import Parts, parts_of
from temthat_verify_api.questions import Question, read_question
from temthat_verify_api.receipts import REFUSE, refuses
from temthat_verify_api.settings import Settings

PROVINCE_COOKIE = "tinh"
CLEAR = "g"
"""Query parameter with the clear part of a GS1 address, as it stood in the code: judged, not trusted."""

HOST = "host"
"""Query parameter with the host of a pasted address."""

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?")
_JSON_NAMES = ("application/json", "application/ld+json")
_LOCAL = re.compile(r"(?:localhost|127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|\[)")


def add_to(app: FastAPI) -> None:
    """Mount the routes."""
    for path in ("/T/{code}", "/t/{code}"):
        add_raw(
            app,
            "GET",
            path,
            stamp,
            answers=VerifyAnswer,
            refuses=(422, 429, 503),
            summary="A stamp's page, or its verdict as JSON (Accept: application/json); not counted as a check",
            include_in_schema=path.startswith("/T"),
            tags=["verdict"],
            openapi_extra={
                "parameters": [
                    {"name": "code", "in": "path", "required": True, "schema": {"type": "string"}},
                ]
            },
        )
        app.router.add_api_route(path, stamp, methods=["HEAD"], include_in_schema=False)
    app.add_api_route(
        "/01/{gtin}/10/{lot}/21/{number}", from_gs1, methods=["GET", "HEAD"], include_in_schema=False
    )


async def stamp(request: Request) -> Response:
    """The verdict on the code in the address."""
    question = question_of(request)
    if _wants_json(request):
        return await _as_json(request, question)
    return await show(request, question)


async def show(request: Request, question: Question) -> Response:
    """The page for a question; sets a receipt unless refused, and holds the picture that counts the view."""
    parts = parts_of(request)
    begun = time.perf_counter()
    receipt = parts.receipts.read(request)
    answer = await _ask(parts, request, question, receipt)
    response = await _page(parts, request, answer, receipt)
    parts.metrics.told("page", answer.verdict.word, time.perf_counter() - begun)
    return response


def question_of(request: Request) -> Question:
    """What the address asks: the code with the host it was opened under, or a printed number."""
    code = request.path_params["code"]
    query = request.query_params
    host = query.get(HOST) or request.headers.get("host", "")
    settings = parts_of(request).services.settings
    if _is_own(host, settings):
        host = settings.host
    if clear := query.get(CLEAR):
        return read_question(f"https://{host}{clear}?t={code}")
    if looks_like_number(code):
        return read_question(code)
    read = read_question(f"https://{host}/T/{code}")
    return read if read.settled is None else Question(code, settled=read.settled)


def _is_own(host: str, settings: Settings) -> bool:
    """Ours, or nothing to warn of: no host at all, or a demo looked at from the same house."""
    if not _HOST.fullmatch(host):
        return True
    return settings.mode == "demo" and bool(_LOCAL.match(host))


async def _as_json(request: Request, question: Question) -> Response:
    parts = parts_of(request)
    begun = time.perf_counter()
    answer = await _ask(parts, request, question, None)
    parts.metrics.told("api", answer.verdict.word, time.perf_counter() - begun)
    return Response(answer_json(answer), media_type="application/json", headers={"Vary": "Accept"})


async def _ask(parts: Parts, request: Request, question: Question, receipt: bytes | None) -> Answer:
    source = source_of(request) if question.number else ""
    hashed = None
    identity = question.number or (question.code.header if question.code else None)
    if receipt is not None and identity is not None:
        hashed = parts.receipts.hashed(receipt, identity.run, identity.serial)
    return await parts.judging.ask(question, Asking(source=source, receipt=hashed))


async def _page(parts: Parts, request: Request, answer: Answer, receipt: bytes | None) -> Response:
    """The page with its counting picture; only a stamp of ours, looked at by a person, has one."""
    view = ""
    counted = answer.counts and is_a_view(request)
    fresh = counted and receipt is None and not refuses(request)
    header = answer.header
    new_receipt = parts.receipts.draw() if fresh else receipt
    if counted and header is not None:
        hashed = parts.receipts.hashed(new_receipt, header.run, header.serial) if new_receipt else None
        view = parts.views.issue(answer, hashed, request.cookies.get(PROVINCE_COOKIE, ""))
    response = await consumer_page(parts, request, answer, view)
    path = quote(request.url.path)
    if fresh and new_receipt is not None:
        parts.receipts.give(response, new_receipt, path)
    elif REFUSE in request.query_params:
        parts.receipts.take_back(response, path)
    return response


async def from_gs1(request: Request) -> Response:
    """People go on to the stamp's page, with the clear part along; programs' questions belong to a resolver."""
    if "linkset" in request.headers.get("accept", "") or _wants_json(request):
        raise Refused(
            406,
            "no_resolver",
            "Địa chỉ này chỉ dành cho người xem; chương trình hãy dùng POST /api/v1/verify.",
            "This address is for people; programs please use POST /api/v1/verify.",
        )
    clear = request.scope.get("raw_path", b"").decode("ascii", "replace").partition("?")[0]
    query = request.scope["query_string"].decode("ascii", "replace")
    question = read_question(f"https://{parts_of(request).services.settings.host}{clear}?{query}")
    if question.code is None:
        return await show(request, question)
    keep = {CLEAR: clear} | {k: v for k, v in request.query_params.items() if k in ("lang", REFUSE)}
    return RedirectResponse(f"/T/{question.code.text}?{urlencode(keep)}", 307)


def _wants_json(request: Request) -> bool:
    """Whether JSON is asked for by name and a page is not."""
    accept = request.headers.get("accept", "")
    return any(name in accept for name in _JSON_NAMES) and "text/html" not in accept
