"""Entering a PIN in a real browser: by keyboard, on a phone's and a desk's screen, each answer readable."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page
from tests.verify_api.pages import test_in_browser
from tests.verify_api.pages.test_in_browser import CONTRAST, TOO_WIDE
from tests.verify_api.test_pins import pin_of, wrong

from temthat_verify_api.pin_limits import ON_ONE_STAMP_FROM_ONE_SOURCE

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = test_in_browser.pytestmark
chromium, site = test_in_browser.chromium, test_in_browser.site
SCREENS = (
    {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "color_scheme": "dark", "locale": "vi-VN"},
    {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light", "locale": "vi-VN"},
)


def enter(page: Page, pin: str) -> str:
    """Type it and press Enter; the heading of the answer, which is a live region."""
    page.focus("#pinfield")
    page.keyboard.type(pin)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.get_by_role("status").locator("h2").text_content() == page.text_content("#pin")
    assert not page.evaluate(TOO_WIDE)
    assert not page.evaluate(CONTRAST)
    assert urlsplit(page.url).query == ""
    return page.text_content("#pin") or ""


@pytest.mark.parametrize("screen", SCREENS, ids=["phone", "desk"])
def test_every_answer_by_keyboard(
    chromium: Browser, site: str, world: "World", screen: dict[str, Any]
) -> None:
    """Wrong, no PIN at all, right, right for somebody else, too many: each readable, and at the top of the page."""
    run = world.run(has_pins=True)
    path, pin = f"/T/{world.code(run)}", pin_of(world, run)
    one, other = chromium.new_context(**screen), chromium.new_context(**screen)
    page = one.new_page()
    page.goto(site + path)
    assert enter(page, wrong(pin)) == "Mã PIN chưa khớp"
    top = page.locator("#pin").bounding_box()
    assert top
    assert top["y"] < screen["viewport"]["height"]
    assert enter(page, "12") == "Mã PIN gồm 6 chữ số"
    assert enter(page, f"{pin[:3]} {pin[3:]}") == "Mã PIN đúng, nhập lần đầu"
    page.reload()
    assert page.text_content("#pin") == "Mã PIN đúng, nhập lần đầu"
    page = other.new_page()
    page.goto(site + path)
    assert enter(page, pin) == "Mã PIN đúng, đã được nhập trước đó"
    for _ in range(ON_ONE_STAMP_FROM_ONE_SOURCE.amount - 1):
        page.goto(site + path)
        assert enter(page, wrong(pin)) == "Mã PIN chưa khớp"
    page.goto(site + path)
    assert enter(page, pin) == "Chờ một chút rồi nhập lại"
    one.close()
    other.close()
