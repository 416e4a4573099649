"""A signer as this process's child, for a demo and for tests: started, waited for, stopped."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from temthat_stamps.custody.client import SignerClient
from temthat_stamps.custody.errors import SignerUnreachable
from temthat_stamps.errors import CustodyError, Fault

START_SECONDS = 30.0
STOP_SECONDS = 10.0
SAID_LIMIT = 4000


class SignerProcess:
    """`temthat signer serve` in another process. Use it as a context manager, or call `start` and `stop`."""

    def __init__(self, folder: Path, socket: Path, policy: Path) -> None:
        self._command = [
            sys.executable, "-m", "temthat_stamps.custody.signer_command", "serve", str(folder),
            "--socket", str(socket), "--policy", str(policy),
        ]  # fmt: skip
        self.socket = socket
        self.client = SignerClient(socket)
        self._child: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers. Raises `CustodyError` with what it said if it does not."""
        # A file, not a pipe: a signer that logs much would stop at a pipe nobody reads.
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the child has ended
        self._child = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stderr=self._said)  # noqa: S603
        until, trial = time.monotonic() + START_SECONDS, SignerClient(self.socket, patience=0)
        while time.monotonic() < until and self._child.poll() is None:
            try:
                trial.ping()
            except SignerUnreachable:
                time.sleep(0.05)
            else:
                return
        said = self._end()
        raise CustodyError(
            Fault.OPERATOR,
            f"Bộ ký không khởi động được. Nó báo: {said or 'không có gì'}",
            f"The signer did not start. It said: {said or 'nothing'}",
        )

    def stop(self) -> None:
        """Ask it to finish what it does and to end; after ten seconds end it."""
        self._end()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._child is not None:
            self._child.kill()
        self._end()

    def _end(self) -> str:
        if self._child is None or self._said is None:
            return ""
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._said.seek(0)
        with self._said as file:
            said = file.read(SAID_LIMIT).decode(errors="replace").strip()
        self._child = self._said = None
        return said

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
