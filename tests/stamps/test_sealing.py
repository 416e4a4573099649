"""Secrets at rest: they open with their master key, under their purpose, unaltered; otherwise never."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.errors import SealBroken
from temthat_stamps.sealing import Sealer

SEALER = Sealer(bytes(range(32)))


@given(st.text(max_size=40), st.binary(max_size=200))
def test_property_what_was_sealed_opens(purpose: str, secret: bytes) -> None:
    """Round trip; sealing twice gives two different texts, and neither shows the secret."""
    sealed = SEALER.seal(purpose, secret)
    assert SEALER.open(purpose, sealed) == secret
    assert SEALER.seal(purpose, secret) != sealed
    assert len(secret) < 8 or secret not in sealed


@given(st.integers(0, 59), st.integers(1, 255))
def test_property_no_altered_byte_opens(at: int, flip: int) -> None:
    """Nonce, text and tag are all bound."""
    sealed = bytearray(SEALER.seal("stamp-key:1", b"s" * 32))
    assert len(sealed) == 60
    sealed[at] ^= flip
    with pytest.raises(SealBroken):
        SEALER.open("stamp-key:1", bytes(sealed))


@given(st.binary(max_size=60))
def test_property_arbitrary_bytes_do_not_open(sealed: bytes) -> None:
    """Short, empty or made-up values raise our error and no other."""
    with pytest.raises(SealBroken):
        SEALER.open("stamp-key:1", sealed)


def test_a_secret_moved_to_another_record_does_not_open() -> None:
    """A row's secret cannot be copied into another row."""
    sealed = SEALER.seal("stamp-key:1", b"secret")
    with pytest.raises(SealBroken):
        SEALER.open("stamp-key:2", sealed)


def test_another_master_key_does_not_open_and_the_message_says_which_was_tried() -> None:
    """Whoever restores the wrong file reads what to do."""
    other = Sealer(b"x" * 32)
    with pytest.raises(SealBroken, match=f"{other.fingerprint}.*restore the master key file"):
        other.open("run-secret:1", SEALER.seal("run-secret:1", b"secret"))


def test_a_short_master_key_is_refused() -> None:
    """31 bytes are too few."""
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(b"x" * 31)


def test_derived_keys_differ_by_label_and_never_equal_the_master_key() -> None:
    """One master key serves several uses without any of them knowing another."""
    keys = {SEALER.derive(label) for label in ("sealing v1", "cookies", "api keys")}
    assert len(keys) == 3
    assert bytes(range(32)) not in keys
    assert SEALER.derive("cookies") == Sealer(bytes(range(32))).derive("cookies")
