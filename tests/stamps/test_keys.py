"""Names of keys, and which public keys may be enrolled. The vectors hold the hard cases."""

import hashlib
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from temthat_stamps.errors import BadKey
from temthat_stamps.keys import check_enrolment, key_hint, key_id, public_bytes


def test_hint_and_id_are_of_the_raw_public_key() -> None:
    """The id is SHA-256 of the 32 bytes in hex, the hint its first four bytes."""
    public = public_bytes(Ed25519PrivateKey.generate())
    assert len(public) == 32
    assert key_id(public) == hashlib.sha256(public).hexdigest()
    assert key_id(public).startswith(key_hint(public).hex())
    assert len(key_hint(public)) == 4


def test_keys_made_honestly_may_be_enrolled() -> None:
    """Whatever the library generates passes."""
    for _ in range(20):
        check_enrolment(public_bytes(Ed25519PrivateKey.generate()))


@pytest.mark.parametrize("raw", [b"", bytes(32), b"\xff" * 32, bytes(31), bytes(33)])
def test_obviously_wrong_keys_are_refused(raw: bytes) -> None:
    """Wrong lengths and degenerate values raise `BadKey`."""
    with pytest.raises(BadKey):
        check_enrolment(raw)


def test_libsodium_is_loaded_only_for_enrolment() -> None:
    """A scanner, which has no libsodium, can import and verify."""
    code = "import temthat_stamps.keys, temthat_stamps.signing, sys; sys.exit('nacl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
