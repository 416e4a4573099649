"""What waits on a phone, in a real browser: killed, updated, its answers lost, two windows at once; it arrives once."""

import http.client
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Playwright, TimeoutError
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from temthat_stamps.code import decode
from temthat_stamps.copies.records import StampEvent
from temthat_verify_api.reports.records import SuspectReport

from .conftest import APP, ARGS, CHROMIUM, Demo, fetched, in_browser, phone, word_of

from bench.phone import api_key, camera_fed_from, code_of, lay  # isort: skip

pytestmark = in_browser

EVENTS, REPORTS = "/api/v1/events/batch", "/api/v1/reports"
LONG = 30_000
"""Milliseconds that a slow machine may need."""


class Line(ThreadingHTTPServer):
    """What lies between phone and service: a host for the app's files, and a line that is down or loses answers."""

    daemon_threads = True

    def __init__(self, site: Path, demo: Demo) -> None:
        self.service = urlsplit(demo.address).netloc
        self.is_up = True
        self.to_lose: list[str] = []
        """Ways whose next answer is lost: `marks`, `checks`, `reports`."""
        super().__init__(("127.0.0.1", 0), partial(_Passing, directory=str(site)))

    @property
    def address(self) -> str:
        return f"http://localhost:{self.server_port}"


class _Passing(SimpleHTTPRequestHandler):
    server: Line

    def do_GET(self) -> None:
        """The app's own files from here, the rest from the service."""
        if self.path.startswith("/scan/"):
            super().do_GET()
        else:
            self._pass_on(b"")

    def do_POST(self) -> None:
        """Pass it on; the answer may be lost."""
        self._pass_on(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _pass_on(self, body: bytes) -> None:
        self.close_connection = True
        line = self.server
        if not line.is_up:
            return  # the connection is cut without a word
        connection = http.client.HTTPConnection(line.service, timeout=60)
        sent = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        connection.request(self.command, self.path, body or None, sent | {"Host": line.service})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        way = self._way()
        if way in line.to_lose:
            line.to_lose.remove(way)
            return
        self.send_response(answer.status)
        for name in ("Content-Type", "ETag", "Retry-After"):
            if value := answer.headers.get(name):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _way(self) -> str:
        if self.path == EVENTS:
            return "marks" if self.headers.get("Authorization") else "checks"
        return "reports" if self.path == REPORTS else ""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def line(demo: Demo, tmp_path: Path) -> Iterator[Line]:
    """The app served beside the demo's API."""
    shutil.copytree(APP, tmp_path / "site" / "scan")
    with Line(tmp_path / "site", demo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@contextmanager
def doomed(playwright: Playwright, profile: Path) -> Iterator[Page]:
    """A browser whose battery dies: nothing is closed, nothing said."""
    port = profile / "DevToolsActivePort"
    port.unlink(missing_ok=True)
    for lock in profile.glob("Singleton*"):
        lock.unlink()
    command = [str(CHROMIUM), *ARGS, "--lang=vi-VN", "--accept-lang=vi-VN", "--remote-debugging-port=0"]
    running = subprocess.Popen(
        [*command, f"--user-data-dir={profile}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        for _ in range(600):
            if port.exists() and "\n" in port.read_text():
                break
            time.sleep(0.05)
        browser = playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port.read_text().split()[0]}")
        yield browser.contexts[0].new_page()
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait(timeout=30)
        with suppress(Exception):  # the other end is gone
            browser.close()


@pytest.fixture(scope="module")
def codes(demo: Demo) -> list[str]:
    """Good stamps of a printed sheet; each is of one test alone."""
    printed = demo.printed()
    return [code_of(printed[serial]) for serial in (6, 7, 8, 9, 10, 2)]


def sell(page: Page, code: str, mark: str = "sold") -> str:
    """Mark a stamp in the section for tills; what was told."""
    page.locator(f"label[for=mark-{mark}]").click()
    marked = page.locator(".sold li").count()
    page.locator("#typed").fill(code)
    page.locator("#typed").press("Enter")
    page.locator(".sold li").nth(marked).wait_for(timeout=LONG)
    return page.locator(".sale").get_attribute("data-told") or ""


def enter_key(page: Page, address: str, key: str) -> None:
    """Type the till's key, once."""
    page.goto(f"{address}/scan/#sell")
    page.locator("#api-key").fill(key)
    page.get_by_role("button", name="Lưu").click()
    page.get_by_text("Đã lưu.").wait_for(timeout=LONG)


def send_all(page: Page) -> None:
    """Press *Gửi ngay* until nothing waits; the app may be faster by itself."""
    for _ in range(100):
        if page.get_by_text("Không có gì chờ gửi.").count():
            return
        with suppress(TimeoutError):
            page.get_by_role("button", name="Gửi ngay").click(timeout=1_000)
        page.wait_for_timeout(200)
    raise AssertionError(page.locator("main").inner_text())


def check(page: Page, address: str, code: str) -> str:
    """Type a code in the app's own section; the verdict."""
    page.goto(f"{address}/scan/#type")
    page.get_by_role("link", name="Gõ số").click()  # also where a verdict stands there already
    page.locator("#number").fill(code)
    page.locator("#number").press("Enter")
    return word_of(page)


def recorded(demo: Demo, codes: list[str]) -> list[tuple[int, str]]:
    """(serial, event) of what the service has about these stamps, one for each row."""
    engine = create_engine(demo.database)
    stamps = {(decode(code).header.run, decode(code).header.serial) for code in codes}
    with Session(engine) as session:
        rows = session.execute(select(StampEvent.run, StampEvent.serial, StampEvent.event)).all()
    engine.dispose()
    return sorted((serial, event.value) for run, serial, event in rows if (run, serial) in stamps)


def reports(demo: Demo, reference: str) -> list[SuspectReport]:
    engine = create_engine(demo.database)
    with Session(engine) as session:
        found = list(session.scalars(select(SuspectReport).where(SuspectReport.reference == reference)))
    engine.dispose()
    return found


def write_report(page: Page, photo: Path) -> str:
    """From the verdict that is shown to a reference number."""
    page.get_by_role("button", name="Báo gói hàng đáng ngờ").click()
    page.get_by_label("Khối lượng, quy cách khác").check(timeout=LONG)
    page.locator("#words").fill("Nhẹ hơn mọi khi")
    page.locator("#photo").set_input_files(photo)
    page.get_by_role("button", name="Gửi báo cáo").click()
    page.locator("#reference").wait_for(timeout=LONG)
    return page.locator("#reference").inner_text().replace("-", "")


def new_version(site: Path) -> None:
    """The next build: another name of the cache, and a page that differs."""
    worker = site / "scan" / "sw.js"
    worker.write_text(re.sub(r"temthat-[0-9a-f]{16}", "temthat-0123456789abcdef", worker.read_text()))
    page = site / "scan" / "index.html"
    page.write_text(page.read_text().replace("<title>", '<meta name="build" content="next"><title>'))


def test_killed_updated_and_unanswered_it_arrives_once(
    demo: Demo, line: Line, playwright: Playwright, codes: list[str], tmp_path: Path
) -> None:
    """Checks, sales, a return and a report of a phone without a signal, all of it in the database, once."""
    profile, mine = tmp_path / "profile", codes[:4]
    line_demo = Demo(line.address, demo.folder)
    with doomed(playwright, profile) as page:
        fetched(page, line_demo)
        enter_key(page, line.address, api_key(demo, "till"))
        line.is_up = False
        assert check(page, line.address, mine[0]) == "genuine_offline"
        page.goto(f"{line.address}/scan/#sell")
        for code, mark in ((mine[1], "sold"), (mine[2], "sold"), (mine[2], "returned")):
            assert sell(page, code, mark) == "kept"
        assert check(page, line.address, demo.forged) == "forged"
        reference = write_report(page, demo.sample("genuine"))
        page.get_by_text("Báo cáo đã cất trên máy").wait_for()
        page.goto(f"{line.address}/scan/#waiting")
        page.get_by_text("5 mục chờ gửi").wait_for(timeout=LONG)
        assert page.locator("[data-kind=sold]").inner_text().startswith("2 lượt bán")
        assert reference in page.locator("[data-kind=report]").inner_text().replace("-", "")
    assert recorded(demo, mine) == []

    line.is_up, line.to_lose = True, ["marks", "checks", "reports"]
    with doomed(playwright, profile) as page:  # there is a line, but no answer comes through
        page.goto(f"{line.address}/scan/#waiting")
        page.get_by_text("Máy chủ không trả lời").first.wait_for(timeout=LONG)
        send_all(page)
        assert line.to_lose == []
        line.is_up = False
        page.goto(f"{line.address}/scan/#sell")
        assert sell(page, mine[3]) == "kept"
        new_version(tmp_path / "site")
        page.reload()
        page.get_by_role("button", name="Dùng bản mới").click(timeout=LONG)
        page.locator("meta[name=build]").wait_for(state="attached", timeout=LONG)
        page.goto(f"{line.address}/scan/#waiting")
        page.get_by_text("1 mục chờ gửi").wait_for(timeout=LONG)

    line.is_up = True
    with phone(playwright, profile, camera=False) as context:  # two windows wake at once
        pages = [context.new_page() for _ in range(2)]
        for page in pages:
            page.goto(f"{line.address}/scan/#waiting")
        for page in pages:
            page.get_by_text("Không có gì chờ gửi.").wait_for(timeout=LONG)
        shown = pages[0].locator(".numbers a").first
        assert (shown.get_attribute("href") or "").endswith(f"/report/{reference}")

    serial = [decode(code).header.serial for code in mine]
    happened = [
        *((serial[0], "check"), (serial[1], "sold"), (serial[2], "sold"), (serial[2], "returned")),
        (serial[3], "sold"),
    ]
    assert recorded(demo, mine) == sorted(happened)
    [report] = reports(demo, reference)
    assert (report.verdict, report.odd, report.told) == ("forged", "weight", "Nhẹ hơn mọi khi")
    assert report.photo is not None


FULL = """() => {
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (...given) {
        const asked = put.apply(this, given);
        this.transaction.abort();
        return asked;
    };
}"""
"""From now on nothing is stored: a disk without room aborts the transaction. (The override of the quota in Chromium's
debugging protocol has no effect on IndexedDB.)
"""


def test_full_storage_is_told_at_once(
    demo: Demo, line: Line, playwright: Playwright, codes: list[str], tmp_path: Path
) -> None:
    """A check, a sale and a report that could not be kept are never called kept; while the page lives they are sent."""
    code = codes[4]
    with phone(playwright, tmp_path / "profile", camera=False) as context:
        page = context.new_page()
        fetched(page, Demo(line.address, demo.folder))
        enter_key(page, line.address, api_key(demo, "till"))
        line.is_up = False
        page.evaluate(FULL)
        assert sell(page, code) == "not_kept"
        assert "CHƯA GHI ĐƯỢC" in page.locator(".sale").inner_text()
        assert check(page, line.address, code) == "genuine_offline"
        page.get_by_text("Máy KHÔNG cất được lần kiểm tra này").wait_for()
        assert check(page, line.address, demo.forged) == "forged"
        reference = write_report(page, demo.sample("genuine"))
        page.get_by_text("Máy KHÔNG cất được báo cáo").wait_for()
        page.get_by_role("link", name="Chờ gửi").click()
        page.get_by_text("3 mục KHÔNG cất được vào máy").wait_for(timeout=LONG)
        line.is_up = True
        send_all(page)
        assert page.get_by_text("KHÔNG cất được").count() == 0
    serial = decode(code).header.serial
    assert recorded(demo, [code]) == [(serial, "check"), (serial, "sold")]
    assert len(reports(demo, reference)) == 1


def test_a_wrong_key_waits_and_what_is_refused_stays_until_it_is_dropped(
    demo: Demo, line: Line, playwright: Playwright, codes: list[str], tmp_path: Path
) -> None:
    """Each with its reason in the service's own words; the right key sends what waited."""
    code = codes[5]
    with phone(playwright, tmp_path / "profile", camera=False) as context:
        page = context.new_page()
        page.goto(f"{line.address}/scan/#sell")
        assert sell(page, code, "spoiled") == "kept"
        assert "Chưa có khóa của quầy" in page.locator(".sale .told").inner_text()
        enter_key(page, line.address, api_key(demo, "inspector"))
        page.get_by_role("link", name="Chờ gửi").click()
        page.get_by_text("không thuộc vai trò “till”").first.wait_for(timeout=LONG)
        page.get_by_role("link", name="Mở mục Ghi bán").click()
        page.locator("summary").click()
        page.locator("#api-key").fill(api_key(demo, "till"))
        with page.expect_response(f"**{EVENTS}"):
            page.get_by_role("button", name="Lưu").click()
        page.locator("p.bar").wait_for(state="hidden", timeout=LONG)
        assert sell(page, codes[0], "returned") in ("refused", "kept")  # kept where the machine is slow
        page.get_by_role("link", name="Chờ gửi").click()
        send_all(page)
        refused = page.locator(".refused li")
        refused.wait_for(timeout=LONG)
        assert "không có gì để hoàn lại" in refused.inner_text()
        before = refused.element_handle()
        refused.get_by_role("button", name="Gửi lại").click()
        before.wait_for_element_state("hidden", timeout=LONG)  # drawn anew: it was refused again
        page.get_by_text("1 mục máy chủ không nhận").wait_for(timeout=LONG)
        page.get_by_role("button", name="Bỏ mục này").click()
        page.get_by_role("button", name="Bấm lần nữa để bỏ").click()
        refused.wait_for(state="detached", timeout=LONG)
        page.locator("p.bar").wait_for(state="hidden", timeout=LONG)
        page.reload()
        page.get_by_text("Không có gì chờ gửi.").wait_for(timeout=LONG)
    assert recorded(demo, [code]) == [(decode(code).header.serial, "spoiled")]


def test_a_camera_marks_what_is_held_before_it_once(
    demo: Demo, playwright: Playwright, tmp_path: Path
) -> None:
    """A pack that stays in view is one sale, also before there is a key."""
    stamp, film = demo.printed()[4], tmp_path / "camera.mjpeg"
    lay(film, stamp)
    with phone(playwright, tmp_path / "profile", *camera_fed_from(film)) as context:
        page = context.new_page()
        page.goto(f"{demo.address}/scan/#sell")
        page.locator(".sold li").wait_for(timeout=LONG)
        assert page.locator(".sale").get_attribute("data-told") == "kept"  # there is no key yet
        page.wait_for_timeout(2_500)
        assert page.locator(".sold li").count() == 1
        page.locator("#api-key").fill(api_key(demo, "till"))
        page.get_by_role("button", name="Lưu").click()
        page.locator("p.bar").wait_for(state="hidden", timeout=LONG)
        page.get_by_role("link", name="Gõ số").click()
        page.goto(f"{demo.address}/scan/#sell")
        page.locator(".asking").wait_for(timeout=LONG)  # still the same pack
        assert page.locator(".sold li").count() == 0
        page.goto(f"{demo.address}/scan/#waiting")
        page.get_by_text("Không có gì chờ gửi.").wait_for(timeout=LONG)
    code = code_of(stamp)
    assert recorded(demo, [code]) == [(decode(code).header.serial, "sold")]
