"""Entering a PIN on the page of a stamp: POST to the page's own address, answered by the same page."""

import time
import uuid
from dataclasses import dataclass, replace
from urllib.parse import quote

from fastapi import FastAPI, Request, Response

from temthat_stamps.verdict import Asker
from temthat_trace.ids import uuid7
from temthat_verify_api.api.verify import source_of
from temthat_verify_api.bodies import read_form
from temthat_verify_api.desk.errors import FormExpired
from temthat_verify_api.desk.forms import check_same_origin
from temthat_verify_api.errors import Refused
from temthat_verify_api.facts import Answer
from temthat_verify_api.pages.consumer import ask_about, provinces_seen, question_of, story_of
from temthat_verify_api.pages.consumer_view import Viewing, chosen_province, stamp_page
from temthat_verify_api.pages.pin_card import PinCard, mistyped_card, result_card, waiting_card
from temthat_verify_api.pages.render import language
from temthat_verify_api.parts import Parts, parts_of
from temthat_verify_api.pins import enter
from temthat_verify_api.receipts import REFUSE, refuses
from temthat_verify_api.store import id_time
from temthat_verify_api.throttle import TooManyTries
from temthat_verify_api.typed_pin import MistypedPin

_DAY_MS = 24 * 3600 * 1000
"""How old a form may be to be known again when it is sent twice."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer as it is told after an entry, the card about it, and the minutes to wait if no try was left.

    No card for what is none of ours: its verdict says all.
    """

    answer: Answer
    card: PinCard | None
    wait: int = 0


def add_to(app: FastAPI) -> None:
    """Mount the routes."""
    for path in ("/T/{code}", "/t/{code}"):
        app.add_api_route(path, enter_pin, methods=["POST"], include_in_schema=False)


async def enter_pin(request: Request) -> Response:
    """The page again, with what became of the PIN. Raises `Refused`, `Mistyped`, `TooManyGuesses` as the page does."""
    parts = parts_of(request)
    begun = time.perf_counter()
    _check_own_page(request)
    form = await read_form(request)
    known = parts.receipts.read(request)
    answer = await ask_about(parts, request, question_of(request, parts.services.settings), known)
    fresh = known is None and answer.counts and not refuses(request)
    kept = parts.receipts.draw() if fresh else known
    outcome = await _try(parts, request, answer, form, kept)
    answer = outcome.answer
    viewing = Viewing("", False, await provinces_seen(parts, answer), outcome.card)
    response = stamp_page(request, answer, await story_of(parts, answer), viewing)
    if outcome.wait:
        response.status_code = 429
        response.headers["Retry-After"] = str(60 * outcome.wait)
    path = quote(request.url.path)
    if fresh and kept is not None:
        parts.receipts.give(response, kept, path)
    elif REFUSE in request.query_params:
        parts.receipts.take_back(response, path)
    parts.metrics.told("pin", answer.verdict.word, time.perf_counter() - begun)
    return response


async def _try(
    parts: Parts, request: Request, answer: Answer, form: dict[str, str], receipt: bytes | None
) -> Outcome:
    """Enter what was typed."""
    if not answer.counts or answer.header is None:
        return Outcome(answer, None)
    lang, province = language(request), chosen_province(request) or None
    entry = _entry_of(form.get("entry", ""), int(answer.at.timestamp() * 1000))
    stamp = answer.header.run, answer.header.serial
    hashed = parts.receipts.hashed(receipt, *stamp) if receipt is not None else None
    try:
        told = await enter(
            parts,
            answer,
            form.get("pin", ""),
            asker=Asker.CONSUMER,
            receipt=hashed,
            source=source_of(request),
            place=province,
            province=province,
            event_id=entry,
        )
    except MistypedPin:
        return Outcome(answer, mistyped_card(request, answer, lang))
    except TooManyTries as error:
        return Outcome(answer, waiting_card(request, error.minutes, lang), error.minutes)
    return Outcome(replace(answer, verdict=told.verdict), result_card(request, answer, told, lang))


def _entry_of(text: str, now_ms: int) -> uuid.UUID:
    """The form's own id, so that a form sent twice on a weak line is one entry; a new one for what is no such id."""
    try:
        entry = uuid.UUID(text[:40])
    except ValueError:
        return uuid7(now_ms)
    return entry if entry.version == 7 and abs(id_time(entry) - now_ms) < _DAY_MS else uuid7(now_ms)


def _check_own_page(request: Request) -> None:
    """Refuse what another site's page made the browser send."""
    try:
        check_same_origin(request)
    except FormExpired as error:
        raise Refused(
            403,
            "other_site",
            "Mã PIN phải được nhập ở trang của con tem. Mở lại trang của tem rồi nhập.",
            "A PIN is entered on the stamp's own page. Open that page again and enter it there.",
        ) from error
