"""The phone app's chain of attempts against zxing-wasm alone, in Chromium: the app's own worker, photo after photo.

`python -m bench.app_decoding [--small]` prints photos read in each set, and what each attempt adds. zxing-wasm alone,
with all that it tries by itself, is the chain's first attempt, so that one run gives both.
"""

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Playwright, sync_playwright
from rich.console import Console
from rich.table import Table

import hatch_build
from bench.decoding import PHOTOS, photo_sets, simulated_sets
from bench.phone import ARGS, CHROMIUM, ROOT, hosted

APP = ROOT / hatch_build.APP
LOAD = """(worker) => {
    window.worker = new Worker(worker, {type: "module"});
    window.ask = (message) => new Promise((done) => {
        window.worker.onmessage = ({data}) => done(data);
        window.worker.postMessage(message, [message.image.data.buffer]);
    });
}"""
READ = """async ([url, effort]) => {
    const bitmap = await createImageBitmap(await (await fetch(url)).blob());
    const scale = Math.min(1, 2400 / Math.max(bitmap.width, bitmap.height));
    const canvas = new OffscreenCanvas(Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
    const context = canvas.getContext("2d");
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const image = context.getImageData(0, 0, canvas.width, canvas.height);
    const start = performance.now();
    const {attempt, texts} = await window.ask({id: 1, image, effort});
    return {attempt, texts, ms: performance.now() - start};
}"""
"""As the app makes pixels of a photo (decoder.ts), and asks its worker."""


@dataclass(frozen=True)
class Reading:
    """What came of one photo: the number of the attempt that read it (0: none), its texts, milliseconds."""

    attempt: int
    texts: list[str]
    ms: float


@contextmanager
def reader(playwright: Playwright, site: Path) -> Iterator[Page]:
    """A page with the app's worker; `site` may hold photos besides."""
    shutil.copytree(APP, site / "scan")
    (site / "index.html").write_text("<!doctype html><title>bench</title>")
    worker = next((site / "scan" / "assets").glob("decode.worker-*.js")).name
    with hosted(site) as port:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        page = browser.new_page()
        page.goto(f"http://localhost:{port}/")
        page.evaluate(LOAD, f"/scan/assets/{worker}")
        yield page
        browser.close()


def read(page: Page, path: str, effort: str | int = "photo") -> Reading:
    """Have the app read the photo at this path of the site."""
    return Reading(**page.evaluate(READ, [path, effort]))


def measure(small: bool) -> dict[str, list[Reading]]:
    """Every set of photos, read. `small` takes an eighth of them."""
    sets: dict[str, list[Reading]] = {}
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder)
        (site / "photos").symlink_to(PHOTOS)
        for name, pictures in simulated_sets(3 if small else 20):
            (site / name).mkdir()
            for number, picture in enumerate(pictures):
                picture.save(site / name / f"{number:02}.png")
        with sync_playwright() as playwright, reader(playwright, site) as page:
            for name, paths in photo_sets(8 if small else 1):
                sets[name] = [read(page, f"/photos/{path.relative_to(PHOTOS)}") for path in paths]
            for made in sorted(site.glob("simulated*")):
                files = sorted(made.glob("*.png"))
                sets[made.name] = [read(page, f"/{made.name}/{file.name}") for file in files]
    return sets


def counts(readings: list[Reading]) -> tuple[int, int]:
    """How many are read by zxing-wasm alone, and by the chain."""
    return sum(one.attempt == 1 for one in readings), sum(one.attempt > 0 for one in readings)


def figures(small: bool) -> list[dict[str, Any]]:
    """Photos read by the app, real and simulated; baseline zxing-wasm alone."""
    result = []
    sets = measure(small)
    for kind, is_made in (("photos", False), ("simulated photos", True)):
        chosen = [
            reading
            for name, readings in sets.items()
            for reading in readings
            if name.startswith("simulated") is is_made
        ]
        if not chosen:
            continue
        alone, chain = counts(chosen)
        figure = {"name": f"app decoding {kind}: read", "value": chain, "unit": "photos", "baseline": alone}
        result.append({**figure, "ratio": round(chain / alone, 3)})
    return result


def main() -> int:
    """Print the table of docs/decoding.md."""
    console = Console(width=120)
    sets = measure("--small" in sys.argv[1:])
    table = Table("set", "photos", "zxing-wasm", "chain", "ms, read at once", "ms, read later", "ms, unread")
    attempts: Counter[int] = Counter()
    for name, readings in sets.items():
        alone, chain = counts(readings)
        attempts.update(one.attempt for one in readings)
        times = [
            [one.ms for one in readings if one.attempt == 1],
            [one.ms for one in readings if one.attempt > 1],
            [one.ms for one in readings if not one.attempt],
        ]
        cells = [f"{sorted(some)[len(some) // 2]:,.0f}" if some else "" for some in times]
        table.add_row(name, str(len(readings)), str(alone), str(chain), *cells)
    console.print(table)
    unread = attempts.pop(0, 0)
    console.print(f"first read by attempt {dict(sorted(attempts.items()))}; unread: {unread}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
