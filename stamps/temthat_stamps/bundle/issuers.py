"""The file `issuers`: every issuer key that was ever delegated to, and each change of what its delegation says.

Issuers have numbers in the order in which they appear, which is what shards name them by.
"""

import datetime as dt
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from temthat_stamps.bundle.encoding import (
    BadBundle,
    Cursor,
    Header,
    Kind,
    Stream,
    check_header,
    instant_of,
    put,
    seconds,
)
from temthat_stamps.bundle.notices import REASON_CODES, reason_of
from temthat_stamps.manifest import Custody

if TYPE_CHECKING:
    from temthat_stamps.trust.delegates import DelegatedKey

ISSUERS_FILE = "issuers"
KINDS = ("producer", "alliance", "authority")
_KIND = 0b11
_NO_KEY = 0b11
"""In place of a kind: an issuer that stated something before the log began and was delegated to by nobody so far."""
_NEW_ISSUER, _NEW_KEY, _OWN, _REVOKED = 0b100, 0b1000, 0b1_0000, 0b10_0000
_ALL = _KIND | _NEW_ISSUER | _NEW_KEY | _OWN | _REVOKED


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
    """Appends to the file; gives issuers and keys their numbers."""

    def __init__(self) -> None:
        self.stream = Stream(Header(Kind.ISSUERS))
        self._issuers: dict[str, int] = {}
        self._keys: dict[str, tuple[int, DelegatedKey]] = {}

    def number(self, issuer: str) -> int:
        """An issuer's number; one that is not in the file yet is written there without a key."""
        if issuer not in self._issuers:
            self._issuers[issuer] = len(self._issuers)
            self.stream.append(bytes((_NO_KEY | _NEW_ISSUER,)) + uuid.UUID(issuer).bytes)
        return self._issuers[issuer]

    def known(self, key_id: str) -> "DelegatedKey | None":
        """What was written of a key last."""
        entry = self._keys.get(key_id)
        return entry[1] if entry else None

    def write(self, key: "DelegatedKey", at: dt.datetime) -> None:
        """A key that is new, or of which something changed."""
        key_id = key.key_id
        tag = KINDS.index(key.kind.value) | (_OWN if key.custody is Custody.OWN else 0)
        tag |= _REVOKED if key.last_good is not None else 0
        tag |= _NEW_ISSUER if key.issuer not in self._issuers else 0
        tag |= _NEW_KEY if key_id not in self._keys else 0
        out = bytearray((tag,))
        if tag & _NEW_ISSUER:
            self._issuers[key.issuer] = len(self._issuers)
            out += uuid.UUID(key.issuer).bytes
        else:
            put(out, self._issuers[key.issuer])
        out.append(int(key.province) if key.province.isdigit() else 0)
        if tag & _NEW_KEY:
            out += key.public_key
        else:
            put(out, self._keys[key_id][0])
        put(out, key.delegated_from)
        put(out, seconds(key.until))
        if key.last_good is not None:
            put(out, key.last_good + 1)  # -1: nothing it ever signed counts
            out.append(REASON_CODES.index(key.reason or "other"))
        put(out, seconds(at))
        self._keys[key_id] = (self._keys.get(key_id, (len(self._keys),))[0], key)
        self.stream.append(out)


class Issuers:
    """The file read whole. Raises `BadBundle`."""

    def __init__(self, data: bytes) -> None:
        check_header(data, Kind.ISSUERS)
        self.ids: list[str] = []
        """Each issuer's id, by its number."""
        self.keys: list[IssuerKey] = []
        """Each key as delegated last, by its number."""
        self.province: dict[int, str] = {}
        """By an issuer's number: the province that delegated to it last."""
        cursor = Cursor(data)
        while not cursor.done:
            self._read(cursor)

    def _read(self, cursor: Cursor) -> None:
        tag = cursor.byte()
        if tag & ~_ALL or (tag & _KIND == _NO_KEY and tag != _NO_KEY | _NEW_ISSUER):
            raise BadBundle("một loại bản ghi lạ", "an unknown kind of record")
        if tag & _NEW_ISSUER:
            self.ids.append(str(uuid.UUID(bytes=cursor.raw(16))))
        if tag & _KIND == _NO_KEY:
            return
        issuer = len(self.ids) - 1 if tag & _NEW_ISSUER else cursor.number()
        province = cursor.byte()
        number = len(self.keys)
        if tag & _NEW_KEY:
            public_key = cursor.raw(32)
        else:
            number = cursor.number()
            public_key = b""
        revoked = bool(tag & _REVOKED)
        counts_from, until = cursor.number(), instant_of(cursor.number())
        last_good = cursor.number() - 1 if revoked else None
        reason = reason_of(cursor.byte()) if revoked else None
        at = instant_of(cursor.number())
        if issuer >= len(self.ids) or province >= 100 or (not public_key and number >= len(self.keys)):
            raise BadBundle(
                "một đơn vị hoặc khóa không có trong tệp", "an issuer or key that is not in the file"
            )
        code = f"{province:02d}" if province else ""
        custody = Custody.OWN if tag & _OWN else Custody.HOSTED
        key = IssuerKey(
            issuer, KINDS[tag & _KIND], code, public_key, custody, counts_from, until, last_good, reason, at
        )
        if public_key:
            self.keys.append(key)
        else:
            self.keys[number] = replace(key, public_key=self.keys[number].public_key)
        self.province[issuer] = code
