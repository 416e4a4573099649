"""Two kinds of keys, never mixed: an issuer key signs statements, a stamp key signs stamps.

A stamp key lives for one run or at most one month and is destroyed when closed; that is what keeps a theft small.
"""

import datetime as dt
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

STAMP_KEY_LIFE = dt.timedelta(days=31)
HINT_SIZE = 4


def public_bytes(private_key: Ed25519PrivateKey) -> bytes:
    """The raw 32-byte public key."""
    return private_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_hint(public_key: bytes) -> bytes:
    """First four bytes of SHA-256 of the raw public key: finds keys, proves nothing."""
    return hashlib.sha256(public_key).digest()[:HINT_SIZE]


def key_id(public_key: bytes) -> str:
    """SHA-256 of the raw public key in hex: names a key in statements."""
    return hashlib.sha256(public_key).hexdigest()
