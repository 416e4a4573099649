"""Every verdict there is, as the app shows it to somebody who holds a printed stamp before the camera."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, Playwright

from .conftest import Demo, fetched, in_browser, phone, word_of

from bench.app_looks import TABS, Scene, between, scenes, show  # isort: skip
from bench.phone import camera_fed_from, code_of, lay  # isort: skip

pytestmark = in_browser


@dataclass(frozen=True)
class Shown:
    """How a verdict looks in Vietnamese and in English."""

    tone: str
    vi: str
    en: str


VOCABULARY = {
    "genuine": Shown("good", "Tem thật", "Genuine stamp"),
    "genuine_offline": Shown("calm", "Tem do HTX Mật ong Đồng Tiến", "Issued by HTX Mật ong Đồng Tiến"),
    "claimed": Shown("calm", "Mã PIN này đã được nhập trước đó", "This PIN was entered before"),
    "sold": Shown("calm", "Đã bán", "Sold before"),
    "suspect_copy": Shown("warn", "Mã tem này có thể đã bị sao chép", "This code may have been copied"),
    "expired": Shown("warn", "Tem thật, hàng đã quá hạn", "Genuine stamp, past its date"),
    "not_applied": Shown("warn", "Tem này chưa được đưa ra thị trường", "Not on the market yet"),
    "cannot_tell": Shown("calm", "Chưa thể kết luận", "Cannot tell"),
    "revoked": Shown("stop", "Tem đã bị hủy", "Stamp withdrawn"),
    "recalled": Shown("stop", "Sản phẩm đang được thu hồi", "Recalled"),
    "forged": Shown("stop", "Tem này không do hệ thống phát hành", "Not issued by this system"),
    "not_ours": Shown("calm", "Đây không phải tem TemThật", "Not a TemThật stamp"),
}
FELT = {
    "good": {"shakes": [60], "pitches": [880, 1320]},
    "calm": {"shakes": [60, 60, 60], "pitches": [660]},
    "warn": {"shakes": [200, 100, 200], "pitches": [440, 440]},
    "stop": {"shakes": [400, 100, 400], "pitches": [220, 220, 220]},
}
"""What goes to the phone's vibrator (milliseconds) and its loudspeaker (hertz)."""
LISTEN = """
window.felt = {shakes: [], pitches: []};
navigator.vibrate = (pattern) => (window.felt.shakes.push(...pattern), true);
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) {
    window.felt.pitches.push(this.frequency.value);
    return start.apply(this, when);
};
"""


@dataclass(frozen=True)
class Counter:
    """A phone in its stand, its data fetched; its camera looks at a film."""

    page: Page
    film: Path
    scenes: dict[str, Scene]


@pytest.fixture(scope="module")
def counter(
    demo: Demo, playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Counter]:
    """One browser for the module."""
    folder = tmp_path_factory.mktemp("phone")
    film = folder / "camera.mjpeg"
    with phone(playwright, folder / "profile", *camera_fed_from(film)) as context:
        page = context.new_page()
        page.add_init_script(LISTEN)
        fetched(page, demo)
        yield Counter(page, film, scenes(demo))


@pytest.fixture
def network(counter: Counter) -> Iterator[None]:
    """There again after each test."""
    yield
    counter.page.context.set_offline(False)


def seen(counter: Counter, *names: str) -> None:
    """Hold stamps before the camera, and listen from then on."""
    counter.page.get_by_role(
        "link", name=TABS[counter.page.locator("html").get_attribute("lang") or "vi"][0]
    ).click()
    counter.page.locator("#number").wait_for()
    counter.page.evaluate("window.felt = {shakes: [], pitches: []}")
    show(counter.page, counter.film, *(counter.scenes[name].stamp for name in names))


def is_shown(counter: Counter, word: str, lang: str) -> None:
    """Colour, words, sign, sound and vibration are the verdict's own, and a screen reader is told at once."""
    page, shown = counter.page, VOCABULARY[word]
    band = page.get_by_role("alert")
    assert band.locator("h1").inner_text().startswith(shown.vi if lang == "vi" else shown.en)
    assert band.get_attribute("class") == f"verdict {shown.tone}"
    assert band.locator("svg").count() == 1
    assert page.evaluate("document.activeElement.id") == "main"
    assert page.evaluate("window.felt") == FELT[shown.tone]


@pytest.mark.parametrize("name", sorted(set(VOCABULARY) - {"genuine_offline"}))
def test_by_the_camera_while_the_service_answers(
    demo: Demo, counter: Counter, network: None, name: str
) -> None:
    with between(counter.page, demo, name, counter.scenes[name].stamp):
        seen(counter, name)
        word = word_of(counter.page)
    assert word == counter.scenes[name].online == name
    is_shown(counter, word, "vi")


@pytest.fixture
def english(counter: Counter) -> Iterator[None]:
    """Whoever speaks English, for one test."""
    counter.page.get_by_role("button", name="English").click()
    yield
    counter.page.get_by_role("button", name="Tiếng Việt").click()


@pytest.mark.parametrize("name", sorted(set(VOCABULARY) - {"genuine_offline"}))
def test_by_the_camera_with_the_network_cut(
    counter: Counter, network: None, english: None, name: str
) -> None:
    counter.page.context.set_offline(True)
    seen(counter, name)
    word = word_of(counter.page)
    assert word == counter.scenes[name].offline != "genuine"
    is_shown(counter, word, "en")


def test_of_several_in_view_the_gravest_sounds(counter: Counter) -> None:
    page = counter.page
    seen(counter, "genuine", "recalled", "expired")
    page.get_by_text("3 tem trong khung hình").wait_for()
    tones = [line.get_attribute("class") for line in page.locator(".lines li").all()]
    assert tones == ["line stop", "line warn", "line good"]
    assert page.evaluate("window.felt") == FELT["stop"]
    page.locator(".line.stop button").click()
    assert word_of(page) == "recalled"


def test_without_any_data_nothing_is_concluded(demo: Demo, playwright: Playwright, tmp_path: Path) -> None:
    """A first start without a network: the app is there, trust data is not."""
    with phone(playwright, tmp_path / "profile", camera=False) as context:
        context.route("**/api/**", lambda route: route.abort())
        page = context.new_page()
        page.goto(f"{demo.address}/scan/#scan")
        for sample, word in (("genuine", "cannot_tell"), ("recalled", "cannot_tell")):
            page.set_input_files("#photo", demo.sample(sample))
            assert word_of(page) == word
            assert page.get_by_text("máy này chưa có dữ liệu tin cậy").is_visible()
            page.get_by_role("button", name="Quét tem khác").click()


def test_what_was_seen_offline_is_told_later_and_counted_once(
    demo: Demo, playwright: Playwright, tmp_path: Path
) -> None:
    """A battery that dies before the network is back."""
    stamp, film = demo.printed()[3], tmp_path / "camera.mjpeg"
    lay(film, stamp)
    args = camera_fed_from(film)
    with phone(playwright, tmp_path / "profile", *args) as context:
        page = context.new_page()
        fetched(page, demo)
        page.goto(f"{demo.address}/scan/#scan")
        assert word_of(page) == "genuine"
        context.set_offline(True)
        page.reload()
        assert word_of(page) == "genuine_offline"
        assert "Mật ong" in page.locator("article").inner_text()
        page.get_by_role("link", name="Chờ gửi").click()
        page.get_by_text("1 mục chờ gửi").wait_for()
    with phone(playwright, tmp_path / "profile", *args) as context:
        page = context.new_page()
        with page.expect_response("**/api/v1/events/batch") as told:
            page.goto(f"{demo.address}/scan/#waiting")
        assert told.value.status == 200
        page.get_by_text("Không có gì chờ gửi.").wait_for()
    code = code_of(stamp)
    asked = [httpx.post(f"{demo.address}/api/v1/verify", json={"code": code}).json() for _ in range(2)]
    # The one online, the one that waited, and the first of these; one or two are not told.
    assert [answer["history"]["checks"] for answer in asked] == [None, 3]
