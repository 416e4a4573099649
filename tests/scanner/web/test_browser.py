"""The phone app in a real browser, the demo behind it: a camera that sees printed stamps, and a network that is cut."""

import gzip
import io
import re
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, Playwright

import hatch_build

from .conftest import ARGS, CHROMIUM, PHONE, ROOT, Demo, fetched, in_browser, phone

pytestmark = in_browser


def film(picture: Path, file: Path) -> str:
    """A video in which somebody holds a printed stamp before the camera; the argument that makes it the camera."""
    frame = Image.new("RGB", (1280, 720), "#cfc8b8")
    stamp = Image.open(picture).convert("RGB")
    stamp = stamp.resize((420, stamp.height * 420 // stamp.width)).rotate(4, fillcolor="#cfc8b8", expand=True)
    frame.paste(stamp, (430, 90))
    one = io.BytesIO()
    frame.save(one, "JPEG", quality=88)
    file.write_bytes(one.getvalue() * 20)
    return f"--use-file-for-fake-video-capture={file}"


def word_of(page: Page) -> str:
    """The verdict on the page."""
    verdict = page.locator(".verdict")
    verdict.wait_for(timeout=15_000)
    return verdict.get_attribute("data-word") or ""


def test_camera_with_and_without_a_network(demo: Demo, playwright: Playwright, tmp_path: Path) -> None:
    """The same stamp: genuine while the service answers, genuine_offline when it is cut; that check is sent later."""
    args = [
        *("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"),
        film(demo.pictures / "1-genuine.png", tmp_path / "camera.mjpeg"),
    ]
    with phone(playwright, tmp_path / "profile", *args) as context:
        page = context.new_page()
        fetched(page, demo)
        page.goto(f"{demo.address}/scan/#scan")
        assert word_of(page) == "genuine"
        context.set_offline(True)
        page.reload()
        assert word_of(page) == "genuine_offline"
        assert "Mật ong" in page.locator("article").inner_text()
        page.get_by_role("link", name="Chờ gửi").click()
        page.get_by_text("1 lượt chờ gửi").wait_for()
    with phone(playwright, tmp_path / "profile", *args) as context:  # the battery was empty
        page = context.new_page()
        with page.expect_response("**/api/v1/events") as told:
            page.goto(f"{demo.address}/scan/#waiting")
        assert told.value.status == 200
        page.get_by_text("Không có gì chờ gửi.").wait_for()
    picture = Image.open(demo.pictures / "1-genuine.png")
    code = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))[
        0
    ].text
    asked = [httpx.post(f"{demo.address}/api/v1/verify", json={"code": code}).json() for _ in range(2)]
    # The one online, the one that waited, and the first of these; one or two are not told.
    assert [answer["history"]["checks"] for answer in asked] == [None, 3]


OFFLINE = {"genuine": "genuine_offline", "suspect_copy": "genuine_offline", "sold": "genuine_offline"}


def test_every_sample_stamp_from_a_photo(demo: Demo, playwright: Playwright, tmp_path: Path) -> None:
    """Photos of all the demo's stamps, and a forged code typed in, online and with the network cut."""
    with phone(playwright, tmp_path / "profile", camera=False) as context:
        page = context.new_page()
        fetched(page, demo)
        for is_cut in (False, True):
            context.set_offline(is_cut)
            for picture in sorted(demo.pictures.glob("*.png")):
                page.goto(f"{demo.address}/scan/#scan")
                page.reload()
                page.set_input_files("#photo", picture)
                word = picture.stem.partition("-")[2]
                assert word_of(page) == (OFFLINE.get(word, word) if is_cut else word), picture.name
            page.goto(f"{demo.address}/scan/#type")
            page.locator("#number").fill(demo.forged)
            page.locator("#number").press("Enter")
            assert word_of(page) == "forged"


def test_no_camera_is_told_and_other_ways_are_offered(
    demo: Demo, playwright: Playwright, tmp_path: Path
) -> None:
    """Never a blank page."""
    with phone(playwright, tmp_path / "profile", camera=False) as context:
        page = context.new_page()
        page.goto(f"{demo.address}/scan/")
        page.get_by_role("button", name="Mở máy ảnh").wait_for()
        assert re.search("máy ảnh", page.locator("main").inner_text())
        assert page.get_by_text("Chọn ảnh", exact=True).is_visible()
        page.get_by_role("link", name="Gõ số").click()
        page.locator("#number").fill("0000 0W00 00F8 3G5N".replace("W", "I"))
        page.locator("#number").press("Enter")
        assert word_of(page) == "mistyped"


AXE = ROOT / hatch_build.WEB / "node_modules/axe-core/axe.min.js"
"""Checks of accessibility (Deque's axe)."""


def complaints(page: Page) -> list[str]:
    """What axe finds serious or critical on the page."""
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run().then(({violations}) => violations.map(v => [v.impact, v.id, v.help]))")
    return [f"{rule}: {words}" for impact, rule, words in found if impact in ("serious", "critical")]


def test_everybody_can_use_it_and_it_can_be_installed(
    demo: Demo, playwright: Playwright, tmp_path: Path
) -> None:
    """Axe on every section and on a verdict; Chromium's own list of what hinders installing is empty."""
    with phone(playwright, tmp_path / "profile", camera=False) as context:
        page = context.new_page()
        fetched(page, demo)
        errors = context.new_cdp_session(page).send("Page.getInstallabilityErrors")["installabilityErrors"]
        # A profile of a test counts as private browsing for some versions; that is no fault of the app.
        assert [e["errorId"] for e in errors if e["errorId"] != "in-incognito"] == []
        unguarded = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        looked = unguarded.new_context(viewport=PHONE, locale="vi-VN", bypass_csp=True)  # type: ignore[arg-type]
        axed = looked.new_page()
        for section in ("scan", "type", "data", "waiting", "shelf"):
            axed.goto(f"{demo.address}/scan/#{section}")
            axed.locator("main section").first.wait_for()
            assert complaints(axed) == [], section
        axed.goto(f"{demo.address}/scan/#scan")
        axed.set_input_files("#photo", next(demo.pictures.glob("*-recalled.png")))
        assert word_of(axed) == "recalled"
        assert complaints(axed) == []
        unguarded.close()


def test_a_new_version_takes_over_and_loses_nothing(playwright: Playwright, tmp_path: Path) -> None:
    """On a static host without any service: what waits is still there after the update, and what is missing is said."""
    site = tmp_path / "site"
    shutil.copytree(ROOT / hatch_build.APP, site / "scan")
    handler = partial(QuietFiles, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://localhost:{server.server_port}/scan"
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
            page.get_by_text("1 lượt chờ gửi").wait_for()
        server.shutdown()


class QuietFiles(SimpleHTTPRequestHandler):
    """A static host that prints nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def size_of(files: list[Path]) -> int:
    """Bytes as they travel (gzip)."""
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in files)


def test_it_is_small() -> None:
    """Script and style before the decoder's WASM: at most 100 kB; the shelf check, loaded when it is opened, 10 kB."""
    files = [*(ROOT / hatch_build.APP).glob("**/*.js"), *(ROOT / hatch_build.APP).glob("**/*.css")]
    later = [file for file in files if file.name.startswith("shelfview-")]
    assert len(files) >= 6
    assert [file.suffix for file in sorted(later)].count(".js") == 1
    assert size_of([file for file in files if file not in later]) <= 100_000
    assert size_of(later) <= 10_000


def test_damaged_data_is_dropped_and_nothing_is_called_genuine(
    demo: Demo, playwright: Playwright, tmp_path: Path
) -> None:
    """Bits that turned in storage: told, and no verdict but `cannot_tell` until new data is fetched."""
    bend = """async () => {
        const open = indexedDB.open("temthat");
        await new Promise((done) => (open.onsuccess = done));
        const store = open.result.transaction("kept", "readwrite").objectStore("kept");
        const kept = await new Promise((done) => {
            const asked = store.get("installed");
            asked.onsuccess = () => done(asked.result);
        });
        kept.listing[kept.listing.length >> 1] ^= 255;
        const put = store.put(kept, "installed");
        await new Promise((done) => (put.onsuccess = done));
        open.result.close();
    }"""
    with phone(playwright, tmp_path / "profile", camera=False) as context:
        page = context.new_page()
        fetched(page, demo)
        page.evaluate(bend)
        context.set_offline(True)
        page.reload()
        page.get_by_text("Dữ liệu trên máy bị hỏng").wait_for()
        page.goto(f"{demo.address}/scan/#scan")
        page.set_input_files("#photo", demo.pictures / "1-genuine.png")
        assert word_of(page) == "cannot_tell"
