"""POST /epcis/v2/capture and its jobs, on both databases."""

import pytest

from ..conftest import World
from .conftest import BASE, a_document, an_event, captured, key_of

pytestmark = pytest.mark.anyio


async def test_a_document_is_captured_and_its_events_come_back(any_world: World) -> None:
    """202 with the job; each event answers under its id, equal to what was sent."""
    key = key_of(any_world, "HTX-MAU")
    events = [an_event(1), an_event(2, eventID="urn:uuid:0e4b0f1e-0000-4000-8000-000000000002")]
    async with any_world.client() as client:
        job = await captured(client, key, a_document(*events))
        assert job["success"] is True
        assert job["counts"] == {"accepted": 2, "duplicate": 0, "rejected": 0}
        assert job["errors"] == []
        for told, sent in zip(job["events"], events, strict=True):
            answer = await client.get(f"{BASE}/events/{told['eventID'].replace('?', '%3F')}", headers=key)
            assert answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"] == [sent]
