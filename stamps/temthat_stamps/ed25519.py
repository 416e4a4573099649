"""Strict Ed25519: one accept set, the same here and in the browser.

RFC 8032 with the cofactorless equation, and on top of it: S < L, A and R canonical and not of small order; k is
reduced modulo L before use, which matters for keys with a torsion part (such keys are refused at enrolment).
`cryptography` (OpenSSL) checks S < L, computes [S]B - [k]A and compares its encoding with R byte for byte; that makes
R canonical. What it lets pass and we do not (small order, non-canonical A) is looked up before.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from temthat_stamps.errors import BadSignature

P = 2**255 - 19

_ORDER_8_Y = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7


def _small_order() -> frozenset[bytes]:
    """Every encoding, canonical or not in its sign bit, of a point whose order divides eight."""
    encodings = set()
    for y in (0, 1, P - 1, _ORDER_8_Y, P - _ORDER_8_Y):
        for sign in (0, 1):
            encodings.add((y | sign << 255).to_bytes(32, "little"))
    return frozenset(encodings)


SMALL_ORDER = _small_order()


def acceptable_point(encoding: bytes) -> bool:
    """Canonical (y < p) and not of small order. Whether it is on the curve is the verifier's to find."""
    y = int.from_bytes(encoding, "little") & (1 << 255) - 1
    return y < P and encoding not in SMALL_ORDER


def load_public_key(raw: bytes) -> Ed25519PublicKey:
    """A public key of 32 bytes; raises `BadSignature` if no signature by it could ever be accepted."""
    if len(raw) != 32 or not acceptable_point(raw):
        raise BadSignature("the public key is not canonical or of small order")
    return Ed25519PublicKey.from_public_bytes(raw)


def verify(public_key: Ed25519PublicKey, signature: bytes, message: bytes) -> None:
    """Raise `BadSignature` unless strict Ed25519 accepts. `public_key` comes from `load_public_key`."""
    if len(signature) != 64 or signature[:32] in SMALL_ORDER:
        raise BadSignature("not 64 bytes, or R is of small order")
    try:
        public_key.verify(signature, message)
    except InvalidSignature as error:
        raise BadSignature("the signature does not fit") from error
