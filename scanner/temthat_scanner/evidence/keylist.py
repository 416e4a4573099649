"""Whose device signed: a list that an authority keeps of the keys of its inspectors' devices.

A plain JSON file. Whoever verifies has it from the authority itself, as the fingerprint on paper before; a signature on
it would need a key that would have to be known in the same way. `sha256` is what two people compare.
"""

import datetime as dt
import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from temthat_scanner.evidence.form import BadEvidence
from temthat_stamps.bundle.listing import read_object
from temthat_stamps.errors import BadStatement
from temthat_stamps.fields import Fields
from temthat_stamps.files import replace_file
from temthat_stamps.trust.roles import is_province

TYPE = "inspector-keys"
_LIMIT = 10_000
"""Keys of one list."""
_BYTES_LIMIT = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A device's key, SHA-256 of its public part in hex, and since and until which day (of Vietnam) it counts.

    Both days are included; `until` None: no end is known.
    """

    fingerprint: str
    label: str
    province: str
    since: dt.date
    until: dt.date | None = None

    def counts_on(self, day: dt.date) -> bool:
        """Whether it counts on that day."""
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class KeyList:
    """An authority's list. One key may stand in it several times, for days that do not meet."""

    authority: str
    keys: tuple[ListedKey, ...] = ()
    sha256: str = ""
    """Of the file it was read from, hex."""

    def find(self, fingerprint: str) -> list[ListedKey]:
        """Everything noted of a key, the earliest first."""
        return sorted((key for key in self.keys if key.fingerprint == fingerprint), key=lambda key: key.since)

    def add(self, fresh: ListedKey) -> "KeyList":
        """With one more. Raises `BadEvidence` where it counts on some of these days already, or the list is full."""
        if len(self.keys) >= _LIMIT:
            raise BadEvidence(
                f"danh sách đã đủ {_LIMIT} dòng: lập danh sách khác",
                f"the list has its {_LIMIT} entries: begin another one",
            )
        if fresh.until is not None and fresh.until < fresh.since:
            raise BadEvidence("ngày hết hạn trước ngày bắt đầu", "the last day is before the first")
        for known in self.find(fresh.fingerprint):
            if (known.until is None or fresh.since <= known.until) and (
                fresh.until is None or known.since <= fresh.until
            ):
                raise BadEvidence(
                    f"khóa này đã có trong danh sách ({known.label}): kết thúc dòng cũ trước, bằng --end",
                    f"this key is listed already ({known.label}): end that first, with --end",
                )
        return replace(self, keys=(*self.keys, fresh))

    def end(self, fingerprint: str, day: dt.date) -> "KeyList":
        """With that key's last period ending on that day. Raises `BadEvidence` where there is none to end."""
        found = self.find(fingerprint)
        if not found or found[-1].since > day:
            raise BadEvidence(
                "không có khóa này trong danh sách, hoặc ngày đó trước ngày bắt đầu của nó",
                "this key is not listed, or that day is before its first",
            )
        ended = replace(found[-1], until=day)
        return replace(self, keys=tuple(ended if key == found[-1] else key for key in self.keys))

    def write(self, file: Path) -> None:
        """Whole or not at all. Raises `OSError`."""
        keys = [
            {name: str(value) for name, value in asdict(key).items() if value is not None}
            for key in self.keys
        ]
        body = {"v": 1, "type": TYPE, "authority": self.authority, "keys": keys}
        replace_file(file, (json.dumps(body, ensure_ascii=False, indent=1) + "\n").encode())


def fingerprint_of(text: str) -> str:
    """A fingerprint as people write it, blanks and capitals ignored. Raises `BadEvidence`."""
    plain = "".join(text.split()).lower()
    if len(plain) != 64 or plain.strip("0123456789abcdef"):
        raise BadEvidence(
            "dấu vân tay khóa gồm 64 chữ số và chữ từ a đến f",
            "a fingerprint has 64 digits and letters a to f",
        )
    return plain


def read_keys(file: Path) -> KeyList:
    """Raises `BadEvidence`, also where the file cannot be opened."""
    try:
        if file.stat().st_size > _BYTES_LIMIT:
            raise BadEvidence(f"{file} quá lớn", f"{file} is too large")
        data = file.read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise BadEvidence(f"không mở được {file}: {why}", f"cannot open {file}: {why}") from error
    try:
        return _parse(data)
    except BadStatement as error:
        raise BadEvidence(
            f"{file} không phải danh sách khóa ({error})", f"{file} is no list of keys ({error})"
        ) from error


def _parse(data: bytes) -> KeyList:
    f = Fields(body := read_object(data))
    f.equal("v", 1)
    f.equal("type", TYPE)
    keys = body.get("keys")
    if not isinstance(keys, list) or len(keys) > _LIMIT:
        raise BadStatement(f"member “keys” is not a list of at most {_LIMIT}")
    return KeyList(f.text("authority"), tuple(map(_key, keys)), hashlib.sha256(data).hexdigest())


def _key(body: Any) -> ListedKey:
    if not isinstance(body, dict):
        raise BadStatement("a key is not an object")
    f = Fields(body)
    province = f.text("province", 2)
    if province and not is_province(province):
        raise BadStatement("member “province” is not a province code")
    until = None if f.absent("until") else f.day("until")
    return ListedKey(f.hex("fingerprint", 32), f.text("label"), province, f.day("since"), until)
