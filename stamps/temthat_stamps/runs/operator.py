"""The operator's one key: signs the trust file. Derived from the master key, so that a backup of that holds it too."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from temthat_stamps.sealing import Sealer


def operator_key(sealer: Sealer) -> Ed25519PrivateKey:
    """Always the same for the same master key."""
    return Ed25519PrivateKey.from_private_bytes(sealer.derive("operator key v1"))
