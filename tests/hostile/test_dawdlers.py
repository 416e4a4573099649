"""Clients that dawdle: heads and bodies that never end are cut off, slow but honest ones are not."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import uvicorn

from temthat_verify_api import connections
from temthat_verify_api.connections import BoundedProtocol

from ..ports import served_here

PATIENCE = 1.0
LONG_ENOUGH = 20.0
"""Seconds after which a line that is still open was never going to be closed, on however slow a machine."""

POST = b"POST / HTTP/1.1\r\nHost: a\r\n"


async def echo(scope: dict[str, object], receive: object, send: object) -> None:
    """Reads the whole body, then says how long it was; `/early` answers before it reads anything."""
    length, more = 0, scope["path"] != "/early"
    while more:
        message = await receive()  # type: ignore[operator]
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = str(length).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": body})  # type: ignore[operator]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server that loses its patience after a second, and with a silent line after two."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connections, "PATIENCE", PATIENCE)
        config = uvicorn.Config(
            echo,
            http=BoundedProtocol,
            lifespan="off",
            log_level="critical",
            timeout_keep_alive=2,
        )
        with served_here(config) as number:
            yield number


def talk(
    port: int, first: bytes, drops: bytes = b"", *, most: int = 1_000, longest: float = LONG_ENOUGH
) -> tuple[bytes, bool]:
    """Send `first` at once, then `drops` ten times a second; what came back, and whether the server hung up.

    It ends with the server's hanging up, after so many drops, or after `longest` seconds.
    """
    answer = b""
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.settimeout(0.1)
        until = time.monotonic() + longest
        try:
            line.sendall(first)
            while time.monotonic() < until:
                try:
                    piece = line.recv(65_536)
                except TimeoutError:
                    if most:
                        line.sendall(drops)
                        most -= 1
                    continue
                if not piece:
                    return answer, True
                answer += piece
        except (BrokenPipeError, ConnectionResetError):  # hung up while there was more to read or to send
            return answer, True
    return answer, False


GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
DAWDLERS = {
    "says nothing": (b"", b""),
    "sends blank lines": (b"", b"\r\n"),
    "a method without end": (b"", b"G"),
    "headers without end": (b"GET / HTTP/1.1\r\n", b"X: y\r\n"),
    "announces a body": (POST + b"Content-Length: 100000\r\n\r\n", b""),
    "drips a body": (POST + b"Content-Length: 100000\r\n\r\n", b"x"),
    "drips chunks": (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "trailers without end": (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
    "blank lines after a request": (GET, b"\r\n"),
    "half a request behind one": (GET + b"GET / HT", b"T"),
    "a second head without end": (GET, b"GET / HTTP/1.1\r\nX: y"),
    "goes on after the answer": (
        POST.replace(b"/", b"/early", 1) + b"Content-Length: 9000000\r\n\r\n",
        b"x" * 60_000,
    ),
}


def test_who_dawdles_is_cut_off(port: int) -> None:
    """All of them at once, and each of them."""
    with ThreadPoolExecutor(len(DAWDLERS)) as pool:
        closed = dict(zip(DAWDLERS, pool.map(lambda d: talk(port, *d)[1], DAWDLERS.values()), strict=True))
    assert closed == dict.fromkeys(DAWDLERS, True)


def test_a_slow_body_that_keeps_the_pace_is_read(port: int) -> None:
    """For longer than the patience, in pieces each of which is pace enough: read to its end, and answered."""
    pieces, size = 15, 60_000
    answer, _ = talk(port, POST + b"Content-Length: %d\r\n\r\n" % (pieces * size), b"x" * size, most=pieces)
    assert b"\r\n\r\n%d" % (pieces * size) in answer


def test_a_busy_line_is_kept(port: int) -> None:
    """Requests one after the other on one line go on for longer than any single one may take."""
    answer, closed = talk(port, b"", GET, longest=3 * PATIENCE)
    assert not closed
    assert answer.count(b"200 OK") >= 5


def test_a_silent_line_between_requests_is_closed(port: int) -> None:
    """By uvicorn's own timer."""
    answer, closed = talk(port, GET)
    assert answer.endswith(b"0")
    assert closed
