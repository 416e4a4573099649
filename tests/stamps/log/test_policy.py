"""Policies: enough different witnesses, none of them the log, whatever lines a note carries."""

import time
from typing import TYPE_CHECKING

import pytest

from temthat_stamps.errors import Fault
from temthat_stamps.log.checkpoint import CLOCK_TOLERANCE, open_checkpoint
from temthat_stamps.log.cosignature import Cosigner
from temthat_stamps.log.note import BadNote, KeyKind, Line, Note, VerifierKey
from temthat_stamps.log.policy import BadPolicy, Policy, TooFewWitnesses

if TYPE_CHECKING:
    from tests.stamps.log.conftest import SignedLog

NOW = 1_780_000_000


def cosigned(data: bytes, *lines: tuple[Cosigner, int]) -> bytes:
    """The note with cosignatures at these times."""
    note = Note.parse(data)
    return bytes(note.with_lines(cosigner.cosign(note.text, at) for cosigner, at in lines))


def test_enough_witnesses_open_a_checkpoint(
    log: "SignedLog", policy: Policy, cosigners: list[Cosigner]
) -> None:
    """Two of three, each with its time."""
    data = cosigned(log.checkpoint(), (cosigners[0], NOW), (cosigners[2], NOW - 5))
    opened = open_checkpoint(data, policy, NOW)
    assert opened.cosigned == {"w1.example": NOW, "w3.example": NOW - 5}
    assert opened.checkpoint.size == 10
    assert opened.ahead == ()


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_say_how_many(
    log: "SignedLog", policy: Policy, cosigners: list[Cosigner], count: int
) -> None:
    """A typed refusal with both numbers, in both languages."""
    data = cosigned(log.checkpoint(), *((c, NOW) for c in cosigners[:count]))
    with pytest.raises(TooFewWitnesses) as refused:
        open_checkpoint(data, policy)
    assert (refused.value.found, refused.value.needed) == (count, 2)
    assert refused.value.fault is Fault.OPERATOR
    assert f"{count} bên chứng kiến" in refused.value.vi
    assert f"{count} of 2" in refused.value.en


def test_a_witness_counts_once(log: "SignedLog", policy: Policy, cosigners: list[Cosigner]) -> None:
    """However many lines it wrote; its newest time is the one told."""
    data = cosigned(log.checkpoint(), *((cosigners[0], NOW + at) for at in range(5)))
    with pytest.raises(TooFewWitnesses) as refused:
        open_checkpoint(data, policy)
    assert refused.value.found == 1
    more = cosigned(data, (cosigners[1], NOW))
    assert open_checkpoint(more, policy, NOW).cosigned["w1.example"] == NOW + 4


def test_an_old_and_a_new_key_of_one_witness_count_once(
    log: "SignedLog", policy: Policy, cosigners: list[Cosigner]
) -> None:
    """A witness that changed its key keeps its name, and stays one witness."""
    renamed = VerifierKey("w1.example", KeyKind.COSIGNATURE_V1, cosigners[1].key.public_key)
    both = Policy(policy.origin, policy.log_key, (cosigners[0].key, renamed, cosigners[2].key), 2)
    note = Note.parse(cosigned(log.checkpoint(), (cosigners[0], NOW)))
    as_new = cosigners[1].cosign(note.text, NOW).signature
    data = bytes(note.with_lines([Line(renamed.name, renamed.id, as_new)]))
    with pytest.raises(TooFewWitnesses):
        open_checkpoint(data, both)
    with pytest.raises(BadPolicy):
        Policy(policy.origin, policy.log_key, (cosigners[0].key, renamed), 2)


def test_strangers_do_not_count(log: "SignedLog", policy: Policy, cosigners: list[Cosigner]) -> None:
    """Cosignatures of witnesses outside the policy are ignored, even of those with a policy's name."""
    few = Policy(policy.origin, policy.log_key, (cosigners[0].key,), 1)
    impostor = VerifierKey("w1.example", KeyKind.COSIGNATURE_V1, cosigners[1].key.public_key)
    note = Note.parse(log.checkpoint())
    line = Line("w1.example", impostor.id, cosigners[1].cosign(note.text, NOW).signature)
    data = bytes(note.with_lines([line, cosigners[2].cosign(note.text, NOW)]))
    with pytest.raises(TooFewWitnesses):
        open_checkpoint(data, few)


def test_a_wrong_line_of_a_witness_refuses_the_checkpoint(
    log: "SignedLog", policy: Policy, cosigners: list[Cosigner]
) -> None:
    """Name and id of a known witness with a signature of something else: nothing of this note is to be trusted."""
    data = cosigned(log.checkpoint(), *((c, NOW) for c in cosigners))
    other = Note.parse(log.checkpoint(9)).text
    bad = Note.parse(data).with_lines([cosigners[0].cosign(other, NOW)])
    with pytest.raises(BadNote, match=r"w1\.example"):
        open_checkpoint(bytes(bad), policy)


def test_times_ahead_of_our_clock_are_told(
    log: "SignedLog", policy: Policy, cosigners: list[Cosigner]
) -> None:
    """They count, since it may be our clock that is slow, but the reader learns of it."""
    data = cosigned(
        log.checkpoint(), (cosigners[0], NOW + CLOCK_TOLERANCE), (cosigners[1], NOW + CLOCK_TOLERANCE + 1)
    )
    assert open_checkpoint(data, policy, NOW).ahead == ("w2.example",)
    far = cosigned(log.checkpoint(), *((c, int(time.time()) + 86_400) for c in cosigners[:2]))
    assert len(open_checkpoint(far, policy).ahead) == 2


def test_without_quorum_the_log_alone_is_enough(log: "SignedLog", policy: Policy) -> None:
    """Quorum 0, as at the start of a log."""
    assert open_checkpoint(log.checkpoint(), Policy(policy.origin, policy.log_key, (), 0)).cosigned == {}


def test_a_policy_one_party_could_meet_alone_is_refused(policy: Policy, cosigners: list[Cosigner]) -> None:
    """The log as its own witness, one key under two names, keys of the wrong kind, a quorum nobody reaches."""
    own = VerifierKey("friend.example", KeyKind.COSIGNATURE_V1, policy.log_key.public_key)
    twice = VerifierKey("w9.example", KeyKind.COSIGNATURE_V1, cosigners[0].key.public_key)
    first = cosigners[0].key
    wrong: list[tuple[VerifierKey, tuple[VerifierKey, ...], int]] = [
        (policy.log_key, (own,), 1),
        (policy.log_key, (first, twice), 1),
        (policy.log_key, (policy.log_key,), 1),
        (first, (cosigners[1].key,), 1),
        (policy.log_key, (first,), 2),
        (policy.log_key, (first, first), 2),
        (policy.log_key, (), 1),
        (policy.log_key, (first,), -1),
    ]
    for log_key, witnesses, quorum in wrong:
        with pytest.raises(BadPolicy) as refused:
            Policy(policy.origin, log_key, witnesses, quorum)
        assert refused.value.fault is Fault.OPERATOR


def test_a_policy_from_text(policy: Policy) -> None:
    """Verifier keys as trust data hold them."""
    texts = [str(key) for key in policy.witnesses]
    assert Policy.parse(policy.origin, str(policy.log_key), texts, 2) == policy
    with pytest.raises(BadNote):
        Policy.parse(policy.origin, str(policy.log_key)[:-1], texts, 2)
