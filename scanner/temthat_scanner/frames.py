"""Frames of a camera, a network stream or a film, by OpenCV (`pip install "temthat[camera]"`), one at a time.

OpenCV is imported only here, and only when a camera is asked for.
"""

import os
import re
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Protocol

from PIL import Image

from temthat_stamps.errors import StampError

if TYPE_CHECKING:
    from cv2 import VideoCapture

_PATIENCE_MS = 5_000
"""Milliseconds that a stream may take to open, and between two frames."""

_WIDTH, _HEIGHT = 1920, 1080
"""What a device is asked for; it gives the nearest that it has."""

_SCHEMES = ("rtsp://", "rtsps://", "http://", "https://")
_DIGITS = 4
"""Of a camera's number; OpenCV takes no number that is too long for it."""
_STEP = 0.01
_USUAL_RATE = 25.0


class NoCamera(StampError):
    """What was named can be no camera, or nothing here can read one; `vi` and `en` say what to do."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi, self.en = vi, en


class Frames(Protocol):
    """Frames one after the other, each `grab`bed and, if somebody wants to look at it, made a `picture`."""

    def grab(self) -> bool:
        """The next frame; False when there are no more, or the camera is gone."""
        ...

    def now(self) -> float:
        """Seconds of a clock that never goes back: when the frame was grabbed, or a moment later."""
        ...

    def picture(self) -> Image.Image | None:
        """The frame in grey; None if the camera is gone."""
        ...

    def wait(self, seconds: float) -> None:
        """Let time pass, at most so much."""
        ...


class _Captured:
    """What a camera and a film have in common."""

    def __init__(self, cv2: ModuleType, capture: "VideoCapture") -> None:
        self._cv2 = cv2
        self._capture = capture

    def grab(self) -> bool:
        """See `Frames`."""
        return self._capture.grab()

    def picture(self) -> Image.Image | None:
        """See `Frames`."""
        taken, frame = self._capture.retrieve()
        if not taken or frame is None:
            return None
        grey = frame if frame.ndim == 2 else self._cv2.cvtColor(frame, self._cv2.COLOR_BGR2GRAY)
        return Image.fromarray(grey)

    def close(self) -> None:
        """Let go of it."""
        self._capture.release()


class Film(_Captured):
    """A file's frames by the film's own time, as fast as somebody looks at them. Raises `NoCamera`."""

    def __init__(self, path: str) -> None:
        cv2 = _opencv()
        super().__init__(cv2, cv2.VideoCapture(path, cv2.CAP_FFMPEG))
        if not self._capture.isOpened():
            raise NoCamera(
                f"Không đọc được tệp phim {path}: tệp hỏng hoặc kiểu lạ. Dùng AVI, MP4 hoặc MKV.",
                f"The film {path} cannot be read: damaged, or of a strange kind. Use AVI, MP4 or MKV.",
            )
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self._rate = rate if 1 <= rate <= 240 else _USUAL_RATE
        self._grabbed = 0

    def grab(self) -> bool:
        """See `Frames`."""
        self._grabbed += 1
        return super().grab()

    def now(self) -> float:
        """Seconds from the film's beginning."""
        return self._grabbed / self._rate

    def wait(self, seconds: float) -> None:
        """Nobody waits for a film."""


class Live(_Captured):
    """A camera that is running, by this machine's clock. Raises `OSError` while it does not open or shows nothing."""

    def __init__(self, camera: str) -> None:
        cv2 = _opencv()
        super().__init__(cv2, _open(cv2, camera))
        self._has_first = self._capture.isOpened() and self._capture.grab()
        if not self._has_first:
            self.close()
            raise OSError(shown(camera))

    def grab(self) -> bool:
        """See `Frames`."""
        if self._has_first:
            self._has_first = False
            return True
        return super().grab()

    def now(self) -> float:
        """See `Frames`."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Only a step: frames that nobody looks at have to be taken away all the same."""
        time.sleep(min(seconds, _STEP))


def is_film(camera: str) -> bool:
    """Whether a file of that name is here."""
    try:
        return Path(camera).is_file()
    except OSError:
        return False  # in somebody else's folder, or longer than any name


def check_camera(camera: str) -> None:
    """Whether a name can be a camera's. Raises `NoCamera`, also where OpenCV is not installed."""
    _opencv()
    if not (_is_number(camera) or camera.startswith("/dev/") or camera.lower().startswith(_SCHEMES)):
        name = shown(camera)
        raise NoCamera(
            f"“{name}” không phải máy ảnh: dùng 0, /dev/video0, rtsp://… hoặc http://…, hay một tệp phim trên máy.",
            f"“{name}” is no camera: 0, /dev/video0, rtsp://… or http://…, or a film that is on this machine.",
        )


def shown(camera: str) -> str:
    """A camera's name without what may be a password in it."""
    if _is_device(camera):
        return camera
    scheme, _, rest = camera.partition("://")
    return f"{scheme}://{re.split('[/?#]', rest, maxsplit=1)[0].rpartition('@')[2]}/…"


def why_shut(camera: str) -> tuple[str, str]:
    """What a person can do about a camera that does not open, in Vietnamese and English."""
    if not _is_device(camera):
        return "kiểm tra địa chỉ, mật khẩu và mạng của máy ảnh", "look at its address, password and network"
    path = Path(f"/dev/video{camera}" if camera.isdecimal() else camera)
    if sys.platform == "linux" and not path.exists():
        return "cắm máy ảnh vào, hoặc chọn số khác", "plug it in, or choose another number"
    if sys.platform == "linux" and not os.access(path, os.R_OK | os.W_OK):
        return "thêm người dùng này vào nhóm video", "add this user to the group video"
    return (
        "đóng phần mềm khác đang dùng nó, và xem máy có cho phép dùng máy ảnh không",
        "close the program that uses it, and see whether this machine allows cameras",
    )


def _opencv() -> ModuleType:
    """OpenCV, told to be quiet: it and FFmpeg would write addresses, with their passwords, to the terminal."""
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        import cv2
    except ImportError as error:
        raise NoCamera(
            'Chưa cài phần đọc máy ảnh. Chạy: pip install "temthat[camera]"',
            'The part that reads cameras is not installed. Run: pip install "temthat[camera]"',
        ) from error
    cv2.setNumThreads(1)
    return cv2


def _open(cv2: ModuleType, camera: str) -> "VideoCapture":
    if not _is_device(camera):
        opened, read = cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, cv2.CAP_PROP_READ_TIMEOUT_MSEC
        stream: VideoCapture = cv2.VideoCapture(
            camera, cv2.CAP_FFMPEG, (opened, _PATIENCE_MS, read, _PATIENCE_MS)
        )
        return stream
    api = cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY
    device: VideoCapture = cv2.VideoCapture(int(camera) if camera.isdecimal() else camera, api)
    # Compressed: over USB 2 a camera sends large pictures no other way fast enough.
    for name, value in (
        (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")),
        (cv2.CAP_PROP_FRAME_WIDTH, _WIDTH),
        (cv2.CAP_PROP_FRAME_HEIGHT, _HEIGHT),
        (cv2.CAP_PROP_BUFFERSIZE, 1),
    ):
        device.set(name, value)
    return device


def _is_device(camera: str) -> bool:
    return "://" not in camera


def _is_number(camera: str) -> bool:
    return camera.isdecimal() and len(camera) <= _DIGITS
