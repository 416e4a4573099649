"""A demo that runs, a phone's browser before it, and what lies under its camera: for the app's measurements and tests.

The camera is Chromium's own stand-in, fed from a file; the file is read anew each time a page opens the camera.
"""

import base64
import io
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pypdfium2
import zxingcpp
from PIL import Image
from playwright.sync_api import BrowserContext, Page, Playwright
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from bench.simulated_photos import symbol
from temthat_stamps.code import decode
from temthat_stamps.runs.custody import run_secret
from temthat_stamps.runs.records import Run
from temthat_stamps.sealing import Sealer
from temthat_stamps.signing import RunSecrets
from temthat_verify_api.accounts import KeyRole, issue_api_key
from temthat_verify_api.settings import Settings, load_master_key

ROOT = Path(__file__).parents[1]
CHROMIUM = Path("/usr/bin/chromium")
ARGS = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PHONE = {"width": 390, "height": 844}
TABLE = "#cfc8b8"
"""What a stamp lies on."""
PATIENT = "{ const timeout = AbortSignal.timeout; AbortSignal.timeout = (ms) => timeout.call(AbortSignal, 8 * ms); }"
"""The app's patience with the service is for a person who waits; a busy machine is no bad network."""
FRESH = """{
    const shows = async (stream, [red, green, blue]) => {
        const video = document.createElement("video");
        Object.assign(video, { muted: true, srcObject: stream });
        await video.play();
        await new Promise((done) => video.requestVideoFrameCallback(done));
        const canvas = document.createElement("canvas");
        const [width, height] = [1, Math.ceil(video.videoHeight / 3)];
        Object.assign(canvas, { width, height });
        const context = canvas.getContext("2d");
        context.drawImage(video, video.videoWidth >> 1, 0, width, height, 0, 0, width, height);
        const { data } = context.getImageData(0, 0, width, height);
        const isNear = (at) => Math.max(...[red, green, blue].map((value, i) => Math.abs(data[at + i] - value))) < 40;
        return Array.from({ length: height }, (_, row) => 4 * row).some(isNear);
    };
    const devices = navigator.mediaDevices;
    const open = devices?.getUserMedia?.bind(devices);
    if (open) devices.getUserMedia = async (asked) => {
        for (;;) {
            const stream = await open(asked);
            if (!window.film || (await shows(stream, window.film))) return stream;
            for (const track of stream.getTracks()) track.stop();
            await new Promise((done) => setTimeout(done, 100));
        }
    };
}"""
"""On a busy machine the browser may open the camera again before it has closed it, and still show the film of before:
`window.film` is the colour by which the one now laid is known.
"""
MARKS = ((200, 40, 40), (40, 150, 40), (40, 40, 200), (190, 40, 190))
"""Colours of films laid one after another."""
_laid = itertools.count()
_FRAMES = 20
_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


@dataclass(frozen=True)
class Demo:
    """A running demo: its address and its folder."""

    address: str
    folder: Path

    @property
    def pictures(self) -> Path:
        """The folder with pictures of its sample stamps, `3-genuine.png` and so on."""
        return self.folder / "tem-thu"

    @property
    def database(self) -> str:
        """The URL of its database."""
        return f"sqlite:///{self.folder / 'temthat.db'}"

    @property
    def forged(self) -> str:
        """The address of the sample whose signature does not fit."""
        stamps = json.loads((self.folder / "demo.json").read_text("utf-8"))["stamps"]
        return str(next(stamp["url"] for stamp in stamps if stamp["verdict"] == "forged"))

    def sample(self, word: str) -> Path:
        """The first picture of this verdict."""
        return min(self.pictures.glob(f"*-{word}.png"))

    def printed(self) -> dict[int, Image.Image]:
        """Stamps cut out of a sheet as it comes from the printer (300 dpi), by their serials."""
        with pypdfium2.PdfDocument(self.folder / "tem-in-thu.pdf") as sheet:
            page = sheet[0].render(scale=300 / 72).to_pil().convert("L")
        cut = {}
        for found in zxingcpp.read_barcodes(page, formats=_QR):
            place = found.position
            left, top, side = place.top_left.x, place.top_left.y, place.top_right.x - place.top_left.x
            around = side // 8
            cut[decode(found.text).header.serial] = page.crop(
                (left - around, top - around, left + side + around, top + side + around)
            )
        return cut


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running_demo(folder: Path) -> Iterator[Demo]:
    """As `make demo` starts it, on a free port of this machine; `folder` may hold one from before."""
    port = free_port()
    program = Path(sys.executable).with_name("temthat")
    command = [str(program), "demo", "--dir", str(folder), "--port", str(port), "--host", f"localhost:{port}"]
    said = folder.parent / "demo.log"
    with said.open("w") as log:
        running = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
    address = f"http://localhost:{port}"
    try:
        for _ in range(600):
            time.sleep(0.2)
            try:
                if httpx.get(f"{address}/scan/").status_code == 200:
                    break
            except httpx.HTTPError:
                if running.poll() is not None:
                    raise RuntimeError(said.read_text("utf-8")) from None
        else:
            raise RuntimeError(f"The demo does not answer.\n{said.read_text('utf-8')}")
        yield Demo(address, folder)
    finally:
        with suppress(ProcessLookupError):  # it ended by itself
            os.killpg(running.pid, signal.SIGTERM)
        running.wait(timeout=30)


class _QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def hosted(site: Path) -> Iterator[int]:
    """A static host of a folder, without any service; its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_QuietFiles, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@contextmanager
def phone(playwright: Playwright, profile: Path, *args: str, camera: bool = True) -> Iterator[BrowserContext]:
    """A phone with a profile of its own, which outlives the browser."""
    context = playwright.chromium.launch_persistent_context(
        str(profile),
        executable_path=CHROMIUM,
        args=[*ARGS, *args],
        viewport=PHONE,  # type: ignore[arg-type]
        locale="vi-VN",
        permissions=["camera"] if camera else [],
    )
    context.add_init_script(PATIENT + FRESH)
    yield context
    context.close()


def fetched(page: Page, demo: Demo) -> None:
    """Open the app and wait until it has its data and its own files."""
    page.goto(f"{demo.address}/scan/#data")
    page.get_by_role("button", name="Tải dữ liệu mới").click()
    page.locator("code").wait_for(timeout=30_000)
    kept(page)


def kept(page: Page) -> None:
    """Wait until the app's own files are on the device and come from there."""
    # Not wait_for_function: while it polls it evaluates a text, which the app's content policy forbids.
    page.evaluate(
        """async () => {
            while (navigator.serviceWorker.controller === null) await new Promise((done) => setTimeout(done, 50));
        }"""
    )


def word_of(page: Page) -> str:
    """The verdict on the page."""
    verdict = page.locator(".verdict")
    verdict.wait_for(timeout=30_000)
    return verdict.get_attribute("data-word") or ""


def camera_fed_from(film: Path) -> list[str]:
    """The browser's arguments that make a film its camera."""
    return [
        *("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"),
        f"--use-file-for-fake-video-capture={film}",
    ]


def lay(film: Path, *stamps: Image.Image | Path) -> tuple[int, int, int]:
    """Lay these stamps under the camera, side by side and a little askew, from when it is next opened.

    Three at most: then a module of a sample has three pixels of what the app looks at, and each is read at once. The
    colour of the mark above them.
    """
    frame = Image.new("RGB", (1280, 720) if len(stamps) > 1 else (960, 720), TABLE)
    width = min(420, frame.width // max(1, len(stamps)) - 20)
    for at, stamp in enumerate(stamps):
        picture = (Image.open(stamp) if isinstance(stamp, Path) else stamp).convert("RGB")
        picture = picture.resize((width, picture.height * width // picture.width), Image.Resampling.LANCZOS)
        picture = picture.rotate(4, fillcolor=TABLE, expand=True)
        middle = frame.width * (2 * at + 1) // (2 * len(stamps))
        frame.paste(picture, (middle - picture.width // 2, max(0, (720 - picture.height) // 2)))
    mark = MARKS[next(_laid) % len(MARKS)]
    # In the upper third, also where the browser cuts the picture down to 16:9; above every stamp.
    middle = frame.width // 2
    frame.paste(Image.new("RGB", (40, 24), mark), (middle - 20, 98))
    one = io.BytesIO()
    frame.save(one, "JPEG", quality=88)
    new = film.with_suffix(".new")
    new.write_bytes(one.getvalue() * _FRAMES)
    new.replace(film)
    return mark


def printed(text: str) -> Image.Image:
    """A symbol saying this, as another printer might make it."""
    return symbol(text, "M")


def of_tomorrow(url: str) -> str:
    """A stamp of a format that is not known yet: the version byte is another."""
    head, _, code = url.rpartition("/")
    raw = bytearray(base64.b32decode(code + "=" * (-len(code) % 8)))
    raw[0] = 9
    return f"{head}/{base64.b32encode(bytes(raw)).decode().rstrip('=')}"


def code_of(picture: Image.Image | Path) -> str:
    """What the symbol in a picture says."""
    image = Image.open(picture) if isinstance(picture, Path) else picture
    return zxingcpp.read_barcodes(image, formats=_QR)[0].text


@contextmanager
def _behind(demo: Demo, code: str) -> Iterator[tuple[Session, Run]]:
    """The demo's database, and the run of a stamp in it."""
    engine = create_engine(demo.database)
    with Session(engine) as session:
        yield session, session.scalars(select(Run).where(Run.run == decode(code).header.run)).one()
    engine.dispose()


def api_key(demo: Demo, role: str) -> str:
    """As `temthat api-key` issues one for whoever issued the demo's first stamp."""
    with _behind(demo, code_of(demo.sample("genuine"))) as (session, run):
        key = issue_api_key(session, run.party, KeyRole(role), "bench")
        session.commit()
    return key


def pin_of(demo: Demo, code: str) -> str:
    """What lies under the scratch layer of the stamp with this code."""
    sealer = Sealer(load_master_key(Settings(mode="demo", data_dir=demo.folder, database_url=demo.database)))
    with _behind(demo, code) as (_, run):
        return RunSecrets(run_secret(sealer, run)).pin(decode(code).header)
