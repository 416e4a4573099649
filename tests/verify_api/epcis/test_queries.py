"""GET /epcis/v2/events and its kin: what is found, page by page, for whom, and how refusals say why."""

import datetime as dt
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx
import jsonschema
import pytest
from sqlalchemy import select

from temthat_trace.batches import Batch
from temthat_trace.gs1.identity import identity
from temthat_trace.products import Product
from temthat_verify_api.accounts import KeyRole

from ...trace.epcis.conformance import EXAMPLES, FOLDER, needs_data
from ..conftest import GTIN, World
from .conftest import BASE, CONTEXT, a_document, an_event, captured, key_of

pytestmark = pytest.mark.anyio

EX = "https://ns.example.com/epcis/"


class Caller:
    """A client with a key."""

    def __init__(self, client: httpx.AsyncClient, key: dict[str, str]) -> None:
        self.client, self.key = client, key

    async def get(self, path: str, **more: Any) -> httpx.Response:
        """GET below the interface, or a whole address."""
        headers = self.key | more.pop("headers", {})
        return await self.client.get(path if path.startswith(BASE) else BASE + path, headers=headers, **more)

    async def events(self, path: str = "/events", **parameters: str) -> list[dict[str, Any]]:
        """All events, over all pages."""
        answer = await self.get(path, params=parameters)
        found: list[dict[str, Any]] = []
        while True:
            assert answer.status_code == 200, answer.text
            found += answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
            link = answer.links.get("next")
            if link is None:
                return found
            assert answer.headers["gs1-next-page-token-expires"]
            answer = await self.get(link["url"])


@asynccontextmanager
async def calling(world: World, *events: dict[str, Any]) -> AsyncIterator[Caller]:
    """A producer that captured these events."""
    async with world.client() as client:
        key = key_of(world, "HTX-MAU")
        if events:
            document = a_document(*events)
            document["@context"] = [CONTEXT, {"ex": EX}]
            job = await captured(client, key, document, "proceed")
            assert job["counts"]["accepted"] == len(events), job["errors"]
        yield Caller(client, key)


def lot(number: int, **members: Any) -> dict[str, Any]:
    """A commissioned lot of a product."""
    quantity = [
        {"epcClass": f"https://id.gs1.org/01/04012345111118/10/L{number}", "quantity": number, "uom": "KGM"}
    ]
    return an_event(number, epcList=[], quantityList=quantity, **members)


async def test_events_by_their_parameters(any_world: World) -> None:
    events = [
        an_event(1, **{"ex:vu": "Xuân"}, readPoint={"id": "urn:epc:id:sgln:4012345.00001.kho1"}),
        an_event(2, **{"ex:vu": "Hè"}),
        lot(3),
    ]
    async with calling(any_world, *events) as caller:
        assert await caller.events() == events
        for written in (events[1]["epcList"][0], identity(events[1]["epcList"][0])):
            assert await caller.events(MATCH_anyEPC=written) == [events[1]]
        assert await caller.events(MATCH_epc="urn:epc:idpat:sgtin:8934567.011111.*") == events[:2]
        assert await caller.events(MATCH_anyEPCClass="urn:epc:class:lgtin:4012345.011111.L3") == [events[2]]
        assert await caller.events(WD_readPoint="https://id.gs1.org/414/4012345000016") == [events[0]]
        assert await caller.events(EQ_bizStep="shipping|commissioning", GE_quantity="2") == [events[2]]
        assert await caller.events(GE_eventTime=events[1]["eventTime"]) == events[1:]
        assert await caller.events(orderBy="eventTime", eventCountLimit="1") == [events[2]]
        extended = await caller.get(
            "/events", params={"EQ_ex:vu": "Hè"}, headers={"GS1-Extensions": f"ex={EX}"}
        )
        assert extended.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"] == [events[1]]
        assert await caller.events(**{f"EQ_{EX}vu": "Xuân"}) == [events[0]]


async def test_a_batch_told_by_internal_codes_is_found_by_the_gtin_it_got_later(any_world: World) -> None:
    """And one told by its GTIN by our address of it; another lot, or a GTIN of two products, leads nowhere."""
    host = any_world.services.settings.host
    inside, outside = f"https://{host}/x/HTX-MAU/CHE", f"https://id.gs1.org/01/{GTIN}"
    quantity = {"quantity": 3, "uom": "KGM"}
    early, late = (
        an_event(n, epcList=[], quantityList=[{"epcClass": name, **quantity}])
        for n, name in enumerate((f"{inside}/SOM%201", f"{outside}/10/MUON"), 1)
    )
    with any_world.services.sessions() as session:
        product = session.scalars(select(Product)).one()
        for code in ("SOM 1", "MUON"):
            session.add(
                Batch(
                    party_id=product.party_id, product_id=product.id, lot=code, quantity=Decimal(9), unit="KGM",
                    made_on=dt.date(2026, 5, 1),
                )
            )  # fmt: skip
        session.commit()
    async with calling(any_world, early, late) as caller:

        async def numbers(called: str) -> list[str]:
            """Of those two; what the service itself tells of these batches may stand beside them."""
            times = {early["eventTime"]: "early", late["eventTime"]: "late"}
            found = await caller.events(MATCH_anyEPCClass=called)
            return [times[event["eventTime"]] for event in found if event["eventTime"] in times]

        for called in (f"{outside}/10/MUON", f"{inside}/MUON"):
            assert await numbers(called) == ["late"]
        for called in (f"{outside}/10/SOM%201", f"{inside}/SOM%201"):
            assert await numbers(called) == ["early"]
        assert await numbers(outside) == ["early", "late"]
        assert await numbers(f"{outside}/10/KHAC") == []
        with any_world.services.sessions() as session:
            party = session.scalars(select(Product.party_id)).one()
            session.add(Product(party_id=party, code="CHE2", name="Chè", gtin=GTIN, base_unit="KGM"))
            session.commit()
        assert await numbers(outside) == ["late"]


async def test_a_plus_that_became_a_blank(world: World) -> None:
    event = an_event(1, epcList=["https://id.gs1.org/01/04012345111118/21/A+B"])
    async with calling(world, event) as caller:
        assert await caller.events("/events?LT_eventTime=2026-05-09T00:00:00+07:00") == [event]
        assert await caller.events("/events?MATCH_epc=https://id.gs1.org/01/04012345111118/21/A+B") == [event]
        assert await caller.events(MATCH_epc="https://id.gs1.org/01/04012345111118/21/A%2BB") == [event]


async def test_pages_and_their_tokens(world: World) -> None:
    events = [an_event(n) for n in range(1, 8)]
    async with calling(world, *events) as caller:
        assert await caller.events(perPage="3") == events
        assert (
            await caller.events(perPage="3", EQ_action="ADD", orderBy="eventTime", orderDirection="ASC")
            == events
        )
        first = await caller.get("/events", params={"perPage": "3", "EQ_action": "ADD"})
        link = first.links["next"]["url"]
        token = link.split("nextPageToken=")[1]
        await captured(caller.client, caller.key, a_document(an_event(8)))
        same = await caller.get(
            "/events", params={"EQ_action": "ADD", "nextPageToken": token, "perPage": "10"}
        )
        assert same.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"] == events[3:]
        for asked, why in (
            ({"EQ_action": "DELETE", "nextPageToken": token}, "another query"),
            ({"nextPageToken": token[:-2] + ("AA" if token[-2:] != "AA" else "BB")}, "not right"),
            ({"nextPageToken": "x"}, "not right"),
            ({"nextPageToken": "ỷ"}, "not right"),
            ({"perPage": "0"}, "whole number"),
        ):
            await refused_with(caller, "/events", asked, "QueryParameterException", why)
        await refused_with(
            caller, "/bizSteps", {"nextPageToken": token}, "QueryParameterException", "another list"
        )
        stranger = Caller(caller.client, key_of(world, "HTX-KHAC"))
        await refused_with(
            stranger, "/events", {"nextPageToken": token}, "QueryParameterException", "another API key"
        )
        gone = await caller.client.delete(f"{BASE}/nextPageToken/{token}", headers=caller.key)
        assert gone.status_code == 204
        await refused_with(caller, "/events", {"nextPageToken": token}, "QueryParameterException", "expired")
        world.forward(hours=2)
        later = (await caller.get("/events", params={"perPage": "1"})).links["next"]["url"]
        world.forward(hours=2)
        expired = await caller.get(later)
        assert "expired" in expired.json()["detail"]


async def refused_with(
    caller: Caller, path: str, parameters: dict[str, str], exception: str, why: str, status: int = 400
) -> None:
    answer = await caller.get(path, params=parameters)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == f"epcisException:{exception}"
    assert why in problem["detail"], problem["detail"]
    assert problem["message_vi"]
    assert problem["status"] == status


async def test_refusals(world: World) -> None:
    async with calling(world, *(an_event(n) for n in range(1, 4))) as caller:
        wrong = "QueryParameterException"
        await refused_with(caller, "/events", {"EQ_bizStep": "shiping"}, wrong, "did you mean shipping")
        await refused_with(caller, "/events", {"bizStep": "shipping"}, wrong, "EQ_bizStep")
        await refused_with(caller, "/events", {"EQ_ex:a": "1"}, wrong, "GS1-Extensions")
        await refused_with(caller, "/events", {"eventCountLimit": "1"}, wrong, "orderBy")
        await refused_with(caller, "/events", {"HASATTR_ex:a": "1"}, wrong, "master data")
        await refused_with(
            caller, "/events", {"maxEventCount": "2"}, "QueryTooLargeException", "More than 2", 413
        )
        await refused_with(caller, "/epcs/*/events", {}, wrong, "URI")
        long = await caller.get("/events?MATCH_epc=" + "|".join(["urn:x:y"] * 5_000))
        assert long.status_code == 414
        assert (await caller.get("/events?EQ_bizStep=%ff")).status_code == 400
        assert (await caller.client.get(f"{BASE}/events")).status_code == 401


async def test_one_sees_only_ones_own(world: World) -> None:
    async with calling(world, an_event(1)) as caller:
        for code, role, count in (
            ("HTX-KHAC", KeyRole.PRODUCER, 0), ("LM", KeyRole.OFFICER, 1), ("LM", KeyRole.OPERATOR, 1),
            ("LM", KeyRole.INSPECTOR, 1),
        ):  # fmt: skip
            other = Caller(caller.client, key_of(world, code, role))
            for path in ("/events", "/eventTypes/ObjectEvent/events"):
                assert len(await other.events(path)) == count
            for path in ("/epcs", "/bizSteps", "/eventTypes"):
                assert len((await other.get(path)).json()["member"]) == count
        till = Caller(caller.client, key_of(world, "HTX-MAU", KeyRole.TILL))
        assert (await till.get("/events")).status_code == 403


async def test_collections_and_what_lies_below_them(any_world: World) -> None:
    events = [
        an_event(1, readPoint={"id": "urn:epc:id:sgln:4012345.00001.kho1"}, disposition="active"),
        an_event(2, bizStep="ex:phoi", readPoint={"id": "https://id.gs1.org/414/4012345000016/254/kho1"},
                 bizLocation={"id": "https://htx.example.vn/ruong/3"}),
        lot(3),
    ]  # fmt: skip
    first, second = events[0]["epcList"][0], events[1]["epcList"][0]
    listed = {
        "eventTypes": ["ObjectEvent"],
        "epcs": [first, second],
        "bizSteps": ["commissioning", EX + "phoi"],
        "dispositions": ["active"],
        "readPoints": ["urn:epc:id:sgln:4012345.00001.kho1"],
        "bizLocations": ["https://htx.example.vn/ruong/3"],
    }
    schema = openapi()
    kinds = {
        "eventTypes": "EventTypeCollection",
        "bizSteps": "BizStepCollection",
        "dispositions": "DispositionCollection",
    }
    async with calling(any_world, *events) as caller:
        for path, members in listed.items():
            answer = await caller.get(f"/{path}")
            assert answer.json()["member"] == members, path
            conforms(answer.json(), schema, kinds.get(path, "UriCollection"))
            pages: list[str] = []
            page = await caller.get(f"/{path}", params={"perPage": "1"})
            while True:
                pages += page.json()["member"]
                if "next" not in page.links:
                    break
                page = await caller.get(page.links["next"]["url"])
            assert pages == members
            for member in members:
                below = await caller.get(f"/{path}/{quote(member, safe='')}")
                assert below.json()["member"] == ["events"]
                conforms(below.json(), schema, "ResourceCollection")
                assert await caller.events(f"/{path}/{quote(member, safe='')}/events")
            assert (await caller.get(f"/{path}/urn:x:nobody")).status_code == 404
        assert await caller.events(f"/epcs/{quote(first, safe='')}/events") == [events[0]]
        assert await caller.events(f"/epcs/{first}/events") == [events[0]]
        assert await caller.events("/bizSteps/commissioning/events", perPage="1") == [events[0], events[2]]
        assert await caller.events("/bizSteps/commissioning/events", EQ_bizStep="shipping") == []
        place = quote("https://id.gs1.org/414/4012345000016/254/kho1", safe="")
        assert await caller.events(f"/readPoints/{place}/events") == events[:2]


@needs_data
async def test_conformance_answers_are_valid_documents(world: World) -> None:
    """All examples captured: every page is a valid EPCISQueryDocument, and together they hold every event."""
    schema = json.loads((FOLDER / "epcis" / "EPCIS-JSON-Schema.json").read_text("utf-8"))
    validator = jsonschema.Draft7Validator(schema)
    world.services.settings.epcis_rules.clear()
    async with world.client() as client:
        caller = Caller(client, key_of(world, "HTX-MAU"))
        accepted = 0
        for path in EXAMPLES:
            headers = caller.key | {"GS1-Capture-Error-Behaviour": "proceed"}
            text = path.read_text("utf-8")
            answer = await client.post(
                f"{BASE}/capture", content=text, headers=headers | {"Content-Type": "application/json"}
            )
            if answer.status_code == 202:
                accepted += (await client.get(answer.headers["location"], headers=caller.key)).json()[
                    "counts"
                ]["accepted"]
        answer = await caller.get("/events", params={"perPage": "7"})
        found = 0
        while True:
            document = answer.json()
            assert [e.message for e in validator.iter_errors(document)][:1] == []
            found += len(document["epcisBody"]["queryResults"]["resultsBody"]["eventList"])
            if "next" not in answer.links:
                break
            answer = await caller.get(answer.links["next"]["url"])
        assert found == accepted > 20


async def test_named_queries(any_world: World) -> None:
    events = [an_event(1), an_event(2, bizStep="inspecting", action="OBSERVE"), lot(3)]
    query = {"EQ_bizStep": ["commissioning"], "eventType": ["ObjectEvent"]}
    async with calling(any_world, *events) as caller:

        async def post(body: Any) -> httpx.Response:
            return await caller.client.post(f"{BASE}/queries", json=body, headers=caller.key)

        made = await post({"name": "Lô mới", "query": query})
        assert made.status_code == 201
        where = made.headers["location"]
        assert (await caller.get(where)).json() == {"name": "Lô mới", "query": query}
        assert (await post({"name": "Lô mới", "query": query})).status_code == 409
        assert (await post({"name": "SimpleEventQuery", "query": query})).status_code == 409
        for wrong, exception in (
            ({"name": "a"}, "QueryValidationException"), ({"name": "a/b", "query": {}}, "QueryValidationException"),
            ({"name": "a", "query": []}, "QueryValidationException"), ([], "QueryValidationException"),
            ({"name": "a", "query": {"EQ_bizStep": ["x"]}}, "QueryParameterException"),
            ({"name": "a", "query": {}, "more": 1}, "QueryValidationException"),
        ):  # fmt: skip
            answer = await post(wrong)
            assert answer.status_code == 400
            assert answer.json()["type"] == f"epcisException:{exception}"
        await post({"name": "b", "query": {}})
        assert [q["name"] for q in (await caller.get("/queries")).json()] == ["Lô mới", "b"]
        page = await caller.get("/queries", params={"perPage": "1"})
        assert [q["name"] for q in (await caller.get(page.links["next"]["url"])).json()] == ["b"]
        assert await caller.events(f"{where}/events") == [events[0], events[2]]
        answer = await caller.get(f"{where}/events", params={"perPage": "1"})
        assert answer.json()["epcisBody"]["queryResults"]["queryName"] == "Lô mới"
        assert await caller.events(f"{where}/events", perPage="1") == [events[0], events[2]]
        await refused_with(
            caller, f"{where}/events", {"EQ_action": "ADD"}, "QueryParameterException", "no further"
        )
        await refused_with(
            caller, f"{where}/events", {"stream": "true"}, "SubscriptionControlsException", "WebSocket"
        )
        own = {"name": "vu", "query": {"EXISTS_ex:vu": 1}}
        headers = caller.key | {"GS1-Extensions": f"ex={EX}"}
        assert (await caller.client.post(f"{BASE}/queries", json=own, headers=headers)).status_code == 201
        assert (await caller.get("/queries/vu")).json()["query"]["@context"] == {"ex": EX}
        assert await caller.events("/queries/vu/events") == []
        stranger = Caller(caller.client, key_of(any_world, "HTX-KHAC"))
        for path in (where, f"{where}/events"):
            assert (await stranger.get(path)).status_code == 404
        assert (await caller.client.delete(where, headers=caller.key)).status_code == 204
        assert (await caller.get(where)).status_code == 404
        assert (await caller.client.delete(where, headers=caller.key)).status_code == 404


@needs_data
async def test_conformance_every_operation_of_the_openapi_document_is_there(world: World) -> None:
    """All 63: OPTIONS says what the document says; each method is answered by the interface, not by a missing page."""
    document = openapi()
    count = 0
    async with calling(world, an_event(1)) as caller:
        for path, operations in document["paths"].items():
            where = BASE + re.sub(r"\{(\w+)\}", lambda m: f"x-{m[1]}", path)
            methods = {m.upper() for m in operations if m in ("get", "post", "delete", "options", "put")}
            count += len(methods)
            if "OPTIONS" in methods:
                told = await caller.client.options(where)
                assert told.status_code == 204, path
                assert set(told.headers["allow"].split(", ")) == methods, path
                assert told.headers["gs1-epcis-version"] == "2.0.0"
            for method in methods - {"OPTIONS"}:
                answer = await caller.client.request(method, where, headers=caller.key)
                assert answer.status_code != 405, (method, path)
                if answer.status_code >= 400:
                    assert answer.json()["type"].startswith("epcisException:"), (method, path, answer.text)
    assert count == 63


def openapi() -> dict[str, Any]:
    """GS1's OpenAPI document; empty where it is not at hand."""
    path = FOLDER / "epcis" / "openapi.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return found


def conforms(value: Any, document: dict[str, Any], schema: str) -> None:
    """Whether a value has the shape the OpenAPI document gives."""
    if document:
        jsonschema.validate(value, {**document, "$ref": f"#/components/schemas/{schema}"})
