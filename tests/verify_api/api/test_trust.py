"""GET /api/v1/keys and /api/v1/trust: what a scanner takes away is enough to judge the same."""

import base64
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from temthat_stamps.bundle.offline import judge_offline
from temthat_stamps.bundle.pack import parse_pack
from temthat_stamps.bundle.store import TrustStore
from temthat_stamps.bundle.view import TrustView
from temthat_stamps.code import decode
from temthat_stamps.keys import key_hint
from temthat_stamps.runs.publication import AT_LEAST, FRESH
from temthat_stamps.verdict import NoticeKind, Word
from temthat_verify_api.commands.trust import write_pack

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
TRUST = "/api/v1/trust"
MINUTE = dt.timedelta(minutes=1)


def scanner(folder: Path, world: "World") -> Callable[[httpx.Response], TrustView]:
    """What a scanner makes of an answer, having pinned the first root; it is built the day the world began."""
    root = (world.services.settings.public_dir / "trust" / "1.root.json").read_bytes()
    store = TrustStore(folder, root, world.now)

    def take(answer: httpx.Response) -> TrustView:
        store.update(parse_pack(answer.content), world.now)
        return store.load()

    return take


async def test_the_trust_pack_judges_as_the_service_does(founded_world: "World", tmp_path: Path) -> None:
    """Fetched over HTTP under a pinned root, it knows runs and notices; it changes when they do."""
    world = founded_world
    take = scanner(tmp_path / "scanner", world)
    run = world.run()
    world.notify(run, NoticeKind.VOID, serials=(5, 5), reason="misprint")
    world.services.record.publish()
    async with world.client() as client:
        response = await client.get(TRUST)
        again = await client.get(TRUST, headers={"If-None-Match": response.headers["etag"]})
        before = take(response)
        world.forward(seconds=AT_LEAST.total_seconds())
        world.notify(run, NoticeKind.RECALL)
        world.services.record.publish()
        after = take(await client.get(TRUST, headers={"If-None-Match": response.headers["etag"]}))

    def offline(trust: TrustView, serial: int) -> Word:
        return judge_offline(world.code(run, serial), trust, world.now).verdict.word

    assert (offline(before, 1), offline(before, 5)) == (Word.GENUINE_OFFLINE, Word.REVOKED)
    assert (again.status_code, again.content) == (304, b"")
    assert offline(after, 1) is Word.RECALLED


async def test_a_pack_of_some_provinces(founded_world: "World", tmp_path: Path) -> None:
    """It covers what it has and says of everything else that it cannot tell; every notice is in it."""
    world = founded_world
    run = world.run()
    world.services.record.publish()
    async with world.client() as client:
        here = scanner(tmp_path / "here", world)(await client.get(TRUST, params={"province": "01"}))
        away = scanner(tmp_path / "away", world)(await client.get(TRUST, params={"province": "31,48"}))
        wrong = await client.get(TRUST, params={"province": "Hà Nội"})
    code = world.code(run)
    assert judge_offline(code, here, world.now).verdict.word is Word.GENUINE_OFFLINE
    assert judge_offline(code, away, world.now).verdict.word is Word.CANNOT_TELL
    assert (wrong.status_code, wrong.json()["error"]) == (422, "invalid_request")


async def test_an_unchanged_bundle_is_stated_anew(founded_world: "World") -> None:
    """Its date tells scanners how fresh it is: after six hours there is a new one, before that none."""
    world = founded_world
    world.run()
    world.services.record.publish()
    async with world.client() as client:
        first = await client.get(TRUST)
        world.clock[0] += FRESH - MINUTE
        world.services.record.publish()
        bundle = [
            json.loads(answer.content)["files"]["bundle/bundle.json"]
            for answer in (first, await client.get(TRUST))
        ]
        assert bundle[0] == bundle[1]
        world.clock[0] += MINUTE
        world.services.record.publish()
        assert json.loads((await client.get(TRUST)).content)["files"]["bundle/bundle.json"] != bundle[0]


async def test_before_the_first_bundle_it_says_so(world: "World") -> None:
    """503 with words, not an empty pack that would call everything forged."""
    async with world.client() as client:
        answer = await client.get(TRUST)
    assert (answer.status_code, answer.json()["error"]) == (503, "no_trust_data")


async def test_the_command_writes_the_same_pack(founded_world: "World", tmp_path: Path) -> None:
    """`temthat trust pack` and the API give the same bytes."""
    world = founded_world
    world.run()
    world.services.record.publish()
    write_pack(world.services, tmp_path / "trust.json")
    async with world.client() as client:
        assert (await client.get(TRUST)).content == (tmp_path / "trust.json").read_bytes()


async def test_keys_are_listed_with_their_period(world: "World") -> None:
    """Raw key, hint, issuer and organisation; open until the month's end, then closed."""
    code = world.code(world.run())
    async with world.client() as client:
        [key] = (await client.get("/api/v1/keys")).json()
        world.forward(days=40)
        [later] = (await client.get("/api/v1/keys")).json()
    raw = base64.b64decode(key["public_key"])
    assert key["hint"] == key_hint(raw).hex() == decode(code).header.hint.hex()
    assert (key["organisation"], key["status"], later["status"]) == ("HTX Chè mẫu", "open", "closed")
    assert key["from"] < key["to"]
    assert set(key) == {"hint", "public_key", "issuer", "organisation", "from", "to", "status"}
