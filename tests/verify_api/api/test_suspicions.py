"""POST /api/v1/reports: once in effect however often it is sent, bounded, and nothing half stored."""

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.verify_api.pages.test_reports import photo

from temthat_stamps.copies.records import CopySignal, StampEvent
from temthat_trace.papers import Attachment
from temthat_verify_api.api.models import ReportAnswer
from temthat_verify_api.api.reports import REPORT_BYTES
from temthat_verify_api.app import create_app
from temthat_verify_api.guesses import TooManyGuesses
from temthat_verify_api.reports import reference
from temthat_verify_api.reports.records import ReportContact, SuspectReport

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
REPORTS = "/api/v1/reports"


def report(**more: Any) -> dict[str, Any]:
    """One with a number of its own."""
    return {"reference": reference.draw(), "words": "Nhẹ hơn mọi khi", **more}


def stored(world: "World") -> list[SuspectReport]:
    with world.services.sessions() as session:
        return list(session.query(SuspectReport).order_by(SuspectReport.id))


async def test_sent_again_and_again_it_is_one(any_world: "World") -> None:
    """Three at once and one later: one report, one picture without the camera's words, one contact, one lead."""
    world = any_world
    run = world.run()
    told = report(
        code=world.code(run, 7), odd=["place", "weight"], shop="Chợ Đồng Xuân", province="01",
        photo=base64.b64encode(photo()).decode(), contact="0912 345 678", agree=True,
    )  # fmt: skip
    async with world.client() as client:
        answers = await asyncio.gather(*(client.post(REPORTS, json=told) for _ in range(3)))
        answers.append(await client.post(REPORTS, json=told))
    said = [ReportAnswer.model_validate_json(answer.content) for answer in answers]
    assert {one.reference for one in said} == {told["reference"]}
    assert sorted(one.outcome for one in said) == ["duplicate"] * 3 + ["recorded"]
    [kept] = stored(world)
    assert (kept.run, kept.serial, kept.verdict, kept.code) == (run, 7, "genuine", "")
    assert (kept.odd, kept.told, kept.shop, kept.province) == (
        "weight place", "Nhẹ hơn mọi khi", "Chợ Đồng Xuân", "01",
    )  # fmt: skip
    with world.services.sessions() as session:
        [picture] = session.query(Attachment)
        assert b"PhoneOfMrsSau" not in picture.data
        assert session.query(ReportContact).one().contact == "0912 345 678"
        assert session.query(CopySignal).one().kind == "report"
        assert session.query(StampEvent).count() == 0


async def test_a_number_of_another_report_is_said_so(world: "World") -> None:
    """Nothing is stored over it and nothing lost: with another number it is taken."""
    first = report(words="A")
    async with world.client() as client:
        assert (await client.post(REPORTS, json=first)).status_code == 200
        taken = await client.post(REPORTS, json=first | {"words": "B"})
        again = await client.post(REPORTS, json=first | {"words": "B", "reference": reference.draw()})
    assert (taken.status_code, taken.json()["error"], again.status_code) == (409, "reference_taken", 200)
    assert [one.told for one in stored(world)] == ["A", "B"]


async def test_the_number_shows_the_state(world: "World") -> None:
    """As one filed on the page, and as it is read out."""
    number = reference.draw()
    async with world.client() as client:
        spoken = reference.grouped(number).lower()
        answer = await client.post(REPORTS, json=report(reference=spoken))
        page = await client.get(f"/report/{number}", headers={"Accept": "text/html"})
    assert answer.json() == {"reference": number, "outcome": "recorded"}
    assert "Đã nhận" in page.text


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"reference": "7K3M-9QX2-U"}, "reference"),
        ({"contact": "0912 345 678"}, "agree"),
        ({"odd": ["colour"]}, "odd.0"),
        ({"words": "x" * 1_001}, "words"),
        ({"province": "1"}, "province"),
        ({"photo": "%%%"}, "photo"),
        ({"photo": base64.b64encode(b"%PDF-1.7 nothing").decode()}, "photo"),
        ({"photo": base64.b64encode(photo()[:500]).decode()}, "photo"),
        ({"words": " \u200b "}, None),
        ({"gps": "10.8,106.6"}, "gps"),
    ],
    ids=[
        "slip", "no consent", "unknown odd", "long", "province", "no base64", "no picture", "half a picture",
        "empty", "unknown member",
    ],
)  # fmt: skip
async def test_what_cannot_be_taken_is_said(world: "World", more: dict[str, Any], field: str | None) -> None:
    """Typed, in two languages, naming the member; nothing is stored."""
    async with world.client() as client:
        answer = await client.post(REPORTS, json=report(**more))
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_request")
    assert answer.json().get("field") == field
    assert answer.json()["message_vi"] != answer.json()["message_en"]
    assert stored(world) == []
    with world.services.sessions() as session:
        assert session.query(Attachment).count() == 0


async def test_too_much_or_from_elsewhere_is_refused(world: "World") -> None:
    """A body beyond the limit, and one that another site's page sent."""
    async with world.client() as client:
        large = await client.post(REPORTS, content=b"x" * (REPORT_BYTES + 1))
        foreign = await client.post(REPORTS, json=report(), headers={"Sec-Fetch-Site": "cross-site"})
        own = await client.post(REPORTS, json=report(), headers={"Sec-Fetch-Site": "same-origin"})
    assert [large.status_code, foreign.status_code, own.status_code] == [413, 403, 200]
    assert foreign.json()["error"] == "other_site"


async def test_a_flood_ends_and_what_was_sent_again_costs_nothing(world: "World") -> None:
    """After twenty in an hour others wait; the limit is the form's own."""
    async with world.client() as client:
        first = report()
        for _ in range(5):
            assert (await client.post(REPORTS, json=first)).status_code == 200
        codes = [(await client.post(REPORTS, json=report())).status_code for _ in range(20)]
        late = await client.post(REPORTS, json=report())
        page = await client.post("/report", data={"words": "x"})
    assert codes == [200] * 19 + [429]
    assert (late.json()["error"], page.status_code) == ("too_many_reports", 429)
    assert int(late.headers["retry-after"]) > 0
    assert len(stored(world)) == 20


async def test_while_numbers_are_guessed_it_waits(world: "World", monkeypatch: pytest.MonkeyPatch) -> None:
    """Filed without its stamp and sent again it would be two: so it is told to come later."""
    run = world.run()
    told = report(code=world.number(run))
    async with world.client() as client:
        judging = world.app.state.parts.judging
        real = judging.ask

        async def tired(*_: Any) -> Any:
            raise TooManyGuesses(5)

        monkeypatch.setattr(judging, "ask", tired)
        later = await client.post(REPORTS, json=told)
        monkeypatch.setattr(judging, "ask", real)
        taken = await client.post(REPORTS, json=told)
    assert (later.status_code, later.json()["error"], taken.status_code) == (429, "too_many_guesses", 200)
    assert [one.run for one in stored(world)] == [run]


NAMES = ("reference", "code", "odd", "words", "shop", "province", "photo", "contact", "agree")
VALUES = (
    st.text(max_size=40) | st.sampled_from(["weight", "01", "\x00", "7K3M9QX2V"]) | st.none() | st.booleans()
)


@settings(max_examples=40)
@given(
    st.dictionaries(st.sampled_from(NAMES), VALUES | st.lists(VALUES, max_size=3)) | st.binary(max_size=100)
)
async def test_property_nothing_breaks_it(world: "World", body: dict[str, Any] | bytes) -> None:
    """Whatever is sent: taken, or refused in words; never a fault."""
    if not hasattr(world, "app"):
        world.app = create_app(world.services)
    async with world.again() as client:
        sent = body if isinstance(body, bytes) else json.dumps(report(**body)).encode()
        answer: httpx.Response = await client.post(REPORTS, content=sent)
    assert answer.status_code in (200, 409, 422, 429)
    if answer.status_code != 200:
        assert {"error", "message_vi", "message_en"} <= set(answer.json())
