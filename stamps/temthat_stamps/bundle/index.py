"""The national index of a month: in which provinces' shards a stamp key's hint stands.

Every scanner has all of them, whatever provinces it holds: that is what lets it tell a key nobody ever announced from
one whose province is not on the device.
"""

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

RECORD_SIZE = 5
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
    """A month's index, sorted for searching: 8 bytes a key."""

    def __init__(self, data: bytes, month: Month) -> None:
        self.base_run = check_header(data, Kind.INDEX, month=month)
        """The highest run number given out before this month."""
        if (len(data) - HEADER_SIZE) % RECORD_SIZE:
            raise cut_off()
        body = memoryview(data)[HEADER_SIZE:]
        records = (int.from_bytes(body[at : at + RECORD_SIZE]) for at in range(0, len(body), RECORD_SIZE))
        self._sorted = array("Q", sorted(records))
        if any(record & 0xFF >= _PROVINCES for record in self._sorted):
            raise BadBundle("một tỉnh không có thật", "a province that cannot be")

    def provinces(self, hint: bytes) -> list[str]:
        """The provinces whose shards hold a key with this hint (4 bytes)."""
        low = int.from_bytes(hint) << 8
        found, at = [], bisect_left(self._sorted, low)
        while at < len(self._sorted) and self._sorted[at] >> 8 == low >> 8:
            found.append(f"{self._sorted[at] & 0xFF:02d}")
            at += 1
        return list(dict.fromkeys(found))
