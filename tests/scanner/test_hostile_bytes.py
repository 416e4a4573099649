"""What a stranger may send a till, or a bad disk make of its files: an answer or a refusal in words, nothing else."""

import copy
import json
import os
import random
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from temthat_scanner.evidence.form import BadEvidence, parse_evidence
from temthat_scanner.evidence.proving import prove
from temthat_scanner.queue import Queue, QueueError

from .conftest import World
from .evidence.making import body_of, check, enclose
from .test_pos import Pos, listening

FUZZ = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"
PIECES = (
    b"\0",
    b"\xff",
    b'"',
    b"{",
    b"}",
    b"[]",
    b"null",
    b"-1",
    b"1e999",
    b"9" * 25,
    b'{"a":' * 300,
    "\u0661".encode(),
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"0001-01-01T00:00:00Z",
    b"__proto__",
    b"Content-Length: 99999999999\r\n",
    b"Transfer-Encoding: chunked\r\n",
)


def many(ordinary: int, fuzz: int) -> range:
    """So many inputs."""
    return range(fuzz if FUZZ else ordinary)


def dice_of(seed: int) -> random.Random:
    """The same inputs each time; `make fuzz` looks for new ones."""
    return random.Random(None if FUZZ else seed)


def bent(data: bytes, dice: random.Random) -> bytes:
    """A neighbour of a good input."""
    out = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        at, end = sorted((dice.randrange(len(out) + 1), dice.randrange(len(out) + 1)))
        match dice.randrange(5):
            case 0 if out:
                out[dice.randrange(len(out))] ^= 1 << dice.randrange(8)
            case 1:
                del out[at : min(end, at + 40)]
            case 2:
                out[at:at] = out[at : min(end, at + 200)]
            case 3:
                out[at:at] = dice.choice(PIECES)
            case _:
                out[at:at] = dice.randbytes(dice.randrange(1, 8))
    return bytes(out)


BODY = body_of(
    check("HTTPS://TEM.EXAMPLE.VN/T/X", "2026-05-20T03:01:00Z", "not_ours"),
    check("x", "2026-05-20T03:01:00Z", "cannot_tell", issuer={"id": "a", "province": "24"}, note="n"),
)
ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**60,
    1.5,
    "",
    "x",
    "\ud7ff",
    [],
    {},
    [[]],
    {"a": 1},
    "2026-13-99T00:00:00Z",
)


def members(found: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in it where something stands: its holder and the name or index."""
    places = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    for place, value in list(places):
        yield found, place
        yield from members(value)


def test_fuzz_a_bent_evidence_file_is_read_or_refused() -> None:
    """Bent outside, and bent inside by whoever has a key: told, or unreadable."""
    whole = enclose(BODY)
    dice = dice_of(1)
    read = told = 0
    for _ in many(10_000, 1_000_000):
        body = json.loads(json.dumps(BODY))
        if dice.random() < 0.4:
            data = bent(whole, dice)
        else:
            for _ in range(dice.choice((1, 1, 2))):
                holder, place = dice.choice(list(members(body)))
                holder[place] = copy.deepcopy(dice.choice(ODD))
            text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            data = enclose(body, payload=text.encode())
        try:
            evidence = parse_evidence(data)
        except BadEvidence as error:
            told += bool(error.vi and error.args)
            continue
        read += 1
        assert all(finding.vi and finding.en for finding in prove(evidence))
    assert read
    assert told


def test_fuzz_a_bent_queue_is_read_or_told(tmp_path: Path) -> None:
    """`queue.db` after a bad disk: what waits, or what to do with the file. Nothing is written over it by reading."""
    path = tmp_path / "queue.db"
    queue = Queue(path)
    for number in range(30):
        queue.put({"id": f"0197-{number:04d}", "code": "HTTPS://TEM.EXAMPLE.VN/T/X", "event": "sold"})
    queue.refuse([("0197-0003", "it cannot be")])
    queue.settle()
    queue.close()
    whole = path.read_bytes()
    dice = dice_of(2)
    told = 0
    for _ in many(1_000, 50_000):
        for old in tmp_path.iterdir():
            old.unlink()
        path.write_bytes(bent(whole, dice) if dice.random() < 0.5 else flipped(whole, dice))
        try:
            queue = Queue(path)
        except QueueError as error:
            told += bool(error.vi and error.args)
            continue
        try:
            for one in (*queue.waiting(), *queue.refused()):
                assert isinstance(one.body, dict)
            queue.count()
        except QueueError as error:
            told += bool(error.vi and error.args)
        finally:
            queue.close()
    assert told


def flipped(data: bytes, dice: random.Random) -> bytes:
    """Bits only, so that the pages keep their places."""
    out = bytearray(data)
    used = [place for place, byte in enumerate(data) if byte]
    for _ in range(dice.choice((1, 2, 5))):
        out[dice.choice(used)] ^= 1 << dice.randrange(8)
    return bytes(out)


@pytest.fixture(scope="module")
def pos(published: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pos]:
    """A running interface with trust data."""
    folder = tmp_path_factory.mktemp("hostile-pos")
    published.pack(folder / "trust")
    with listening(folder / "queue.db", "--trust", str(folder / "trust")) as running:
        yield running


def test_fuzz_whatever_is_sent_to_a_till_it_answers_the_next_question(pos: Pos, published: World) -> None:
    """Bent requests, with the token and without: JSON with a known status, or the line is closed; it stays whole."""
    code = published.stamp(1, 1)
    body = json.dumps({"code": code, "mark": "sold", "id": "0197e4a0-0000-7000-8000-000000000001"}).encode()
    head = (
        f"POST /v1/ask HTTP/1.1\r\nHost: 127.0.0.1:{pos.port}\r\nAuthorization: Bearer {pos.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    dice = dice_of(3)
    answered = 0
    for n in many(3_000, 300_000):
        if dice.random() < 0.5:
            changed = bent(body, dice)
            request = head.replace(f"h: {len(body)}".encode(), f"h: {len(changed)}".encode()) + changed
        else:
            request = bent(head + body, dice)
        said = exchanged(pos.port, request)
        assert not said or said.startswith((b"HTTP/1.1 ", b"HTTP/1.0 ", b"<!DOCTYPE", b"{")), said[:200]
        assert b"Traceback" not in said
        assert b'"genuine"' not in said
        answered += said.startswith(b"HTTP/1.1 200")
        if n % 500 == 0:
            assert pos.ask("POST", "/v1/ask", {"code": code})[1]["verdict"] == "genuine_offline"
    assert answered
    assert pos.ask("GET", "/v1/state")[0] == 200


def exchanged(port: int, request: bytes) -> bytes:
    """What comes back until the line is closed."""
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line, suppress(ConnectionError):
        line.sendall(request)
        line.shutdown(socket.SHUT_WR)
        while part := line.recv(65_536):
            said += part
    return said
