"""Cosignatures of witnesses (C2SP tlog-cosignature, cosignature/v1 with Ed25519).

Says: at that time, the largest tree of this log the witness had seen, consistent with all it saw before, was this.
The 72 bytes are the time (8 bytes, big-endian, seconds since 1970) and a signature over two lines and the
checkpoint's text.
"""

import struct

from temthat_stamps.log.note import SIZE_LIMIT, BadNote, KeyKind, Line, VerifierKey, verify_signature
from temthat_stamps.signer import Signer

_LENGTH = 8 + 64


def cosigned_message(text: str, timestamp: int) -> bytes:
    """What a witness signs: `text` is the checkpoint's whole text, `timestamp` counts seconds since 1970."""
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()


class Cosigner:
    """A witness's key. It signs whatever it is given: what may be cosigned is `WitnessState`'s to decide."""

    def __init__(self, name: str, signer: Signer) -> None:
        self.key = VerifierKey(name, KeyKind.COSIGNATURE_V1, signer.public_key)
        self._signer = signer

    @property
    def vkey(self) -> str:
        """The verifier key as text."""
        return str(self.key)

    def cosign(self, text: str, timestamp: int) -> Line:
        """The cosignature line over a checkpoint's text. Raises `ValueError` for a time of more than 63 bits."""
        if not 0 < timestamp <= SIZE_LIMIT:
            raise ValueError("a cosignature's time is from 1 to 2**63 - 1 seconds")
        signature = self._signer.sign(cosigned_message(text, timestamp))
        return Line(self.key.name, self.key.id, struct.pack(">Q", timestamp) + signature)


def verify_cosignature(text: str, key: VerifierKey, signature: bytes) -> int:
    """The time, seconds since 1970, at which this witness cosigned the checkpoint's text. Raises `BadNote`."""
    if key.kind is not KeyKind.COSIGNATURE_V1 or len(signature) != _LENGTH:
        raise BadNote(f"“{key.name}” không đồng ký đúng dạng", f"“{key.name}” gave no cosignature/v1")
    timestamp: int = struct.unpack(">Q", signature[:8])[0]
    if not 0 < timestamp <= SIZE_LIMIT:
        raise BadNote(f"Giờ đồng ký của “{key.name}” sai", f"The time of “{key.name}”'s cosignature is wrong")
    verify_signature(key, signature[8:], cosigned_message(text, timestamp))
    return timestamp
