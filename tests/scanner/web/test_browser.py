"""The phone app as an app: for everybody, installable, small, renewed without loss."""

import re
import shutil
from pathlib import Path

from playwright.sync_api import Page, Playwright, expect

import hatch_build
from bench.app import LIMIT, first_load, travelling

from .conftest import ROOT, Demo, fetched, hosted, in_browser, phone, word_of

pytestmark = in_browser


AXE = ROOT / hatch_build.WEB / "node_modules/axe-core/axe.min.js"
"""Checks of accessibility (Deque's axe)."""


SECTIONS = {
    "scan": "#photo",
    "type": "#number",
    "data": "code",
    "waiting": "text=Không có gì chờ gửi",
    "sell": "#api-key",
    "report": "form",
    "shelf": "#label",
}
"""The app's sections, and something that only each of them has."""


def complaints(page: Page) -> list[str]:
    """What axe finds serious or critical on the page."""
    found = page.evaluate("axe.run().then(({violations}) => violations.map(v => [v.impact, v.id, v.help]))")
    return [f"{rule}: {words}" for impact, rule, words in found if impact in ("serious", "critical")]


def test_everybody_can_use_it_and_it_can_be_installed(
    demo: Demo, playwright: Playwright, tmp_path: Path
) -> None:
    """Axe on every section and on a verdict; Chromium's own list of what hinders installing is empty."""
    with phone(playwright, tmp_path / "profile", camera=False) as context:
        page = context.new_page()
        page.add_init_script(path=AXE)
        fetched(page, demo)
        errors = context.new_cdp_session(page).send("Page.getInstallabilityErrors")["installabilityErrors"]
        # A profile of a test counts as private browsing for some versions; that is no fault of the app.
        assert [e["errorId"] for e in errors if e["errorId"] != "in-incognito"] == []
        for section, what in SECTIONS.items():
            page.goto(f"{demo.address}/scan/#{section}")
            page.locator(what).first.wait_for()
            assert complaints(page) == [], section
        page.goto(f"{demo.address}/scan/#scan")
        page.set_input_files("#photo", demo.sample("recalled"))
        assert word_of(page) == "recalled"
        assert complaints(page) == []


def test_a_new_version_takes_over_and_loses_nothing(playwright: Playwright, tmp_path: Path) -> None:
    """On a static host without any service: what waits is still there after the update, and what is missing is said."""
    site = tmp_path / "site"
    shutil.copytree(ROOT / hatch_build.APP, site / "scan")
    with hosted(site) as port:
        address = f"http://localhost:{port}/scan"
        with phone(playwright, tmp_path / "profile", camera=False) as context:
            page = context.new_page()
            page.goto(f"{address}/#data")
            page.get_by_role("button", name="Tải dữ liệu mới").click()
            page.get_by_text("Máy chủ không trả lời.").wait_for()
            page.evaluate("navigator.serviceWorker.ready.then(() => true)")
            page.evaluate(
                """async () => {
                    const open = indexedDB.open("temthat");
                    await new Promise((done) => (open.onsuccess = done));
                    const one = {id: "0197", at: "2026-11-28T03:00:00Z", code: "x", event: "check", kind: "consumer"};
                    const put = open.result.transaction("waiting", "readwrite").objectStore("waiting").put(one);
                    await new Promise((done) => (put.onsuccess = done));
                    open.result.close();
                }"""
            )
            worker = site / "scan" / "sw.js"
            worker.write_text(re.sub(r"temthat-[0-9a-f]{16}", "temthat-0123456789abcdef", worker.read_text()))
            page.reload()
            page.get_by_role("button", name="Dùng bản mới").click()
            page.wait_for_function("caches.keys().then((all) => all.join() === 'temthat-0123456789abcdef')")
            page.goto(f"{address}/#waiting")
            expect(page.get_by_text("1 mục chờ gửi")).to_be_visible()


def test_it_is_small() -> None:
    """Script and style before the decoder's WASM: at most 100 kB; a section that is loaded when it is opened, 15 kB."""
    first = first_load()
    files = [file for kind in ("js", "css") for file in (ROOT / hatch_build.APP).glob(f"**/*.{kind}")]
    later = [file for file in files if file not in first]
    assert {file.name.partition("-")[0] for file in later} >= {
        "shelfview",
        "sellview",
        "reportview",
        "waiting",
    }
    assert len(first) >= 6
    assert travelling(first) <= LIMIT
    assert max(travelling([file]) for file in later) <= 15_000


def focused(page: Page) -> str:
    """What has the keyboard: its words, or its id."""
    return str(page.evaluate("document.activeElement.textContent.trim() || document.activeElement.id"))


def test_by_keyboard_alone(demo: Demo, playwright: Playwright, tmp_path: Path) -> None:
    """Over the skip link into the page, to the number, to the verdict and on; each step is seen and told."""
    with phone(playwright, tmp_path / "profile", camera=False) as context:
        page = context.new_page()
        page.goto(f"{demo.address}/scan/#type")
        page.locator("#number").wait_for()
        steps = []
        for _ in range(9):
            page.keyboard.press("Tab")
            steps.append(focused(page))
        numbers = ["number", "Kiểm tra", "Quay lại"]
        assert steps == [
            *("Tới nội dung", "TemThật", "English", *numbers),
            *("Quét", "Gõ số", "Dữ liệu"),
        ]
        page.locator("#number").focus()
        page.keyboard.type(demo.forged)
        page.keyboard.press("Enter")
        assert word_of(page) == "forged"
        assert page.evaluate("document.activeElement.id") == "main"
        told = page.get_by_role("alert").aria_snapshot()
        assert told.index("Tem này không do hệ thống phát hành") < told.index("Giữ lại bao bì")
        page.get_by_role("button", name="Quét tem khác").focus()
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Mở máy ảnh").wait_for()
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        page.keyboard.press("Tab")
        assert page.evaluate(outline) == "solid"
