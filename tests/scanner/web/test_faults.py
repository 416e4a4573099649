"""What is missing, full, forbidden, wrong or damaged: each its own sentence, never a blank page, never `genuine`."""

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, Route, expect

from .conftest import APP, Demo, hosted, in_browser, phone, word_of
from .using import LANGS, WORDS, is_said, number, photo, renew, speak

pytestmark = in_browser

REFUSING = """
navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("no", window.refusal); };
"""


@pytest.mark.parametrize(
    ("refusal", "key"),
    [
        ("NotFoundError", "no_camera"),
        ("NotAllowedError", "camera_denied"),
        ("NotReadableError", "camera_busy"),
    ],
)
def test_no_camera(demo: Demo, page: Page, refusal: str, key: str) -> None:
    """None, not allowed, taken by another app: said, with the two other ways and a button to try again."""
    page.add_init_script(f"window.refusal = '{refusal}';{REFUSING}")
    page.goto(f"{demo.address}/scan/#scan")
    is_said(page, key)
    page.get_by_role("button", name="Open the camera").click()
    is_said(page, key, "en")
    assert photo(page, demo) == "genuine"


def test_permission_that_the_browser_itself_refuses(
    demo: Demo, playwright: Playwright, tmp_path: Path
) -> None:
    """A camera there is; nobody may use it."""
    args = ["--use-fake-device-for-media-stream"]
    with phone(playwright, tmp_path / "profile", *args, camera=False) as context:
        page = context.new_page()
        page.goto(f"{demo.address}/scan/#scan")
        is_said(page, "camera_denied")


KEEP_STREAM = """
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (asked) => (window.stream = await open(asked));
"""


def test_a_camera_that_is_cut_off(demo: Demo, playwright: Playwright, tmp_path: Path) -> None:
    """Unplugged, or its permission taken back; opened again it reads on."""
    args = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    with phone(playwright, tmp_path / "profile", *args) as context:
        page = context.new_page()
        page.add_init_script(KEEP_STREAM)
        page.goto(f"{demo.address}/scan/#scan")
        for lang in LANGS:
            speak(page, lang)
            page.locator("video").wait_for()
            page.evaluate("window.stream.getTracks()[0].dispatchEvent(new Event('ended'))")
            page.get_by_text(WORDS[lang]["camera_lost"]).wait_for()
            assert page.evaluate("window.stream.getTracks()[0].readyState") == "ended"
            page.get_by_role("button", name=WORDS[lang]["start_camera"]).click()
            page.locator("video").wait_for()


def test_without_https(page: Page, tmp_path: Path) -> None:
    """Another name than localhost, plain http: no camera, no worker of the service; the rest works."""
    with hosted(site_of(tmp_path)) as port:
        page.goto(f"http://tem.test:{port}/scan/#scan")
        is_said(page, "needs_https")
        number(page, "0000 0I00 00F8 3G5N")
        assert word_of(page) == "mistyped"


def site_of(folder: Path) -> Path:
    """A copy of the app on a static host."""
    shutil.copytree(APP, folder / "site" / "scan")
    return folder / "site"


@pytest.mark.parametrize("missing", ["Worker", "WebAssembly"])
def test_an_old_browser_without_what_reads_codes(demo: Demo, page: Page, missing: str) -> None:
    page.add_init_script(f"delete window.{missing};")
    page.goto(f"{demo.address}/scan/#scan")
    for lang in LANGS:
        speak(page, lang)
        page.set_input_files("#photo", demo.sample("genuine"))
        is_said(page, "decoder_old", lang)
    number(page, demo.forged)
    assert word_of(page) == "forged"
    if missing == "Worker":
        page.evaluate("location.hash = 'data'")
        for lang, words in (("vi", "quá cũ để giữ dữ liệu"), ("en", "too old to keep data")):
            renew(page, lang)
            page.get_by_text(words).wait_for()


@pytest.mark.parametrize("broken", ["syntax", "gone", "disabled"])
def test_an_app_that_does_not_start(page: Page, tmp_path: Path, broken: str) -> None:
    """A browser that does not know its language, a file that did not come, no script at all."""
    site = site_of(tmp_path)
    script = next((site / "scan" / "assets").glob("index-*.js"))
    if broken == "syntax":
        script.write_text("this is no JavaScript")
    elif broken == "gone":
        script.unlink()
    else:
        off = page.context.new_cdp_session(page)
        off.send("Emulation.setScriptExecutionDisabled", {"value": True})
    with hosted(site) as port:
        page.goto(f"http://localhost:{port}/scan/")
        said = page.locator("noscript" if broken == "disabled" else "#old")
        said.wait_for()
        assert "gõ số dưới mã" in said.inner_text()
        assert "type the number" in said.inner_text()
        assert said.locator("a").first.get_attribute("href") == "../"


@pytest.mark.parametrize("broken", ["gone", "damaged", "script"])
def test_a_decoder_that_cannot_be_loaded(page: Page, tmp_path: Path, demo: Demo, broken: str) -> None:
    """Told; the number still works."""
    site = site_of(tmp_path)
    wasm = next((site / "scan" / "assets").glob("*.wasm"))
    if broken == "gone":
        wasm.unlink()
    elif broken == "damaged":
        wasm.write_bytes(wasm.read_bytes()[:1000])
    else:
        next((site / "scan" / "assets").glob("decode.worker-*.js")).unlink()
    with hosted(site) as port:
        page.goto(f"http://localhost:{port}/scan/#scan")
        for lang in LANGS:
            speak(page, lang)
            page.set_input_files("#photo", demo.sample("genuine"))
            is_said(page, "decoder_failed", lang)
        number(page, demo.forged)
        assert word_of(page) == "cannot_tell"


def test_a_file_that_is_no_picture(demo: Demo, page: Page, tmp_path: Path) -> None:
    page.goto(f"{demo.address}/scan/#scan")
    file = tmp_path / "photo.heic"
    file.write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    for lang in LANGS:
        speak(page, lang)
        page.set_input_files("#photo", file)
        is_said(page, "photo_unreadable", lang)
    assert photo(page, demo) == "genuine"


@pytest.mark.parametrize(
    "storage",
    [
        "IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); };",
        "Object.defineProperty(window, 'indexedDB', {value: undefined});",
        "IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); };"
        "Object.defineProperty(navigator, 'storage', {value: undefined});"
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError'); }});",
    ],
    ids=["full", "none", "forbidden"],
)
def test_nothing_can_be_stored(demo: Demo, page: Page, storage: str) -> None:
    """No room, an old browser, a private window: works until it is closed and says so, also with a verdict."""
    page.add_init_script(storage)
    page.goto(f"{demo.address}/scan/#data")
    renew(page)
    is_said(page, "not_saved")
    page.context.set_offline(True)
    for lang in LANGS:
        speak(page, lang)
        assert photo(page, demo) == "genuine_offline"
        page.get_by_text(WORDS[lang]["unkept"]).wait_for()
    page.evaluate("location.hash = 'sell'")
    page.locator("#api-key").fill("tt_typed")
    page.locator("#api-key").press("Enter")
    page.get_by_text("Saved.").wait_for()
    for section, what in (("type", "#number"), ("sell", "#api-key")):
        page.evaluate(f"location.hash = '{section}'")
        page.locator(what).wait_for(state="attached")
    expect(page.locator("#api-key")).to_have_value("tt_typed")


def moved_clock(page: Page, days: int) -> None:
    """The phone's clock is wrong from now on, and the network is cut."""
    page.context.set_offline(True)
    page.clock.set_system_time(dt.datetime.now(dt.UTC) + dt.timedelta(days=days))
    page.reload()


@pytest.mark.parametrize(
    ("days", "key", "word", "words"),
    [
        (-400, "clock", "genuine_offline", {"vi": "chạy chậm hơn dữ liệu", "en": "clock is behind"}),
        (31, "data_too_old", "cannot_tell", {"vi": "đã quá cũ", "en": "is too old"}),
    ],
    ids=["behind", "ahead"],
)
def test_a_clock_that_is_behind_or_ahead(
    demo: Demo, ready: Page, days: int, key: str, word: str, words: dict[str, str]
) -> None:
    """Behind: the data's own time counts. Ahead, or old data: no phone alone can know which, so both are said."""
    moved_clock(ready, days)
    is_said(ready, key)
    for lang in LANGS:
        speak(ready, lang)
        assert photo(ready, demo) == word
        ready.get_by_text(words[lang]).wait_for()
    assert photo(ready, demo, "recalled") == "recalled"


def test_data_that_is_a_little_old_is_told_and_still_judges(demo: Demo, ready: Page) -> None:
    moved_clock(ready, 10)
    is_said(ready, "data_old")
    assert photo(ready, demo) == "genuine_offline"


def test_expired_trust_data_is_not_taken(demo: Demo, page: Page) -> None:
    """The clock is years ahead, or nobody has renewed it: the day of expiry and the day of the phone are named."""
    page.clock.set_system_time("2036-05-26T03:00:00Z")
    page.goto(f"{demo.address}/scan/#data")
    for lang, words in (("vi", "máy đang ghi ngày 26/05/2036"), ("en", "this device says 2036-05-26")):
        renew(page, lang)
        page.get_by_text(words).wait_for()
    assert photo(page, demo) == "genuine"  # the service says so, whatever the phone's clock
    page.context.set_offline(True)
    assert photo(page, demo) == "cannot_tell"


KEPT = """async () => {
    const open = indexedDB.open("temthat");
    await new Promise((done) => (open.onsuccess = done));
    const store = open.result.transaction("kept", "readwrite").objectStore("kept");
    const kept = await new Promise((done) => {
        const asked = store.get("NAME");
        asked.onsuccess = () => done(asked.result);
    });
    const put = store.put(((kept) => { CHANGE })(kept), "NAME");
    await new Promise((done) => (put.onsuccess = done));
    open.result.close();
}"""


def change_kept(page: Page, name: str, change: str) -> None:
    """Change what is stored under a name; `change` gets `kept` and returns what is there from now on."""
    page.evaluate(KEPT.replace("NAME", name).replace("CHANGE", change))


FULL_FOR_DATA = """{
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (value, key) {
        if (key === "installed") throw new DOMException("full", "QuotaExceededError");
        return put.call(this, value, key);
    };
}"""


def test_data_that_had_no_room_is_asked_for_again(demo: Demo, page: Page) -> None:
    """Its ETag is not kept either: the service would answer that this device has it."""
    page.add_init_script(FULL_FOR_DATA)
    page.goto(f"{demo.address}/scan/#data")
    renew(page)
    is_said(page, "not_saved", "vi")
    change_kept(page, "etag", "window.etag = kept; return '';")
    assert page.evaluate("window.etag ?? ''") == ""


@pytest.mark.parametrize(
    "change",
    [
        "kept.listing[kept.listing.length >> 1] ^= 255; return kept;",
        "kept.files = {}; return kept;",
        "return 'nothing of the kind';",
        "for (const file of kept.files.values()) file.fill(0); return kept;",
    ],
    ids=["bits", "files", "kind", "zeros"],
)
def test_damaged_data_is_dropped(demo: Demo, ready: Page, change: str) -> None:
    """Told, and no verdict but `cannot_tell` until new data is fetched."""
    change_kept(ready, "installed", change)
    ready.context.set_offline(True)
    ready.reload()
    assert photo(ready, demo) == "cannot_tell"
    ready.evaluate("location.hash = 'data'")
    is_said(ready, "damaged")
    ready.context.set_offline(False)
    renew(ready)
    ready.locator("code").wait_for()
    ready.context.set_offline(True)
    assert photo(ready, demo) == "genuine_offline"


@pytest.mark.parametrize(
    "choices",
    ["'x'", "{lang: 7, provinces: 5, place: {}, apiKey: []}", "[1, 2]"],
    ids=["text", "types", "list"],
)
def test_damaged_choices_are_as_good_as_none(demo: Demo, ready: Page, choices: str) -> None:
    change_kept(ready, "choices", f"return {choices};")
    ready.reload()
    for section in ("data", "type", "waiting", "scan"):
        ready.evaluate(f"location.hash = '{section}'")
        ready.locator(f"nav a[data-section={section}][aria-current]").wait_for()
    assert photo(ready, demo, "recalled") == "recalled"


def test_a_database_that_is_none_of_ours(demo: Demo, page: Page) -> None:
    """The app works in memory and says that nothing is kept."""
    make = """async () => {
        const open = indexedDB.open("temthat", 1);
        await new Promise((done) => (open.onsuccess = done));
        open.result.close();
    }"""
    page.goto(f"{demo.address}/")
    page.evaluate(make)
    page.goto(f"{demo.address}/scan/#data")
    renew(page)
    is_said(page, "not_saved", "vi")
    page.context.set_offline(True)
    assert photo(page, demo) == "genuine_offline"


RUBBISH = {
    "page": "<!doctype html><h1>Wi-Fi của quán</h1>",
    "empty": "",
    "list": "[]",
    "word": '{"verdict": "splendid", "reasons": []}',
    "no reasons": '{"verdict": "genuine"}',
    "half": '{"verdict": "genuine", "reas',
    "types": '{"verdict": ["genuine"], "reasons": "none", "product": 7}',
}


def saying(body: str, status: int = 200) -> Callable[[Route], None]:
    """What stands between the app and its service, and answers this."""

    def answer(route: Route) -> None:
        route.fulfill(status=status, body=body, content_type="text/html")

    return answer


def test_a_service_that_answers_rubbish(demo: Demo, ready: Page) -> None:
    """A hotel's login page, a proxy, half an answer: as good as no answer, and the phone judges by itself."""
    for name, body in RUBBISH.items():
        for status in (200, 500):
            ready.route("**/api/v1/**", saying(body, status))
            assert photo(ready, demo) == "genuine_offline", (name, status)
            ready.unroute_all()
    ready.route("**/api/v1/**", saying(RUBBISH["page"]))
    assert photo(ready, demo, "recalled") == "recalled"
    ready.get_by_text("Không hỏi được máy chủ: xét bằng dữ liệu").wait_for()


def test_rubbish_instead_of_trust_data(demo: Demo, page: Page) -> None:
    """Said; without any data nothing is concluded."""
    for where in ("**/log/**", "**/api/v1/**"):
        page.route(where, saying(RUBBISH["page"]))
    page.goto(f"{demo.address}/scan/#data")
    for lang, words in (("vi", "tệp không phải dữ liệu tin cậy"), ("en", "the file is no trust pack")):
        renew(page, lang)
        page.get_by_text(words).wait_for()
    assert photo(page, demo) == "cannot_tell"
