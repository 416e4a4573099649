"""Slowing down who guesses passwords and codes, without ever locking an account for good.

Three windows, all in memory and gone within the hour: one number from one neighbourhood of the network, one number
from anywhere, one neighbourhood. The first is narrow, so a stranger who hammers a clerk's number uses up his own
window long before hers; right credentials empty it again.
"""

import ipaddress
import math
import time

from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

_PAIR = RateLimitItemPerMinute(6, 15, namespace="pair")
_PHONE = RateLimitItemPerHour(40, namespace="phone")
_SOURCE = RateLimitItemPerHour(200, namespace="source")


class TooManyTries(Exception):
    """Too many tries; `minutes` until the next one is worth while."""

    def __init__(self, minutes: int) -> None:
        super().__init__(f"try again in {minutes} minutes")
        self.minutes = minutes


def coarse_source(address: str | None) -> str:
    """The neighbourhood of a network address: IPv4 /24, IPv6 /48. Never more is held, and only in memory."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    width = 24 if ip.version == 4 else 48
    return str(ipaddress.ip_network(f"{ip}/{width}", strict=False))


def minutes_until(reset_time: float) -> int:
    """Whole minutes until a window has room again, one at least."""
    return max(1, math.ceil((reset_time - time.time()) / 60))


class SignInThrottle:
    """Counts tries of one process. `try_once` before the password is looked at, `forget` once it was right."""

    def __init__(self) -> None:
        self._windows = MovingWindowRateLimiter(MemoryStorage())

    def try_once(self, phone: str, source: str) -> None:
        """Counts this try. Raises `TooManyTries`."""
        # The neighbourhood first: one that is out of tries can make us remember no more numbers.
        for item, key in ((_SOURCE, (source,)), (_PAIR, (phone, source)), (_PHONE, (phone,))):
            if not self._windows.hit(item, *key):
                again = self._windows.get_window_stats(item, *key).reset_time
                raise TooManyTries(minutes_until(again))

    def forget(self, phone: str, source: str) -> None:
        """The credentials were right: earlier slips of the same person count no more."""
        self._windows.clear(_PAIR, phone, source)
