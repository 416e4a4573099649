"""The operator's part: two online roles, snapshot and timestamp, and the card that tells the alliance of them.

The online roles vouch for freshness, never for who may sign what.
"""

import json
from dataclasses import dataclass
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner, Key, Signer  # type: ignore[attr-defined]

from temthat_stamps.errors import BadStatement
from temthat_stamps.fields import Fields
from temthat_stamps.sealing import Sealer
from temthat_stamps.trust.errors import bad
from temthat_stamps.trust.logtrust import LogTrust
from temthat_stamps.trust.rolekeys import HOLDER, public_key


@dataclass(frozen=True, slots=True)
class OnlineKeys:
    """Signers of the two roles (securesystemslib's, so that a token or a key service can stand in)."""

    snapshot: Signer
    timestamp: Signer


def online_keys(sealer: Sealer) -> OnlineKeys:
    """Derived from the master key, so that a backup of that holds them too."""
    return OnlineKeys(_derived(sealer, "tuf snapshot key v1"), _derived(sealer, "tuf timestamp key v1"))


def _derived(sealer: Sealer, label: str) -> CryptoSigner:
    return CryptoSigner(Ed25519PrivateKey.from_private_bytes(sealer.derive(label)))


@dataclass(frozen=True, slots=True)
class OperatorCard:
    """What the operator asks the alliance to vouch for: `log.json` as it should be, and its two online keys."""

    log: LogTrust
    snapshot: Key
    timestamp: Key

    @classmethod
    def of(cls, log: LogTrust, online: OnlineKeys) -> Self:
        """The card for these signers."""
        return cls(log, _named(online.snapshot.public_key), _named(online.timestamp.public_key))

    def format(self) -> bytes:
        """The card's bytes."""
        body = {
            "v": 1,
            "log": json.loads(self.log.format()),
            "snapshot": self.snapshot.to_dict(),
            "timestamp": self.timestamp.to_dict(),
        }
        return json.dumps(body, ensure_ascii=False, indent=1).encode()

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a card. Raises `BadTrustData`."""
        try:
            body = json.loads(data.decode())
            f = Fields(body)
            f.equal("v", 1)
            log = LogTrust.parse(json.dumps(f.mapping("log")).encode())
            return cls(log, _named(public_key(body["snapshot"])), _named(public_key(body["timestamp"])))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, BadStatement) as error:
            raise bad("tệp không phải thẻ nhà vận hành", "this file is no operator's card") from error


def _named(key: Key) -> Key:
    key.unrecognized_fields[HOLDER] = "nhà vận hành"
    return key
