"""A scanner on a serial port, played by a pseudo-terminal: read, unplugged, plugged in again."""

import os
import pty
import re
import subprocess
import sys
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

import temthat_scanner.serialport
from temthat.main import app
from temthat_scanner.serialport import NoSerialPort, read_codes

from .conftest import World


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temthat_scanner.serialport, "RETRY", 0.02)


class Plug:
    """A scanner that can be pulled out: a link to a pseudo-terminal, as udev makes one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.said: list[str] = []
        self._master = self._slave = -1

    def put_in(self) -> None:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.path.symlink_to(os.ttyname(self._slave))

    def pull_out(self) -> None:
        self.path.unlink()
        os.close(self._slave)
        os.close(self._master)

    def send(self, data: bytes) -> None:
        os.write(self._master, data)

    def codes(self, baud: str = "") -> Iterator[str]:
        return read_codes(f"{self.path}{baud}", lambda vi, en: self.said.append(en))


@pytest.fixture
def plug(tmp_path: Path) -> Plug:
    return Plug(tmp_path / "scanner")


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"], ids=["cr", "lf", "crlf"])
def test_a_code_a_line_whatever_ends_it(plug: Plug, end: bytes) -> None:
    """Also in pieces, with empty lines, control bytes that a terminal would swallow, and bytes that are no text."""
    plug.put_in()
    codes = plug.codes(":115200")
    plug.send(b"first" + end + end + b"sec")
    assert next(codes) == "first"
    plug.send(b"ond" + end + b"a\x03\x13b\xff" + end)
    assert [next(codes), next(codes)] == ["second", "a\x03\x13b\N{REPLACEMENT CHARACTER}"]
    plug.pull_out()


def test_unplugged_and_plugged_in_again(plug: Plug) -> None:
    """Told once each; the piece of a code that was cut off by it is no code."""
    plug.put_in()
    codes = plug.codes()
    plug.send(b"one\rtw")
    assert next(codes) == "one"
    threading.Timer(0.05, plug.pull_out).start()

    def again() -> None:
        plug.put_in()
        plug.send(b"three\r")

    threading.Timer(0.3, again).start()
    assert next(codes) == "three"
    assert [re.sub(r".* (was unplugged|is back).*", r"\1", said) for said in plug.said] == [
        "was unplugged",
        "is back",
    ]
    plug.pull_out()


def test_not_there_at_the_start(plug: Plug) -> None:
    """A service may start before somebody plugs the scanner in."""

    def late() -> None:
        plug.put_in()
        plug.send(b"one\r")

    threading.Timer(0.2, late).start()
    assert next(plug.codes()) == "one"
    assert ["cannot be opened" in said for said in plug.said] == [True, False]
    plug.pull_out()


def test_what_is_no_port_and_no_speed(tmp_path: Path, plug: Plug) -> None:
    """A file, and a speed that there is not: said, and the command ends with exit code 4."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(NoSerialPort, match="no serial port"):
        next(read_codes(str(tmp_path / "file"), lambda vi, en: None))
    with pytest.raises(NoSerialPort, match="no speed"):
        next(plug.codes(":12345"))
    result = CliRunner().invoke(app, ["scan", "--serial", str(tmp_path / "file")])
    assert result.exit_code == 4
    assert "không phải cổng nối tiếp" in result.output


def test_the_command_judges_what_the_port_sends(plug: Plug, world: World) -> None:
    """In a process of its own, as a till runs it: a line of JSON for each code."""
    plug.put_in()
    command = [sys.executable, "-m", "temthat", "scan", "--json", "--trust", str(world.folder)]
    with subprocess.Popen(
        [*command, "--serial", str(plug.path)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        plug.send(world.stamp(1, 7).encode() + b"\r")
        assert '"genuine_offline"' in process.stdout.readline()
        process.kill()
    plug.pull_out()
