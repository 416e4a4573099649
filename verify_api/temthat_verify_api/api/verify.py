"""POST /api/v1/verify and its bulk form: a question in, the verdict out, the check recorded before the answer goes."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

from fastapi import FastAPI, Request, Response
from starlette.responses import JSONResponse, StreamingResponse

from temthat_verify_api.answers import answer_json
from temthat_verify_api.api.models import Problem, VerifyAnswer, VerifyQuestion
from temthat_verify_api.api.routing import add_raw
from temthat_verify_api.bodies import parse_json, read_body
from temthat_verify_api.checks import check_of
from temthat_verify_api.errors import Refused, as_refused, not_a_question
from temthat_verify_api.facts import Answer, Asking
from temthat_verify_api.parts import Parts, parts_of
from temthat_verify_api.places import coarse_place
from temthat_verify_api.questions import read_question
from temthat_verify_api.throttle import coarse_source

BULK_BYTES = 4_000_000
BULK_LINES = 10_000
_LINE_BYTES = 16_000
_AT_ONCE = 32
"""Lines judged together: enough to share a commit, few enough not to keep others waiting."""


def add_to(app: FastAPI) -> None:
    """Mount the routes."""
    add_raw(
        app,
        "POST",
        "/api/v1/verify",
        verify,
        takes=VerifyQuestion,
        answers=VerifyAnswer,
        refuses=(400, 401, 403, 413, 422, 429, 503),
        summary="The verdict for one code; counts as a check",
        tags=["verdict"],
    )
    lines = {name: {"schema": {"type": "string"}} for name in ("application/x-ndjson", "text/plain")}
    add_raw(
        app,
        "POST",
        "/api/v1/verify/bulk",
        verify_bulk,
        refuses=(400, 413, 422),
        summary="Verdicts for many codes: JSON Lines in, JSON Lines out",
        description=(
            f"One `VerifyQuestion` a line, at most {BULK_LINES} lines and {BULK_BYTES} bytes. One line of answer for "
            "each line that is not blank, in the same order: a `VerifyAnswer`, or a `Problem` for a line that is not "
            "a question."
        ),
        openapi_extra={
            "requestBody": {"required": False, "content": lines},
            "responses": {
                "200": {
                    "description": "JSON Lines",
                    "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
                }
            },
        },
        tags=["verdict"],
    )


async def verify(request: Request) -> Response:
    """One question."""
    parts = parts_of(request)
    begun = time.perf_counter()
    body = await read_body(request, parts.services.settings.body_limit)
    answer = await answer_question(parts, request, parse_json(VerifyQuestion, body))
    parts.metrics.told("api", answer.verdict.word, time.perf_counter() - begun)
    return Response(answer_json(answer), media_type="application/json")


async def answer_question(parts: Parts, request: Request, asked: VerifyQuestion) -> Answer:
    """Judge and record. Raises whatever makes it not a question."""
    await parts.credentials.require(request, asked.kind)
    place, province = coarse_place(asked.place)
    question = read_question(asked.code)
    source = source_of(request) if question.number else ""
    answer = await parts.judging.ask(question, Asking(asked.kind, source))
    if answer.counts:
        recorded = await parts.services.store.record(check_of(answer, asked.kind, place, province))
        parts.metrics.wrote("check", recorded)
    return answer


def source_of(request: Request) -> str:
    """The neighbourhood a request comes from, for limits in memory; never kept."""
    return coarse_source(request.client.host if request.client else None)


async def verify_bulk(request: Request) -> Response:
    """Many questions. The body is read whole (it is limited) before the first answer goes out.

    Answering while the body still comes in would block for ever with a client that sends all before it reads.
    """
    body = await read_body(request, BULK_BYTES)
    if body.count(b"\n") > BULK_LINES:
        raise not_a_question(f"Nhiều nhất {BULK_LINES} dòng mỗi lần.", f"At most {BULK_LINES} lines at once.")
    return StreamingResponse(_answers(request, body), media_type="application/x-ndjson")


async def _answers(request: Request, body: bytes) -> AsyncIterator[bytes]:
    parts = parts_of(request)
    for group in _groups(body):
        lines = await asyncio.gather(*(_answer_line(parts, request, line) for line in group))
        yield b"".join(lines)
        await asyncio.sleep(0)


def _groups(body: bytes) -> Iterator[list[bytes]]:
    lines = [line for line in (raw.strip() for raw in body.split(b"\n")) if line]
    for start in range(0, len(lines), _AT_ONCE):
        yield lines[start : start + _AT_ONCE]


async def _answer_line(parts: Parts, request: Request, line: bytes) -> bytes:
    """One line's answer; a line that is not a question says so in its own place."""
    begun = time.perf_counter()
    if len(line) > _LINE_BYTES:
        return _problem(not_a_question("Dòng quá dài.", "The line is too long."))
    try:
        answer = await answer_question(parts, request, parse_json(VerifyQuestion, line))
    except Exception as error:
        refused = as_refused(error)
        if refused is None:
            raise
        return _problem(refused)
    parts.metrics.told("bulk", answer.verdict.word, time.perf_counter() - begun)
    return answer_json(answer) + b"\n"


def _problem(refused: Refused) -> bytes:
    problem = Problem.model_validate(refused.json())
    return bytes(JSONResponse(problem.model_dump(exclude_none=True)).body) + b"\n"
