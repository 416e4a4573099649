"""Identifiers made by the application, so that no database sequence is ever needed."""

import secrets
import threading
import time
import uuid

_TAIL_BITS = 74
_STEP_BITS = 32


class _Ascending:
    """What follows the milliseconds of this process's identifiers: greater each time within one millisecond."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ms = self._tail = 0

    def next(self) -> tuple[int, int]:
        """Milliseconds now, and the tail."""
        with self._lock:
            now = time.time_ns() // 1_000_000
            if now == self._ms:
                self._tail += 1 + secrets.randbits(_STEP_BITS)
            else:
                # Its first bit is left free, so that no number of steps a millisecond has time for overflows it.
                self._ms, self._tail = now, secrets.randbits(_TAIL_BITS - 1)
            return self._ms, self._tail


_now = _Ascending()


def uuid7(at_ms: int | None = None) -> uuid.UUID:
    """A time-ordered UUID, version 7 (RFC 9562, section 5.7).

    `at_ms` is Unix time in milliseconds, now by default. Rows keyed by it are inserted at the end
    of the index, which is several times cheaper than at random places. Those of now are in the order
    in which this process made them, also within a millisecond (section 6.2, method 2): rows written
    together come back as they were written when they are sorted by it.
    """
    ms, tail = _now.next() if at_ms is None else (at_ms, secrets.randbits(_TAIL_BITS))
    high, low = divmod(tail, 1 << 62)
    return uuid.UUID(int=(ms & (1 << 48) - 1) << 80 | 0x7 << 76 | high << 64 | 0x2 << 62 | low)
