"""Ordering stamps with PINs and taking their list in a real browser, on a small phone."""

import csv
import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from . import test_browser
from .conftest import ADMIN, PASSWORD
from .test_browser import PHONE, Site, visit

pytestmark = test_browser.pytestmark
chromium, site = test_browser.chromium, test_browser.site
LOOKS = os.environ.get("LOOKS", "")


def look(page: Page, name: str) -> None:
    """Nothing reaches out of the screen; with LOOKS set, a picture to look at."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if LOOKS:
        page.screenshot(path=f"{LOOKS}/{name}-{page.viewport_size['width']}.png", full_page=True)  # type: ignore[index]


@pytest.mark.parametrize("screen", [PHONE], ids=["phone"])
def test_from_the_tick_to_the_list(
    chromium: Browser, site: Site, tmp_path: Path, screen: dict[str, int]
) -> None:
    """Tick, order, open the list, confirm with the password; the file is a list, and the page tells who took it."""
    one = visit(chromium, site, screen)  # type: ignore[arg-type]
    one.sign_in(ADMIN)
    page = one.page
    one.open(
        f"/desk/batches/{site.office.batch_id()}/stamps/{site.office.form_id('TUI500')}?method=house&count=3"
    )
    look(page, "pin-order")
    page.get_by_label("Tem có mã PIN 6 chữ số dưới lớp cào").check()
    one.press("Tạo tệp in")
    page.get_by_text("Tệp 3 tem đã sẵn sàng").wait_for()
    look(page, "pin-job")
    one.press("Mở danh sách PIN")
    look(page, "pin-list")
    page.get_by_label("Tôi gửi tệp này theo đường khác với tệp in").check()
    page.get_by_label("Mật khẩu").fill("sai rồi")
    one.press("Tải mã PIN")
    look(page, "pin-list-wrong")
    assert page.get_by_label("Tôi gửi tệp này theo đường khác với tệp in").is_checked()
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    with page.expect_download() as download:
        one.press("Tải mã PIN")
    download.value.save_as(tmp_path / "pins.csv")
    rows = list(csv.reader((tmp_path / "pins.csv").read_text("utf-8-sig").splitlines()))
    assert [row[0] for row in rows] == ["serial", "1", "2", "3"]
    page.goto(page.url)
    assert page.get_by_text("· Lý Văn Hùng").count() == 1
    look(page, "pin-list-taken")
