"""Makes the pictures from a running demo: `python docs/pictures/make.py DEMO_FOLDER http://localhost:8000`.

overview.png: a sheet of stamps (the demo's PDF), the page a stamp opens on a phone, and the desk.
recall.png: a pack's way on a phone, the drill from a bag of fertiliser, a recalled stamp. Needs Chromium.
"""

import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pypdfium2
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
HEIGHT = 800
PHONE, PC = 390, 900


def main(folder: Path, server: str) -> None:
    """Take the pictures and put them side by side."""
    card = json.loads((folder / "demo.json").read_text("utf-8"))
    stamps = [server + "/T/" + stamp["url"].rpartition("/")[2] for stamp in card["stamps"]]
    recalled = next(i for i, stamp in enumerate(card["stamps"]) if stamp["verdict"] == "recalled")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        sheet = pypdfium2.PdfDocument(folder / card["pdf"])[0].render(scale=HEIGHT / 842).to_pil()
        page = shot(opened(browser, stamps[1], PHONE))
        desk = shot(signed_in(browser, server, card["logins"][0], PC))
        beside([sheet, page, desk], HERE / "overview.png")

        way = opened(browser, stamps[0], PHONE)
        way.locator("#way").evaluate("e => e.closest('section').scrollIntoView()")
        drill = signed_in(browser, server, card["logins"][3], PHONE)
        drill.goto(server + "/desk/recall?material_lot=PB-2609-17")
        drill.get_by_role("heading", name="Kết quả").evaluate("e => e.parentElement.scrollIntoView()")
        page = shot(opened(browser, stamps[recalled], PHONE))
        beside([shot(way), shot(drill), page], HERE / "recall.png")
        browser.close()


def opened(browser: Browser, address: str, width: int) -> Page:
    """A page of its own at that address."""
    page = browser.new_page(viewport={"width": width, "height": HEIGHT}, locale="vi-VN")
    page.goto(address)
    return page


def signed_in(browser: Browser, server: str, login: dict[str, Any], width: int) -> Page:
    """The desk's first page for one of the demo's people."""
    page = opened(browser, server + "/desk", width)
    page.locator("input[name=phone]").fill(login["phone"])
    page.locator("input[name=password]").fill(login["password"])
    page.keyboard.press("Enter")
    page.wait_for_load_state("networkidle")
    return page


def shot(page: Page) -> Image.Image:
    """What the screen shows."""
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def beside(pictures: Sequence[Image.Image], target: Path, gap: int = 24) -> None:
    """One picture of them all."""
    width = sum(picture.width for picture in pictures) + gap * (len(pictures) + 1)
    canvas = Image.new("RGB", (width, HEIGHT + 2 * gap), "#8a8f94")
    left = gap
    for picture in pictures:
        canvas.paste(picture, (left, gap))
        left += picture.width + gap
    canvas.quantize(128).save(target, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
