"""POST /api/v1/verify/bulk: JSON Lines in, JSON Lines out, in order, limited."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from temthat_stamps.copies.records import StampEvent
from temthat_verify_api.accounts import KeyRole
from temthat_verify_api.api import verify

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
BULK = "/api/v1/verify/bulk"


def lines(*questions: Any) -> bytes:
    return b"\n".join(q if isinstance(q, bytes) else json.dumps(q).encode() for q in questions)


async def test_each_line_has_its_own_answer_in_order(any_world: "World") -> None:
    """Good, forged and broken lines side by side; blank ones are skipped; every good one is counted."""
    run = any_world.run(count=200)
    questions: list[Any] = [{"code": any_world.code(run, serial)} for serial in range(1, 101)]
    questions[10:10] = [
        b"not json",
        b"",
        {"code": any_world.forged(run)},
        {"kode": "x"},
        {"code": "x", "kind": "till"},
    ]
    async with any_world.client() as client:
        response = await client.post(BULK, content=lines(*questions))
    assert response.headers["content-type"].startswith("application/x-ndjson")
    answers = [json.loads(line) for line in response.text.splitlines()]
    assert len(answers) == 104
    told = [a.get("verdict") or a["error"] for a in answers]
    assert told[10:14] == ["invalid_request", "forged", "invalid_request", "key_needed"]
    assert [a["stamp"]["serial"] for a in answers[:10] + answers[14:]] == list(range(1, 101))
    with any_world.services.sessions() as session:
        assert session.query(StampEvent).count() == 100


async def test_roles_are_asked_of_every_line(world: "World") -> None:
    """The request's key speaks for its own role only."""
    code = world.code(world.run())
    headers = {"Authorization": f"Bearer {world.api_key(KeyRole.TILL)}"}
    async with world.client(headers=headers) as client:
        body = lines({"code": code, "kind": "till"}, {"code": code, "kind": "inspector"}, {"code": code})
        answers = [json.loads(line) for line in (await client.post(BULK, content=body)).text.splitlines()]
    assert [a.get("verdict") or a["error"] for a in answers] == ["genuine", "wrong_role", "genuine"]


async def test_limits(world: "World") -> None:
    """Too many bytes, too many lines, one line too long."""
    async with world.client() as client:
        assert (await client.post(BULK, content=b"x" * (verify.BULK_BYTES + 1))).status_code == 413
        too_many = await client.post(BULK, content=b"\n" * (verify.BULK_LINES + 1))
        assert (too_many.status_code, too_many.json()["error"]) == (422, "invalid_request")
        one = await client.post(BULK, content=lines({"code": "x" * 20_000}, {"code": "x"}))
        told = [json.loads(line) for line in one.text.splitlines()]
        assert [t.get("verdict") or t["error"] for t in told] == ["invalid_request", "not_ours"]
        assert (await client.post(BULK, content=b"")).text == ""
