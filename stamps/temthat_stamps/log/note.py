"""Signed notes and verifier keys (C2SP signed-note v1.0.0): text that one or more keys signed.

    text, each line ending in a newline
    (empty line)
    — name base64(key id, 4 bytes | signature)

Lines by keys nobody asked about are ignored; a line that names a known key and does not fit refuses the note.
What a note says counts for nothing before a signature by a known key was verified.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from temthat_stamps import ed25519
from temthat_stamps.errors import BadSignature, Fault, TrustError
from temthat_stamps.signer import Signer

NOTE_LIMIT = 128 * 1024
"""Largest note, bytes: room for the 16 signatures of 5 kB each that every verifier must take."""
LINES_LIMIT = 64
"""Most signature lines of a note."""
SIZE_LIMIT = 2**63 - 1
"""Largest tree size, index and timestamp."""
HASH_SIZE = 32

_MARK = "— "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_KEY_ID = re.compile(r"[0-9a-f]{8}")


class BadNote(TrustError):
    """A note, checkpoint, proof or verifier key that is malformed, or not signed by the key it needs."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(
            Fault.OPERATOR,
            f"{vi}. Hãy tải lại; nếu vẫn vậy, báo cho đơn vị vận hành sổ công khai và đừng dùng dữ liệu này",
            f"{en}. Fetch it again; if it stays so, tell whoever runs the log, and do not use this data",
        )


class KeyKind(IntEnum):
    """Signature types, as signed-note assigns them."""

    ED25519 = 0x01
    COSIGNATURE_V1 = 0x04


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """Whose signature lines are meant: a name, what the signature covers, and the raw 32-byte Ed25519 key.

    Raises `BadNote` for a name with spaces or “+”, or a key strict Ed25519 never accepts.
    """

    name: str
    kind: KeyKind
    public_key: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        try:
            ed25519.load_public_key(self.public_key)
        except BadSignature as error:
            raise BadNote(
                f"Khoá của “{self.name}” không dùng được", f"The key of “{self.name}” is none to trust"
            ) from error

    @property
    def id(self) -> bytes:
        """SHA-256(name | newline | type | key), first four bytes: with the name it says which key signed."""
        return hashlib.sha256(self.name.encode() + b"\n" + self._typed).digest()[:4]

    @property
    def _typed(self) -> bytes:
        return bytes([self.kind]) + self.public_key

    def __str__(self) -> str:
        """The verifier key as text: ``name+id+base64(type | key)``."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(self._typed).decode()}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a verifier key. Raises `BadNote`, also when its id is not the one its name and key give."""
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        typed = unbase64(encoded)
        if not _KEY_ID.fullmatch(key_id) or not typed:
            raise BadNote("Không phải khoá dạng tên+mã+base64", "Not a key of the form name+id+base64")
        try:
            key = cls(name, KeyKind(typed[0]), typed[1:])
        except ValueError:
            raise BadNote(
                f"Khoá của “{name}” thuộc loại {typed[0]:#04x} mà chương trình này không đọc",
                f"The key of “{name}” is of type {typed[0]:#04x}, which this program does not read",
            ) from None
        if key.id.hex() != key_id:
            raise BadNote(
                f"Khoá của “{name}” bị chép sai: mã không khớp",
                f"The key of “{name}” was mistyped: its id does not fit",
            )
        return key


@dataclass(frozen=True, slots=True)
class Line:
    """One signature line. Says nothing until it was verified."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        """The line, ending in a newline."""
        return f"{_MARK}{self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a line without its newline. Raises `BadNote`."""
        if not text.startswith(_MARK):
            raise BadNote("Dòng chữ ký không bắt đầu bằng “— ”", "A signature line does not start with “— ”")
        name, _, encoded = text[len(_MARK) :].partition(" ")
        check_name(name)
        data = unbase64(encoded)
        if len(data) < 5:
            raise BadNote(f"Chữ ký của “{name}” quá ngắn", f"The signature of “{name}” is too short")
        return cls(name, data[:4], data[4:])


@dataclass(frozen=True, slots=True)
class Note:
    """A text, ending in a newline, and its signature lines, none of them verified. Raises `BadNote`."""

    text: str
    signatures: tuple[Line, ...]

    def __post_init__(self) -> None:
        if not self.text.endswith("\n"):
            raise BadNote("Văn bản không kết thúc bằng xuống dòng", "The text does not end in a newline")
        if _CONTROL.search(self.text):
            raise BadNote("Văn bản có ký tự điều khiển", "The text has control characters")
        if not 1 <= len(self.signatures) <= LINES_LIMIT:
            raise BadNote(
                f"{len(self.signatures)} chữ ký: phải từ 1 đến {LINES_LIMIT}",
                f"{len(self.signatures)} signatures: 1 to {LINES_LIMIT} are taken",
            )

    def __bytes__(self) -> bytes:
        """The note as it is stored and sent."""
        return f"{self.text}\n{''.join(map(str, self.signatures))}".encode()

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a note. Raises `BadNote`."""
        text, empty, lines = plain_text(data, NOTE_LIMIT).rpartition("\n\n")
        if not empty:
            raise BadNote("Không có dòng trống trước chữ ký", "No empty line stands before the signatures")
        return cls(text + "\n", _parse_lines(lines))

    def by(self, key: VerifierKey) -> list[bytes]:
        """Signatures of the lines that name this key, in order, unverified."""
        return [line.signature for line in self.signatures if (line.name, line.key_id) == (key.name, key.id)]

    def with_lines(self, lines: Iterable[Line]) -> Self:
        """The same text with more signature lines; a line it has already is not added again."""
        return type(self)(self.text, tuple(dict.fromkeys((*self.signatures, *lines))))


class NoteSigner:
    """Signs notes' texts under a name with any signer of the house."""

    def __init__(self, name: str, signer: Signer) -> None:
        self.key = VerifierKey(name, KeyKind.ED25519, signer.public_key)
        self._signer = signer

    @property
    def vkey(self) -> str:
        """The verifier key as text."""
        return str(self.key)

    def sign(self, text: str) -> Line:
        """The signature line over a text. Raises `CustodyError` as the signer does."""
        return Line(self.key.name, self.key.id, self._signer.sign(text.encode()))


def verify_note(note: Note, key: VerifierKey) -> None:
    """Raise `BadNote` unless this Ed25519 key signed the text, and every line naming it fits."""
    signatures = note.by(key)
    if key.kind is not KeyKind.ED25519 or not signatures:
        raise BadNote(f"Thiếu chữ ký của “{key.name}”", f"The signature of “{key.name}” is missing")
    for signature in signatures:
        verify_signature(key, signature, note.text.encode())


def verify_signature(key: VerifierKey, signature: bytes, message: bytes) -> None:
    """Raise `BadNote` unless strict Ed25519 accepts these 64 bytes for this message."""
    try:
        ed25519.verify(ed25519.load_public_key(key.public_key), signature, message)
    except BadSignature as error:
        raise BadNote(f"Chữ ký của “{key.name}” sai", f"The signature of “{key.name}” is wrong") from error


def parse_lines(data: bytes) -> tuple[Line, ...]:
    """Signature lines on their own, as a witness answers. Raises `BadNote`."""
    return _parse_lines(plain_text(data, NOTE_LIMIT))


def _parse_lines(text: str) -> tuple[Line, ...]:
    *lines, rest = text.split("\n", LINES_LIMIT + 1)
    if rest or not lines:
        raise BadNote(
            f"Dòng chữ ký cuối bị cắt, hoặc có hơn {LINES_LIMIT} dòng",
            f"The last signature line is cut off, or there are more than {LINES_LIMIT}",
        )
    return tuple(map(Line.parse, lines))


def check_name(name: str) -> None:
    """Raise `BadNote` unless this can name a key: not empty, no white space, no control characters, no “+”."""
    if not name or "+" in name or _CONTROL.search(name) or any(map(str.isspace, name)):
        raise BadNote(
            "Tên khoá trống hoặc có khoảng trắng hay dấu “+”", "A key's name is empty or has a space or “+”"
        )


def plain_text(data: bytes, limit: int) -> str:
    """UTF-8 of at most `limit` bytes without control characters other than newline. Raises `BadNote`."""
    if len(data) > limit:
        raise BadNote(
            f"Dài {len(data)} byte: tối đa {limit}", f"It has {len(data)} bytes: at most {limit} are taken"
        )
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise BadNote("Không phải UTF-8", "Not UTF-8") from error
    if _CONTROL.search(text):
        raise BadNote("Có ký tự điều khiển", "It has control characters")
    return text


def unbase64(text: str) -> bytes:
    """Bytes of standard base64 in its one canonical form. Raises `BadNote`."""
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        data = b""
    if base64.b64encode(data).decode() != text:
        raise BadNote("Không phải base64", "Not base64 in its canonical form")
    return data


def unhash(text: str) -> bytes:
    """A SHA-256 hash from base64. Raises `BadNote`."""
    data = unbase64(text)
    if len(data) != HASH_SIZE:
        raise BadNote("Một dòng không phải mã băm 32 byte", "A line is no hash of 32 bytes")
    return data


def decimal(text: str) -> int:
    """A number of 63 bits in ASCII decimal without leading zeros. Raises `BadNote`."""
    if not _DECIMAL.fullmatch(text) or (number := int(text)) > SIZE_LIMIT:
        raise BadNote("Một số viết không đúng dạng", "A number is not a decimal in its one form")
    return number
