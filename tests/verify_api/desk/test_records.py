"""Papers, products with pictures, people, and checks of one's own stamps."""

import datetime as dt
import io
import os
import re
from pathlib import Path

import pytest
from PIL import Image
from PIL.ExifTags import Base as Exif
from sqlalchemy import select

from temthat_stamps.copies.records import StampEvent, StampEventKind
from temthat_stamps.runs.records import PrintJob
from temthat_stamps.verdict import Asker
from temthat_trace.ids import uuid7
from temthat_trace.papers import Attachment, Paper, PaperConfirmation
from temthat_trace.products import Product
from temthat_verify_api.accounts import Person, Role
from temthat_verify_api.desk.pictures import PAPER_SCAN, PRODUCT, BadPicture, shrink

from .conftest import ADMIN, CLERK, FAR_OFFICER, INSPECTOR, NEIGHBOUR, NOW, OFFICER, Office, build_office


def paper_path(office: Office, code: str = "OCOP-1") -> str:
    with office.session() as session:
        return f"/desk/papers/{session.scalars(select(Paper.id).where(Paper.code == code)).one()}"


def product_id(office: Office, code: str = "DE") -> str:
    with office.session() as session:
        return str(session.scalars(select(Product.id).where(Product.code == code)).one())


def photo(size: tuple[int, int] = (1000, 750), kind: str = "JPEG") -> bytes:
    """A picture that does not compress well, with a place and a camera in it."""
    image = Image.frombytes("RGB", (80, 60), os.urandom(80 * 60 * 3)).resize(size, Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[Exif.Make] = "PHONE-OF-MAI"
    exif[Exif.Orientation] = 6
    out = io.BytesIO()
    image.save(out, kind, exif=exif) if kind != "GIF" else image.save(out, kind)
    return out.getvalue()


def test_an_alliance_confirms_a_paper_for_a_product_and_takes_it_back(office: Office) -> None:
    """Who and when is kept, a withdrawal too."""
    officer, path = office.browser(OFFICER), paper_path(office)
    assert "1 giấy tờ chờ xác nhận" in officer.open("/desk").text
    answer = officer.follow(officer.submit(f"{path}/confirm", at=path, product=product_id(office)))
    assert "Cơ quan đã xác nhận" in answer.text
    assert "Vi Thị Lan, 22/11/2026 09:00" in answer.text
    assert "Cơ quan đã xác nhận" in office.browser(CLERK).open(f"/desk/batches/{office.batch_id()}").text
    answer = officer.follow(officer.submit(f"{path}/withdraw", at=path, product=product_id(office)))
    assert "Đã rút lại xác nhận" in answer.text
    with office.session() as session:
        confirmation = session.scalars(select(PaperConfirmation)).one()
        assert (confirmation.at, confirmation.withdrawn_at) == (NOW, NOW)


def test_confirming_twice_is_confirming_once(office: Office) -> None:
    """Two officers, or a double click."""
    officer, path = office.browser(OFFICER), paper_path(office)
    token = officer.token(path)
    for _ in range(2):
        officer.client.post(f"{path}/confirm", data={"form": token, "product": product_id(office)})
    with office.session() as session:
        assert len(session.scalars(select(PaperConfirmation)).all()) == 1


def test_nobody_else_confirms(office: Office) -> None:
    """Not the holder, not an inspector, not the neighbour."""
    path = paper_path(office)
    for phone in (CLERK, ADMIN, INSPECTOR, NEIGHBOUR):
        browser = office.browser(phone)
        token = browser.token("/desk/account")
        answer = browser.client.post(f"{path}/confirm", data={"form": token, "product": product_id(office)})
        assert answer.status_code in (403, 404)
    with office.session() as session:
        assert session.scalars(select(PaperConfirmation)).all() == []


def test_a_paper_is_not_confirmed_for_another_product(office: Office) -> None:
    """An OCOP certificate of the chestnuts says nothing about the honey."""
    officer, path = office.browser(OFFICER), paper_path(office)
    answer = officer.submit(f"{path}/confirm", at=path, product=product_id(office, "MAT"))
    assert answer.status_code == 404


def test_a_paper_out_of_date_shows_as_such(office: Office) -> None:
    """Whoever looks at it, and it does not wait for anybody."""
    assert "Không còn hạn" in office.browser(CLERK).open("/desk/papers").text
    assert "1 giấy tờ chờ xác nhận" in office.browser(OFFICER).open("/desk").text


def test_a_photo_of_a_paper_is_seen_by_the_office_and_stays_once_confirmed(office: Office) -> None:
    """What was confirmed is not exchanged under the confirmation."""
    clerk, officer, path = office.browser(CLERK), office.browser(OFFICER), paper_path(office)
    clerk.follow(clerk.submit(f"{path}/scan", at=path, files={"scan": ("giấy.jpg", photo())}))
    picture = officer.open(f"{path}/scan")
    assert picture.headers["content-type"] == "image/webp"
    assert office.browser(NEIGHBOUR).open(f"{path}/scan").status_code == 404
    officer.submit(f"{path}/confirm", at=path, product=product_id(office))
    token = clerk.token("/desk/account")
    files = {"scan": ("khác.jpg", photo())}
    assert clerk.client.post(f"{path}/scan", data={"form": token}, files=files).status_code == 403


def test_a_product_picture_is_made_small_and_keeps_no_secret(office: Office) -> None:
    """At most 12 kB, upright, without place or camera; kept once."""
    browser, path = office.browser(CLERK), f"/desk/products/{product_id(office)}"
    data = photo()
    assert b"PHONE-OF-MAI" in data
    for _ in range(2):
        browser.follow(browser.submit(f"{path}/picture", at=path, files={"picture": ("ảnh.jpg", data)}))
    served = browser.open(f"{path}/picture")
    assert served.headers["content-type"] == "image/webp"
    assert len(served.content) <= 12_000
    assert b"PHONE-OF-MAI" not in served.content
    image = Image.open(io.BytesIO(served.content))
    assert image.height > image.width  # the camera was held upright
    with office.session() as session:
        assert len(session.scalars(select(Attachment)).all()) == 1


def test_what_is_no_picture_is_refused_in_words(office: Office) -> None:
    """Empty, text, truncated, another kind: the page says what to do."""
    browser, path = office.browser(CLERK), f"/desk/products/{product_id(office)}"
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    for data in (b"", b"no picture", b"\x89PNG\r\n\x1a\n", photo()[:3000], photo(kind="GIF"), svg):
        answer = browser.submit(f"{path}/picture", at=path, files={"picture": ("x.jpg", data)})
        assert answer.status_code == 422, data[:10]
        assert 'role="alert"' in answer.text


def test_a_picture_bomb_is_refused_before_it_unfolds() -> None:
    """A few kilobytes that would become 400 megapixels."""
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG", optimize=True)
    assert len(out.getvalue()) < 100_000
    with pytest.raises(BadPicture) as caught:
        shrink(out.getvalue())
    assert caught.value.key == "picture.too_many_pixels"


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "1", "I;16"])
def test_pictures_of_every_mode_are_taken(mode: str) -> None:
    """Grey, transparent, palette, print colours: what comes out is small and opens."""
    image = Image.new(mode, (900, 300))
    out = io.BytesIO()
    image.save(out, "JPEG" if mode == "CMYK" else "PNG")
    for frame in (PRODUCT, PAPER_SCAN):
        small = shrink(out.getvalue(), frame)
        assert len(small) <= frame.bytes
        assert max(Image.open(io.BytesIO(small)).size) <= frame.sides[0]


def test_a_new_person_gets_a_sheet_with_a_code(office: Office) -> None:
    """Invited by the administrator; without a password until the code was used."""
    admin = office.browser(ADMIN)
    path = f"/desk/organisations/{office.party_id('HTX-DE')}/people/new"
    sheet = admin.submit(path, name="Triệu Thị Nga", phone="0388 111 222", role="clerk")
    assert re.search(r'class="code">[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}<', sheet.text)
    assert "29/11/2026" in sheet.text
    with office.session() as session:
        person = session.scalars(select(Person).where(Person.phone == "+84388111222")).one()
        assert (person.role, person.password_hash, person.created_by) == (Role.CLERK, None, "Lý Văn Hùng")


def test_an_invitation_that_is_wrong_is_refused_in_words(office: Office) -> None:
    """Nobody can be given a role that does not belong to the organisation."""
    path, browser = f"/desk/organisations/{office.party_id('HTX-DE')}/people/new", office.browser(ADMIN)
    for name, phone, role, says in (
        ("", "0388111222", "clerk", "Chưa ghi họ và tên"),
        ("A", "12", "clerk", "Số điện thoại chưa đúng"),
        ("A", NEIGHBOUR, "clerk", "đã có tài khoản"),
        ("A", "0388111222", "officer", "Thiếu thông tin"),
        ("A", "0388111222", "operator", "Thiếu thông tin"),
    ):
        answer = browser.submit(path, name=name, phone=phone, role=role)
        assert answer.status_code in (400, 422)
        assert says in answer.text


def test_a_clerk_invites_nobody_and_an_administrator_only_own_people(office: Office) -> None:
    """Nor do they see the pages for it."""
    own, other = (f"/desk/organisations/{office.party_id(code)}/people/new" for code in ("HTX-DE", "HTX-NA"))
    assert office.browser(CLERK).open(own).status_code == 403
    assert office.browser(CLERK).open("/desk/people").status_code == 404
    assert office.browser(ADMIN).open(other).status_code == 404
    assert office.browser(OFFICER).open(other).status_code == 200


def test_only_the_office_resets_a_lost_password(office: Office) -> None:
    """An administrator cannot slip into a colleague's account with a code of his own printing."""
    path = f"/desk/people/{office.person_id(CLERK)}/code"
    admin = office.browser(ADMIN)
    assert admin.client.post(path, data={"form": admin.token("/desk/people")}).status_code == 403
    assert path not in admin.open("/desk/people").text
    officer = office.browser(OFFICER)
    assert "Mã dùng một lần" in officer.submit(path, at="/desk/people").text


def test_a_closed_account_is_out_at_once_and_can_be_opened_again(office: Office) -> None:
    """Undo instead of are-you-sure; nobody closes their own."""
    admin, clerk = office.browser(ADMIN), office.browser(CLERK)
    path = f"/desk/people/{office.person_id(CLERK)}"
    assert "Đã khóa" in admin.follow(admin.submit(f"{path}/close", at="/desk/people")).text
    assert clerk.open("/desk").status_code == 303
    admin.submit(f"{path}/open", at="/desk/people")
    assert office.browser(CLERK).open("/desk").status_code == 200
    own = f"/desk/people/{office.person_id(ADMIN)}/close"
    assert admin.submit(own, at="/desk/people").status_code == 400


def test_people_are_found_without_diacritics_and_by_number(office: Office) -> None:
    """By name, organisation or number."""
    browser = office.browser(OFFICER)
    for q in ("pao", "Páo", "na ban lim", "0912 000 004", "000004"):
        page = browser.client.get("/desk/people", params={"q": q}).text
        assert "Nông Văn Páo" in page, q
        assert "Hoàng Thị Mai" not in page, q


def test_batches_are_found_without_diacritics(office: Office) -> None:
    """By product or lot."""
    browser = office.browser(CLERK)
    for q in ("hat de", "HẠT DẺ", "de-2611", "de 2611", "dẻ 26"):
        listed = browser.client.get("/desk", params={"q": q}).text.split('id="batches"')[1]
        assert "Hạt dẻ sấy" in listed, q
        assert "Mật ong" not in listed, q


def record_checks(office: Office) -> None:
    """Stamps of a run, checked by shoppers around midnight in Vietnam, and once at a till."""
    late = dt.datetime(2026, 11, 20, 17, 30, tzinfo=dt.UTC)  # half past midnight on the 21st in Vietnam
    seen = [
        (late, "01", Asker.CONSUMER),
        (late, "01", Asker.CONSUMER),
        (late - dt.timedelta(hours=2), "79", Asker.CONSUMER),
        (late, "862a1072fffffff", Asker.CONSUMER),
        (late, "01", Asker.TILL),
    ]
    with office.session() as session:
        run = session.scalars(select(PrintJob.run)).one()
        for number, (at, place, kind) in enumerate(seen):
            event = StampEvent(run=run, serial=number % 2 + 1, id=uuid7(), at=at, kind=kind, place=place)
            event.event, event.verdict = StampEventKind.CHECK, "genuine"
            session.add(event)
        session.commit()


def check_checks(page: str) -> None:
    """What the page of those checks must say."""
    text = re.sub(r"<[^>]+>|\s+", " ", page)
    assert re.search(r"4\s+lượt người mua", text)
    assert re.search(r"Hà Nội\s+2\s+2", text)
    assert re.search(r"Không rõ tỉnh\s+1\s+1", text)
    assert re.search(r"21/11/2026\s+3\s+3", text)
    assert re.search(r"20/11/2026\s+1\s+1", text)


def test_checks_are_counted_by_day_and_province_only(office: Office) -> None:
    """In days of Vietnam, shoppers only; a till's scans and unknown places are told apart."""
    browser = office.browser(CLERK)
    path = f"/desk/batches/{office.batch_id()}/stamps/{office.form_id('TUI500')}"
    browser.wait_for_job(browser.order(path, count="3").headers["location"])
    record_checks(office)
    check_checks(browser.open(f"/desk/batches/{office.batch_id()}/checks").text)


def test_the_desk_works_the_same_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    """Every page with its queries, an order to the finished file, and the counts of checks."""
    office = build_office(postgres_url, tmp_path / "data")
    clerk, officer = office.browser(CLERK), office.browser(OFFICER)
    path = f"/desk/batches/{office.batch_id()}/stamps/{office.form_id('TUI500')}"
    job = clerk.order(path, count="3").headers["location"]
    assert "Tệp 3 tem đã sẵn sàng" in clerk.wait_for_job(job)
    record_checks(office)
    check_checks(clerk.open(f"/desk/batches/{office.batch_id()}/checks").text)
    pages = ("", "?q=hat de", "/papers", "/papers?q=hat de", "/products", "/workbooks", "/account")
    for page in pages:
        assert clerk.open(f"/desk{page}").status_code == 200, page
    for page in ("", "/papers", "/people", "/people?q=mai"):
        assert officer.open(f"/desk{page}").status_code == 200, page
    paper = paper_path(office)
    officer.submit(f"{paper}/confirm", at=paper, product=product_id(office))
    assert "Cơ quan đã xác nhận" in clerk.open(f"/desk/batches/{office.batch_id()}").text
    assert clerk.submit("/desk/sign-out", at="/desk").status_code == 303
    office.press.close()
    office.services.engine.dispose()


def test_a_gtin_of_two_producers_is_told_to_both_and_to_their_alliance(office: Office) -> None:
    """Each claimant and the office above them read who claims it; others are told nothing."""
    with office.session() as session:
        for code in ("DE", "NA"):
            session.scalars(select(Product).where(Product.code == code)).one().gtin = "08938505974194"
        session.commit()
    for phone in (CLERK, NEIGHBOUR, OFFICER):
        page = office.browser(phone).open("/desk").text
        assert "08938505974194" in page, phone
        assert "HTX Na Bản Lìm (mẫu) (Na dai)" in page
    assert "08938505974194" not in office.browser(FAR_OFFICER).open("/desk").text
