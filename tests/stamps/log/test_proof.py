"""tlog-proofs: the form other software reads and writes, and no entry but the proved one."""

import base64
import dataclasses
import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.log.checkpoint import Checkpoint, sign_checkpoint
from temthat_stamps.log.cosignature import Cosigner
from temthat_stamps.log.merkle import BadProof
from temthat_stamps.log.note import BadNote, Note
from temthat_stamps.log.policy import Policy, TooFewWitnesses
from temthat_stamps.log.proof import HASHES_LIMIT, PROOF_LIMIT, TlogProof, verify_proof

if TYPE_CHECKING:
    from tests.stamps.log.conftest import SignedLog

H1, H2 = (hashlib.sha256(text).digest() for text in (b"hash1", b"hash2"))
B1, B2 = (base64.b64encode(digest).decode() for digest in (H1, H2))
# The hashes of the specification's example, whose signatures and extra data are shortened for print.
SPEC_HEAD = (
    b"c2sp.org/tlog-proof@v1\nindex 73894\n"
    b"gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\nB95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\n"
    b"EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=\nRoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=\n"
    b"AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=\n\n"
)

proofs = st.builds(
    TlogProof,
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=HASHES_LIMIT).map(tuple),
    st.binary(max_size=200),
    st.binary(max_size=50),
)


def proof_of(log: "SignedLog", index: int, cosigners: list[Cosigner]) -> bytes:
    """A proof of an entry under a checkpoint cosigned by all."""
    note = Note.parse(log.checkpoint())
    data = bytes(note.with_lines(cosigner.cosign(note.text, 1_780_000_000) for cosigner in cosigners))
    return TlogProof(index, tuple(log.inclusion(index)), data).format()


@pytest.mark.parametrize(
    ("proof", "text"),
    [
        (TlogProof(5, (H1, H2), b"a\n"), f"c2sp.org/tlog-proof@v1\nindex 5\n{B1}\n{B2}\n\na\n"),
        (
            TlogProof(10, (H1,), b"a\n", b"extra information"),
            f"c2sp.org/tlog-proof@v1\nextra ZXh0cmEgaW5mb3JtYXRpb24=\nindex 10\n{B1}\n\na\n",
        ),
        (TlogProof(0, (), b"a\n"), "c2sp.org/tlog-proof@v1\nindex 0\n\na\n"),
    ],
)
def test_the_form_is_that_of_other_software(proof: TlogProof, text: str) -> None:
    """Byte for byte what the libraries of transparency.dev and torchwood write for the same values."""
    assert proof.format() == text.encode()
    assert TlogProof.parse(text.encode()) == proof


def test_the_example_of_the_specification() -> None:
    """Index and hashes; the checkpoint stays as it is."""
    proof = TlogProof.parse(SPEC_HEAD + b"example.com/fancylog\n109482\n")
    assert (proof.index, len(proof.hashes), proof.extra) == (73894, 5, b"")
    assert proof.checkpoint == b"example.com/fancylog\n109482\n"
    assert proof.format() == SPEC_HEAD + proof.checkpoint


@given(proofs)
def test_property_a_proof_comes_back(proof: TlogProof) -> None:
    """Any index, hashes, extra data; any bytes as checkpoint."""
    assert TlogProof.parse(proof.format()) == proof


def test_every_entry_is_proved(log: "SignedLog", policy: Policy, cosigners: list[Cosigner]) -> None:
    """Index, head and witnesses come out; no other entry and no other index fits."""
    for index, entry in enumerate(log.entries):
        data = proof_of(log, index, cosigners)
        included = verify_proof(data, entry, policy)
        assert included.index == index
        assert included.checkpoint.size == len(log.entries)
        assert set(included.cosigned) == {"w1.example", "w2.example", "w3.example"}
        with pytest.raises(BadProof):
            verify_proof(data, entry + b"x", policy)
        moved = dataclasses.replace(TlogProof.parse(data), index=(index + 1) % len(log.entries))
        with pytest.raises(BadProof):
            verify_proof(moved.format(), entry, policy)


def test_an_inner_node_is_no_entry(log: "SignedLog", policy: Policy, cosigners: list[Cosigner]) -> None:
    """Two leaf hashes side by side are 64 bytes too: leaves and nodes are hashed apart."""
    small = dataclasses.replace(TlogProof.parse(proof_of(log, 0, cosigners)))
    inner = b"".join(hashlib.sha256(b"\0" + entry).digest() for entry in log.entries[:2])
    with pytest.raises(BadProof):
        verify_proof(dataclasses.replace(small, hashes=small.hashes[1:]).format(), inner, policy)


def test_a_proof_needs_its_witnesses_and_its_log(
    log: "SignedLog", policy: Policy, cosigners: list[Cosigner]
) -> None:
    """Inclusion alone is not enough: the tree must be the log's, seen by the quorum."""
    entry = log.entries[3]
    with pytest.raises(TooFewWitnesses):
        verify_proof(proof_of(log, 3, cosigners[:1]), entry, policy)
    forged = Checkpoint(log.origin, 1, hashlib.sha256(b"\0" + b"mine").digest())
    alone = sign_checkpoint(forged, type(log)(key=2).signer)
    with pytest.raises(BadNote, match="missing"):
        verify_proof(TlogProof(0, (), alone).format(), b"mine", policy)


def test_extra_data_change_nothing(log: "SignedLog", policy: Policy, cosigners: list[Cosigner]) -> None:
    """They are proved by nothing, and taken from others, also when empty."""
    data = proof_of(log, 3, cosigners)
    extra = dataclasses.replace(TlogProof.parse(data), extra=b"x" * 100).format()
    empty = data.replace(b"@v1\n", b"@v1\nextra \n", 1)
    for proof in (extra, empty):
        assert verify_proof(proof, log.entries[3], policy).index == 3


GOOD = f"c2sp.org/tlog-proof@v1\nindex 5\n{B1}\n\ncheckpoint\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD.replace("@v1", "@v2"),
        GOOD.replace("@v1", "@v1 "),
        "\n" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("index 5\n", ""),
        GOOD.replace("index 5", "index 05"),
        GOOD.replace("index 5", "index -5"),
        GOOD.replace("index 5", "index five"),
        GOOD.replace("index 5", "index  5"),
        GOOD.replace("index 5", f"index {2**63}"),
        GOOD.replace("index 5", "extra !!\nindex 5"),
        GOOD.replace("index 5", "index 5\nextra AAAA"),
        GOOD.replace("index 5", "extra AAAA\nextra AAAA\nindex 5"),
        GOOD.replace(B1, B1[:-4]),
        GOOD.replace(B1, "AAAA" * 22),
        GOOD.replace(B1, "\n".join([B1] * (HASHES_LIMIT + 1))),
        GOOD.replace(B1, B1 + " "),
        GOOD + "x" * PROOF_LIMIT,
    ],
)
def test_malformed_proofs_are_refused(text: str) -> None:
    """Each breaks one rule."""
    with pytest.raises(BadNote):
        TlogProof.parse(text.encode())


def test_a_proof_without_checkpoint_proves_nothing(policy: Policy) -> None:
    """Cut off before it, or with an empty one."""
    for cut in (GOOD.partition("\n\n")[0], GOOD.partition("\n\n")[0] + "\n\n"):
        with pytest.raises(BadNote):
            verify_proof(cut.encode(), b"entry", policy)
