"""POST /epcis/v2/capture and its jobs."""

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from temthat_trace.epcis.stream import open_document
from temthat_trace.epcis.tables import CaptureJob
from temthat_trace.parties import Party
from temthat_verify_api.epcis import jobs

from ..conftest import NOW, World, build_world
from .conftest import BASE, a_document, an_event, captured, key_of

pytestmark = pytest.mark.anyio
PROBLEM = "application/problem+json"


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


async def test_each_event_is_told_where_what_and_how_to_mend_it(
    world: World, producer: dict[str, str]
) -> None:
    """Accepted, rejected with place, rule and words, duplicate, warned; what failed as problems of the standard too."""
    bad = an_event(2, epcList=["https://vi.du/01/08934567111118/21/9"])
    warned = an_event(3, action="OBSERVE")
    async with world.client() as client:
        document = a_document(an_event(1), bad, an_event(1), warned)
        job = await captured(client, producer, document, "proceed")
        assert [e["outcome"] for e in job["events"]] == ["accepted", "rejected", "duplicate", "accepted"]
        assert job["success"] is False
        assert job["captureErrorBehaviour"] == "proceed"
        [problem] = job["events"][1]["problems"]
        assert (problem["pointer"], problem["rule"], problem["level"]) == (
            "/epcisBody/eventList/1/epcList/0",
            "check_digit",
            "error",
        )
        assert "kiểm tra" in problem["message_vi"]
        [error] = job["errors"]
        assert error["type"] == "epcisException:ValidationException"
        assert error["title"]
        assert error["detail"].startswith("/epcisBody/eventList/1/epcList/0: ")
        assert [p["rule"] for p in job["events"][3]["problems"]] == ["not_commissioned"]


async def test_nothing_is_stored_when_one_event_is_bad(world: World, producer: dict[str, str]) -> None:
    """Rollback is what happens unless proceed is asked for."""
    async with world.client() as client:
        job = await captured(client, producer, a_document(an_event(1), "nonsense"))
        assert [e["outcome"] for e in job["events"]] == ["rolled_back", "rejected"]
        event_id = job["events"][0]["eventID"]
        assert (await client.get(f"{BASE}/events/{event_id}", headers=producer)).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "exception"),
    [
        (b"", 400, "ValidationException"),
        (b"{", 400, "ValidationException"),
        (b"\xff\xfe\x00", 400, "ValidationException"),
        (b"null", 400, "ValidationException"),
        (b'{"type": "EPCISDocument"}', 400, "ValidationException"),
        (b'{"type": "EPCISDocument", "epcisBody": ' + b"[" * 5_000, 400, "ValidationException"),
        (b" " * 60_000, 413, "CaptureLimitExceededException"),
    ],
    ids=["empty", "torn", "no text", "null", "no context", "deep", "large"],
)
async def test_odd_bodies_are_problem_documents(
    sqlite_url: str, tmp_path: Path, body: bytes, status: int, exception: str
) -> None:
    """RFC 7807 with the standard's exception; no job is made of them."""
    world = build_world(sqlite_url, tmp_path / "data", epcis_limit=50_000)
    key = key_of(world, "HTX-MAU")
    async with world.client() as client:
        headers = {**key, "Content-Type": "application/json"}
        answer = await client.post(f"{BASE}/capture", content=body, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
        problem = answer.json()
        assert problem["type"] == f"epcisException:{exception}"
        assert problem["status"] == status
        assert problem["title"]
        assert problem["message_vi"]
        assert (await client.get(f"{BASE}/capture", headers=key)).json() == []
    world.services.close()


async def test_other_forms_and_behaviours_are_refused(world: World, producer: dict[str, str]) -> None:
    """XML is 415; a behaviour that is none is 400; JSON-LD is taken, and a body without a type."""
    document = json.dumps(a_document(an_event(1))).encode()
    async with world.client() as client:

        async def post(**headers: str) -> Any:
            body = b"<epcis/>" if "xml" in headers.get("Content-Type", "") else document
            return await client.post(f"{BASE}/capture", content=body, headers={**producer, **headers})

        assert (await post(**{"Content-Type": "application/xml"})).status_code == 415
        assert (await post(**{"GS1-Capture-Error-Behaviour": "all"})).status_code == 400
        assert (await post(**{"Content-Type": "application/ld+json"})).status_code == 202
        assert (await post(**{"Content-Type": "application/json; charset=utf-8"})).status_code == 202


async def test_jobs_are_listed_in_pages(world: World, producer: dict[str, str]) -> None:
    """The newest first; the link leads on to the last page, which has none; odd pages are 400."""
    async with world.client() as client:
        made = [(await captured(client, producer, a_document(an_event(n))))["captureID"] for n in range(1, 6)]
        found: list[str] = []
        address: str | None = f"{BASE}/capture?perPage=2"
        while address:
            answer = await client.get(address, headers=producer)
            found += [job["captureID"] for job in answer.json()]
            link = answer.headers.get("link")
            address = link.partition(">")[0].lstrip("<") if link else None
        assert found == made[::-1]
        for query in ("perPage=0", "perPage=x", "perPage=-1", "nextPageToken=x", "perPage=٣"):
            answer = await client.get(f"{BASE}/capture?{query}", headers=producer)
            assert (answer.status_code, answer.json()["type"]) == (
                400,
                "epcisException:QueryParameterException",
            )
        for name in ("x", "019ac5ad-7fcd-7b62-8154-5ba3c29c7ee9"):
            assert (await client.get(f"{BASE}/capture/{name}", headers=producer)).status_code == 404


async def test_a_job_left_running_is_closed_at_the_next_start(world: World, producer: dict[str, str]) -> None:
    """Nothing of it was stored; it says so."""
    with world.services.sessions() as session:
        htx = session.query(Party).filter_by(code="HTX-MAU").one()
        job = CaptureJob(party_id=htx.id, created_at=NOW)
        session.add(job)
        session.commit()
    async with world.client() as client:
        found = (await client.get(f"{BASE}/capture/{job.id}", headers=producer)).json()
        assert (found["running"], found["success"]) == (False, False)
        assert found["errors"][0]["rule"] == "interrupted"
        assert found["errors"][0]["type"] == "epcisException:ImplementationException"


async def test_when_too_many_wait_the_next_is_told_to_come_back(
    world: World, producer: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is written, seven wait, the ninth gets 503 and when to come again; those that waited are captured."""
    gate = threading.Event()

    def slow(*given: Any) -> Any:
        assert gate.wait(60)
        return open_document(*given)

    monkeypatch.setattr("temthat_verify_api.epcis.jobs.open_document", slow)
    async with world.client() as client:

        async def post(n: int) -> Any:
            return await client.post(f"{BASE}/capture", json=a_document(an_event(n)), headers=producer)

        waiting = [asyncio.create_task(post(n)) for n in range(jobs.MOST_WAITING)]
        while world.app.state.captures._places._value:
            await asyncio.sleep(0.01)
        refused = await post(99)
        gate.set()
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "30"
        assert refused.json()["type"] == "epcisException:ImplementationException"
        assert [(await task).status_code for task in waiting] == [202] * jobs.MOST_WAITING


async def test_a_fault_on_the_way_closes_the_job(
    world: World, producer: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 without a story; the job says that nothing was stored."""

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a fault of the program")

    monkeypatch.setattr("temthat_verify_api.epcis.jobs.capture", broken)
    async with world.client() as client:
        answer = await client.post(f"{BASE}/capture", json=a_document(an_event(1)), headers=producer)
        assert answer.status_code == 500
        assert "fault of the program" not in answer.text
        [job] = (await client.get(f"{BASE}/capture", headers=producer)).json()
        assert (job["running"], job["success"]) == (False, False)
