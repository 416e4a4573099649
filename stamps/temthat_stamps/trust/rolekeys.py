"""The key of one holder of an offline role: a file under a passphrase, and its public half, the card.

The card says which role the key is for and who holds it (an office, not a person: it becomes public), and is signed by
the key itself. Cards are handed over; key files never are.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, Key, Signer, SSlibKey  # type: ignore[attr-defined]

from temthat_stamps.custody.keyfile import WORK, open_key, seal_key
from temthat_stamps.errors import BadStatement, Fault
from temthat_stamps.fields import Fields
from temthat_stamps.trust.delegators import key_material
from temthat_stamps.trust.errors import BadTrustData, CeremonyRefused
from temthat_stamps.trust.roles import rule_of

HOLDER = "x-temthat-holder"
"""The member of a TUF key that says who holds it."""

ED25519_SIZE = 32
_CARD = "application/vnd.temthat.role-key+json"
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
_HOLDER = re.compile(r"[^\x00-\x1f\x7f]{2,60}")


@dataclass(frozen=True, slots=True)
class KeyCard:
    """The public half of a holder's key."""

    role: str
    holder: str
    key: Key

    @classmethod
    def make(cls, role: str, holder: str, signer: Signer) -> bytes:
        """The card's bytes, signed by the key. Raises `CeremonyRefused` for a name that cannot stand in public."""
        try:
            online = rule_of(role).online
        except ValueError:
            online = True
        if online:
            raise _refused(
                f"không có vai trò “{role}” (root, targets, hoặc như 31-issuers)",
                f"there is no role “{role}” (root, targets, or as 31-issuers)",
            )
        if not _HOLDER.fullmatch(holder):
            raise _refused(
                "tên người giữ khóa cần 2 đến 60 ký tự", "the holder's name has 2 to 60 characters"
            )
        body: dict[str, Any] = {"v": 1, "role": role, "holder": holder, "key": signer.public_key.to_dict()}
        envelope = Envelope(rfc8785.dumps(body), _CARD, {})
        envelope.sign(signer)
        return rfc8785.dumps(envelope.to_dict())

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a card and check that its own key signed it. Raises `CeremonyRefused`."""
        try:
            envelope = Envelope.from_dict(json.loads(data))
            body = json.loads(envelope.payload)
            f = Fields(body)
            f.equal("v", 1)
            key = public_key(body["key"])
            envelope.verify([key], 1)
            card = cls(f.text("role"), f.text("holder", 60), key)
            online = rule_of(card.role).online
        except (BadTrustData, VerificationError) as error:
            raise _refused(
                "thẻ khóa không do chính khóa đó ký", "the card is not signed by its key"
            ) from error
        except (*_MALFORMED, BadStatement) as error:
            raise _refused("tệp không phải thẻ khóa", "this file is no key card") from error
        if online or envelope.payload_type != _CARD or not _HOLDER.fullmatch(card.holder):
            raise _refused("tệp không phải thẻ khóa", "this file is no key card")
        key.unrecognized_fields[HOLDER] = card.holder
        return card


def public_key(record: Mapping[str, Any]) -> Key:
    """A TUF key, named by its own digest whatever the record calls it. Raises `BadTrustData` for a weak one."""
    keyval = {"public": str(record["keyval"]["public"])}
    material = key_material(SSlibKey("-", str(record["keytype"]), str(record["scheme"]), keyval))
    if len(material) == ED25519_SIZE:
        return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(material))
    return SSlibKey.from_crypto(EllipticCurvePublicKey.from_encoded_point(SECP256R1(), material))


def holder_of(key: Key) -> str:
    """Who holds a key, as its card said; the start of its id where there is no name."""
    name = key.unrecognized_fields.get(HOLDER)
    return name if isinstance(name, str) and name else f"khóa {key.keyid[:8]}"


def new_key_file(role: str, holder: str, passphrase: str, work: int = WORK) -> tuple[bytes, bytes]:
    """A new Ed25519 key: its file under the passphrase, and its card.

    `work` is scrypt's cost; less than the default is for tests. Raises `CeremonyRefused`, `CustodyError` (a passphrase
    too short).
    """
    private = Ed25519PrivateKey.generate()
    card = KeyCard.make(role, holder, CryptoSigner(private))
    return seal_key(private, {"role": role, "holder": holder}, passphrase, work), card


def open_key_file(data: bytes, passphrase: str) -> Signer:
    """The signer of a key file. Raises `CustodyError` for a wrong passphrase or another file."""
    return CryptoSigner(open_key(data, passphrase).key)


def _refused(vi: str, en: str) -> CeremonyRefused:
    return CeremonyRefused(Fault.ISSUER, f"Không dùng được: {vi}.", f"Refused: {en}.")
