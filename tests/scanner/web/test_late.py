"""Answers that come after the person has gone on: they replace nothing that is newer, and nothing is asked twice."""

from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, Route, expect

from .conftest import Demo, in_browser
from .using import WORDS, is_said, number, photo

pytestmark = in_browser


SLOW_TO_REFUSE = """
navigator.mediaDevices.getUserMedia = () => new Promise((_, reject) => {
    window.refuse = () => reject(new DOMException("", "NotFoundError"));
});
"""


def test_a_camera_that_is_refused_late(demo: Demo, page: Page, tmp_path: Path) -> None:
    """Meanwhile a photo was picked: what is said of it stays, until the camera is asked for again."""
    page.add_init_script(SLOW_TO_REFUSE)
    page.goto(f"{demo.address}/scan/#scan")
    blank = tmp_path / "blank.png"
    Image.new("L", (64, 64), 255).save(blank)
    page.set_input_files("#photo", blank)
    is_said(page, "no_code", "vi")
    page.evaluate("window.refuse()")
    again = page.get_by_role("button", name=WORDS["vi"]["start_camera"])
    again.wait_for()
    is_said(page, "no_code", "vi")
    again.click()
    page.evaluate("window.refuse()")
    is_said(page, "no_camera", "vi")


SLOW_TO_OPEN = """
const open = window.createImageBitmap;
window.createImageBitmap = async (file) => {
    if (file.name === "first.png") await new Promise((done) => (window.go = done));
    return open(file);
};
"""


def test_the_photo_picked_last_is_told_about(demo: Demo, page: Page, tmp_path: Path) -> None:
    """The one before, still being read, says nothing over it."""
    page.add_init_script(SLOW_TO_OPEN)
    page.goto(f"{demo.address}/scan/#scan")
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    first.write_bytes(b"no picture")
    Image.new("L", (64, 64), 255).save(second)
    page.set_input_files("#photo", first)
    is_said(page, "reading", "vi")
    page.set_input_files("#photo", second)
    is_said(page, "no_code", "vi")
    page.evaluate("window.go()")
    page.evaluate("new Promise((done) => setTimeout(done, 300))")
    is_said(page, "no_code", "vi")
    page.set_input_files("#photo", first)
    page.evaluate("window.go()")
    is_said(page, "photo_unreadable", "vi")


class BadLine:
    """The first call to `where` is held back until it is let go."""

    def __init__(self, page: Page, where: str) -> None:
        self._page, self._where = page, where
        self.calls: list[Route] = []
        page.route(where, self._take)

    def _take(self, route: Route) -> None:
        self.calls.append(route)
        if len(self.calls) > 1:
            route.continue_()

    def let_go(self) -> None:
        """And give the app the time to do something about it."""
        with self._page.expect_response(self._where):
            self.calls[0].continue_()
        self._page.wait_for_function("navigator.locks.query().then(({ held }) => !held.length)")
        self._page.evaluate("new Promise((done) => setTimeout(done, 300))")


def test_who_has_gone_on_is_not_called_back(demo: Demo, ready: Page) -> None:
    """A number's verdict and new data come minutes later on a bad line; each number is asked once."""
    verify = BadLine(ready, "**/api/v1/verify")
    with ready.expect_request("**/api/v1/verify"):
        number(ready, demo.forged)
    ready.locator("#number").press("Enter")
    ready.evaluate("location.hash = 'report'")
    ready.locator("#words").fill("Hộp mỏng hơn")
    verify.let_go()
    expect(ready.locator("#words")).to_have_value("Hộp mỏng hơn")
    assert len(verify.calls) == 1

    ready.evaluate("location.hash = 'data'")
    log = BadLine(ready, "**/log/**")
    with ready.expect_request("**/log/**"):
        ready.get_by_role("button", name=WORDS["vi"]["update"]).click()
    ready.evaluate("location.hash = 'type'")
    ready.locator("#number").fill("0000")
    log.let_go()
    expect(ready.locator("#number")).to_have_value("0000")


def test_what_was_sent_late_calls_nobody_back(demo: Demo, ready: Page) -> None:
    """The same for what waits: *Gửi ngay* pressed, and the report begun meanwhile stays."""
    ready.context.set_offline(True)
    assert photo(ready, demo) == "genuine_offline"
    ready.evaluate("location.hash = 'waiting'")
    line = BadLine(ready, "**/api/v1/events/batch")
    ready.get_by_text("1 mục chờ gửi").wait_for()
    with ready.expect_request("**/api/v1/events/batch"):
        ready.context.set_offline(False)  # it sends by itself
    ready.get_by_role("button", name="Gửi ngay").click()
    ready.evaluate("location.hash = 'report'")
    ready.locator("#words").fill("Hộp mỏng hơn")
    line.let_go()
    expect(ready.locator("p.bar")).to_be_hidden()
    expect(ready.locator("#words")).to_have_value("Hộp mỏng hơn")


AGAIN_AND_AGAIN = """async () => {
    const form = document.querySelector("main form");
    while (form.isConnected) {
        form.requestSubmit();
        await new Promise((done) => setTimeout(done, 0));
    }
}"""


def test_a_report_is_written_down_once(demo: Demo, ready: Page) -> None:
    """However often one taps until its number is there."""
    ready.context.set_offline(True)
    ready.evaluate("location.hash = 'report'")
    ready.locator("#words").fill("Hộp mỏng hơn")
    ready.evaluate(AGAIN_AND_AGAIN)
    ready.locator("#reference").wait_for()
    ready.evaluate("location.hash = 'waiting'")
    expect(ready.get_by_text("1 mục chờ gửi")).to_be_visible()
