"""Two kinds of keys, never mixed: an issuer key signs statements, a stamp key signs stamps.

A stamp key lives for one run or at most one month and is destroyed when closed; that is what keeps a theft small.
"""

import datetime as dt
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from temthat_stamps.ed25519 import acceptable_point
from temthat_stamps.errors import BadKey

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


def check_enrolment(public_key: bytes) -> None:
    """Raise `BadKey` unless these are 32 bytes of a canonical point, not of small order, in the prime-order subgroup.

    Asked once, before a public key made elsewhere is ever trusted. Verifying never asks it: the strict profile
    gives every verifier the same answer for a torsioned key too, but its holder could sign what others refuse.
    The subgroup check is libsodium's, which only the server has.
    """
    if len(public_key) != 32 or not acceptable_point(public_key):
        raise BadKey("the public key is not 32 bytes of a canonical point of large order")
    from nacl.bindings import crypto_core_ed25519_is_valid_point

    if not crypto_core_ed25519_is_valid_point(public_key):
        raise BadKey("the public key is no point of the curve's prime-order subgroup: have a new key made")
