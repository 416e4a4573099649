"""GET /events and what else asks for events: by type, EPC, step, place or state, and by named query."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request, Response
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from temthat_trace.epcis.answering import QUERY, query_document
from temthat_trace.epcis.query.errors import PageTokenError, QueryParameterError
from temthat_trace.epcis.query.query import Query, read_query, read_url
from temthat_trace.epcis.query.search import Page, Position, search
from temthat_trace.lineage.called import other_names
from temthat_verify_api.epcis.access import Reader, reader_of
from temthat_verify_api.epcis.errors import EpcisRefused
from temthat_verify_api.epcis.headers import JSON, serve
from temthat_verify_api.epcis.pages import CONTROLS, Paging, next_page, paging_of
from temthat_verify_api.epcis.refusals import refused
from temthat_verify_api.wiring import Services, services_of

LONGEST_URL = 32_000
_EVENTS = "events"


def add_to(app: FastAPI) -> None:
    """Mount the operations."""
    serve(app, "GET", "/events", get_events, allow="GET, POST")


async def get_events(request: Request) -> Response:
    """Events by the parameters of the URL."""
    return await answer_events(request, "/events")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question for events: its parameters as they came, and conditions the address itself sets."""

    parameters: dict[str, Any]
    address: dict[str, Any]

    def query(self) -> Query:
        """Both together. Raises QueryError."""
        query = read_query(self.parameters)
        for condition in read_query(self.address).conditions:
            query = query.also(condition)
        return query


async def answer_events(
    request: Request, path: str, *, address: dict[str, Any] | None = None, name: str = QUERY
) -> Response:
    """A page of events. `path`: where the next page is asked for; `address`: what the path says is asked for.

    Raises `Refused`.
    """
    reader = await reader_of(request)
    with refused():
        asked = Asked(parameters_of(request), address or {})
        paging = paging_of(request, reader, f"{_EVENTS}{path}")
        if paging.held is not None:
            asked = _continued(asked, paging)
    return await page_of(request, reader, path, asked, paging, name)


async def page_of(
    request: Request, reader: Reader, path: str, asked: Asked, paging: Paging, name: str
) -> Response:
    """The page, as an EPCISQueryDocument, with the way to the next."""
    position = None if paging.held is None else Position.from_json(paging.held[2])
    with refused():
        query = asked.query()
        text, page = await run_in_threadpool(_search, request, reader, query, paging.size, position, name)
    headers = {}
    if page.next is not None:
        held = [asked.parameters, asked.address, page.next.to_json()]
        headers = next_page(request, reader, f"{_EVENTS}{path}", path, paging.size, held)
    return Response(text, media_type=JSON, headers=headers)


def _continued(asked: Asked, paging: Paging) -> Asked:
    """The question a token holds; one that stands beside it must be the same."""
    parameters, address, _ = paging.held or ({}, {}, None)
    if asked.parameters and asked.parameters != parameters:
        raise PageTokenError(
            "không đi cùng một câu hỏi khác; hãy bỏ các tham số khác hoặc hỏi lại từ trang đầu",
            "does not go with another query; leave the other parameters off, or ask again from the first page",
            "nextPageToken",
        )
    return Asked(parameters, address)


def _search(
    request: Request, reader: Reader, query: Query, size: int, position: Position | None, name: str
) -> tuple[str, Page]:
    services = services_of(request)
    with services.sessions() as session:
        query = by_every_name(session, services, query)
        page = search(session, reader.parties, query, size, position)
        return query_document(page.events, services.now(), query=name), page


def by_every_name(session: Session, services: Services, query: Query) -> Query:
    """The query, which finds a batch recorded here by its GTIN and by our address of it, however it was told of."""
    return query.called(other_names(session, sorted(services.settings.hosts), query.named))


def parameters_of(request: Request) -> dict[str, Any]:
    """The query in the URL, as its JSON document. Raises QueryError, `Refused` 414."""
    text = request.scope["query_string"]
    if len(text) > LONGEST_URL:
        raise EpcisRefused(
            414,
            "URITooLongException",
            "Địa chỉ quá dài. Hãy đặt câu hỏi có tên bằng POST /epcis/v2/queries.",
            "The address is too long. Name the query by POST /epcis/v2/queries.",
        )
    try:
        pairs = parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=2_000)
    except (UnicodeDecodeError, ValueError) as error:
        raise QueryParameterError(
            "Địa chỉ có ký tự không đọc được; hãy mã hóa bằng UTF-8 và %.",
            "The address has characters that cannot be read; encode them as UTF-8 with %.",
        ) from error
    asked = [(name, value) for name, value in pairs if name not in CONTROLS]
    return read_url(asked, prefixes_of(request)).source if asked else {}


def prefixes_of(request: Request) -> dict[str, str]:
    """What compact names mean, from `GS1-Extensions: ex=https://…, other=https://…`. Raises QueryError."""
    found: dict[str, str] = {}
    for part in _parts(request.headers.getlist("gs1-extensions")):
        prefix, is_given, space = (piece.strip() for piece in part.partition("="))
        if not is_given or not prefix.isidentifier() or ":" not in space:
            raise QueryParameterError(
                f"“{part[:60]}” không đúng dạng tiền-tố=https://…",
                f"“{part[:60]}” is not of the form prefix=https://…",
                "GS1-Extensions",
            )
        found[prefix] = space
    return found


def _parts(headers: Sequence[str]) -> list[str]:
    return [part.strip() for header in headers for part in header.split(",") if part.strip()]
