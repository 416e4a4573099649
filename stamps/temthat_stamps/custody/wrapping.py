"""How private keys lie in the database: sealed per issuer, each bound to what it is.

    issuer key   b"I1" | sealed            stamp key   b"S1" | opens 8 | closes 8 | sealed       seconds since 1970

The issuer's wrapping key is derived (HKDF) from the signer's master key and the issuer's id. What the blob says in
clear, and the issuer and public key it is asked for, are authenticated with it: no row works in another row's place.
"""

import datetime as dt
import struct
import uuid
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from temthat_stamps.custody.errors import KeyNotOpened
from temthat_stamps.custody.interface import Wrapped
from temthat_stamps.errors import Fault, SealBroken
from temthat_stamps.keys import public_bytes
from temthat_stamps.sealing import Sealer

_ISSUER = b"I1"
_STAMP = b"S1"
_PERIOD = struct.Struct(">QQ")


@dataclass(frozen=True, slots=True)
class StampKeyHalf:
    """The signing half of a stamp key, with the period it was made for."""

    key: Ed25519PrivateKey
    opens: dt.datetime
    closes: dt.datetime


def wrap_issuer_key(master: Sealer, issuer: str, key: Ed25519PrivateKey) -> Wrapped:
    """An issuer key, sealed for its issuer."""
    return _wrap(master, issuer, key, _ISSUER)


def wrap_stamp_key(
    master: Sealer, issuer: str, key: Ed25519PrivateKey, opens: dt.datetime, closes: dt.datetime
) -> Wrapped:
    """A stamp key, sealed for its issuer and period (whole seconds)."""
    return _wrap(master, issuer, key, _STAMP + _PERIOD.pack(int(opens.timestamp()), int(closes.timestamp())))


def unwrap_issuer_key(master: Sealer, issuer: str, wrapped: Wrapped) -> Ed25519PrivateKey:
    """An issuer key again. Raises `KeyNotOpened`."""
    return _unwrap(master, issuer, wrapped, len(_ISSUER))


def unwrap_stamp_key(master: Sealer, issuer: str, wrapped: Wrapped) -> StampKeyHalf:
    """A stamp key again, with its period. Raises `KeyNotOpened`."""
    size = len(_STAMP) + _PERIOD.size
    key = _unwrap(master, issuer, wrapped, size)
    opens, closes = _PERIOD.unpack(wrapped.sealed[len(_STAMP) : size])
    return StampKeyHalf(
        key, dt.datetime.fromtimestamp(opens, dt.UTC), dt.datetime.fromtimestamp(closes, dt.UTC)
    )


def _wrap(master: Sealer, issuer: str, key: Ed25519PrivateKey, head: bytes) -> Wrapped:
    public = public_bytes(key)
    sealed = _of_issuer(master, issuer).seal(_purpose(issuer, public, head), key.private_bytes_raw())
    return Wrapped(public, head + sealed)


def _unwrap(master: Sealer, issuer: str, wrapped: Wrapped, size: int) -> Ed25519PrivateKey:
    # The two heads differ in length and first letter, so neither kind can open as the other.
    head, sealed = wrapped.sealed[:size], wrapped.sealed[size:]
    try:
        raw = _of_issuer(master, issuer).open(_purpose(issuer, wrapped.public_key, head), sealed)
    except SealBroken as error:
        raise KeyNotOpened(
            Fault.OPERATOR,
            "Khóa này không mở được bằng bộ ký này. Hãy khôi phục đúng tệp signer.key của hệ thống, "
            "rồi khởi động lại bộ ký.",
            f"This key does not open with this signer (master key {master.fingerprint}). Restore the signer.key that "
            "belongs to this system and start the signer again.",
        ) from error
    return Ed25519PrivateKey.from_private_bytes(raw)


def _of_issuer(master: Sealer, issuer: str) -> Sealer:
    try:
        known = str(uuid.UUID(issuer)) == issuer
    except ValueError:
        known = False
    if not known:
        raise KeyNotOpened(
            Fault.OPERATOR,
            "Mã đơn vị gửi cho bộ ký không đúng dạng; hãy báo đơn vị vận hành.",
            "The issuer's id is not a UUID in its usual form.",
        )
    return Sealer(master.derive(f"wrapping v1:{issuer}"))


def _purpose(issuer: str, public_key: bytes, head: bytes) -> str:
    return f"{head.hex()}:{issuer}:{public_key.hex()}"
