"""`--camera`: stamps held before a fixed camera, each read once for as long as it is held there.

Frames are looked at and forgotten: nothing of them is stored.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

from PIL import Image

from temthat_scanner.appearing import View
from temthat_scanner.decoding import Symbol, decode
from temthat_scanner.frames import Film, Frames, Live, check_camera, is_film, shown, why_shut

RETRY = 1.0
"""Seconds between looks for a camera that is not there."""

RATE = 8.0
"""Looks a second, at most: a stamp is held for longer than an eighth of one."""

HARD_EVERY, HARD_STILL = 1.0, 5.0
"""Seconds between two tries of the whole chain of attempts, and the same while nothing moves."""

_QUICK_FIRST = 3
"""Looks that read nothing before the whole chain is tried."""

_HARD_SHARE = 5
"""The whole chain takes at most this part of the time: a fifth."""

_TINY = (32, 18)
_STILL = 10
"""Grey levels that each pixel of a tiny picture may change by and count as the same."""


def read_stamps(camera: str, tell: Callable[[str, str], None]) -> Iterator[str]:
    """The text of each QR symbol that comes into view.

    `camera`: a number or a device (`0`, `/dev/video0`) or a stream (`rtsp://…`, `http://…`), for ever: while it is not
    there that is told once and it is looked for each second; or a film, to its end. Raises `NoCamera`.
    """
    eye = Eye()
    if is_film(camera):
        with closing(Film(camera)) as film:
            yield from eye.watch(film)
        return
    check_camera(camera)
    name, there = shown(camera), True
    while True:
        try:
            live = Live(camera)
        except OSError:
            if there:
                vi, en = why_shut(camera)
                tell(
                    f"Không mở được máy ảnh {name}: {vi}. Vẫn đang chờ.",
                    f"The camera {name} cannot be opened: {en}. Waiting for it.",
                )
            there = False
            time.sleep(RETRY)
            continue
        if not there:
            tell(f"Máy ảnh {name} đã sẵn sàng.", f"The camera {name} is back.")
        with closing(live):
            yield from eye.watch(live)
        there = False
        tell(
            f"Máy ảnh {name} bị rút ra hoặc mất kết nối: cắm lại để quét tiếp.",
            f"The camera {name} was unplugged or its line broke: plug it in to go on.",
        )
        time.sleep(RETRY)


@dataclass
class Eye:
    """Looks at frames, quickly at most of them, and knows what is in view."""

    _view: View = field(default_factory=View)
    _blank: int = 0
    """Looks in a row that read nothing."""
    _hard_at: float = 0.0
    _still_at: float = 0.0
    """When the whole chain is tried again: if something moved, and if nothing did."""
    _before: bytes = b""
    """The picture, tiny, that the whole chain could not read."""

    def watch(self, frames: Frames) -> Iterator[str]:
        """What comes into view, until the frames end."""
        due = 0.0
        while frames.grab():
            at = frames.now()
            if at < due:
                frames.wait(due - at)
                continue
            picture = frames.picture()
            if picture is None:
                return
            texts = [symbol.text for symbol in self._read(picture, at, frames)]
            # It rests as long as it worked: never more than half of one processor.
            due = max(at + 1 / RATE, 2 * frames.now() - at)
            yield from self._view.look(at, texts)

    def _read(self, picture: Image.Image, at: float, frames: Frames) -> list[Symbol]:
        symbols = decode(picture, thorough=False)
        self._blank = 0 if symbols else self._blank + 1
        if self._blank < _QUICK_FIRST or at < self._hard_at:
            return symbols
        tiny = picture.resize(_TINY, Image.Resampling.BOX).tobytes()
        if at < self._still_at and _same(tiny, self._before):
            return symbols
        symbols = decode(picture)
        took = (frames.now() - at) * _HARD_SHARE
        self._hard_at, self._still_at = at + max(HARD_EVERY, took), at + max(HARD_STILL, took)
        self._before = tiny
        return symbols


def _same(one: bytes, other: bytes) -> bool:
    """Whether nothing moved: an empty counter costs no work."""
    return all(abs(a - b) <= _STILL for a, b in zip(one, other, strict=True))
