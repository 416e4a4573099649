"""The witness: what it has cosigned it never contradicts, whoever asks, in whatever order, however it was killed."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from temthat_stamps.errors import Fault
from temthat_stamps.log import witness_folder
from temthat_stamps.log.add_checkpoint import PROOF_LINES_LIMIT, AddCheckpoint, WitnessRefused, parse_size
from temthat_stamps.log.checkpoint import Checkpoint, sign_checkpoint
from temthat_stamps.log.cosignature import verify_cosignature
from temthat_stamps.log.merkle import EMPTY_ROOT, leaf_hash
from temthat_stamps.log.note import BadNote, KeyKind, Line, Note, VerifierKey, parse_lines
from temthat_stamps.log.policy import BadPolicy
from temthat_stamps.log.witness import WitnessState
from temthat_stamps.log.witness_folder import WitnessFolder, WitnessStoreError

if TYPE_CHECKING:
    from tests.stamps.log.conftest import SignedLog

NOW = 1_780_000_000
# The example of C2SP tlog-witness.
SPEC = (
    "old 20852014\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\njrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
    "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\n"
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— example.com/behind-the-sofa "
    "opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n"
).encode()
# Three requests a Sigsum log made for the tests of litewitness, another witness: sizes 1, then 3 or 5 from there.
SIGSUM = "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562"
SIGSUM_KEY = VerifierKey(
    SIGSUM,
    KeyKind.ED25519,
    bytes.fromhex("ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f"),
)
SIGSUM_1 = (
    f"old 0\n\n{SIGSUM}\n1\nKgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— {SIGSUM} "
    "UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3wfUQMFSzVnnNuWRTYrajXpNUbIQY=\n"
).encode()
SIGSUM_3 = (
    "old 1\nKgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nKgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"
    f"{SIGSUM}\n3\nRcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=\n\n— {SIGSUM} "
    "UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYwyJre36kezNobZs4SUUdrcawfAB8WVrx6go=\n"
).encode()
SIGSUM_5 = (
    "old 1\nKgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n+fUDV+k970B4I3uKrqJM4aP1lloPZP8mvr2Z4wRw2LI=\n"
    "KgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"
    f"{SIGSUM}\n5\nQrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY=\n\n— {SIGSUM} "
    "UgIomw/EOJmWi0i1FQsOj+etB7F8IccFam/jgd6wzRns4QPVmyEZtdvl1U2KEmLOZ/ASRcWJi0tW90dJWAShei7sDww=\n"
).encode()


@pytest.fixture
def folder(tmp_path: Path) -> WitnessFolder:
    """A new witness."""
    return WitnessFolder.create(tmp_path / "witness", "w.example/1")


@pytest.fixture
def witness(folder: WitnessFolder, log: "SignedLog") -> WitnessState:
    """A witness that knows the log."""
    return WitnessState(folder, [log.signer.key], lambda: NOW)


def twin(log: "SignedLog", common: int, more: int) -> "SignedLog":
    """The log's other face: the same first entries, then others, signed by the same key."""
    other = type(log)()
    other.entries = log.entries[:common]
    return other.grow(more, "the other face")


def refused(ask: Callable[..., object], *request: object) -> tuple[int, int | None]:
    """Status and size of the refusal."""
    with pytest.raises(WitnessRefused) as refusal:
        ask(*request)
    assert refusal.value.vi
    assert refusal.value.en
    return refusal.value.status, refusal.value.size


def test_a_growing_log_is_cosigned(witness: WitnessState, log: "SignedLog") -> None:
    """From nothing, step by step; each answer is one line that verifies over the checkpoint's text."""
    for old, size in ((0, 1), (1, 4), (4, 10), (10, 10)):
        data = log.checkpoint(size)
        proof = log.prove(old, size) if 0 < old < size else ()
        (line,) = parse_lines(witness.add_checkpoint(old, proof, data))
        assert line.name == "w.example/1"
        assert verify_cosignature(Note.parse(data).text, witness.key, line.signature) == NOW
    assert Checkpoint.parse(Note.parse(log.checkpoint()).text).size == 10


def test_requests_of_other_software_are_answered(folder: WitnessFolder) -> None:
    """Signatures and proofs that a Sigsum log made: 1, then 5; the 3 that came too late does not roll it back."""
    witness = WitnessState(folder, [SIGSUM_KEY])
    for body in (SIGSUM_1, SIGSUM_5):
        (line,) = parse_lines(witness.handle(body))
        verify_cosignature(Note.parse(AddCheckpoint.parse(body).checkpoint).text, witness.key, line.signature)
    assert refused(witness.handle, SIGSUM_3) == (409, 5)
    last = witness.last(SIGSUM)
    assert last is not None
    assert Checkpoint.parse(last.text).size == 5


def test_the_example_request_of_the_specification() -> None:
    """Old size, four hashes, the checkpoint as it is; and the same bytes again."""
    request = AddCheckpoint.parse(SPEC)
    assert (request.old_size, len(request.proof)) == (20852014, 4)
    assert Checkpoint.parse(Note.parse(request.checkpoint).text).size == 20852163
    assert bytes(request) == SPEC


@given(
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=PROOF_LINES_LIMIT),
    st.binary(max_size=100),
)
def test_property_a_request_comes_back(old_size: int, proof: list[bytes], checkpoint: bytes) -> None:
    """Any size, hashes and bytes as checkpoint."""
    request = AddCheckpoint(old_size, tuple(proof), checkpoint)
    assert AddCheckpoint.parse(bytes(request)) == request


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n\n",
        SPEC[4:],
        SPEC.replace(b"old 2", b"old 02", 1),
        SPEC.replace(b"old 2", b"old -2", 1),
        SPEC.replace(b"old ", b"old  ", 1),
        SPEC.replace(b"old ", b"Old ", 1),
        SPEC.replace(b"\n", b"\r\n"),
        SPEC.replace(b"kaw=\n", b"kaw=\n\n", 1),
        SPEC.replace(b"kaw=", b"kax=", 1),
        SPEC.replace(b"kaw=\n", b"kaw=" + b"\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=" * 63 + b"\n", 1),
        SPEC.partition(b"\n\n")[0],
        SPEC[:-1],
        SPEC + b"x" * 200_000,
    ],
)
def test_malformed_requests_are_400(witness: WitnessState, body: bytes) -> None:
    """Whatever the format forbids, also in the checkpoint."""
    assert refused(witness.handle, body) == (400, None)


def test_an_old_size_above_the_checkpoints_is_400(witness: WitnessState, log: "SignedLog") -> None:
    """Whatever the witness knows."""
    assert refused(witness.add_checkpoint, 11, (), log.checkpoint()) == (400, None)
    witness.add_checkpoint(0, (), log.checkpoint())
    assert refused(witness.add_checkpoint, 10, (), log.checkpoint(9)) == (400, None)


def test_an_unknown_log_is_404_and_a_strangers_signature_403(witness: WitnessState, log: "SignedLog") -> None:
    """The origin says which log; only its key may sign, and a wrong line of that key spoils the rest."""
    other_log = type(log)(origin="elsewhere.example/log").grow(1)
    assert refused(witness.add_checkpoint, 0, (), other_log.checkpoint()) == (404, None)
    other_key = type(log)(key=2).grow(1)
    assert refused(witness.add_checkpoint, 0, (), other_key.checkpoint()) == (403, None)
    good = Note.parse(log.checkpoint())
    bad = Line(log.origin, log.signer.key.id, b"\1" * 64)
    assert refused(witness.add_checkpoint, 0, (), bytes(good.with_lines([bad]))) == (403, None)
    strangers = Note.parse(other_key.checkpoint()).signatures
    assert witness.add_checkpoint(0, (), bytes(good.with_lines(strangers)))


def test_a_log_may_have_an_old_and_a_new_key(folder: WitnessFolder, log: "SignedLog") -> None:
    """Either signs; both are kept when both did."""
    new = type(log)(key=2)
    new.entries = log.entries
    witness = WitnessState(folder, [log.signer.key, new.signer.key])
    witness.add_checkpoint(0, (), log.checkpoint(3))
    note = Note.parse(log.checkpoint()).with_lines(Note.parse(new.checkpoint()).signatures)
    witness.add_checkpoint(3, log.prove(3), bytes(note))
    last = witness.last(log.origin)
    assert last is not None
    assert [line.key_id for line in last.signatures] == [log.signer.key.id, new.signer.key.id, witness.key.id]


def test_another_old_size_is_409_with_the_known_one(witness: WitnessState, log: "SignedLog") -> None:
    """0 when it never cosigned, even for an old size that would be right one day."""
    assert refused(witness.add_checkpoint, 4, log.prove(4), log.checkpoint()) == (409, 0)
    witness.add_checkpoint(0, (), log.checkpoint(6))
    for old in (0, 4, 7):
        proof = log.prove(old) if old else ()
        assert refused(witness.add_checkpoint, old, proof, log.checkpoint()) == (
            409,
            6,
        )


def test_rules_of_the_empty_tree(folder: WitnessFolder, log: "SignedLog") -> None:
    """Its root is the empty hash; from size 0 nothing is to be proved, so nothing is taken as a proof."""
    witness = WitnessState(folder, [log.signer.key])
    wrong_root = sign_checkpoint(Checkpoint(log.origin, 0, leaf_hash(b"x")), log.signer)
    assert refused(witness.add_checkpoint, 0, (), wrong_root) == (422, None)
    empty = sign_checkpoint(Checkpoint(log.origin, 0, EMPTY_ROOT), log.signer)
    assert refused(witness.add_checkpoint, 0, (EMPTY_ROOT,), empty) == (422, None)
    assert witness.add_checkpoint(0, (), empty)
    assert witness.add_checkpoint(0, (), empty)
    assert refused(witness.add_checkpoint, 0, (), wrong_root) == (409, None)
    assert refused(witness.add_checkpoint, 0, (EMPTY_ROOT,), log.checkpoint(1)) == (422, None)
    assert witness.add_checkpoint(0, (), log.checkpoint(1))


def test_a_log_with_two_faces_is_refused_and_recorded(
    witness: WitnessState, folder: WitnessFolder, log: "SignedLog"
) -> None:
    """Same size, another root: 409, and both signed checkpoints are kept as evidence that convicts the log's key."""
    other = twin(log, 5, 5)
    witness.add_checkpoint(0, (), log.checkpoint())
    assert refused(witness.add_checkpoint, 10, (), other.checkpoint()) == (409, None)
    assert refused(witness.add_checkpoint, 0, (), other.checkpoint()) == (409, 10)
    notes = [Note.parse(file.read_bytes()) for file in folder.evidence()]
    assert {note.text for note in notes} == {
        Note.parse(log.checkpoint()).text,
        Note.parse(other.checkpoint()).text,
    }
    assert all(note.by(log.signer.key) for note in notes)
    assert [file.name.partition("-")[0] for file in folder.evidence()] == ["fork", "fork"]
    witness.add_checkpoint(10, (), log.checkpoint())


def test_a_tree_that_does_not_extend_the_known_one_is_refused(
    witness: WitnessState, folder: WitnessFolder, log: "SignedLog"
) -> None:
    """Its own proof, the honest log's proof, none, too long a one: 422 each time, recorded once, nothing moves."""
    witness.add_checkpoint(0, (), log.checkpoint(6))
    other = twin(log, 5, 7)
    proofs = [other.prove(6), log.prove(6), (), [*log.prove(6), bytes(32)], log.prove(6)[:-1]]
    for proof in proofs:
        assert refused(witness.add_checkpoint, 6, proof, other.checkpoint()) == (
            422,
            None,
        )
    assert len(folder.evidence()) == 2
    assert witness.add_checkpoint(6, log.prove(6), log.checkpoint())


def test_a_rolled_back_log_is_refused(witness: WitnessState, log: "SignedLog") -> None:
    """A smaller tree is never cosigned again, though it once was."""
    witness.add_checkpoint(0, (), log.checkpoint(4))
    witness.add_checkpoint(4, log.prove(4), log.checkpoint())
    for old in (0, 4):
        assert refused(witness.add_checkpoint, old, (), log.checkpoint(4)) == (409, 10)


def test_logs_do_not_mix(folder: WitnessFolder, log: "SignedLog") -> None:
    """Each log has its own memory."""
    second = type(log)(key=2, origin="tem.example.vn/second").grow(3)
    witness = WitnessState(folder, [log.signer.key, second.signer.key])
    witness.add_checkpoint(0, (), log.checkpoint())
    witness.add_checkpoint(0, (), second.checkpoint())
    assert refused(witness.add_checkpoint, 0, (), second.checkpoint()) == (409, 3)
    assert witness.origins == ["tem.example.vn/log", "tem.example.vn/second"]


def test_only_one_of_many_at_once_wins(folder: WitnessFolder, log: "SignedLog") -> None:
    """Two processes' witnesses on one folder, both faces, sixteen requests from one size: one tree is cosigned."""
    witnesses = [WitnessState(WitnessFolder(folder.path), [log.signer.key]) for _ in range(2)]
    witnesses[0].add_checkpoint(0, (), log.checkpoint(5))
    faces = [log, twin(log, 5, 5)]

    def ask(number: int) -> bool:
        face, size = faces[number % 2], 6 + number // 4
        try:
            witnesses[number // 2 % 2].add_checkpoint(5, face.prove(5, size), face.checkpoint(size))
        except WitnessRefused as refusal:
            return refusal.status != 409
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(16))) == 1


@settings(
    max_examples=max(25, settings().max_examples // 10),
)
@given(
    steps=st.lists(st.tuples(st.booleans(), st.integers(1, 10), st.integers(0, 10)), min_size=1, max_size=12)
)
def test_property_all_that_was_ever_cosigned_is_one_tree(
    log: "SignedLog", tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[bool, int, int]]
) -> None:
    """Whatever a two-faced log asks for, in whatever order, with the right proof of its face each time."""
    faces = {False: log, True: twin(log, 4, 6)}
    witness = WitnessState(
        WitnessFolder.create(tmp_path_factory.mktemp("w") / "w", "w.example"), [log.signer.key]
    )
    cosigned: list[tuple[bool, int]] = []
    for face, size, old in steps:
        last = witness.last(log.origin)
        known = Checkpoint.parse(last.text).size if last else 0
        for start in (old, known):  # a guess, then what the witness says
            proof = faces[face].prove(start, size) if 0 < start < size else ()
            try:
                witness.add_checkpoint(start, proof, faces[face].checkpoint(size))
            except WitnessRefused:
                continue
            cosigned.append((face, size))
    assert [size for _, size in cosigned] == sorted(size for _, size in cosigned)
    assert len({face for face, size in cosigned if size > 4}) <= 1


CRASHING = """
import os, sys
from pathlib import Path
from temthat_stamps.log.add_checkpoint import AddCheckpoint
from temthat_stamps.log.note import VerifierKey
from temthat_stamps.log.witness import WitnessState
from temthat_stamps.log.witness_folder import WitnessFolder

folder, key, step = sys.argv[1:]
witness = WitnessState(WitnessFolder(Path(folder)), [VerifierKey.parse(key)])
left = [int(step)]

def dying(call):
    def wrapped(*args, **kwargs):
        if left[0] == 0:
            os._exit(9)
        left[0] -= 1
        return call(*args, **kwargs)
    return wrapped

os.fsync, Path.replace, Path.open = dying(os.fsync), dying(Path.replace), dying(Path.open)
sys.stdout.buffer.write(witness.handle(sys.stdin.buffer.read()))
"""


def test_killed_between_any_two_steps_it_never_cosigns_two_trees(tmp_path: Path, log: "SignedLog") -> None:
    """Before the file, in it, before and after it takes its place: asked then for the other face, one tree stands."""
    other = twin(log, 5, 5)
    answered = []
    for step in range(8):
        folder = WitnessFolder.create(tmp_path / str(step), "w.example")
        witness = WitnessState(folder, [log.signer.key])
        witness.add_checkpoint(0, (), log.checkpoint(5))
        command = [sys.executable, "-c", CRASHING, str(folder.path), log.signer.vkey, str(step)]
        request = AddCheckpoint(5, tuple(log.prove(5)), log.checkpoint())
        killed = subprocess.run(command, input=bytes(request), capture_output=True, timeout=60)
        assert killed.returncode in (0, 9), killed.stderr
        answered.append(bool(killed.stdout))
        again = WitnessState(WitnessFolder(folder.path), [log.signer.key])
        last = again.last(log.origin)
        assert last is not None
        if killed.stdout or Checkpoint.parse(last.text).size == 10:
            # It may have left; so the other face is refused for ever, and the log itself is answered again.
            assert refused(again.add_checkpoint, 10, (), other.checkpoint()) == (409, None)
            assert again.add_checkpoint(10, (), log.checkpoint())
        else:
            assert again.add_checkpoint(5, other.prove(5), other.checkpoint())
            assert refused(again.add_checkpoint, 10, (), log.checkpoint()) == (409, None)
    assert answered[0] is False
    assert answered[-1] is True


def test_a_full_disk_gives_no_cosignature(
    witness: WitnessState, folder: WitnessFolder, log: "SignedLog"
) -> None:
    """The store's fault, said so; what was cosigned before stands, and it goes on when there is room again."""
    witness.add_checkpoint(0, (), log.checkpoint(4))
    (folder.path / "fresh").symlink_to("/dev/full")
    with pytest.raises(WitnessStoreError) as refusal:
        witness.add_checkpoint(4, log.prove(4), log.checkpoint())
    assert refusal.value.fault is Fault.STORE
    (folder.path / "fresh").unlink()
    assert refused(witness.add_checkpoint, 10, (), log.checkpoint()) == (409, 4)
    assert witness.add_checkpoint(4, log.prove(4), log.checkpoint())


def test_a_damaged_memory_is_never_taken_for_an_empty_one(
    witness: WitnessState, folder: WitnessFolder, log: "SignedLog"
) -> None:
    """Cut, altered, of another log, or its folder gone: no cosignature until people have looked."""
    witness.add_checkpoint(0, (), log.checkpoint(4))
    (file,) = (folder.path / "logs").iterdir()
    good = file.read_bytes()
    for bad in (
        b"",
        good[:-9],
        good.replace(b"\n4\n", b"\n3\n"),
        good.replace(b"vn/log", b"vn/lug"),
        log.checkpoint(4),
    ):
        file.write_bytes(bad)
        with pytest.raises(WitnessStoreError):
            witness.add_checkpoint(0, (), log.checkpoint())
    file.unlink()
    (folder.path / "logs").rmdir()
    with pytest.raises(WitnessStoreError):
        witness.add_checkpoint(0, (), log.checkpoint())


def test_evidence_does_not_fill_the_disk(
    folder: WitnessFolder, log: "SignedLog", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log can contradict itself for ever; what is kept of each kind has an end."""
    monkeypatch.setattr(witness_folder, "EVIDENCE_LIMIT", 3)
    for size in range(1, 8):
        folder.record("fork", Note.parse(log.checkpoint(size)))
    assert len(folder.evidence()) == 3
    folder.record("unproved", Note.parse(log.checkpoint()))
    assert len(folder.evidence()) == 4


def test_a_witness_does_not_witness_its_own_key(folder: WitnessFolder, log: "SignedLog") -> None:
    """A log signing with the witness's key would be its own witness."""
    own = VerifierKey(log.origin, KeyKind.ED25519, folder.cosigner().key.public_key)
    with pytest.raises(BadPolicy):
        WitnessState(folder, [own])


def test_the_key_is_private_and_made_once(folder: WitnessFolder) -> None:
    """Mode 600 and refused otherwise; a second `create` does not replace it; a damaged one is told."""
    key = folder.path / "key"
    assert key.stat().st_mode & 0o777 == 0o600
    before = key.read_bytes()
    with pytest.raises(WitnessStoreError):
        WitnessFolder.create(folder.path, "another.example")
    assert key.read_bytes() == before
    key.chmod(0o644)
    with pytest.raises(WitnessStoreError, match="chmod 600"):
        folder.cosigner()
    key.chmod(0o600)
    for bad in (
        b"",
        before[:-5],
        before.replace(b"w.example", b"x.example"),
        b"\xff",
        before.replace(b"PRIVATE", b"PUBLIC"),
    ):
        key.write_bytes(bad)
        with pytest.raises(WitnessStoreError):
            folder.cosigner()


@pytest.mark.parametrize(
    ("data", "size"), [(b"0\n", 0), (b"50\n", 50), (b"9223372036854775807\n", 2**63 - 1)]
)
def test_sizes_in_answers(data: bytes, size: int) -> None:
    """Decimal and a newline."""
    assert parse_size(data) == size


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"50", b"050\n", b"5\n\n", b"-5\n", b"5\r\n", b"x\n", b"9" * 40 + b"\n"]
)
def test_malformed_sizes_in_answers(data: bytes) -> None:
    """Nothing else."""
    with pytest.raises(BadNote):
        parse_size(data)
