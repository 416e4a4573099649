"""The shelf check in a real browser, up to a file that the command line verifies."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, Playwright
from typer.testing import CliRunner

import hatch_build
from temthat.main import app
from temthat_scanner.evidence.form import parse_evidence
from temthat_scanner.evidence.proving import prove
from temthat_stamps.ledger.ledger import State, state_words

from .conftest import Demo, fetched, in_browser, phone

from bench.phone import api_key  # isort: skip

pytestmark = in_browser

LEFT_VIEW = 2_500
"""Milliseconds after which a code that is read again is asked about."""


def read(page: Page, picture: Path, packs: int) -> None:
    """A photo of a stamp, and the number of packs afterwards."""
    page.set_input_files("#photo", picture)
    page.get_by_text(f"{packs} gói", exact=True).wait_for(timeout=30_000)


@pytest.fixture
def shelf(demo: Demo, playwright: Playwright, tmp_path: Path) -> Iterator[Page]:
    """A shelf check just begun, the network cut."""
    with phone(playwright, tmp_path / "profile", camera=False) as context:
        page = context.new_page()
        fetched(page, demo)
        context.set_offline(True)
        page.get_by_role("link", name="kiểm tra kệ").click()
        page.locator("#label").fill("Máy thử số 1")
        page.locator("#words").fill("Chợ Thử, quầy 7")
        page.get_by_role("button", name="Bắt đầu kiểm tra").click()
        page.get_by_text("0 gói", exact=True).wait_for()
        yield page


def test_a_shelf_is_read_and_signed(demo: Demo, shelf: Page, tmp_path: Path) -> None:
    """Each pack once, a code that comes back asked about, note and photo, a dead battery; the file is verified."""
    genuine = demo.pictures / "1-genuine.png"
    recalled = next(demo.pictures.glob("*-recalled.png"))
    read(shelf, genuine, 1)
    read(shelf, recalled, 2)
    for answer in ("Không, vẫn gói đó", "Đúng, gói khác"):
        shelf.wait_for_timeout(LEFT_VIEW)
        shelf.set_input_files("#photo", genuine)
        shelf.get_by_text("Mã này đã đọc ở gói số 1.").wait_for(timeout=30_000)
        shelf.get_by_role("button", name=answer).click()
    shelf.get_by_text("1 mã trùng", exact=True).wait_for()
    shelf.get_by_text("3 gói", exact=True).wait_for()
    first = shelf.locator("li[data-n='1']")
    first.locator("summary").click()
    first.locator("textarea").fill("Nhãn dán lệch")
    first.locator("textarea").blur()
    first.locator("input[type=file]").set_input_files(genuine)
    first.get_by_text("1 ảnh").wait_for()
    shelf.reload()  # the battery was empty
    shelf.get_by_text("3 gói", exact=True).wait_for()
    shelf.get_by_role("button", name="Kết thúc").click()
    stated = shelf.locator("#hash").inner_text()
    with shelf.expect_download() as download:
        shelf.locator("#evidence").click()
    file = tmp_path / "evidence.json"
    download.value.save_as(file)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == stated
    evidence = parse_evidence(file.read_bytes())
    assert [check.verdict.word for check in evidence.checks] == [
        "genuine_offline",
        "recalled",
        "genuine_offline",
    ]
    assert [check.duplicate_of for check in evidence.checks] == [None, None, 0]
    assert (evidence.label, evidence.place_words, evidence.purpose.name != "") == (
        "Máy thử số 1",
        "Chợ Thử, quầy 7",
        True,
    )
    assert evidence.checks[0].note == "Nhãn dán lệch"
    assert len(evidence.photos) == 1
    assert evidence.data[0].index > 0
    pack = tmp_path / "trust" / "trust.json"
    pack.parent.mkdir()
    pack.write_text(pack_of(demo))
    verified = CliRunner().invoke(app, ["evidence", "verify", str(file), "--trust", str(pack.parent)])
    assert verified.exit_code == 0, verified.output
    assert "every code gives the same" in verified.output
    text = json.loads(file.read_text())
    text["photos"] = {}
    file.write_text(json.dumps(text))
    assert CliRunner().invoke(app, ["evidence", "verify", str(file)]).exit_code == 1


def pack_of(demo: Demo) -> str:
    """The trust pack that the demo serves."""
    return httpx.get(f"{demo.address}/api/v1/trust").text


def test_signed_in_the_service_is_asked(demo: Demo, playwright: Playwright, tmp_path: Path) -> None:
    """A wrong key is told. With an inspector's: ledger, way, papers, law and history in the row, and in the file."""
    with phone(playwright, tmp_path / "profile", camera=False) as context:
        page = context.new_page()
        fetched(page, demo)
        page.goto(f"{demo.address}/scan/#shelf")
        enter(page, "tt_inspector_none")
        read(page, demo.pictures / "1-genuine.png", 1)
        page.get_by_text("Chưa hỏi được máy chủ").wait_for()
        page.get_by_role("button", name="Kết thúc").click()
        page.get_by_role("button", name="Xóa buổi này").click()
        page.get_by_role("button", name="Bấm lần nữa để xóa").click()
        enter(page, api_key(demo, "inspector"))
        with page.expect_response("**/api/v1/verify") as asked:
            read(page, demo.pictures / "1-genuine.png", 1)
        assert asked.value.status == 200
        assert '"inspector"' in (asked.value.request.post_data or "")
        row = page.locator("li[data-n='1']")
        with page.expect_response("**/api/v1/inspect?*") as told:
            row.locator("summary").first.click()
        held = told.value.json()["record"]
        row.get_by_text("được ghi vào tệp bằng chứng").wait_for()
        [ordered] = [
            run["ordered"] for run in held["runs"] if run["run"] == told.value.json()["stamp"]["run"]
        ]
        assert row.locator(".figures .sum td").first.inner_text() == str(ordered)
        assert row.locator(".timeline > li").count() == len(held["events"]) > 0
        assert row.get_by_text("Thông tư 02/2024/TT-BKHCN").count() > 0
        overflow = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not overflow, "it fits a phone"
        page.reload()
        context.set_offline(True)
        page.locator("li[data-n='1'] summary").first.click()
        page.locator("li[data-n='1'] .figures").wait_for()  # as it was told before
        page.get_by_role("button", name="Kết thúc").click()
        with page.expect_download() as download:
            page.locator("#evidence").click()
        evidence = parse_evidence(download.value.path().read_bytes())
        assert prove(evidence) == []
        service = evidence.checks[0].service
        assert service is not None
        assert (service.ordered, service.state) == (ordered, held["state"])
        assert len(service.papers) == len(held["papers"])


def test_states_have_the_services_own_words() -> None:
    """What the app says of a state that it kept is what the ledger's page says."""
    words = json.loads(
        (Path(hatch_build.__file__).parent / "temthat_scanner/web/src/shelf/words.json").read_text("utf-8")
    )
    for lang in ("vi", "en"):
        assert {s: words[lang][f"state_{s}"] for s in State} == {s: state_words(s, lang) for s in State}


def enter(page: Page, key: str) -> None:
    """Type an API key, and begin."""
    page.locator("#api-key").fill(key)
    page.get_by_role("button", name="Lưu").click()
    page.get_by_text("Đã lưu.").wait_for()
    page.get_by_role("button", name="Bắt đầu kiểm tra").click()
