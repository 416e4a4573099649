"""Checkpoints (C2SP tlog-checkpoint): a signed note that says how large a log is and what its root hash is."""

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from temthat_stamps.log.cosignature import verify_cosignature
from temthat_stamps.log.note import (
    HASH_SIZE,
    SIZE_LIMIT,
    BadNote,
    Note,
    NoteSigner,
    decimal,
    plain_text,
    unhash,
    verify_note,
)
from temthat_stamps.log.policy import Policy

CLOCK_TOLERANCE = 600
"""Seconds a cosignature's time may be ahead of the reader's clock without a remark."""
TEXT_LIMIT = 16 * 1024
"""Largest text of a checkpoint, bytes."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log's tree. `root` is the 32-byte RFC 6962 root hash of its first `size` entries.

    `extensions` are opaque lines that nobody audits; ours has none. Raises `BadNote`.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lines = (self.origin, *self.extensions)
        if not all(lines) or any("\n" in line for line in lines):
            raise BadNote("Một dòng của mốc sổ trống", "A line of the checkpoint is empty")
        plain_text("".join(lines).encode(), TEXT_LIMIT)
        if not 0 <= self.size <= SIZE_LIMIT or len(self.root) != HASH_SIZE:
            raise BadNote("Mốc sổ có cỡ hay mã băm sai", "The checkpoint has a wrong size or root hash")

    @property
    def text(self) -> str:
        """What is signed."""
        root = base64.b64encode(self.root).decode()
        return "".join(f"{line}\n" for line in (self.origin, self.size, root, *self.extensions))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a note's text, each line ending in a newline. Raises `BadNote`."""
        *lines, rest = text.split("\n")
        if rest or len(lines) < 3:
            raise BadNote("Mốc sổ cần ít nhất ba dòng", "A checkpoint has at least three lines")
        return cls(lines[0], decimal(lines[1]), unhash(lines[2]), tuple(lines[3:]))


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A checkpoint signed by its log and cosigned by enough witnesses.

    `cosigned` tells when (seconds since 1970), by witness; `ahead` names those whose time lies in this machine's
    future: its clock is slow, or theirs is fast.
    """

    checkpoint: Checkpoint
    cosigned: Mapping[str, int]
    ahead: tuple[str, ...] = ()


def sign_checkpoint(checkpoint: Checkpoint, signer: NoteSigner) -> bytes:
    """The signed note. Whether the log may sign this tree is the caller's to know. Raises as the signer does."""
    text = checkpoint.text
    return bytes(Note(text, (signer.sign(text),)))


def open_checkpoint(data: bytes, policy: Policy, now: float | None = None) -> Witnessed:
    """Verify a checkpoint as received: the log's signature, and the quorum of its witnesses.

    `now`, seconds since 1970, is what `ahead` is told from; without it this machine's clock is.

    Raises:
        BadNote: malformed, of another log, not signed by it, or a known key's line does not fit.
        TooFewWitnesses: fewer witnesses than the policy asks for.
    """
    note = Note.parse(data)
    checkpoint = Checkpoint.parse(note.text)
    if checkpoint.origin != policy.origin:
        raise BadNote(
            f"Đây là mốc của sổ “{checkpoint.origin}”, không phải “{policy.origin}”",
            f"This is a checkpoint of “{checkpoint.origin}”, not of “{policy.origin}”",
        )
    verify_note(note, policy.log_key)
    cosigned: dict[str, int] = {}
    for key in policy.witnesses:
        for signature in note.by(key):
            at = verify_cosignature(note.text, key, signature)
            cosigned[key.name] = max(at, cosigned.get(key.name, 0))
    policy.require(cosigned)
    latest = (time.time() if now is None else now) + CLOCK_TOLERANCE
    return Witnessed(checkpoint, cosigned, tuple(name for name, at in cosigned.items() if at > latest))
