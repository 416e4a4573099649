"""The stamp's code: one URL that a phone opens and a scanner judges. Format version 1.

    HTTPS://HOST/T/ + base32(header 12 bytes | signature 64 bytes)

Specification: docs/spec/stamp.md. The host is not signed and is ignored by everything here but `Code.host`.
"""

import base64
import re
import struct
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote

from temthat_stamps.errors import NewerFormat, NotOurs

VERSION = 1
RUN_MAX = 2**28 - 2
SERIAL_MAX = 2**24 - 2
HEADER_SIZE = 12
SIGNATURE_SIZE = 64
CODE_LENGTH = 122
TEXT_LIMIT = 2048
"""Longest text looked at, in characters; a stamp needs fewer than 300."""

_HEAD = struct.Struct(">B4sI")
_GRAPHIC = re.compile(r"[!-~]*")
_CODE = re.compile(r"[A-Z2-7]{122}|[a-z2-7]{122}")
# Written out instead of a URL library: two libraries differ on `\\`, `@` and brackets, two scanners must not.
_URL = re.compile(
    r"(?i:https?)://(?:[^/?#@\\]*@)?(?P<host>[A-Za-z0-9._-]+(?::[0-9]{1,5})?)"
    r"(?P<path>/[^?#]*)(?:\?(?P<query>[^#]*))?(?:#.*)?"
)
# What is nearly always scanned, in one step; everything it takes the general way takes too.
_AS_PRINTED = re.compile(
    r"(?i:https?)://([A-Za-z0-9._-]+(?::[0-9]{1,5})?)/[Tt]/([A-Z2-7]{122}|[a-z2-7]{122})", re.ASCII
)
_SHORT_PATH = re.compile(r"/[Tt]/([A-Za-z2-7]{122})")
_GS1_PATH = re.compile(r"/01/([0-9]{14})/10/([^/]{1,60})/21/([0-9A-Za-z]{16})")
_LOT = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_FIELDS = 20
"""Most query parameters looked through for `t`."""

# RFC 4648 letters, either case, to the digits `int` knows: the standard library's own decoder is thirty times slower.
_DIGITS = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz234567",
    b"0123456789ABCDEFGHIJKLMNOP0123456789ABCDEFGHIJKLMNOPQRSTUV",
)


@dataclass(frozen=True, slots=True)
class Header:
    """What is signed. Identity is (run, serial); the hint only helps to find the key."""

    hint: bytes
    run: int
    serial: int

    def __post_init__(self) -> None:
        if len(self.hint) != 4 or not 1 <= self.run <= RUN_MAX or not 1 <= self.serial <= SERIAL_MAX:
            raise ValueError(f"no such stamp: run {self.run}, serial {self.serial}")

    def to_bytes(self) -> bytes:
        """The 12 bytes: version, hint, run (32 bits), serial (24 bits), big-endian."""
        return _HEAD.pack(VERSION, self.hint, self.run) + self.serial.to_bytes(3)


@dataclass(frozen=True, slots=True)
class Gs1Path:
    """What the GS1 form says in clear beside the code; it must agree with the header and the manifest."""

    gtin: str
    lot: str
    number: str

    def __post_init__(self) -> None:
        if len(self.gtin) != 14 or not lot_fits_gs1(self.lot):
            raise ValueError(f"not for a GS1 address: GTIN {self.gtin!r}, lot {self.lot!r}")


def lot_fits_gs1(lot: str) -> bool:
    """Whether a lot number can stand in the GS1 form: 1 to 20 characters of CSET 82 (GS1 General Specifications)."""
    return _LOT.fullmatch(lot) is not None


@dataclass(frozen=True, slots=True)
class Code:
    """A decoded code. Decoding proves nothing; `signing.verify` does."""

    header: Header
    signature: bytes
    host: str | None = None
    gs1: Gs1Path | None = None

    @property
    def text(self) -> str:
        """The 122 characters, upper case."""
        return encode(self.header.to_bytes(), self.signature)


def encode(header: bytes, signature: bytes) -> str:
    """Header and signature as 122 upper-case base32 characters (RFC 4648, no padding)."""
    return base64.b32encode(header + signature)[:CODE_LENGTH].decode("ascii")


def stamp_url(host: str, text: str, scheme: str = "HTTPS") -> str:
    """The URL as printed: all upper case, so that QR alphanumeric mode holds it. Plain HTTP is for demos only."""
    return f"{scheme}://{host.upper()}/T/{text}"


def gs1_url(host: str, path: Gs1Path, text: str, scheme: str = "HTTPS") -> str:
    """The GS1 Digital Link form for producers with a GTIN (design: version 8-M up to ten lot characters)."""
    lot = quote(path.lot, safe="")
    return f"{scheme}://{host.upper()}/01/{path.gtin}/10/{lot}/21/{path.number}?t={text}"


def decode(text: str) -> Code:
    """A URL (short or GS1 form) or the bare 122 characters to a `Code`.

    Raises `NotOurs` for anything malformed, `NewerFormat` for an unknown version byte.
    """
    text = text.strip(" \t\r\n")
    if printed := _AS_PRINTED.fullmatch(text):
        host, code = printed.groups()
        return _decode_bare(code, host.lower(), None)
    if len(text) > TEXT_LIMIT or not _GRAPHIC.fullmatch(text):
        raise NotOurs("not a code of this system")
    if len(text) == CODE_LENGTH:
        return _decode_bare(text, None, None)
    url = _URL.fullmatch(text)
    if url is None:
        raise NotOurs("not a URL of this system")
    host = url["host"].lower()
    if short := _SHORT_PATH.fullmatch(_unquote_once(url["path"])):
        return _decode_bare(short[1], host, None)
    if long := _GS1_PATH.fullmatch(url["path"]):
        try:
            gs1 = Gs1Path(long[1], _unquote_once(long[2]), long[3].upper())
        except ValueError as error:
            raise NotOurs(str(error)) from error
        return _decode_bare(_parameter_t(url["query"] or ""), host, gs1)
    raise NotOurs("not a code of this system")


def _parameter_t(query: str) -> str:
    """The one parameter `t`; two of them would let two readers see two stamps."""
    if query.count("&") >= _FIELDS:
        raise NotOurs("too many parameters")
    values = [value for name, value in parse_qsl(query, keep_blank_values=True) if name == "t"]
    if len(values) != 1:
        raise NotOurs("not exactly one parameter t")
    return values[0]


def _unquote_once(part: str) -> str:
    """Percent-decoding exactly once; what is still encoded after it is not ours."""
    if "%" not in part:
        return part
    if _BAD_ESCAPE.search(part):
        raise NotOurs("a broken percent-escape")
    try:
        return unquote(part, encoding="ascii", errors="strict")
    except UnicodeDecodeError as error:
        raise NotOurs("not ASCII") from error


def _decode_bare(text: str, host: str | None, gs1: Gs1Path | None) -> Code:
    if not _CODE.fullmatch(text):
        raise NotOurs("not 122 base32 characters of one case")
    value = int(text.encode("ascii").translate(_DIGITS), 32)
    # 122 characters carry 610 bits for 608: the two spare ones must be zero, or one stamp had four texts.
    if value & 0b11:
        raise NotOurs("spare bits are not zero")
    raw = (value >> 2).to_bytes(HEADER_SIZE + SIGNATURE_SIZE)
    if raw[0] != VERSION:
        raise NewerFormat(raw[0])
    _, hint, run = _HEAD.unpack_from(raw)
    try:
        header = Header(hint, run, int.from_bytes(raw[9:12]))
    except ValueError as error:
        raise NotOurs(str(error)) from error
    return Code(header, raw[HEADER_SIZE:], host, gs1)
