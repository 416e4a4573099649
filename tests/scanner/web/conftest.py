"""The demo running, a phone with the app in its browser: what the tests here share."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

import hatch_build

ROOT = Path(hatch_build.__file__).parent.parent
sys.path.append(str(ROOT))  # the measurements are no installed package

from bench.phone import (  # noqa: E402
    ARGS,
    CHROMIUM,
    PATIENT,
    PHONE,
    Demo,
    fetched,
    hosted,
    kept,
    phone,
    running_demo,
    word_of,
)

expect.set_options(timeout=30_000)

__all__ = [
    "APP",
    "ARGS",
    "CHROMIUM",
    "PATIENT",
    "PHONE",
    "ROOT",
    "Demo",
    "fetched",
    "hosted",
    "in_browser",
    "kept",
    "phone",
    "word_of",
]

APP = ROOT / hatch_build.APP

in_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no /usr/bin/chromium: install Debian's chromium"),
    pytest.mark.skipif(not (APP / "index.html").exists(), reason="the phone app was not built"),
]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One for all: who needs a stamp that nobody else looks at takes one of `Demo.printed`."""
    with running_demo(tmp_path_factory.mktemp("demo") / "demo") as running:
        yield running


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """One driver for the module."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One for all; each test has a profile of its own, without a camera, with nothing fetched yet."""
    args = [*ARGS, "--host-resolver-rules=MAP tem.test 127.0.0.1"]
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
    yield browser
    browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """The window of a phone."""
    with browser.new_context(viewport=PHONE, locale="vi-VN") as context:  # type: ignore[arg-type]
        context.add_init_script(PATIENT)
        yield context.new_page()


@pytest.fixture
def ready(demo: Demo, page: Page) -> Page:
    """With its trust data."""
    fetched(page, demo)
    return page
