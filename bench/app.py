"""The phone app's weight and how soon it answers: sizes as they travel, and the start without a network on a slow CPU.

Start: Chromium's CPU slowed four times (its debugging protocol), a profile that has the app and trust data, the network
cut; from the page's own start of time until the camera section, or the field for the number, can be used. A new page
each time, the median of some.
"""

import gzip
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, sync_playwright

import hatch_build
from bench.phone import ROOT, fetched, phone, running_demo

APP = ROOT / hatch_build.APP
SLOWER = 4
SECTIONS = {"scan": "#photo", "type": "#number"}
LIMIT, GOAL = 100_000, 1_000
WHEN = """(what) => new Promise((done) => {
    const look = () => document.querySelector(what) ? done(performance.now()) : requestAnimationFrame(look);
    look();
})"""
"""Milliseconds since the page was asked for, when this can be used."""


def travelling(files: list[Path]) -> int:
    """Bytes of these files, each gzipped."""
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in files)


def first_load() -> list[Path]:
    """Script and style that come before the first verdict, the WASM aside; the rest comes when it is opened."""
    page = (APP / "index.html").read_text("utf-8")
    named = [file for file in APP.glob("assets/*") if file.name in page]
    workers = list(APP.glob("assets/*.worker-*.js"))
    return [APP / "old.js", APP / "sw.js", *named, *workers]


def start(context: BrowserContext, address: str, section: str) -> float:
    """Milliseconds of one start."""
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(f"{address}/scan/#{section}", wait_until="commit")
    took = float(page.evaluate(WHEN, SECTIONS[section]))
    page.close()
    return took


def figures(small: bool) -> list[dict[str, Any]]:
    """Sizes, and starts; the ratio is to the goals of 100 kB and one second."""
    script = travelling(first_load())
    everything = travelling([file for file in APP.glob("**/*") if file.is_file()])
    goal = f"at most {LIMIT:,}"
    result: list[dict[str, Any]] = [
        {
            "name": "app: script and style of the first load, gzip",
            "value": script,
            "unit": "bytes",
            "baseline": goal,
            "ratio": LIMIT / script,
        },
        {"name": "app: everything, with the decoder, gzip", "value": everything, "unit": "bytes"},
    ]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        own = Path(folder)
        with running_demo(own / "demo") as demo, phone(playwright, own / "profile", camera=False) as context:
            fetched(context.new_page(), demo)
            context.set_offline(True)
            for section in SECTIONS:
                took = statistics.median(
                    start(context, demo.address, section) for _ in range(3 if small else 9)
                )
                figure = {"name": f"app: start without a network, CPU {SLOWER} times slower, #{section}"}
                result.append(
                    {
                        **figure,
                        "value": took,
                        "unit": "ms",
                        "baseline": f"at most {GOAL:,}",
                        "ratio": GOAL / took,
                    }
                )
    return result
