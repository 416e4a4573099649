"""The phone app's pictures: every verdict on a phone, online and offline, in both languages.

`python -m bench.app_looks FOLDER [--demo FOLDER]` starts a demo (about a quarter of a minute), shows each stamp to the
app's camera and keeps what the person then sees, with one sheet of all of them.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from PIL import Image, ImageDraw
from playwright.sync_api import Page, Route, sync_playwright
from rich.console import Console

from bench.phone import (
    PHONE,
    Demo,
    api_key,
    camera_fed_from,
    code_of,
    fetched,
    lay,
    of_tomorrow,
    phone,
    pin_of,
    printed,
    running_demo,
    word_of,
)
from temthat_trace.ids import uuid7

Stamp = Image.Image | Path
CLAIMED = 5
"""The serial of the printed stamp whose PIN somebody enters twice."""
STRANGE = "https://example.test/khuyen-mai"
"""What a symbol of somebody else says."""
TABS = {"vi": ("Gõ số", "Quét"), "en": ("Type", "Scan")}


@dataclass(frozen=True)
class Scene:
    """A stamp, and what the app must say of it."""

    stamp: Stamp
    online: str
    offline: str


def scenes(demo: Demo) -> dict[str, Scene]:
    """A stamp for each verdict; `sold` and `claimed` the service gives with `between`."""
    newer = printed(of_tomorrow(code_of(demo.sample("genuine"))))
    offline = "genuine_offline"
    return {
        "genuine": Scene(demo.sample("genuine"), "genuine", offline),
        "suspect_copy": Scene(demo.sample("suspect_copy"), "suspect_copy", offline),
        "claimed": Scene(demo.printed()[CLAIMED], "claimed", offline),
        "sold": Scene(demo.pictures / "3-genuine.png", "sold", offline),
        "expired": Scene(demo.sample("expired"), "expired", "expired"),
        "not_applied": Scene(demo.sample("not_applied"), "not_applied", "not_applied"),
        "cannot_tell": Scene(newer, "cannot_tell", "cannot_tell"),
        "revoked": Scene(demo.sample("revoked"), "revoked", "revoked"),
        "recalled": Scene(demo.sample("recalled"), "recalled", "recalled"),
        "forged": Scene(printed(demo.forged), "forged", "forged"),
        "not_ours": Scene(printed(STRANGE), "not_ours", "not_ours"),
    }


@contextmanager
def between(page: Page, demo: Demo, name: str, stamp: Stamp) -> Iterator[None]:
    """Stand between app and service: the app asks as a shopper and takes no PIN, yet must know these two words.

    Its question becomes a till's for `sold`; for `claimed` it gets what the service says to a PIN entered before.
    """
    if name == "sold":
        page.route("**/api/v1/verify", partial(_as_till, api_key(demo, "till")))
    elif name == "claimed":
        answer = _claimed(demo, code_of(stamp))
        page.route("**/api/v1/verify", lambda route: route.fulfill(json=answer))
    yield
    page.unroute_all()


def _as_till(key: str, route: Route) -> None:
    asked: dict[str, Any] = route.request.post_data_json or {}
    headers = {**route.request.headers, "authorization": f"Bearer {key}"}
    route.continue_(post_data={**asked, "kind": "till"}, headers=headers)


def _claimed(demo: Demo, code: str) -> dict[str, Any]:
    pin = pin_of(demo, code)
    with httpx.Client(base_url=f"{demo.address}/api/v1") as service:
        answer: dict[str, Any] = service.post("/verify", json={"code": code}).raise_for_status().json()
        for _ in range(2):
            told = {"id": str(uuid7()), "code": code, "event": "pin", "pin": pin, "place": "48"}
            second = service.post("/events", json=told).raise_for_status().json()
    return {**answer, "verdict": second["verdict"], "reasons": second["reasons"]}


def show(page: Page, film: Path, *stamps: Stamp) -> None:
    """Look at these stamps, from whatever the app shows now: the camera is closed while they are laid under it."""
    numbers, scan = TABS[page.locator("html").get_attribute("lang") or "vi"]
    page.get_by_role("link", name=numbers).click()
    page.locator("#number").wait_for()
    page.evaluate(f"window.film = {list(lay(film, *stamps))}")
    page.get_by_role("link", name=scan, exact=True).click()


def take(demo: Demo, page: Page, film: Path, folder: Path) -> list[Path]:
    """Pictures of the whole vocabulary: while the service answers, then with the network cut, in English."""
    taken, all_scenes = [], scenes(demo)
    fetched(page, demo)
    for is_cut in (False, True):
        page.context.set_offline(is_cut)
        if is_cut:
            page.get_by_role("button", name="English").click()
        for name, scene in all_scenes.items():
            with between(page, demo, "" if is_cut else name, scene.stamp):
                show(page, film, scene.stamp)
                word = word_of(page)
            if word != (scene.offline if is_cut else scene.online):
                raise RuntimeError(f"{name}: the app says {word}")
            file = folder / f"{name}{'-offline' if is_cut else ''}.png"
            page.screenshot(path=file)
            taken.append(file)
    page.context.set_offline(False)
    show(page, film, *(all_scenes[name].stamp for name in ("genuine", "recalled", "expired")))
    page.locator(".lines li").nth(2).wait_for()
    page.screenshot(path=folder / "several.png")
    return [*taken, folder / "several.png"]


def contact_sheet(files: list[Path], file: Path, across: int = 6) -> None:
    """All pictures on one sheet, each with its name."""
    wide, high = PHONE["width"] // 2, PHONE["height"] // 2
    rows = -(-len(files) // across)
    sheet = Image.new("RGB", (across * (wide + 10), rows * (high + 30)), "#ddd")
    draw = ImageDraw.Draw(sheet)
    for at, one in enumerate(files):
        left, top = at % across * (wide + 10) + 5, at // across * (high + 30)
        draw.text((left, top + 8), one.stem, fill="#000")
        sheet.paste(Image.open(one).convert("RGB").resize((wide, high)), (left, top + 25))
    sheet.save(file)


def main() -> int:
    """Take the pictures, and one sheet of them."""
    parser = argparse.ArgumentParser(prog="python -m bench.app_looks", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--demo", type=Path, help="a demo's folder from before; without it a new one is made")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as own, sync_playwright() as playwright:
        film = Path(own) / "camera.mjpeg"
        with (
            running_demo(arguments.demo or Path(own) / "demo") as demo,
            phone(playwright, Path(own) / "profile", *camera_fed_from(film)) as context,
        ):
            files = take(demo, context.new_page(), film, arguments.folder)
    contact_sheet(files, arguments.folder / "all.png")
    Console().print(f"{len(files)} pictures in {arguments.folder}, all of them in all.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
