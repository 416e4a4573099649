"""Ten thousand bent inputs for each parser of notes, checkpoints, proofs, requests: read alike, or refused typed."""

import os
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from temthat_stamps.errors import TrustError
from temthat_stamps.log.add_checkpoint import AddCheckpoint, WitnessRefused, parse_size
from temthat_stamps.log.checkpoint import Checkpoint, open_checkpoint
from temthat_stamps.log.cosignature import Cosigner
from temthat_stamps.log.note import BadNote, Note, VerifierKey, parse_lines
from temthat_stamps.log.policy import Policy
from temthat_stamps.log.proof import TlogProof, verify_proof
from temthat_stamps.log.witness import WitnessState
from temthat_stamps.log.witness_folder import WitnessFolder

if TYPE_CHECKING:
    from tests.stamps.log.conftest import SignedLog

FUZZ = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"
INPUTS = 1_000_000 if FUZZ else 10_000
CHECKED = INPUTS // 20
"""Inputs where each costs signatures or a disk."""
PIECES = [
    b"\n",
    b"\n\n",
    b"\r\n",
    b"\0",
    b" ",
    b"+",
    b"=",
    "— ".encode(),
    b"old ",
    b"index ",
    b"extra ",
    b"0",
    b"-1",
    b"9" * 25,
    b"\xff\xfe",
    "\u2028".encode(),
    "\u0661".encode(),
    b"A" * 43 + b"=",
    b"c2sp.org/tlog-proof@v1\n",
]


def bent(data: bytes, dice: random.Random) -> bytes:
    """A neighbour of a good input: bytes changed, cut, doubled, moved; telling pieces put in."""
    out = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 3, 8))):
        at, end = sorted((dice.randrange(len(out) + 1), dice.randrange(len(out) + 1)))
        match dice.randrange(7):
            case 0 if out:
                out[dice.randrange(len(out))] ^= 1 << dice.randrange(8)
            case 1:
                del out[at : min(end, at + 40)]
            case 2:
                out[at:at] = out[at : min(end, at + 200)]
            case 3:
                out[at:at] = dice.choice(PIECES)
            case 4:
                del out[dice.randrange(len(out) + 1) :]
            case 5:
                out[at:at] = dice.randbytes(dice.randrange(1, 12))
            case 6:
                lines = bytes(out).split(b"\n")
                dice.shuffle(lines)
                out = bytearray(b"\n".join(lines))
    return bytes(out)


@pytest.fixture
def good(log: "SignedLog", cosigners: list[Cosigner]) -> dict[str, bytes]:
    """A good input of each kind, on which the bent ones are modelled."""
    note = Note.parse(log.checkpoint())
    data = bytes(note.with_lines(cosigner.cosign(note.text, 1_780_000_000) for cosigner in cosigners))
    return {
        "note": data,
        "text": Note.parse(data).text.encode() + b"an extension\n",
        "lines": data.partition(b"\n\n")[2],
        "key": log.signer.vkey.encode(),
        "proof": TlogProof(3, tuple(log.inclusion(3)), data, b"extra").format(),
        "request": bytes(AddCheckpoint(4, tuple(log.prove(4)), data)),
        "size": b"4711\n",
    }


READERS: dict[str, tuple[Callable[[bytes], object], Callable[..., bytes]]] = {
    "note": (Note.parse, bytes),
    "text": (lambda data: Checkpoint.parse(data.decode(errors="replace")), lambda read: read.text.encode()),
    "lines": (parse_lines, lambda read: "".join(map(str, read)).encode()),
    "key": (lambda data: VerifierKey.parse(data.decode(errors="replace")), lambda read: str(read).encode()),
    "proof": (TlogProof.parse, TlogProof.format),
    "request": (AddCheckpoint.parse, bytes),
    "size": (parse_size, lambda read: b"%d\n" % read),
}


@pytest.mark.parametrize("kind", READERS)
def test_fuzz_a_parser_takes_one_spelling_or_refuses(kind: str, good: dict[str, bytes]) -> None:
    """What is taken is written back byte for byte (so no two spellings mean the same); all else is `BadNote`."""
    read, write = READERS[kind]
    assert write(read(good[kind])) == good[kind]
    dice = random.Random(None if FUZZ else 20260526)
    taken = 0
    for _ in range(INPUTS):
        data = bent(good[kind], dice)
        try:
            value = read(data)
        except BadNote:
            continue
        taken += 1
        again = write(value)
        if kind == "text":
            data = data.decode(errors="replace").encode()
        if (
            kind == "proof"
        ):  # the one second spelling that is taken from others: no extra data in an extra line
            data = data.replace(b"@v1\nextra \n", b"@v1\n", 1)
        assert again == data
    assert taken < INPUTS * 0.9


def test_fuzz_nothing_bent_is_believed(
    good: dict[str, bytes], policy: Policy, log: "SignedLog", tmp_path: Path
) -> None:
    """Checkpoint, proof and request with a bit out of place: refused typed, or they say the same as before."""
    dice = random.Random(None if FUZZ else 4711)
    witness = WitnessState(WitnessFolder.create(tmp_path / "w", "w.example"), [log.signer.key])
    witness.add_checkpoint(0, (), log.checkpoint(4))
    for _ in range(CHECKED):
        with suppress(TrustError):
            assert open_checkpoint(bent(good["note"], dice), policy).checkpoint.root == log.root(10)
        with suppress(TrustError):
            assert verify_proof(bent(good["proof"], dice), log.entries[3], policy).index == 3
        with suppress(WitnessRefused):
            witness.handle(bent(good["request"], dice))
        last = witness.last(log.origin)
        assert last is not None
        assert last.text in (Note.parse(log.checkpoint(size)).text for size in (4, 10))
