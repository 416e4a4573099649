"""How the app reads codes: its own chain of attempts, and the browser's own reader beside it, good or bad."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright

from .conftest import Demo, fetched, in_browser, phone, word_of

from bench.app_decoding import read, reader  # isort: skip
from bench.app_looks import STRANGE, show  # isort: skip
from bench.decoding import PHOTOS  # isort: skip
from bench.phone import camera_fed_from, code_of, printed  # isort: skip
from bench.stamp_photos import Shot, photograph  # isort: skip

pytestmark = in_browser

SHOTS = {
    "everyday": (Shot(), 1),
    "light on dark": (Shot(), 1),
    "blurred": (Shot(blur=0.5), 7),
    "on a bottle": (Shot(curve=0.4), 8),
}
"""Simulated photos of stamps, and the attempt that reads them first."""


@pytest.fixture(scope="module")
def worker(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, Path]]:
    """A page with the app's own worker, and the folder its pictures lie in."""
    site = tmp_path_factory.mktemp("reader")
    if PHOTOS.is_dir():
        (site / "photos").symlink_to(PHOTOS)
    with reader(playwright, site) as page:
        yield page, site


@pytest.mark.parametrize("name", SHOTS)
def test_attempts_go_on_until_one_reads(worker: tuple[Page, Path], name: str) -> None:
    page, site = worker
    shot, attempt = SHOTS[name]
    picture = photograph(shot, "M", equal_label=True, rng=random.Random(1))
    if name == "light on dark":
        picture = picture.point(lambda level: 255 - level)
    picture.save(site / "stamp.png")
    found = read(page, f"/stamp.png?{attempt}")
    assert found.attempt == attempt
    (text,) = found.texts
    assert text.startswith("HTTPS://TRUYXUAT.EXAMPLE.TEST/T/")
    assert len(text) == 154


def test_a_frame_is_looked_at_once_or_with_one_attempt_more(worker: tuple[Page, Path]) -> None:
    """A camera must not wait for the whole chain."""
    page, site = worker
    photograph(Shot(blur=0.5), "M", equal_label=True, rng=random.Random(1)).save(site / "frame.png")
    assert [read(page, "/frame.png", effort).attempt for effort in (0, 1, 6)] == [0, 0, 7]
    photograph(Shot(), "M", equal_label=True, rng=random.Random(1)).save(site / "easy.png")
    assert [read(page, "/easy.png", effort).attempt for effort in (0, 6)] == [1, 1]


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="no photos at ../shared/conformance/qr-photos")
@pytest.mark.parametrize(
    ("photo", "attempt", "says"),
    [
        ("zxing-2/1.png", 1, "When we at WRT t"),
        ("zxing-4/09.png", 2, "Google Print Ads"),
        ("zxing-2/28.png", 3, "http://www.webtech.co.jp/k/"),
        ("zxing-2/12.png", 4, "The 2005 USGS aerial photography"),
        ("boofcv-perspective/image013.jpg", 5, "TEST 10 CM"),
        ("zxing-4/13.png", 8, "Google Print Ads"),
    ],
    ids=["at-once", "even-light", "glare", "screen", "from-the-side", "bent"],
)
def test_real_photos(worker: tuple[Page, Path], photo: str, attempt: int, says: str) -> None:
    page, _ = worker
    found = read(page, f"/photos/{photo}")
    assert found.attempt == attempt
    assert [text[: len(says)] for text in found.texts] == [says]


NATIVE = """
window.asked = 0;
window.BarcodeDetector = class {
    static async getSupportedFormats() { return FORMATS; }
    async detect() { window.asked++; ANSWER }
};
"""


def with_native(answer: str, formats: str = '["qr_code", "ean_13"]') -> str:
    """A stand-in for the browser's own reader."""
    return NATIVE.replace("FORMATS", formats).replace("ANSWER", answer)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the camera sees."""
    return tmp_path_factory.mktemp("film") / "camera.mjpeg"


@pytest.fixture(scope="module")
def counter(
    demo: Demo, playwright: Playwright, film: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Page]:
    """A phone with a camera, its data fetched, the network cut."""
    with phone(playwright, tmp_path_factory.mktemp("phone"), *camera_fed_from(film)) as context:
        page = context.new_page()
        fetched(page, demo)
        context.set_offline(True)
        yield page


def seen_with(counter: Page, film: Path, native: str, stamp: Path) -> Page:
    """A new window in which the browser has this reader of its own; it sees a stamp."""
    page = counter.context.new_page()
    page.add_init_script(native)
    page.goto(counter.url)
    show(page, film, stamp)
    return page


def test_the_browsers_own_reader_is_used(demo: Demo, counter: Page, film: Path) -> None:
    """It reads what ours cannot see at all: an empty table."""
    native = with_native(f'return [{{rawValue: "{code_of(demo.sample("genuine"))}"}}];')
    page = counter.context.new_page()
    page.add_init_script(native)
    page.goto(counter.url)
    show(page, film)
    assert word_of(page) == "genuine_offline"
    page.close()


@pytest.mark.parametrize(
    "answer",
    [
        "throw new DOMException('service unavailable', 'NotSupportedError');",
        "return [];",
        "return new Promise(() => undefined);",
        "return [{rawValue: 7}, {rawValue: ''}, {}];",
        "return [{rawValue: 'HTTPS://TEM.EXAMPLE.VN/T/AEV'}];",
        "return [{rawValue: 'khong phai tem'}];",
        "return null;",
    ],
    ids=["throws", "blind", "hangs", "no-text", "cut-short", "lies", "null"],
)
def test_a_bad_reader_is_as_good_as_none(demo: Demo, counter: Page, film: Path, answer: str) -> None:
    """Ours reads the stamp, whatever the browser's says."""
    page = seen_with(counter, film, with_native(answer), demo.sample("recalled"))
    assert word_of(page) == "recalled"
    page.close()


def test_a_reader_for_other_codes_is_not_asked(demo: Demo, counter: Page, film: Path) -> None:
    page = seen_with(counter, film, with_native("return [];", '["ean_13"]'), demo.sample("recalled"))
    assert word_of(page) == "recalled"
    assert page.evaluate("window.asked") == 0
    page.close()


def test_what_it_says_is_judged_like_any_other_text(demo: Demo, counter: Page, film: Path) -> None:
    """A reader that makes up a stamp gets what the made-up stamp deserves."""
    page = seen_with(
        counter, film, with_native(f'return [{{rawValue: "{demo.forged}"}}];'), demo.sample("genuine")
    )
    assert word_of(page) == "forged"
    page.close()


def test_it_finds_several(demo: Demo, counter: Page, film: Path) -> None:
    """Each is told, each once."""
    codes = [code_of(demo.sample(word)) for word in ("genuine", "recalled", "genuine")]
    answer = "return [" + ",".join(f'{{rawValue: "{code}"}}' for code in codes) + "];"
    page = seen_with(counter, film, with_native(answer), demo.sample("expired"))
    page.get_by_text("2 tem trong khung hình").wait_for()
    assert page.locator(".lines li").count() == 2
    page.close()


def test_a_stranger_is_told_as_it_reads(demo: Demo, counter: Page, film: Path, tmp_path: Path) -> None:
    """A symbol of somebody else, seen by both."""
    picture = tmp_path / "stranger.png"
    printed(STRANGE).save(picture)
    page = seen_with(counter, film, with_native(f'return [{{rawValue: "{STRANGE}"}}];'), picture)
    assert word_of(page) == "not_ours"
    page.get_by_text(STRANGE).wait_for()
    page.close()
