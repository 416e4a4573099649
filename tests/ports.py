"""Ports of this machine for the servers of tests, chosen so that no two of them ever meet."""

import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn


def free_port() -> int:
    """A port nobody listens on, for a server in a process of its own.

    Below those the kernel gives to outgoing connections (32768 and up), one of which could take it before the server
    has started.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


@contextmanager
def served_here(config: uvicorn.Config) -> Iterator[int]:
    """Run a server in a thread of this process, on a port it holds from the start; that port."""
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.02)
    try:
        yield int(listening.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()
