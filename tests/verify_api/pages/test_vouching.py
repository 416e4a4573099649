"""Who vouches for a stamp, and the log's pages: what they say, what they do not claim, and a proof that checks."""

import html
import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from temthat.main import app
from temthat_stamps.log.entries import entry
from temthat_stamps.logged import LogOpened
from temthat_stamps.manifest import Custody
from temthat_stamps.runs.records import Run
from temthat_stamps.statement import peek, sign_statement
from temthat_stamps.verdict import NoticeKind
from temthat_trace.parties import Party, PartyKind
from temthat_verify_api import publisher

if TYPE_CHECKING:
    from pathlib import Path

    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
HTML = {"Accept": "text/html"}
WORD_OF_OPERATOR = "Nội dung trang này, lịch sử kiểm tra và câu trả lời về mã PIN là lời của"


def block(page: str) -> str:
    """The words of the block, without marks."""
    found = re.search(r'<section[^>]*aria-labelledby="vouch">(.*?)</section>', page, re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", found[1])).split()) if found else ""


def log_index(world: "World", run: int) -> int:
    with world.services.sessions() as session:
        return session.get_one(Run, run).log_index


def national_alliance(world: "World") -> None:
    """The alliance of the country, above the province's."""
    with world.services.sessions() as session:
        national = Party(code="LMVN", kind=PartyKind.NATIONAL_ALLIANCE, name="Liên minh HTX Việt Nam mẫu")
        session.add(national)
        session.flush()
        session.query(Party).filter_by(code="LM").one().alliance_id = national.id
        session.commit()


async def test_the_chain_the_custody_and_the_entry_are_told(any_world: "World") -> None:
    """National alliance, province, producer in that order; who keeps the key; the entry with two links."""
    world = any_world
    national_alliance(world)
    run = world.run()
    path, index = f"/T/{world.code(run)}", log_index(world, run)
    async with world.client(headers=HTML) as client:
        page = (await client.get(path)).text
        english = block((await client.get(f"{path}?lang=en")).text)
    told = block(page)
    names = ["Liên minh HTX Việt Nam mẫu", "Liên minh HTX mẫu", "HTX Chè mẫu"]
    places = [told.index(name) for name in names]
    assert places == sorted(places)
    assert f"phát hành đợt in {run}: 100 tem; đây là tem số 1" in told
    assert "giữ khóa và ký hộ đơn vị" in told
    assert f"Mục {index} : các bên chứng kiến độc lập đã thấy" in told
    assert "ghi bù" not in told
    assert f'href="/log/entry/{index}?lang=vi"' in page
    assert f'href="/log/entry/{index}?lang=vi#check"' in page
    assert "keeps the key and signs for the producer" in english
    assert f"Entry {index} : independent witnesses have seen this run" in english


async def test_own_custody_is_said_in_plain_words(world: "World") -> None:
    """Another sentence, because nobody else can sign."""
    run = world.run()
    code = world.code(run)
    with world.services.sessions() as session:
        session.get_one(Run, run).stamp_key.custody = Custody.OWN
        session.commit()
    async with world.client(headers=HTML) as client:
        told = block((await client.get(f"/T/{code}")).text)
        assert "tự giữ khóa và tự ký trên máy của mình" in told
        assert "ký hộ" not in told
        assert "nobody can sign in its place" in block((await client.get(f"/T/{code}?lang=en")).text)


async def test_the_operators_word_is_said_once_in_plain_sight(world: "World") -> None:
    """In the block of a genuine stamp; on a page without the block under the heading that explains; never twice."""
    run = world.run()
    async with world.client(headers=HTML) as client:
        genuine = (await client.get(f"/T/{world.code(run)}")).text
        forged = (await client.get(f"/T/{world.forged(run)}")).text
    assert WORD_OF_OPERATOR in block(genuine)
    assert genuine.count(WORD_OF_OPERATOR) == forged.count(WORD_OF_OPERATOR) == 1
    assert block(forged) == ""


async def test_a_run_no_witness_has_seen_says_so(world: "World", monkeypatch: pytest.MonkeyPatch) -> None:
    """Until a witnessed checkpoint covers it; then the same page says the better word, whatever was cached."""
    monkeypatch.setattr(publisher, "EVERY_SECONDS", 3_600.0)  # the service's own thread would publish it too
    world.services.book.publish()
    run = world.run()
    path, index = f"/T/{world.number(run)}", log_index(world, run)
    async with world.client(headers=HTML) as client:
        page = (await client.get(path)).text
        assert "chưa được bên chứng kiến nào xác nhận" in block(page)
        assert "#check" not in page
        entry_page = (await client.get(f"/log/entry/{index}")).text
        assert "Đang chờ công bố" in entry_page
        assert "chưa có bằng chứng" in entry_page
        assert f"/log/proof/{index}" not in entry_page
        assert "no witness has confirmed" in block((await client.get(f"{path}?lang=en")).text)
        world.services.book.publish()
        after = block((await client.get(path)).text)
    assert "các bên chứng kiến độc lập đã thấy đợt in này" in after
    assert "chưa được bên chứng kiến" not in after


async def test_a_run_older_than_the_log_says_so(world: "World") -> None:
    """Back-filled: the log is no evidence for the time before it was opened."""
    run = world.run()
    code = world.code(run)
    with world.services.sessions() as session:  # as if the log was opened after everything in it was stated
        opened = LogOpened.parse(peek(entry(session, 0)))
        operator = world.services.registry.operator
        older = LogOpened(opened.origin, opened.operator, log_index(world, run), opened.at)
        session.execute(
            text('update log_entry set envelope = :envelope where "index" = 0'),
            {"envelope": sign_statement(older.body(), operator)},
        )
        session.commit()
    async with world.client(headers=HTML) as client:
        assert "Đợt in có trước khi mở sổ và được ghi bù" in block((await client.get(f"/T/{code}")).text)
        assert "older than the log" in block((await client.get(f"/T/{code}?lang=en")).text)
        later = world.run(lot="L02")
        assert "ghi bù" not in block((await client.get(f"/T/{world.code(later)}")).text)


async def test_a_revoked_stamp_still_tells_who_issued_it(world: "World") -> None:
    """The block stands under every verdict on a stamp of ours."""
    run = world.run()
    world.notify(run, NoticeKind.VOID, serials=(5, 5), reason="misprint")
    async with world.client(headers=HTML) as client:
        assert "HTX Chè mẫu" in block((await client.get(f"/T/{world.code(run, 5)}")).text)


async def test_the_logs_page_and_every_kind_of_entry(world: "World") -> None:
    """Size, root, witnesses, an audit to copy; each entry in a sentence with its neighbours, in both languages."""
    run = world.run()
    world.code(run)
    world.notify(run, NoticeKind.VOID, serials=(5, 7), reason="misprint")
    witnessed = world.services.book.publish()
    size = witnessed.checkpoint.size
    async with world.client(headers=HTML) as client:
        front = html.unescape((await client.get("/log/")).text)
        assert f"Số mục đã công bố: {size}" in front
        assert witnessed.checkpoint.root.hex() in front
        assert "witness-1, witness-2 (cần ít nhất 2)" in front
        command = re.search(r"<pre>(temthat log audit .*?)</pre>", front, re.DOTALL)
        assert command
        assert str(world.services.book.policy.log_key) in command[1]
        sent = await client.get("/log/entry", params={"index": size - 1, "lang": "en"})
        assert (sent.status_code, sent.headers["location"]) == (303, f"/log/entry/{size - 1}?lang=en")
        for index in range(size):
            for lang in ("vi", "en"):
                answer = await client.get(f"/log/entry/{index}?lang={lang}")
                page = html.unescape(answer.text)
                assert answer.status_code == 200
                assert len(answer.content) < 50_000
                assert "<script" not in page
                assert ('rel="prev"' in page, 'rel="next"' in page) == (index > 0, index < size - 1)
                assert ">None<" not in page
                assert ">False<" not in page
        notice = (await client.get(f"/log/entry/{size - 1}")).text
        assert f"Thông báo “hủy” số 1 về tem 5–7 của đợt {run}: in lỗi" in html.unescape(notice)
        made = (await client.get(f"/log/entry/{log_index(world, run)}?lang=en")).text
        assert f"Run {run}: 100 stamps of batch" in made
        assert "26 May 2026" in made
        for missing in (size, 2**63, -1, "x", 10**30):
            assert (await client.get(f"/log/entry/{missing}")).status_code in (404, 422)


async def test_the_command_on_an_entrys_page_checks_it(world: "World", tmp_path: "Path") -> None:
    """What the page says to save and to run is saved and run: the proof holds, and for another entry it does not."""
    run = world.run()
    world.code(run)
    index = log_index(world, run)
    async with world.client() as client:
        page = html.unescape((await client.get(f"/log/entry/{index}", headers=HTML)).text)
        links = re.findall(r'href="([^"]+)" download="([^"]+)"', page)
        assert [name for _, name in links] == [f"entry-{index}.json", f"entry-{index}.proof"]
        for link, name in links:
            (tmp_path / name).write_bytes((await client.get(link)).content)
        other = (await client.get(f"/log/entry/{index - 1}.json")).content
    command = re.search(r"<pre>temthat (.*?)</pre>", page, re.DOTALL)
    assert command
    words = [
        str(tmp_path / word) if word.startswith("entry-") else word
        for word in command[1].replace("\\", " ").split()
    ]
    assert CliRunner().invoke(app, words).exit_code == 0
    (tmp_path / f"entry-{index}.json").write_bytes(other)
    assert CliRunner().invoke(app, words).exit_code == 1
