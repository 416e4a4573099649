"""The page a stamp opens: GET /T/{code}, the same address as JSON for programs, and the GS1 form's way to it."""

import re
import time
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from temthat_stamps.number import looks_like_number
from temthat_stamps.texts import TOLD_FROM
from temthat_stamps.verdict import Proof
from temthat_trace.formats import today as vietnam_day
from temthat_trace.places import current_province
from temthat_verify_api.answers import answer_json
from temthat_verify_api.api.models import VerifyAnswer
from temthat_verify_api.api.routing import add_raw
from temthat_verify_api.api.verify import source_of
from temthat_verify_api.bodies import read_form
from temthat_verify_api.checks import LIFE, is_a_view
from temthat_verify_api.facts import Answer, Asking
from temthat_verify_api.pages.consumer_view import (
    PROVINCE_COOKIE,
    Viewing,
    chosen_province,
    is_concern,
    stamp_page,
)
from temthat_verify_api.pages.earlier import provinces_of
from temthat_verify_api.pages.pin_card import asking_card
from temthat_verify_api.pages.render import HOST_NAME, language
from temthat_verify_api.pages.story import Story
from temthat_verify_api.parts import Parts, parts_of
from temthat_verify_api.questions import Question, read_question
from temthat_verify_api.receipts import REFUSE, refuses
from temthat_verify_api.settings import Settings

PROVINCE_SECONDS = 30 * 24 * 3600
CLEAR = "g"
"""Query parameter with the clear part of a GS1 address, as it stood in the code: judged, not trusted."""

HOST = "host"
"""Query parameter with the host of a pasted address."""

_CLEAR = re.compile(r"/01/[^?#]*")
"""A clear part that leaves the code in the address the only one there is."""

_STAMP_PATH = re.compile(r"/[Tt]/[0-9A-Za-z]{1,130}")
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
            also_page=True,
            summary="A stamp's page, or its verdict as JSON (Accept: application/json); not counted as a check",
            include_in_schema=path.startswith("/T"),
            tags=["verdict"],
            openapi_extra={
                "parameters": [
                    {"name": "code", "in": "path", "required": True, "schema": {"type": "string"}},
                ]
            },
        )
    for path in ("/T/{code}", "/t/{code}"):
        app.add_api_route(path, stamp, methods=["HEAD"], include_in_schema=False)
    app.add_api_route("/place", choose_place, methods=["POST"], include_in_schema=False)


async def stamp(request: Request) -> Response:
    """The verdict on the code in the address."""
    parts = parts_of(request)
    question = question_of(request, parts.services.settings)
    if _wants_json(request):
        return await _as_json(parts, request, question)
    return await show(request, question)


async def show(request: Request, question: Question) -> Response:
    """The page for a question; sets a receipt unless refused, and holds the picture that counts the view."""
    parts = parts_of(request)
    begun = time.perf_counter()
    receipt = parts.receipts.read(request)
    answer = await ask_about(parts, request, question, receipt)
    response = await _page(parts, request, answer, receipt)
    parts.metrics.told("page", answer.verdict.word, time.perf_counter() - begun)
    return response


def question_of(request: Request, settings: Settings) -> Question:
    """What the address asks: the code with the host it was opened under, or a printed number."""
    code: str = request.path_params["code"]
    host = request.headers.get("host", "")
    clear = None
    if request.scope["query_string"]:
        host = request.query_params.get(HOST) or host
        clear = request.query_params.get(CLEAR)
    if clear is None and (host == settings.host or _nothing_to_warn_of(host, settings)):
        return read_question(code)
    if clear is None and looks_like_number(code):
        return read_question(code)
    if clear is not None and not _CLEAR.fullmatch(clear):
        return Question(code, settled=Proof.NOT_OURS)
    if _nothing_to_warn_of(host, settings):
        host = settings.host
    read = read_question(f"https://{host}{clear}?t={code}" if clear else f"https://{host}/T/{code}")
    return read if read.settled is None else Question(code, settled=read.settled)


def _nothing_to_warn_of(host: str, settings: Settings) -> bool:
    """No host at all, or a demo looked at from the same house."""
    return not HOST_NAME.fullmatch(host) or (settings.mode == "demo" and bool(_LOCAL.match(host)))


async def _as_json(parts: Parts, request: Request, question: Question) -> Response:
    begun = time.perf_counter()
    answer = await ask_about(parts, request, question, None)
    parts.metrics.told("api", answer.verdict.word, time.perf_counter() - begun)
    return Response(answer_json(answer), media_type="application/json")


async def ask_about(parts: Parts, request: Request, question: Question, receipt: bytes | None) -> Answer:
    """The answer to the phone that sent this receipt, if it sent one."""
    hashed = None
    if receipt is not None and (identity := question.number or (question.code and question.code.header)):
        hashed = parts.receipts.hashed(receipt, identity.run, identity.serial)
    if question.number is None and hashed is None:
        return await parts.judging.ask(question)
    source = source_of(request) if question.number else ""
    return await parts.judging.ask(question, Asking(source=source, receipt=hashed))


async def _page(parts: Parts, request: Request, answer: Answer, receipt: bytes | None) -> Response:
    """The page with its counting picture; only a stamp of ours, looked at by a person, has one."""
    counted, refused = answer.counts and is_a_view(request), refuses(request)
    fresh = counted and receipt is None and not refused
    kept = parts.receipts.draw() if fresh else receipt
    view = ""
    if counted and answer.header is not None:
        run, serial = answer.header.run, answer.header.serial
        hashed = parts.receipts.hashed(kept, run, serial) if kept else None
        view = parts.views.issue(answer, hashed, chosen_province(request), fresh=fresh)
    pin = asking_card(request, answer, language(request))
    viewing = Viewing(view, kept is not None and not refused, await provinces_seen(parts, answer), pin)
    response = stamp_page(request, answer, await story_of(parts, answer), viewing)
    path = quote(request.url.path)
    if fresh and kept is not None:
        parts.receipts.give(response, kept, path)
        parts.receipts.try_out(response, kept, f"/T/seen/{view}", int(LIFE.total_seconds()))
    elif REFUSE in request.query_params:
        parts.receipts.take_back(response, path)
    return response


async def story_of(parts: Parts, answer: Answer) -> Story | None:
    """The story of a stamp of ours; what is forged must not borrow the looks of a real product."""
    if not answer.counts or answer.run is None or answer.history is None:
        return None
    return await parts.stories.get(answer.run.run, answer.history.revision, vietnam_day(answer.at))


async def provinces_seen(parts: Parts, answer: Answer) -> int:
    """In how many provinces the stamp was checked; asked only where the page tells it."""
    header, history = answer.header, answer.history
    if header is None or history is None or history.checks < TOLD_FROM or not is_concern(answer.verdict):
        return 0
    if "copy_places" in answer.verdict.keys:  # the verdict's own sentence says in how many places
        return 0

    def count() -> int:
        with parts.services.sessions() as session:
            return provinces_of(session, header.run, header.serial)

    return await run_in_threadpool(count)


async def choose_place(request: Request) -> Response:
    """Keep the province somebody chose, or forget it, and go back."""
    form = await read_form(request)
    back = form.get("back", "")
    response = RedirectResponse(back if _STAMP_PATH.fullmatch(back) else "/", 303)
    found = current_province(form.get("tinh", "")[:2])
    response.set_cookie(
        PROVINCE_COOKIE,
        found.code if found else "",
        max_age=PROVINCE_SECONDS if found else 0,
        secure=parts_of(request).services.settings.secure_cookies,
        httponly=True,
        samesite="lax",
        path="/T",
    )
    return response


async def from_gs1(request: Request) -> Response:
    """On to the stamp's page, with the clear part along. Mounted by the resolver, which knows what asks for a stamp."""
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
