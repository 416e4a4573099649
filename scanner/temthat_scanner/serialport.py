"""A scanner on a serial port (`/dev/ttyACM0`, `/dev/ttyUSB0`): a code a line; unplugged and back it goes on."""

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from temthat_stamps.errors import StampError

RETRY = 1.0
"""Seconds between looks for a port that is not there."""

BAUD = 9600
"""What serial scanners leave the factory with; a port over USB (ttyACM) does not mind."""

_LONGEST = 8_192
"""Bytes of a line that are kept; a stamp needs fewer than 300."""


class NoSerialPort(StampError):
    """What was named can be no serial port; `vi` and `en` say what to do."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi, self.en = vi, en


def read_codes(port: str, tell: Callable[[str, str], None]) -> Iterator[str]:
    """What the scanner sends, a code a line (CR, LF or both), for ever.

    `port`: a device, with `:BAUD` after it where that is not 9600. While it is not there that is told once and it is
    looked for each second. Raises `NoSerialPort` where it can be none.
    """
    path, baud = _parse(port)
    there = True
    while True:
        try:
            device = _open(path, baud)
        except OSError as error:
            if there:
                tell(
                    f"Không mở được máy quét ở {path} ({error.strerror}): cắm lại, hoặc thêm người dùng này vào nhóm "
                    "dialout. Vẫn đang chờ.",
                    f"The scanner at {path} cannot be opened ({error.strerror}): plug it in, or add this user to the "
                    "group dialout. Waiting for it.",
                )
            there = False
            time.sleep(RETRY)
            continue
        if not there:
            tell(f"Máy quét ở {path} đã sẵn sàng.", f"The scanner at {path} is back.")
        there = True
        try:
            yield from _lines(device)
        finally:
            os.close(device)
        there = False
        tell(
            f"Máy quét ở {path} bị rút ra: cắm lại để quét tiếp.",
            f"The scanner at {path} was unplugged: plug it in to go on.",
        )
        time.sleep(RETRY)


def _lines(device: int) -> Iterator[str]:
    """Until the port goes away. A piece of a line that was cut off by that is no code."""
    rest = b""
    while True:
        try:
            data = os.read(device, 4096)
        except OSError:
            return
        if not data:
            return
        *whole, rest = re.split(rb"[\r\n]+", rest + data)
        rest = rest[:_LONGEST]
        for line in whole:
            if text := line[:_LONGEST].decode("utf-8", "replace").strip():
                yield text


def _parse(port: str) -> tuple[Path, int]:
    path, colon, baud = port.rpartition(":")
    if colon and baud.isdecimal():
        return Path(path), int(baud)
    return Path(port), BAUD


def _open(path: Path, baud: int) -> int:
    """The device, raw, eight bits, no parity."""
    try:
        import termios
        import tty
    except ImportError:
        raise NoSerialPort(
            "Trên Windows hãy đặt máy quét ở chế độ bàn phím (keyboard wedge), hoặc để phần mềm bán hàng đọc cổng COM "
            "và hỏi qua --listen.",
            "On Windows set the scanner to keyboard mode, or let the point-of-sale software read the COM port and ask "
            "through --listen.",
        ) from None
    speed = getattr(termios, f"B{baud}", None)
    if speed is None:
        raise NoSerialPort(
            f"Tốc độ {baud} không có; thường là 9600 hoặc 115200.",
            f"There is no speed {baud}: try 9600 or 115200.",
        )
    device = os.open(path, os.O_RDONLY | os.O_NOCTTY)
    try:
        tty.setraw(device, termios.TCSANOW)
        mode = termios.tcgetattr(device)
        mode[4] = mode[5] = speed
        mode[2] |= termios.CLOCAL | termios.CREAD
        termios.tcsetattr(device, termios.TCSANOW, mode)
    except termios.error as error:
        os.close(device)
        raise NoSerialPort(
            f"{path} không phải cổng nối tiếp. Máy quét USB thường là /dev/ttyACM0 hoặc /dev/ttyUSB0.",
            f"{path} is no serial port. A USB scanner is often /dev/ttyACM0 or /dev/ttyUSB0.",
        ) from error
    return device
