"""Ed25519 written out from RFC 8032, section 5.1, slowly and with nothing left out.

For making vectors only: it shares no line with the library it is there to check, can sign with keys no honest program
would make, and says why it refuses. Never use it with a real key: its time depends on the secret.
"""

import hashlib
from dataclasses import dataclass

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


@dataclass(frozen=True)
class Point:
    """A point in extended coordinates: x = X/Z, y = Y/Z, T = XY/Z."""

    x: int
    y: int
    z: int = 1
    t: int = 0

    def __add__(self, other: "Point") -> "Point":
        """The complete addition of the twisted Edwards curve with a = -1."""
        a = (self.y - self.x) * (other.y - other.x) % P
        b = (self.y + self.x) * (other.y + other.x) % P
        c = 2 * D * self.t * other.t % P
        d = 2 * self.z * other.z % P
        e, f, g, h = b - a, d - c, d + c, b + a
        return Point(e * f % P, g * h % P, f * g % P, e * h % P)

    def __neg__(self) -> "Point":
        return Point(-self.x % P, self.y, self.z, -self.t % P)

    def __rmul__(self, scalar: int) -> "Point":
        """Double and add; the scalar is taken as it is, not reduced."""
        total, power = O, self
        while scalar:
            if scalar & 1:
                total = total + power
            power = power + power
            scalar >>= 1
        return total

    @property
    def affine(self) -> tuple[int, int]:
        """(x, y)."""
        inverse = pow(self.z, -1, P)
        return self.x * inverse % P, self.y * inverse % P

    def encode(self) -> bytes:
        """The canonical 32 bytes."""
        x, y = self.affine
        return (y | (x & 1) << 255).to_bytes(32, "little")

    @property
    def is_small(self) -> bool:
        """Whether the order divides eight."""
        return (8 * self).affine == (0, 1)


O = Point(0, 1)  # noqa: E741 - the neutral element's own name


def decode(encoding: bytes) -> Point | None:
    """The point, or None off the curve; y is taken modulo p and a sign of x = 0 ignored, as lenient verifiers do."""
    number = int.from_bytes(encoding, "little")
    sign, y = number >> 255, (number & (1 << 255) - 1) % P
    u, v = y * y - 1, D * y * y + 1
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x - u) % P:
        x = x * SQRT_M1 % P
    if (v * x * x - u) % P:
        return None
    if x & 1 != sign:
        x = -x % P
    return Point(x, y, 1, x * y % P)


def _base() -> Point:
    point = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    assert point is not None
    return point


B = _base()


def _torsion() -> Point:
    """A point of order eight: L times the first point that has a torsion part of that order."""
    for y in range(2, 100):
        point = decode(y.to_bytes(32, "little"))
        if point is not None and (4 * (L * point)).affine != (0, 1):
            return L * point
    raise AssertionError("unreachable")


T8 = _torsion()


def secret_scalar(seed: bytes) -> tuple[int, bytes]:
    """The secret scalar and the prefix of a 32-byte seed."""
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
    return scalar, digest[32:]


def challenge(r: bytes, a: bytes, message: bytes) -> int:
    """SHA-512(R | A | M) as a number, not yet reduced."""
    return int.from_bytes(hashlib.sha512(r + a + message).digest(), "little")


def public_key(seed: bytes) -> bytes:
    """The public key of a seed."""
    return (secret_scalar(seed)[0] * B).encode()


def sign(seed: bytes, message: bytes) -> bytes:
    """The signature RFC 8032 prescribes."""
    scalar, prefix = secret_scalar(seed)
    a = (scalar * B).encode()
    nonce = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % L
    r = (nonce * B).encode()
    s = (nonce + challenge(r, a, message) * scalar) % L
    return r + s.to_bytes(32, "little")


def refusal(public: bytes, message: bytes, signature: bytes) -> str:
    """Why the strict profile of docs/spec/stamp.md refuses; empty when it accepts."""
    if len(public) != 32 or len(signature) != 64:
        return "length"
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    for name, encoding in (("a", public), ("r", r)):
        if fault := _fault(encoding):
            return f"{name}_{fault}"
    if s >= L:
        return "s_not_reduced"
    a, k = decode(public), challenge(r, public, message) % L
    assert a is not None
    return "" if (s * B + -(k * a)).encode() == r else "equation"


def _fault(encoding: bytes) -> str:
    """What is wrong with the encoding of a point; empty when nothing is."""
    point = decode(encoding)
    if point is None:
        return "not_on_curve"
    if point.encode() != encoding:
        return "not_canonical"
    return "small_order" if point.is_small else ""


def zip215(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a cofactored verifier that takes any encoding accepts (ZIP 215): the other end of the scale."""
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r, s = decode(public), decode(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    k = challenge(signature[:32], public, message)
    return (s * B + -(k * a) + -r).is_small


def is_enrollable(public: bytes) -> bool:
    """Whether a public key may be enrolled: canonical, not of small order, in the prime-order subgroup."""
    if len(public) != 32 or _fault(public):
        return False
    point = decode(public)
    return point is not None and (L * point).affine == (0, 1)
