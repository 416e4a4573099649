"""The shelf check in a real browser, up to a file that the command line verifies."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, Playwright
from typer.testing import CliRunner

from temthat.main import app
from temthat_scanner.evidence.form import parse_evidence

from .test_browser import Demo, demo, fetched, phone, playwright, pytestmark

__all__ = ["demo", "playwright", "pytestmark"]

LEFT_VIEW = 2_100
"""Milliseconds after which a code that is read again is asked about."""


def read(page: Page, picture: Path, packs: int) -> None:
    """A photo of a stamp, and the number of packs afterwards."""
    page.set_input_files("#photo", picture)
    page.get_by_text(f"{packs} gói", exact=True).wait_for(timeout=15_000)


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
        shelf.get_by_text("Mã này đã đọc ở gói số 1.").wait_for(timeout=15_000)
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
    with shelf.expect_download() as download:
        shelf.locator("#evidence").click()
    file = tmp_path / "evidence.json"
    download.value.save_as(file)
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
