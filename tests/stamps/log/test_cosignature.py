"""Cosignatures: the message and the bytes of the specification, and no time or text but the signed one."""

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.log.cosignature import Cosigner, cosigned_message, verify_cosignature
from temthat_stamps.log.note import BadNote, KeyKind, Note, VerifierKey
from temthat_stamps.signer import KeySigner

if TYPE_CHECKING:
    from tests.stamps.log.conftest import SignedLog

# The example of C2SP tlog-cosignature; it comes without keys, so its form is held, not its signatures.
SPEC = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 "
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
).encode()
SPEC_MESSAGE = (
    b"cosignature/v1\ntime 1679315147\n"
    b"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
)


def test_the_example_of_the_specification() -> None:
    """Eight bytes of time and 64 of signature; the time gives the message the specification prints."""
    note = Note.parse(SPEC)
    line = note.signatures[1]
    assert line.key_id.hex() == "8d66cf3f"
    assert len(line.signature) == 72
    (timestamp,) = struct.unpack(">Q", line.signature[:8])
    assert cosigned_message(note.text, timestamp) == SPEC_MESSAGE
    assert bytes(note) == SPEC


@given(timestamp=st.integers(1, 2**63 - 1))
def test_property_the_time_comes_back(timestamp: int) -> None:
    """Any time of 63 bits."""
    cosigner = Cosigner("w.example", KeySigner(Ed25519PrivateKey.from_private_bytes(b"w" * 32)))
    line = cosigner.cosign("a\n", timestamp)
    assert verify_cosignature("a\n", cosigner.key, line.signature) == timestamp


@pytest.mark.parametrize(
    "bend",
    [
        lambda signature: signature[:-1],
        lambda signature: signature + b"\0",
        lambda signature: struct.pack(">Q", 1_700_000_001) + signature[8:],
        lambda signature: struct.pack(">Q", 0) + signature[8:],
        lambda signature: struct.pack(">Q", 2**63) + signature[8:],
        lambda signature: signature[:8] + bytes(64),
        lambda signature: b"",
    ],
)
def test_bent_cosignatures_are_refused(cosigners: list[Cosigner], bend: Callable[[bytes], bytes]) -> None:
    """Another length, another time, another signature."""
    line = cosigners[0].cosign("a\n", 1_700_000_000)
    with pytest.raises(BadNote):
        verify_cosignature("a\n", cosigners[0].key, bend(line.signature))


def test_a_cosignature_fits_its_text_and_key_only(cosigners: list[Cosigner], log: "SignedLog") -> None:
    """Not another checkpoint, not another witness, not a key of the other kind."""
    text = Note.parse(log.checkpoint()).text
    signature = cosigners[0].cosign(text, 1_700_000_000).signature
    other = Note.parse(log.checkpoint(9)).text
    plain = VerifierKey(cosigners[0].key.name, KeyKind.ED25519, cosigners[0].key.public_key)
    for wrong_text, key in ((other, cosigners[0].key), (text, cosigners[1].key), (text, plain)):
        with pytest.raises(BadNote):
            verify_cosignature(wrong_text, key, signature)


@pytest.mark.parametrize("timestamp", [0, -1, 2**63])
def test_no_time_that_nobody_may_take_is_signed(cosigners: list[Cosigner], timestamp: int) -> None:
    """Zero means “no time” in the protocol's newer form."""
    with pytest.raises(ValueError, match="time"):
        cosigners[0].cosign("a\n", timestamp)
