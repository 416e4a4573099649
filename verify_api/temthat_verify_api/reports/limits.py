"""Limits on reporting without an account: in memory, by neighbourhood of the network, gone within the hour.

They are wide, because a whole mobile network may look like one neighbourhood; and one limit holds for all together, so
that no flood fills the disk with photos. Nothing of it is kept or becomes evidence.
"""

import asyncio

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from temthat_verify_api.throttle import TooManyTries, minutes_until

TRIES = RateLimitItemPerMinute(40, 10, namespace="report tries")
"""Forms sent from one neighbourhood, whatever became of them."""
FILED = RateLimitItemPerHour(20, namespace="reports filed")
FILED_BY_ALL = RateLimitItemPerHour(400, namespace="reports of all")
LOOKS = RateLimitItemPerMinute(30, 10, namespace="report looks")
"""Reference numbers that are not known, asked for from one neighbourhood."""

_ALL = "all"
_AT_ONCE = 2
"""Photos worked on at a time: the answers of shoppers' pages need the same threads."""


class ReportLimits:
    """Counts the reports of one process."""

    def __init__(self) -> None:
        self._windows = MovingWindowRateLimiter(MemoryStorage())
        self.filing = asyncio.Semaphore(_AT_ONCE)

    def try_once(self, source: str) -> None:
        """Before a form is read. Raises `TooManyTries`."""
        self._require(FILED_BY_ALL, _ALL)
        self._require(FILED, source)
        self._require(TRIES, source)
        self._windows.hit(TRIES, source)

    def filed(self, source: str) -> None:
        """After a report was stored."""
        self._windows.hit(FILED, source)
        self._windows.hit(FILED_BY_ALL, _ALL)

    def look(self, source: str) -> None:
        """Before a reference number is looked up. Raises `TooManyTries`."""
        self._require(LOOKS, source)

    def unknown(self, source: str) -> None:
        """After a reference number was found to be nobody's."""
        self._windows.hit(LOOKS, source)

    def _require(self, item: RateLimitItem, key: str) -> None:
        if not self._windows.test(item, key):
            again = self._windows.get_window_stats(item, key).reset_time
            raise TooManyTries(minutes_until(again))
