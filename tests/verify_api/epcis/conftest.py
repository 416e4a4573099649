"""Keys of a producer, its alliance and a stranger, and short ways to capture and read."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from temthat_trace.parties import Party, PartyKind
from temthat_verify_api.accounts import KeyRole, issue_api_key

from ..conftest import World

BASE = "/epcis/v2"
CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
Key = Callable[[World, str, KeyRole], dict[str, str]]


def key_of(world: World, code: str, role: KeyRole = KeyRole.PRODUCER) -> dict[str, str]:
    """The headers of a fresh API key; the organisation is made when there is none of that code."""
    with world.services.sessions() as session:
        party = session.query(Party).filter_by(code=code).one_or_none()
        if party is None:
            party = Party(code=code, kind=PartyKind.COOPERATIVE, name=code)
            session.add(party)
            session.flush()
        token = issue_api_key(session, party, role, "test")
        session.commit()
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def producer(world: World) -> dict[str, str]:
    """The cooperative's key."""
    return key_of(world, "HTX-MAU")


def an_event(number: int = 1, **members: Any) -> dict[str, Any]:
    """One good event; no two numbers are alike."""
    return {
        "type": "ObjectEvent",
        "eventTime": f"2026-05-0{number % 9 + 1}T08:00:00.000+07:00",
        "eventTimeZoneOffset": "+07:00",
        "epcList": [f"urn:epc:id:sgtin:8934567.011111.S{number}"],
        "action": "ADD",
        "bizStep": "commissioning",
        **members,
    }


def a_document(*events: Any, **members: Any) -> dict[str, Any]:
    """A document of these events."""
    return {
        "@context": CONTEXT,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-05-20T00:00:00Z",
        "epcisBody": {"eventList": list(events)},
        **members,
    }


async def captured(
    client: httpx.AsyncClient, key: dict[str, str], document: Any, behaviour: str = "rollback"
) -> dict[str, Any]:
    """The finished job of a document."""
    headers = {**key, "GS1-Capture-Error-Behaviour": behaviour}
    answer = await client.post(f"{BASE}/capture", json=document, headers=headers)
    assert answer.status_code == 202, answer.text
    job = await client.get(answer.headers["location"], headers=key)
    assert job.status_code == 200
    found: dict[str, Any] = job.json()
    assert found["running"] is False
    return found
