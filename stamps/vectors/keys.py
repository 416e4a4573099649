"""The test keys of all vectors: the published seeds of RFC 8032, section 7.1, and more made from their own names.

Never keys of anything real.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from vectors import slow


@dataclass(frozen=True)
class PublishedKey:
    """A key anyone can look up."""

    name: str
    seed: bytes

    @cached_property
    def public(self) -> bytes:
        """The raw public key."""
        return slow.public_key(self.seed)

    @cached_property
    def scalar(self) -> int:
        """The secret scalar."""
        return slow.secret_scalar(self.seed)[0]

    @property
    def id(self) -> str:
        """SHA-256 of the public key, hexadecimal."""
        return hashlib.sha256(self.public).hexdigest()

    @property
    def hint(self) -> bytes:
        """The first four bytes of it."""
        return bytes.fromhex(self.id)[:4]

    def sign(self, message: bytes) -> bytes:
        """The RFC 8032 signature."""
        return slow.sign(self.seed, message)

    def describe(self) -> dict[str, str]:
        """As the vector files list keys."""
        return {
            "name": self.name,
            "seed": self.seed.hex(),
            "public_key": self.public.hex(),
            "id": self.id,
            "hint": self.hint.hex(),
        }


def _key(name: str, seed: str) -> PublishedKey:
    return PublishedKey(f"TEST KEY, never trust it: {name}", bytes.fromhex(seed))


STAMP_A = _key(
    "stamp key A, RFC 8032 TEST 1", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
)
STAMP_B = _key(
    "stamp key B, RFC 8032 TEST 2", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
)
OPERATOR = _key(
    "operator, RFC 8032 TEST 3", "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"
)
STRANGER = _key(
    "unknown key, RFC 8032 TEST SHA(abc)", "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42"
)


def named(name: str) -> PublishedKey:
    """A further test key; its seed is SHA-256 of the name it is listed under."""
    title = f"TEST KEY, never trust it: {name}"
    return PublishedKey(title, hashlib.sha256(title.encode()).digest())


STAMP_C, STAMP_D, STAMP_E = (named(f"stamp key {letter}") for letter in "CDE")
ISSUER_A, ISSUER_B, ISSUER_C, ALLIANCE = map(named, ("issuer A", "issuer B", "issuer C", "alliance"))
LOG, WITNESS_A, WITNESS_B = map(named, ("log", "witness A", "witness B"))
ROOT_A, ROOT_B, TARGETS_A, TARGETS_B, SNAPSHOT, TIMESTAMP = map(
    named, ("root A", "root B", "targets A", "targets B", "snapshot", "timestamp")
)
