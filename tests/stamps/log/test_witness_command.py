"""`temthat witness`: from nothing to a cosignature in two commands, with the base dependencies alone."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.ports import free_port
from typer.testing import CliRunner

from temthat_stamps.log.add_checkpoint import WitnessRefused
from temthat_stamps.log.note import VerifierKey
from temthat_stamps.log.witness_client import LogFellBack, WitnessClient, WitnessSilent
from temthat_stamps.log.witness_command import app

if TYPE_CHECKING:
    from tests.stamps.log.conftest import SignedLog

run = CliRunner().invoke


@contextmanager
def process(folder: Path, log_key: str, port: int) -> Iterator["subprocess.Popen[str]"]:
    """`temthat witness serve`, ready; killed at the end if it still runs."""
    command = [sys.executable, "-c", "from temthat.main import main; main()", "witness", "serve", str(folder)]
    with subprocess.Popen(
        [*command, "--log", log_key, "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as served:
        try:
            assert served.stdout is not None
            assert "w.example+" in served.stdout.readline()
            yield served
        finally:
            served.kill()


def asking(client: WitnessClient, log: "SignedLog", size: int) -> None:
    """Ask until the port is open."""
    for _ in range(1_000):
        try:
            client.cosign(log.checkpoint(size), size, lambda old: log.prove(old, size))
        except WitnessSilent:
            time.sleep(0.05)
        else:
            return
    pytest.fail("no answer")


def test_from_nothing_to_a_cosignature_through_a_kill(tmp_path: Path, log: "SignedLog") -> None:
    """`new` prints the key; `serve` answers; killed and started again it remembers; SIGTERM ends it with 0."""
    folder = tmp_path / "witness"
    made = run(app, ["new", "--name", "w.example", str(folder)])
    assert made.exit_code == 0
    key = VerifierKey.parse(made.output.strip())
    port = free_port()
    client = WitnessClient(f"http://127.0.0.1:{port}", key)
    with process(folder, log.signer.vkey, port) as served:
        asking(client, log, 6)
        served.kill()
        served.wait(20)
    client.close()
    client = WitnessClient(f"http://127.0.0.1:{port}", key)
    with process(folder, log.signer.vkey, port) as served:
        other = type(log)().grow(10, "the other face")
        with pytest.raises(WitnessRefused):
            asking(client, other, 10)
        with pytest.raises(LogFellBack):
            asking(client, log, 5)
        asking(client, log, 10)
        served.send_signal(signal.SIGTERM)
        assert served.wait(20) == 0
        assert served.stderr is not None
        words = served.stderr.read()
    client.close()
    assert f"cosigned: {log.origin}, size 10" in words
    assert "127.0.0.1" not in words
    assert "Traceback" not in words
    shown = run(app, ["show", str(folder)]).output
    assert str(key) in shown
    assert f"{log.origin}  10  {log.root(10).hex()}" in shown
    assert shown.count("evidence:") == 2


def test_mistakes_are_told_in_both_languages(tmp_path: Path, log: "SignedLog") -> None:
    """No folder, no log, a key mistyped, a name with a space, a folder taken, a port taken."""
    folder = tmp_path / "witness"
    run(app, ["new", "--name", "w.example", str(folder)])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for arguments, vi, en in (
            (
                ["serve", str(tmp_path / "none"), "--log", log.signer.vkey],
                "Không đọc hay ghi",
                "cannot be read",
            ),
            (["show", str(tmp_path / "none")], "Không đọc hay ghi", "cannot be read"),
            (["serve", str(folder)], "Chưa có sổ nào", "No log is known"),
            (["serve", str(folder), "--log", log.signer.vkey[:-1]], "base64", "base64"),
            (
                ["serve", str(folder), "--log", log.signer.vkey, "--port", port],
                "Không mở được",
                "cannot listen",
            ),
            (["new", "--name", "a b", str(tmp_path / "other")], "Tên khoá", "A key's name"),
            (["new", "--name", "w.example", str(folder)], "chọn thư mục khác", "another folder"),
        ):
            result = run(app, arguments)
            assert result.exit_code == 1
            assert vi in result.output
            assert en in result.output


def test_it_loads_nothing_of_the_server() -> None:
    """A witness is small: no database, no web framework, no HTTP client, no TUF."""
    check = (
        "import sys, temthat_stamps.log.witness_command as _\n"
        "print({'sqlalchemy', 'alembic', 'fastapi', 'starlette', 'httpx', 'tuf', 'nacl'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, timeout=60, check=True
    )
    assert result.stdout.strip() == "set()"
