"""Limits on guessing PINs: a PIN has six digits, so a wrong one must cost the guesser time.

Three windows, in memory only: one stamp from one neighbourhood of the network, one stamp from anywhere, one
neighbourhood over all stamps. The first is narrow, so that a stranger uses up his own tries and not the buyer's. Tries
come back one by one as the windows move on; nothing is ever locked for good, and nothing of it is written down or
becomes evidence against a stamp.
"""

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from temthat_verify_api.throttle import TooManyTries, minutes_until

ON_ONE_STAMP_FROM_ONE_SOURCE = RateLimitItemPerMinute(5, 30, namespace="pin pair")
ON_ONE_STAMP = RateLimitItemPerHour(15, 3, namespace="pin stamp")
FROM_ONE_SOURCE = RateLimitItemPerHour(60, namespace="pin source")

Stamp = tuple[int, int]
"""Run and serial."""


class PinTries:
    """Counts the PINs tried with one process."""

    def __init__(self) -> None:
        self._windows = MovingWindowRateLimiter(MemoryStorage())

    def check(self, stamp: Stamp, source: str) -> None:
        """Before a PIN is looked at. Raises `TooManyTries`."""
        if not self.left(stamp, source):
            raise TooManyTries(self.wait(stamp, source))

    def count(self, stamp: Stamp, source: str) -> None:
        """After a PIN was found wrong, or right and entered by one more."""
        for item, key in _windows_of(stamp, source):
            self._windows.hit(item, *key)

    def forget(self, stamp: Stamp, source: str) -> None:
        """The PIN was right for the first time: earlier slips with this pack count no more."""
        self._windows.clear(ON_ONE_STAMP_FROM_ONE_SOURCE, *_pair(stamp, source))

    def left(self, stamp: Stamp, source: str) -> int:
        """How many tries there are now."""
        return min(
            self._windows.get_window_stats(item, *key).remaining for item, key in _windows_of(stamp, source)
        )

    def wait(self, stamp: Stamp, source: str) -> int:
        """Minutes until there is a try again; 0 if there is one now."""
        full = [
            self._windows.get_window_stats(item, *key).reset_time
            for item, key in _windows_of(stamp, source)
            if not self._windows.test(item, *key)
        ]
        return minutes_until(max(full)) if full else 0


def _windows_of(stamp: Stamp, source: str) -> tuple[tuple[RateLimitItem, tuple[str, ...]], ...]:
    return (
        (FROM_ONE_SOURCE, (source,)),
        (ON_ONE_STAMP_FROM_ONE_SOURCE, _pair(stamp, source)),
        (ON_ONE_STAMP, _pair(stamp, "")),
    )


def _pair(stamp: Stamp, source: str) -> tuple[str, ...]:
    return str(stamp[0]), str(stamp[1]), source
