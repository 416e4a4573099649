"""Makes overview.png from a running demo: `python docs/pictures/make.py DEMO_FOLDER http://localhost:8000`.

A sheet of stamps (the demo's PDF), the page a stamp opens on a phone, and the desk. Needs Chromium.
"""

import json
import sys
from pathlib import Path

import pypdfium2
from PIL import Image
from playwright.sync_api import sync_playwright

OUT = Path(__file__).with_name("overview.png")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


def main(folder: Path, server: str) -> None:
    """Take the three pictures and put them side by side."""
    card = json.loads((folder / "demo.json").read_text("utf-8"))
    stamp, login = card["stamps"][1], card["logins"][0]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        phone = browser.new_page(viewport={"width": 390, "height": 800}, locale="vi-VN")
        phone.goto(server + "/T/" + stamp["url"].rpartition("/")[2])
        phone.screenshot(path=OUT.with_name("page.tmp.png"))
        desk = browser.new_page(viewport={"width": 900, "height": 800}, locale="vi-VN")
        desk.goto(server + "/desk")
        desk.locator("input[name=phone]").fill(login["phone"])
        desk.locator("input[name=password]").fill(login["password"])
        desk.keyboard.press("Enter")
        desk.wait_for_load_state("networkidle")
        desk.screenshot(path=OUT.with_name("desk.tmp.png"))
        browser.close()
    sheet = pypdfium2.PdfDocument(folder / card["pdf"])[0].render(scale=800 / 842).to_pil()
    pictures = [
        sheet,
        *(Image.open(OUT.with_name(f"{name}.tmp.png")).convert("RGB") for name in ("page", "desk")),
    ]
    gap = 24
    canvas = Image.new("RGB", (sum(p.width for p in pictures) + gap * 4, 800 + 2 * gap), "#8a8f94")
    left = gap
    for picture in pictures:
        canvas.paste(picture, (left, gap))
        left += picture.width + gap
    canvas.quantize(128).save(OUT, optimize=True)
    for name in ("page", "desk"):
        OUT.with_name(f"{name}.tmp.png").unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
