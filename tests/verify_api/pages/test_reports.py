"""Reporting a suspect pack: without a name, without a script, nothing lost, nothing half stored."""

import asyncio
import io
import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from temthat_stamps.copies.records import CopySignal, StampEvent
from temthat_trace.papers import Attachment
from temthat_verify_api.app import create_app
from temthat_verify_api.reports import reference
from temthat_verify_api.reports.records import ReportContact, ReportState, SuspectReport
from temthat_verify_api.store import StoreUnavailableError

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
BROWSER = {"Accept": "text/html,application/xhtml+xml", "Accept-Language": "vi-VN,vi;q=0.9"}


def photo() -> bytes:
    """A JPEG whose EXIF says where and with what it was taken."""
    picture = Image.new("RGB", (900, 700), "olive")
    exif = Image.Exif()
    exif[0x010F] = "PhoneOfMrsSau"
    exif.get_ifd(0x8825)[1] = "N"
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif)
    return out.getvalue()


async def form_of(client: httpx.AsyncClient, path: str) -> tuple[str, str]:
    """Where the form is sent, and the reference number it carries."""
    page = (await client.get(path, headers=BROWSER)).text
    action, ref = re.search(r'action="(/report[^"]*)"', page), re.search(r'name="ref" value="(\w{9})"', page)
    assert action
    assert ref
    return action[1].replace("&amp;", "&"), ref[1]


async def send(client: httpx.AsyncClient, to: str, files: Any = None, **fields: Any) -> httpx.Response:
    return await client.post(to, data=fields, files=files or {"photo": ("", b"")}, headers=BROWSER)


def stored(world: "World") -> list[SuspectReport]:
    with world.services.sessions() as session:
        return list(session.query(SuspectReport).order_by(SuspectReport.id))


def count(world: "World", kind: type) -> int:
    with world.services.sessions() as session:
        return session.query(kind).count()


async def test_a_report_from_the_result_page(any_world: "World") -> None:
    """By the link of the page, with photo, shop and contact; it is a lead on the stamp, and no check of it."""
    world = any_world
    run = world.run()
    async with world.client() as client:
        page = (await client.get(f"/T/{world.code(run, 7)}", headers=BROWSER)).text
        link = re.search(r'href="(/report\?code=[^"]*)"', page)
        assert link
        action, ref = await form_of(client, link[1].replace("&amp;", "&"))
        answer = await send(
            client, action, {"photo": ("a.jpg", photo(), "image/jpeg")}, ref=ref, odd=["weight", "place"],
            words="Nhẹ hơn mọi khi", shop="Chợ Đồng Xuân", province="01", contact="0912 345 678", agree="1",
        )  # fmt: skip
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"] == f"/report/{ref}?new=1&lang=vi"
        shown = await client.get(answer.headers["location"], headers=BROWSER)
    assert reference.grouped(ref) in shown.text
    assert "Đã nhận báo cáo" in shown.text
    assert "HTX Chè mẫu" in shown.text
    [report] = stored(world)
    assert (report.run, report.serial, report.verdict, report.code) == (run, 7, "genuine", "")
    assert (report.odd, report.told, report.shop, report.province) == (
        "weight place", "Nhẹ hơn mọi khi", "Chợ Đồng Xuân", "01",
    )  # fmt: skip
    assert report.state is ReportState.OPEN
    with world.services.sessions() as session:
        kept = session.get_one(Attachment, report.photo)
        assert kept.media_type == "image/webp"
        assert b"PhoneOfMrsSau" not in kept.data
        assert session.query(ReportContact).one().contact == "0912 345 678"
        signal = session.query(CopySignal).one()
        assert (signal.run, signal.serial, signal.kind, signal.province) == (run, 7, "report", "01")
    assert count(world, StampEvent) == 0


async def test_what_is_not_ours_is_reported_with_its_text(world: "World") -> None:
    """Of a wrong seal and of a strange code the text is kept, bounded, and no stamp of ours is touched."""
    run = world.run()
    forged, strange = world.forged(run), "https://la.example/<b>" + "x" * 500
    async with world.client() as client:
        for code in (forged, strange):
            action, ref = await form_of(client, str(httpx.URL("/report", params={"code": code})))
            assert (await send(client, action, ref=ref, odd="other")).status_code == 303
        page = await client.get(str(httpx.URL("/report", params={"code": strange})), headers=BROWSER)
    assert "&lt;b&gt;" in page.text
    first, second = stored(world)
    assert (first.run, first.party_id, first.verdict, first.code) == (None, None, "forged", forged)
    assert (second.verdict, second.code) == ("not_ours", strange[:300])
    assert count(world, CopySignal) == 0


async def test_a_look_alike_address_is_kept(world: "World") -> None:
    """The stamp is ours, and the host it was read under is the lead."""
    run = world.run()
    async with world.client() as client:
        read = f"https://tem-that.example/T/{world.code(run, 2)}"
        action, ref = await form_of(client, str(httpx.URL("/report", params={"code": read})))
        assert (await send(client, action, ref=ref, odd="place")).status_code == 303
    [report] = stored(world)
    assert (report.serial, report.code) == (2, "tem-that.example")


async def test_two_at_the_same_moment_are_one(any_world: "World") -> None:
    """The same form, the same photo, twice at once: one report, one picture."""
    world = any_world
    files = {"photo": ("a.jpg", photo(), "image/jpeg")}
    async with world.client() as client:
        action, ref = await form_of(client, "/report")
        answers = await asyncio.gather(*(send(client, action, files, ref=ref, words="A") for _ in range(3)))
    assert {answer.headers.get("location") for answer in answers} == {f"/report/{ref}?new=1&lang=vi"}
    assert (len(stored(world)), count(world, Attachment)) == (1, 1)


NAMES = ("odd", "words", "shop", "province", "contact", "agree", "ref", "stamp", "website")


@settings(max_examples=40)
@given(
    st.dictionaries(
        st.sampled_from(NAMES), st.text(max_size=40) | st.sampled_from(["weight", "01", "\x00", "1"])
    ),
    st.text(max_size=60),
)
async def test_property_no_form_breaks_it(world: "World", fields: dict[str, str], code: str) -> None:
    """Whatever is sent: a report, or the form with a problem in words, or too many; never a fault."""
    if not hasattr(world, "app"):
        world.app = create_app(world.services)
    async with world.again() as client:
        answer = await client.post("/report", params={"code": code}, data=fields, headers=BROWSER)
    assert answer.status_code in (303, 400, 422, 429)
    assert "<script" not in answer.text


async def test_a_pack_without_a_readable_code(world: "World") -> None:
    """No code at all, a typed number, a mistyped one: all are taken."""
    run = world.run()
    typed = {"": "", world.number(run, 3): "genuine", "0000-0400-00B1-BVCU": ""}
    async with world.client() as client:
        for stamp in typed:
            action, ref = await form_of(client, "/report")
            assert (
                await send(client, action, ref=ref, stamp=stamp, words="Không đọc được")
            ).status_code == 303
    assert [report.verdict for report in stored(world)] == list(typed.values())
    assert stored(world)[1].serial == 3


async def test_sent_twice_it_is_filed_once(world: "World") -> None:
    """A double click; what was changed after going back is a report of its own."""
    async with world.client() as client:
        action, ref = await form_of(client, "/report")
        first = await send(client, action, ref=ref, words="A")
        again = await send(client, action, ref=ref, words="A")
        changed = await send(client, action, ref=ref, words="B")
    assert first.headers["location"] == again.headers["location"]
    assert changed.headers["location"] != first.headers["location"]
    assert [report.told for report in stored(world)] == ["A", "B"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "Hãy chọn hoặc kể ít nhất một điều"),
        ({"words": "x", "contact": "0912 345 678"}, "Hãy đánh dấu đồng ý"),
        ({"words": "x", "website": "http://spam.example"}, "phải để trống"),
        ({"shop": "x" * 201}, "dài quá 200 ký tự"),
    ],
    ids=["empty", "no consent", "program", "long"],
)
async def test_what_cannot_be_taken_comes_back_as_typed(
    world: "World", fields: dict[str, str], says: str
) -> None:
    """In words, with the same reference number and everything typed; nothing is stored."""
    async with world.client() as client:
        action, ref = await form_of(client, "/report")
        answer = await send(client, action, ref=ref, **fields)
    assert answer.status_code == 422
    assert says in answer.text
    assert f'value="{ref}"' in answer.text
    for value in fields.values():
        assert value[:200] in answer.text
    assert stored(world) == []


async def test_what_is_no_picture_is_said_so(world: "World") -> None:
    """A PDF, half a JPEG: told in words; the report waits for another photo or none."""
    async with world.client() as client:
        action, ref = await form_of(client, "/report")
        for data in (b"%PDF-1.7 nothing", photo()[:500]):
            answer = await send(client, action, {"photo": ("a.jpg", data)}, ref=ref, words="x")
            assert answer.status_code == 422
            assert "không phải ảnh đọc được" in answer.text
    assert stored(world) == []
    assert count(world, Attachment) == 0


async def test_too_much_or_from_elsewhere_is_refused(world: "World") -> None:
    """A body beyond the limit, a form of another site's page, a torn multipart body."""
    async with world.client() as client:
        multipart = {"Content-Type": "multipart/form-data; boundary=b"}
        huge = BROWSER | multipart | {"Content-Length": "200000000"}
        large = await client.post("/report", content=b"x", headers=huge)
        foreign = await client.post(
            "/report", data={"words": "x"}, headers=BROWSER | {"Sec-Fetch-Site": "cross-site"}
        )
        torn = await client.post(
            "/report", content=b'--b\r\nContent-Disposition: form-data; name="words"\r\n\r\nhalf',
            headers=BROWSER | multipart,
        )  # fmt: skip
    assert [large.status_code, foreign.status_code] == [413, 403]
    assert "Ảnh quá lớn" in large.text
    assert torn.status_code in (400, 422)
    assert stored(world) == []


async def test_a_flood_from_one_neighbourhood_ends(world: "World") -> None:
    """After twenty reports in an hour others are told to wait or call; the page still opens."""
    async with world.client() as client:
        answers = []
        for n in range(22):
            action, ref = await form_of(client, "/report")
            answers.append((await send(client, action, ref=ref, words=f"Lần {n}")).status_code)
        assert answers == [303] * 20 + [429] * 2
        assert (await client.get("/report", headers=BROWSER)).status_code == 200
    assert len(stored(world)) == 20


async def test_a_full_disk_is_told_and_nothing_is_lost(
    world: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form comes back with what was typed; no row, no photo, no mark on the stamp."""
    from sqlalchemy.exc import OperationalError
    from sqlalchemy.orm import Session

    run = world.run()
    async with world.client() as client:
        action, ref = await form_of(client, f"/report?code={world.code(run)}")
        real = Session.commit

        def full(session: Session) -> None:
            session.flush()
            raise OperationalError("commit", {}, Exception("database or disk is full"))

        monkeypatch.setattr(Session, "commit", full)
        answer = await send(client, action, {"photo": ("a.jpg", photo())}, ref=ref, words="Nhẹ hơn")
        monkeypatch.setattr(Session, "commit", real)
    assert answer.status_code == 503
    assert "Nhẹ hơn" in answer.text
    assert "chưa có gì được lưu" in answer.text
    assert (stored(world), count(world, Attachment), count(world, CopySignal)) == ([], 0, 0)


async def test_a_report_keeps_its_code_while_the_database_is_away(
    world: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stamp cannot be judged: the form comes back about the same code, and sent again it is about that stamp."""
    run = world.run()
    async with world.client() as client:
        action, ref = await form_of(client, f"/report?code={world.code(run, 7)}")
        judging = world.app.state.parts.judging

        async def away(*_: Any) -> None:
            raise StoreUnavailableError

        monkeypatch.setattr(type(judging), "ask", away)
        answer = await send(client, action, ref=ref, words="Nhẹ hơn")
        monkeypatch.undo()
        assert answer.status_code == 503
        assert f'action="{action.replace("&", "&amp;")}"' in answer.text
        assert (await send(client, action, ref=ref, words="Nhẹ hơn")).status_code == 303
    assert [(report.run, report.serial) for report in stored(world)] == [(run, 7)]


async def test_a_report_is_found_by_its_number_alone(world: "World") -> None:
    """Typed with small letters and blanks; a slip is told; guessing ends; nothing of the report's words is shown."""
    async with world.client() as client:
        action, ref = await form_of(client, "/report?lang=en")
        await send(client, action, ref=ref, words="Chuyện riêng", contact="0912 345 678", agree="1")
        typed = f"{ref[:4].lower()} {ref[4:]}"
        answer = await client.get("/report/find", params={"ref": typed, "lang": "vi"}, headers=BROWSER)
        assert answer.headers["location"] == f"/report/{ref}?lang=vi"
        page = await client.get(answer.headers["location"], headers=BROWSER)
        assert "Đã nhận, chưa có kết quả." in page.text
        assert "Chuyện riêng" not in page.text
        assert "0912 345" not in page.text
        slip = await client.get("/report/find", params={"ref": ref[:-2] + ref[-1] + ref[-2]}, headers=BROWSER)
        assert slip.status_code in (303, 422)
        unknown = {
            (await client.get(f"/report/{reference.draw()}", headers=BROWSER)).status_code for _ in range(40)
        }
        assert unknown == {404, 429}
