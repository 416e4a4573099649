"""POST /api/v1/events: told once or more often, in time or late."""

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from temthat_stamps.copies.records import StampEvent
from temthat_trace.ids import uuid7
from temthat_verify_api.accounts import KeyRole
from temthat_verify_api.api.models import EventAnswer

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
EVENTS = "/api/v1/events"


def report(code: str, event: str = "check", **more: Any) -> dict[str, Any]:
    return {"id": str(uuid7()), "code": code, "event": event, **more}


async def tell(client: httpx.AsyncClient, body: dict[str, Any]) -> Any:
    response = await client.post(EVENTS, json=body)
    assert response.status_code == 200, response.text
    EventAnswer.model_validate_json(response.content)
    return response.json()


async def test_a_sale_is_recorded_once_and_then_known(any_world: "World") -> None:
    """Repeating the same report changes nothing and says what it said; another report finds it sold."""
    code = any_world.code(any_world.run(), 3)
    headers = {"Authorization": f"Bearer {any_world.api_key(KeyRole.TILL)}"}
    async with any_world.client(headers=headers) as client:
        sale = report(code, "sold", kind="till", place="79")
        first = await tell(client, sale)
        repeated = await tell(client, sale)
        other = await tell(client, report(code, "sold", kind="till"))
        asked = (await client.post("/api/v1/verify", json={"code": code, "kind": "till"})).json()
        shopper = (await client.post("/api/v1/verify", json={"code": code})).json()
    assert (first["recorded"], first["verdict"]) == (True, "genuine")
    assert (repeated["recorded"], repeated["verdict"], repeated["at"]) == (False, "genuine", first["at"])
    assert (other["verdict"], other["reasons"]) == ("sold", [{"key": "rung_up", "value": "2026-05-26 79"}])
    assert asked["verdict"] == "sold"
    assert asked["history"]["sold"] == {"on": "2026-05-26", "province": "79"}
    assert (shopper["verdict"], shopper["reasons"][0]["key"]) == ("genuine", "rung_up")


@pytest.mark.parametrize(
    ("at", "kept"),
    [
        ("2026-05-25T10:00:00+07:00", dt.datetime(2026, 5, 26, 3, tzinfo=dt.UTC)),
        ("0001-01-01T00:00:00+14:00", dt.datetime(2026, 5, 26, 3, tzinfo=dt.UTC)),
        ("2026-05-27T00:00:00Z", dt.datetime(2026, 5, 27, tzinfo=dt.UTC)),
        ("9999-12-31T23:59:59-12:00", dt.datetime(2026, 5, 28, 3, tzinfo=dt.UTC)),
        (None, dt.datetime(2026, 5, 28, 3, tzinfo=dt.UTC)),
    ],
)
async def test_times_stay_between_registration_and_now(
    world: "World", at: str | None, kept: dt.datetime
) -> None:
    """A till's clock may be wrong, and its report may be two days late."""
    code = world.code(world.run())
    world.forward(days=2)
    async with world.client() as client:
        told = await tell(client, report(code, at=at))
    assert told["recorded"]
    with world.services.sessions() as session:
        assert session.query(StampEvent).one().at == kept


async def test_what_is_not_ours_is_judged_and_not_recorded(world: "World") -> None:
    """A forged code leaves no event behind."""
    async with world.client() as client:
        told = await tell(client, report(world.forged(world.run())))
    assert (told["recorded"], told["verdict"]) == (False, "forged")
    with world.services.sessions() as session:
        assert session.query(StampEvent).count() == 0


async def test_roles_and_what_is_not_built(world: "World") -> None:
    """A sale needs a till's key even from a consumer; later events say that they are not built."""
    code = world.code(world.run())
    till, packer = world.api_key(KeyRole.TILL), world.api_key(KeyRole.PACKER)
    async with world.client() as client:

        async def status(token: str | None, **body: Any) -> int:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            return (await client.post(EVENTS, json=report(code, **body), headers=headers)).status_code

        assert await status(None, event="sold") == 401
        assert await status(packer, event="sold", kind="packer") == 403
        assert await status(till, event="sold") == 200
        assert await status(packer, event="applied", kind="packer") == 501
        assert await status(None, event="pin") == 501
        assert await status(None, event="applied", kind="packer") == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": str(uuid.uuid4())},
        {"id": "x"},
        {"event": "eaten"},
        {"at": "yesterday"},
        {"at": "2026-05-26T10:00:00"},
        {"code": 5},
        {"more": 1},
        {"place": "Hà Nội"},
        {"at": 0},
    ],
)
async def test_what_is_not_a_report(world: "World", wrong: dict[str, Any]) -> None:
    """An id of another version, a time without zone, a word nobody knows: 422, naming the member."""
    async with world.client() as client:
        response = await client.post(EVENTS, json=report("x") | wrong)
    assert response.status_code == 422
    assert response.json()["field"] == next(iter(wrong))
