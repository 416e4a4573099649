"""A holder's key on a token or card (PKCS#11): made there, signs there, never leaves it.

Ed25519 where the token knows it (PKCS#11 3.0, section 6.3), else ECDSA P-256, which nearly every token does.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from securesystemslib.signer import (  # type: ignore[attr-defined]
    Key,
    SecretsHandler,
    Signature,
    Signer,
    SSlibKey,
)

from temthat_stamps.errors import CustodyError, Fault

if TYPE_CHECKING:
    import pkcs11

_ED25519_OID = bytes.fromhex("06032b6570")
_P256_OID = bytes.fromhex("06082a8648ce3d030107")


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """Where a key lies: the PKCS#11 module (a .so or .dll), the token's label, the key's label."""

    module: str
    token: str
    key: str


class TokenSigner(Signer):
    """Signs with a token's key; `ask_pin` is called for each signature. Raises `CustodyError`."""

    def __init__(self, place: TokenPlace, ask_pin: Callable[[], str]) -> None:
        self._place = place
        self._ask_pin = ask_pin
        with _session(place) as session:
            self._public_key = _public_key(session, place)

    @property
    def public_key(self) -> Key:
        """The public half, named as securesystemslib names keys."""
        return self._public_key

    def sign(self, payload: bytes) -> Signature:
        """Ed25519 over the payload, or ECDSA P-256 over its SHA-256, DER-encoded as TUF has it."""
        import pkcs11

        with _session(self._place, self._ask_pin()) as session:
            found = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=self._place.key)
            key = cast("pkcs11.SignMixin", found)
            if self._public_key.keytype == "ed25519":
                made = key.sign(payload, mechanism=pkcs11.Mechanism.EDDSA)
            else:
                raw = key.sign(hashlib.sha256(payload).digest(), mechanism=pkcs11.Mechanism.ECDSA)
                half = len(raw) // 2
                made = encode_dss_signature(
                    int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")
                )
        return Signature(self._public_key.keyid, made.hex())

    @classmethod
    def from_priv_key_uri(
        cls, priv_key_uri: str, public_key: Key, secrets_handler: SecretsHandler | None = None
    ) -> "TokenSigner":
        """Not offered: a place on a token is chosen by the person at hand, never by a file."""
        raise NotImplementedError


def new_token_key(place: TokenPlace, pin: str, *, ed25519: bool = True) -> None:
    """Make a key on the token under that label. Raises `CustodyError`, also where the label is taken."""
    import pkcs11

    kind = pkcs11.KeyType.EC_EDWARDS if ed25519 else pkcs11.KeyType.EC
    oid = _ED25519_OID if ed25519 else _P256_OID
    with _session(place, pin, write=True) as session:
        if any(session.get_objects({pkcs11.Attribute.LABEL: place.key})):
            raise _refused(f"đã có khóa tên “{place.key}”", f"there is a key called “{place.key}” already")
        parameters = session.create_domain_parameters(kind, {pkcs11.Attribute.EC_PARAMS: oid}, local=True)
        parameters.generate_keypair(label=place.key, store=True)


@contextmanager
def _session(place: TokenPlace, pin: str | None = None, *, write: bool = False) -> "Iterator[pkcs11.Session]":
    try:
        import pkcs11
    except ModuleNotFoundError as error:
        raise _refused(
            'chưa cài phần đọc token: pip install "temthat[token]"',
            'reading tokens is not installed: pip install "temthat[token]"',
        ) from error
    try:
        token = pkcs11.lib(place.module).get_token(token_label=place.token)
        with token.open(user_pin=pin, rw=write) as session:
            yield session
    except (pkcs11.PinIncorrect, pkcs11.PinLenRange, pkcs11.PinInvalid) as error:
        raise _refused("mã PIN không đúng", "the PIN is wrong") from error
    except pkcs11.NoSuchToken as error:
        raise _refused(f"không thấy token “{place.token}”", f"there is no token “{place.token}”") from error
    except pkcs11.NoSuchKey as error:
        raise _refused(
            f"token không có khóa “{place.key}”", f"there is no key “{place.key}” on it"
        ) from error
    except (pkcs11.PKCS11Error, OSError, RuntimeError) as error:
        raise _refused(f"token báo lỗi ({error!r})", f"the token reports {error!r}") from error


def _public_key(session: "pkcs11.Session", place: TokenPlace) -> Key:
    import pkcs11

    key = session.get_key(object_class=pkcs11.ObjectClass.PUBLIC_KEY, label=place.key)
    curve, point = bytes(key[pkcs11.Attribute.EC_PARAMS]), bytes(key[pkcs11.Attribute.EC_POINT])
    if key.key_type is pkcs11.KeyType.EC_EDWARDS:
        return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(point[-32:]))
    if key.key_type is pkcs11.KeyType.EC and curve == _P256_OID:
        return SSlibKey.from_crypto(EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point[-65:]))
    raise _refused("khóa không phải Ed25519 hay ECDSA P-256", "the key is neither Ed25519 nor ECDSA P-256")


def _refused(vi: str, en: str) -> CustodyError:
    return CustodyError(
        Fault.ISSUER,
        f"Token không ký được: {vi}. Cắm lại token, xem lại tên và mã PIN; quá nhiều lần sai PIN sẽ khóa token.",
        f"The token does not sign: {en}. Plug it in again, look at its label and PIN; too many wrong PINs lock it.",
    )
