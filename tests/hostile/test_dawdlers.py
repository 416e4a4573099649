"""Clients that dawdle: heads and bodies that never end are cut off, slow but honest ones are not."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import uvicorn

from temthat_verify_api import connections
from temthat_verify_api.connections import BoundedProtocol

from .serving import free_port

PATIENCE = 0.5
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
    """A server that loses its patience after half a second."""
    number = free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connections, "PATIENCE", PATIENCE)
        config = uvicorn.Config(
            echo,
            port=number,
            http=BoundedProtocol,
            lifespan="off",
            log_level="critical",
            timeout_keep_alive=1,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield number
        server.should_exit = True
        thread.join()


def talk(
    port: int, first: bytes, drops: bytes = b"", every: float = 0.1, longest: float = 3
) -> tuple[bytes, float]:
    """Send `first` at once, then `drops` again and again; what came back, and when the server hung up."""
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.settimeout(every)
        began, answer = time.monotonic(), b""
        try:
            line.sendall(first)
            while time.monotonic() - began < longest:
                try:
                    piece = line.recv(65_536)
                except TimeoutError:
                    line.sendall(drops)
                    continue
                if not piece:
                    break
                answer += piece
        except (BrokenPipeError, ConnectionResetError):
            pass
        return answer, time.monotonic() - began


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
    """All of them at once, each closed within a few times the patience."""
    with ThreadPoolExecutor(len(DAWDLERS)) as pool:
        lasted = dict(zip(DAWDLERS, pool.map(lambda d: talk(port, *d)[1], DAWDLERS.values()), strict=True))
    assert {name: seconds for name, seconds in lasted.items() if seconds > 5} == {}


def test_a_slow_body_that_keeps_the_pace_is_read(port: int) -> None:
    """A second and a half for 240 kB, in small pieces: read to its end."""
    size = 15 * 16_000
    answer, _ = talk(port, POST + b"Content-Length: %d\r\n\r\n" % size, b"x" * 16_000)
    assert b"\r\n\r\n%d" % size in answer


def test_a_busy_line_is_kept(port: int) -> None:
    """Requests one after the other on one line go on for longer than any single one may take."""
    answer, lasted = talk(port, b"", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", every=0.1, longest=1.0)
    assert lasted >= 1.0
    assert answer.count(b"200 OK") >= 5


def test_a_silent_line_between_requests_is_closed(port: int) -> None:
    """By uvicorn's own timer."""
    answer, lasted = talk(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answer.endswith(b"0")
    assert lasted < 5
