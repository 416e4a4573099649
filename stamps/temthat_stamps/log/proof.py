"""Proofs of inclusion that stand on their own (C2SP tlog-proof@v1): index, hashes, cosigned checkpoint.

Enough, with the log's policy, to check without a network that an entry is in the log and that witnesses saw it.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from temthat_stamps.log.checkpoint import Checkpoint, open_checkpoint
from temthat_stamps.log.merkle import leaf_hash, verify_inclusion
from temthat_stamps.log.note import (
    HASH_SIZE,
    NOTE_LIMIT,
    SIZE_LIMIT,
    BadNote,
    decimal,
    plain_text,
    unbase64,
    unhash,
)
from temthat_stamps.log.policy import Policy

PROOF_LIMIT = NOTE_LIMIT + 64 * 1024
"""Largest proof, bytes."""
HASHES_LIMIT = 63
"""Most hashes of a proof: the depth of the largest tree."""

_HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class TlogProof:
    """Where an entry stands (`index` from 0) and the hashes from its sibling up to the root's child.

    `checkpoint` is a signed note, verbatim. `extra` is proved by nothing. Raises `BadNote`.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes = b""

    def __post_init__(self) -> None:
        sizes_fit = all(len(item) == HASH_SIZE for item in self.hashes)
        if not 0 <= self.index <= SIZE_LIMIT or len(self.hashes) > HASHES_LIMIT or not sizes_fit:
            raise BadNote(
                "Chứng minh có số thứ tự hay mã băm sai", "The proof has a wrong index or wrong hashes"
            )

    def format(self) -> bytes:
        """The proof as a file."""
        lines = [_HEADER]
        if self.extra:
            lines.append(f"extra {base64.b64encode(self.extra).decode()}")
        lines.append(f"index {self.index}")
        lines.extend(base64.b64encode(item).decode() for item in self.hashes)
        return "\n".join([*lines, "", ""]).encode() + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a proof; its checkpoint is kept as it is, unread. Raises `BadNote`."""
        if len(data) > PROOF_LIMIT:
            raise BadNote(
                f"Chứng minh dài hơn {PROOF_LIMIT} byte", f"The proof is longer than {PROOF_LIMIT} bytes"
            )
        head, empty, checkpoint = data.partition(b"\n\n")
        header, *lines = plain_text(head, PROOF_LIMIT).split("\n")
        if header != _HEADER or not empty:
            raise BadNote("Không phải chứng minh tlog-proof@v1", "Not a proof of the form tlog-proof@v1")
        extra = b""
        if lines and lines[0].startswith("extra "):
            extra = unbase64(lines.pop(0).removeprefix("extra "))
        if not lines or not lines[0].startswith("index "):
            raise BadNote("Chứng minh thiếu số thứ tự", "The proof has no index")
        if len(lines) - 1 > HASHES_LIMIT:
            raise BadNote("Chứng minh có quá nhiều mã băm", "The proof has too many hashes")
        index = decimal(lines[0].removeprefix("index "))
        return cls(index, tuple(map(unhash, lines[1:])), checkpoint, extra)


@dataclass(frozen=True, slots=True)
class Included:
    """An entry proved to stand at `index` of the log with this cosigned checkpoint."""

    index: int
    checkpoint: Checkpoint
    cosigned: Mapping[str, int]


def verify_proof(data: bytes, entry: bytes, policy: Policy) -> Included:
    """Check a proof as received for an entry's bytes.

    Raises:
        BadNote: malformed, of another log, or not signed by it.
        TooFewWitnesses: fewer witnesses than the policy asks for.
        BadProof: the entry is not what stands at that index.
    """
    proof = TlogProof.parse(data)
    witnessed = open_checkpoint(proof.checkpoint, policy)
    head = witnessed.checkpoint
    verify_inclusion(proof.index, head.size, leaf_hash(entry), proof.hashes, head.root)
    return Included(proof.index, head, witnessed.cosigned)
