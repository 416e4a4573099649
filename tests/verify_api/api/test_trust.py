"""GET /api/v1/keys and /api/v1/trust: what a scanner takes away is enough to judge the same."""

import base64
from typing import TYPE_CHECKING

import pytest

from temthat_stamps.bundle.offline import judge_offline
from temthat_stamps.bundle.trustfile import load_trust
from temthat_stamps.code import decode
from temthat_stamps.keys import key_hint
from temthat_stamps.verdict import NoticeKind, Word

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio


async def test_the_trust_file_judges_as_the_service_does(any_world: "World") -> None:
    """Fetched over HTTP with the operator's key, it knows runs and notices; it changes when they do."""
    run = any_world.run()
    any_world.notify(run, NoticeKind.VOID, serials=(5, 5), reason="misprint")
    async with any_world.client() as client:
        response = await client.get("/api/v1/trust")
        key = base64.b64decode((await client.get("/api/v1/trust/operator.pub")).text)
        again = await client.get("/api/v1/trust", headers={"If-None-Match": response.headers["etag"]})
        any_world.notify(run, NoticeKind.RECALL)
        later = await client.get("/api/v1/trust")
    trust = load_trust(response.content, key)

    def offline(serial: int) -> Word:
        return judge_offline(any_world.code(run, serial), trust, any_world.now).verdict.word

    assert (offline(1), offline(5)) == (Word.GENUINE_OFFLINE, Word.REVOKED)
    assert (again.status_code, again.content) == (304, b"")
    recalled = judge_offline(any_world.code(run, 1), load_trust(later.content, key), any_world.now)
    assert recalled.verdict.word is Word.RECALLED


async def test_an_unchanged_trust_file_is_dated_anew(world: "World") -> None:
    """Its date tells scanners how fresh it is."""
    world.run()
    async with world.client() as client:
        first = await client.get("/api/v1/trust")
        world.forward(minutes=9)
        assert (await client.get("/api/v1/trust")).content == first.content
        world.forward(minutes=2)
        assert (await client.get("/api/v1/trust")).content != first.content


async def test_keys_are_listed_with_their_period(world: "World") -> None:
    """Raw key, hint, issuer and organisation; open for a month, then closed."""
    run = world.run()
    async with world.client() as client:
        [key] = (await client.get("/api/v1/keys")).json()
        world.forward(days=40)
        [later] = (await client.get("/api/v1/keys")).json()
    raw = base64.b64decode(key["public_key"])
    assert key["hint"] == key_hint(raw).hex() == decode(world.code(run)).header.hint.hex()
    assert (key["organisation"], key["status"], later["status"]) == ("HTX Chè mẫu", "open", "closed")
    assert key["from"] < key["to"]
    assert set(key) == {"hint", "public_key", "issuer", "organisation", "from", "to", "status"}
