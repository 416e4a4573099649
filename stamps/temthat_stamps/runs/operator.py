"""The operator's own keys, derived from the master key so that a backup of that holds them too.

One signs the operator's statements, the other the log's checkpoints; the alliance's `log.json` names both.
"""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from temthat_stamps.log.note import NoteSigner
from temthat_stamps.sealing import Sealer
from temthat_stamps.signer import KeySigner


def operator_signer(sealer: Sealer) -> KeySigner:
    """Signs the operator's statements; always the same key for the same master key."""
    return _derived(sealer, "operator key v1")


def log_signer(sealer: Sealer, origin: str) -> NoteSigner:
    """Signs the log's checkpoints."""
    return NoteSigner(origin, _derived(sealer, "log key v1"))


def _derived(sealer: Sealer, label: str) -> KeySigner:
    return KeySigner(Ed25519PrivateKey.from_private_bytes(sealer.derive(label)))
