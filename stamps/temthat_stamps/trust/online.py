"""The operator's two online roles: snapshot and timestamp. They vouch for freshness, never for who may sign what."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner, Signer  # type: ignore[attr-defined]

from temthat_stamps.sealing import Sealer


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
