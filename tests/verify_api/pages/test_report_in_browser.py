"""Reporting in a real browser: without script, by keyboard, on a small screen, in both languages."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser
from tests.verify_api.pages.test_in_browser import (  # the browser and the served site
    CONTRAST,
    TOO_WIDE,
    chromium,
    pytestmark,
    site,
)
from tests.verify_api.pages.test_reports import photo

from temthat_verify_api.reports.records import SuspectReport

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

__all__ = ["chromium", "pytestmark", "site"]


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_report_is_sent_without_script(chromium: Browser, world: "World", site: str, lang: str) -> None:
    """From the red page to a reference number, with a photo; a form that lacks the consent keeps what was typed."""
    words = {
        "vi": ("Báo nghi ngờ", "Khối lượng, quy cách khác", "Mua ở đâu?", "Ảnh gói hàng", "Số điện thoại hoặc email",
               "Tôi đồng ý", "Gửi báo cáo", "Đã nhận báo cáo"),
        "en": ("Report a suspicion", "Weight or pack size differs", "Where was it bought?", "Photo of pack",
               "Telephone number or e-mail", "I agree", "Send the report", "Report received"),
    }[lang]  # fmt: skip
    link, odd, shop, picture, contact, agree, send, thanks = words
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto(f"{site}/T/{world.forged(world.run())}?lang={lang}")
    page.get_by_role("link", name=link).first.click()
    page.get_by_label(odd).check()
    page.get_by_label(shop).fill("Chợ Đồng Xuân")
    page.locator("summary").click()
    page.get_by_label(contact).fill("0912 345 678")
    page.get_by_role("button", name=send).click()
    page.get_by_role("alert").wait_for()
    assert page.get_by_label(odd).is_checked()
    assert page.get_by_label(shop).input_value() == "Chợ Đồng Xuân"
    page.get_by_label(agree).check()
    page.get_by_label(picture).set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    page.get_by_role("button", name=send).click()
    page.get_by_role("heading", name=thanks, exact=True, level=1).wait_for()
    with world.services.sessions() as session:
        [report] = session.query(SuspectReport)
        assert (report.odd, report.shop, report.verdict) == ("weight", "Chợ Đồng Xuân", "forged")
        assert report.photo is not None


def test_the_form_by_keyboard_and_on_every_screen(chromium: Browser, world: "World", site: str) -> None:
    """Fields in the order they are read, the programs' own never among them; nothing too wide, enough contrast."""
    code = world.code(world.run())
    for scheme in ("light", "dark"):
        page = chromium.new_context(
            viewport={"width": 320, "height": 640}, color_scheme="dark" if scheme == "dark" else "light"
        ).new_page()
        page.goto(f"{site}/report?code={code}")
        page.locator("summary").click()
        assert page.evaluate(TOO_WIDE) == []
        assert page.evaluate(CONTRAST) == []
        page.get_by_role("button").first.click()
        assert page.evaluate(CONTRAST) == []
    page.goto(f"{site}/report?code={code}")
    stops = []
    for _ in range(20):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.name || document.activeElement.tagName"))
    named = [stop for stop in dict.fromkeys(stops) if stop.islower()]
    assert named == ["odd", "words", "shop", "province", "photo", "ref"]
    assert "website" not in stops
    fields = "document.querySelectorAll('input:not([type=hidden]),select,textarea')"
    assert page.evaluate(f"[...{fields}].filter(e => !e.labels.length).length") == 0
