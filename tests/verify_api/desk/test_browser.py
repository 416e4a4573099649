"""The desk in a real browser, as a person meets it: without script, by keyboard, on a small phone, in the dark."""

import io
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
import pytest
import uvicorn
import zxingcpp
from playwright.sync_api import Browser, FilePayload, Page, ViewportSize, sync_playwright
from tests.ports import served_here

from temthat_stamps.code import decode
from temthat_verify_api.app import create_app

from .conftest import ADMIN, CLERK, OFFICER, PASSWORD, Office, build_office
from .test_records import photo
from .test_workbook import GOOD, workbook

CHROMIUM = Path("/usr/bin/chromium")
ARGS = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PHONE: ViewportSize = {"width": 360, "height": 740}
PC: ViewportSize = {"width": 1280, "height": 800}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no /usr/bin/chromium: install Debian's chromium"),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for the module."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@dataclass
class Site:
    """A running service and its address."""

    address: str
    office: Office


@pytest.fixture(scope="module")
def site(_populated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The whole service on a free port of this machine, in real time."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(_populated, folder / "temthat.db")
    url = f"sqlite:///{folder / 'temthat.db'}"
    office = build_office(url, folder / "data", populated=True, real_time=True, upload_limit=1_000_000)
    office.press.close()  # the application below brings its own
    config = uvicorn.Config(create_app(office.services), log_level="warning")
    with served_here(config) as port:
        yield Site(f"http://127.0.0.1:{port}", office)
    office.services.engine.dispose()


@dataclass
class Visit:
    """A person's way through the pages; counts what they press."""

    page: Page
    site: Site
    presses: int = 0

    def open(self, path: str) -> None:
        """Type an address."""
        self.page.goto(self.site.address + path)

    def press(self, name: str) -> None:
        """Press the button or link with these words."""
        self.presses += 1
        button = self.page.get_by_role("button", name=name, exact=True)
        button.or_(self.page.get_by_role("link", name=name, exact=True)).first.click()

    def sign_in(self, phone: str) -> None:
        """Fill in the form and go on."""
        self.open("/desk")
        self.page.get_by_label("Số điện thoại").fill(phone)
        self.page.get_by_label("Mật khẩu").fill(PASSWORD)
        self.press("Đăng nhập")


def visit(
    chromium: Browser, site: Site, viewport: ViewportSize = PC, *, script: bool = True, dark: bool = False
) -> Visit:
    context = chromium.new_context(
        viewport=viewport,
        java_script_enabled=script,
        color_scheme="dark" if dark else "light",
        accept_downloads=True,
        reduced_motion="reduce",
    )
    return Visit(context.new_page(), site)


def test_a_first_timer_gets_from_signing_in_to_a_pdf(chromium: Browser, site: Site) -> None:
    """Workbook in, stamps out: eight presses, well under two minutes, without a line of script."""
    began = time.monotonic()
    way = visit(chromium, site, PHONE, script=False)
    way.sign_in(CLERK)
    way.press("Nạp sổ Excel")
    book: FilePayload = {"name": "sổ HTX.xlsx", "mimeType": XLSX, "buffer": workbook(GOOD)}
    way.page.get_by_label("Chọn tệp sổ").set_input_files(book)
    way.press("Kiểm tra sổ")
    way.press("Nhập vào hệ thống")
    way.press("Tiếp: chọn lô để in tem")
    way.press("Chọn lô này")
    way.press("In tem cho Khay 10 quả")
    way.press("Tạo tệp in")
    ready = way.page.get_by_role("link", name="Tải tệp PDF về máy")
    ready.wait_for(timeout=60_000)
    with way.page.expect_download() as download:
        ready.click()
    data = Path(download.value.path()).read_bytes()
    seconds = time.monotonic() - began
    assert way.presses <= 8
    assert seconds < 110
    assert download.value.suggested_filename == "tem-tr-2611-1-1-125.pdf"

    sheet = pypdfium2.PdfDocument(io.BytesIO(data))[0].render(scale=300 / 72).to_pil()
    read = [
        decode(symbol.text)
        for symbol in zxingcpp.read_barcodes(
            sheet, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
        )
    ]
    assert {code.header.run for code in read} == {1}
    assert len({code.header.serial for code in read}) == 24

    way.open("/desk")
    way.press("Mở tệp in")
    way.press("Đã in xong")
    way.page.get_by_role("heading", name="Đã in xong 125 tem").wait_for()
    way.page.context.close()


def test_signing_in_needs_no_mouse(chromium: Browser, site: Site) -> None:
    """The first field has the cursor; Tab and Enter do the rest, and the skip link leads to the content."""
    way = visit(chromium, site)
    way.open("/desk")
    # A browser moves the cursor to the first field a moment after the page is there.
    way.page.wait_for_function("document.activeElement?.name === 'phone'")
    way.page.keyboard.type("0912 000 002")
    way.page.keyboard.press("Tab")
    way.page.wait_for_function("document.activeElement?.name === 'password'")
    way.page.keyboard.type(PASSWORD)
    way.page.keyboard.press("Enter")
    way.page.get_by_role("heading", name="Việc cần làm").wait_for()
    way.page.keyboard.press("Tab")
    way.page.keyboard.press("Enter")
    # As with the first field, the cursor goes to the link's target a moment after the press.
    way.page.wait_for_function("document.activeElement?.id === 'main'")
    way.page.context.close()


def _addresses(site: Site, phone: str) -> list[str]:
    """Every kind of page that person has."""
    with site.office.session() as session:
        from sqlalchemy import select

        from temthat_stamps.ledger.recording import Fate
        from temthat_stamps.runs.records import PrintJob, Run
        from temthat_trace.events import Step
        from temthat_trace.papers import Paper
        from temthat_trace.products import Product

        job = session.scalars(select(PrintJob.id)).first()
        paper = session.scalars(select(Paper.id)).first()
        product = session.scalars(select(Product.id)).first()
        run = session.scalars(select(Run.run)).first() or site.office.printed(30)
    batch, form = site.office.batch_id(), site.office.form_id("TUI500")
    shared = [
        "/desk",
        "/desk/papers",
        f"/desk/papers/{paper}",
        "/desk/people",
        "/desk/account",
        "/desk/log",
        "/desk/approvals",
        "/desk/approvals/history",
        "/desk/checklist",
        "/desk/expiring",
        "/desk/nowhere",
    ]
    shared += [f"/desk/batches/{batch}", f"/desk/batches/{batch}/checks", f"/desk/runs/{run}/ledger"]
    shared.append(f"/desk/organisations/{site.office.party_id('HTX-DE')}/quotas")
    if phone == OFFICER:
        return [*shared, f"/desk/organisations/{site.office.party_id('HTX-DE')}"]
    order = f"/desk/batches/{batch}/stamps/{form}"
    own = [order, f"{order}?method=roll", f"{order}?method=house", "/desk/workbooks", "/desk/products"]
    own += [f"/desk/runs/{run}/ledger/{fate}" for fate in Fate]
    own += ["/desk/work", "/desk/batches/new", "/desk/slips", f"/desk/batches/{batch}/work"]
    own.append(f"/desk/batches/{batch}/made-from")
    own += [f"/desk/batches/{batch}/work/{step}" for step in Step]
    own += [
        f"/desk/runs/{run}/reprint",
        f"/desk/products/{product}",
        f"/desk/organisations/{site.office.party_id('HTX-DE')}/people/new",
    ]
    return [*shared, *own, *([f"/desk/jobs/{job}"] if job else [])]


_CONTRAST = """() => {
  const numbers = c => c.match(/[\\d.]+/g).map(Number);
  const light = c => { const [r, g, b] = numbers(c).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
      if (numbers(c)[3] !== 0) return c; } return 'rgb(255, 255, 255)'; };
  const poor = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || e.closest('svg') || !e.checkVisibility()) continue;
    const style = getComputedStyle(e);
    const [a, b] = [light(style.color), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.push(e.textContent.trim().slice(0, 40) + ' ' + ratio.toFixed(2));
  }
  return poor;
}"""

_SMALL_TARGETS = """() => [...document.querySelectorAll('button, .button, nav a, input, select')]
  .filter(e => e.checkVisibility() && !['hidden', 'radio', 'checkbox'].includes(e.type))
  .filter(e => !e.classList.contains('unseen'))
  .filter(e => e.getBoundingClientRect().height < 40).map(e => e.textContent.trim() || e.name)"""

_UNLABELLED = """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
  .filter(e => !e.classList.contains('unseen') && !(e.labels && e.labels.length)).map(e => e.outerHTML)"""


@pytest.mark.parametrize("phone", [ADMIN, OFFICER])
def test_every_page_fits_a_small_phone_and_can_be_read_in_light_and_dark(
    chromium: Browser, site: Site, phone: str
) -> None:
    """No sideways scrolling at 360 pixels, AA contrast, targets for thumbs, a label for every field, one heading."""
    way = visit(chromium, site, PHONE)
    loaded: list[str] = []
    said: list[str] = []
    way.page.on("request", lambda request: loaded.append(request.url))
    way.page.on("console", lambda message: said.append(message.text))
    way.sign_in(phone)
    for path in _addresses(site, phone):
        way.open(path)
        for shade in ("light", "dark"):
            way.page.emulate_media(color_scheme=shade)
            assert way.page.evaluate(_CONTRAST) == [], (path, shade)
        assert way.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
        assert way.page.evaluate(_SMALL_TARGETS) == [], path
        assert way.page.evaluate(_UNLABELLED) == [], path
        assert way.page.locator("h1").count() == 1, path
        assert way.page.evaluate("document.documentElement.lang") == "vi"
    assert all(url.startswith(site.address + "/desk") for url in loaded)
    assert [text for text in said if "404" not in text] == []
    way.page.context.close()


def test_a_file_that_is_too_large_is_refused_where_the_person_sees_it(chromium: Browser, site: Site) -> None:
    """The browser shows our page, not its own about a broken connection."""
    way = visit(chromium, site)
    way.sign_in(ADMIN)
    way.open("/desk/workbooks")
    book: FilePayload = {"name": "sổ.xlsx", "mimeType": XLSX, "buffer": b"x" * 2_000_000}
    way.page.get_by_label("Chọn tệp sổ").set_input_files(book)
    way.press("Kiểm tra sổ")
    way.page.get_by_role("heading", name="Tệp quá lớn").wait_for()
    assert way.page.url.startswith(site.address)
    way.page.context.close()


def test_work_is_written_down_with_photos_in_five_presses(chromium: Browser, site: Site) -> None:
    """A phone without script: write down, batch, kind, save; two photos at once; what is wrong keeps them."""
    way = visit(chromium, site, PHONE, script=False)
    way.sign_in(CLERK)
    way.presses = 0
    way.press("Ghi chép")
    way.page.get_by_role("link", name="DE-2611").click()
    way.press("Chăm sóc")
    way.page.get_by_label("Đã làm gì").fill("Bón thúc quanh gốc, trời mát")
    way.page.get_by_label("Phân, thuốc, thức ăn đã dùng").fill("Phân NPK")
    amount = way.page.get_by_label("Đã dùng bao nhiêu", exact=True)
    amount.fill("ba bao")
    photos: list[FilePayload] = [
        {"name": f"{n}.jpg", "mimeType": "image/jpeg", "buffer": photo((900, 700))} for n in (1, 2)
    ]
    way.page.get_by_label("Ảnh (không bắt buộc)").set_input_files(photos)
    way.press("Lưu")
    way.page.get_by_text("2 ảnh đã nhận").wait_for()
    assert amount.get_attribute("aria-invalid") == "true"
    amount.fill("3")
    way.page.get_by_label("Đơn vị của: Đã dùng bao nhiêu").select_option(label="bao")
    way.press("Lưu")
    way.page.get_by_role("status").get_by_text("Đã ghi.").wait_for()
    way.page.get_by_text("Phân NPK 3 bao").wait_for()
    shown = way.page.get_by_role("img", name="Ảnh 1: Chăm sóc")
    shown.scroll_into_view_if_needed()
    assert way.presses <= 5
    with way.page.expect_response(lambda r: "/photos/" in r.url) as answer:
        shown.click()
    assert answer.value.headers["content-type"] == "image/webp"
    way.page.context.close()
