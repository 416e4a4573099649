"""What is loaded once and kept until the revision of the database moves on, or the day does, or it gets old."""

import asyncio
import datetime as dt
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from starlette.concurrency import run_in_threadpool

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Entry(Generic[T]):
    revision: int
    today: dt.date
    until: float
    value: T


class RevisionCache(Generic[T]):
    """Values by run number, least recently used dropped first. `load` runs in a thread and may use SQLAlchemy.

    The revision moves with everything a verdict rests on: runs, notices, keys. What a page tells besides (names,
    texts, papers) may change without it, so a value is also dropped after `seconds`, and at midnight in Vietnam. The
    revision is read before the load, so a value can be newer than its label, never older.
    """

    def __init__(self, load: Callable[[int, dt.date], T], size: int, seconds: float) -> None:
        self._load = load
        self._size = size
        self._seconds = seconds
        self._entries: OrderedDict[int, _Entry[T]] = OrderedDict()
        self._loading: dict[tuple[int, int], asyncio.Future[T]] = {}
        self.loads = 0

    async def get(self, run: int, revision: int, today: dt.date) -> T:
        """The value; many that ask for the same one at once share one load."""
        entry = self._entries.get(run)
        if (
            entry is not None
            and entry.revision == revision
            and entry.today == today
            and time.monotonic() < entry.until
        ):
            self._entries.move_to_end(run)
            return entry.value
        key = (run, revision)
        loading = self._loading.get(key)
        if loading is None:
            loading = asyncio.ensure_future(self._fill(run, revision, today))
            self._loading[key] = loading
            loading.add_done_callback(lambda _: self._loading.pop(key, None))
        # One caller who hangs up must not fail the others who wait for the same load.
        return await asyncio.shield(loading)

    def known(self, run: int) -> T | None:
        """What was loaded last, perhaps of an older revision; None if it is not at hand or too old."""
        entry = self._entries.get(run)
        return entry.value if entry is not None and time.monotonic() < entry.until else None

    async def _fill(self, run: int, revision: int, today: dt.date) -> T:
        self.loads += 1
        until = time.monotonic() + self._seconds
        value = await run_in_threadpool(self._load, run, today)
        self._entries[run] = _Entry(revision, today, until, value)
        self._entries.move_to_end(run)
        while len(self._entries) > self._size:
            self._entries.popitem(last=False)
        return value
