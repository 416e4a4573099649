"""What reading a stamp can fail with. Sorted by what it means, not by where it happens."""

from enum import StrEnum


class StampError(Exception):
    """Root of every error of this package."""


class NotOurs(StampError):
    """The text is not a code of this system: the verdict is `not_ours`."""


class NewerFormat(StampError):
    """A well-formed code with a version byte this program does not know: the verdict is `cannot_tell`."""

    def __init__(self, version: int) -> None:
        super().__init__(f"stamp format version {version} is newer than this program")
        self.version = version


class Mistyped(StampError):
    """A printed number that cannot be right as typed. Not a verdict: the person looks again.

    `position` is the first character (from 1) that cannot stand in a number, None when only the check
    character disagrees or the length is wrong.
    """

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position


class BadSignature(StampError):
    """The signature is not one strict Ed25519 accepts for this message and key."""


class BadKey(StampError):
    """A public key that must not be enrolled: malformed, of small order, or outside the prime-order subgroup."""


class BadStatement(StampError):
    """A signed statement is malformed, too large, or not signed by the key it needs."""


class SealBroken(StampError):
    """A stored secret does not open: wrong master key, or the record was altered."""


class Fault(StrEnum):
    """Whose fault a failure is: what the person who meets it does depends on that."""

    STAMP = "stamp"
    ISSUER = "issuer"
    OPERATOR = "operator"
    STORE = "store"
    NETWORK = "network"
    CLOCK = "clock"


class TrustError(StampError):
    """Something about keys, statements, the log or trust data. `vi` and `en` say what is wrong and what to do."""

    def __init__(self, fault: Fault, vi: str, en: str) -> None:
        super().__init__(en)
        self.fault = fault
        self.vi = vi
        self.en = en


class CustodyError(TrustError):
    """Whoever keeps the key does not sign: not reachable, over its quota, or the key is closed."""
