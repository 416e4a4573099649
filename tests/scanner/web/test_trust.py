"""The app's trust data in a real browser, on a static host: fetched as it grows, never back, never to a fork.

No service is there: a public folder, a trust pack as a file, and the app. The log is that of the shared vectors.
"""

import base64
import json
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright

import hatch_build
from temthat_stamps.log.fork import ForkEvidence
from temthat_stamps.log.note import VerifierKey

from .conftest import ROOT, in_browser, phone

pytestmark = in_browser

VECTORS = ROOT / "stamps" / "vectors"
OFFLINE: dict[str, Any] = json.loads((VECTORS / "offline.json").read_bytes())
GROWN: dict[str, Any] = json.loads((VECTORS / "growth.json").read_bytes())["log"]


class Host(ThreadingHTTPServer):
    """A static host; what it was asked for, in order."""

    asked: list[str]

    def __init__(self, site: Path) -> None:
        self.asked = []
        self.site = site
        super().__init__(("127.0.0.1", 0), partial(_Files, directory=str(site)))

    @property
    def address(self) -> str:
        """Of the app."""
        return f"http://localhost:{self.server_port}/scan"

    def put(self, *files: dict[str, str]) -> None:
        """The public folder as it is now."""
        for path, data in (item for part in files for item in part.items()):
            file = self.site / "log" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(base64.b64decode(data))

    def pack(self, files: dict[str, str]) -> None:
        """The trust pack as it is now."""
        (self.site / "api" / "v1" / "trust").write_text(json.dumps(OFFLINE["pack"] | {"files": files}))

    def of_data(self) -> list[str]:
        """What was asked for of the data since the last time."""
        asked, self.asked = self.asked, []
        return sorted(path for path in asked if path.startswith(("/log/", "/api/v1/trust")))


class _Files(SimpleHTTPRequestHandler):
    """Plain files; ranges are not understood, as by many hosts."""

    server: Host

    def log_message(self, format: str, *args: object) -> None:
        """Remember, print nothing."""
        self.server.asked.append(self.path)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """The app beside the vectors' public folder and its pack."""
    site = tmp_path / "site"
    shutil.copytree(ROOT / hatch_build.APP, site / "scan")
    (site / "api" / "v1").mkdir(parents=True)
    (site / "empty.html").write_text("<!doctype html><title>nothing</title>")
    with Host(site) as server:
        server.pack(OFFLINE["pack"]["files"])
        server.put(OFFLINE["pack"]["files"])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def opened(page: Page, host: Host) -> None:
    """The section of the data, for the province that the vectors' pack has."""
    page.goto(f"{host.address}/#data")
    page.get_by_role("button", name="Tải dữ liệu mới").wait_for()


def update(page: Page, told: str) -> None:
    """Press the button; the section then says so."""
    page.get_by_role("button", name="Tải dữ liệu mới").click()
    page.locator("main").get_by_text(told).first.wait_for(timeout=60_000)


def stored(page: Page, host: Host, value: str | dict[str, Any] | None) -> str:
    """What `STORED` says. On a page without the app: an update going on in the background would write over it."""
    page.goto(f"{host.address.removesuffix('/scan')}/empty.html")
    size: str = page.evaluate(STORED, value)
    page.goto("about:blank")
    return size


STORED = """async (value) => {
    const open = indexedDB.open("temthat");
    await new Promise((done) => (open.onsuccess = done));
    const store = open.result.transaction("kept", "readwrite").objectStore("kept");
    const get = store.get("installed");
    await new Promise((done) => (get.onsuccess = done));
    const found = get.result;
    if (value) {
        const older = store.get("older");
        await new Promise((done) => (older.onsuccess = done));
        const put = store.put(value === "kept" ? older.result : { ...found, ...value }, "installed");
        await new Promise((done) => (put.onsuccess = done));
    } else {
        const put = store.put(found, "older");
        await new Promise((done) => (put.onsuccess = done));
    }
    open.result.close();
    return found.tree.size;
}"""
"""The size of the log of the data that is stored; `value`: what is put in its place."""


def test_data_grows_and_never_goes_back(host: Host, playwright: Playwright, tmp_path: Path) -> None:
    """First a pack, then only what has grown; an older copy put back is not used, nor one of a newer app replaced."""
    with phone(playwright, tmp_path / "profile", camera=False) as context:
        page = context.new_page()
        opened(page, host)
        page.locator("details summary").first.click()
        page.locator("#p96").check()
        update(page, "37 mục")
        assert any(path.startswith("/api/v1/trust") for path in host.of_data())
        assert stored(page, host, None) == "37"

        opened(page, host)
        host.of_data()
        host.put(GROWN["later"]["files"], GROWN["later"]["tiles"])
        update(page, "39 mục")
        asked = host.of_data()
        assert not [path for path in asked if path.startswith("/api")]
        bundle = [path.removeprefix("/log/bundle/") for path in asked if "/bundle/" in path]
        assert set(bundle) == {"bundle.json", "bundle.proof", "notices"}
        assert {path for path in asked if "/tile/" in path} == {"/log/tile/0/000.p/39"}

        assert stored(page, host, "kept") == "39"
        context.set_offline(True)
        page.goto(f"{host.address}/#data")
        page.get_by_text("cũ hơn dữ liệu máy này từng có").wait_for()
        context.set_offline(False)
        page.reload()
        update(page, "39 mục")
        page.get_by_text("cũ hơn dữ liệu máy này từng có").wait_for(state="detached")

        stored(page, host, {"v": 99})
        page.goto(f"{host.address}/#data")
        page.get_by_text("bản ứng dụng mới hơn").first.wait_for()
        update(page, "Đóng các cửa sổ khác")
        stored(page, host, {"v": 2})
        page.goto(f"{host.address}/#data")
        page.get_by_text("39 mục").wait_for()

        # Damaged data is gone; what was seen is not forgotten.
        stored(page, host, {"seal": "0"})
        context.set_offline(True)
        page.goto(f"{host.address}/#data")
        page.get_by_text("Dữ liệu trên máy bị hỏng").wait_for()
        host.put(OFFLINE["pack"]["files"])
        context.set_offline(False)
        update(page, "cũ hơn dữ liệu đang dùng")
        host.put(GROWN["later"]["files"])
        host.pack(OFFLINE["pack"]["files"] | GROWN["later"]["files"])
        update(page, "39 mục")


def test_a_fork_is_told_and_the_last_good_data_stays(
    host: Host, playwright: Playwright, tmp_path: Path
) -> None:
    """What proves it can be saved; it is told until the person has told somebody. So is a host that shows nothing."""
    with phone(playwright, tmp_path / "profile", camera=False) as context:
        page = context.new_page()
        opened(page, host)
        page.locator("details summary").first.click()
        page.locator("#p96").check()
        update(page, "37 mục")
        host.put(GROWN["forked"]["files"], GROWN["forked"]["tiles"])
        update(page, "KHÔNG nối tiếp")
        assert stored(page, host, None) == "37"
        page.goto(f"{host.address}/#data")
        page.get_by_role("link", name="Lưu bằng chứng").wait_for()
        assert "Sổ công khai không nối tiếp" in page.locator(".bar").inner_text()
        with page.expect_download() as download:
            page.get_by_role("link", name="Lưu bằng chứng").click()
        evidence = Path(download.value.path()).read_bytes()
        key = VerifierKey.parse(GROWN["key"])
        found = ForkEvidence.parse(evidence).prove(key.name, key)
        assert (found.known.size, found.offered.size) == (37, 39)

        host.put(GROWN["later"]["files"])
        shutil.rmtree(host.site / "log" / "tile")
        update(page, "chưa cho thấy sổ công khai nối tiếp")
        host.put(GROWN["later"]["tiles"])
        update(page, "39 mục")
        page.get_by_role("button", name="Đã báo, xóa cảnh báo").click()
        page.get_by_role("link", name="Lưu bằng chứng").wait_for(state="detached")
