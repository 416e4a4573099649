"""The stamp's code: one URL that a phone opens and a scanner judges. Format version 1.

    HTTPS://HOST/T/ + base32(header 12 bytes | signature 64 bytes)

Specification: docs/spec/stamp.md. The host is not signed and is ignored by everything here but `Code.host`.
"""

import base64
import re
import struct
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote, urlsplit

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
_CODE = re.compile(r"(?:[A-Z2-7]{122}|[a-z2-7]{122})")
_SHORT_PATH = re.compile(r"/[Tt]/([A-Za-z2-7]{122})")
_GS1_PATH = re.compile(r"/01/([0-9]{14})/10/([^/]{1,60})/21/([0-9A-Za-z]{16})")
_GS1_TEXT = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}")
"""GS1 General Specifications, CSET 82, at most 20 characters: what a lot number may be."""


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
    if len(text) > TEXT_LIMIT or any(not "!" <= c <= "~" for c in text):
        raise NotOurs("not a code of this system")
    if len(text) == CODE_LENGTH:
        return _decode_bare(text, None, None)
    try:
        url = urlsplit(text)
        host = url.netloc.rpartition("@")[2].lower()
    except ValueError as error:
        raise NotOurs("not a URL") from error
    if url.scheme.lower() not in ("https", "http") or not host:
        raise NotOurs("not a URL of this system")
    if short := _SHORT_PATH.fullmatch(_unquote_once(url.path)):
        return _decode_bare(short[1], host, None)
    if long := _GS1_PATH.fullmatch(url.path):
        lot = _unquote_once(long[2])
        codes = parse_qs(url.query, max_num_fields=20).get("t", []) if url.query.count("&") < 20 else []
        if len(codes) == 1 and _GS1_TEXT.fullmatch(lot):
            return _decode_bare(codes[0], host, Gs1Path(long[1], lot, long[3].upper()))
    raise NotOurs("not a code of this system")


def _unquote_once(part: str) -> str:
    """Percent-decoding exactly once; what is still encoded after it is not ours."""
    try:
        return unquote(part, encoding="ascii", errors="strict") if "%" in part else part
    except UnicodeDecodeError as error:
        raise NotOurs("not ASCII") from error


def _decode_bare(text: str, host: str | None, gs1: Gs1Path | None) -> Code:
    if not _CODE.fullmatch(text):
        raise NotOurs("not 122 base32 characters of one case")
    raw = base64.b32decode(text.upper() + "======")
    # 122 characters carry 610 bits for 608: the two spare ones must be zero, or one stamp had four texts.
    if text[-1].upper() not in "AEIMQUY4":
        raise NotOurs("spare bits are not zero")
    if raw[0] != VERSION:
        raise NewerFormat(raw[0])
    _, hint, run = _HEAD.unpack_from(raw)
    try:
        header = Header(hint, run, int.from_bytes(raw[9:12]))
    except ValueError as error:
        raise NotOurs(str(error)) from error
    return Code(header, raw[HEADER_SIZE:], host, gs1)
