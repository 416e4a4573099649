"""Reprints at the desk: a reason and a second person, by account or by link; once; and void before new."""

import asyncio
import datetime as dt
import html
import re

import pytest
from sqlalchemy import select

from temthat_stamps.ledger.recording import Fate
from temthat_stamps.ledger.records import Reprint, ReprintState
from temthat_stamps.runs.records import JobState, NoticeRecord, Run
from temthat_stamps.verdict import NoticeKind
from temthat_verify_api.accounts import Person

from .conftest import (
    ADMIN,
    CLERK,
    FAR_OFFICER,
    INSPECTOR,
    NEIGHBOUR,
    NOW,
    OFFICER,
    Browser,
    Office,
)
from .test_ledger import added_up, ledger_path, recorded

WHY = "Máy in kẹt giấy, tờ 2 nhòe hết"


def asked(office: Office, run: int, phone: str = CLERK, **fields: str) -> tuple[str, str]:
    """Ask by the form as that person; the addresses of the request for a colleague and of its link."""
    browser = office.browser(phone)
    filled = {"sheets": "2", "reason": "spoiled_sheet", "explanation": WHY, **fields}
    answer = browser.submit(f"/desk/runs/{run}/reprint", **filled)
    assert answer.status_code == 200, answer.text
    link = re.search(r"http://tem\.example\.vn(/desk/reprint-links/[\w-]+)", answer.text)
    assert link
    with office.session() as session:
        newest = session.scalars(select(Reprint).order_by(Reprint.id.desc())).first()
        assert newest
        own = f"/desk/reprints/{newest.id}"
    office.forward(minutes=10)
    return own, link[1]


def state_of(office: Office) -> ReprintState:
    with office.session() as session:
        return (
            session.scalars(select(Reprint.state).order_by(Reprint.id.desc())).first() or ReprintState.WAITING
        )


def written(office: Office) -> tuple[int, int]:
    """How many notices and how many runs there are."""
    with office.session() as session:
        return len(session.scalars(select(NoticeRecord)).all()), len(session.scalars(select(Run)).all())


@pytest.fixture
def run(office: Office) -> int:
    """A hundred printed stamps, of which sheet 2 holds 25 to 48. Accounts are a day older than the request."""
    number = office.printed()
    office.forward(days=1)
    return number


def test_a_colleague_agrees(office: Office, run: int) -> None:
    """Who asked, what and why stand on the page; the yes voids the old ones and offers the new ones to print."""
    own, _ = asked(office, run)
    assert written(office) == (0, 1)
    admin = office.browser(ADMIN)
    page = admin.open(own).text
    for told in (
        "Hoàng Thị Mai",
        WHY,
        "Tờ tem hỏng",
        "<b>24</b> tem Hạt dẻ sấy",
        "25 đến 48",
        "Không làm ngược lại",
    ):
        assert told in page, told
    done = admin.follow(admin.submit(f"{own}/agree", at=own)).text
    assert "Đã đồng ý. Tem cũ đã hủy, tem mới sẵn sàng để in." in done
    assert "Lý Văn Hùng quyết định lúc 23/11/2026" in done
    assert written(office) == (1, 2)
    assert added_up(admin.open(ledger_path(run)).text) == {
        "Đã in, chưa ghi dùng vào đâu": 76, "Đã thay bằng tem in lại": 24,
    }  # fmt: skip
    with office.session() as session:
        notice = session.scalars(select(NoticeRecord)).one()
        fresh = session.scalars(select(Run).where(Run.replaces_run == run)).one()
        assert (notice.kind, notice.reason, notice.log_index < fresh.log_index) == (
            NoticeKind.VOID, "spoiled_sheet", True,
        )  # fmt: skip
    assert f'href="/desk/runs/{fresh.run}"' in done
    clerk = office.browser(CLERK)
    assert f"thay cho tem 25 đến 48 của đợt in {run}" in clerk.open(ledger_path(fresh.run)).text
    made = clerk.order(f"/desk/runs/{fresh.run}")
    assert "Tệp 24 tem đã sẵn sàng" in clerk.wait_for_job(made.headers["location"])


def test_the_provinces_officer_agrees_by_the_link_on_a_phone(office: Office, run: int) -> None:
    """Signing in brings the officer back to the link; a colleague may use it as well; the page needs no script."""
    _, link = asked(office, run)
    stranger = office.browser()
    answer = stranger.open(link)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"/desk/sign-in?next={link}")
    officer = office.browser(OFFICER)
    page = officer.open(link).text
    assert "HTX Nông nghiệp Đồi Dẻ (mẫu)" in page
    assert "<script" not in page
    assert "Đồng ý, hủy 24 tem cũ" in page
    done = officer.follow(officer.submit(f"{link}/agree", at=link)).text
    assert "Vi Thị Lan quyết định" in done
    assert "In tem mới" not in done, "an office prints nothing in a cooperative's name"
    assert (state_of(office), written(office)) == (ReprintState.DONE, (1, 2))


def test_attack_a_reprint_without_a_second_person(office: Office, run: int) -> None:
    """Who asked may not agree: not by the page, not by the link, not by an account he opened."""
    own, link = asked(office, run, ADMIN)
    asker = office.browser(ADMIN)
    page = asker.open(own).text
    assert "cần một người khác đồng ý" in page
    assert "/agree" not in page
    for path in (own, link):
        answer = asker.submit(f"{path}/agree", at=path)
        assert answer.status_code == 422
        assert "Cần một người thứ hai" in answer.text
    with office.session() as session:
        session.scalars(select(Person).where(Person.phone == "+84912000001")).one().created_by = "Lý Văn Hùng"
        session.commit()
    opened_by_asker = office.browser(CLERK)
    answer = opened_by_asker.submit(f"{own}/agree", at=own)
    assert answer.status_code == 422
    assert "do người xin in lại mở" in answer.text
    assert (state_of(office), written(office)) == (ReprintState.WAITING, (0, 1))
    officer = office.browser(OFFICER)
    assert officer.submit(f"{link}/agree", at=link).status_code == 303
    assert written(office) == (1, 2)


def test_an_account_opened_after_asking_is_no_second_person(office: Office, run: int) -> None:
    """An administrator cannot ask, invite somebody, and agree as them."""
    own, _ = asked(office, run)
    with office.session() as session:
        person = session.scalars(select(Person).where(Person.phone == "+84" + ADMIN[1:])).one()
        person.created_at = office.clock[0]
        session.commit()
    answer = office.browser(ADMIN).submit(f"{own}/agree", at=own)
    assert answer.status_code == 422
    assert "mới mở sau khi xin" in answer.text
    assert written(office) == (0, 1)


def test_nobody_else_sees_or_decides(office: Office, run: int) -> None:
    """A neighbour, a far province and an inspector find nothing, with the link too; a guess of a link neither."""
    own, link = asked(office, run)
    for phone in (NEIGHBOUR, FAR_OFFICER, INSPECTOR):
        browser = office.browser(phone)
        token = browser.token("/desk/account")
        for path in (own, link, link[:-1] + ("A" if link[-1] != "A" else "B")):
            assert browser.open(path).status_code == 404, (phone, path)
            for act in ("agree", "refuse"):
                answer = browser.client.post(f"{path}/{act}", data={"form": token})
                assert answer.status_code == 404, (phone, path)
        assert browser.open(f"/desk/runs/{run}/reprint").status_code in (403, 404)
    officer = office.browser(OFFICER)
    assert officer.open(own).status_code == 404, "an officer needs the link"
    assert officer.open(f"/desk/runs/{run}/reprint").status_code == 403
    assert (state_of(office), written(office)) == (ReprintState.WAITING, (0, 1))


def test_a_link_works_once(office: Office, run: int) -> None:
    """After the yes neither a second yes nor a no; who decided stands on the page."""
    own, link = asked(office, run)
    officer, admin = office.browser(OFFICER), office.browser(ADMIN)
    token = officer.token(link)
    admin_token = admin.token(own)
    assert officer.submit(f"{link}/agree", at=link).status_code == 303
    for browser, path, form in ((officer, link, token), (admin, own, admin_token)):
        assert "/agree" not in browser.open(path).text
        for act in ("agree", "refuse"):
            answer = browser.client.post(f"{path}/{act}", data={"form": form})
            assert answer.status_code == 422
            assert "Vi Thị Lan đã quyết định rồi" in answer.text
    assert written(office) == (1, 2)


def test_a_link_runs_out_after_two_days(office: Office, run: int) -> None:
    """The page says so and offers nothing; asking again is possible."""
    _, link = asked(office, run)
    office.clock[0] = NOW + dt.timedelta(days=3, minutes=1)
    officer = office.browser(OFFICER)
    page = officer.open(link).text
    assert "Quá hạn, chưa ai quyết định" in page
    assert "/agree" not in page
    answer = officer.submit(f"{link}/agree", at="/desk/account")
    assert answer.status_code == 422
    assert "quá 48 giờ" in answer.text
    assert written(office) == (0, 1)
    asked(office, run)


def test_a_no_and_a_taking_back(office: Office, run: int) -> None:
    """Both end the request and change no stamp; who asked may always take it back."""
    own, link = asked(office, run)
    officer, clerk = office.browser(OFFICER), office.browser(CLERK)
    assert "Đã ghi: không in lại" in officer.follow(officer.submit(f"{link}/refuse", at=link)).text
    assert state_of(office) is ReprintState.REFUSED
    own, _ = asked(office, run)
    assert "Rút yêu cầu" in clerk.open(own).text
    assert clerk.submit(f"{own}/refuse", at=own).status_code == 303
    assert (state_of(office), written(office)) == (ReprintState.REFUSED, (0, 1))
    listed = clerk.open(ledger_path(run)).text
    assert listed.count("Không đồng ý hoặc đã rút") == 2


def test_stamps_on_goods_are_the_provinces_business(office: Office, run: int) -> None:
    """The page warns, a colleague is refused in words, the officer may."""
    recorded(office.browser(CLERK), run, Fate.APPLIED, stamps="40-60")
    own, link = asked(office, run)
    admin, officer = office.browser(ADMIN), office.browser(OFFICER)
    assert "9 tem trong số này đã ghi là dán lên hàng" in admin.open(own).text
    answer = admin.submit(f"{own}/agree", at=own)
    assert answer.status_code == 422
    assert "cán bộ Liên minh HTX tỉnh đồng ý" in answer.text
    assert officer.submit(f"{link}/agree", at=link).status_code == 303


def test_fetching_again_before_confirming_is_no_reprint(office: Office) -> None:
    """A file ready to fetch is fetched as often as needed, by nobody's leave; asking for a reprint says just that."""
    clerk = office.browser(CLERK)
    path = f"/desk/batches/{office.batch_id()}/stamps/{office.form_id('TUI500')}"
    job = clerk.order(path, count="5").headers["location"]
    clerk.wait_for_job(job)
    for _ in range(3):
        assert clerk.open(f"{job}/file").status_code == 200
    with office.session() as session:
        number = session.scalars(select(Run.run)).one()
    fields = {"sheets": "1", "reason": "spoiled_sheet", "explanation": WHY}
    answer = clerk.submit(f"/desk/runs/{number}/reprint", **fields)
    assert answer.status_code == 422
    assert "chưa xác nhận in xong: hãy tải lại tệp đó" in answer.text
    assert written(office) == (0, 1)
    clerk.submit(f"{job}/confirm", at=job)
    assert clerk.open(f"{job}/file").status_code == 422
    asked(office, number, sheets="1")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"explanation": "hỏng"}, "ít nhất 10 ký tự"),
        ({"reason": "because"}, "Chọn lý do"),
        ({"sheets": "1, 3"}, "một khoảng tem liền nhau"),
        ({"sheets": "9"}, "không có tờ 9"),
        ({"sheets": "", "stamps": "0-3"}, "Không hiểu"),
        ({"sheets": ""}, "Chưa ghi số nào"),
    ],
)
def test_a_request_that_says_too_little_is_asked_for_the_rest(
    office: Office, run: int, fields: dict[str, str], said: str
) -> None:
    """In words, with everything that was typed still there."""
    filled = {"sheets": "2", "reason": "misprint", "explanation": "<i>Máy in kẹt giấy</i>", **fields}
    answer = office.browser(CLERK).submit(f"/desk/runs/{run}/reprint", **filled)
    assert answer.status_code == 422
    assert said in html.unescape(answer.text)
    assert html.escape(filled["explanation"]) in answer.text
    assert "<i>" not in answer.text


def test_stamps_never_printed_or_replaced_before_are_refused(office: Office, run: int) -> None:
    """The first are printed in the usual way, the second were replaced once; a recall is not washed off."""
    waiting = office.printed(10, JobState.WAITING)
    clerk = office.browser(CLERK)
    fields = {"stamps": "1-5", "reason": "misprint", "explanation": WHY}
    assert "hãy tải lại tệp đó" in clerk.submit(f"/desk/runs/{waiting}/reprint", **fields).text
    own, _ = asked(office, run)
    admin = office.browser(ADMIN)
    admin.submit(f"{own}/agree", at=own)
    again = clerk.submit(f"/desk/runs/{run}/reprint", **{**fields, "stamps": "48-50"})
    assert "không in lại lần nữa" in again.text


def test_the_ledger_offers_what_was_spoiled(office: Office, run: int) -> None:
    """A link beside the stretch fills the form in; nothing strange comes in by that way."""
    clerk = office.browser(CLERK)
    page = recorded(clerk, run, Fate.SPOILED, sheets="2")
    assert f'href="/desk/runs/{run}/reprint?stamps=25-48"' in page
    assert ">25-48</textarea>" in clerk.open(f"/desk/runs/{run}/reprint?stamps=25-48").text
    strange = clerk.client.get(f"/desk/runs/{run}/reprint", params={"stamps": "</textarea><b>x"})
    assert "<b>x" not in strange.text


def test_two_agree_at_the_same_moment(any_office: Office) -> None:
    """One of them is told that it is decided; one notice, one new run."""
    office = any_office
    number = office.printed()
    office.forward(days=1)
    own, link = asked(office, number)
    people: list[tuple[Browser, str]] = [(office.browser(ADMIN), own), (office.browser(OFFICER), link)]
    posts = [(browser, path, browser.token(path)) for browser, path in people] * 2

    async def both() -> list[int]:
        sent = [b.client.http.post(f"{path}/agree", data={"form": token}) for b, path, token in posts]
        return sorted(answer.status_code for answer in await asyncio.gather(*sent))

    assert asyncio.run(both()) == [303, 422, 422, 422]
    assert written(office) == (1, 2)


def test_two_ask_for_the_same_stamps_at_once(any_office: Office) -> None:
    """One request waits; the other person is told of it."""
    office = any_office
    number = office.printed()
    office.forward(days=1)
    path = f"/desk/runs/{number}/reprint"
    fields = {"sheets": "2", "reason": "spoiled_sheet", "explanation": WHY}
    posts = [(browser, browser.token(path)) for browser in (office.browser(CLERK), office.browser(ADMIN))]

    async def both() -> list[int]:
        sent = [b.client.http.post(path, data={"form": token, **fields}) for b, token in posts]
        return sorted(answer.status_code for answer in await asyncio.gather(*sent))

    assert asyncio.run(both()) == [200, 422]
    with office.session() as session:
        assert len(session.scalars(select(Reprint)).all()) == 1


def test_in_english_too(office: Office, run: int) -> None:
    """The officer's page as well."""
    _, link = asked(office, run)
    officer = office.browser(OFFICER)
    officer.client.http.cookies.set("temthat_language", "en", domain="desk.test")
    page = officer.open(link).text
    assert "24" in page
    assert 'lang="en"' in page
    assert "Đồng ý" not in page
