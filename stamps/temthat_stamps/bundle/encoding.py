"""The bytes all files of the offline bundle are made of: a header, numbers of variable length, append-only streams.

Two readers must never see two different contents in the same bytes, so every number has one spelling and a file that
ends inside a record is refused whole. Specification: docs/spec/bundle.md.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from temthat_stamps.errors import Fault, TrustError

MAGIC = b"TTB"
VERSION = 1
NUMBER_LIMIT = 2**63 - 1
FILE_LIMIT = 64 * 1024 * 1024
"""Largest file of a bundle that is ever fetched or read, bytes; a province-month of the plan's size has 0.1 MB."""
_INSTANT_LIMIT = 2**32 - 1


class BadBundle(TrustError):
    """A file of the bundle is not what its specification says; nothing of it is used."""

    def __init__(self, vi: str, en: str, fault: Fault = Fault.OPERATOR) -> None:
        super().__init__(
            fault,
            f"Dữ liệu tem bị từ chối: {vi}. Hãy tải lại; nếu vẫn vậy, báo cho đơn vị vận hành.",
            f"The stamp data is refused: {en}. Fetch it again; if it stays so, tell whoever runs the service.",
        )


class NewerBundle(BadBundle):
    """A file of a later version than this program knows."""

    def __init__(self, version: int) -> None:
        super().__init__(
            f"phiên bản {version} mới hơn chương trình này, cần cập nhật chương trình",
            f"version {version} is newer than this program, which needs an update",
        )


class Kind(IntEnum):
    """What a file holds."""

    ISSUERS = 1
    INDEX = 2
    SHARD = 3
    NOTICES = 4
    NAMES = 5


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month in UTC."""

    year: int
    month: int

    @classmethod
    def of(cls, at: dt.datetime) -> Self:
        """The month an instant lies in."""
        at = at.astimezone(dt.UTC)
        return cls(at.year, at.month)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2026-05`. Raises ValueError."""
        at = dt.datetime.strptime(text, "%Y-%m").replace(tzinfo=dt.UTC)
        month = cls(at.year, at.month)
        if str(month) != text:
            raise ValueError(f"“{text}” is no month like 2026-05")
        return month

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def number(self) -> int:
        """Months since the year 0."""
        return self.year * 12 + self.month - 1

    @property
    def begins(self) -> int:
        """Its first second, counted from 1970."""
        return int(dt.datetime(self.year, self.month, 1, tzinfo=dt.UTC).timestamp())

    @property
    def ends(self) -> int:
        """The first second of the next month, counted from 1970."""
        return Month(self.year + self.month // 12, self.month % 12 + 1).begins


@dataclass(frozen=True, slots=True)
class Header:
    """How every file begins. `province` and `month` are None where a file has none.

    `base_run` is the highest run number that was given out when the file began.
    """

    kind: Kind
    province: str | None = None
    month: Month | None = None
    base_run: int = 0

    def to_bytes(self) -> bytes:
        """The header."""
        province = int(self.province) if self.province is not None else 0
        month = self.month.number if self.month is not None else 0
        return MAGIC + bytes((VERSION, self.kind, province)) + month.to_bytes(2) + self.base_run.to_bytes(4)


HEADER_SIZE = 12


def check_header(data: bytes, kind: Kind, province: str | None = None, month: Month | None = None) -> int:
    """Raise `BadBundle` unless a file begins as one of this kind, province and month; gives its `base_run`."""
    if len(data) < HEADER_SIZE or data[:3] != MAGIC:
        raise BadBundle("không phải tệp dữ liệu tem", "not a file of stamp data")
    if data[3] != VERSION:
        raise NewerBundle(data[3])
    base_run = int.from_bytes(data[8:HEADER_SIZE])
    if Header(kind, province, month, base_run).to_bytes() != data[:HEADER_SIZE]:
        raise BadBundle("tệp của loại, tỉnh hoặc tháng khác", "a file of another kind, province or month")
    return base_run


def put(out: bytearray, value: int) -> None:
    """Append a number from 0: seven bits a byte, lowest first, the top bit says that more follow (LEB128)."""
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def put_signed(out: bytearray, value: int) -> None:
    """Append a number of either sign: 0, -1, 1, -2 … become 0, 1, 2, 3 …"""
    put(out, value << 1 if value >= 0 else ~value << 1 | 1)


def put_text(out: bytearray, text: str) -> None:
    """Append a text: its length in bytes, then UTF-8."""
    raw = text.encode()
    put(out, len(raw))
    out += raw


class Cursor:
    """Reads what the functions above wrote. Every method raises `BadBundle` at a damaged place."""

    __slots__ = ("_data", "at", "end")

    def __init__(self, data: bytes, at: int = HEADER_SIZE) -> None:
        self._data = data
        self.at = at
        self.end = len(data)

    @property
    def done(self) -> bool:
        """Whether everything was read."""
        return self.at >= self.end

    def byte(self) -> int:
        """One byte."""
        if self.at >= self.end:
            raise cut_off()
        self.at += 1
        return self._data[self.at - 1]

    def number(self) -> int:
        """A number from 0, in its one spelling."""
        data, at, end = self._data, self.at, self.end
        value = shift = 0
        while at < end:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if value > NUMBER_LIMIT or (not byte and shift):
                    break
                self.at = at
                return value
            shift += 7
            if shift > 63:
                break
        else:
            raise cut_off()
        raise BadBundle("một con số viết sai cách", "a number is not in its one spelling")

    def signed(self) -> int:
        """A number of either sign."""
        value = self.number()
        return ~(value >> 1) if value & 1 else value >> 1

    def raw(self, size: int) -> bytes:
        """That many bytes."""
        if size > self.end - self.at:
            raise cut_off()
        self.at += size
        return self._data[self.at - size : self.at]

    def text(self, most: int) -> str:
        """A text of at most `most` bytes."""
        size = self.number()
        if size > most:
            raise BadBundle("một đoạn chữ quá dài", "a text is too long")
        try:
            return self.raw(size).decode()
        except UnicodeDecodeError as error:
            raise BadBundle("một đoạn chữ hỏng", "a text is damaged") from error


def cut_off() -> BadBundle:
    """The refusal of a file that ends too early."""
    return BadBundle("tệp bị cắt giữa chừng", "a file is cut off")


def seconds(at: dt.datetime) -> int:
    """An instant as whole seconds since 1970, kept within 32 bits; the log's own rules keep dates near its time."""
    return min(max(int(at.timestamp()), 0), _INSTANT_LIMIT)


def instant_of(value: int) -> dt.datetime:
    """The instant of so many seconds since 1970. Raises `BadBundle` for one no calendar has."""
    try:
        return dt.datetime.fromtimestamp(value, dt.UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadBundle("một ngày giờ không có thật", "an instant does not exist") from error


def day_of(value: int) -> dt.date:
    """The day of so many days since 0001-01-01 (which is 1). Raises `BadBundle`."""
    try:
        return dt.date.fromordinal(value)
    except (ValueError, OverflowError) as error:
        raise BadBundle("một ngày không có thật", "a day does not exist") from error


class Stream:
    """A file that only ever grows; its digest is kept up while it does."""

    def __init__(self, header: Header) -> None:
        self._data = bytearray()
        self._hash = hashlib.sha256()
        self._bytes: bytes | None = None
        self.append(header.to_bytes())

    def append(self, record: bytes | bytearray) -> None:
        """Add a whole record."""
        self._data += record
        self._hash.update(record)
        self._bytes = None

    @property
    def length(self) -> int:
        """Bytes so far."""
        return len(self._data)

    @property
    def sha256(self) -> str:
        """Hex, of everything so far."""
        return self._hash.copy().hexdigest()

    @property
    def data(self) -> bytes:
        """Everything so far; the same object until something is added."""
        if self._bytes is None:
            self._bytes = bytes(self._data)
        return self._bytes


def missing(name: str) -> BadBundle:
    """The refusal of a bundle without a file that every bundle has."""
    return BadBundle(f"thiếu tệp {name}", f"the file {name} is missing", Fault.STORE)
