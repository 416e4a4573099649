"""Where codes come from: pictures, what a scanner types or sends, a camera."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from temthat_scanner.camera import read_stamps
from temthat_scanner.decoding import decode
from temthat_scanner.pictures import UnreadablePicture, list_pictures, open_frames
from temthat_scanner.serialport import read_codes

TYPED_LIMIT = 8_192
"""Characters of a typed line that are looked at; a stamp needs fewer than 300."""

TYPED, CAMERA = "-", "camera"

Tell = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Seen:
    """A symbol, a line, or a picture without either (`text` None; `problem` says why if it could not be opened).

    `source`: the picture's path, `-` for what a scanner typed or sent, `camera`.
    """

    source: str
    text: str | None
    problem: str = ""

    @property
    def is_typed(self) -> bool:
        """Whether it may be a printed number: one in a picture is somebody else's code."""
        return self.source == TYPED

    @property
    def is_live(self) -> bool:
        """Whether packs keep coming: one without an answer does not stop the next."""
        return self.source in {TYPED, CAMERA}


def seen_in(paths: list[str]) -> Iterator[Seen]:
    """Each symbol of pictures and folders, each picture without one, and for `-` each line typed."""
    for path in paths:
        if path == TYPED:
            yield from typed()
            continue
        try:
            listing = list_pictures(path)
        except UnreadablePicture as error:
            yield Seen(path, None, f"{error.reason_vi} / {error.reason_en}")
            continue
        for picture in listing.pictures:
            yield from _symbols(picture)


def typed() -> Iterator[Seen]:
    """What a keyboard scanner types, line by line."""
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # a scanner set to another alphabet stops no till
    for line in sys.stdin:
        if text := line.strip(" \t\r\n")[:TYPED_LIMIT]:
            yield Seen(TYPED, text)


def sent(port: str, tell: Tell) -> Iterator[Seen]:
    """What a scanner at a serial port sends. Raises `NoSerialPort`."""
    return (Seen(TYPED, text) for text in read_codes(port, tell))


def held_before(camera: str, tell: Tell) -> Iterator[Seen]:
    """Stamps that come into a camera's view. Raises `NoCamera`."""
    return (Seen(CAMERA, text) for text in read_stamps(camera, tell))


def _symbols(picture: Path) -> Iterator[Seen]:
    try:
        texts = [symbol.text for frame in open_frames(picture) for symbol in decode(frame)]
    except UnreadablePicture as error:
        yield Seen(str(picture), None, f"{error.reason_vi} / {error.reason_en}")
        return
    for text in dict.fromkeys(texts):
        yield Seen(str(picture), text)
    if not texts:
        yield Seen(str(picture), None)
