"""What a repository knows, as lists: event types, EPCs, steps, states and places, each with its events below it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from temthat_trace.epcis import vocabulary as cbv
from temthat_trace.epcis.context import Context
from temthat_trace.epcis.document import CONTEXT_URL
from temthat_trace.epcis.query.patterns import read_pattern
from temthat_trace.epcis.query.things import Place, has_thing, list_things
from temthat_trace.epcis.terms import word
from temthat_trace.epcis.values import has_value, list_values
from temthat_trace.gs1.identity import identity
from temthat_verify_api.epcis.access import Reader, reader_of
from temthat_verify_api.epcis.errors import not_found
from temthat_verify_api.epcis.headers import serve
from temthat_verify_api.epcis.pages import next_page, paging_of
from temthat_verify_api.epcis.queries import answer_events
from temthat_verify_api.epcis.refusals import refused
from temthat_verify_api.wiring import services_of


@dataclass(frozen=True, slots=True)
class Collection:
    """One list: its path, what a value is called in paths, the field it lists (none for EPCs), the parameter it stands
    for, a value's normal form."""

    path: str
    variable: str
    field: str
    parameter: str
    normal: Callable[[str], str]


def _word(vocabulary: cbv.Vocabulary) -> Callable[[str], str]:
    return lambda text: word(text, vocabulary, Context())


COLLECTIONS = (
    Collection("eventTypes", "eventType", "type", "eventType", str),
    Collection("epcs", "epc", "", "MATCH_anyEPC", identity),
    Collection("bizSteps", "bizStep", "bizStep", "EQ_bizStep", _word(cbv.BIZ_STEP)),
    Collection("bizLocations", "bizLocation", "bizLocation", "EQ_bizLocation", identity),
    Collection("readPoints", "readPoint", "readPoint", "EQ_readPoint", identity),
    Collection("dispositions", "disposition", "disposition", "EQ_disposition", _word(cbv.DISPOSITION)),
)


def add_to(app: FastAPI) -> None:
    """Mount the operations of each."""
    for collection in COLLECTIONS:
        _mount(app, collection)


def _mount(app: FastAPI, collection: Collection) -> None:
    async def members(request: Request) -> Response:
        reader = await reader_of(request)
        with refused():
            return await _list(request, reader, collection)

    async def below(request: Request) -> Response:
        await _require(request, collection)
        return JSONResponse(_collection(["events"]))

    async def events(request: Request) -> Response:
        value = request.path_params[collection.variable]
        with refused():
            if not collection.field:
                read_pattern(value, "epc")
        path = f"/{collection.path}/{quote(value, safe='')}/events"
        return await answer_events(request, path, address={collection.parameter: [value]})

    # A value may hold slashes, so the longer path goes first.
    one = f"/{collection.path}/{{{collection.variable}:path}}"
    serve(app, "GET", f"/{collection.path}", members, allow="GET")
    serve(app, "GET", f"{one}/events", events, allow="GET")
    serve(app, "GET", one, below, allow="GET")


async def _list(request: Request, reader: Reader, collection: Collection) -> Response:
    path = f"/{collection.path}"
    paging = paging_of(request, reader, path)
    listed, held = await run_in_threadpool(_members, request, reader, collection, paging.size, paging.held)
    headers = {} if held is None else next_page(request, reader, path, path, paging.size, held)
    return JSONResponse(_collection(listed), headers=headers)


def _members(
    request: Request, reader: Reader, collection: Collection, size: int, held: Any
) -> tuple[list[str], Any]:
    """A page of a list, and what the token of the next holds; None after the last."""
    with services_of(request).sessions() as session:
        if not collection.field:
            place = None if held is None else Place(*held)
            things, further = list_things(session, reader.parties, size, place)
            return things, None if further is None else [further.event, further.things]
        found = list_values(session, reader.parties, collection.field, after=held or "", limit=size + 1)
        page = found[:size]
        return [value.text for value in page], page[-1].value if len(found) > size else None


async def _require(request: Request, collection: Collection) -> None:
    """Raise `Refused` 404 for a value no event has."""
    reader = await reader_of(request)
    if not await run_in_threadpool(_is_known, request, reader, collection):
        raise not_found("Chưa có sự kiện nào mang giá trị này.", "There is no event with this value.")


def _is_known(request: Request, reader: Reader, collection: Collection) -> bool:
    value = collection.normal(request.path_params[collection.variable])
    with services_of(request).sessions() as session:
        if not collection.field:
            return has_thing(session, reader.parties, value)
        return has_value(session, reader.parties, collection.field, value)


def _collection(members: list[str]) -> dict[str, Any]:
    return {"@context": CONTEXT_URL, "type": "Collection", "member": members}
