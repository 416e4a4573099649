"""The real thing: `temthat serve` as a process, and what may be sent to its socket."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from ..neighbours import neighbours
from ..ports import free_port

ROOT = Path(__file__).parents[2]


@dataclass
class Server:
    """A running service; `log` is everything it wrote to standard output and error."""

    process: subprocess.Popen[bytes]
    port: int
    folder: Path
    log: Path

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """As the power cut does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def memory(self) -> int:
        """Bytes of memory it holds now (Linux)."""
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())
        assert found
        return int(found[1]) * 1024

    def peak(self) -> int:
        """Most bytes of memory it ever held (Linux)."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())
        assert found
        return int(found[1]) * 1024

    def send(self, data: bytes, source: str = "127.0.0.1", quiet_after: float | None = None) -> bytes:
        """Write bytes to its socket as they are; everything it answers until it closes, which must be soon.

        With `quiet_after` it may keep the line open: then all that comes before so many seconds without a byte.
        """
        line = socket.create_connection(
            ("127.0.0.1", self.port), timeout=quiet_after or 60, source_address=(source, 0)
        )
        answer = b""
        # Who answers and closes before all was sent or read resets the line: what came until then is the answer.
        with line, suppress(BrokenPipeError, ConnectionResetError):
            line.sendall(data)
            try:
                while piece := line.recv(65_536):
                    answer += piece
            except TimeoutError:
                assert quiet_after is not None, f"still open after a minute, with {answer!r}"
        return answer


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """Settings of a production service whose data lie in `folder`."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("TEMTHAT_")},
        "TEMTHAT_DATABASE_URL": f"sqlite:///{folder / 'temthat.db'}",
        "TEMTHAT_DATA_DIR": str(folder),
        "TEMTHAT_HOST": "tem.example.vn",
        **{f"TEMTHAT_{name.upper()}": value for name, value in settings.items()},
    }


@contextmanager
def serving(folder: Path, *options: str, limit: int = 0, **settings: str) -> Iterator[Server]:
    """`temthat serve` on the data in `folder`, until the block ends; no file of it may grow beyond `limit` bytes.

    Its witnesses and its signer run in this process.
    """
    with (
        neighbours(folder) as around,
        _serving(folder, *options, limit=limit, **around, **settings) as server,
    ):
        yield server


@contextmanager
def _serving(folder: Path, *options: str, limit: int, **settings: str) -> Iterator[Server]:
    port = free_port()
    log = folder.parent / f"serve-{port}.log"
    command = [sys.executable, "-m", "temthat", "serve", "--port", str(port), *options]
    if limit:
        command = ["prlimit", f"--fsize={limit}", *command]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, env=environment(folder, **settings)
        )
    server = Server(process, port, folder, log)
    try:
        _wait_for(server)
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)


def _wait_for(server: Server) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert server.process.poll() is None, server.log.read_text()
        with suppress(httpx.TransportError):  # it does not listen yet
            if httpx.get(f"{server.url}/healthz").status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError(server.log.read_text())
