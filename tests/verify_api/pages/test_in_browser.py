"""The page of a stamp in a real browser: counted as a person's view, small, readable, on any screen, light and dark."""

import datetime as dt
import hashlib
import io
import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uvicorn
from PIL import Image
from playwright.sync_api import Browser, Page, Request, sync_playwright
from tests.ports import served_here

from temthat_stamps.code import encode
from temthat_stamps.copies.records import StampEvent
from temthat_stamps.verdict import NoticeKind
from temthat_trace.batches import Batch
from temthat_trace.events import Event, Step
from temthat_trace.offers import SellerLink
from temthat_trace.papers import Attachment
from temthat_trace.products import Product
from temthat_verify_api.app import create_app
from temthat_verify_api.connections import BoundedProtocol
from temthat_verify_api.desk.pictures import shrink

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

CHROMIUM = Path("/usr/bin/chromium")
ARGS = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no /usr/bin/chromium: install Debian's chromium"),
]
CONTRAST = """() => {
  const rgb = c => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = e => { for (; e; e = e.parentElement) {
    const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; }
    return [255, 255, 255]; };
  const worst = [];
  for (const e of document.querySelectorAll('body *')) {
    const said = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!said || !e.checkVisibility() || e.closest('.skip')) continue;
    const a = light(rgb(getComputedStyle(e).color)), b = light(behind(e));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) worst.push(ratio.toFixed(2) + ' ' + e.textContent.trim().slice(0, 40));
  }
  return worst; }"""

TOO_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('body *')]
  .filter(e => e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for the module."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def site(world: "World") -> Iterator[str]:
    """The service on a free port."""
    app = create_app(world.services)
    config = uvicorn.Config(app, http=BoundedProtocol, log_level="warning", access_log=False)
    with served_here(config) as port:
        yield f"http://127.0.0.1:{port}"


def give_a_picture(world: "World") -> None:
    """The product gets a photo as hard to compress as any, through the desk's own shrinking."""
    noise = random.Random(1).randbytes(600 * 600 * 3)
    photo = io.BytesIO()
    Image.frombytes("RGB", (600, 600), noise).resize((1200, 1200)).save(photo, "JPEG", quality=90)
    data = shrink(photo.getvalue())
    with world.services.sessions() as session:
        digest = hashlib.sha256(data).hexdigest()
        session.add(Attachment(digest=digest, media_type="image/webp", data=data))
        session.flush()
        session.query(Product).one().picture = digest
        session.commit()


def counted(world: "World") -> int:
    with world.services.sessions() as session:
        return session.query(StampEvent).count()


def settle(page: Page, url: str) -> None:
    page.goto(url, wait_until="networkidle")


def test_a_persons_view_is_counted_once_without_script(chromium: Browser, world: "World", site: str) -> None:
    """Opening and reloading is one check and stays the first; another phone reads of one before."""
    url = f"{site}/T/{world.code(world.run())}"
    one = chromium.new_context(java_script_enabled=False, locale="vi-VN").new_page()
    for _ in range(2):
        settle(one, url)
        assert "lần kiểm tra đầu tiên" in one.inner_text("main")
    assert counted(world) == 1
    other = chromium.new_context(java_script_enabled=False, locale="vi-VN").new_page()
    settle(other, url)
    assert "Đã được kiểm tra trước lần này" in other.inner_text("main")
    assert counted(world) == 2


def test_everything_together_is_below_50_kb(chromium: Browser, world: "World", site: str) -> None:
    """Page, picture, counting picture: bodies and heads as they come over the wire; nobody else is asked."""
    give_a_picture(world)
    world.confirm_paper()
    page = chromium.new_context(locale="vi-VN").new_page()
    finished: list[Request] = []

    def note(request: Request) -> None:
        finished.append(request)

    page.on("requestfinished", note)
    settle(page, f"{site}/T/{world.code(world.run())}")
    sizes: dict[str, int] = {}
    for request in finished:  # asked for only now: within the event another could be met half-way
        size = request.sizes()
        sizes[request.url] = size["responseBodySize"] + size["responseHeadersSize"]
    assert len(sizes) == 3
    assert all(url.startswith(site) for url in sizes)
    assert sum(sizes.values()) < 50_000, sizes


def test_a_word_without_end_in_the_diary_stays_on_the_screen(
    chromium: Browser, world: "World", site: str
) -> None:
    """An address pasted into an entry is broken over lines and does not push the page aside."""
    code = world.code(world.run())
    with world.services.sessions() as session:
        batch = session.query(Batch).first()
        assert batch is not None
        at = dt.datetime.combine(batch.made_on, dt.time(8), dt.UTC)
        entry = Event(
            batch_id=batch.id, step=Step.CARE, at=at, text="https://example.vn/" + "x" * 400, actor="",
            recorded_by=batch.party_id, recorded_at=at,
        )  # fmt: skip
        entry.seal()
        session.add(entry)
        session.commit()
    page = chromium.new_context(viewport={"width": 320, "height": 640}, locale="vi-VN").new_page()
    page.goto(f"{site}/T/{code}")
    for details in page.locator("summary").all():
        details.click()
    assert "xxxx" in page.inner_text("main")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_every_verdict_is_readable_on_every_screen(chromium: Browser, world: "World", site: str) -> None:
    """No sideways scrolling at 320 px, contrast of at least 4.5 in light and dark, the sign first."""
    give_a_picture(world)
    run = world.run()
    world.notify(run, NoticeKind.VOID, serials=(10, 10), reason="misprint")
    world.notify(run, NoticeKind.HOLD, serials=(11, 11), reason="under_inspection")
    codes = [world.code(run), world.code(run, 10), world.code(run, 11), world.forged(run), "what-is-this"]
    codes += [world.code(world.run(lot="L2", expires_on=dt.date(2026, 5, 20))), world.number(run)]
    codes += [encode(b"\x02" + bytes(11), bytes(64))]
    paths = [f"/T/{code}" for code in codes] + [
        "/",
        "/privacy",
        "/report",
        f"/report?code={world.code(run)}",
        "/report/0000-0000-1",
        "/p/HTX-MAU/CHE",
        "/T/0000040000B1BVCU",
        "/docs",
        "/log/",
        *(f"/log/entry/{index}" for index in (0, 3)),
    ]
    world.services.book.publish()
    for scheme in ("light", "dark"):
        page = chromium.new_context(
            viewport={"width": 320, "height": 640},
            locale="vi-VN",
            color_scheme="dark" if scheme == "dark" else "light",
        ).new_page()
        for path in paths:
            page.goto(site + path)
            for details in page.locator("summary").all():
                details.click()
            where = f"{scheme} {path[:12]}"
            assert page.evaluate(TOO_WIDE) == [], where
            assert page.evaluate(CONTRAST) == [], where
            if page.locator(".verdict").count():
                box = page.locator("h1").bounding_box()
                assert box
                assert box["y"] + box["height"] < 420, where


def test_the_keyboard_reaches_everything(chromium: Browser, world: "World", site: str) -> None:
    """The first stop skips to the main part; language, call, details, province and refusal follow."""
    page = chromium.new_context(locale="vi-VN").new_page()
    settle(page, f"{site}/T/{world.code(world.run())}")
    stops = []
    for _ in range(18):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.name || document.activeElement.innerText"))
    assert stops[0] == "Đến nội dung chính"
    reachable = ("Xem mục này", "Tự kiểm chứng", "Vì sao tin được?", "tinh", "Ghi nhận", "Không lưu")
    for wanted in ("English", *reachable):
        assert any(wanted in stop for stop in stops), stops


def test_data_sellers_and_badge_in_a_browser(chromium: Browser, world: "World", site: str) -> None:
    """The data block parses and the policy blocks nothing; a long shop fits; the badge loads elsewhere."""
    world.run()
    with world.services.sessions() as session:
        session.add(
            SellerLink(
                product_id=session.query(Product).one().id, seller="Gian-hàng-" * 15, url=f"https://{'a' * 60}.vn/x",
                valid_until=dt.date(2027, 1, 1), added_at=world.now,
            )
        )  # fmt: skip
        session.commit()
    page = chromium.new_context(viewport={"width": 320, "height": 640}, locale="en-GB").new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    for path in ("/p/HTX-MAU/CHE", "/p/HTX-MAU/CHE/L01"):
        page.goto(site + path)
        kind = (
            "JSON.parse(document.querySelector('script[type=\"application/ld+json\"]').textContent)['@type']"
        )
        assert page.evaluate(kind) == "Product"
        assert page.evaluate(TOO_WIDE) == []
        assert page.evaluate(CONTRAST) == []
        assert page.evaluate("document.documentElement.lang") == "en"
    assert said == []
    shop = chromium.new_context().new_page()
    shop.set_content(f'<img src="{site}/badge/vi.svg">')
    shop.wait_for_function("document.images[0].complete")
    assert shop.evaluate("document.images[0].naturalWidth") == 220
