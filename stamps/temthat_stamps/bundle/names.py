"""What opens a shard's commitments: of each run its issuer, product, pack form and lot, in words, with the salt.

Not a function of the log: an entry whose names were erased holds the bare commitment, and the file is still checked
as a whole against the digest in the list of files.
"""

import hashlib

from temthat_stamps.bundle.encoding import (
    BadBundle,
    Cursor,
    Header,
    Kind,
    Month,
    check_header,
    put,
    put_text,
)
from temthat_stamps.manifest import SALT_SIZE, Names

TEXT_LIMIT = 4_000
"""Bytes of the longest name."""
_ERASED, _OPEN = range(2)


class NamesWriter:
    """Writes a shard's names: one call for each of its runs, in the order of the shard."""

    def __init__(self, province: str, month: Month) -> None:
        self._out = bytearray(Header(Kind.NAMES, province, month).to_bytes())
        self._texts: dict[str, int] = {}

    def add(self, names: Names, salt: bytes) -> None:
        """The next run's names and the 16 bytes that were committed to with them."""
        self._out.append(_OPEN)
        self._out += salt
        for text in (names.issuer, names.product, names.pack_form, names.lot):
            number = self._texts.get(text, 0)
            put(self._out, number)
            if not number:
                put_text(self._out, text)
                self._texts[text] = len(self._texts) + 1

    def erased(self, commitment: bytes) -> None:
        """The next run's names are gone; its commitment (32 bytes) is public anyway."""
        self._out.append(_ERASED)
        self._out += commitment

    @property
    def data(self) -> bytes:
        """The file."""
        return bytes(self._out)


class NamesFile:
    """A shard's names read whole. Raises `BadBundle`."""

    def __init__(self, data: bytes, province: str, month: Month) -> None:
        check_header(data, Kind.NAMES, province, month)
        self._entries: list[bytes | tuple[bytes, int, int, int, int]] = []
        self._texts = [""]
        cursor = Cursor(data)
        while not cursor.done:
            tag = cursor.byte()
            if tag == _ERASED:
                self._entries.append(cursor.raw(32))
            elif tag == _OPEN:
                salt = cursor.raw(SALT_SIZE)
                issuer, product, pack_form, lot = (self._text(cursor) for _ in range(4))
                self._entries.append((salt, issuer, product, pack_form, lot))
            else:
                raise BadBundle("một loại bản ghi lạ", "an unknown kind of record")

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, place: int) -> Names | None:
        """The names of the run at that place of the shard; None where they were erased."""
        entry = self._entries[place] if place < len(self._entries) else b""
        return None if isinstance(entry, bytes) else Names(*(self._texts[number] for number in entry[1:]))

    def check(self, commitments: str) -> None:
        """Raise `BadBundle` unless these are the names that the shard's manifests commit to.

        `commitments` is SHA-256 (hex) over the 32-byte commitments of its runs in order, from the list of files.
        """
        digest = hashlib.sha256()
        for place, entry in enumerate(self._entries):
            names = self.get(place)
            if isinstance(entry, bytes):
                digest.update(entry)
            elif names is not None:
                digest.update(bytes.fromhex(names.commitment(entry[0])))
        if digest.hexdigest() != commitments:
            raise BadBundle(
                "tên sản phẩm không khớp với bản kê đã ký",
                "names of products are not those the signed manifests commit to",
            )

    def _text(self, cursor: Cursor) -> int:
        number = cursor.number()
        if number >= len(self._texts):
            raise BadBundle("một đoạn chữ không có trong tệp", "a text that is not in the file")
        if not number:
            self._texts.append(cursor.text(TEXT_LIMIT))
            return len(self._texts) - 1
        return number
