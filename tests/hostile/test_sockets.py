"""A real server under fire: whatever its socket is sent, it answers or hangs up, stays alive, and does not grow."""

import json
import os
import random
import socket
import subprocess
import sys
import time

import httpx
import pytest

from temthat_stamps.bundle.pack import PACK_FILE

from .asking import VERIFY
from .conftest import House
from .serving import ROOT, Server
from .test_codes import NASTY

END = b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
POST = b"POST /api/v1/verify" + END
MEGABYTE = 1 << 20

BYTES = {
    "noise": random.Random(1).randbytes(50_000),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "no slash": b"GET T/x" + END + b"\r\n",
    "another server's address": b"GET http://evil.example/T/x" + END + b"\r\n",
    "a tunnel": b"CONNECT evil.example:443" + END + b"\r\n",
    "two slashes": b"GET //evil.example/T/x" + END + b"\r\n",
    "dots": b"GET /desk/static/../../../../etc/passwd" + END + b"\r\n",
    "escaped dots": b"GET /desk/static/%2e%2e%2f%2e%2e%2fdesk.css" + END + b"\r\n",
    "a null byte": b"GET /T/a\0b" + END + b"\r\n",
    "bytes": b"GET /T/\xff\xfe" + END + b"\r\n",
    "broken escapes": b"GET /T/%zz%00%ff%" + END + b"\r\n",
    "a fragment": b"GET /T/x#y" + END + b"\r\n",
    "a long path": b"GET /T/" + b"A" * MEGABYTE + END + b"\r\n",
    "a long query": b"GET /T/x?" + b"A" * MEGABYTE + END + b"\r\n",
    "many headers": b"GET /" + END + b"a: b\r\n" * 100_000 + b"\r\n",
    "a long header": b"GET /" + END + b"a: " + b"b" * MEGABYTE + b"\r\n\r\n",
    "a long method": b"X" * MEGABYTE + b" /" + END + b"\r\n",
    "folded headers": b"GET /" + END + b"a: b\r\n c\r\n\r\n",
    "no colon": b"GET /" + END + b"a b\r\n\r\n",
    "two lengths": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    "length and chunks": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a negative length": POST + b"Content-Length: -5\r\n\r\nabcdef",
    "a huge length": POST + b"Content-Length: 99999999999999999999999\r\n\r\nabcdef",
    "an announced gigabyte": POST + b"Expect: 100-continue\r\nContent-Length: 999999999\r\n\r\n",
    "a huge chunk": POST + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\nabc",
    "a negative chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nabc",
    "many trailers": POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
    "gzip": POST + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00",
    "an upgrade": b"GET /T/x"
    + END.replace(b"close", b"Upgrade")
    + b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
    "a thousand at once": (b"GET /T/x HTTP/1.1\r\nHost: a\r\n\r\n" * 1_000) + b"GET /" + END + b"\r\n",
}


def test_the_command_line_says_the_same(house: House, server: Server) -> None:
    """`temthat scan` online agrees with the service on every code, whatever it is fed; offline it never says more."""
    codes = [
        text for text in [*house.stamps, *NASTY] if text.strip() and text.isprintable() and "\n" not in text
    ]
    typed = "\n".join(codes).encode() + b"\n\xff\xfe\x00\n" + b"A" * 200_000 + b"\n"
    found = {line["text"]: line["verdict"] for line in scan(typed, "--server", server.url)}
    with httpx.Client(base_url=server.url, timeout=60) as asked:
        for code in codes:
            reply = asked.post(VERIFY, json={"code": code.strip()}).json()
            assert found[code.strip()] == (reply.get("verdict") or reply["error"])
    trust = server.folder.parent / "trust" / PACK_FILE
    trust.parent.mkdir()
    trust.write_bytes(httpx.get(f"{server.url}/api/v1/trust", timeout=60).content)
    offline = {line["text"]: line["verdict"] for line in scan(typed, "--trust", str(trust))}
    for code in codes:
        online = found[code.strip()].replace("genuine", "genuine_offline")
        assert offline[code.strip()] in (online, "cannot_tell"), code


def scan(typed: bytes, *options: str) -> list[dict[str, str]]:
    """What `temthat scan --json` writes for what is typed."""
    command = [sys.executable, "-m", "temthat", "scan", "--json", *options]
    done = subprocess.run(command, input=typed, capture_output=True, cwd=ROOT, timeout=120, env=os.environ)
    assert b"Traceback" not in done.stderr
    assert done.returncode in range(4), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("name", BYTES)
def test_any_bytes(name: str, server: Server) -> None:
    """An answer below 500 or a hang-up, no story of a fault, and the next visitor is served."""
    answer = server.send(BYTES[name], quiet_after=0.5 if name == "an upgrade" else None)
    status = answer[:13]
    assert not answer or (status.startswith(b"HTTP/1.1 ") and status[9:10] in b"1234"), answer[:200]
    assert b"Traceback" not in answer
    assert b"root:" not in answer
    assert httpx.get(f"{server.url}/healthz", timeout=60).status_code == 200


def test_random_bytes_in_place_of_anything(server: Server) -> None:
    """A good request with bytes exchanged, dropped and doubled: 300 of them, always the same."""
    chance = random.Random(2)
    good = b'POST /api/v1/verify HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 12\r\n\r\n{"code":"x"}'
    for _ in range(300):
        bad = bytearray(good)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(bad))
            bad[place : place + chance.randint(0, 2)] = chance.randbytes(chance.randint(0, 2))
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
            line.sendall(bad)
            line.shutdown(socket.SHUT_WR)
            answer = line.recv(65_536)
        assert not answer or answer[9:10] in b"234", (bad, answer)


def test_an_endless_body_is_answered_and_costs_no_memory(server: Server) -> None:
    """413 while it still comes in; a quarter of a gigabyte leaves the server as it was."""
    before = server.memory()
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    for path in (b"verify", b"verify/bulk", b"events"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
            line.sendall(
                b"POST /api/v1/" + path + b" HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            for _ in range(1_200):
                line.sendall(chunk)
            assert line.recv(12) == b"HTTP/1.1 413"
    assert server.memory() - before < 30 * MEGABYTE


def test_memory_stays_bounded_under_hostile_requests(house: House, server: Server) -> None:
    """Hundreds of long, deep, wrong and different questions: what caches may keep, and no more."""
    chance = random.Random(3)
    code = house.fresh(30)
    bodies = [
        json.dumps({"code": "A" * 900_000}).encode(),
        b"[" * 900_000,
        b'{"code":"x","' + b"a" * 900_000 + b'":1}',
        b"{" + b'"code":"x",' * 70_000 + b'"code":"y"}',
    ]

    def volley(count: int) -> None:
        with httpx.Client(base_url=server.url, timeout=30) as client:
            for n in range(count):
                replies = [
                    client.get(f"/T/{chance.randbytes(60).hex().upper()}", headers={"Accept": "text/html"}),
                    client.get(
                        f"/T/{code}?lang={chance.randbytes(500).hex()}", headers={"Accept": "text/html"}
                    ),
                    client.get("/T/x", headers={"Cookie": f"receipt={chance.randbytes(2_000).hex()}"}),
                    client.post(
                        VERIFY, json={"code": code, "kind": "till"}, headers={"Authorization": f"Bearer {n}"}
                    ),
                    client.post(VERIFY, content=bodies[n % len(bodies)]),
                ]
                assert all(reply.status_code < 500 for reply in replies)

    volley(30)  # what is loaded once
    before = server.memory()
    volley(80)
    assert server.memory() - before < 20 * MEGABYTE
    assert server.peak() < 400 * MEGABYTE


def test_a_flood_of_bulk_lines_keeps_others_served(house: House, server: Server) -> None:
    """While ten thousand lines are judged a shopper waits for a moment, not for the end."""
    lines = b"\n".join(json.dumps({"code": code}).encode() for code in [*house.stamps, *NASTY] * 100)
    request = POST.replace(b"verify", b"verify/bulk") + b"Content-Length: %d\r\n\r\n" % len(lines) + lines
    with socket.create_connection(("127.0.0.1", server.port), timeout=120) as line:
        line.sendall(request)
        began, waits = time.monotonic(), []
        line.setblocking(False)
        while True:
            asked = time.monotonic()
            assert httpx.get(f"{server.url}/T/x", timeout=60).status_code == 200
            waits.append(time.monotonic() - asked)
            try:
                while piece := line.recv(1 << 20):
                    pass
            except BlockingIOError:
                piece = b"."
            if not piece or time.monotonic() - began > 120:
                break
    took = time.monotonic() - began
    assert len(waits) > 2
    assert max(waits) < took / 2, "however fast the machine"


def test_the_server_said_nothing_of_it(server: Server) -> None:
    """After all this (tests of this file run in order) it lives, and its log has no story of a fault."""
    assert server.process.poll() is None
    log = server.log.read_text()
    assert "Traceback" not in log
    assert "Exception" not in log
