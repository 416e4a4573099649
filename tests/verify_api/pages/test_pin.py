"""The PIN's form on the page of a stamp, and each answer: by POST, never in an address, never from another site."""

import logging
import re
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.verify_api.test_pins import pin_of, wrong

from temthat_stamps.copies.records import StampEvent, StampEventKind
from temthat_stamps.verdict import NoticeKind
from temthat_verify_api.pin_limits import ON_ONE_STAMP_FROM_ONE_SOURCE

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
ENTRY = re.compile(r'name="entry" value="([0-9a-f-]{36})"')


async def post(
    client: httpx.AsyncClient, path: str, pin: str, entry: str = "", **headers: str
) -> httpx.Response:
    """Send the form as a browser does; it shows the same address again."""
    answer = await client.post(path, data={"pin": pin, "entry": entry}, headers=headers)
    # As a word of its own: identifiers and hashes have many digits, and any six of them may be these.
    shown = rf"(?<![0-9A-Za-z]){re.escape(pin)}(?![0-9A-Za-z])"
    assert not pin or not re.search(shown, f"{answer.headers}\n{answer.text}")
    return answer


def pins(world: "World") -> list[StampEvent]:
    with world.services.sessions() as session:
        return list(session.query(StampEvent).filter_by(event=StampEventKind.PIN))


def title(page: httpx.Response) -> str:
    found = re.search(r'<h2 id="pin">([^<]*)</h2>', page.text)
    return found[1] if found else ""


async def test_the_form_is_there_for_runs_with_pins_only(world: "World") -> None:
    """Posted to the page's own address, with a numeric field that no browser remembers."""
    run, plain = world.run(has_pins=True), world.run(lot="L02")
    async with world.client() as client:
        page = (await client.get(f"/T/{world.code(run)}?lang=vi")).text
        assert f'<form method="post" action="/T/{world.code(run)}?lang=vi" autocomplete="off">' in page
        field = re.search(r'<input id="pinfield"[^>]*>', page)
        assert field
        for wanted in ('name="pin"', 'inputmode="numeric"', 'autocomplete="off"', "required"):
            assert wanted in field[0]
        for path in (f"/T/{world.code(plain)}", f"/T/{world.forged(run)}"):
            assert 'id="pinfield"' not in (await client.get(path)).text


async def test_right_first_then_again_then_by_somebody_else(world: "World") -> None:
    """The same phone stays the first; another one is told the day, the province and that it may be the family."""
    run = world.run(has_pins=True)
    path, pin = f"/T/{world.code(run)}", pin_of(world, run)
    async with world.client(cookies={"tinh": "79"}) as one, world.again() as other:
        await one.get(path)
        page = await post(one, path, pin)
        assert (page.status_code, title(page)) == (200, "Mã PIN đúng, nhập lần đầu")
        assert "Tem thật" in page.text
        assert "/T/seen/" not in page.text
        assert title(await post(one, path, pin)) == "Mã PIN đúng, nhập lần đầu"
        world.forward(days=1)
        page = await post(other, path, pin)
        assert title(page) == "Mã PIN đúng, đã được nhập trước đó"
        assert page.text.count("Lần đầu ngày 26/05/2026 tại Hồ Chí Minh.") == 1
        assert "Mã PIN này đã được nhập trước đó" in page.text
        assert "người nhà" in page.text
        english = await post(other, path + "?lang=en", pin)
        assert title(english) == "Right PIN, entered before"
        assert "First on 26 May 2026" in english.text
    assert [event.place for event in pins(world)] == ["79", None]


async def test_entering_gives_a_receipt_unless_refused(world: "World") -> None:
    """A phone without one gets it with its entry; one that refuses does not, and sending twice is one entry."""
    run = world.run(has_pins=True)
    path, pin = f"/T/{world.code(run)}", pin_of(world, run)
    async with world.client() as client, world.again() as shy:
        page = await client.get(path, headers={"DNT": "1"})
        assert "set-cookie" not in page.headers
        [entry] = ENTRY.findall(page.text)
        for _ in range(2):
            answer = await post(shy, path, pin, entry, **{"Sec-GPC": "1"})
            assert "set-cookie" not in answer.headers
            assert title(answer) == "Mã PIN đúng, nhập lần đầu"
        given = (await post(client, path, pin)).headers["set-cookie"]
        assert given.startswith("receipt=")
        for part in (f"Path={path}", "HttpOnly", "SameSite=lax", "Secure"):
            assert part in given
    assert len(pins(world)) == 2


async def test_a_wrong_pin_says_how_many_tries_are_left(world: "World") -> None:
    """The form is there again; at the end it goes, with the minutes to wait, and the stamp is not locked."""
    run = world.run(has_pins=True)
    path, pin = f"/T/{world.code(run)}", pin_of(world, run)
    async with world.client() as client:
        for left in reversed(range(ON_ONE_STAMP_FROM_ONE_SOURCE.amount)):
            page = await post(client, path, wrong(pin))
            assert (page.status_code, title(page)) == (200, "Mã PIN chưa khớp")
            assert (f"Còn {left} lần nhập" in page.text, 'id="pinfield"' in page.text) == (left > 0, left > 0)
        assert re.search(r"Nhập lại được sau \d+ phút", page.text)
        page = await post(client, path, pin)
        assert (page.status_code, title(page)) == (429, "Chờ một chút rồi nhập lại")
        assert int(page.headers["retry-after"]) >= 60
        assert "Tem không bị khóa" in page.text
        assert "Tem thật" in (await client.get(path)).text
    assert pins(world) == []


async def test_what_is_no_pin_is_told_and_not_counted(world: "World") -> None:
    """The form comes back; what was typed does not."""
    run = world.run(has_pins=True)
    async with world.client() as client:
        for typed in ("", "12345", "abc", "1234567", "<b>1</b>", "१२३४५६", "<b>1</b>"):
            page = await client.post(f"/T/{world.code(run)}", data={"pin": typed})
            assert (page.status_code, title(page)) == (200, "Mã PIN gồm 6 chữ số")
        assert 'id="pinfield"' in page.text
        assert "<b>1</b>" not in page.text


async def test_the_typed_number_leads_to_the_form_too(world: "World") -> None:
    """From the front page, by the printed number."""
    run = world.run(has_pins=True)
    async with world.client(follow_redirects=True) as client:
        page = await client.post("/check", data={"code": world.number(run)})
        assert 'id="pinfield"' in page.text
        answer = await post(client, str(page.url), pin_of(world, run))
        assert title(answer) == "Mã PIN đúng, nhập lần đầu"
        refused = await post(client, f"/T/{world.wrong_number(run)}", pin_of(world, run))
        assert "Tem này không do hệ thống phát hành" in refused.text
        assert title(refused) == ""
        assert (await post(client, "/T/AAAA-BBBB-CCCC-DDDU", "123456")).status_code == 422


async def test_another_sites_page_enters_nothing(world: "World") -> None:
    """Refused before the code is looked at, so that it uses up nobody's tries."""
    run = world.run(has_pins=True)
    async with world.client() as client:
        for name, value in (
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Site", "same-site"),
            ("Origin", "https://evil.example"),
        ):
            answer = await post(client, f"/T/{world.code(run)}", pin_of(world, run), **{name: value})
            assert answer.status_code == 403
        own = {"Origin": "https://tem.example.vn", "Sec-Fetch-Site": "same-origin"}
        assert title(await post(client, f"/T/{world.code(run)}", wrong(pin_of(world, run)), **own))
    assert pins(world) == []


async def test_nothing_that_is_logged_holds_a_pin(world: "World", caplog: pytest.LogCaptureFixture) -> None:
    """At any level, of the service and of the libraries; nor does a page that refuses the request."""
    run = world.run(has_pins=True)
    path, pin = f"/T/{world.code(run)}", pin_of(world, run)
    with caplog.at_level(logging.DEBUG):
        async with world.client() as client:
            for typed in (pin, wrong(pin)):
                await post(client, path, typed)
                await post(client, path, typed, **{"Sec-Fetch-Site": "cross-site"})
                await client.get(f"{path}?pin={typed}")
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("httpx")]
    assert not [line for line in ours if pin in line or wrong(pin) in line]


async def test_on_a_recalled_stamp_nobody_is_asked_to_scratch(world: "World") -> None:
    """The verdict is settled; a PIN would change nothing."""
    run = world.run(has_pins=True)
    world.notify(run, NoticeKind.RECALL)
    async with world.client() as client:
        assert 'id="pinfield"' not in (await client.get(f"/T/{world.code(run)}")).text
