"""POST /api/v1/events: what happened to a stamp, told once or more often, perhaps late."""

import datetime as dt
import time
import uuid

from fastapi import FastAPI, Request, Response
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from temthat_stamps.copies.records import StampEvent, StampEventKind
from temthat_stamps.verdict import Asker, Word
from temthat_verify_api.answers import reasons_of
from temthat_verify_api.api.models import EventAnswer, EventReport, ReasonModel
from temthat_verify_api.api.routing import add_raw
from temthat_verify_api.api.verify import source_of
from temthat_verify_api.bodies import parse_json, read_body
from temthat_verify_api.errors import not_built
from temthat_verify_api.facts import Answer, Asking
from temthat_verify_api.parts import Parts, parts_of
from temthat_verify_api.places import coarse_place
from temthat_verify_api.questions import read_question
from temthat_verify_api.store import NewEvent

BUILT = frozenset({StampEventKind.CHECK, StampEventKind.SOLD})


def add_to(app: FastAPI) -> None:
    """Mount the route."""
    add_raw(
        app,
        "POST",
        "/api/v1/events",
        report_event,
        takes=EventReport,
        answers=EventAnswer,
        refuses=(400, 401, 403, 413, 422, 429, 501, 503),
        summary="Report a check or a sale; idempotent by id, late arrival allowed",
        description="`sold` needs the key of a till. `applied`, `spoiled` and `pin` are not built yet (501).",
        tags=["events"],
    )


async def report_event(request: Request) -> Response:
    """One event."""
    parts = parts_of(request)
    begun = time.perf_counter()
    report = parse_json(EventReport, await read_body(request, parts.services.settings.body_limit))
    kind = Asker.TILL if report.event is StampEventKind.SOLD else report.kind
    await parts.credentials.require(request, kind)
    if report.event not in BUILT:
        raise not_built(report.event.value)
    place, province = coarse_place(report.place)
    question = read_question(report.code)
    source = source_of(request) if question.number else ""
    answer = await parts.judging.ask(question, Asking(kind, source))
    told = await _record(parts, report, answer, kind, place, province)
    parts.metrics.told("event", told.verdict, time.perf_counter() - begun)
    return Response(told.model_dump_json(), media_type="application/json")


async def _record(
    parts: Parts, report: EventReport, answer: Answer, kind: Asker, place: str | None, province: str | None
) -> EventAnswer:
    """Write the event if its stamp is ours; one known already answers with the verdict it was given then."""
    at = _clamped(report.at, answer)
    told = EventAnswer(
        id=report.id,
        recorded=False,
        at=at,
        verdict=answer.verdict.word,
        reasons=[ReasonModel(**reason) for reason in reasons_of(answer.verdict)],
    )
    if not answer.counts or answer.header is None:
        return told
    run, serial = answer.header.run, answer.header.serial
    verdict = answer.verdict.word.value
    event = NewEvent(run, serial, report.id, at, report.event, kind, verdict, place, province)
    told.recorded = await parts.services.store.record(event)
    parts.metrics.wrote(report.event.value, told.recorded)
    if told.recorded:
        return told
    known = await run_in_threadpool(_known_event, parts, run, serial, report.id)
    if known is not None:
        # Its own first telling must not turn a sale into "sold before" when the answer got lost on the way.
        told.at, told.verdict, told.reasons = known[0], known[1], []
    return told


def _clamped(at: dt.datetime | None, answer: Answer) -> dt.datetime:
    """Never before the run existed, never in the future: a till's clock may be wrong."""
    latest = max(at, answer.run.registered_at) if at and answer.run else at or answer.at
    return min(latest, answer.at)


def _known_event(parts: Parts, run: int, serial: int, event_id: uuid.UUID) -> tuple[dt.datetime, Word] | None:
    with parts.services.sessions() as session:
        return find_event(session, run, serial, event_id)


def find_event(
    session: Session, run: int, serial: int, event_id: uuid.UUID
) -> tuple[dt.datetime, Word] | None:
    """When an event was recorded for, and with which verdict; None if there is none of that id."""
    event = session.get(StampEvent, (run, serial, event_id))
    return (event.at, Word(event.verdict)) if event else None
