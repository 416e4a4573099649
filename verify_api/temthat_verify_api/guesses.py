"""Limits on guessing printed numbers: their seal has 23 bits, so a wrong one must cost the guesser time.

Only wrong guesses count: by the neighbourhood they come from, and over all of a run, so that many addresses do not
help. Windows refill on their own; nothing is ever locked for good, and nothing of it is evidence against a stamp.
"""

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from temthat_verify_api.throttle import minutes_until

FROM_ONE_SOURCE = RateLimitItemPerMinute(20, 10, namespace="source")
ON_ONE_RUN = RateLimitItemPerHour(200, namespace="run")


class TooManyGuesses(Exception):
    """Too many wrong numbers; `minutes` until it makes sense to try again."""

    def __init__(self, minutes: int) -> None:
        super().__init__(f"try again in {minutes} minutes")
        self.minutes = minutes


class Guesses:
    """Counts wrong printed numbers of this process, in memory only."""

    def __init__(self) -> None:
        self._windows = MovingWindowRateLimiter(MemoryStorage())

    def check(self, source: str, run: int) -> None:
        """Before a number is looked at. Raises `TooManyGuesses`."""
        for item, key in _windows_of(source, run):
            if not self._windows.test(item, key):
                again = self._windows.get_window_stats(item, key).reset_time
                raise TooManyGuesses(minutes_until(again))

    def wrong(self, source: str, run: int) -> None:
        """After a number was found wrong."""
        for item, key in _windows_of(source, run):
            self._windows.hit(item, key)


def _windows_of(source: str, run: int) -> tuple[tuple[RateLimitItem, str], ...]:
    return (FROM_ONE_SOURCE, source), (ON_ONE_RUN, str(run))
