"""Members at the desk: consent one purpose at a time, taken back by one press, all that is held, requests, erasing."""

import io
import json
import uuid

import pytest
from PIL import Image
from sqlalchemy import select

from temthat_trace.batches import Batch
from temthat_trace.consent import Purpose
from temthat_trace.parties import Member
from temthat_trace.privacy.records import Handling, PersonalLook, PersonalRequest

from .conftest import ADMIN, CLERK, FAR_OFFICER, INSPECTOR, NEIGHBOUR, OFFICER, Browser, Office


def make(office: Office, browser: Browser, code: str = "TV01", alias: str = "Hộ bà Tư") -> str:
    """A member made through the form; the address of its page."""
    made = browser.submit("/desk/members/new", code=code, alias=alias, commune_text="Xã Kháng Chiến")
    page = browser.follow(made)
    assert alias in page.text
    return made.headers["location"].split("?")[0]


def agree(browser: Browser, page: str, purpose: Purpose, **more: str) -> int:
    """Record a consent; the answer's status."""
    fields = {"how": "paper", "given_on": "2026-11-20", **more}
    return browser.submit(f"{page}/consent", at=page, purpose=purpose, **fields).status_code


def stored(office: Office) -> Member:
    with office.session() as session:
        return session.scalars(select(Member)).one()


def looks(office: Office) -> list[tuple[str, Handling]]:
    with office.session() as session:
        return [
            (look.by, look.act) for look in session.scalars(select(PersonalLook).order_by(PersonalLook.id))
        ]


def test_nothing_is_ticked_and_nothing_can_be_written_before_consent(office: Office) -> None:
    """The page of a new member has no ticked box, and no field for what was not agreed to."""
    browser = office.browser(CLERK)
    page = make(office, browser)
    html = browser.open(page).text
    assert "checked" not in html
    assert 'name="full_name"' not in html
    assert 'name="photo"' not in html
    browser.submit(f"{page}/fields", at=page, alias="Hộ bà Tư", full_name="Trần Thị Tư", phone="0912345678")
    member = stored(office)
    assert (member.full_name, member.phone) == (None, None)


def test_consent_is_given_and_taken_back(office: Office) -> None:
    """Each alone; what was kept under it is gone with one press; the record of both stays."""
    browser = office.browser(CLERK)
    page = make(office, browser)
    assert agree(browser, page, Purpose.SHOW_NAME) == 422
    assert agree(browser, page, Purpose.STORE) == 303
    assert agree(browser, page, Purpose.SHOW_NAME, how="witness") == 422
    assert agree(browser, page, Purpose.SHOW_NAME, how="witness", witness="Ông Bảy") == 303
    browser.submit(f"{page}/fields", at=page, alias="Hộ bà Tư", full_name="Trần Thị Tư", phone="0912345678")
    assert "<b>Trần Thị Tư</b>" in browser.open(page).text
    answer = browser.submit(f"{page}/withdraw", at=page, purpose=Purpose.STORE)
    html = browser.follow(answer).text
    assert "Trần Thị Tư" not in html
    assert "<b>Hộ bà Tư</b>" in html
    member = stored(office)
    assert (member.full_name, member.phone) == (None, None)
    assert [(c.purpose, c.withdrawn_at is not None) for c in member.consents] == [
        (Purpose.STORE, True), (Purpose.SHOW_NAME, True),
    ]  # fmt: skip
    assert looks(office) == [
        ("Hoàng Thị Mai", Handling.SEEN),
        ("Hoàng Thị Mai", Handling.CONSENT_RECORDED),
        ("Hoàng Thị Mai", Handling.CONSENT_RECORDED),
        ("Hoàng Thị Mai", Handling.CHANGED),
        ("Hoàng Thị Mai", Handling.CONSENT_WITHDRAWN),
    ]


@pytest.mark.parametrize(
    "fields", [{"how": ""}, {"how": "workbook"}, {"given_on": ""}, {"given_on": "2026-11-30"}], ids=str
)
def test_a_consent_without_how_or_when_is_asked_for_again(office: Office, fields: dict[str, str]) -> None:
    """Nothing is recorded until both are said, and no day to come."""
    browser = office.browser(CLERK)
    page = make(office, browser)
    assert agree(browser, page, Purpose.STORE, **fields) == 422
    assert stored(office).consents == []


def test_what_was_typed_into_a_refused_form_stands_there_still(office: Office) -> None:
    """The form is open, the message leads to it, and nothing has to be typed again."""
    browser = office.browser(CLERK)
    page = make(office, browser)
    fields = {"how": "witness", "given_on": "2026-11-19", "witness": ""}
    html = browser.submit(f"{page}/consent", at=page, purpose=Purpose.STORE, **fields).text
    assert 'href="#record-store"' in html
    assert '<details id="record-store" open>' in html
    assert 'value="witness" required checked' in html
    assert 'value="2026-11-19"' in html
    assert html.count(" open>") == 1

    html = browser.submit(f"{page}/requests", at=page, ask="erase", asked_on="2026-12-31").text
    assert '<details id="record-request" open>' in html
    assert 'value="erase" required checked' in html
    assert 'value="2026-12-31"' in html

    agree(browser, page, Purpose.STORE)
    typed = {"alias": "Hộ bà Tư xóm 3", "commune_text": "Xã Mới", "full_name": "Trần Thị Tư", "phone": "09x"}
    html = browser.submit(f"{page}/fields", at=page, **typed).text
    assert 'href="#fields"' in html
    assert all(f'value="{value}"' in html for value in typed.values())
    assert "Xã Mới" not in browser.open(page).text


def test_a_full_name_is_no_common_name(office: Office) -> None:
    """Who did not agree to be named is not named by the back door."""
    browser = office.browser(CLERK)
    page = make(office, browser)
    agree(browser, page, Purpose.STORE)
    fields = {"alias": "TRẦN THỊ TƯ", "full_name": "Trần Thị Tư", "phone": ""}
    refused = browser.submit(f"{page}/fields", at=page, **fields)
    assert refused.status_code == 422
    assert "trùng với họ tên" in refused.text
    assert stored(office).alias == "Hộ bà Tư"


def test_a_photo_needs_consent_and_goes_with_it(office: Office) -> None:
    """It is kept small, shown to the own cooperative, and deleted when the consent is taken back."""
    browser = office.browser(CLERK)
    page = make(office, browser)
    out = io.BytesIO()
    Image.new("RGB", (900, 700), "green").save(out, "JPEG")
    upload = [("photo", ("a.jpg", out.getvalue(), "image/jpeg"))]
    assert browser.submit(f"{page}/photo", at=page, files=upload).status_code == 400
    agree(browser, page, Purpose.SHOW_PHOTO)
    assert browser.submit(f"{page}/photo", at=page, files=upload).status_code == 303
    seen = browser.open(f"{page}/photo")
    assert (seen.headers["content-type"], len(seen.content) < 12_000) == ("image/webp", True)
    browser.submit(f"{page}/withdraw", at=page, purpose=Purpose.SHOW_PHOTO)
    assert browser.open(f"{page}/photo").status_code == 404


def test_a_request_has_a_day_and_is_answered(office: Office) -> None:
    """Asked on a Friday, due on Tuesday; it stands on the list until it is answered, and late ones say so."""
    browser = office.browser(CLERK)
    page = make(office, browser)
    browser.submit(f"{page}/requests", at=page, ask="correct", asked_on="2026-11-20")
    with office.session() as session:
        request = session.scalars(select(PersonalRequest)).one()
        assert request.due_on.isoformat() == "2026-11-24"
    assert "Sửa điều ghi sai" in browser.open("/desk/members").text
    assert (
        "1 yêu cầu của thành viên về dữ liệu cá nhân, phải trả lời trước hết ngày 24/11/2026"
        in browser.open("/desk").text
    )
    assert (
        "yêu cầu của thành viên"
        not in office.browser(OFFICER).open(f"/desk/organisations/{office.party_id('HTX-DE')}").text
    )
    office.forward(days=4)
    browser = office.browser(CLERK)
    assert "quá hạn" in browser.open("/desk/members").text
    assert browser.submit(f"{page}/requests/{request.id}", at=page, answer="").status_code == 422
    browser.submit(f"{page}/requests/{request.id}", at=page, answer="Đã sửa tên xã")
    assert "Yêu cầu chờ trả lời" not in browser.open("/desk/members").text
    assert "Đã sửa tên xã" in browser.open(page).text


def test_all_that_is_held_can_be_read_and_taken_away(office: Office) -> None:
    """On a page to print and as a file; either is recorded."""
    browser = office.browser(CLERK)
    page = make(office, browser)
    agree(browser, page, Purpose.STORE)
    browser.submit(f"{page}/fields", at=page, alias="Hộ bà Tư", full_name="Trần Thị Tư", phone="0912345678")
    html = browser.open(f"{page}/held").text
    assert "Trần Thị Tư" in html
    assert "Lưu họ tên và số điện thoại" in html
    told = json.loads(browser.open(f"{page}/held.json").content)
    assert told["member"]["phone"] == "0912345678"
    assert [act for _, act in looks(office)].count(Handling.EXPORTED) == 2


def test_erasing_asks_about_the_diary_and_then_forgets(office: Office) -> None:
    """Without a choice and a yes nothing happens; afterwards only an opaque code is left, and the page says so."""
    browser = office.browser(CLERK)
    page = make(office, browser)
    with office.session() as session:
        batch = session.scalars(select(Batch).where(Batch.lot == "DE-2611")).one()
        batch.member_id = uuid.UUID(page.rsplit("/", 1)[1])
        batch.events[0].text = "Bà Tư nhặt hạt"
        session.commit()
    browser.submit(f"{page}/requests", at=page, ask="erase", asked_on="2026-11-20")
    erase = f"{page}/erase"
    assert "có nhắc tên" in browser.open(erase).text
    assert browser.submit(erase, sure="1").status_code == 422
    assert browser.submit(erase, diary="named").status_code == 422
    assert stored(office).erased_at is None
    html = browser.follow(browser.submit(erase, diary="named", sure="1")).text
    assert "Hộ bà Tư" not in html
    assert "đã được xóa theo yêu cầu" in html
    assert "Hộ bà Tư" not in browser.open("/desk/members").text
    with office.session() as session:
        batch = session.scalars(select(Batch).where(Batch.lot == "DE-2611")).one()
        assert [event.text for event in batch.events] == [None, "Đóng túi, hàn miệng"]
        assert session.scalars(select(PersonalRequest)).one().answered_at is not None
    assert browser.submit(erase, at="/desk/members/new", diary="none", sure="1").status_code != 303


def test_the_form_to_print_says_what_is_agreed_to(office: Office) -> None:
    """Every sentence, two empty boxes each, how to take it back; with and without a member's name."""
    browser = office.browser(CLERK)
    page = make(office, browser)
    blank, filled = browser.open("/desk/members/form").text, browser.open(f"{page}/form").text
    for html in (blank, filled):
        assert html.count('class="box"') == 2 * len(Purpose)
        assert "Ô để trống nghĩa là không đồng ý" in html
        assert "rút lại lúc nào cũng được" in html
    assert "Hộ bà Tư" in filled
    assert "Hộ bà Tư" not in blank


@pytest.mark.parametrize("phone", [NEIGHBOUR, OFFICER, FAR_OFFICER, INSPECTOR], ids=str)
def test_members_are_their_own_cooperatives_alone(office: Office, phone: str) -> None:
    """Neither a neighbour nor an office nor an inspector opens a member's pages or the list."""
    page = make(office, office.browser(ADMIN))
    other = office.browser(phone)
    for path in (page, f"{page}/held", f"{page}/held.json", f"{page}/form", f"{page}/photo", f"{page}/erase"):
        assert other.open(path).status_code in (403, 404), path
    assert "Hộ bà Tư" not in other.open("/desk/members").text


def test_a_diary_does_not_name_who_did_not_agree(office: Office) -> None:
    """The form of a step asks for the common name instead, beside the field; after consent the name is taken."""
    browser = office.browser(CLERK)
    page = make(office, browser)
    agree(browser, page, Purpose.STORE)
    browser.submit(f"{page}/fields", at=page, alias="Hộ bà Tư", full_name="Trần Thị Tư", phone="")
    work = f"/desk/batches/{office.batch_id()}/work/harvest"
    typed = {"day": "2026-11-21", "out_amount": "10", "out_amount_unit": "KGM", "actor": "trần thị tư"}
    refused = browser.submit(work, **typed)
    assert refused.status_code == 422
    assert "Hãy ghi “Hộ bà Tư”" in refused.text
    agree(browser, page, Purpose.SHOW_NAME)
    assert browser.submit(work, **typed).status_code == 303


def test_a_number_nobody_could_call_is_not_kept(office: Office) -> None:
    """In a recall the cooperative calls it; what the workbook refuses, the page refuses."""
    browser = office.browser(CLERK)
    page = make(office, browser)
    agree(browser, page, Purpose.STORE)
    for phone in ("abc", "1", "gọi bà Tư"):
        answer = browser.submit(
            f"{page}/fields", at=page, alias="Hộ bà Tư", full_name="Trần Thị Tư", phone=phone
        )
        assert answer.status_code == 422
        assert "Không phải số điện thoại" in answer.text
    assert (stored(office).full_name, stored(office).phone) == (None, None)
