"""The ledger's pages: a sum that adds up, recording in two steps, refusals in words, two people at once."""

import asyncio
import html
import re
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from temthat_stamps.ledger.recording import Fate
from temthat_stamps.ledger.records import LedgerAct
from temthat_stamps.runs.records import JobState, NoticeRecord, Run
from temthat_stamps.verdict import NoticeKind

from .conftest import ADMIN, CLERK, FAR_OFFICER, INSPECTOR, NEIGHBOUR, OFFICER, Browser, Office


def ledger_path(run: int) -> str:
    return f"/desk/runs/{run}/ledger"


def counts(page: str) -> dict[str, int]:
    """The table as a reader has it: words of the state to number of stamps, the last row under its own words."""
    table = page.split("<table")[1].split("</table>", maxsplit=1)[0]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table.replace("<td", "\x00<td"), re.DOTALL)
    cells = [re.sub(r"<[^>]*>", "", row).split("\x00") for row in rows]
    return {html.unescape(row[0]).strip(): int(row[-1].strip().replace(".", "")) for row in cells[1:]}


def added_up(page: str) -> dict[str, int]:
    """The states without the sum, after seeing that they make the sum; a row under each state but no empty one."""
    found = counts(page)
    total = found.pop("Cộng")
    assert sum(found.values()) == total
    assert all(found.values())
    return found


def confirm(browser: Browser, preview: str, path: str) -> str:
    """Press the yes of a preview; the page after it."""
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', preview))
    assert fields["sure"] == "1"
    return browser.follow(browser.client.post(path, data=fields)).text


def recorded(browser: Browser, run: int, fate: Fate, **fields: str) -> str:
    """Both steps; the ledger's page after them."""
    path = f"{ledger_path(run)}/{fate}"
    preview = browser.submit(path, **fields)
    assert preview.status_code == 200, preview.text
    return confirm(browser, preview.text, path)


def test_a_spoiled_sheet_is_recorded_by_its_number_in_two_steps(office: Office) -> None:
    """Sheet 2 of 24 holds 25 to 48. The first step writes nothing; the second signs one notice with its reason."""
    run, browser = office.printed(), office.browser(CLERK)
    path = f"{ledger_path(run)}/spoiled"
    assert "Tệp này có 5 tờ" in browser.open(path).text
    preview = browser.submit(path, sheets="2", reason="misprint").text
    assert "24 tem sẽ ghi là hỏng" in preview
    assert "<b>25 đến 48</b>" in preview
    assert "được ký và ghi vào sổ công khai" in preview
    with office.session() as session:
        assert session.scalars(select(NoticeRecord)).all() == []
    page = confirm(browser, preview, path)
    assert "Đã ghi vào sổ tem" in page
    assert added_up(page) == {"Đã in, chưa ghi dùng vào đâu": 76, "Hỏng": 24}
    assert f"Đợt in {run}: 100 tem đã đặt = 76 đã in, chưa ghi dùng vào đâu + 24 hỏng." in page
    with office.session() as session:
        notice = session.scalars(select(NoticeRecord)).one()
        assert (notice.kind, notice.reason) == (NoticeKind.SPOILED, "misprint")


def test_every_fate_adds_up_on_the_way(office: Office) -> None:
    """Applied, then some of those returned, some lost, a sheet spoiled: the sum holds after each."""
    run, browser = office.printed(), office.browser(CLERK)
    assert added_up(browser.open(ledger_path(run)).text) == {"Đã in, chưa ghi dùng vào đâu": 100}
    after = recorded(browser, run, Fate.APPLIED, stamps="1-60")
    assert added_up(after) == {"Đã in, chưa ghi dùng vào đâu": 40, "Đã dán": 60}
    after = recorded(browser, run, Fate.RETURNED, stamps="10 đến 12; 20")
    assert added_up(after) == {"Đã in, chưa ghi dùng vào đâu": 40, "Đã dán": 56, "Trả lại": 4}
    after = recorded(browser, run, Fate.LOST, stamps="55-70", reason="stolen")
    assert added_up(after) == {
        "Đã in, chưa ghi dùng vào đâu": 30, "Đã dán": 50, "Trả lại": 4, "Thất lạc": 16,
    }  # fmt: skip
    after = recorded(browser, run, Fate.SPOILED, sheets="5")
    assert added_up(after) == {
        "Đã in, chưa ghi dùng vào đâu": 26, "Đã dán": 50, "Trả lại": 4, "Hỏng": 4, "Thất lạc": 16,
    }  # fmt: skip
    with office.session() as session:
        act = session.scalars(select(LedgerAct)).one()
        assert (act.first, act.last, act.by) == (1, 60, "Hoàng Thị Mai")


def test_what_cannot_go_that_way_is_left_out_and_said(office: Office) -> None:
    """Half a sheet was used before it was spoiled: only the rest is recorded. If nothing is left, a refusal."""
    run, browser = office.printed(), office.browser(CLERK)
    recorded(browser, run, Fate.APPLIED, stamps="25-30")
    path = f"{ledger_path(run)}/spoiled"
    preview = browser.submit(path, sheets="2").text
    assert "18 tem sẽ ghi là hỏng" in preview
    assert "25 đến 30: đã dán" in preview
    assert added_up(confirm(browser, preview, path))["Đã dán"] == 6
    answer = browser.submit(path, sheets="2")
    assert answer.status_code == 422
    assert "Không có tem nào ghi được như vậy" in answer.text
    assert "đã dán" in answer.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"sheets": "6"}, "Tệp in này có tờ 1 đến 5, không có tờ 6"),
        ({"sheets": "2-x"}, "Không hiểu “2-x”"),
        ({"stamps": "90-101"}, "chỉ có tem 1 đến 100"),
        ({"stamps": "0"}, "Không hiểu “0”"),
        ({"stamps": "9-3"}, "Không hiểu “9-3”"),
        ({"stamps": ""}, "Chưa ghi số nào"),
        ({"stamps": "0000-0400-00B1-BVCU"}, "gõ nhầm"),
        ({"stamps": ",".join(str(n) for n in range(1, 101, 2)) + ",1000"}, "tối đa 50 khoảng"),
    ],
)
def test_a_number_outside_is_told_in_words_and_kept_in_the_field(
    office: Office, fields: dict[str, str], said: str
) -> None:
    """What was typed stays, nothing is written, and the page says which numbers there are."""
    run, browser = office.printed(), office.browser(CLERK)
    answer = browser.submit(f"{ledger_path(run)}/spoiled", **fields)
    assert answer.status_code == 422
    assert said in html.unescape(answer.text)
    assert 'role="alert"' in answer.text
    for typed in fields.values():
        assert html.escape(typed) in answer.text
    assert added_up(browser.open(ledger_path(run)).text) == {"Đã in, chưa ghi dùng vào đâu": 100}


def test_a_printed_number_names_its_stamp_and_its_run(office: Office) -> None:
    """A clerk types what stands under the code; a stamp of another run is noticed."""
    from temthat_stamps.code import Header
    from temthat_stamps.runs.custody import run_secret
    from temthat_stamps.signing import RunSecrets

    run, other = office.printed(50), office.printed(50)
    browser = office.browser(CLERK)

    def number(of: int, serial: int) -> str:
        with office.session() as session:
            record = session.get_one(Run, of)
            secrets = RunSecrets(run_secret(office.services.sealer, record))
            return str(secrets.number(Header(record.stamp_key.hint, of, serial)))

    page = recorded(
        browser, run, Fate.LOST, stamps=f"{number(run, 3)}\n{number(run, 7)} đến {number(run, 9)}"
    )
    assert added_up(page)["Thất lạc"] == 4
    answer = browser.submit(f"{ledger_path(run)}/lost", stamps=number(other, 3))
    assert f"thuộc đợt in {other}, không phải đợt {run}" in answer.text


def test_a_ledger_that_changed_since_the_preview_is_shown_again(office: Office) -> None:
    """The yes speaks of exactly what was shown; if one of those stamps went elsewhere meanwhile, nothing is written."""
    run, clerk, admin = office.printed(), office.browser(CLERK), office.browser(ADMIN)
    path = f"{ledger_path(run)}/spoiled"
    preview = clerk.submit(path, sheets="1").text
    recorded(admin, run, Fate.APPLIED, stamps="20")
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', preview))
    answer = clerk.client.post(path, data=fields)
    assert answer.status_code == 422
    assert "Sổ tem vừa thay đổi" in answer.text
    assert "Hỏng" not in added_up(clerk.open(ledger_path(run)).text)


def test_two_people_record_the_same_stamps_at_once(any_office: Office) -> None:
    """One is recorded, the other is told; no stamp is both on goods and a spoiled sheet."""
    run = any_office.printed()
    clerk, admin = any_office.browser(CLERK), any_office.browser(ADMIN)
    posts = []
    for browser, fate in ((clerk, "spoiled"), (admin, "applied")):
        path = f"{ledger_path(run)}/{fate}"
        preview = browser.submit(path, stamps="1-24").text
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', preview))
        posts.append((browser, path, fields))

    async def both() -> list[int]:
        sent = [browser.client.http.post(path, data=fields) for browser, path, fields in posts]
        return [answer.status_code for answer in await asyncio.gather(*sent)]

    assert sorted(asyncio.run(both())) == [303, 422]
    found = added_up(clerk.open(ledger_path(run)).text)
    assert sorted(found.values()) == [24, 76]


def test_who_may_see_and_who_may_record(office: Office) -> None:
    """Members record; the alliance and an inspector look; a neighbour and a far province know of nothing."""
    run = office.printed()
    with office.session() as session:
        before = session.scalars(select(LedgerAct)).all()
    for phone, sees, records in (
        (CLERK, 200, 200), (ADMIN, 200, 200), (OFFICER, 200, 403), (INSPECTOR, 200, 403),
        (NEIGHBOUR, 404, 404), (FAR_OFFICER, 404, 404),
    ):  # fmt: skip
        browser = office.browser(phone)
        answer = browser.open(ledger_path(run))
        assert answer.status_code == sees, phone
        assert ("/ledger/applied" in answer.text) is (records == 200)
        assert browser.open(f"{ledger_path(run)}/applied").status_code == records, phone
        token = browser.token("/desk/account")
        data = {"form": token, "sure": "1", "stretches": "1-5"}
        posted = browser.client.post(f"{ledger_path(run)}/applied", data=data)
        if records != 200:
            assert posted.status_code == records, phone
    with office.session() as session:
        assert (
            len(session.scalars(select(LedgerAct)).all()) == len(before) + 1
        )  # the administrator found them applied


def test_nothing_to_record_before_there_is_a_file(office: Office) -> None:
    """Stamps only ordered are in no sheet; the page says so and offers nothing; other addresses are not found."""
    run, browser = office.printed(20, JobState.WAITING), office.browser(CLERK)
    assert added_up(browser.open(ledger_path(run)).text) == {"Trong tệp in, chưa xác nhận in": 20}
    for path in (
        f"/desk/runs/{run}/ledger/eaten",
        "/desk/runs/999/ledger",
        "/desk/runs/99999999999999999999/ledger",
    ):
        assert browser.open(path).status_code == 404, path


def test_questions_stand_on_the_page_with_their_arithmetic(office: Office) -> None:
    """After a month printed stamps that nobody accounted for are asked about, once they are recorded no more."""
    run = office.printed()
    office.forward(days=31)
    browser = office.browser(CLERK)
    page = browser.open(ledger_path(run)).text
    assert "100 tem đã in (từ 22/11/2026) chưa được ghi là đã dán" in page
    assert "Những tem đó đang ở đâu?" in page
    assert "Những tem đó đang ở đâu?" not in recorded(browser, run, Fate.APPLIED, stamps="1-100")


_VIETNAMESE = re.compile("[ăđĩũơưạ-ỹ]", re.IGNORECASE)


def test_in_english_too(office: Office) -> None:
    """The switch changes every word of the ledger."""
    run, browser = office.printed(), office.browser(CLERK)
    browser.client.http.cookies.set("temthat_language", "en", domain="desk.test")
    page = browser.open(ledger_path(run)).text
    assert f"Run {run}: 100 stamps ordered = 100 printed, not yet accounted for." in page
    answer = browser.submit(f"{ledger_path(run)}/spoiled", sheets="6")
    assert "This print file has sheets 1 to 5, no sheet 6." in answer.text
    for fate in Fate:
        main = browser.open(f"{ledger_path(run)}/{fate}").text.partition("<h1>")[2].partition("</main>")[0]
        assert not _VIETNAMESE.search(main.replace("Túi 500 g", "")), fate


def test_the_new_pages_keep_everything_in_and_out(office: Office) -> None:
    """No script, no style of their own, no other host; a label for what a screen reader meets; one heading."""
    run, browser = office.printed(), office.browser(ADMIN)
    recorded(browser, run, Fate.SPOILED, sheets="2")
    party = office.party_id("HTX-DE")
    paths = [ledger_path(run), *(f"{ledger_path(run)}/{fate}" for fate in Fate), f"/desk/runs/{run}/reprint"]
    for path in (*paths, "/desk/log", f"/desk/organisations/{party}/quotas"):
        answer = browser.open(path)
        assert answer.status_code == 200
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert not re.search(r'<script|<style| style=|(?:src|href|action)="(?:https?:)?//', answer.text), path
        assert answer.text.count("<h1>") == 1, path
    assert 'aria-label="Xin in lại tem 25 đến 48"' in browser.open(ledger_path(run)).text


_FIELDS = ("sheets", "stamps", "job", "reason", "sure", "stretches", "explanation")
_CONTENT = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["1-3", "3", "1-99999999999", "-", "٣", "\x00", "<b>", "2 đến 1", str(uuid.uuid4()), "1"]
    ),
)


@settings(max_examples=25)
@given(
    to=st.sampled_from([*(f"ledger/{fate}" for fate in Fate), "reprint"]),
    fields=st.dictionaries(st.sampled_from(_FIELDS), _CONTENT),
)
def test_property_no_form_breaks_the_ledger(office: Office, to: str, fields: dict[str, str]) -> None:
    """Whatever is sent: a page or a redirect, nothing unescaped, and the sum still adds up."""
    office_run = getattr(office, "_run", None) or office.printed()
    office._run = office_run  # type: ignore[attr-defined]
    browser = getattr(office, "_browser", None) or office.browser(CLERK)
    office._browser = browser  # type: ignore[attr-defined]
    token = getattr(office, "_token", None) or browser.token("/desk/account")
    office._token = token  # type: ignore[attr-defined]
    answer = browser.client.post(f"/desk/runs/{office_run}/{to}", data={**fields, "form": token})
    assert answer.status_code in (200, 303, 422)
    assert "<b><" not in answer.text
    added_up(browser.open(ledger_path(office_run)).text)
