"""The SMS gateway's hook: who may ask, what comes back, what is recorded and what never is."""

import datetime as dt
import json
import logging
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.verify_api.test_pins import pin_of, wrong

from temthat_stamps.copies.records import StampEvent, StampEventKind
from temthat_stamps.verdict import NoticeKind
from temthat_verify_api.pin_limits import ON_ONE_STAMP_FROM_ONE_SOURCE
from temthat_verify_api.sms.gateway import ALPHABET, FRESH_SECONDS, PATH, SIGNATURE
from temthat_verify_api.sms.senders import FROM_ONE_SENDER
from temthat_verify_api.webhooks import signature

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
SECRET = "a secret of the gateway"
KEY = {"Authorization": f"Bearer {SECRET}"}
SENDER = "0912345678"


@pytest.fixture
def sms_world(sqlite_url: str, tmp_path: Path) -> Iterator["World"]:
    """A world whose operator has a gateway."""
    from tests.verify_api.conftest import build_world

    built = build_world(sqlite_url, tmp_path / "data", sms_secret=SECRET)
    yield built
    built.services.close()


async def send(client: httpx.AsyncClient, text: str, sender: str = SENDER) -> str:
    """A message through the gateway; the reply's text."""
    answer = await client.post(PATH, data={"sender": sender, "text": text}, headers=KEY)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert len(answer.text) <= (160 if answer.headers[ALPHABET] == "GSM-7" else 70)
    return answer.text


def events(world: "World") -> list[StampEvent]:
    with world.services.sessions() as session:
        return list(session.query(StampEvent).order_by(StampEvent.at, StampEvent.id))


async def test_a_number_is_answered_and_counts_as_one_check(sms_world: "World") -> None:
    """Without diacritics; the same message delivered twice is one check; after half an hour it is another."""
    run = sms_world.run()
    async with sms_world.client() as client:
        for _ in range(2):
            reply = await send(client, sms_world.number(run))
        assert reply.startswith("Tem that. Tem do HTX Che mau phat hanh.")
        assert "Lo L01. Han dung 31/12/2026." in reply
        sms_world.forward(minutes=31)
        await send(client, sms_world.number(run))
    assert [(event.event, event.receipt, event.place) for event in events(sms_world)] == [
        (StampEventKind.CHECK, None, None)
    ] * 2


async def test_a_pin_by_sms(sms_world: "World") -> None:
    """First, again by somebody else with the day, wrong with the tries left, none; each in one message."""
    run, plain = sms_world.run(has_pins=True), sms_world.run(lot="L02")
    number, pin = sms_world.number(run), pin_of(sms_world, run)
    async with sms_world.client() as client:
        assert "nhan so tem va PIN" in await send(client, number)
        for _ in range(2):
            reply = await send(client, f"{number} {pin}")
            assert reply.startswith("Ma PIN dung, nhap lan dau. Tem that.")
        sms_world.forward(days=2)
        reply = await send(client, f"{number} {pin}", "0987654321")
        assert reply.startswith(
            "Ma PIN dung, da nhap lan dau ngay 26/05/2026. Co the ban hoac nguoi nha da nhap."
        )
        left = ON_ONE_STAMP_FROM_ONE_SOURCE.amount - 1
        reply = await send(client, f"{number} {wrong(pin)}", "0900000000")
        assert reply.startswith(f"Ma PIN chua khop, con {left} lan nhap. Tem that.")
        assert (await send(client, f"{sms_world.number(plain)} {pin}")).startswith("Tem nay khong co ma PIN.")
        assert (await send(client, f"{number} 12345")).startswith("Ma PIN gom 6 chu so.")
    assert sum(event.event is StampEventKind.PIN for event in events(sms_world)) == 2


async def test_wrong_pins_wait_and_lock_nothing(sms_world: "World") -> None:
    """One sender has few tries; another one still has its own."""
    run = sms_world.run(has_pins=True)
    number, pin = sms_world.number(run), pin_of(sms_world, run)
    async with sms_world.client() as client:
        for _ in range(ON_ONE_STAMP_FROM_ONE_SOURCE.amount):
            reply = await send(client, f"{number} {wrong(pin)}")
        assert re.match(r"Ma PIN chua khop\. Nhap lai sau \d+ phut\.", reply)
        reply = await send(client, f"{number} {pin}")
        assert re.match(r"PIN nhap sai nhieu lan\. Nhan lai sau \d+ phut\. Tem khong bi khoa\.", reply)
        assert (await send(client, f"{number} {pin}", "0987654321")).startswith("Ma PIN dung, nhap lan dau.")


async def test_what_must_be_known_is_said_before_the_pin(sms_world: "World") -> None:
    """A recall and an expired date, whatever the PIN."""
    recalled = sms_world.run(has_pins=True)
    sms_world.notify(recalled, NoticeKind.RECALL)
    expired = sms_world.run(has_pins=True, lot="L03", expires_on=dt.date(2026, 5, 1))
    async with sms_world.client() as client:
        reply = await send(client, f"{sms_world.number(recalled)} {pin_of(sms_world, recalled)}")
        assert reply.startswith("San pham dang duoc thu hoi. Khong dung. Goi 0900 111 222.")
        reply = await send(client, f"{sms_world.number(expired)} {pin_of(sms_world, expired)}")
        assert "hang da qua han" in reply


async def test_slips_and_strangers_get_a_sentence(sms_world: "World") -> None:
    """A mistyped number with its place, another's number, no number at all; guesses are limited by sender."""
    run = sms_world.run()
    number = sms_world.number(run)
    async with sms_world.client() as client:
        assert (await send(client, "U" + number[1:])).startswith("Co the go nham ky tu thu 1 cua so tem.")
        assert (await send(client, number[:-1])).startswith("So tem co 16 ky tu")
        assert (await send(client, "xin chào")).startswith("Nhan so tem 16 ky tu")
        reply = await send(client, sms_world.wrong_number(run))
        assert reply.startswith("Tem nay khong do he thong phat hanh. Goi 1900 1234.")
        for _ in range(20):
            reply = await send(client, sms_world.wrong_number(run))
        assert re.match(r"Co nhieu so tem go sai\. Nhan lai sau \d+ phut\.", reply)
        assert (await send(client, number, "0987654321")).startswith("Tem that.")


async def test_a_sender_who_floods_costs_nothing_more(sms_world: "World") -> None:
    """429, so that the gateway sends no reply; others are answered."""
    async with sms_world.client() as client:
        for _ in range(FROM_ONE_SENDER.amount):
            await send(client, "?")
        answer = await client.post(PATH, data={"sender": SENDER, "text": "?"}, headers=KEY)
        assert (answer.status_code, answer.json()["error"]) == (429, "too_many_tries")
        assert int(answer.headers["retry-after"]) >= 60
        await send(client, "?", "0987654321")


async def test_only_the_gateway_is_answered(sms_world: "World") -> None:
    """By bearer or by a fresh signature over the very body."""
    body = json.dumps({"sender": SENDER, "text": "?"}).encode()
    now = int(time.time())

    def signed(secret: str, at: int, of: bytes) -> dict[str, str]:
        return {SIGNATURE: signature(secret.encode(), at, of), "Content-Type": "application/json"}

    good = (KEY | {"Content-Type": "application/json"}, signed(SECRET, now, body))
    bad: tuple[dict[str, str], ...] = (
        {}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {SECRET}"}, {SIGNATURE: "t=1,v1="},
        signed("another secret", now, body), signed(SECRET, now, body + b" "),
        signed(SECRET, now - FRESH_SECONDS - 60, body), {SIGNATURE: f"t=²,v1={'0' * 64}"},
    )  # fmt: skip
    async with sms_world.client() as client:
        for headers in good:
            assert (await client.post(PATH, content=body, headers=headers)).status_code == 200
        for headers in bad:
            encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
            answer = await client.post(PATH, content=body, headers=encoded)
            assert (answer.status_code, answer.json()["error"]) == (401, "key_needed")


async def test_without_a_secret_no_sms_is_taken(world: "World") -> None:
    """An empty secret is no secret."""
    async with world.client() as client:
        for headers in ({}, {"Authorization": "Bearer "}, {SIGNATURE: signature(b"", int(time.time()), b"")}):
            assert (await client.post(PATH, headers=headers)).status_code == 404


async def test_what_is_no_message_is_refused(sms_world: "World") -> None:
    """As a form and as JSON; the number is not echoed."""
    bad: tuple[dict[str, str], ...] = (
        {"text": "?"}, {"sender": SENDER}, {"sender": "", "text": "?"}, {"sender": SENDER * 5, "text": "?"},
        {"sender": SENDER, "text": "?" * 2_001},
    )  # fmt: skip
    async with sms_world.client() as client:
        for data in bad:
            for answer in (
                await client.post(PATH, headers=KEY, data=data),
                await client.post(PATH, headers=KEY, json=data),
            ):
                assert answer.status_code == 422
                assert SENDER not in answer.text
        assert (await client.post(PATH, headers=KEY, content=b"x" * 10_001)).status_code == 413


async def test_with_diacritics_it_is_one_message_of_seventy(sqlite_url: str, tmp_path: Path) -> None:
    """The first sentences of each answer fit."""
    from tests.verify_api.conftest import build_world

    world = build_world(sqlite_url, tmp_path / "data", sms_secret=SECRET, sms_accents=True)
    run = world.run(has_pins=True)
    async with world.client() as client:
        answer = await client.post(
            PATH, json={"sender": SENDER, "text": f"{world.number(run)} {pin_of(world, run)}"}, headers=KEY
        )
    assert answer.headers[ALPHABET] == "UCS-2"
    assert answer.text.startswith("Mã PIN đúng, nhập lần đầu. Tem thật.")
    assert len(answer.text) <= 70
    world.services.close()


async def test_the_reply_is_posted_to_the_gateway_too(sqlite_url: str, tmp_path: Path) -> None:
    """Signed, as JSON, by plain HTTP within the house; what the gateway answers changes nothing."""
    from tests.verify_api.conftest import build_world

    got: list[tuple[str, bytes]] = []

    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.headers[SIGNATURE], body))
            self.send_response(500)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as gateway:
        threading.Thread(target=gateway.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{gateway.server_port}/out"
        world = build_world(sqlite_url, tmp_path / "data", sms_secret=SECRET, sms_reply_url=url)
        async with world.client() as client:
            reply = await send(client, "?")
        gateway.shutdown()
    [(given, body)] = got
    assert json.loads(body) == {"to": SENDER, "text": reply, "alphabet": "GSM-7"}
    at = int(given.partition(",")[0].removeprefix("t="))
    assert given == signature(SECRET.encode(), at, body)
    world.services.close()


async def test_the_senders_number_is_kept_nowhere(
    sms_world: "World", caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Neither in the database's bytes nor in any log nor in the figures; the PIN and the secret neither."""
    run = sms_world.run(has_pins=True)
    number, pin = sms_world.number(run), pin_of(sms_world, run)
    with caplog.at_level(logging.DEBUG):
        async with sms_world.client() as client:
            await send(client, f"{number} {wrong(pin)}")
            await send(client, f"{number} {pin}")
            await client.post(PATH, data={"sender": SENDER}, headers=KEY)
            figures = (await client.get("/metrics")).text
    logged = "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith("httpx"))
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    database = Path(str(sms_world.services.engine.url.database))
    kept += b"".join(file.read_bytes() for file in database.parent.glob(database.name + "*"))
    assert len(kept) > 100_000
    for secret in (SENDER, SENDER[1:], SECRET):
        assert secret not in logged + figures + repr(sms_world.services.settings)
        assert secret.encode() not in kept
    assert not re.search(rf"(?<!\w)({pin}|{wrong(pin)})(?!\w)", logged)
