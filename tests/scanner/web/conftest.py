"""The demo running, a phone with the app in its browser: what the tests here share."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright

import hatch_build

ROOT = Path(hatch_build.__file__).parent.parent
CHROMIUM = Path("/usr/bin/chromium")
ARGS = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PHONE = {"width": 390, "height": 844}

in_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no /usr/bin/chromium: install Debian's chromium"),
    pytest.mark.skipif(
        not (ROOT / hatch_build.APP / "index.html").exists(), reason="the phone app was not built"
    ),
]


@dataclass(frozen=True)
class Demo:
    """A running demo: its address and the folder with pictures of its sample stamps."""

    address: str
    pictures: Path
    forged: str


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """As `make demo` starts it, on a free port of this machine."""
    folder = tmp_path_factory.mktemp("demo")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("temthat")
    command = [str(program), "demo", "--dir", str(folder), "--port", str(port)]
    with (folder.parent / "demo.log").open("w") as log:
        running = subprocess.Popen(
            [*command, "--host", f"localhost:{port}"],
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    address = f"http://localhost:{port}"
    for _ in range(600):
        time.sleep(0.2)
        try:
            if httpx.get(f"{address}/scan/").status_code == 200:
                break
        except httpx.HTTPError:
            assert running.poll() is None, (folder.parent / "demo.log").read_text()
    said = (folder.parent / "demo.log").read_text()
    forged = re.search(r"^forged: (\S+)$", said, re.MULTILINE)
    assert forged is not None, said
    yield Demo(address, folder / "tem-thu", forged[1])
    os.killpg(running.pid, signal.SIGTERM)
    running.wait(timeout=30)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """One driver for the module."""
    with sync_playwright() as playwright:
        yield playwright


@contextmanager
def phone(playwright: Playwright, profile: Path, *args: str, camera: bool = True) -> Iterator[BrowserContext]:
    """A phone with a profile of its own, which outlives the browser."""
    context = playwright.chromium.launch_persistent_context(
        str(profile),
        executable_path=CHROMIUM,
        args=[*ARGS, *args],
        viewport=PHONE,  # type: ignore[arg-type]
        locale="vi-VN",
        permissions=["camera"] if camera else [],
    )
    yield context
    context.close()


def fetched(page: Page, demo: Demo) -> None:
    """Open the app and wait until it has its data and its own files."""
    page.goto(f"{demo.address}/scan/#data")
    page.get_by_role("button", name="Tải dữ liệu mới").click()
    page.locator("code").wait_for(timeout=15_000)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
