"""Signing stamps and finding who signed: round trip, and no mutation ever passes."""

import itertools

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps import signing
from temthat_stamps.code import CODE_LENGTH, RUN_MAX, SERIAL_MAX, Code, Header, decode, encode
from temthat_stamps.errors import BadSignature, NewerFormat, NotOurs
from temthat_stamps.keys import key_hint, public_bytes
from temthat_stamps.signing import KEYS_PER_HINT, KeyRing, RunSecrets, sign_code, sign_serials, verify

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = public_bytes(KEY)
RING = KeyRing(
    [PUBLIC, *(public_bytes(Ed25519PrivateKey.from_private_bytes(bytes([i]) * 32)) for i in range(9))]
)


@given(st.integers(1, RUN_MAX), st.integers(1, SERIAL_MAX))
def test_property_signed_codes_verify(run: int, serial: int) -> None:
    """Signing, printing, reading, finding the key."""
    code = decode(sign_code(KEY, run, serial))
    assert (code.header.run, code.header.serial, code.header.hint) == (run, serial, key_hint(PUBLIC))
    assert RING.find(code) == PUBLIC


@given(
    st.integers(0, CODE_LENGTH - 1), st.characters() | st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567abc")
)
def test_property_no_changed_character_verifies(at: int, character: str) -> None:
    """A code with one other character is not ours, of a newer format, of no key, or wrongly signed; nothing else."""
    text = sign_code(KEY, 7, 9)
    if character == text[at]:
        return
    with pytest.raises((NotOurs, NewerFormat, KeyError, BadSignature)):
        RING.find(decode(text[:at] + character + text[at + 1 :]))


def test_every_changed_bit_is_noticed() -> None:
    """All 608 bits of header and signature, one after the other."""
    raw = bytearray(decode_raw(sign_code(KEY, 7, 9)))
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises((NotOurs, NewerFormat, KeyError, BadSignature)):
            RING.find(decode(encode(bytes(changed[:12]), bytes(changed[12:]))))


def decode_raw(text: str) -> bytes:
    code = decode(text)
    return code.header.to_bytes() + code.signature


def test_serials_are_signed_in_order_and_always_alike() -> None:
    """Signing is deterministic: a job done again gives the same stamps."""
    first = list(sign_serials(KEY, 3, range(1, 6)))
    assert [serial for serial, _, _ in first] == [1, 2, 3, 4, 5]
    assert first == list(sign_serials(KEY, 3, range(1, 6)))
    assert len({signature for _, _, signature in first}) == 5
    for serial, header, signature in first:
        assert header == Header(key_hint(PUBLIC), 3, serial).to_bytes()
        assert sign_code(KEY, 3, serial) == encode(header, signature)


@pytest.mark.parametrize(("run", "serial"), [(0, 1), (RUN_MAX + 1, 1), (1, 0), (1, SERIAL_MAX + 1)])
def test_nothing_outside_the_ranges_is_signed(run: int, serial: int) -> None:
    """The signer refuses what no reader would accept."""
    with pytest.raises(ValueError, match="no such"):
        list(sign_serials(KEY, run, [serial]))


def test_every_key_with_the_hint_is_tried_up_to_a_limit() -> None:
    """The right key is found behind fifteen others; a sixteenth is one too many."""
    others = [public_bytes(Ed25519PrivateKey.generate()) for _ in range(KEYS_PER_HINT)]
    code = decode(sign_code(KEY, 7, 9))
    assert verify(code, [*others[:-1], PUBLIC]) == PUBLIC
    with pytest.raises(BadSignature):
        verify(code, [*others, PUBLIC])


def test_unusable_keys_with_the_hint_do_not_get_in_the_way() -> None:
    """A key that can never verify is passed over, not a reason to fail."""
    code = decode(sign_code(KEY, 7, 9))
    assert verify(code, [bytes(32), b"short", PUBLIC]) == PUBLIC


def test_an_unknown_hint_is_told_from_a_wrong_signature() -> None:
    """`KeyError` and `BadSignature` lead to different verdicts."""
    good = decode(sign_code(KEY, 7, 9))
    stranger = Code(Header(b"none", 7, 9), good.signature)
    with pytest.raises(KeyError):
        RING.find(stranger)
    with pytest.raises(BadSignature):
        RING.find(Code(Header(good.header.hint, 8, 9), good.signature))


def test_a_stamp_is_no_statement_and_no_bare_header() -> None:
    """The context keeps a signature made for another purpose from being a stamp."""
    header = Header(key_hint(PUBLIC), 7, 9)
    with pytest.raises(BadSignature):
        verify(Code(header, KEY.sign(header.to_bytes())), [PUBLIC])


def test_secrets_of_runs_and_purposes_are_apart() -> None:
    """Another run secret gives other numbers and PINs; number and PIN do not follow from each other's key."""
    header = Header(b"hint", 7, 9)
    one, two = RunSecrets(bytes(32)), RunSecrets(bytes([1]) * 32)
    assert one.number(header).mac != two.number(header).mac
    contexts = {signing.CONTEXT, signing.PIN_CONTEXT, signing.NUMBER_CONTEXT}
    assert not any(a.startswith(b) for a, b in itertools.permutations(contexts, 2))


def test_pins_are_six_digits_spread_out() -> None:
    """Leading zeros are kept, and a thousand stamps have nearly a thousand PINs."""
    secrets = RunSecrets(b"\x07" * 32)
    pins = [secrets.pin(Header(b"hint", 7, serial)) for serial in range(1, 1001)]
    assert all(len(pin) == 6 and pin.isdecimal() for pin in pins)
    assert any(pin.startswith("0") for pin in pins)
    assert len(set(pins)) > 990
