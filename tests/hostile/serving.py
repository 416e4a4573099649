"""The real thing: `temthat serve` as a process, and what may be sent to its socket."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from ..neighbours import neighbours

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

    def send(self, *pieces: bytes, wait: float = 10, source: str = "127.0.0.1") -> bytes:
        """Write bytes to its socket as they are; everything it answers until it closes or goes quiet for `wait`."""
        address = ("127.0.0.1", self.port)
        with socket.create_connection(address, timeout=wait, source_address=(source, 0)) as line:
            try:
                for piece in pieces:
                    line.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it answered and closed before all was sent
            return _read(line)


def _read(line: socket.socket) -> bytes:
    answer = b""
    try:
        while piece := line.recv(65_536):
            answer += piece
    except (TimeoutError, ConnectionResetError):
        pass
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


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
    for _ in range(300):
        assert server.process.poll() is None, server.log.read_text()
        try:
            if httpx.get(f"{server.url}/healthz").status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError(server.log.read_text())
