"""The shelf check: a pack read when 500 and 2,000 lie behind it, and the largest evidence file verified and drawn.

The file has 2,000 packs, each with what the service told, and 40 photos of almost a MiB. Memory is the largest of the
command's own process.
"""

import base64
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pypdfium2
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from securesystemslib.dsse import Envelope

from bench.measuring import Figure
from bench.phone import CHROMIUM, ROOT, Demo, code_of, fetched, phone, running_demo
from temthat_scanner.evidence.form import CHECKS_LIMIT, PAYLOAD_TYPE, PHOTO_LIMIT, PHOTOS_LIMIT
from temthat_scanner.evidence.proving import number_of
from temthat_stamps.keys import key_id, public_bytes

_DAY = "2026-05-20T"
_SERVICE: dict[str, Any] = {
    "at": f"{_DAY}04:00:00Z",
    "verdict": "genuine",
    "checks": 7,
    "last": ["2026-05-19", "01"],
    "state": "applied",
    "ordered": 244,
    "states": [["printed", 44], ["applied", 200]],
    "questions": [
        [
            "over_ordered",
            "Số tem đã đặt nhiều hơn số gói theo khối lượng lô. " * 3,
            "More stamps than packs. " * 5,
        ]
    ],
    "papers": [["ocop", "123/QĐ-UBND", "2027-12-31", "in_force"]],
    "missing": 3,
}
_KEEP = """kept => new Promise((resolve, reject) => {
  const opened = indexedDB.open("temthat");
  opened.onsuccess = () => {
    const change = opened.result.transaction("kept", "readwrite");
    change.objectStore("kept").put(kept, "shelf");
    change.oncomplete = () => { opened.result.close(); resolve(true); };
    change.onerror = () => reject(change.error);
  };
})"""


def figures(*, small: bool = False) -> list[Figure]:
    """`small`: a hundredth of the packs and one photo; the app is left out where there is no browser."""
    with tempfile.TemporaryDirectory() as place:
        found = _of_file(
            Path(place), packs=CHECKS_LIMIT // (100 if small else 1), photos=1 if small else PHOTOS_LIMIT
        )
        if CHROMIUM.exists():
            with running_demo(Path(place) / "demo") as demo:
                found += _of_app(demo, Path(place), (5, 20) if small else (500, CHECKS_LIMIT))
    return found


# --- the command line ---------------------------------------------------------------------------------------


def _of_file(place: Path, packs: int, photos: int) -> list[Figure]:
    file, pdf = place / "evidence.json", place / "evidence.pdf"
    file.write_bytes(_evidence(packs, photos))
    verified, shown = _run("verify", file), _run("show", file, "--pdf", pdf)
    with pypdfium2.PdfDocument(pdf) as drawn:
        pages = len(drawn)
    named = f"evidence of {packs} packs and {photos} photos"
    return [
        _figure(f"{named}: its size", file.stat().st_size / 2**20, "MiB"),
        _figure(f"{named}: verified", verified[0], "s"),
        _figure(f"{named}: verified, memory", verified[1], "MiB"),
        _figure(f"{named}: drawn as {pages} pages", shown[0], "s"),
        _figure(f"{named}: drawn, memory", shown[1], "MiB"),
        _figure(f"{named}: the PDF's size", pdf.stat().st_size / 2**20, "MiB"),
    ]


def _run(command: str, *arguments: Path | str) -> tuple[float, float]:
    """Seconds and MiB of one command."""
    program = Path(sys.executable).with_name("temthat")
    begun = time.perf_counter()
    running = subprocess.Popen(
        [str(program), "evidence", command, *map(str, arguments)], stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    assert running.returncode == 0, f"{command} gave {running.returncode}"
    return time.perf_counter() - begun, used.ru_maxrss / 1024


def _evidence(packs: int, photos: int) -> bytes:
    pictures = {hashlib.sha256(photo).hexdigest(): photo for photo in map(_photo, range(photos))}
    names = list(pictures)
    cases = json.loads((ROOT / "stamps/vectors/offline.json").read_text("utf-8"))["cases"]
    text = next(case["text"] for case in cases if case["name"] == "good")
    key = Ed25519PrivateKey.generate()
    checks = [_check(text, n, names[n : n + 1]) for n in range(packs)]
    body = _body(
        key, checks, [{"sha256": n, "type": "image/jpeg", "length": len(p)} for n, p in pictures.items()]
    )
    envelope = Envelope(rfc8785.dumps(body), PAYLOAD_TYPE, {})
    signed = {"keyid": key_id(public_bytes(key)), "sig": _base64(key.sign(envelope.pae()))}
    stated: Any = {"payload": _base64(envelope.payload), "payloadType": PAYLOAD_TYPE, "signatures": [signed]}
    return rfc8785.dumps({"envelope": stated, "photos": {n: _base64(p) for n, p in pictures.items()}})


def _body(
    key: Ed25519PrivateKey, checks: list[dict[str, Any]], photos: list[dict[str, Any]]
) -> dict[str, Any]:
    data = {
        "index": 20, "size": 19, "sha256": "00" * 32, "at": f"{_DAY}01:00:00Z",
        "tree": {"size": 21, "root": _base64(bytes(32))},
    }  # fmt: skip
    return {
        "v": 1, "type": "evidence", "who": {"public_key": _base64(public_bytes(key)), "label": "Máy 3"},
        "purpose": {"province": "24"}, "begun": f"{_DAY}03:00:00Z", "ended": f"{_DAY}04:00:00Z", "program": "bench",
        "data": [data], "checks": checks, "photos": photos,
    }  # fmt: skip


def _check(text: str, n: int, photos: list[str]) -> dict[str, Any]:
    run, serial = number_of(text) or (0, 0)
    at = f"{_DAY}03:{n // 60:02}:{n % 60:02}Z"
    body = {
        "text": text, "at": at, "how": "offline", "data": 0, "verdict": "genuine_offline", "reasons": [],
        "run": run, "serial": serial, "product": "Mật ong hoa cà phê", "service": _SERVICE,
    }  # fmt: skip
    return body | ({"duplicate_of": 0} if n else {}) | ({"photos": photos} if photos else {})


def _photo(n: int) -> bytes:
    """Noise of its own, as large as a photo may be and no larger."""
    picture = Image.effect_noise((1600, 1200), 40 + n).convert("RGB")
    for quality in range(90, 10, -5):
        written = io.BytesIO()
        picture.save(written, "JPEG", quality=quality)
        if written.tell() <= PHOTO_LIMIT:
            return written.getvalue()
    raise AssertionError("noise that no JPEG makes small")


# --- the app ------------------------------------------------------------------------------------------------


def _of_app(demo: Demo, place: Path, sizes: tuple[int, ...]) -> list[Figure]:
    found = []
    with sync_playwright() as playwright, phone(playwright, place / "profile", camera=False) as context:
        page = context.new_page()
        fetched(page, demo)
        for size in (1, *sizes):
            page.goto("about:blank")
            page.goto(f"{demo.address}/scan/#data")
            page.locator("code").wait_for()
            page.evaluate(_KEEP, _kept(code_of(demo.sample("genuine")), size - 1))
            opened = _until(page, lambda: page.goto(f"{demo.address}/scan/#shelf"), f"{size - 1} gói")
            read = _until(
                page, lambda: page.set_input_files("#photo", demo.sample("recalled")), f"{size} gói"
            )
            ended = _until(
                page, lambda: page.get_by_role("button", name="Kết thúc").click(), "Lưu tệp bằng chứng"
            )
            found += [
                _figure(f"shelf check of {size} packs: opened", opened, "ms"),
                _figure(f"shelf check of {size} packs: the last one, photo to row", read, "ms"),
                _figure(f"shelf check of {size} packs: signed and shown", ended, "ms"),
            ]
    return found


def _until(page: Page, act: Any, said: str) -> float:
    """Milliseconds until this stands on the page."""
    begun = time.perf_counter()
    act()
    page.get_by_text(said, exact=True).first.wait_for(timeout=60_000)
    return (time.perf_counter() - begun) * 1000


def _kept(text: str, packs: int) -> dict[str, Any]:
    """A check that goes on, as the app keeps it; each pack with a serial of its own."""
    checks = [_check(text, 0, []) | {"how": "unaided", "run": 999_999, "serial": n} for n in range(packs)]
    for check in checks:
        del check["data"]
    return {
        "v": 1, "label": "", "purpose": {"province": "24"}, "place": {}, "begun": f"{_DAY}03:00:00Z", "ended": None,
        "origin": "", "data": [], "checks": checks, "photos": [],
    }  # fmt: skip


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _figure(name: str, value: float, unit: str) -> Figure:
    return {"name": name, "value": value, "unit": unit, "baseline": None, "ratio": None}
