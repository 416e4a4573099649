"""ed25519.json: signatures on which verifiers in the field disagree, with what the strict profile says of each."""

import hashlib
from collections.abc import Callable, Iterator

from vectors import slow
from vectors.keys import OPERATOR, STAMP_A, STAMP_B
from vectors.slow import T8, B, L, O, P, Point

MESSAGE = b"temthat stamp v1\n" + bytes.fromhex("01") + STAMP_A.hint + bytes.fromhex("00000007000001")


def build() -> dict[str, object]:
    """The file's contents."""
    cases = [
        {
            "name": name,
            "public_key": public.hex(),
            "message": message.hex(),
            "signature": signature.hex(),
            "accept": not (reason := slow.refusal(public, message, signature)),
            "reason": reason or "valid",
            "zip215": slow.zip215(public, message, signature),
        }
        for name, public, message, signature in _cases()
    ]
    keys = [
        {"name": name, "public_key": public.hex(), "enrol": slow.is_enrollable(public)}
        for name, public in _keys()
    ]
    return {
        "about": "Strict Ed25519 as docs/spec/stamp.md states it. `accept` is the one answer every verifier of this "
        "system gives; `zip215` is what a cofactored, lenient verifier says, for comparison only. All hexadecimal.",
        "how": "stamps/vectors/signatures.py, with the point arithmetic of stamps/vectors/slow.py. Keys are published "
        "test keys (RFC 8032, section 7.1); nonces are SHA-512 of the case's name.",
        "cases": cases,
        "enrolment": keys,
    }


def _le(number: int) -> bytes:
    return number.to_bytes(32, "little")


def _nonce(name: str) -> int:
    return int.from_bytes(hashlib.sha512(name.encode()).digest(), "little") % L


def _forge(public: bytes, scalar: int, r: bytes, nonce: int, message: bytes) -> bytes:
    """S for given encodings of A and R, whatever torsion or false bits these carry."""
    k = slow.challenge(r, public, message) % L
    return r + _le((nonce + k * scalar) % L)


def _message_where(fits: Callable[[int], bool], r: bytes, public: bytes) -> bytes:
    """The first counted message whose challenge fits."""
    for count in range(10_000):
        message = MESSAGE + count.to_bytes(2)
        if fits(slow.challenge(r, public, message)):
            return message
    raise AssertionError("unreachable")


Case = tuple[str, bytes, bytes, bytes]


def _cases() -> Iterator[Case]:
    yield from _ordinary()
    yield from _scalars()
    yield from _encodings()
    yield from _small_order()
    yield from _torsion()


def _ordinary() -> Iterator[Case]:
    for name, message in (
        ("a stamp's message", MESSAGE),
        ("empty message", b""),
        ("1023 bytes", bytes(i % 251 for i in range(1023))),
    ):
        yield f"valid: {name}", STAMP_A.public, message, slow.sign(STAMP_A.seed, message)
    good = slow.sign(STAMP_A.seed, MESSAGE)
    yield "another message", STAMP_A.public, MESSAGE[:-1] + b"\x02", good
    yield "another key", STAMP_B.public, MESSAGE, good
    for bit in (0, 7, 254, 255, 256, 300, 507):
        flipped = (int.from_bytes(good, "little") ^ 1 << bit).to_bytes(64, "little")
        yield f"bit {bit} of the signature flipped", STAMP_A.public, MESSAGE, flipped
    yield "63 bytes", STAMP_A.public, MESSAGE, good[:-1]
    yield "65 bytes", STAMP_A.public, MESSAGE, good + b"\0"
    yield "no signature", STAMP_A.public, MESSAGE, b""
    yield "key of 31 bytes", STAMP_A.public[:-1], MESSAGE, good
    yield "key of 33 bytes", STAMP_A.public + b"\0", MESSAGE, good
    yield "all zero", STAMP_A.public, MESSAGE, bytes(64)


def _scalars() -> Iterator[Case]:
    good = slow.sign(STAMP_A.seed, MESSAGE)
    s = int.from_bytes(good[32:], "little")
    for times in range(1, 16):
        if s + times * L < 1 << 256:
            yield f"S + {times} L", STAMP_A.public, MESSAGE, good[:32] + _le(s + times * L)
    yield "S = 0", STAMP_A.public, MESSAGE, good[:32] + bytes(32)
    yield "S = L", STAMP_A.public, MESSAGE, good[:32] + _le(L)
    yield "S = L - 1", STAMP_A.public, MESSAGE, good[:32] + _le(L - 1)
    yield "S = 2^256 - 1", STAMP_A.public, MESSAGE, good[:32] + b"\xff" * 32


def _encodings() -> Iterator[Case]:
    """Encodings of A and R that are no points, or not the bytes encoding would give."""
    good = slow.sign(STAMP_A.seed, MESSAGE)
    off_curve = next(_le(y) for y in range(2, 100) if slow.decode(_le(y)) is None)
    yield "A not on the curve", off_curve, MESSAGE, good
    yield "R not on the curve", STAMP_A.public, MESSAGE, off_curve + good[32:]
    for y in (2, 3, 4, 5, 6, 9, 10, 13, 14, 15, 16, 18):
        beyond = _le(y + P)
        if slow.decode(beyond) is not None:
            yield f"A with y = p + {y}", beyond, MESSAGE, good
            yield f"R with y = p + {y}", STAMP_A.public, MESSAGE, beyond + good[32:]
            break
    # The neutral element written wrongly: the equation holds for a verifier that reads these bytes.
    for label, wrong in _wrong_small().items():
        point = slow.decode(wrong)
        assert point is not None
        if point.affine == (0, 1):
            signature = _forge(STAMP_A.public, STAMP_A.scalar, wrong, 0, MESSAGE)
            yield f"R = {label}, S fits", STAMP_A.public, MESSAGE, signature
        nonce = _nonce(f"A = {label}")
        r = (nonce * B).encode()
        message = _message_where(lambda k: k % L % 8 == 0, r, wrong)
        yield f"A = {label}, S fits", wrong, message, r + _le(nonce)


def _wrong_small() -> dict[str, bytes]:
    """Non-canonical encodings of points of small order."""
    sign = 1 << 255
    return {
        "1 with the sign bit": _le(1 | sign),
        "p - 1 with the sign bit": _le(P - 1 | sign),
        "p": _le(P),
        "p with the sign bit": _le(P | sign),
        "p + 1": _le(P + 1),
        "p + 1 with the sign bit": _le(P + 1 | sign),
    }


def _small_order() -> Iterator[Case]:
    """Keys and nonces of small order: the holder can make one signature fit many messages."""
    for index in range(8):
        public = (index * T8).encode()
        nonce = _nonce(f"small A {index}")
        r = (nonce * B).encode()
        message = _message_where(lambda k: k % L % 8 == 0, r, public)
        yield f"A = {index} T, S fits", public, message, r + _le(nonce)
        message = _message_where(lambda k: k % L % 8 == 3, r, public)
        yield f"A = {index} T, S fits after the cofactor", public, message, r + _le(nonce)
    for index in range(8):
        r = (index * T8).encode()
        signature = _forge(STAMP_A.public, STAMP_A.scalar, r, 0, MESSAGE)
        yield f"R = {index} T, S fits after the cofactor", STAMP_A.public, MESSAGE, signature
    yield "A and R neutral, S = 0", O.encode(), MESSAGE, O.encode() + bytes(32)


def _torsion() -> Iterator[Case]:
    """A or R with a torsion part: here verifiers with and without the cofactor part company."""
    for order in (2, 4, 8):
        torsion = (8 // order) * T8
        public = (STAMP_A.scalar * B + torsion).encode()
        yield from _mixed_key(f"A + point of order {order}", order, public)
    nonce = _nonce("mixed R")
    mixed_r = (nonce * B + T8).encode()
    signature = _forge(STAMP_A.public, STAMP_A.scalar, mixed_r, nonce, MESSAGE)
    yield "R + point of order 8, S fits after the cofactor", STAMP_A.public, MESSAGE, signature
    public = (STAMP_A.scalar * B + T8).encode()
    message = _message_where(lambda k: k % L % 8 == 7, mixed_r, public)
    yield (
        "A + T and R + T, torsion cancels",
        public,
        message,
        _forge(public, STAMP_A.scalar, mixed_r, nonce, message),
    )


def _mixed_key(name: str, order: int, public: bytes) -> Iterator[Case]:
    nonce = _nonce(name)
    r = (nonce * B).encode()

    def case(label: str, fits: Callable[[int], bool]) -> Case:
        message = _message_where(fits, r, public)
        return f"{name}, {label}", public, message, _forge(public, STAMP_A.scalar, r, nonce, message)

    yield case("torsion vanishes", lambda k: k % L % order == 0 and k % order == 0)
    yield case("S fits after the cofactor", lambda k: k % L % order == 1 and k % order == 1)
    # [k]A depends on whether k is reduced modulo L first. The profile says: it is.
    yield case("torsion vanishes only with k reduced", lambda k: k % L % order == 0 and k % order != 0)
    yield case("torsion vanishes only with k not reduced", lambda k: k % L % order != 0 and k % order == 0)


def _keys() -> Iterator[tuple[str, bytes]]:
    for key in (STAMP_A, STAMP_B, OPERATOR):
        yield key.name, key.public
    for index in range(8):
        yield f"{index} T, of small order", (index * T8).encode()
    for label, encoding in _wrong_small().items():
        yield f"not canonical: {label}", encoding
    for order in (2, 4, 8):
        mixed: Point = STAMP_A.scalar * B + (8 // order) * T8
        yield f"stamp key A + point of order {order}", mixed.encode()
    yield "not on the curve", next(_le(y) for y in range(2, 100) if slow.decode(_le(y)) is None)
    yield "31 bytes", STAMP_A.public[:-1]
    yield "33 bytes", STAMP_A.public + b"\0"
    yield "no bytes", b""
