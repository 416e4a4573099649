"""After a full day of a real server neither its log nor its database knows where anybody was or what opens anything."""

import re
import shutil
import socket
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from temthat.main import app
from temthat_trace.ids import uuid7
from temthat_verify_api.accounts import KeyRole

from ..neighbours import WITNESSES
from .asking import BULK, EVENTS, HTML, VERIFY
from .conftest import House
from .serving import Server, environment, serving

NEIGHBOUR = "127.0.0.77"
FORWARDED = ("203.0.113.199", "2001:db8:7777::42")
PHONE, PIN = "0987650321", "483920"
CONTACT = "nguoi-bao-tin@thu.example"
BROWSER = "LotusBrowser/88.7 (Sen A17; Android 15)"
LANGUAGES = "vi-VN,hmn;q=0.83"
FINGERPRINT = {
    "User-Agent": BROWSER,
    "Accept-Language": LANGUAGES,
    "Sec-CH-UA-Model": '"Sen A17"',
    "Sec-CH-UA-Platform-Version": '"15.7.88"',
    "Device-Memory": "3.2581947",
    "Viewport-Width": "393.7781364",
    "Referer": "https://zalo.example/chat/8817733",
}
"""What a phone tells of itself with every request, and what would tell it again: nothing a stray figure equals."""

FIGURES = re.compile(rb"[0-9a-f]{32}|\d\d:\d\d:\d\d\.\d{6}|\d+\.\d+(?:e[+-]\d+)?")
"""Identifiers, moments and measured figures: among so many digits any six may stand one after the other."""


@dataclass
class Day:
    """A server after a day of work, and every secret that went through it."""

    server: Server
    printed: str
    """What the command that made the account wrote."""

    before: set[Path]
    """Files of the data folder before the server started."""

    secrets: set[str] = field(default_factory=set)
    metrics: str = ""


@pytest.fixture(scope="module")
def day(house: House, tmp_path_factory: pytest.TempPathFactory) -> Day:
    """Everything a server meets, from addresses of our own: through a proxy, and around it."""
    house.world.services.engine.dispose()
    folder = shutil.copytree(house.folder, tmp_path_factory.mktemp("day") / "data")
    made = CliRunner().invoke(app, ["person", "HTX-MAU", PHONE, "--name", "Chị Mai"], env=environment(folder))
    password = re.findall(r"tem-[0-9a-f]{10}", made.output)[0]
    before = set(folder.rglob("*"))
    with serving(folder) as server:
        secrets = {password, PHONE.removeprefix("0"), PIN, "hỏi-mò-123"}
        day = Day(server, made.output, before, secrets)
        for source, forwarded in (
            (NEIGHBOUR, FORWARDED[0]),
            ("127.0.0.1", FORWARDED[0]),
            ("127.0.0.1", FORWARDED[1]),
        ):
            transport = httpx.HTTPTransport(local_address=source)
            proxied = {"X-Forwarded-For": forwarded, "X-Real-IP": forwarded, "Forwarded": f"for={forwarded}"}
            headers = proxied | FINGERPRINT
            options = {"transport": transport, "headers": headers, "base_url": server.url}
            with httpx.Client(**options, timeout=30) as client:  # type: ignore[arg-type]
                shop(client, house, day)
                report(client, house, day)
                sign_in(client, password, day)
        trouble(server, day)
        with httpx.Client(base_url=server.url, timeout=60) as client:
            day.metrics = client.get("/metrics").text
            break_the_desk(server, client, password, day)
    return day


def shop(client: httpx.Client, house: House, day: Day) -> None:
    """Pages with their counting pictures, typed numbers right and wrong, the form."""
    for code in house.stamps:
        day.secrets.add(code)
        page = client.get(f"/T/{code}", headers=HTML)
        # Cookies are for HTTPS only; as a browser would behind its proxy, the receipt is sent back all the same.
        given = re.findall(r"receipt=([\w-]{22})", page.headers.get("set-cookie", ""))
        for picture in re.findall(r'src="(/T/seen/([\w-]+))"', page.text):
            client.get(picture[0], headers={"Cookie": f"receipt={given[0]}"} if given else {})
            day.secrets |= {picture[1], *given}
        client.post("/check", data={"code": code}, follow_redirects=True)
    day.secrets |= {cookie.value for cookie in client.cookies.jar if cookie.value and len(cookie.value) > 10}
    client.post("/place", data={"tinh": "27", "back": "/"})
    tell(client, house, day)


def tell(client: httpx.Client, house: House, day: Day) -> None:
    """What shoppers type themselves: a PIN, and a report with a way to reach them."""
    code = house.fresh(40)
    day.secrets.add(code)
    client.post(f"/T/{code}", data={"pin": PIN}, headers={"Sec-Fetch-Site": "same-origin"})
    told = {"stamp": code, "words": "Tem bong mép", "shop": "Chợ Mơ", "contact": CONTACT, "agree": "1"}
    filed = client.post("/report", data=told)
    assert filed.status_code == 303, filed.text


def report(client: httpx.Client, house: House, day: Day) -> None:
    """Programs, with good keys and bad ones."""
    for role, token in house.tokens.items():
        day.secrets.add(token)
        for number in range(3):
            code = house.fresh(60 + number)
            day.secrets.add(code)
            client.post(
                VERIFY, json={"code": code, "kind": "till"}, headers={"Authorization": f"Bearer {token}"}
            )
        client.post(
            VERIFY, json={"code": code, "kind": "till"}, headers={"Authorization": f"Bearer x{token}"}
        )
        event = {
            "id": str(uuid7()),
            "code": code,
            "event": "sold" if role is KeyRole.TILL else "pin",
            "kind": "till",
        }
        client.post(EVENTS, json=event, headers={"Authorization": f"Bearer {token}"})
        client.post(EVENTS, json={**event, "pin": PIN})
    client.post(BULK, content=b'{"code": "%s"}\n{"kode": 1}\n{' % code.encode())


def sign_in(client: httpx.Client, password: str, day: Day) -> None:
    """Wrong passwords, the right one, a look around, and out again."""
    for typed in ("hỏi-mò-123", password):
        form = re.findall(r'name="form" value="(\w+)"', client.get("/desk/sign-in").text)[0]
        headers = {"Cookie": "; ".join(f"{c.name}={c.value}" for c in client.cookies.jar)}
        answer = client.post(
            "/desk/sign-in", data={"form": form, "phone": PHONE, "password": typed}, headers=headers
        )
        day.secrets |= {form, *re.findall(r"__Host-temthat_desk=([\w-]{20,})", str(answer.headers))}
    assert answer.status_code == 303, answer.text
    for path in ("/desk", "/desk/workbooks", "/desk/batches/x", "/desk/nowhere"):
        client.get(path, headers={"Cookie": str(answer.headers["set-cookie"]).partition(";")[0]})


def trouble(server: Server, day: Day) -> None:
    """What makes a server write warnings."""
    code = next(secret for secret in day.secrets if len(secret) == 122)
    for sent in (
        f"GET /T/{code} HTTP/9.9\r\n\r\n", f"GET /T/{code}\0 HTTP/1.1\r\n\r\n", f"{code} / HTTP/1.1\r\n\r\n",
        f"GET /T/{code} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n",
        f"POST {VERIFY} HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n" + '{"code": "' + code,
    ):  # fmt: skip
        server.send(sent.encode(), NEIGHBOUR, quiet_after=0.3)
    with socket.create_connection(("127.0.0.1", server.port), source_address=(NEIGHBOUR, 0)):
        pass  # hangs up without a word


def break_the_desk(server: Server, client: httpx.Client, password: str, day: Day) -> None:
    """A table is gone: the pages say so, and the log has the story, without what was asked."""
    form = re.findall(r'name="form" value="(\w+)"', client.get("/desk/sign-in").text)[0]
    cookies = "; ".join(f"{c.name}={c.value}" for c in client.cookies.jar)
    with closing(sqlite3.connect(server.folder / "temthat.db", timeout=30)) as database:
        for table in ("person", "web_session", "stamp_key"):
            database.execute(f"alter table {table} rename to {table}_gone")
        database.commit()
    fields = {"form": form, "phone": PHONE, "password": password}
    broken = client.post("/desk/sign-in", data=fields, headers={"Cookie": cookies})
    assert broken.status_code >= 500
    assert "Traceback" not in broken.text
    client.get("/desk", headers={"Cookie": "__Host-temthat_desk=" + "s" * 43})
    client.get("/api/v1/keys")
    client.post(VERIFY, json={"code": "A" * 122})


def secrets_in(kept: bytes, day: Day) -> set[str]:
    """Those that stand in these bytes, as they were sent or in small letters."""
    without_figures = FIGURES.sub(b" ", kept)

    def stands(secret: str) -> bool:
        where = without_figures if secret.isdigit() else kept
        return secret.encode() in where or secret.lower().encode() in where

    return {secret for secret in day.secrets if stands(secret)}


def test_the_log_knows_nobody_and_no_secret(day: Day) -> None:
    """It has warnings and the story of the fault, and none of what went through."""
    log = day.server.log.read_text()
    assert "web_session" in log or "person" in log, "the fault left a story"
    for address in (NEIGHBOUR, *FORWARDED, "203.0.113.", "2001:db8"):
        assert address not in log
    assert secrets_in(log.encode(), day) == set()


def test_no_place_knows_which_phone_it_was(day: Day) -> None:
    """Neither log nor database nor figures hold what phones tell of themselves, whole or in part."""
    kept = b"".join(path.read_bytes() for path in day.server.folder.glob("temthat.db*"))
    everywhere = kept + day.server.log.read_bytes() + day.metrics.encode()
    assert CONTACT.encode() in kept, "agreed to, until the report is closed"
    assert CONTACT.encode() not in everywhere.removeprefix(kept)
    traits = {
        *FINGERPRINT.values(),
        "LotusBrowser",
        "Sen A17",
        "hmn;q",
        "15.7.88",
        "393.7781364",
        "chat/8817733",
    }
    assert {trait for trait in traits if trait.encode() in everywhere} == set()


def test_two_stamps_cannot_be_linked_through_who_looked(day: Day) -> None:
    """One phone looked at many stamps, with its receipts: no two stamps share a value, nor does any other column."""
    with closing(sqlite3.connect(day.server.folder / "temthat.db", timeout=30)) as database:
        receipts = database.execute(
            "select receipt, count(distinct run * 100000 + serial) from stamp_event "
            "where receipt is not null and kind = 'consumer' group by receipt"
        ).fetchall()
        events = [row[1] for row in database.execute("pragma table_info(stamp_event)")]
        states = [row[1] for row in database.execute("pragma table_info(stamp_state)")]
    assert len(receipts) > 5, "the day had many"
    assert {stamps for _, stamps in receipts} == {1}
    assert events == ["run", "serial", "id", "at", "event", "kind", "place", "receipt", "verdict"]
    assert {name for name in states if name not in ABOUT_THE_STAMP} == set()


ABOUT_THE_STAMP = {
    *("run", "serial", "checks", "first_at", "first_province", "last_at", "last_province"),
    *("sold_at", "sold_province", "spoiled_at", "returned_at", "copy_live", "copy_frozen", "copy_horizon"),
}
"""A new column is a new thing held of checks: the privacy page, docs/privacy.md and privacy-impact.md change then."""


def test_the_database_knows_no_address_and_nothing_that_opens(day: Day) -> None:
    """Not in its rows, not in what rows left behind, not in the write-ahead log."""
    kept = b"".join(path.read_bytes() for path in day.server.folder.glob("temthat.db*"))
    for address in (NEIGHBOUR, *FORWARDED, "203.0.113.", "2001:db8"):
        assert address.encode() not in kept
    assert socket.inet_pton(socket.AF_INET6, FORWARDED[1]) not in kept
    phone = PHONE.removeprefix("0")  # a phone number is how people sign in: it has to be there
    assert secrets_in(kept, day) == {phone}


def test_the_metrics_are_figures_only(day: Day) -> None:
    """No label holds a code, a path with one, an address or a name."""
    assert "temthat" in day.metrics
    assert secrets_in(day.metrics.encode(), day) == set()
    for text in (NEIGHBOUR, *FORWARDED, "HTX-MAU", "Chè", "CHE", "/T/A"):
        assert text not in day.metrics
    labels = re.findall(r'(\w+)="([^"]*)"', day.metrics)
    assert all(len(value) < 60 for _, value in labels)
    assert len(day.metrics) < 60_000, "labels come from a list, never from what was sent"


def test_nothing_else_was_written(day: Day) -> None:
    """The database, and what is public anyway; no log, no temporary file. What is public has none of the secrets."""
    folder = day.server.folder
    files = {path for path in folder.rglob("*") if path.is_file()}
    public = {path for path in files if path.is_relative_to(folder / "public")}
    assert folder / "public" / "checkpoint" in public
    fresh = {path for path in files - day.before - public if not path.name.startswith("temthat.db")}
    # The signer and the witnesses of these tests keep their folders here; in production they are elsewhere.
    assert {path for path in fresh if path.parts[len(folder.parts)] not in ("signer", *WITNESSES)} == set()
    for path in public:
        assert secrets_in(path.read_bytes(), day) == set(), path
