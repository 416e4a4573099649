"""Evidence of a fork: what proves one to anybody, and what does not."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from temthat_stamps.log.checkpoint import Checkpoint, sign_checkpoint
from temthat_stamps.log.fork import FORK_LIMIT, ForkEvidence, NoEvidence, NoFork
from temthat_stamps.log.log_command import BROKEN, FORKED, FOUND, app
from temthat_stamps.log.merkle import consistency_path, leaf_hash, root_of
from temthat_stamps.log.note import BadNote, NoteSigner
from temthat_stamps.signer import KeySigner

ORIGIN = "tem.example.vn/log"
LOG = NoteSigner(ORIGIN, KeySigner(Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)))
OTHER = NoteSigner(ORIGIN, KeySigner(Ed25519PrivateKey.from_private_bytes(b"\x08" * 32)))


def leaves(size: int, changed: int | None = None) -> list[bytes]:
    """A tree's leaf hashes; one entry is another one."""
    return [leaf_hash(b"changed" if at == changed else b"%d" % at) for at in range(size)]


def head(tree: list[bytes], signer: NoteSigner = LOG) -> bytes:
    """Its signed checkpoint."""
    return sign_checkpoint(Checkpoint(ORIGIN, len(tree), root_of(tree)), signer)


def path(old: int, tree: list[bytes]) -> tuple[bytes, ...]:
    """From the first `old` entries to all of them."""

    def hash_at(level: int, index: int) -> bytes:
        return root_of(tree[index << level : (index + 1) << level])

    return tuple(consistency_path(old, len(tree), hash_at))


def evidence(old: int, new: int, changed: int | None) -> ForkEvidence:
    """A phone that knew `old` entries is offered `new`, of which one may be another than it was."""
    offered = leaves(new, changed)
    return ForkEvidence(head(leaves(old)), head(offered), path(old, offered) if old < new else ())


@given(st.data())
def test_property_one_entry_changed_below_what_was_known(data: st.DataObject) -> None:
    """Proved whatever the sizes, also where the smaller tree is what was offered; and the file says the same."""
    old = data.draw(st.integers(1, 40))
    new = data.draw(st.integers(old, 70))
    found = evidence(old, new, data.draw(st.integers(0, old - 1)))
    assert ForkEvidence.parse(found.format()) == found
    fork = found.prove(ORIGIN, LOG.key)
    assert (fork.known.size, fork.offered.size) == (old, new)
    turned = ForkEvidence(found.offered, found.known, found.path).prove(ORIGIN, LOG.key)
    assert (turned.known, turned.offered) == (fork.offered, fork.known)


@given(st.data())
def test_property_a_log_that_only_grew_is_never_convicted(data: st.DataObject) -> None:
    """Whatever hashes somebody writes beside two honest checkpoints."""
    old = data.draw(st.integers(1, 40))
    new = data.draw(st.integers(old, 70))
    honest = evidence(old, new, data.draw(st.none() | st.integers(old, 80)))
    wrong = data.draw(st.lists(st.binary(min_size=32, max_size=32), max_size=8))
    forged = path(old, leaves(new, 0)) if old < new else ()
    for hashes in (honest.path, tuple(wrong), forged, honest.path[1:], (*honest.path, bytes(32))):
        with pytest.raises(NoFork):
            ForkEvidence(honest.known, honest.offered, hashes).prove(ORIGIN, LOG.key)


def test_only_the_log_itself_can_convict_it() -> None:
    """Signed by somebody else, or about another log: whoever writes that proves nothing."""
    forged = ForkEvidence(head(leaves(3)), head(leaves(3, 1), OTHER))
    with pytest.raises(BadNote):
        forged.prove(ORIGIN, LOG.key)
    with pytest.raises(BadNote, match="not of"):
        evidence(3, 3, 1).prove("other.example/log", LOG.key)


@given(st.binary(max_size=300) | st.from_type(dict).map(lambda body: json.dumps(body, default=str).encode()))
def test_property_a_file_that_is_no_evidence(data: bytes) -> None:
    with pytest.raises(NoEvidence):
        ForkEvidence.parse(data)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "temthat trust pack"},
        {"known": 7},
        {"known": "not base64"},
        {"path": "AAAA"},
        {"path": ["AAAA"]},
        {"path": [7]},
        {"path": None},
    ],
    ids=str,
)
def test_a_file_of_another_form(change: dict[str, object]) -> None:
    body = json.loads(evidence(5, 9, 2).format())
    with pytest.raises(NoEvidence):
        ForkEvidence.parse(json.dumps(body | change).encode())


def test_the_largest_evidence_is_taken() -> None:
    """Notes of 128 KiB and the deepest path fit; a byte more than the limit is refused unread."""
    large = ForkEvidence(b"k" * 131_072, b"o" * 131_072, (bytes(32),) * 64)
    assert ForkEvidence.parse(large.format()) == large
    with pytest.raises(NoEvidence):
        ForkEvidence.parse(b" " * (FORK_LIMIT + 1))


def told(*arguments: object, key: str = LOG.vkey) -> tuple[int, str]:
    """The command's exit code, and what it prints."""
    named = ["--origin", ORIGIN, "--key", key]
    result = CliRunner().invoke(app, ["fork", *map(str, arguments), *named])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_the_command(tmp_path: Path) -> None:
    """Proved is exit code 3; not proved 1; no evidence, another key or no such file 2."""
    proof, nothing = tmp_path / "fork.json", tmp_path / "nothing.json"
    proof.write_bytes(evidence(5, 9, 2).format())
    nothing.write_bytes(evidence(5, 9, None).format())
    code, said = told(proof)
    assert (code, "SỔ BỊ RẼ NHÁNH" in said, "FORKED" in said) == (FORKED, True, True)
    code, said = told(proof, "--json")
    assert (code, json.loads(said)["fork"]["offered"]["size"]) == (FORKED, 9)
    code, said = told(nothing)
    assert (code, "nối tiếp" in said) == (FOUND, True)
    for wrong in (told(proof, key=OTHER.vkey), told(tmp_path / "gone"), told(tmp_path), told(proof, key="x")):
        assert wrong[0] == BROKEN
    proof.write_bytes(b"{}")
    assert told(proof)[0] == BROKEN


def test_two_checkpoints_that_a_witness_kept(tmp_path: Path) -> None:
    """Of one size two roots prove it; of two sizes nothing does without hashes."""
    files = [tmp_path / name for name in ("a.note", "b.note", "c.note")]
    for file, tree in zip(files, (leaves(5), leaves(5, 3), leaves(7, 3)), strict=True):
        file.write_bytes(head(tree))
    assert told(files[0], files[1])[0] == FORKED
    assert told(files[0], files[0])[0] == FOUND
    code, said = told(files[0], files[2])
    assert (code, "no hashes lead" in said) == (FOUND, True)
    assert told(*files)[0] == BROKEN
