"""POST /api/v1/verify: every verdict over HTTP, from real signatures and a real database."""

import datetime as dt
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from temthat_stamps.code import encode, stamp_url
from temthat_stamps.copies.records import StampEvent
from temthat_stamps.signing import sign_code
from temthat_stamps.verdict import NoticeKind
from temthat_verify_api.accounts import KeyRole
from temthat_verify_api.api.models import VerifyAnswer
from temthat_verify_api.guesses import FROM_ONE_SOURCE

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
VERIFY = "/api/v1/verify"


async def ask(client: httpx.AsyncClient, code: str, **more: Any) -> Any:
    """An answer, which must be of the documented shape."""
    response = await client.post(VERIFY, json={"code": code, **more})
    assert response.status_code == 200, response.text
    VerifyAnswer.model_validate_json(response.content)
    return response.json()


def keys(answer: Any) -> list[str]:
    return [reason["key"] for reason in answer["reasons"]]


async def test_a_genuine_stamp_has_its_whole_story(any_world: "World") -> None:
    """Verdict, identity, lot, product, issuer and an empty history; the check itself counts for the next."""
    run = any_world.run()
    async with any_world.client() as client:
        first = await ask(client, any_world.code(run, 7), place="27")
        again = await ask(client, any_world.number(run, 7))
    assert (first["verdict"], first["reasons"]) == ("genuine", [])
    assert (first["stamp"]["run"], first["stamp"]["serial"]) == (run, 7)
    assert first["history"] == {"checks": 0, "first": None, "last": None, "sold": None}
    assert first["batch"] == {"lot": "L01", "made_on": "2026-05-01", "expires_on": "2026-12-31"}
    assert first["product"]["pack_form"]["name"] == "Gói 100 g"
    assert (first["issuer"]["name"], first["issuer"]["hotline"]) == ("HTX Chè mẫu", "0900 111 222")
    assert again["verdict"] == "genuine"
    assert again["stamp"] == first["stamp"]
    # The old code 27 of Bắc Ninh is 24 today: the merger gave the new province Bắc Giang's code.
    assert again["history"]["last"] == {"on": "2026-05-26", "province": "24"}


async def test_one_or_two_checks_are_not_counted_aloud(world: "World") -> None:
    """They would be about single persons; that there was one, the days tell."""
    code = world.code(world.run())
    async with world.client() as client:
        told = [await ask(client, code) for _ in range(4)]
    assert [answer["history"]["checks"] for answer in told] == [0, None, None, 3]
    said = [[r["value"] for r in answer["reasons"] if r["key"] == "checked_before"] for answer in told]
    assert said == [[], [""], [""], ["3"]]
    assert all(answer["history"]["last"] for answer in told[1:])


async def test_any_form_of_the_code_gets_the_same_verdict(world: "World") -> None:
    """Bare, lower case, as URL with any scheme and trailing query: one stamp."""
    code = world.code(world.run())
    async with world.client() as client:
        for text in (code, code.lower(), f" {code}\n", f"https://tem.example.vn/t/{code.lower()}?x=1#y"):
            assert (await ask(client, text))["verdict"] == "genuine"


async def test_altered_and_made_up_codes_are_forged_and_leave_no_trace(world: "World") -> None:
    """A wrong signature, a stranger's key, a run or serial never registered: forged, told apart by the reason."""
    run = world.run(count=10)
    key = world.stolen_key(run)
    async with world.client() as client:
        cases = {
            world.forged(run): "bad_signature",
            sign_code(Ed25519PrivateKey.generate(), run, 1): "unknown_key",
            sign_code(key, run + 1, 1): "outside_runs",
            sign_code(key, run, 11): "outside_runs",
        }
        for code, reason in cases.items():
            answer = await ask(client, code)
            assert (answer["verdict"], keys(answer)) == ("forged", [reason])
            assert answer["product"] is answer["history"] is None
    with world.services.sessions() as session:
        assert session.query(StampEvent).count() == 0


async def test_what_is_not_ours_and_what_is_newer(world: "World") -> None:
    """Another code is not ours; a stamp of a later version cannot be told."""
    async with world.client() as client:
        for text in ("", "https://example.com/", "1" * 122, "B" * 122, "ế" * 50, "x" * 100_000, "\u0000"):
            assert (await ask(client, text))["verdict"] == "not_ours"
        newer = await ask(client, encode(b"\x02" + bytes(11), bytes(64)))
    assert (newer["verdict"], keys(newer), newer["stamp"]) == ("cannot_tell", ["newer_format"], None)


async def test_a_recall_is_seen_by_the_very_next_check(any_world: "World") -> None:
    """What is cached about a run is dropped when anything it rests on changed."""
    run = any_world.run()
    code = any_world.code(run)
    async with any_world.client() as client:
        assert (await ask(client, code))["verdict"] == "genuine"
        any_world.notify(run, NoticeKind.RECALL)
        recalled = await ask(client, code)
        assert (recalled["verdict"], recalled["reasons"][0]) == (
            "recalled",
            {"key": "recall", "value": "2026-05-26 contamination"},
        )
        any_world.notify(run, NoticeKind.LIFT, reason="resolved")
        any_world.notify(run, NoticeKind.REVOCATION, serials=(3, 5), reason="misprint")
        lifted = await ask(client, any_world.code(run, 2))
        voided = await ask(client, any_world.code(run, 4))
    assert (lifted["verdict"], keys(lifted)) == ("genuine", [])
    assert (voided["verdict"], keys(voided)) == ("revoked", ["revocation"])


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        (NoticeKind.VOID, "revoked"),
        (NoticeKind.LOST, "revoked"),
        (NoticeKind.HOLD, "not_applied"),
        (NoticeKind.SPOILED, "not_applied"),
    ],
)
async def test_notices_touch_only_their_serials(world: "World", kind: NoticeKind, verdict: str) -> None:
    """Stamps 10 to 20 are withdrawn or held; their neighbours stay genuine."""
    run = world.run()
    world.notify(run, kind, serials=(10, 20), reason="other")
    async with world.client() as client:
        found = {
            serial: (await ask(client, world.code(run, serial)))["verdict"] for serial in (9, 10, 20, 21)
        }
    assert found == {9: "genuine", 10: verdict, 20: verdict, 21: "genuine"}


async def test_expiry_ends_at_midnight_in_vietnam(world: "World") -> None:
    """The last day counts whole, whatever UTC says."""
    run = world.run(expires_on=dt.date(2026, 5, 26))
    async with world.client() as client:
        world.clock[0] = dt.datetime(2026, 5, 26, 16, 59, tzinfo=dt.UTC)
        assert (await ask(client, world.code(run)))["verdict"] == "genuine"
        world.clock[0] = dt.datetime(2026, 5, 26, 17, 0, tzinfo=dt.UTC)
        assert (await ask(client, world.code(run)))["verdict"] == "expired"


async def test_a_run_that_waits_for_activation(world: "World") -> None:
    """It was chosen when the run was ordered; absence of a record alone is never evidence."""
    run = world.run(needs_activation=True)
    async with world.client() as client:
        assert (await ask(client, world.code(run)))["verdict"] == "not_applied"


async def test_a_foreign_host_is_told_but_not_judged(world: "World") -> None:
    """A good signature under another host stays good, with a warning."""
    url = stamp_url("tem-that.example", world.code(world.run()))
    async with world.client() as client:
        answer = await ask(client, url)
    assert (answer["verdict"], answer["reasons"]) == (
        "genuine",
        [{"key": "foreign_host", "value": "tem-that.example"}],
    )


async def test_gs1_form_must_agree_with_header_and_manifest(world: "World") -> None:
    """Number, GTIN and lot in clear are compared; one that differs makes it forged."""
    run = world.run(gs1=True)
    code, number = world.code(run, 2), world.number(run, 2)
    url = f"https://tem.example.vn/01/08938505974194/10/L01/21/{number}?t={code}"
    async with world.client() as client:
        assert (await ask(client, url))["verdict"] == "genuine"
        for wrong in (
            url.replace("08938505974194", "08938505974187"),
            url.replace("/L01/", "/L02/"),
            url.replace(number, world.number(run, 3)),
        ):
            answer = await ask(client, wrong)
            assert (answer["verdict"], keys(answer)[0]) == ("forged", "path_mismatch")
            assert answer["product"] is answer["history"] is None


async def test_typed_numbers(world: "World") -> None:
    """A slip is no verdict; a wrong seal is forged; any spelling of the right number is genuine."""
    run = world.run()
    # Two equal letters at the end would still be right when they change places.
    right = next(n for n in (world.number(run, serial) for serial in range(5, 20)) if n[-1] != n[-2])
    async with world.client() as client:
        for spelling in (right, right.lower(), f"{right[:4]} {right[4:8]}-{right[8:]}"):
            assert (await ask(client, spelling))["verdict"] == "genuine"
        slip = await client.post(VERIFY, json={"code": right[:3] + "U" + right[4:]})
        assert (slip.status_code, slip.json()["error"], slip.json()["position"]) == (422, "mistyped", 4)
        swapped = await client.post(VERIFY, json={"code": right[:-2] + right[-1] + right[-2]})
        assert (swapped.status_code, swapped.json()["error"]) == (422, "mistyped")
        assert keys(await ask(client, world.wrong_number(run, 5))) == ["bad_signature"]
        assert keys(await ask(client, world.wrong_number(run + 7, 5))) == ["unknown_key"]


async def test_guessing_numbers_is_slowed_down_and_never_locked(world: "World") -> None:
    """After some wrong guesses from one neighbourhood it has to wait; codes are judged as ever."""
    run = world.run()
    async with world.client() as client:
        for guess in range(FROM_ONE_SOURCE.amount):
            assert (await ask(client, world.wrong_number(run, guess + 1)))["verdict"] == "forged"
        refused = await client.post(VERIFY, json={"code": world.number(run, 1)})
        assert (refused.status_code, refused.json()["error"]) == (429, "too_many_guesses")
        assert int(refused.headers["retry-after"]) <= 600
        assert (await ask(client, world.code(run)))["verdict"] == "genuine"


async def test_roles_need_a_key_of_that_role(world: "World") -> None:
    """Only a consumer asks without a key; the operator's key speaks for every role."""
    code = world.code(world.run())
    till, operator = world.api_key(KeyRole.TILL), world.api_key(KeyRole.OPERATOR)
    async with world.client() as client:

        async def status(kind: str, token: str | None) -> int:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            return (await client.post(VERIFY, json={"code": code, "kind": kind}, headers=headers)).status_code

        assert await status("till", None) == 401
        assert await status("till", "tt_till_made-up") == 401
        assert await status("till", till) == 200
        assert await status("inspector", till) == 403
        assert await status("packer", operator) == 200
        assert await status("consumer", "tt_till_made-up") == 200


@pytest.mark.parametrize(
    ("place", "kept"),
    [
        ("01", "01"),
        ("27", "24"),
        ("88415cb4e5fffff", "85415cb7fffffff"),
        (None, None),
        ("00", None),
        ("88415cb4e5ffff0", None),
    ],
)
async def test_places_are_kept_coarse(world: "World", place: str | None, kept: str | None) -> None:
    """A province of today, or an H3 cell of some 250 square kilometres; nothing finer."""
    async with world.client() as client:
        await ask(client, world.code(world.run()), place=place)
    with world.services.sessions() as session:
        assert session.query(StampEvent).one().place == kept


@pytest.mark.parametrize("place", ["", "xx", "1", "abc", "88415cb4e5fffffff", "10.77,106.69", 24])
async def test_what_is_no_place(world: "World", place: object) -> None:
    """Neither a two-digit code nor a cell: refused, so that a misconfigured till is noticed."""
    async with world.client() as client:
        response = await client.post(VERIFY, json={"code": world.code(world.run()), "place": place})
    assert (response.status_code, response.json()["field"]) == (422, "place")


async def test_no_address_is_kept_anywhere(
    world: "World", tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """After checks of every kind neither database nor log knows where they came from."""
    run = world.run()
    async with world.client() as client:
        await ask(client, world.code(run), place="01")
        await ask(client, world.wrong_number(run))
        await client.get(f"/T/{world.code(run)}", headers={"X-Forwarded-For": "203.0.113.77"})
        figures = (await client.get("/metrics")).text
    written = b"".join(f.read_bytes() for f in tmp_path.rglob("*") if f.is_file())
    assert b"203.0.113" not in written
    assert "203.0.113" not in caplog.text + figures
