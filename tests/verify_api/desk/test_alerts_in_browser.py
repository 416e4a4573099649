"""Alerts in a real browser: on a small phone nothing is cut, by keyboard all is reached, no script anywhere."""

import datetime as dt

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select

from temthat_stamps.copies.campaigns import AlertState
from temthat_stamps.copies.records import signal
from temthat_verify_api.alerts.records import Alert
from temthat_verify_api.alerts.rounds import sweep

from .conftest import OFFICER, PASSWORD
from .test_browser import CHROMIUM, PC, PHONE, Site, chromium, site  # noqa: F401 - fixtures

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no /usr/bin/chromium: install Debian's chromium"),
]


def test_from_the_first_page_to_a_recorded_result(chromium: Browser, site: Site) -> None:  # noqa: F811
    """An officer finds the alert, reads it, records what it came to: with the keyboard, at 360 pixels."""
    office = site.office
    office.clock[0] = dt.datetime.now(dt.UTC)
    run = office.printed()
    with office.session() as session:
        for serial, kind in ((3, "suspect"), (3, "sales"), (5, "report")):
            signal(session, run, serial, kind, office.clock[0], "79")
        session.commit()
    sweep(office.services)
    context = chromium.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(site.address + "/desk/sign-in")
    page.fill("#phone", OFFICER)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk")
    page.click('main a[href="/desk/alerts"]')
    page.wait_for_url("**/desk/alerts")
    page.click("ul.list a")
    page.wait_for_url("**/desk/alerts/*")
    page.focus('input[name="state"]:checked')
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("Cửa hàng quét hai lần")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**done=alert_state")
    page.locator('[role="status"]').wait_for()
    with office.session() as session:
        alert = session.scalars(select(Alert)).one()
        assert alert.state is AlertState.EXPLAINED
    paths = (
        "",
        f"/{alert.id}",
        f"/{alert.id}/hold?run={run}&serial=3",
        "/found",
        "/addresses",
        "/model",
        "?show=done",
    )
    for size in (PHONE, PC):
        page.set_viewport_size(size)
        for path in paths:
            answer = page.goto(f"{site.address}/desk/alerts{path}")
            assert answer is not None
            assert answer.status == 200, path
            assert page.locator("h1").count() == 1
            assert page.locator("script").count() == 0
    cookies = context.cookies()
    context.close()
    measuring = chromium.new_context(viewport=PHONE)
    for cookie in cookies:
        measuring.add_cookies([{"name": cookie["name"], "value": cookie["value"], "url": site.address}])
    page = measuring.new_page()
    for path in paths:
        page.goto(f"{site.address}/desk/alerts{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
    measuring.close()
