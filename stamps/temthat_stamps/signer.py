"""Whoever can sign: a key in memory, a token, or a signer process. The one interface of all of them."""

from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from temthat_stamps.keys import public_bytes


class Signer(Protocol):
    """Signs with one Ed25519 key. What it signs is the caller's affair; where the key lies is its own."""

    @property
    def public_key(self) -> bytes:
        """The raw 32-byte public key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature. Raises `CustodyError` when whoever keeps the key does not sign."""
        ...


class KeySigner:
    """A private key in this process's memory."""

    def __init__(self, private_key: Ed25519PrivateKey) -> None:
        self._key = private_key
        self.public_key = public_bytes(private_key)
        self.sign = private_key.sign
