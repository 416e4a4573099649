"""POST /api/v1/events: told once or more often, in time or late, and what cannot have happened."""

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from temthat_stamps.copies.records import CopySignal, StampEvent, StampState
from temthat_stamps.verdict import NoticeKind
from temthat_trace.ids import uuid7
from temthat_trace.parties import Party, PartyKind
from temthat_verify_api.accounts import KeyRole, issue_api_key
from temthat_verify_api.api.models import EventAnswer

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
EVENTS = "/api/v1/events"


def report(world: "World", code: str, event: str = "check", **more: Any) -> dict[str, Any]:
    return {"id": str(uuid7(int(world.now.timestamp() * 1000))), "code": code, "event": event, **more}


async def tell(client: httpx.AsyncClient, body: dict[str, Any]) -> Any:
    response = await client.post(EVENTS, json=body)
    assert response.status_code == 200, response.text
    EventAnswer.model_validate_json(response.content)
    return response.json()


async def refused(client: httpx.AsyncClient, body: dict[str, Any]) -> tuple[int, str, str]:
    response = await client.post(EVENTS, json=body)
    told = response.json()
    assert told["message_vi"]
    assert told["message_en"]
    return response.status_code, told["error"], told.get("rule", "")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def shop_key(world: "World", name: str, role: KeyRole = KeyRole.TILL) -> dict[str, str]:
    """A key of a shop of its own."""
    with world.services.sessions() as session:
        shop = Party(code=name, kind=PartyKind.SHOP, name=name, province="01")
        session.add(shop)
        session.flush()
        token = issue_api_key(session, shop, role, "quầy 1")
        session.commit()
    return bearer(token)


def signals(world: "World") -> list[tuple[int, str]]:
    with world.services.sessions() as session:
        return [(row.serial, row.kind) for row in session.query(CopySignal).order_by(CopySignal.serial)]


async def test_a_sale_is_recorded_once_and_then_known(any_world: "World") -> None:
    """Repeating the same report changes nothing and says what it said; another report finds it sold."""
    code = any_world.code(any_world.run(), 3)
    headers = bearer(any_world.api_key(KeyRole.TILL))
    async with any_world.client(headers=headers) as client:
        sale = report(any_world, code, "sold", kind="till", place="79")
        first = await tell(client, sale)
        repeated = await tell(client, sale)
        other = await tell(client, report(any_world, code, "sold"))
        asked = (await client.post("/api/v1/verify", json={"code": code, "kind": "till"})).json()
        shopper = (await client.post("/api/v1/verify", json={"code": code})).json()
    assert (first["recorded"], first["outcome"], first["verdict"]) == (True, "recorded", "genuine")
    assert first["scored"]
    assert (repeated["recorded"], repeated["outcome"]) == (False, "duplicate")
    assert (repeated["verdict"], repeated["at"]) == ("genuine", first["at"])
    assert (other["verdict"], other["reasons"]) == ("sold", [{"key": "rung_up", "value": "2026-05-26 79"}])
    assert asked["verdict"] == "sold"
    assert asked["history"]["sold"] == {"on": "2026-05-26", "province": "79"}
    assert (shopper["verdict"], shopper["reasons"][0]["key"]) == ("genuine", "rung_up")


@pytest.mark.parametrize(
    ("at", "kept"),
    [
        ("2026-05-26T09:30:00+07:00", dt.datetime(2026, 5, 26, 3, tzinfo=dt.UTC)),
        ("2026-05-27T00:00:00Z", dt.datetime(2026, 5, 27, tzinfo=dt.UTC)),
        ("2026-05-28T03:59:00Z", dt.datetime(2026, 5, 28, 3, tzinfo=dt.UTC)),
        (None, dt.datetime(2026, 5, 28, 3, tzinfo=dt.UTC)),
    ],
)
async def test_late_is_fine_and_small_slips_of_clocks_are_set_right(
    world: "World", at: str | None, kept: dt.datetime
) -> None:
    """A report may be two days late, and a till's clock a little off."""
    code = world.code(world.run())
    world.forward(days=2)
    async with world.client() as client:
        told = await tell(client, report(world, code, at=at))
    assert told["recorded"]
    with world.services.sessions() as session:
        assert session.query(StampEvent).one().at == kept


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({"at": "2026-05-25T10:00:00+07:00"}, "time"),
        ({"at": "2019-12-31T23:00:00Z"}, "time"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "time"),
        ({"at": "2026-05-28T05:00:00Z"}, "time"),
        ({"at": "9999-12-31T23:59:59-12:00"}, "time"),
        ({"id": "01900000-0000-7000-8000-000000000000", "at": "2026-05-27T00:00:00Z"}, "id"),
        ({"place": "00"}, "place"),
        ({"event": "sold", "kind": "inspector"}, "kind"),
        ({"event": "sold", "kind": "consumer"}, "kind"),
        ({"event": "applied", "kind": "till"}, "kind"),
        ({"event": "returned", "kind": "consumer"}, "kind"),
        ({"event": "pin", "kind": "packer", "pin": "123456"}, "kind"),
    ],
)
async def test_what_cannot_have_happened_is_refused_and_leaves_nothing(
    world: "World", more: dict[str, Any], rule: str
) -> None:
    """Times, places and roles that cannot be, with the reason in both languages; no event, no score."""
    code = world.code(world.run())
    world.forward(days=2)
    async with world.client(headers=bearer(world.api_key(KeyRole.OPERATOR))) as client:
        assert await refused(client, report(world, code) | more) == (400, "impossible_event", rule)
    with world.services.sessions() as session:
        assert session.query(StampEvent).count() == 0
        assert session.query(StampState).count() == 0


async def test_a_report_beyond_the_window_is_stored_and_not_scored(any_world: "World") -> None:
    """A week after a newer event of its stamp; one as late of a stamp that nobody looked at since is scored."""
    run = any_world.run()
    code, other = any_world.code(run), any_world.code(run, 2)
    then = any_world.now.isoformat()
    any_world.forward(days=9)
    async with any_world.client() as client:
        assert (await tell(client, report(any_world, code)))["scored"]
        late = await tell(client, report(any_world, code, at=then))
        again = await tell(client, report(any_world, other, at=then))
    assert (late["recorded"], late["scored"]) == (True, False)
    assert (again["recorded"], again["scored"]) == (True, True)
    with any_world.services.sessions() as session:
        assert session.query(StampEvent).count() == 3


async def test_what_is_not_ours_is_judged_and_not_recorded(world: "World") -> None:
    """A forged code leaves no event behind."""
    async with world.client() as client:
        told = await tell(client, report(world, world.forged(world.run())))
    assert (told["recorded"], told["outcome"], told["verdict"]) == (False, "judged", "forged")
    with world.services.sessions() as session:
        assert session.query(StampEvent).count() == 0


async def test_roles(world: "World") -> None:
    """Who sells has a key; a packer sells at the farm gate by its own."""
    code = world.code(world.run())
    till, packer = world.api_key(KeyRole.TILL), world.api_key(KeyRole.PACKER)
    async with world.client() as client:

        async def status(token: str | None, **body: Any) -> int:
            headers = bearer(token) if token else {}
            return (await client.post(EVENTS, json=report(world, code, **body), headers=headers)).status_code

        assert await status(None, event="sold") == 401
        assert await status(None, event="returned") == 401
        assert await status(None, event="applied") == 401
        assert await status(packer, event="sold") == 403
        assert await status(till, event="applied") == 403
        assert await status(till, event="sold") == 200
        assert await status(packer, event="sold", kind="packer") == 200


async def test_a_pin_is_tried_and_never_stored(any_world: "World") -> None:
    """Right, right again by another, wrong; late it cannot be tried."""
    run = any_world.run(has_pins=True)
    code = any_world.code(run)
    async with any_world.client() as client:
        pin = pin_of(any_world, run)
        wrong = "000000" if pin != "000000" else "111111"
        first = await tell(client, report(any_world, code, "pin", pin=f"{pin[:3]} {pin[3:]}", place="01"))
        again = await tell(client, report(any_world, code, "pin", pin=pin))
        bad = await tell(client, report(any_world, code, "pin", pin=wrong))
        assert (await refused(client, report(any_world, code, "pin")))[:2] == (422, "invalid_request")
        assert (await refused(client, report(any_world, code, pin=pin)))[:2] == (422, "invalid_request")
        any_world.forward(hours=3)
        late = (any_world.now - dt.timedelta(hours=2)).isoformat()
        late_answer = await refused(client, report(any_world, code, "pin", pin=pin, at=late))
    assert (first["pin"]["answer"], first["verdict"], first["recorded"]) == ("right_first", "genuine", True)
    assert (again["pin"]["answer"], again["verdict"]) == ("right_again", "claimed")
    assert again["pin"]["first"] == {"on": "2026-05-26", "province": "01"}
    assert (bad["pin"]["answer"], bad["recorded"], bad["outcome"]) == ("wrong", False, "judged")
    assert bad["pin"]["left"] > 0
    assert late_answer == (400, "impossible_event", "time")


def pin_of(world: "World", run: int, serial: int = 1) -> str:
    from temthat_stamps.code import Header
    from temthat_stamps.runs.custody import run_secret
    from temthat_stamps.runs.records import Run
    from temthat_stamps.signing import RunSecrets

    with world.services.sessions() as session:
        record = session.get_one(Run, run)
        return RunSecrets(run_secret(world.services.sealer, record)).pin(
            Header(record.stamp_key.hint, run, serial)
        )


# ---- taken back, spoiled, gone --------------------------------------------------------------------------------------


async def test_goods_brought_back_can_be_sold_again(any_world: "World") -> None:
    """After a return the till is told nothing, the history neither, and the model counts one sale."""
    code = any_world.code(any_world.run())
    async with any_world.client(headers=shop_key(any_world, "SHOP-A")) as client:
        await tell(client, report(any_world, code, "sold", place="01"))
        any_world.forward(days=1)
        back = report(any_world, code, "returned")
        taken = await tell(client, back)
        assert (taken["recorded"], taken["verdict"], taken["reasons"]) == (True, "genuine", [])
        assert (await tell(client, back))["outcome"] == "duplicate"
        asked = (await client.post("/api/v1/verify", json={"code": code, "kind": "consumer"})).json()
        any_world.forward(days=1)
        again = await tell(client, report(any_world, code, "sold", place="01"))
        third = await tell(client, report(any_world, code, "sold"))
    assert (asked["verdict"], asked["history"]["sold"]) == ("genuine", None)
    assert again["verdict"] == "genuine"
    assert (third["verdict"], third["reasons"][0]) == ("sold", {"key": "rung_up", "value": "2026-05-28 01"})
    assert signals(any_world) == []


async def test_only_who_sold_takes_back_and_only_what_was_sold(any_world: "World") -> None:
    """Another shop, a second return, a return of before the sale: there is nothing to take back."""
    code = any_world.code(any_world.run())
    any_world.forward(hours=5)
    ours, theirs = shop_key(any_world, "SHOP-A"), shop_key(any_world, "SHOP-B")
    nothing = (400, "impossible_event", "teller")
    async with any_world.client(headers=ours) as client, any_world.again(headers=theirs) as other:
        assert await refused(client, report(any_world, code, "returned")) == nothing
        await tell(client, report(any_world, code, "sold"))
        assert await refused(other, report(any_world, code, "returned")) == nothing
        before = (any_world.now - dt.timedelta(hours=3)).isoformat()
        assert await refused(client, report(any_world, code, "returned", at=before)) == nothing
        any_world.forward(minutes=1)
        assert (await tell(client, report(any_world, code, "returned")))["recorded"]
        assert await refused(client, report(any_world, code, "returned")) == nothing


async def test_a_spoiled_unit_is_told_and_its_sale_is_evidence(any_world: "World") -> None:
    """One act at a till: not for sale from then on; rung up all the same, that is a signal. A slip is taken back."""
    run = any_world.run()
    code, other = any_world.code(run), any_world.code(run, 2)
    async with any_world.client(headers=shop_key(any_world, "SHOP-A")) as client:
        told = await tell(client, report(any_world, code, "spoiled"))
        assert (told["recorded"], told["scored"]) == (True, False)
        shopper = (await client.post("/api/v1/verify", json={"code": code})).json()
        assert (shopper["verdict"], shopper["reasons"][0]["key"]) == ("not_applied", "spoiled")
        any_world.forward(minutes=5)
        assert signals(any_world) == []
        sale = await tell(client, report(any_world, code, "sold"))
        assert (sale["verdict"], sale["recorded"]) == ("not_applied", True)
        await tell(client, report(any_world, other, "spoiled"))
        any_world.forward(minutes=5)
        await tell(client, report(any_world, other, "returned"))
        any_world.forward(minutes=5)
        assert (await tell(client, report(any_world, other, "sold")))["verdict"] == "genuine"
    assert signals(any_world) == [(1, "gone")]


@pytest.mark.parametrize("kind", [NoticeKind.SPOILED, NoticeKind.RETURNED, NoticeKind.VOID, NoticeKind.LOST])
async def test_a_sale_of_withdrawn_stamps_is_evidence_but_an_earlier_one_is_not(
    world: "World", kind: NoticeKind
) -> None:
    """By notice; a sale from before that only arrives now is none."""
    run = world.run()
    codes = [world.code(run, serial) for serial in (1, 2, 30)]
    before = (world.now + dt.timedelta(minutes=10)).isoformat()
    world.forward(hours=2)
    world.notify(run, kind, serials=(1, 20))
    world.forward(hours=2)
    async with world.client(headers=shop_key(world, "SHOP-A")) as client:
        gone = await tell(client, report(world, codes[0], "sold"))
        late = await tell(client, report(world, codes[1], "sold", at=before))
        good = await tell(client, report(world, codes[2], "sold"))
    assert gone["verdict"] in ("not_applied", "revoked")
    assert [told["recorded"] for told in (gone, late, good)] == [True, True, True]
    assert signals(world) == [(1, "gone")]


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
        {"pin": "123456"},
    ],
)
async def test_what_is_not_a_report(world: "World", wrong: dict[str, Any]) -> None:
    """An id of another version, a time without zone, a word nobody knows: 422, naming the member."""
    async with world.client() as client:
        response = await client.post(EVENTS, json=report(world, "x") | wrong)
    assert response.status_code == 422
    assert response.json()["field"] == next(iter(wrong))
