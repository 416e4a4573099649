"""A witness over HTTP (C2SP tlog-witness), by the standard library alone. TLS is for the web server in front of it.

    POST /add-checkpoint                   the cosignature
    GET  /                                 name, verifier key and logs of this witness
    GET  /<sha256 of origin>/checkpoint    the last checkpoint cosigned

Strangers may ask, so every connection has a deadline, a budget of bytes and a place among a limited number. Nothing
that is logged says where a request came from.
"""

import hashlib
import io
import logging
import socket
import sys
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import BoundedSemaphore, Event, Thread
from typing import Any

from temthat_stamps.errors import TrustError
from temthat_stamps.log.add_checkpoint import REQUEST_LIMIT, SIZE_TYPE, WitnessRefused
from temthat_stamps.log.witness import WitnessState

CONNECTIONS = 32
"""Connections served at a time; one more is told to come back."""
REQUEST_SECONDS = 10.0
"""From waiting for a request to its last byte."""
CONNECTION_SECONDS = 60.0
"""A connection's life, however busy."""
HEADERS_LIMIT = 16 * 1024

_TEXT = "text/plain; charset=utf-8"
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)
_log = logging.getLogger(__name__)


class _Bounded(io.RawIOBase):
    """What a connection sends, until its deadline or its budget is used up."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.until = 0.0
        self.budget = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.until - time.monotonic()
        if left <= 0 or self.budget <= 0:
            raise TimeoutError("too slow or too much")
        self._connection.settimeout(left)
        count = self._connection.recv_into(buffer)
        self.budget -= count
        return count


class WitnessHandler(BaseHTTPRequestHandler):
    """One connection."""

    server: "WitnessServer"
    protocol_version = "HTTP/1.1"
    server_version = "temthat-witness"
    sys_version = ""
    error_content_type = _TEXT
    error_message_format = "%(code)d %(message)s\n"

    def setup(self) -> None:
        """Read through `_Bounded`."""
        super().setup()
        self.rfile.close()
        self._bounded = _Bounded(self.connection)
        self.rfile = io.BufferedReader(self._bounded)
        self._born = time.monotonic()

    def handle_one_request(self) -> None:
        """A request of its own deadline and budget."""
        now = time.monotonic()
        self._bounded.until = min(now + self.server.patience, self._born + CONNECTION_SECONDS)
        self._bounded.budget = HEADERS_LIMIT + REQUEST_LIMIT
        super().handle_one_request()

    def do_GET(self) -> None:
        """Who this witness is, and what it cosigned last."""
        if "Content-Length" in self.headers or "Transfer-Encoding" in self.headers:
            self.close_connection = True
        state = self.server.state
        if self.path == "/":
            self._answer(200, "".join(f"{line}\n" for line in (state.key, *state.origins)).encode())
            return
        for origin in state.origins:
            if self.path == f"/{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint":
                try:
                    note = state.last(origin)
                except TrustError as error:
                    self._broken(error)
                    return
                if note is not None:
                    self._answer(200, bytes(note))
                    return
        self._answer(404, b"not found\n")

    def do_POST(self) -> None:
        """add-checkpoint."""
        if self.path != "/add-checkpoint":
            self._refuse_unread(404, "not found")
            return
        length, *more = self.headers.get_all("Content-Length", [""])
        if "Transfer-Encoding" in self.headers or more or not (length.isascii() and length.isdigit()):
            self._refuse_unread(411, "a request has one Content-Length")
            return
        if len(length) > 9 or int(length) > REQUEST_LIMIT:
            self._refuse_unread(413, f"a request has at most {REQUEST_LIMIT} bytes")
            return
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return
        try:
            self._answer(200, self.server.state.handle(body))
        except WitnessRefused as refusal:
            if refusal.size is not None:
                self._answer(refusal.status, b"%d\n" % refusal.size, SIZE_TYPE)
            else:
                self._answer(refusal.status, f"{refusal.en}\n".encode())
        except TrustError as error:
            self._broken(error)

    def _refuse_unread(self, status: int, message: str) -> None:
        """Answer without having read the body, which nobody may take for the next request."""
        self.close_connection = True
        self._answer(status, f"{message}\n".encode())

    def _broken(self, error: TrustError) -> None:
        _log.error("%s / %s", error.vi, error.en)
        self._answer(500, b"the witness cannot use its store; its operator has been told\n")

    def _answer(self, status: int, body: bytes, content_type: str = _TEXT) -> None:
        self.connection.settimeout(self.server.patience)
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a witness logs its decisions, not who asked."""


class WitnessServer(ThreadingHTTPServer):
    """The server, bound when made. Raises `OSError` when the port is taken.

    `connections` are served at a time, each request within `patience` seconds.
    """

    daemon_threads = False
    request_queue_size = 64

    def __init__(
        self,
        state: WitnessState,
        host: str,
        port: int,
        connections: int = CONNECTIONS,
        patience: float = REQUEST_SECONDS,
    ) -> None:
        self.state = state
        self.patience = patience
        self._places = BoundedSemaphore(connections)
        self._open: set[socket.socket] = set()
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), WitnessHandler)

    def server_bind(self) -> None:
        """Without the name look-up of `HTTPServer`, which may hang."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread for the connection, if there is a place."""
        if not self._places.acquire(blocking=False):
            request.setblocking(False)
            with suppress(OSError):
                request.sendall(_BUSY)
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve it and give the place back."""
        self._open.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.discard(request)
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what broke, not for whom; a connection that broke is nothing."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            _log.exception("a request failed")

    def run(self, stop: Event) -> None:
        """Serve until `stop` is set; requests under way are answered first."""
        thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, name="witness")
        thread.start()
        stop.wait()
        self.shutdown()
        thread.join()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)  # nothing more is read; what was asked is answered
        self.server_close()
