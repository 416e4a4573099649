"""POST /events, one event at once; GET /events/{eventID}, that event and what was declared about it."""

from codecs import BOM_UTF8
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from temthat_trace.epcis import store
from temthat_trace.epcis.answering import query_document
from temthat_trace.epcis.outcome import Behaviour, Fate
from temthat_trace.epcis.problems import EpcisError
from temthat_verify_api.epcis.access import Reader, capturer_of, reader_of
from temthat_verify_api.epcis.capture import document_body
from temthat_verify_api.epcis.errors import invalid, not_found, of_document
from temthat_verify_api.epcis.headers import BASE, JSON, serve
from temthat_verify_api.epcis.jobs import captures_of
from temthat_verify_api.wiring import services_of

OUTCOME = "TemThat-Outcome"
"""`accepted` or `duplicate`."""


def add_to(app: FastAPI) -> None:
    """Mount the operations. `GET /events` and its OPTIONS stand with the queries."""
    serve(app, "POST", "/events", post_event)
    serve(app, "GET", "/events/{event_id:path}", get_event, allow="GET")


async def post_event(request: Request) -> Response:
    """One event: 201 with where it is now, also when it was there already; 400 and 409 say what keeps it out."""
    party_id = await capturer_of(request)
    captures = captures_of(request)
    body = await document_body(request, captures)
    try:
        job, captured = await captures.run(party_id, body, Behaviour.ROLLBACK, "events", alone=True)
    except EpcisError as error:
        raise of_document(error) from error
    [result] = captured.results
    if result.fate is Fate.REJECTED:
        if any(p.rule == "event_id_taken" for p in result.errors):
            raise invalid(result.errors, 409, "ResourceAlreadyExistsException")
        raise invalid(result.errors)
    headers = {
        "Location": f"{BASE}/events/{quote(result.event_id or '', safe='')}",
        "TemThat-Capture-Job": f"{BASE}/capture/{job.id}",
        OUTCOME: result.fate.value,
    }
    # As it came, without the mark that may stand before it: JSON is answered without one (RFC 8259, 8.1).
    return Response(body.removeprefix(BOM_UTF8), 201, headers, JSON)


async def get_event(request: Request) -> Response:
    """The event of an id, the declarations of error about it behind it, as they were captured."""
    reader = await reader_of(request)
    event_id = request.path_params["event_id"]
    query = request.scope["query_string"].decode("latin-1")
    if query.startswith("ver=CBV"):  # an id that is a hash, its question mark not escaped
        event_id = f"{event_id}?{query}"
    text = await run_in_threadpool(_document, request, reader, event_id)
    if text is None:
        raise not_found("Không có sự kiện nào mang eventID này.", "There is no event of this eventID.")
    return Response(text, media_type=JSON)


def _document(request: Request, reader: Reader, event_id: str) -> str | None:
    services = services_of(request)
    with services.sessions() as session:
        events = store.events_by_id(session, reader.parties, event_id)
        return query_document(events, services.now()) if events else None
