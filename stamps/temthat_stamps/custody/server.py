"""The signer as a process of its own: hosted keys open only here, out of reach of whoever gets into the service.

One Unix socket that only its own user (or one group) may open; one thread and one question a connection. It needs no
database, no web framework, no network.
"""

import contextlib
import fcntl
import logging
import os
import shutil
import signal
import socket
import socketserver
import threading
from pathlib import Path

from temthat_stamps.custody.interface import Custody
from temthat_stamps.custody.wire import (
    BATCH,
    Signatures,
    TornFrame,
    answer,
    receive_frame,
    send_frame,
)
from temthat_stamps.errors import CustodyError, Fault

ASK_SECONDS = 10.0
"""How long a question may take to arrive, from the first byte to the last."""
TAKE_SECONDS = 120.0
"""How long a client may take over 256 signatures: it lays out labels in between."""
CONNECTIONS = 64
"""Connections served at once; further ones wait."""

log = logging.getLogger("temthat.signer")


class SignerServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Serves one `Custody` on a Unix socket. Raises `CustodyError` if another signer answers there already."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, path: Path, custody: Custody, group: str | None = None) -> None:
        self.custody = custody
        self._path = path
        self._slots = threading.BoundedSemaphore(CONNECTIONS)
        self._lock = _lock(path)
        path.unlink(missing_ok=True)  # of a signer that was killed: the lock says that none is running
        before = os.umask(0o177)
        try:
            super().__init__(str(path), _Connection)
        finally:
            os.umask(before)
        if group:
            shutil.chown(path, group=group)
            path.chmod(0o660)

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client: object) -> None:
        """Wait for a free slot, then serve in a thread."""
        self._slots.acquire()
        super().process_request(request, client)

    def process_request_thread(
        self, request: socket.socket | tuple[bytes, socket.socket], client: object
    ) -> None:
        """Serve one connection, then free its slot."""
        try:
            super().process_request_thread(request, client)
        finally:
            self._slots.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """What nobody foresaw is logged; other connections go on."""
        log.exception("a connection failed")

    def server_close(self) -> None:
        """Stop listening, let questions under way finish for a few seconds, and take the socket away."""
        super().server_close()
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        for _ in range(CONNECTIONS):
            if not self._slots.acquire(timeout=0.1):
                break
        os.close(self._lock)


class _Connection(socketserver.BaseRequestHandler):
    """One question and its answer."""

    server: SignerServer

    def handle(self) -> None:
        connection: socket.socket = self.request
        try:
            question = receive_frame(connection, ASK_SECONDS)
            reply, stamps = answer(self.server.custody, question)
            if "error" in reply:
                log.warning("refused %s: %s", question.get("do"), reply["error"]["en"])
            connection.settimeout(TAKE_SECONDS)
            send_frame(connection, reply)
            if stamps is not None:
                _stream(connection, stamps)
        except (TornFrame, OSError) as error:
            log.warning("connection dropped: %s", error)


def _stream(connection: socket.socket, stamps: Signatures) -> None:
    part = bytearray()
    for count, (_, _, signature) in enumerate(stamps, 1):
        part += signature
        if count % BATCH == 0:
            connection.sendall(part)
            part.clear()
    connection.sendall(part)


def _lock(path: Path) -> int:
    """Hold the socket's place, so that two signers never serve at it; the kernel frees it when a process dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise CustodyError(
            Fault.OPERATOR,
            f"Đã có một bộ ký đang chạy ở {path}. Dừng nó trước, hoặc chọn đường dẫn khác.",
            f"A signer is running at {path} already. Stop it first, or choose another path.",
        ) from error
    return lock


def serve(server: SignerServer) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way."""

    def stop(*_: object) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    with server:
        server.serve_forever(poll_interval=0.2)
