"""What counts as a check: a person's view, once; and what a phone may keep or refuse."""

import re
from typing import TYPE_CHECKING

import httpx
import pytest

from temthat_stamps.copies.records import StampEvent
from temthat_verify_api.checks import LIFE

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
PICTURE = re.compile(r'src="(/T/seen/[\w-]+)"')


async def view(client: httpx.AsyncClient, path: str, **headers: str) -> str:
    """Open a page as a browser does, with its counting picture; its text."""
    page = await client.get(path, headers=headers)
    assert page.status_code == 200
    for picture in PICTURE.findall(page.text):
        assert (await client.get(picture, headers=headers)).headers["content-type"] == "image/gif"
    return page.text


def counted(world: "World") -> int:
    with world.services.sessions() as session:
        return session.query(StampEvent).count()


async def test_a_view_counts_once_and_a_reload_changes_nothing(any_world: "World") -> None:
    """The same phone within half an hour is one check and reads "first check" again; later it is the second."""
    path = f"/T/{any_world.code(any_world.run())}"
    async with any_world.client() as client:
        assert "lần kiểm tra đầu tiên" in await view(client, path)
        any_world.forward(minutes=29)
        assert "lần kiểm tra đầu tiên" in await view(client, path)
        assert counted(any_world) == 1
        any_world.forward(minutes=2)
        assert "Đã được kiểm tra trước lần này" in await view(client, path)
        assert counted(any_world) == 2


async def test_another_phone_sees_the_first_ones_check(any_world: "World") -> None:
    """And the first, looking again, sees the other's check and not its own."""
    path = f"/T/{any_world.code(any_world.run())}"
    async with any_world.client() as one, any_world.again() as other:
        await view(one, path)
        any_world.forward(minutes=1)
        assert "Đã được kiểm tra trước lần này" in await view(other, path)
        any_world.forward(minutes=1)
        assert "Đã được kiểm tra trước lần này" in await view(one, path)
        assert counted(any_world) == 2


async def test_the_picture_is_one_use_and_short_lived(world: "World") -> None:
    """Loaded again it counts nothing; altered or late it counts nothing."""
    path = f"/T/{world.code(world.run())}"
    async with world.client() as client:
        [picture] = PICTURE.findall((await client.get(path)).text)
        for _ in range(3):
            await client.get(picture)
        assert counted(world) == 1
        client.cookies.clear()
        [late] = PICTURE.findall((await client.get(path)).text)
        altered = late[:-3] + ("AAA" if late[-3:] != "AAA" else "BBB")
        for wrong in (altered, "/T/seen/x", "/T/seen/" + "A" * 79, late + "A" * 4000):
            assert (await client.get(wrong)).status_code == 200
        world.forward(seconds=LIFE.total_seconds() + 2)
        await client.get(late)
    assert counted(world) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X-Moz": "prefetch"},
        {"User-Agent": "facebookexternalhit/1.1"},
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"},
    ],
)
async def test_prefetch_and_previews_count_nothing(world: "World", headers: dict[str, str]) -> None:
    """They get the page, but neither its picture nor a receipt."""
    async with world.client() as client:
        page = await client.get(f"/T/{world.code(world.run())}", headers=headers)
        assert "Tem thật" in page.text
        assert not PICTURE.findall(page.text)
        assert "set-cookie" not in page.headers
    assert counted(world) == 0


@pytest.mark.parametrize(
    "agent",
    ["Mozilla/5.0 (iPhone) [FBAN/FBIOS]", "Mozilla/5.0 (Linux; Android 14) Zalo android/24", "curl/8"],
)
async def test_browsers_inside_apps_count(world: "World", agent: str) -> None:
    """Most people here open links inside a messenger."""
    async with world.client() as client:
        await view(client, f"/T/{world.code(world.run())}", **{"User-Agent": agent})
    assert counted(world) == 1


async def test_a_prerendered_picture_counts_nothing(world: "World") -> None:
    """A browser that loads the picture ahead of the person says so."""
    async with world.client() as client:
        [picture] = PICTURE.findall((await client.get(f"/T/{world.code(world.run())}")).text)
        await client.get(picture, headers={"Sec-Purpose": "prefetch;prerender"})
        await client.head(picture)
        assert counted(world) == 0
        await client.get(picture)
    assert counted(world) == 1


async def test_head_has_no_body_and_counts_nothing(world: "World") -> None:
    """The same headers as a page, no receipt."""
    async with world.client() as client:
        head = await client.head(f"/T/{world.code(world.run())}", headers={"Accept": "text/html"})
    assert (head.status_code, head.content) == (200, b"")
    assert "set-cookie" not in head.headers
    assert counted(world) == 0


async def test_forged_codes_have_no_picture(world: "World") -> None:
    """What was never issued has no history to write into."""
    async with world.client() as client:
        page = await client.get(f"/T/{world.forged(world.run())}")
    assert not PICTURE.findall(page.text)
    assert "set-cookie" not in page.headers


async def test_a_receipt_is_for_one_stamp_and_hidden_from_scripts_and_others(world: "World") -> None:
    """Path of that stamp only, HttpOnly, SameSite, Secure; another value for another stamp; only a hash is stored."""
    run = world.run()
    async with world.client() as client:
        first = await client.get(f"/T/{world.code(run, 1)}")
        cookie = first.headers["set-cookie"]
        assert f"Path=/T/{world.code(run, 1)};" in cookie
        assert {"HttpOnly", "SameSite=lax", "Secure"} <= {part.strip() for part in cookie.split(";")}
        second = await view(client, f"/T/{world.code(run, 2)}")
        assert second
        values = {c.path: c.value or "" for c in client.cookies.jar}
        assert len(set(values.values())) == 2
        await client.get(PICTURE.findall(first.text)[0])
    with world.services.sessions() as session:
        hashes = {event.receipt for event in session.query(StampEvent)}
    assert len(hashes) == 2
    assert all(h and len(h) == 16 and h.hex() not in str(values) for h in hashes)


@pytest.mark.parametrize(
    ("query", "headers"), [("?nosave=1", {}), ("", {"Sec-GPC": "1"}), ("", {"DNT": "1"})]
)
async def test_a_receipt_may_be_refused(world: "World", query: str, headers: dict[str, str]) -> None:
    """The check counts, nothing is kept on the phone, and the page says so."""
    async with world.client() as client:
        text = await view(client, f"/T/{world.code(world.run())}{query}", **headers)
        assert "Không lưu biên nhận nào" in text
        assert not list(client.cookies.jar)
    with world.services.sessions() as session:
        assert session.query(StampEvent).one().receipt is None


async def test_refusing_later_takes_the_receipt_back(world: "World") -> None:
    """The link on the page removes what was kept; that very view is still the same phone's."""
    path = f"/T/{world.code(world.run())}"
    async with world.client() as client:
        text = await view(client, path)
        assert list(client.cookies.jar)
        [link] = re.findall(r'href="(\?[^"]*nosave=1)"', text)
        assert "lần kiểm tra đầu tiên" in await view(client, path + link)
        assert not list(client.cookies.jar)
    assert counted(world) == 1


async def test_a_province_is_kept_only_if_chosen(world: "World") -> None:
    """Chosen once it goes with later checks; choosing none forgets it; a strange way back is not followed."""
    run = world.run()
    async with world.client() as client:
        await view(client, f"/T/{world.code(run, 1)}")
        form = {"tinh": "27", "back": f"/T/{world.code(run, 2)}"}
        chosen = await client.post("/place", data=form)
        assert (chosen.status_code, chosen.headers["location"]) == (303, f"/T/{world.code(run, 2)}")
        assert '<option value="24" selected>' in await view(client, f"/T/{world.code(run, 2)}")
        left = await client.post("/place", data={"tinh": "", "back": "//evil.example/"})
        assert left.headers["location"] == "/"
        await view(client, f"/T/{world.code(run, 3)}")
    with world.services.sessions() as session:
        places = {event.serial: event.place for event in session.query(StampEvent)}
    assert places == {1: None, 2: "24", 3: None}
