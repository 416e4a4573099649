"""POST /capture and the jobs it makes."""

import datetime as dt
import json
import uuid
from typing import Any

from fastapi import FastAPI, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from temthat_trace.epcis.outcome import Behaviour
from temthat_trace.epcis.problems import EpcisError
from temthat_trace.epcis.tables import CaptureJob
from temthat_verify_api.bodies import read_body
from temthat_verify_api.epcis.access import Reader, capturer_of, reader_of
from temthat_verify_api.epcis.errors import EpcisRefused, not_found, of_document
from temthat_verify_api.epcis.headers import BASE, JSON, LD_JSON, serve
from temthat_verify_api.epcis.jobs import Captures, captures_of
from temthat_verify_api.wiring import services_of

PER_PAGE = 30
MOST_PER_PAGE = 100


def add_to(app: FastAPI) -> None:
    """Mount the operations."""
    captures: Captures = app.state.captures
    limits = {
        "GS1-EPCIS-Capture-Limit": str(captures.limits.events),
        "GS1-EPCIS-Capture-File-Size-Limit": str(captures.limits.size),
        "GS1-Capture-Error-Behaviour": "all",
    }
    serve(app, "POST", "/capture", post_capture)
    serve(app, "GET", "/capture", list_jobs, allow="POST, GET", more=limits)
    serve(app, "GET", "/capture/{capture_id}", get_job, allow="GET")


async def post_capture(request: Request) -> Response:
    """A document; 202 with the job, which is finished and durable by then."""
    party_id = await capturer_of(request)
    behaviour = behaviour_of(request)
    captures = captures_of(request)
    body = await document_body(request, captures)
    try:
        job, _ = await captures.run(party_id, body, behaviour, "capture")
    except EpcisError as error:
        raise of_document(error) from error
    headers = {"Location": f"{BASE}/capture/{job.id}", "GS1-Capture-Error-Behaviour": behaviour.value}
    return JSONResponse(job_json(job), 202, headers)


async def document_body(request: Request, captures: Captures) -> bytes:
    """The JSON text sent. Raises `Refused` 413, 415."""
    kind = request.headers.get("content-type", JSON).split(";")[0].strip().lower()
    if kind not in (JSON, LD_JSON):
        raise EpcisRefused(
            415,
            "UnsupportedMediaTypeException",
            f"Chỉ nhận JSON ({JSON} hoặc {LD_JSON}); EPCIS dạng XML không được nhận.",
            f"Only JSON is taken ({JSON} or {LD_JSON}); EPCIS in XML is not.",
        )
    return await read_body(request, captures.limits.size)


def behaviour_of(request: Request) -> Behaviour:
    """What one bad event means for the others: `GS1-Capture-Error-Behaviour`, rollback unless said."""
    said = request.headers.get("gs1-capture-error-behaviour", Behaviour.ROLLBACK.value)
    try:
        return Behaviour(said.strip().lower())
    except ValueError as error:
        raise EpcisRefused(
            400,
            "ValidationException",
            "GS1-Capture-Error-Behaviour phải là rollback hoặc proceed.",
            "GS1-Capture-Error-Behaviour must be rollback or proceed.",
        ) from error


async def list_jobs(request: Request) -> Response:
    """Jobs of whoever the key may read, the newest first, in pages."""
    reader = await reader_of(request)
    count, after = _page(request)
    jobs = await run_in_threadpool(_jobs, request, reader, count + 1, after)
    headers = {}
    if len(jobs) > count:
        jobs = jobs[:count]
        headers["Link"] = (
            f'<{BASE}/capture?perPage={count}&nextPageToken={jobs[-1]["captureID"]}>; rel="next"'
        )
    return JSONResponse(jobs, headers=headers)


def _page(request: Request) -> tuple[int, uuid.UUID | None]:
    asked = request.query_params
    count = asked.get("perPage", str(PER_PAGE))
    token = asked.get("nextPageToken")
    try:
        after = uuid.UUID(token) if token is not None else None
    except ValueError:
        raise _not_a_page() from None
    if not (count.isascii() and count.isdigit() and 0 < len(count) < 10 and int(count)):
        raise _not_a_page()
    return min(int(count), MOST_PER_PAGE), after


def _not_a_page() -> EpcisRefused:
    return EpcisRefused(
        400,
        "QueryParameterException",
        "perPage phải là số nguyên dương, nextPageToken phải lấy từ trang trước.",
        "perPage must be a whole number above 0, nextPageToken one of an earlier page.",
    )


def _jobs(request: Request, reader: Reader, count: int, after: uuid.UUID | None) -> list[dict[str, Any]]:
    with services_of(request).sessions() as session:
        return [job_json(job, with_events=False) for job in jobs_of(session, reader, count, after)]


def jobs_of(session: Session, reader: Reader, count: int, after: uuid.UUID | None) -> list[CaptureJob]:
    """So many jobs before the one named, or the newest."""
    query = select(CaptureJob).where(CaptureJob.party_id.in_(reader.parties))
    if after is not None:
        query = query.where(CaptureJob.id < after)
    return list(session.scalars(query.order_by(CaptureJob.id.desc()).limit(count)))


async def get_job(request: Request) -> Response:
    """One job."""
    reader = await reader_of(request)
    found = await run_in_threadpool(_job, request, reader)
    if found is None:
        raise not_found("Không có lượt ghi nào mang mã này.", "There is no capture job of this id.")
    return JSONResponse(found)


def _job(request: Request, reader: Reader) -> dict[str, Any] | None:
    try:
        job_id = uuid.UUID(request.path_params["capture_id"])
    except ValueError:
        return None
    with services_of(request).sessions() as session:
        job = session.get(CaptureJob, job_id)
        return job_json(job) if job is not None and job.party_id in reader.parties else None


def job_json(job: CaptureJob, *, with_events: bool = True) -> dict[str, Any]:
    """A job as the standard shows it; `counts`, `events` and `warnings` are ours."""
    outcome = json.loads(job.outcome)
    found: dict[str, Any] = {
        "captureID": str(job.id),
        "createdAt": _time(job.created_at),
        "running": job.running,
        "success": job.success,
        "captureErrorBehaviour": job.behaviour.value,
        "errors": _errors(outcome),
        "counts": {"accepted": job.accepted, "duplicate": job.duplicate, "rejected": job.rejected},
    }
    if job.finished_at is not None:
        found["finishedAt"] = _time(job.finished_at)
    for name in ("events", "not_listed", "warnings") if with_events else ():
        if name in outcome:
            found[name] = outcome[name]
    return found


def _time(at: dt.datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _errors(outcome: dict[str, Any]) -> list[dict[str, Any]]:
    """What failed, as RFC 7807 problems."""
    failed = [(p, 500, "ImplementationException") for p in outcome.get("errors", ())]
    failed += [
        (p, 400, "ValidationException")
        for event in outcome.get("events", ())
        if event["outcome"] == "rejected"
        for p in event.get("problems", ())
        if p["level"] == "error"
    ]
    return [
        {
            "type": f"epcisException:{exception}",
            "title": "An event was rejected" if status == 400 else "The job failed",
            "status": status,
            "detail": f"{p['pointer'] or '/'}: {p['message_en']}",
            "message_vi": f"{p['pointer'] or '/'}: {p['message_vi']}",
            "rule": p["rule"],
            "pointer": p["pointer"],
        }
        for p, status, exception in failed
    ]
