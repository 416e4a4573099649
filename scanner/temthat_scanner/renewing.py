"""Trust data that stays fresh while a till runs: asked for again at intervals, in the background.

A source that does not answer disturbs nobody: what is in use stays, and it is asked again later and later, at least
each `EVERY` seconds.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from secrets import SystemRandom
from typing import Self

from temthat_scanner.judging import OfflineJudge
from temthat_stamps.bundle.view import TrustView
from temthat_stamps.errors import TrustError

EVERY = 3_600.0
"""Seconds between two updates that went well."""

SOON = 60.0
"""Seconds to the first update, and after one that failed; doubled with each that fails after it."""

_SPREAD = 0.1
"""Waits differ by this part, so that the tills of a chain do not all come at once."""

_LEAVE = 1.0
"""Seconds to wait at the end for an update that is under way; cut off, it leaves the old data."""


class Renewal:
    """Gives a judge newer trust data, between two codes; a context manager.

    `renew` fetches and loads (raises `TrustError`). `tell`, in the background's thread, hears of the first failure and
    of the success after it.
    """

    def __init__(
        self, judge: OfflineJudge, renew: Callable[[], TrustView], tell: Callable[[str, str], None]
    ) -> None:
        self._judge = judge
        self._renew = renew
        self._tell = tell
        self._has_failed = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="renewal", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(_LEAVE)

    def _run(self) -> None:
        pause = SOON
        while not self._stop.wait(pause * SystemRandom().uniform(1 - _SPREAD, 1 + _SPREAD)):
            pause = self._try_once(pause)

    def _try_once(self, pause: float) -> float:
        """Update; the seconds to wait for the next."""
        try:
            self._judge.trust = self._renew()
        except TrustError as error:
            return self._failed(pause, error.vi, error.en)
        except Exception as error:  # noqa: BLE001 - whatever it is, the till goes on, and it is tried again
            return self._failed(pause, type(error).__name__, type(error).__name__)
        if self._has_failed:
            self._has_failed = False
            self._say("Đã cập nhật dữ liệu tin cậy.", "The trust data is up to date again.")
        return EVERY

    def _failed(self, pause: float, vi: str, en: str) -> float:
        if self._has_failed:
            return min(EVERY, pause * 2)
        self._has_failed = True
        self._say(
            f"Chưa cập nhật được dữ liệu tin cậy; dùng dữ liệu đang có, sẽ tự thử lại. {vi}",
            f"The trust data was not updated; what is here is used, and it is tried again. {en}",
        )
        return SOON

    def _say(self, vi: str, en: str) -> None:
        """Where nobody hears it any more, the data is renewed all the same."""
        with suppress(Exception):
            self._tell(vi, en)
