"""The desk's side of the public log: every statement in one's name is told, to the members and to their alliance."""

import html
import re

from sqlalchemy import select

from temthat_stamps.ledger.recording import Fate
from temthat_stamps.log.records import LogEntry
from temthat_stamps.runs.notices import notify_batch, notify_run
from temthat_stamps.runs.records import Run
from temthat_stamps.verdict import NoticeKind
from temthat_trace.batches import Batch
from temthat_trace.parties import Party
from temthat_verify_api.desk.words import texts

from .conftest import ADMIN, CLERK, FAR_OFFICER, INSPECTOR, NEIGHBOUR, OFFICER, Browser, Office
from .test_ledger import recorded


def lines(page: str) -> list[tuple[int, str]]:
    """The statements of a page: index and words."""
    found = re.findall(r'href="/log/entry/(\d+)\?lang=\w\w"><span class="what"><b>(.*?)</b>', page)
    return [(int(index), html.unescape(words)) for index, words in found]


def all_lines(browser: Browser) -> list[tuple[int, str]]:
    """Every page of the log, the newest first."""
    told, page = [], browser.open("/desk/log").text
    while True:
        told += lines(page)
        older = re.search(r'href="\?before=(\d+)"', page)
        if not older:
            return told
        page = browser.open(f"/desk/log?before={older[1]}").text


def in_the_log(office: Office, *codes: str) -> list[int]:
    """The indices of all entries in the name of those organisations, the newest first."""
    query = select(LogEntry.index).join(Party, Party.id == LogEntry.party_id).where(Party.code.in_(codes))
    with office.session() as session:
        return list(session.scalars(query.order_by(LogEntry.index.desc())))


def test_every_run_is_told_to_the_cooperative_and_its_alliance(office: Office) -> None:
    """On the first page and in the list, though nobody of theirs ordered it; the alliance reads whose it is."""
    run = office.printed(40)
    for phone, name in ((CLERK, ""), (ADMIN, ""), (OFFICER, "HTX Nông nghiệp Đồi Dẻ (mẫu)")):
        browser = office.browser(phone)
        for path in ("/desk", "/desk/log"):
            page = browser.open(path).text
            assert f"Đợt in {run}: 40 tem" in page, (phone, path)
            assert name in page
    assert [index for index, _ in all_lines(office.browser(CLERK))] == in_the_log(office, "HTX-DE")
    officer = [index for index, _ in all_lines(office.browser(OFFICER))]
    assert officer == in_the_log(office, "HTX-DE", "HTX-NA", "LM20")


def test_strangers_see_nothing_of_others(office: Office) -> None:
    """A neighbour and a far province read their own names only, on every page; who is not signed in reads nothing."""
    office.printed(40)
    other = office.printed(10, lot="NA-2609")
    for phone in (NEIGHBOUR, FAR_OFFICER):
        browser = office.browser(phone)
        page = browser.open("/desk").text + browser.open("/desk/log").text
        assert "40 tem" not in page
        assert "Đồi Dẻ" not in page
    assert [index for index, _ in all_lines(office.browser(NEIGHBOUR))] == in_the_log(office, "HTX-NA")
    assert all_lines(office.browser(FAR_OFFICER)) == []
    assert f"Đợt in {other}: 10 tem" in office.browser(INSPECTOR).open("/desk/log").text
    assert office.browser().open("/desk/log").status_code == 303


def test_notices_are_told_in_words(office: Office) -> None:
    """Of stamps, of a run, of a batch: what, which, never a code of ours; in both languages."""
    run = office.printed()
    recorded(office.browser(CLERK), run, Fate.SPOILED, sheets="2")
    with office.session() as session:
        record = session.get_one(Run, run)
        alliance = session.scalars(select(Party).where(Party.code == "LM20")).one()
        registry = office.services.registry
        notify_run(session, registry, record, NoticeKind.HOLD, "under_inspection", record.party)
        batch = session.get_one(Batch, record.batch_id)
        notify_batch(session, registry, batch, NoticeKind.RECALL, "contamination", record.party, alliance)
        session.commit()
    browser = office.browser(CLERK)
    told = [words for _, words in all_lines(browser)]
    assert told[:3] == [
        "Thu hồi: lô DE-2611", f"Giữ lại: cả đợt in {run}", f"Tem hỏng: tem 25 đến 48 của đợt in {run}",
    ]  # fmt: skip
    browser.client.http.cookies.set("temthat_language", "en", domain="desk.test")
    told = [words for _, words in all_lines(browser)]
    assert told[:3] == [
        "Recall: batch DE-2611", f"Held: the whole of run {run}", f"Stamps spoiled: stamps 25 to 48 of run {run}",
    ]  # fmt: skip


def test_a_long_log_is_read_page_by_page(office: Office) -> None:
    """Nothing is left out or told twice, and any number behind the question mark gives a page."""
    run = office.printed(120)
    browser = office.browser(CLERK)
    for first in range(1, 120, 40):
        recorded(browser, run, Fate.LOST, stamps=",".join(str(n) for n in range(first, first + 40, 2)))
    told = [index for index, _ in all_lines(browser)]
    assert told == in_the_log(office, "HTX-DE")
    assert len(told) > 50
    for before in ("0", "-1", "99999999999999999999999", "x", ""):
        assert browser.open(f"/desk/log?before={before}").status_code in (200, 404)


def test_every_kind_of_notice_and_entry_has_its_words() -> None:
    """Composed keys exist in both languages."""
    kinds = ("run", "notice", "key_opened", "key_closed", "sources", "activated", "block")
    wanted = [f"log.{kind}" for kind in kinds] + [f"notice.{kind}" for kind in NoticeKind]
    wanted += [f"log.target.{scope}" for scope in ("stamps", "run", "batch", "key")]
    for lang in ("vi", "en"):
        assert [key for key in wanted if key not in texts(lang)] == []
