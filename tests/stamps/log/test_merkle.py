"""The tree against its definition, against proofs made by others, and against whatever hostile proofs hold."""

import base64
import json
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from temthat_stamps.errors import Fault
from temthat_stamps.log.merkle import (
    EMPTY_ROOT,
    MAX_SIZE,
    BadProof,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    parents,
    root_of,
    verify_consistency,
    verify_inclusion,
)

CONFORMANCE = Path(__file__).parents[4] / "shared" / "conformance" / "merkle"
CASES = sorted(CONFORMANCE.rglob("*.json"))

FUZZ_INPUTS = 100 * settings().max_examples
"""10,000 in the ordinary run, always the same ones."""

LEAVES = [leaf_hash(b"%d" % number) for number in range(600)]


def definition(leaves: list[bytes]) -> bytes:
    """MTH as the RFC writes it."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else sha256(b"").digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\x01" + definition(leaves[:half]) + definition(leaves[half:])).digest()


def path_by_definition(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH as the RFC writes it."""
    if len(leaves) <= 1:
        return []
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    if index < half:
        return [*path_by_definition(index, leaves[:half]), definition(leaves[half:])]
    return [*path_by_definition(index - half, leaves[half:]), definition(leaves[:half])]


def subproof_by_definition(old: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF as the RFC writes it."""
    if old == len(leaves):
        return [] if whole else [definition(leaves)]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    if old <= half:
        return [*subproof_by_definition(old, leaves[:half], whole), definition(leaves[half:])]
    return [*subproof_by_definition(old - half, leaves[half:], False), definition(leaves[:half])]


def hash_at(level: int, index: int) -> bytes:
    """A perfect subtree of `LEAVES`."""
    assert (index + 1) << level <= len(LEAVES)
    return definition(LEAVES[index << level : (index + 1) << level])


def test_the_empty_tree_and_one_leaf_are_as_the_rfc_says() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert root_of([]) == EMPTY_ROOT == Frontier().root
    assert root_of(LEAVES[:1]) == LEAVES[0]


def test_roots_are_those_of_a_log_made_by_other_software() -> None:
    """The sample log of Trillian Tessera: its entries are these words, its checkpoints hold these roots."""
    words = ["one", "two", "three", "four", "five", "six", "seven", "eit", "nain", "ten"]
    words += ["ileven", "twelf", "threeten", "fourten", "fivten"]
    theirs = {
        1: "0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek=",
        2: "T1X2GdkhUjV3iyufF9b0kVsWFxIU0VI4EpNml2Teci4=",
        7: "IrSXADBqJ7EQoUODSDKROySgNveeL6CFhik2w/+fS7U=",
        15: "rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=",
    }
    for size, root in theirs.items():
        assert root_of([leaf_hash(word.encode()) for word in words[:size]]) == base64.b64decode(root)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 5, 8, 9, 31, 64, 100, 257])
def test_roots_are_those_of_the_definition(size: int) -> None:
    frontier = Frontier()
    frontier.extend(LEAVES[:size])
    assert root_of(LEAVES[:size]) == frontier.root == definition(LEAVES[:size])
    assert frontier.size == size


def test_a_row_of_hashes_gives_the_row_above_it() -> None:
    assert parents(b"".join(LEAVES[:5])) == node_hash(*LEAVES[:2]) + node_hash(*LEAVES[2:4])
    assert parents(LEAVES[0]) == parents(b"") == b""


@given(st.data())
def test_property_proofs_are_those_of_the_definition_and_verify(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 600))
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    leaves, root = LEAVES[:size], definition(LEAVES[:size])
    inclusion = inclusion_proof(index, size, hash_at)
    assert inclusion == path_by_definition(index, leaves)
    verify_inclusion(index, size, LEAVES[index], inclusion, root)
    consistency = consistency_proof(old, size, hash_at)
    assert consistency == subproof_by_definition(old, leaves, True)
    verify_consistency(old, size, definition(LEAVES[:old]), root, consistency)


@given(st.integers(1, 200), st.data())
def test_property_a_changed_inclusion_proof_is_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, hash_at)
    root = root_of(LEAVES[:size])
    other = data.draw(st.integers(0, size * 2).filter(lambda at: at != index))
    with pytest.raises(BadProof):
        verify_inclusion(other, size, LEAVES[index], proof, root)
    with pytest.raises(BadProof):
        verify_inclusion(index, size, LEAVES[index], change(proof, data), root)
    with pytest.raises(BadProof):
        verify_inclusion(index, size, LEAVES[size], proof, root)


@given(st.integers(2, 200), st.data())
def test_property_a_changed_consistency_proof_is_refused(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size - 1))
    proof = consistency_proof(old, size, hash_at)
    roots = root_of(LEAVES[:old]), root_of(LEAVES[:size])
    with pytest.raises(BadProof):
        verify_consistency(old, size, *roots, change(proof, data))
    with pytest.raises(BadProof):
        verify_consistency(old, size, roots[1], roots[0], proof)
    other = data.draw(st.integers(1, size - 1).filter(lambda at: at != old))
    with pytest.raises(BadProof):
        verify_consistency(other, size, *roots, proof)


def change(proof: list[bytes], data: st.DataObject) -> list[bytes]:
    """The proof with one hash added, left out or altered."""
    at = data.draw(st.integers(0, len(proof)))
    how = data.draw(st.sampled_from(["add", "drop", "flip", "cut"] if at < len(proof) else ["add"]))
    if how == "add":
        return [*proof[:at], data.draw(st.sampled_from([b"", LEAVES[0], LEAVES[-1]])), *proof[at:]]
    if how == "drop":
        return proof[:at] + proof[at + 1 :]
    altered = proof[at][:-1] if how == "cut" else bytes([proof[at][0] ^ 1]) + proof[at][1:]
    return [*proof[:at], altered, *proof[at + 1 :]]


def test_fuzz_no_proof_from_nowhere_is_taken() -> None:
    """Whatever is given is refused with the one error; only what needs no proof at all passes."""
    hashes = [
        *LEAVES[:4],
        EMPTY_ROOT,
        root_of(LEAVES[:2]),
        root_of(LEAVES[:4]),
        b"",
        LEAVES[0][:31],
        bytes(33),
    ]
    sizes = [-(2**64), -1, 0, 1, 2, 3, 4, 5, 8, 255, MAX_SIZE - 1, MAX_SIZE, MAX_SIZE + 1, 2**64]
    true = 0
    for number in range(FUZZ_INPUTS):
        random = Random(number)
        first, second, start, root = random.choices(sizes, k=2) + random.choices(hashes, k=2)
        proof = random.choices(hashes, k=random.choice([0, 0, 1, 2, 3, 62, 63, 64, 70]))
        for verify, args in (
            (verify_inclusion, (first, second, start, proof, root)),
            (verify_consistency, (first, second, start, root, proof)),
        ):
            try:
                verify(*args)
            except BadProof:
                continue
            true += 1
            assert (start == root and not proof) or root in (root_of(LEAVES[:2]), root_of(LEAVES[:4]))
    assert 0 < true < FUZZ_INPUTS / 100


def test_proofs_work_up_to_the_largest_size_and_not_beyond() -> None:
    top = [LEAVES[0]] * 63
    with pytest.raises(BadProof, match="not in the tree"):
        verify_inclusion(0, MAX_SIZE, LEAVES[0], top, LEAVES[0])
    with pytest.raises(BadProof, match="no entry"):
        verify_inclusion(0, MAX_SIZE + 1, LEAVES[0], top, LEAVES[0])


def test_there_is_no_proof_for_what_is_not_in_the_tree() -> None:
    for index, size in ((-1, 5), (5, 5), (0, 0), (0, MAX_SIZE + 1)):
        with pytest.raises(BadProof, match="no entry"):
            inclusion_proof(index, size, hash_at)
    for old, new in ((0, 5), (6, 5), (-1, 5), (0, 0)):
        with pytest.raises(BadProof, match="no proof"):
            consistency_proof(old, new, hash_at)


def test_a_bad_proof_says_in_both_languages_what_to_do() -> None:
    with pytest.raises(BadProof) as refused:
        verify_inclusion(0, 1, LEAVES[0], [], LEAVES[1])
    assert refused.value.fault is Fault.OPERATOR
    assert "liên minh" in refused.value.vi
    assert "alliance" in refused.value.en


@pytest.mark.skipif(not CASES, reason="no ../shared/conformance/merkle beside the repository")
def test_the_conformance_data_is_there() -> None:
    assert {"inclusion", "consistency"} <= {path.relative_to(CONFORMANCE).parts[0] for path in CASES}


@pytest.mark.parametrize("path", CASES, ids=lambda path: str(path.relative_to(CONFORMANCE)))
def test_conformance_every_proof_is_told_right(path: Path) -> None:
    case = json.loads(path.read_text("utf-8"))
    if case["wantErr"]:
        with pytest.raises(BadProof):
            verify_case(case)
    else:
        verify_case(case)


def verify_case(case: dict[str, Any]) -> None:
    """Verify one file of the conformance data."""
    proof = [base64.b64decode(each) for each in case["proof"] or []]
    if "leafIdx" in case:
        leaf, root = (base64.b64decode(case[name]) for name in ("leafHash", "root"))
        verify_inclusion(case["leafIdx"], case["treeSize"], leaf, proof, root)
    else:
        old, new = (base64.b64decode(case[name]) for name in ("root1", "root2"))
        verify_consistency(case["size1"], case["size2"], old, new, proof)
