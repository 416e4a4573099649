"""Key files: they open with their pass phrase, unaltered, and with nothing else."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.custody.keyfile import open_key, read_about, seal_key
from temthat_stamps.errors import CustodyError
from temthat_stamps.keys import public_bytes

KEY = Ed25519PrivateKey.from_private_bytes(bytes([3]) * 32)
PHRASE = "năm từ không liên quan"
FILE = seal_key(KEY, {"kind": "issuer", "issuer": "x"}, PHRASE, work=2)


def test_a_key_file_opens_with_its_pass_phrase_composed_or_decomposed() -> None:
    """Two keyboards write the same Vietnamese letters differently."""
    import unicodedata

    for form in ("NFC", "NFD"):
        opened = open_key(FILE, unicodedata.normalize(form, PHRASE))
        assert opened.key.private_bytes_raw() == KEY.private_bytes_raw()
        assert opened.about == {"kind": "issuer", "issuer": "x", "public_key": public_bytes(KEY).hex()}
    assert KEY.private_bytes_raw().hex() not in FILE.decode()


def test_a_wrong_pass_phrase_opens_nothing_and_a_short_one_is_refused() -> None:
    """Both in words that say what to do."""
    with pytest.raises(CustodyError, match="Type it again"):
        open_key(FILE, PHRASE + " ")
    with pytest.raises(CustodyError, match="at least 12"):
        seal_key(KEY, {}, "elevenchars")


@pytest.mark.parametrize("member", ["issuer", "kind", "public_key"])
def test_what_the_file_says_in_clear_is_bound_to_the_key(member: str) -> None:
    """A file cannot be made to say that its key is for something else."""
    body = json.loads(FILE)
    body["about"][member] = "y"
    with pytest.raises(CustodyError):
        open_key(json.dumps(body).encode(), PHRASE)


@given(st.binary(max_size=300))
def test_property_arbitrary_bytes_are_no_key_file(data: bytes) -> None:
    """Our error and no other, whether opened or only looked at."""
    for read in (read_about, lambda given: open_key(given, PHRASE)):
        with pytest.raises(CustodyError):
            read(data)


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
def test_property_a_file_with_one_altered_byte_gives_no_other_key(at: int, flip: int) -> None:
    """It opens as the same key (the byte meant nothing) or not at all."""
    altered = bytearray(FILE)
    altered[at] ^= flip
    try:
        opened = open_key(bytes(altered), PHRASE)
    except CustodyError:
        return
    assert opened.key.private_bytes_raw() == KEY.private_bytes_raw()
