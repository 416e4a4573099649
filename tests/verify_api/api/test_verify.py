"""POST /api/v1/verify: every verdict over HTTP, from real signatures and a real database."""

import datetime as dt
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from temthat_stamps.verdict import NoticeKind
from temthat_verify_api.accounts import KeyRole

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
VERIFY = "/api/v1/verify"


async def ask(client: httpx.AsyncClient, code: str, **more: Any) -> Any:
    response = await client.post(VERIFY, json={"code": code, **more})
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_genuine_stamp_has_its_whole_story(any_world: "World") -> None:
    """Verdict, identity, lot, product, issuer and an empty history; the check itself counts for the next."""
    run = any_world.run()
    async with any_world.client() as client:
        first = await ask(client, any_world.code(run, 7), place="27")
        second = await ask(client, any_world.number(run, 7))
    assert (first["verdict"], first["reasons"]) == ("genuine", [])
    assert (first["stamp"]["run"], first["stamp"]["serial"]) == (run, 7)
    print(first)
    assert second["history"]["checks"] == 1
