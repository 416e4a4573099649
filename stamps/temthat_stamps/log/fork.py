"""Evidence that a log was forked: two signed checkpoints that contradict each other, and the hashes that show it.

Anybody who has the log's key can check it without a network, and need not trust whoever kept it (docs/spec/log.md, "A
fork"). A phone, a watcher and a witness keep it; `temthat log fork` checks it.
"""

import base64
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from temthat_stamps.errors import Fault, TrustError
from temthat_stamps.log.checkpoint import Checkpoint, open_checkpoint
from temthat_stamps.log.merkle import BadProof, consistency_roots
from temthat_stamps.log.note import NOTE_LIMIT, BadNote, VerifierKey, unbase64, unhash
from temthat_stamps.log.policy import Policy
from temthat_stamps.log.proof import HASHES_LIMIT

FORK_LIMIT = 2 * (NOTE_LIMIT * 4 // 3 + 4) + 64 * 1024
"""Largest evidence, bytes."""
_TYPE = "temthat forked log"


class NoEvidence(TrustError):
    """A file of another form."""

    def __init__(self) -> None:
        super().__init__(
            Fault.STORE,
            "Tệp này không phải bằng chứng sổ bị rẽ nhánh, hoặc không còn nguyên vẹn. Hãy xin lại tệp từ người gửi.",
            "This file is no evidence of a forked log, or is not whole. Ask its sender for it again.",
        )


class NoFork(TrustError):
    """Both checkpoints are the log's, and nothing shows that they contradict each other."""

    def __init__(self, detail_vi: str, detail_en: str) -> None:
        super().__init__(
            Fault.STORE,
            f"Tệp này không chứng minh sổ bị rẽ nhánh: {detail_vi}.",
            f"This does not prove a fork: {detail_en}.",
        )


@dataclass(frozen=True, slots=True)
class ForkEvidence:
    """Two signed checkpoints of one log, verbatim: what somebody `known` was shown, and what was `offered` later.

    `path`: the hashes of the consistency proof from the smaller tree to the larger one (`merkle.consistency_path`),
    which give the larger tree's root and not the smaller one's; none where both are of one size.
    """

    known: bytes
    offered: bytes
    path: tuple[bytes, ...] = ()

    def format(self) -> bytes:
        """The evidence as a file."""
        body = {
            "type": _TYPE,
            "known": base64.b64encode(self.known).decode(),
            "offered": base64.b64encode(self.offered).decode(),
            "path": [base64.b64encode(each).decode() for each in self.path],
        }
        return json.dumps(body, indent=1).encode()

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the file. Raises `NoEvidence`."""
        try:
            body = json.loads(data) if len(data) <= FORK_LIMIT else None
        except (ValueError, RecursionError):
            body = None
        match body:
            case {"type": str(kind), "known": str(known), "offered": str(offered), "path": [*path]} if (
                kind == _TYPE
                and len(path) <= HASHES_LIMIT + 1
                and all(isinstance(each, str) for each in path)
            ):
                with suppress(BadNote):
                    return cls(unbase64(known), unbase64(offered), tuple(map(unhash, path)))
        raise NoEvidence

    def prove(self, origin: str, key: VerifierKey) -> "Fork":
        """What the evidence proves to who has the log's name and key.

        Raises:
            BadNote: a checkpoint is malformed, of another log, or not signed by it.
            NoFork: the two contradict nothing, as far as the hashes show.
        """
        policy = Policy(origin, key, (), 0)
        known, offered = (open_checkpoint(data, policy).checkpoint for data in (self.known, self.offered))
        small, large = sorted((known, offered), key=lambda tree: tree.size)
        if small.size == large.size:
            if small.root == large.root:
                raise NoFork("hai mốc là một", "both checkpoints are of one tree")
            return Fork(known, offered)
        try:
            old, new = consistency_roots(small.size, large.size, self.path)
        except BadProof as error:
            raise _lost() from error
        if new != large.root:
            raise _lost()
        if old == small.root:
            raise NoFork("mốc sau nối tiếp mốc trước", "the larger tree continues the smaller one")
        return Fork(known, offered)


@dataclass(frozen=True, slots=True)
class Fork:
    """Two trees that one log has signed and that cannot both be its own."""

    known: Checkpoint
    offered: Checkpoint

    def body(self) -> dict[str, Any]:
        """As JSON."""
        trees = {"known": self.known, "offered": self.offered}
        sides = {name: {"size": tree.size, "root": tree.root.hex()} for name, tree in trees.items()}
        return {"origin": self.known.origin, **sides}


def _lost() -> NoFork:
    return NoFork(
        "không có mã băm dẫn từ mốc nhỏ tới mốc lớn", "no hashes lead from the smaller tree to the larger one"
    )
