"""Writing down work at the desk: events with photos, mistakes, plans from the last batch, new batches."""

import datetime as dt
import io
import os
import re
import uuid
from decimal import Decimal
from typing import Any

import pytest
from httpx import Response
from PIL import Image
from PIL.ExifTags import GPS, IFD
from PIL.ExifTags import Base as Exif
from sqlalchemy import func, select
from sqlalchemy.engine import Engine
from sqlalchemy.event import listen, remove

from temthat_trace.batches import Batch
from temthat_trace.events import Event, LineRole, Step
from temthat_trace.papers import Attachment
from temthat_trace.parties import Member, Party, Plot

from .conftest import CLERK, FAR_OFFICER, INSPECTOR, NEIGHBOUR, NOW, OFFICER, Office

CARE = {"day": "2026-11-20", "text": "Bón thúc quanh gốc"}


def photo(size: tuple[int, int] = (1200, 900), kind: str = "JPEG") -> bytes:
    """A phone's photo: the place, the time and the phone's name are in it."""
    image = Image.frombytes("RGB", (60, 45), os.urandom(60 * 45 * 3)).resize(size, Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[Exif.Make], exif[Exif.DateTime] = "PHONE-OF-MAI", "2026:11:20 07:30:00"
    gps = exif.get_ifd(IFD.GPSInfo)
    gps[GPS.GPSLatitudeRef], gps[GPS.GPSLatitude] = "N", (21.0, 51.0, 10.0)
    gps[GPS.GPSLongitudeRef], gps[GPS.GPSLongitude] = "E", (106.0, 45.0, 30.0)
    exif[IFD.GPSInfo] = gps
    out = io.BytesIO()
    image.save(out, kind, exif=exif)
    return out.getvalue()


def work(office: Office, step: str = "care", lot: str = "DE-2611") -> str:
    return f"/desk/batches/{office.batch_id(lot)}/work/{step}"


def write(
    office: Office, step: str = "care", phone: str = CLERK, files: object = None, **fields: str
) -> Response:
    return office.browser(phone).submit(work(office, step), files=files, **(CARE | fields))


def recorded(office: Office, lot: str = "DE-2611") -> list[Event]:
    """Events of a batch beyond the two it began with."""
    with office.session() as session:
        events = session.scalars(
            select(Event).where(Event.batch_id == office.batch_id(lot), Event.recorded_name != "")
        ).all()
        for event in events:
            _ = event.lines, event.photos
        return list(events)


@pytest.fixture
def household(office: Office) -> str:
    """A household with a plot in the clerk's cooperative; its id."""
    with office.session() as session:
        party = session.scalars(select(Party).where(Party.code == "HTX-DE")).one()
        member = Member(party_id=party.id, code="TV01", alias="Hộ bà Tư")
        session.add_all([member, Plot(party_id=party.id, code="V01", name="Đồi Khau Đêng")])
        session.commit()
        return str(member.id)


def test_a_clerk_writes_down_what_a_household_did(office: Office, household: str) -> None:
    """Choose the batch, the kind, answer, save: an event with its material, whose work it was, and who wrote it."""
    clerk = office.browser(CLERK)
    assert f'href="/desk/batches/{office.batch_id()}/work"' in clerk.open("/desk/work").text
    page = clerk.open(f"/desk/batches/{office.batch_id()}/work").text
    assert all(f"/work/{step}" in page for step in Step)
    form = clerk.open(work(office)).text
    assert 'value="2026-11-22"' in form
    assert "<script" not in form
    answer = write(
        office, material="Phân NPK", material_lot="2609-B", material_amount="50", material_amount_unit="KGM",
        member=household,
    )  # fmt: skip
    page = clerk.follow(answer).text
    assert "Đã ghi." in page
    assert "Phân NPK" in page
    assert "Hoàng Thị Mai ghi lúc 22/11/2026 09:00" in page
    [event] = recorded(office)
    [line] = event.lines
    assert (event.step, event.text, str(event.member_id), event.recorded_name) == (
        Step.CARE, "Bón thúc quanh gốc", household, "Hoàng Thị Mai",
    )  # fmt: skip
    assert (line.role, line.what, line.lot, line.quantity, line.unit) == (
        LineRole.USED, "Phân NPK", "2609-B", Decimal(50), "KGM",
    )  # fmt: skip
    assert event.digest
    page = clerk.open(work(office)).text
    assert '<option value="Phân NPK">' in page
    assert '<option value="2609-B">' in page


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(office: Office) -> None:
    """The answers stay, photos too; nothing was stored."""
    files = [("photos", ("a.jpg", photo(), "image/jpeg")), ("photos", ("b.jpg", photo(), "image/jpeg"))]
    answer = write(office, material="NPK", material_amount="nhiều", files=files)
    assert answer.status_code == 422
    assert "Không phải số" in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "2 ảnh đã nhận" in answer.text
    assert recorded(office) == []
    clerk = office.browser(CLERK)  # one browser for both tries: its cookie makes the tickets
    page = clerk.submit(work(office), files=files, **CARE, material_lot="x")
    kept = re.findall(r'name="kept" value="([^"]+)"', page.text)
    data = {"form": clerk.token(work(office)), **CARE, "kept": kept}
    assert clerk.client.post(work(office), data=data).status_code == 303
    [event] = recorded(office)
    assert len(event.photos) == 2


def test_nobody_puts_a_picture_into_a_diary_by_knowing_its_digest(office: Office) -> None:
    """A kept photo carries a ticket that only this browser's session could make."""
    clerk = office.browser(CLERK)
    files = [("photos", ("a.jpg", photo(), "image/jpeg"))]
    page = clerk.submit(work(office), files=files, text="")
    [kept] = re.findall(r'name="kept" value="([^"]+)"', page.text)
    other = office.browser(NEIGHBOUR)
    path = work(office, lot="NA-2609")
    for stolen in (kept, kept[:-1] + "x", kept.rpartition(".")[0] + ".", "a.b.c", "é", ""):
        other.client.post(
            path, data={"form": other.token(path), **CARE, "text": stolen[-9:] or "x", "kept": stolen}
        )
    assert [event.photos for event in recorded(office, "NA-2609")] == [[]] * len(recorded(office, "NA-2609"))
    assert recorded(office, "NA-2609")


def test_a_photo_loses_its_place_time_and_phone(office: Office) -> None:
    """Drawn anew in two sizes; neither has anything but the picture, and both are small."""
    sent = photo((2400, 1800))
    assert b"PHONE-OF-MAI" in sent
    assert Image.open(io.BytesIO(sent)).getexif().get_ifd(IFD.GPSInfo)
    clerk = office.browser(CLERK)
    clerk.follow(clerk.submit(work(office), files=[("photos", ("a.jpg", sent, "image/jpeg"))], **CARE))
    [event] = recorded(office)
    [shown] = event.photos
    for digest, most, side in ((shown.digest, 150_000, 1600), (shown.small, 12_000, 320)):
        answer = clerk.open(f"/desk/events/{event.id}/photos/{digest}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
        picture = Image.open(io.BytesIO(answer.content))
        assert len(answer.content) <= most
        assert max(picture.size) <= side
        assert dict(picture.getexif()) == {}
        assert "exif" not in picture.info
        assert b"PHONE-OF-MAI" not in answer.content
    page = clerk.open(f"/desk/batches/{event.batch_id}/work").text
    assert 'alt="Ảnh 1: Chăm sóc, ngày 20/11/2026"' in page


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jpg", b"%PDF-1.7 not a picture"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 40),
        ("a.jpg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("a.gif", None),
        ("empty.jpg", b""),
    ],
    ids=["a pdf", "a torn png", "an svg", "a gif", "empty"],
)
def test_what_is_no_picture_is_refused_whatever_its_name(
    office: Office, name: str, data: bytes | None
) -> None:
    """By its content; nothing of it is stored, and the words stay in the form."""
    if data is None:
        out = io.BytesIO()
        Image.new("RGB", (9, 9)).save(out, "GIF")
        data = out.getvalue()
    answer = write(office, files=[("photos", (name, data, "image/jpeg"))])
    assert answer.status_code == 422
    assert "Bón thúc quanh gốc" in answer.text
    assert recorded(office) == []
    with office.session() as session:
        assert session.scalar(select(func.count()).select_from(Attachment)) == 0


def test_a_picture_that_unfolds_to_gigabytes_is_refused(office: Office) -> None:
    """A PNG of a few kilobytes with 400 million points is never decoded."""
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    answer = write(office, files=[("photos", ("a.png", bomb.getvalue(), "image/png"))])
    assert answer.status_code == 422
    assert "quá lớn" in answer.text
    assert recorded(office) == []


def test_nine_photos_are_one_too_many(office: Office) -> None:
    """Said in words; the first eight are kept."""
    files = [("photos", (f"{n}.jpg", photo((64, 48)), "image/jpeg")) for n in range(9)]
    answer = write(office, files=files)
    assert answer.status_code == 422
    assert "Nhiều nhất 8 ảnh" in answer.text
    assert len(re.findall('name="kept"', answer.text)) == 8


def test_a_double_click_writes_once(office: Office) -> None:
    """The same form within ten minutes is the same work; an hour later it was done again."""
    clerk = office.browser(CLERK)
    token = clerk.token(work(office))
    for _ in range(2):
        answer = clerk.client.post(work(office), data={"form": token, **CARE})
    assert answer.headers["location"].endswith("done=work_twice")
    assert len(recorded(office)) == 1
    office.forward(minutes=20)
    clerk.client.post(work(office), data={"form": token, **CARE})
    assert len(recorded(office)) == 2


def test_a_mistake_is_marked_and_stays(office: Office) -> None:
    """It is struck, with who and when; only those who may write for the batch can."""
    write(office)
    [event] = recorded(office)
    at = f"/desk/batches/{event.batch_id}/work"
    for phone in (INSPECTOR, NEIGHBOUR):
        browser = office.browser(phone)
        token = browser.token("/desk/account")
        answer = browser.client.post(f"/desk/events/{event.id}/withdraw", data={"form": token})
        assert answer.status_code in (403, 404)
    clerk = office.browser(CLERK)
    page = clerk.follow(clerk.submit(f"/desk/events/{event.id}/withdraw", at=at)).text
    assert "Ghi nhầm, Hoàng Thị Mai đánh dấu lúc 22/11/2026 09:00" in page
    [event] = recorded(office)
    assert (event.withdrawn_at, event.text) == (NOW, "Bón thúc quanh gốc")


def test_an_alliance_writes_for_its_member_and_is_named(office: Office) -> None:
    """Who wrote it down is kept; another province's, an inspector and a neighbour cannot."""
    assert write(office, phone=OFFICER).status_code == 303
    [event] = recorded(office)
    assert (event.recorded_by, event.recorded_name) == (office.party_id("LM20"), "Vi Thị Lan")
    for phone, status in ((INSPECTOR, 403), (NEIGHBOUR, 404), (FAR_OFFICER, 404)):
        browser = office.browser(phone)
        assert browser.open(work(office)).status_code == status
        token = browser.token("/desk/account")
        assert browser.client.post(work(office), data={"form": token, **CARE}).status_code == status
    assert len(recorded(office)) == 1


def test_photos_are_for_those_who_may_see_the_batch(office: Office) -> None:
    """And only photos of that very event."""
    write(office, files=[("photos", ("a.jpg", photo(), "image/jpeg"))])
    [event] = recorded(office)
    path = f"/desk/events/{event.id}/photos/{event.photos[0].small}"
    assert office.browser(INSPECTOR).open(path).status_code == 200
    assert office.browser(NEIGHBOUR).open(path).status_code == 404
    assert office.browser().open(path).status_code == 303
    assert office.browser(CLERK).open(f"/desk/events/{event.id}/photos/{'a' * 64}").status_code == 404
    with office.session() as session:
        other = session.scalars(select(Event.id).where(Event.id != event.id)).first()
    assert (
        office.browser(CLERK).open(f"/desk/events/{other}/photos/{event.photos[0].small}").status_code == 404
    )


def test_as_the_last_batch_gives_a_list_to_confirm_and_no_facts(office: Office) -> None:
    """A new batch, the old one's steps as drafts: dated, confirmed or left out, one by one."""
    clerk = office.browser(CLERK)
    form = {"product": "DE", "lot": "DE-2612", "quantity": "1.250", "made_on": "2026-11-21", "like": "1"}
    page = clerk.follow(clerk.submit("/desk/batches/new", **form)).text
    assert "Chưa việc nào được ghi" in page
    batch = office.batch_id("DE-2612")
    with office.session() as session:
        made = session.get_one(Batch, batch)
        assert (made.quantity, made.unit, made.made_on) == (Decimal(1250), "KGM", dt.date(2026, 11, 21))
        assert made.events == []
    drafts = re.findall(r'href="(/desk/batches/[^"]+/work/\w+\?draft=[^"]+)"', page)
    assert len(drafts) == 2
    form_page = clerk.open(drafts[0]).text
    assert "Nhặt hạt rụng" in form_page
    assert re.search(r'name="day" type="date" value=""', form_page)
    to, _, draft = drafts[0].partition("?draft=")
    answers = {
        "draft": draft,
        "text": "Nhặt hạt rụng, phơi hai nắng",
        "out_amount": "90",
        "out_amount_unit": "KGM",
    }
    for missing in ({"day": "2026-11-20"}, {"checked": "1"}):
        assert clerk.submit(to, at=drafts[0], **answers, **missing).status_code == 422
    assert recorded(office, "DE-2612") == []
    page = clerk.follow(clerk.submit(to, at=drafts[0], **answers, day="2026-11-20", checked="1")).text
    assert page.count("?draft=") == 1
    [event] = recorded(office, "DE-2612")
    assert event.text == "Nhặt hạt rụng, phơi hai nắng"
    skip = re.search(r'action="(/desk/batches/[^"]+/skip)"', page)
    assert skip
    page = clerk.follow(clerk.submit(skip[1], at=f"/desk/batches/{batch}/work")).text
    assert "?draft=" not in page
    assert len(recorded(office, "DE-2612")) == 1


def test_a_plan_is_never_taken_from_others(office: Office) -> None:
    """Not from another cooperative's batch, not twice, and a draft of another batch is not found."""
    clerk = office.browser(CLERK)
    at = f"/desk/batches/{office.batch_id()}"
    for model in (office.batch_id("NA-2609"), uuid.uuid4()):
        token = clerk.token("/desk/account")
        answer = clerk.client.post(f"{at}/like", data={"form": token, "batch": str(model)})
        assert answer.status_code == 404
    assert clerk.open(f"{work(office)}?draft={uuid.uuid4()}").status_code == 404


@pytest.mark.parametrize(
    ("change", "field", "why"),
    [
        ({"lot": "DE-2611"}, "lot", "đã có rồi"),
        ({"lot": ""}, "lot", "chưa ghi"),
        ({"lot": "X" * 21}, "lot", "tối đa 20"),
        ({"quantity": "nhiều"}, "quantity", "Không phải số"),
        ({"quantity": "5 lít"}, "quantity", "Không đổi được"),
        ({"made_on": "2027-01-01"}, "made_on", "tương lai"),
        ({"expires_on": "01/01/2020"}, "expires_on", "trước ngày sản xuất"),
        ({"product": "NA"}, "product", "Không có sản phẩm"),
    ],
    ids=str,
)
def test_a_new_batch_keeps_the_workbook_s_rules(
    office: Office, change: dict[str, str], field: str, why: str
) -> None:
    """Each problem beside its field; no batch is made, and none that exists is changed."""
    clerk = office.browser(CLERK)
    form = {"product": "DE", "lot": "DE-2612", "quantity": "10", "unit": "", "made_on": "2026-11-21"} | change
    answer = clerk.submit("/desk/batches/new", **form)
    assert answer.status_code == 422
    problem = re.search(rf'id="(?:{field}|unit)-wrong">([^<]*)<', answer.text)
    assert problem, answer.text
    assert why in problem[1]
    with office.session() as session:
        assert session.scalar(select(func.count()).select_from(Batch)) == 3
        assert session.get_one(Batch, office.batch_id()).quantity == 120


def test_only_producers_write_down(office: Office) -> None:
    """An office has no diary of its own."""
    for path in ("/desk/work", "/desk/batches/new", "/desk/slips"):
        assert office.browser(OFFICER).open(path).status_code == 404
        assert office.browser().open(path).status_code == 303


def test_diaries_that_agree_are_told_to_the_clerk_and_to_the_office(office: Office) -> None:
    """On the batch's page and on the organisation's, in neutral words; a mistake marked takes it away."""
    clerk = office.browser(CLERK)
    words = ("Bón phân hữu cơ vi sinh quanh gốc", "Phun thuốc sinh học", "Nhặt hạt rụng, phơi nắng")
    for lot, made in (("DE-01", "2026-09-01"), ("DE-02", "2026-10-01")):
        clerk.submit("/desk/batches/new", product="DE", lot=lot, quantity="10", made_on=made)
        for number, text in enumerate(words):
            day = dt.date.fromisoformat(made) - dt.timedelta(days=10 * number)
            clerk.submit(work(office, "other", lot), day=day.isoformat(), text=text)
    page = clerk.open(f"/desk/batches/{office.batch_id('DE-01')}").text
    assert "giống từng chữ với lô khác (cả 3 dòng)" in page
    assert "DE-02" in page
    officer, organisation = office.browser(OFFICER), f"/desk/organisations/{office.party_id('HTX-DE')}"
    assert "1 nhóm lô có nhật ký giống nhau từng chữ" in officer.open(organisation).text
    page = officer.open(f"{organisation}/diaries").text
    assert "DE-01" in page
    assert "DE-02" in page
    event = recorded(office, "DE-02")[0]
    clerk.submit(f"/desk/events/{event.id}/withdraw", at=f"/desk/batches/{event.batch_id}/work")
    assert "giống từng chữ" not in clerk.open(f"/desk/batches/{office.batch_id('DE-01')}").text
    assert office.browser(NEIGHBOUR).open(f"{organisation}/diaries").status_code == 404


def test_a_batch_says_which_lots_it_was_made_from(office: Office) -> None:
    """By a form, with the workbook's rules: no more than the lot has, not twice, not in a circle."""
    clerk = office.browser(CLERK)
    clerk.submit("/desk/batches/new", product="DE", lot="DE-MIX", quantity="100", made_on="2026-11-21")
    at = f"/desk/batches/{office.batch_id('DE-MIX')}/made-from"
    page = clerk.follow(clerk.submit(at, source="DE|DE-2611", quantity="0,5 tạ")).text
    assert "Hạt dẻ sấy, Lô DE-2611" in page
    assert "0,5 tạ" in page
    back = f"/desk/batches/{office.batch_id()}/made-from"
    for path, source, quantity, why in (
        (at, "DE|DE-2611", "1", "đã ghi rồi"),
        (at, "MAT|MAT-2610", "71", "chỉ có 70 lít"),
        (at, "NA|NA-2609", "1", "Không có"),
        (at, "MAT|MAT-2610", "5 kg", "Không đổi được"),
        (back, "DE|DE-MIX", "1", "vòng tròn"),
    ):
        answer = clerk.submit(path, source=source, quantity=quantity)
        assert answer.status_code == 422
        assert why in answer.text
    with office.session() as session:
        made = session.get_one(Batch, office.batch_id("DE-MIX"))
        assert [(s.source.lot, s.quantity, s.unit) for s in made.sources] == [
            ("DE-2611", Decimal("0.5"), "DTN")
        ]
    assert office.browser(NEIGHBOUR).open(at).status_code == 404
    assert office.browser(INSPECTOR).open(at).status_code == 403


def test_a_long_diary_takes_no_more_queries_than_a_short_one(office: Office) -> None:
    """Each entry of another household on another plot: both pages ask as often as before."""
    browser, batch_id = office.browser(CLERK), office.batch_id()
    pages = [f"/desk/batches/{batch_id}", f"/desk/batches/{batch_id}/work"]

    def write_for(households: range) -> None:
        with office.session() as session:
            batch = session.get_one(Batch, batch_id)
            for n in households:
                member = Member(party_id=batch.party_id, code=f"TV{n}", alias=f"Hộ {n}", commune_text="")
                session.add(member)
                session.flush()
                plot = Plot(party_id=batch.party_id, code=f"V{n}", name=f"Vườn {n}", member_id=member.id)
                session.add(plot)
                session.flush()
                event = Event(
                    step=Step.CARE, at=NOW, text=f"Làm cỏ {n}", recorded_by=batch.party_id, recorded_at=NOW,
                    member_id=member.id, plot_id=plot.id,
                )  # fmt: skip
                event.seal()
                batch.events.append(event)
            session.commit()

    def asked(path: str) -> int:
        seen: list[str] = []

        def count(*said: Any) -> None:
            seen.append(said[2])

        listen(Engine, "before_cursor_execute", count)
        try:
            assert "Hộ 1" in browser.open(path).text
        finally:
            remove(Engine, "before_cursor_execute", count)
        return len(seen)

    write_for(range(1, 3))
    few = [asked(path) for path in pages]
    write_for(range(3, 12))
    assert [asked(path) for path in pages] == few
