"""POST /api/v1/events, one report or many: what happened to stamps, told once or more often, perhaps late."""

import asyncio
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import pydantic_core
from fastapi import FastAPI, Request, Response

from temthat_verify_api.api.models import (
    EventAnswer,
    EventBatch,
    EventLine,
    EventReport,
    Outcome,
    Problem,
)
from temthat_verify_api.api.routing import add_raw
from temthat_verify_api.api.telling import Telling
from temthat_verify_api.bodies import parse_json, read_body
from temthat_verify_api.errors import Refused, as_refused, not_a_question
from temthat_verify_api.parts import Parts, parts_of

BATCH_BYTES = 1_000_000
BATCH_EVENTS = 1_000
_REPORT_BYTES = 16_000
_AT_ONCE = 100
"""Reports dealt with together: enough to share a commit, few enough not to keep others waiting."""

_LATER = frozenset({401, 403, 429})
"""Refusals that another key or a little time mend."""

_DESCRIPTION = (
    "`check` and `pin` by anybody; `sold`, `returned` and `spoiled` with the key of a till or packer, `applied` with a "
    "packer's. Idempotent by `id`. `at` may lie in the past; what cannot have happened is refused with the reason."
)


def add_to(app: FastAPI) -> None:
    """Mount the routes."""
    add_raw(
        app,
        "POST",
        "/api/v1/events",
        report_event,
        takes=EventReport,
        answers=EventAnswer,
        refuses=(400, 401, 403, 413, 422, 429, 503),
        summary="Report what happened to a stamp; idempotent by id, late arrival allowed",
        description=_DESCRIPTION,
        tags=["events"],
    )
    reports = {"type": "array", "items": {}, "maxItems": BATCH_EVENTS}
    add_raw(
        app,
        "POST",
        "/api/v1/events/batch",
        report_events,
        answers=EventBatch,
        refuses=(400, 413, 422, 503),
        summary="Report many events at once",
        description=(
            f"A JSON array of `EventReport`, or one a line (JSON Lines): at most {BATCH_EVENTS}, {BATCH_BYTES} bytes. "
            "Each has an answer of its own; one that is refused takes no other with it. After a broken connection or "
            "a 503 send all of it again."
        ),
        openapi_extra={
            "requestBody": {
                "required": False,
                "content": {
                    "application/json": {"schema": reports},
                    "application/x-ndjson": {"schema": {"type": "string"}},
                },
            }
        },
        tags=["events"],
    )


async def report_event(request: Request) -> Response:
    """One report."""
    parts = parts_of(request)
    begun = time.perf_counter()
    report = parse_json(EventReport, await read_body(request, parts.services.settings.body_limit))
    told = await Telling(parts, request).tell(report)
    parts.metrics.told("event", told.verdict, time.perf_counter() - begun)
    return Response(told.model_dump_json(), media_type="application/json")


async def report_events(request: Request) -> Response:
    """Many reports. Those on one stamp are told in their order, others side by side."""
    parts = parts_of(request)
    is_json = request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"
    bodies = _split(await read_body(request, BATCH_BYTES), is_json=is_json)
    if len(bodies) > BATCH_EVENTS:
        raise not_a_question(
            f"Nhiều nhất {BATCH_EVENTS} sự kiện mỗi lần.", f"At most {BATCH_EVENTS} events at once."
        )
    telling = Telling(parts, request)
    lines: list[EventLine] = []
    for start in range(0, len(bodies), _AT_ONCE):
        lines += await _tell_some(parts, telling, start, bodies[start : start + _AT_ONCE])
        await asyncio.sleep(0)
    batch = EventBatch(counts=Counter(line.outcome for line in lines), events=lines)
    return Response(batch.model_dump_json(exclude_none=False), media_type="application/json")


def _split(body: bytes, *, is_json: bool) -> list[bytes]:
    """Each report's own JSON; where the body is said to be JSON it is an array. Raises `Refused` if it is none."""
    body = body.strip()
    if not body.startswith(b"["):
        if is_json and body:
            raise not_a_question("Cần một mảng JSON các sự kiện.", "A JSON array of events is needed.")
        return [line for line in (raw.strip() for raw in body.split(b"\n")) if line]
    try:
        items = pydantic_core.from_json(body)
    except ValueError as error:
        raise not_a_question("Nội dung không phải JSON đúng.", "The body is not valid JSON.") from error
    return [pydantic_core.to_json(item, inf_nan_mode="constants") for item in items]


async def _tell_some(parts: Parts, telling: Telling, start: int, bodies: Sequence[bytes]) -> list[EventLine]:
    lines: dict[int, EventLine] = {}
    by_code: defaultdict[str, list[tuple[int, EventReport]]] = defaultdict(list)
    for index, body in enumerate(bodies, start):
        try:
            if len(body) > _REPORT_BYTES:
                raise not_a_question("Sự kiện quá dài.", "The report is too long.")
            report = parse_json(EventReport, body)
        except Refused as refused:
            lines[index] = _line(index, _id_of(body), refused)
        else:
            by_code[report.code].append((index, report))

    async def tell_in_order(reports: list[tuple[int, EventReport]]) -> None:
        for index, report in reports:
            lines[index] = await _tell(parts, telling, index, report)

    # Not one task fewer is awaited when another fails: what they write is known before the answer goes out.
    results = await asyncio.gather(*map(tell_in_order, by_code.values()), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [lines[index] for index in sorted(lines)]


async def _tell(parts: Parts, telling: Telling, index: int, report: EventReport) -> EventLine:
    """One report's line. What no other report can be blamed for (no database, a fault) rises."""
    begun = time.perf_counter()
    try:
        told = await telling.tell(report)
    except Exception as error:
        refused = as_refused(error)
        if refused is None or refused.status >= 500:
            raise
        return _line(index, report.id, refused)
    parts.metrics.told("batch", told.verdict, time.perf_counter() - begun)
    return EventLine(index=index, id=report.id, outcome=told.outcome, answer=told)


def _line(index: int, report_id: uuid.UUID | None, refused: Refused) -> EventLine:
    outcome = Outcome.LATER if refused.status in _LATER else Outcome.REFUSED
    return EventLine(
        index=index, id=report_id, outcome=outcome, problem=Problem.model_validate(refused.json())
    )


def _id_of(body: bytes) -> uuid.UUID | None:
    """The id of a report that is not as documented, if it has one."""
    try:
        found: Any = pydantic_core.from_json(body)
        return uuid.UUID(found["id"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
