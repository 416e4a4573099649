"""The stamp's format once more, from docs/spec/stamp.md and the standard library alone."""

import base64
import hashlib
import hmac

from vectors.keys import PublishedKey

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RUN_SECRET = bytes(range(32))
"""The test run's secret, from which its printed numbers and PINs follow."""


def header(hint: bytes, run: int, serial: int, version: int = 1) -> bytes:
    """The twelve bytes, whatever their values."""
    return bytes([version]) + hint + run.to_bytes(4) + serial.to_bytes(3)


def base32(data: bytes) -> str:
    """Upper case, no padding."""
    return base64.b32encode(data).decode().rstrip("=")


def signed(key: PublishedKey, run: int, serial: int, version: int = 1) -> str:
    """The 122 characters of a stamp with a good signature, whatever its header says."""
    head = header(key.hint, run, serial, version)
    return base32(head + key.sign(b"temthat stamp v1\n" + head))


def _times(a: int, b: int) -> int:
    """The product in GF(2)[x] / (x^5 + x^2 + 1)."""
    product = 0
    for bit in range(5):
        if b >> bit & 1:
            product ^= a << bit
    for bit in range(8, 4, -1):
        if product >> bit & 1:
            product ^= 0b100101 << bit - 5
    return product


def check_character(text: str) -> str:
    """The sixteenth character: the sum of value times x^15, x^14 ... x^1, place by place."""
    total = 0
    for place, character in enumerate(text):
        weight = 1
        for _ in range(15 - place):
            weight = _times(weight, 2)
        total ^= _times(CROCKFORD.index(character), weight)
    return CROCKFORD[total]


def number(run: int, serial: int, mac: int) -> str:
    """The sixteen characters."""
    value = run << 47 | serial << 23 | mac
    text = "".join(CROCKFORD[value >> shift & 31] for shift in range(70, -1, -5))
    return text + check_character(text)


def _hkdf(secret: bytes, info: bytes) -> bytes:
    """RFC 5869 with SHA-256, no salt, one block."""
    extracted = hmac.digest(bytes(32), secret, hashlib.sha256)
    return hmac.digest(extracted, info + b"\x01", hashlib.sha256)


def number_mac(head: bytes, secret: bytes = RUN_SECRET) -> int:
    """The 23 bits."""
    digest = hmac.digest(
        _hkdf(secret, b"temthat number key v1"), b"temthat number v1\n" + head, hashlib.sha256
    )
    return int.from_bytes(digest) >> 256 - 23


def pin(head: bytes, secret: bytes = RUN_SECRET) -> str:
    """The six digits."""
    digest = hmac.digest(_hkdf(secret, b"temthat pin key v1"), b"temthat pin v1\n" + head, hashlib.sha256)
    return f"{int.from_bytes(digest[:8]) % 1_000_000:06d}"


def number_of(key: PublishedKey, run: int, serial: int) -> str:
    """The printed number of a stamp of the test run."""
    return number(run, serial, number_mac(header(key.hint, run, serial)))
