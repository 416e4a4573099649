"""POST /epcis/v2/events, GET /epcis/v2/events/{eventID}, the discovery of what is served, and who may do what."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from temthat_trace.parties import Party, PartyKind
from temthat_verify_api.accounts import KeyRole

from ..conftest import World
from .conftest import BASE, CONTEXT, a_document, an_event, captured, key_of

pytestmark = pytest.mark.anyio


def alone(n: int = 1, **members: Any) -> dict[str, Any]:
    """One event with a context of its own."""
    return {"@context": CONTEXT, **an_event(n, **members)}


def listed(answer: Any) -> list[Any]:
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    return found


async def test_one_event_is_created_and_found(any_world: World) -> None:
    """201 with its address and itself; a second time the same address, said to be a duplicate."""
    key = key_of(any_world, "HTX-MAU")
    async with any_world.client() as client:
        for outcome in ("accepted", "duplicate"):
            answer = await client.post(f"{BASE}/events", json=alone(1), headers=key)
            assert answer.status_code == 201
            assert answer.json() == alone(1)
            assert answer.headers["temthat-outcome"] == outcome
            assert listed(await client.get(answer.headers["location"], headers=key)) == [alone(1)]
            job = await client.get(answer.headers["temthat-capture-job"], headers=key)
            assert job.json()["events"][0]["outcome"] == outcome


async def test_an_id_may_be_escaped_or_not(world: World, producer: dict[str, str]) -> None:
    """A hash has slashes, a semicolon and a question mark; a URN has colons."""
    async with world.client() as client:
        location = (await client.post(f"{BASE}/events", json=alone(1), headers=producer)).headers["location"]
        event_id = (await captured(client, producer, a_document(an_event(1))))["events"][0]["eventID"]
        assert location == f"{BASE}/events/{quote(event_id, safe='')}"
        for address in (event_id, quote(event_id), quote(event_id, safe="")):
            assert listed(await client.get(f"{BASE}/events/{address}", headers=producer)) == [alone(1)]


async def test_what_keeps_an_event_out(world: World, producer: dict[str, str]) -> None:
    """400 with places and rules; 409 for a taken id; 400 for a document, which belongs to /capture."""
    async with world.client() as client:

        async def post(body: Any) -> Any:
            return await client.post(f"{BASE}/events", json=body, headers=producer)

        answer = await post(alone(1, bizStep="shiping", action=None))
        assert answer.status_code == 400
        assert [p["pointer"] for p in answer.json()["problems"]] == ["/action"]
        answer = await post(alone(1, bizStep="shiping"))
        problem = answer.json()
        assert (problem["problems"][0]["pointer"], problem["problems"][0]["rule"]) == (
            "/bizStep",
            "vocabulary",
        )
        assert "shipping" in problem["message_vi"]
        assert (await post(a_document(an_event(1)))).status_code == 400
        assert (await post(an_event(1))).status_code == 400  # no context
        assert (await post(alone(1, eventID="urn:x:1"))).status_code == 201
        answer = await post(alone(2, eventID="urn:x:1"))
        assert (answer.status_code, answer.json()["type"]) == (
            409,
            "epcisException:ResourceAlreadyExistsException",
        )
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_declared_error_answers_with_its_event(world: World, producer: dict[str, str]) -> None:
    """Both under one id, the older one first."""
    declared = {"declarationTime": "2026-05-25T00:00:00Z", "reason": "did_not_occur"}
    event = an_event(1, eventID="urn:x:1")
    async with world.client() as client:
        await captured(client, producer, a_document(event))
        await captured(client, producer, a_document({**event, "errorDeclaration": declared}))
        found = listed(await client.get(f"{BASE}/events/urn:x:1", headers=producer))
        assert found == [event, {**event, "errorDeclaration": declared}]


async def test_who_may_do_what(world: World) -> None:
    """Without a key 401; a stranger finds nothing; the alliance, an inspector and the operator read; nobody but a
    producer captures, and only for itself."""
    own = key_of(world, "HTX-MAU")
    stranger = key_of(world, "HTX-LA")
    with world.services.sessions() as session:
        other_office = Party(code="LM2", kind=PartyKind.PROVINCIAL_ALLIANCE, name="LM2", province="24")
        session.add(other_office)
        session.commit()
    readers = {
        role: key_of(world, "LM", role) for role in (KeyRole.OFFICER, KeyRole.INSPECTOR, KeyRole.OPERATOR)
    }
    blind = [key_of(world, "LM", KeyRole.TILL), key_of(world, "LM", KeyRole.PACKER), key_of(world, "LM")]
    async with world.client() as client:
        job = await captured(client, own, a_document(an_event(1)))
        event = f"{BASE}/events/{quote(job['events'][0]['eventID'], safe='')}"
        addresses = (event, f"{BASE}/capture/{job['captureID']}")
        for address in addresses:
            answer = await client.get(address)
            assert (answer.status_code, answer.json()["type"]) == (401, "epcisException:SecurityException")
            assert "www-authenticate" in answer.headers
            for key in (own, *readers.values()):
                assert (await client.get(address, headers=key)).status_code == 200
            for key in (stranger, key_of(world, "LM2", KeyRole.OFFICER)):
                assert (await client.get(address, headers=key)).status_code in (403, 404)
            for key in blind:
                assert (await client.get(address, headers=key)).status_code == 403
        assert (await client.get(f"{BASE}/capture", headers=stranger)).json() == []
        assert (await client.get(f"{BASE}/capture", headers=readers[KeyRole.OFFICER])).json() != []
        for key in (*readers.values(), *blind):
            for path in ("capture", "events"):
                answer = await client.post(f"{BASE}/{path}", json=alone(2), headers=key)
                assert answer.status_code == 403
        # The stranger's own capture of the same event is its own.
        assert (await captured(client, stranger, a_document(an_event(1))))["counts"]["accepted"] == 1


async def test_discovery(world: World) -> None:
    """OPTIONS needs no key and says versions, formats, methods and limits."""
    async with world.client() as client:
        for path, allow in (
            ("/", "OPTIONS, GET"),
            ("/capture", "OPTIONS, POST, GET"),
            ("/capture/x", "OPTIONS, GET"),
            ("/events/x", "OPTIONS, GET"),
        ):
            answer = await client.options(BASE + path)
            assert answer.status_code == 204
            assert answer.headers["allow"] == allow
            for name in ("GS1-EPCIS-Version", "GS1-EPCIS-Min", "GS1-EPCIS-Max", "GS1-CBV-Version"):
                assert answer.headers[name] == "2.0.0"
            assert answer.headers["GS1-EPC-Format"] == "Never_Translates"
        capture = (await client.options(f"{BASE}/capture")).headers
        assert capture["GS1-EPCIS-Capture-Limit"] == "20000"
        assert int(capture["GS1-EPCIS-Capture-File-Size-Limit"]) == world.services.settings.epcis_limit
        assert capture["GS1-Capture-Error-Behaviour"] == "all"
        top = (await client.get(f"{BASE}/")).json()
        assert top["type"] == "Collection"
        assert len(top["member"]) == 9


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("GS1-EPCIS-Min", "2.0", 404),
        ("GS1-EPCIS-Min", "1.2.0", 404),
        ("GS1-EPCIS-Min", "2.1", 406),
        ("GS1-EPCIS-Max", "1.2", 406),
        ("GS1-EPCIS-Max", "2.0.0.1", 404),
        ("GS1-CBV-Max", "1.0", 406),
        ("GS1-EPCIS-Max", "x", 406),
        ("GS1-EPCIS-Version", "2.0", 404),
        ("GS1-EPCIS-Version", "1.2", 406),
        ("GS1-CBV-Version", "1.2.2", 406),
        ("GS1-EPC-Format", "Never_Translates", 404),
        ("GS1-EPC-Format", "No_Preference", 404),
        ("GS1-EPC-Format", "Always_EPC_URN", 406),
        ("Accept", "application/ld+json, application/xml;q=0.5", 404),
        ("Accept", "application/xml", 406),
        ("Accept", "text/html", 406),
    ],
)
async def test_what_cannot_be_answered_so_is_406(
    world: World, producer: dict[str, str], name: str, value: str, status: int
) -> None:
    """Another version, form or language than ours; 404 here is the ordinary answer."""
    async with world.client() as client:
        answer = await client.get(f"{BASE}/events/urn:x:none", headers={**producer, name: value})
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        if status == 404:
            assert answer.json()["type"] == "epcisException:NoSuchNameException"


async def test_another_method_is_405(world: World, producer: dict[str, str]) -> None:
    """As a problem document, with what is allowed."""
    async with world.client() as client:
        answer = await client.put(f"{BASE}/capture", headers=producer)
        assert answer.status_code == 405
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["allow"] == "GET, OPTIONS, POST"


async def test_a_mark_before_the_text_is_not_answered(world: World, producer: dict[str, str]) -> None:
    """Some programs put a byte order mark before JSON; what is answered and kept has none."""
    body = b"\xef\xbb\xbf" + json.dumps(alone(1)).encode()
    async with world.client() as client:
        answer = await client.post(
            f"{BASE}/events", content=body, headers={**producer, "Content-Type": "application/json"}
        )
        assert answer.status_code == 201
        assert answer.content == body[3:]
        kept = await client.get(answer.headers["location"], headers=producer)
        assert b"\xef\xbb\xbf" not in kept.content
