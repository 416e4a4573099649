"""The file `issuers`: every issuer key that was ever delegated to, and each change of what its delegation says.

Issuers have numbers in the order in which they appear, which is what shards name them by. Records have a fixed size by
their kind.
"""

import datetime as dt
import struct
import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from temthat_stamps.bundle.encoding import (
    HEADER_SIZE,
    BadBundle,
    Header,
    Kind,
    Stream,
    check_header,
    cut_off,
    instant_of,
    seconds,
)
from temthat_stamps.bundle.notices import REASON_CODES, reason_of
from temthat_stamps.manifest import Custody

if TYPE_CHECKING:
    from temthat_stamps.trust.delegates import DelegatedKey

ISSUERS_FILE = "issuers"
KINDS = ("producer", "alliance", "authority")
"""A kind's byte is its place here. Only ever appended to."""
_CUSTODIES = (Custody.HOSTED, Custody.OWN)

ISSUER, DELEGATED, REVOKED = range(1, 4)
_ISSUER = struct.Struct(">B16s")  # id
_DELEGATED = struct.Struct(">BIBBB32sQII")  # issuer, province, kind, custody, public key, from, until, at
_REVOKED = struct.Struct(">BIBBB32sQIIqB")  # the same, then last good index and reason
_SIZES = {ISSUER: _ISSUER.size, DELEGATED: _DELEGATED.size, REVOKED: _REVOKED.size}
_PROVINCE = 5
"""Where a record of a key has its province's byte."""


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """An issuer key as delegated last. `kind` is one of `KINDS`; `province` two digits, or empty for the nation's.

    Statements at log positions from `counts_from` to `last_good` (None: no end) count, if made not after `until`.
    `changed_at` is the log's time when this was published.
    """

    issuer: int
    kind: str
    province: str
    public_key: bytes
    custody: Custody
    counts_from: int
    until: dt.datetime
    last_good: int | None
    reason: str | None
    changed_at: dt.datetime


class IssuersWriter:
    """Appends to the file and gives issuers their numbers."""

    def __init__(self) -> None:
        self.stream = Stream(Header(Kind.ISSUERS))
        self._issuers: dict[str, int] = {}
        self._keys: dict[bytes, DelegatedKey] = {}

    def number(self, issuer: str) -> int:
        """An issuer's number; one that is not in the file yet is written there."""
        if issuer not in self._issuers:
            self._issuers[issuer] = len(self._issuers)
            self.stream.append(_ISSUER.pack(ISSUER, uuid.UUID(issuer).bytes))
        return self._issuers[issuer]

    def write(self, key: "DelegatedKey", at: dt.datetime) -> bool:
        """What is delegated to a key; False if nothing of it is new."""
        if self._keys.get(key.public_key) == key:
            return False
        self._keys[key.public_key] = key
        values = (
            self.number(key.issuer),
            int(key.province) if key.province.isdigit() else 0,
            KINDS.index(key.kind.value),
            _CUSTODIES.index(key.custody),
            key.public_key,
            key.delegated_from,
            seconds(key.until),
            seconds(at),
        )
        if key.last_good is None:
            self.stream.append(_DELEGATED.pack(DELEGATED, *values))
        else:
            reason = REASON_CODES.index(key.reason or "other")
            self.stream.append(_REVOKED.pack(REVOKED, *values, key.last_good, reason))
        return True


class Issuers:
    """The file read whole. Raises `BadBundle`."""

    def __init__(self, data: bytes) -> None:
        check_header(data, Kind.ISSUERS)
        self._data = data
        self._ids: list[bytes] = []
        self._provinces: dict[int, int] = {}
        self._records: list[int] = []
        self._read()

    def __len__(self) -> int:
        return len(self._ids)

    def check(self) -> None:
        """Read also what is otherwise read only when asked for. Raises `BadBundle`."""
        for at in self._records:
            self._key(at)

    def id_of(self, number: int) -> str:
        """An issuer's id."""
        return str(uuid.UUID(bytes=self._ids[number]))

    def province_of(self, number: int) -> str:
        """The province that delegated to an issuer last; empty where none did."""
        province = self._provinces.get(number, 0)
        return f"{province:02d}" if province else ""

    @cached_property
    def keys(self) -> dict[bytes, IssuerKey]:
        """Each public key as delegated last. Raises `BadBundle`."""
        keys = map(self._key, self._records)
        return {key.public_key: key for key in keys}

    def _read(self) -> None:
        data, at, end = self._data, HEADER_SIZE, len(self._data)
        ids, provinces, records = self._ids, self._provinces, self._records
        while at < end:
            tag = data[at]
            size = _SIZES.get(tag)
            if size is None:
                raise BadBundle("một loại bản ghi lạ", "an unknown kind of record")
            if at + size > end:
                raise cut_off()
            if tag == ISSUER:
                ids.append(data[at + 1 : at + size])
            else:
                issuer = int.from_bytes(data[at + 1 : at + _PROVINCE])
                if issuer >= len(ids):
                    raise BadBundle("một đơn vị không có trong tệp", "an issuer that is not in the file")
                provinces[issuer] = data[at + _PROVINCE]
                records.append(at)
            at += size

    def _key(self, at: int) -> IssuerKey:
        revoked = self._data[at] == REVOKED
        _, issuer, province, kind, custody, public_key, start, until, changed, *end = (
            _REVOKED if revoked else _DELEGATED
        ).unpack_from(self._data, at)
        if kind >= len(KINDS) or custody >= len(_CUSTODIES):
            raise BadBundle("một loại đơn vị lạ", "an unknown kind of issuer")
        return IssuerKey(
            issuer,
            KINDS[kind],
            f"{province:02d}" if province else "",
            public_key,
            _CUSTODIES[custody],
            start,
            instant_of(until),
            end[0] if revoked else None,
            reason_of(end[1]) if revoked else None,
            instant_of(changed),
        )
