"""Reports at the desk: seen and answered by those who look after them, and by nobody else."""

import asyncio
import datetime as dt
import hashlib
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from tests.verify_api.desk.conftest import (
    ADMIN,
    CLERK,
    FAR_OFFICER,
    INSPECTOR,
    NEIGHBOUR,
    NOW,
    OFFICER,
)

from temthat_stamps.copies.records import StampState
from temthat_trace.papers import Attachment
from temthat_trace.parties import Party, PartyKind
from temthat_verify_api.accounts import Person, Role
from temthat_verify_api.reports.looking import looked_after, looks_after
from temthat_verify_api.reports.records import ReportContact, ReportState, SuspectReport

if TYPE_CHECKING:
    from tests.verify_api.desk.conftest import Office

PHOTO = b"RIFF\x00\x00\x00\x00WEBPVP8 not looked at"


def report(
    office: "Office", *, ours: bool = True, reference: str = "7K3M9QX2V", run: int | None = None
) -> str:
    """A report with everything in it, on a printed stamp or on a strange code; its id."""
    run = (run or office.printed(10)) if ours else None
    with office.session() as session:
        digest = hashlib.sha256(PHOTO).hexdigest()
        if session.get(Attachment, digest) is None:
            session.add(Attachment(digest=digest, media_type="image/webp", data=PHOTO))
            session.flush()
        made = SuspectReport(
            reference=reference, at=NOW, state_at=NOW, verdict="suspect_copy" if ours else "forged",
            code="" if ours else "HTTPS://LA.EXAMPLE/<b>", province="01", shop="Chợ Đồng Xuân", odd="weight place",
            told="Nhẹ hơn\nmọi khi <i>", photo=digest,
            contact=ReportContact(contact="0912 345 678", text="2026-11", given_at=NOW),
        )  # fmt: skip
        if ours:
            made.run, made.serial = run, 7
            made.party_id = office.party_id("HTX-DE")
        session.add(made)
        session.commit()
        return str(made.id)


def test_the_list_and_one_report(office: "Office") -> None:
    """What was told, the stamp and its history in days and provinces; markup in it is text."""
    run = office.printed(10)
    report(office, run=run)
    made = report(office, run=run, reference="0000000ZF")
    with office.session() as session:
        session.add(
            StampState(
                run=run, serial=7, checks=9, first_at=NOW - dt.timedelta(days=30), first_province="14",
                last_at=NOW, last_province="01",
            )
        )  # fmt: skip
        session.commit()
    browser = office.browser(CLERK)
    assert "2 báo cáo nghi ngờ" in browser.open("/desk").text
    listed = browser.open("/desk/reports").text
    assert "0000-000Z-F · Hạt dẻ sấy" in listed
    assert "và 1 báo cáo khác về tem này" in listed
    of_stamp = browser.open(f"/desk/reports?run={run}&serial=7").text
    assert f"Về tem 7 của đợt in {run}" in of_stamp
    assert of_stamp.count("/desk/reports/0") == 2
    assert "/desk/reports/0" not in browser.open(f"/desk/reports?run={run}&serial=8").text
    page = browser.open(f"/desk/reports/{made}").text
    for said in ("Nhẹ hơn\nmọi khi &lt;i&gt;", "Chợ Đồng Xuân, Hà Nội", "0912 345 678", "khối lượng, quy cách khác",
                 "Mã tem này có thể đã bị sao chép", "7K3M-9QX2-V", "DE-2611"):  # fmt: skip
        assert said in page, said
    assert (
        "Đã được kiểm tra 9 lần từ ngày 23/10/2026; lần đầu ở Sơn La; gần nhất ngày 22/11/2026 ở Hà Nội."
        in page
    )
    shown = browser.open(f"/desk/reports/{made}/photo")
    assert (shown.content, shown.headers["content-type"]) == (PHOTO, "image/webp")
    english = office.browser(CLERK)
    english.client.http.cookies.set("temthat_language", "en", domain="desk.test")
    assert "Reported suspicions" in english.open("/desk/reports").text


def test_a_report_is_answered_with_a_note(office: "Office") -> None:
    """Confirmed keeps what was sent; closed deletes contact and photo at once; all steps stay on record."""
    path = f"/desk/reports/{report(office)}"
    office.browser(ADMIN).submit(path, state="confirmed", note="Đã gọi chợ", seen="open/0")
    with office.session() as session:
        assert session.scalars(select(ReportContact)).one()
    closing = {"state": "closed", "note": "Đã giao quản lý thị trường", "seen": "confirmed/1"}
    answer = office.browser(OFFICER).submit(path, **closing)
    page = office.browser(OFFICER).follow(answer).text
    for said in ("Đã ghi.", "Đã gọi chợ", "Lý Văn Hùng", "Vi Thị Lan", "không để lại", "Không có ảnh"):
        assert said in page, said
    with office.session() as session:
        assert session.scalars(select(ReportContact)).first() is None
        assert session.scalars(select(Attachment)).first() is None
        assert session.scalars(select(SuspectReport)).one().state is ReportState.CLOSED
    assert "Khép lại (1)" in office.browser(CLERK).open("/desk/reports?state=closed").text


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"state": "closed"}, "Hãy ghi một câu"),
        ({"note": "x"}, "Hãy chọn tình trạng mới"),
        ({"state": "guilty", "note": "x"}, "Hãy chọn tình trạng mới"),
    ],
    ids=["no note", "no state", "no such state"],
)
def test_an_answer_that_lacks_something(office: "Office", fields: dict[str, str], says: str) -> None:
    """Told in words, and nothing changed."""
    path = f"/desk/reports/{report(office)}"
    browser = office.browser(CLERK)
    answer = browser.client.post(path, data={"form": browser.token(path), "seen": "open/0", **fields})
    assert answer.status_code == 422
    assert says in answer.text
    with office.session() as session:
        assert session.scalars(select(SuspectReport)).one().state is ReportState.OPEN


def test_who_calls_with_the_number_is_found_and_forgotten(office: "Office") -> None:
    """The reference number as it is read out; the contact goes at once, which stays on record; others find nothing."""
    path = f"/desk/reports/{report(office)}"
    browser = office.browser(CLERK)
    assert browser.open("/desk/reports?q=7k3m 9qx2 v").headers["location"] == path
    for phone, typed in ((CLERK, "7K3M-9QX2-J"), (CLERK, "x"), (NEIGHBOUR, "7K3M9QX2V")):
        answer = office.browser(phone).open(f"/desk/reports?q={typed}")
        assert (answer.status_code, "Không có báo cáo mang mã số này" in answer.text) == (422, True)
    token = {"form": browser.token(path)}
    page = browser.follow(browser.client.post(f"{path}/contact", data=token)).text
    for said in ("Đã xóa liên hệ.", "theo yêu cầu của người báo", "không để lại"):
        assert said in page
    with office.session() as session:
        assert session.scalars(select(ReportContact)).first() is None
        assert session.scalars(select(SuspectReport)).one().photo is not None
    assert office.browser(NEIGHBOUR).submit(f"{path}/contact", "/desk/account").status_code == 404


def test_two_people_answer_at_once(office: "Office") -> None:
    """Whoever comes second reads what the first one wrote before choosing again."""
    path = f"/desk/reports/{report(office)}"
    first, second = office.browser(CLERK), office.browser(OFFICER)
    tokens = [browser.token(path) for browser in (first, second)]
    fields = {"seen": "open/0", "note": "Xem rồi"}
    assert (
        first.client.post(path, data={"form": tokens[0], "state": "explained", **fields}).status_code == 303
    )
    late = second.client.post(path, data={"form": tokens[1], "state": "confirmed", **fields})
    assert late.status_code == 422
    assert "vừa trả lời" in late.text


def test_what_is_not_ours_goes_to_those_who_see_everything(office: "Office") -> None:
    """A code that was never issued: inspectors and the national alliance; its text is text."""
    made = report(office, ours=False)
    page = office.browser(INSPECTOR).open(f"/desk/reports/{made}").text
    assert "HTTPS://LA.EXAMPLE/&lt;b&gt;" in page
    assert "Tem này không do hệ thống phát hành" in page
    for phone in (CLERK, OFFICER, FAR_OFFICER):
        assert office.browser(phone).open(f"/desk/reports/{made}").status_code == 404


def test_others_do_not_learn_that_it_is_there(office: "Office") -> None:
    """Not on the list, not found by its address, its photo not either, no answer taken."""
    made = report(office)
    for phone in (NEIGHBOUR, FAR_OFFICER):
        browser = office.browser(phone)
        assert "7K3M" not in browser.open("/desk/reports").text
        for path in (f"/desk/reports/{made}", f"/desk/reports/{made}/photo"):
            assert browser.open(path).status_code == 404
        data = {"form": browser.token("/desk/account"), "state": "closed", "note": "x", "seen": "open/0"}
        assert browser.client.post(f"/desk/reports/{made}", data=data).status_code == 404
    assert office.browser().open("/desk/reports").status_code == 303


def test_the_list_shows_exactly_what_may_be_opened(office: "Office") -> None:
    """The condition on reports is the permission, for every role in every kind of organisation."""
    report(office)
    report(office, ours=False, reference="0000000ZF")
    with office.session() as session:
        parties = session.scalars(select(Party)).all()
        authority = Party(code="SO", kind=PartyKind.GRANTING_AUTHORITY, name="Sở", province="20")
        session.add(authority)
        session.flush()
        for party in [*parties, authority]:
            for role in Role:
                person = Person(party_id=party.id, party=party, role=role, phone="", name="")
                session.expunge(person) if person in session else None
                listed = set(session.scalars(select(SuspectReport.reference).where(looked_after(person))))
                opened = {
                    r.reference for r in session.scalars(select(SuspectReport)) if looks_after(person, r)
                }
                assert listed == opened, (party.code, role)


def test_property_no_query_breaks_the_list(office: "Office") -> None:
    """Strange states and pages: an answer in words."""
    browser = office.browser(CLERK)
    paths = [
        f"/desk/reports?state={state}&page={page}"
        for state in ("x", "open", "")
        for page in ("-1", "99999", "x")
    ]

    async def ask() -> list[int]:
        return [(await browser.client.http.get(path)).status_code for path in paths]

    assert set(asyncio.run(ask())) <= {200, 404}
