"""Named queries: kept by an organisation, asked with its keys, subscribed to."""

import json
import uuid
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from temthat_trace.epcis.answering import QUERY
from temthat_trace.epcis.document import parse_json
from temthat_trace.epcis.problems import EpcisError
from temthat_trace.epcis.query.errors import QueryValidationError
from temthat_trace.epcis.query.query import read_query
from temthat_verify_api.bodies import read_body
from temthat_verify_api.epcis.access import Reader, reader_of
from temthat_verify_api.epcis.errors import EpcisRefused, not_found
from temthat_verify_api.epcis.headers import BASE, JSON, LD_JSON, serve
from temthat_verify_api.epcis.pages import CONTROLS, next_page, paging_of
from temthat_verify_api.epcis.queries import Asked, page_of, prefixes_of
from temthat_verify_api.epcis.refusals import refused
from temthat_verify_api.epcis.tables import NamedQuery, Subscription
from temthat_verify_api.wiring import services_of

LONGEST_NAME = 100
MOST_QUERIES = 1_000
"""Named queries of one organisation."""
_KIND = "queries"
_SUBSCRIBING = frozenset(
    {"second", "minute", "hour", "dayOfMonth", "month", "dayOfWeek", "reportIfEmpty", "stream", "initialRecordTime"}
)  # fmt: skip


def add_to(app: FastAPI) -> None:
    """Mount the operations."""
    serve(app, "POST", "/queries", post_query)
    serve(app, "GET", "/queries", list_queries, allow="GET, POST")
    serve(app, "GET", "/queries/{queryName}/events", get_events, allow="GET")
    serve(app, "GET", "/queries/{queryName}", get_query, allow="GET, DELETE")
    serve(app, "DELETE", "/queries/{queryName}", delete_query)


async def body_of(request: Request) -> Any:
    """The JSON sent. Raises `Refused` 400, 413, 415."""
    kind = request.headers.get("content-type", JSON).split(";")[0].strip().lower()
    if kind not in (JSON, LD_JSON):
        raise EpcisRefused(
            415,
            "UnsupportedMediaTypeException",
            f"Chỉ nhận JSON ({JSON} hoặc {LD_JSON}).",
            f"Only JSON is taken ({JSON} or {LD_JSON}).",
        )
    body = await read_body(request, services_of(request).settings.body_limit)
    try:
        return parse_json(body)
    except EpcisError as error:
        raise EpcisRefused(400, "ValidationException", error.vi, str(error)) from error


async def post_query(request: Request) -> Response:
    """Keep a query under a name: 201 with its address; 409 when the name is taken."""
    reader = await reader_of(request)
    body = await body_of(request)
    with refused():
        name, definition = _read(body, prefixes_of(request))
    await run_in_threadpool(_add, request, reader, name, definition)
    return Response(status_code=201, headers={"Location": f"{BASE}/queries/{quote(name, safe='')}"})


def _read(body: Any, prefixes: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """The name and the query of a definition; it keeps what its compact names mean. Raises QueryError."""
    if not isinstance(body, dict) or set(body) - {"@context"} != {"name", "query"}:
        raise QueryValidationError(
            'Hãy gửi {"name": "…", "query": {…}}, không có mục khác.',
            'Send {"name": "…", "query": {…}} and no other member.',
        )
    name, definition = body["name"], body["query"]
    if (
        not isinstance(name, str)
        or not 0 < len(name) <= LONGEST_NAME
        or "/" in name
        or not name.isprintable()
    ):
        raise QueryValidationError(
            f"name phải là chuỗi từ 1 đến {LONGEST_NAME} ký tự, không có “/”.",
            f"name must be a text of 1 to {LONGEST_NAME} characters without “/”.",
        )
    context = body.get("@context", prefixes or None)
    if isinstance(definition, dict) and context is not None and "@context" not in definition:
        definition = {"@context": context, **definition}
    read_query(definition)
    return name, definition


def _add(request: Request, reader: Reader, name: str, definition: dict[str, Any]) -> None:
    services = services_of(request)
    with services.sessions() as session:
        count = session.scalar(
            select(func.count()).select_from(NamedQuery).where(NamedQuery.party_id == reader.party_id)
        )
        if (count or 0) >= MOST_QUERIES:
            raise EpcisRefused(
                413,
                "QueryTooLargeException",
                f"Đã có {MOST_QUERIES} câu hỏi có tên; hãy xóa bớt.",
                f"There are {MOST_QUERIES} named queries already; delete some.",
            )
        if name == QUERY or find(session, reader, name) is not None:
            raise _taken(name)
        session.add(
            NamedQuery(
                party_id=reader.party_id,
                name=name,
                definition=json.dumps(definition, ensure_ascii=False),
                created_at=services.now(),
            )
        )
        try:
            session.commit()
        except IntegrityError as error:
            raise _taken(name) from error


def _taken(name: str) -> EpcisRefused:
    return EpcisRefused(
        409,
        "ResourceAlreadyExistsException",
        f"Đã có câu hỏi tên “{name}”. Hãy chọn tên khác, hoặc xóa câu hỏi cũ.",
        f"There is a query named “{name}” already. Choose another name, or delete the older one.",
    )


def find(session: Session, reader: Reader, name: str) -> NamedQuery | None:
    """The query an organisation keeps under a name."""
    return session.scalars(
        select(NamedQuery).where(NamedQuery.party_id == reader.party_id, NamedQuery.name == name)
    ).one_or_none()


def require(session: Session, reader: Reader, name: str) -> NamedQuery:
    """The same; raises `Refused` 404."""
    found = find(session, reader, name)
    if found is None:
        raise not_found(f"Không có câu hỏi tên “{name[:60]}”.", f"There is no query named “{name[:60]}”.")
    return found


async def list_queries(request: Request) -> Response:
    """The organisation's queries, by name."""
    reader = await reader_of(request)
    with refused():
        paging = paging_of(request, reader, _KIND)
    found = await run_in_threadpool(_list, request, reader, paging.size + 1, paging.held or "")
    headers = {}
    if len(found) > paging.size:
        found = found[: paging.size]
        headers = next_page(request, reader, _KIND, "/queries", paging.size, found[-1]["name"])
    return JSONResponse(found, headers=headers)


def _list(request: Request, reader: Reader, count: int, after: str) -> list[dict[str, Any]]:
    query = (
        select(NamedQuery)
        .where(NamedQuery.party_id == reader.party_id, NamedQuery.name > after)
        .order_by(NamedQuery.name)
        .limit(count)
    )
    with services_of(request).sessions() as session:
        return [_json(found) for found in session.scalars(query)]


def _json(query: NamedQuery) -> dict[str, Any]:
    return {"name": query.name, "query": json.loads(query.definition)}


async def get_query(request: Request) -> Response:
    """A query's definition."""
    reader = await reader_of(request)
    return JSONResponse(await run_in_threadpool(_definition, request, reader))


def _definition(request: Request, reader: Reader) -> dict[str, Any]:
    with services_of(request).sessions() as session:
        return _json(require(session, reader, request.path_params["queryName"]))


async def get_events(request: Request) -> Response:
    """What a named query finds now. Subscribing by WebSocket is not served; webhooks are."""
    reader = await reader_of(request)
    named = await run_in_threadpool(_definition, request, reader)
    given = set(request.query_params) - set(CONTROLS)
    if given:
        raise _no_parameters(given)
    path = f"/queries/{quote(named['name'], safe='')}/events"
    with refused():
        paging = paging_of(request, reader, f"events{path}")
    parameters = named["query"] if paging.held is None else paging.held[0]
    return await page_of(request, reader, path, Asked(parameters, {}), paging, named["name"])


def _no_parameters(given: set[str]) -> EpcisRefused:
    if given & _SUBSCRIBING:
        return EpcisRefused(
            400,
            "SubscriptionControlsException",
            "Không đăng ký nhận qua WebSocket được; hãy dùng webhook: POST …/subscriptions.",
            "WebSocket subscriptions are not served; use a webhook: POST …/subscriptions.",
        )
    return EpcisRefused(
        400,
        "QueryParameterException",
        f"Câu hỏi có tên không nhận thêm tham số: {', '.join(sorted(given))[:80]}.",
        f"A named query takes no further parameters: {', '.join(sorted(given))[:80]}.",
    )


async def delete_query(request: Request) -> Response:
    """Remove a query and every subscription to it."""
    reader = await reader_of(request)
    await run_in_threadpool(_delete, request, reader)
    return Response(status_code=204)


def _delete(request: Request, reader: Reader) -> None:
    with services_of(request).sessions() as session:
        query_id: uuid.UUID = require(session, reader, request.path_params["queryName"]).id
        session.execute(delete(Subscription).where(Subscription.query_id == query_id))
        session.execute(delete(NamedQuery).where(NamedQuery.id == query_id))
        session.commit()
