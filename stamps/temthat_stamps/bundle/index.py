"""The national index of a month: in which provinces' shards a stamp key's hint stands.

Every scanner has all of them, whatever provinces it holds: that is what lets it tell a key nobody ever announced from
one whose province is not on the device.
"""

import struct
from array import array
from bisect import bisect_left

from temthat_stamps.bundle.encoding import (
    HEADER_SIZE,
    BadBundle,
    Header,
    Kind,
    Month,
    Stream,
    check_header,
    cut_off,
)
from temthat_stamps.keys import HINT_SIZE

RECORD_SIZE = HINT_SIZE + 1
_FEW = 50
"""Searches after which sorting has paid for itself."""
_PROVINCES = 100


def index_name(month: Month) -> str:
    """`index-2026-05`."""
    return f"index-{month}"


class IndexWriter:
    """Appends one month's hints."""

    def __init__(self, month: Month, base_run: int) -> None:
        self.stream = Stream(Header(Kind.INDEX, month=month, base_run=base_run))

    def add(self, hint: bytes, province: str) -> None:
        """A key with this hint (4 bytes) stands in this province's shard of the month."""
        self.stream.append(hint + bytes((int(province),)))


class Index:
    """A month's index. A few hints are searched for in the file as it is; who asks for many has it sorted first."""

    def __init__(self, data: bytes, month: Month) -> None:
        self.base_run = check_header(data, Kind.INDEX, month=month)
        """The highest run number given out before this month."""
        if (len(data) - HEADER_SIZE) % RECORD_SIZE:
            raise cut_off()
        if max(data[HEADER_SIZE + HINT_SIZE :: RECORD_SIZE], default=0) >= _PROVINCES:
            raise BadBundle("một tỉnh không có thật", "a province that cannot be")
        self._data = data
        self._sorted: array[int] | None = None
        self._asked = 0

    def provinces(self, hint: bytes) -> list[str]:
        """The provinces whose shards hold a key with this hint (4 bytes)."""
        self._asked += 1
        found = self._search(hint) if self._asked <= _FEW else self._look_up(int.from_bytes(hint))
        return [f"{province:02d}" for province in sorted(set(found))]

    def _search(self, hint: bytes) -> list[int]:
        found, at = [], self._data.find(hint, HEADER_SIZE)
        while at >= 0:
            if not (at - HEADER_SIZE) % RECORD_SIZE and at + HINT_SIZE < len(self._data):
                found.append(self._data[at + HINT_SIZE])
            at = self._data.find(hint, at + 1)
        return found

    def _look_up(self, hint: int) -> list[int]:
        if self._sorted is None:
            records = struct.iter_unpack(">IB", memoryview(self._data)[HEADER_SIZE:])
            self._sorted = array("Q", sorted([known << 8 | province for known, province in records]))
        found, at = [], bisect_left(self._sorted, hint << 8)
        while at < len(self._sorted) and self._sorted[at] >> 8 == hint:
            found.append(self._sorted[at] & 0xFF)
            at += 1
        return found
