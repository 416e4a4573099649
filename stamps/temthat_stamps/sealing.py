"""Secrets at rest: AES-256-GCM under a master key that never lies in the database.

Each sealed value is bound to its purpose and its record, so a row cannot be moved to another place.
"""

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from temthat_stamps.errors import SealBroken

_NONCE = 12


class Sealer:
    """Seals and opens small secrets. `fingerprint` (8 hex characters) says which master key it is."""

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) < 32:
            raise ValueError("the master key needs at least 32 bytes")
        self.fingerprint = hashlib.sha256(b"temthat master key\n" + master_key).hexdigest()[:8]
        self._master_key = master_key
        self._aead = AESGCM(self.derive("sealing v1"))

    def derive(self, label: str) -> bytes:
        """A 32-byte key of its own for one use, always the same for the same master key and label."""
        return HKDF(SHA256(), 32, None, b"temthat " + label.encode()).derive(self._master_key)

    def seal(self, purpose: str, secret: bytes) -> bytes:
        """Nonce and ciphertext; `purpose` names the kind and the record, as in ``stamp-key:<id>``."""
        nonce = os.urandom(_NONCE)
        return nonce + self._aead.encrypt(nonce, secret, purpose.encode())

    def open(self, purpose: str, sealed: bytes) -> bytes:
        """The secret again. Raises `SealBroken`."""
        try:
            return self._aead.decrypt(sealed[:_NONCE], sealed[_NONCE:], purpose.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBroken(
                f"the secret “{purpose}” does not open with master key {self.fingerprint}: "
                "restore the master key file that belongs to this database"
            ) from error
