"""Signed statements: what was signed is read, and nothing else is, however it was bent."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]

from temthat_stamps.errors import BadStatement
from temthat_stamps.keys import key_id
from temthat_stamps.signer import KeySigner
from temthat_stamps.statement import PAYLOAD_TYPE, STATEMENT_LIMIT, peek, sign_statement, verify_statement

KEY, OTHER = (KeySigner(Ed25519PrivateKey.from_private_bytes(bytes([i]) * 32)) for i in (1, 2))
PUBLIC, OTHER_PUBLIC = KEY.public_key, OTHER.public_key
KEYS = {key_id(PUBLIC): PUBLIC}
BOTH = KEYS | {key_id(OTHER_PUBLIC): OTHER_PUBLIC}
BODY: dict[str, Any] = {"v": 1, "type": "notice", "origin": "tem.example.vn/log", "reason": "misprint"}
ENVELOPE = sign_statement(BODY, KEY)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


def envelope_of(payload: bytes, key: KeySigner = KEY, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """An envelope over any bytes, signed as DSSE says, without this package's help."""
    kind = payload_type.encode()
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    signature = {"keyid": key_id(key.public_key), "sig": base64.b64encode(key.sign(message)).decode()}
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": payload_type,
        "signatures": [signature],
    }
    return json.dumps(envelope).encode()


@given(st.dictionaries(st.text(max_size=8), json_values, max_size=6))
def test_property_what_was_signed_is_read(more: Mapping[str, Any]) -> None:
    """Any JSON body with type and origin comes back as it was, with who signed it."""
    body = {**more, "type": "notice", "origin": "o"}
    statement = verify_statement(sign_statement(body, KEY, OTHER), BOTH, threshold=2)
    assert statement.body == body
    assert statement.signed_by == set(BOTH)


def test_the_envelope_is_dsse_and_the_payload_canonical() -> None:
    """securesystemslib, which knows nothing of us, verifies it; the payload is the RFC 8785 form of the body."""
    envelope = Envelope.from_dict(json.loads(ENVELOPE))
    key = SSlibKey(key_id(PUBLIC), "ed25519", "ed25519", {"public": PUBLIC.hex()})
    assert envelope.verify([key], 1)
    assert envelope.payload == rfc8785.dumps(BODY)
    assert peek(ENVELOPE) == BODY


def test_the_received_bytes_are_kept() -> None:
    """Verifying never re-encodes: an envelope with other white space is verified and kept as received."""
    data = b" " + json.dumps(json.loads(ENVELOPE), indent=2).encode() + b"\n"
    assert verify_statement(data, KEYS).envelope == data


@given(st.integers(0, len(ENVELOPE) - 1))
def test_property_truncated_anywhere_is_refused(length: int) -> None:
    """No prefix of an envelope is one."""
    with pytest.raises(BadStatement):
        verify_statement(ENVELOPE[:length], KEYS)


def test_truncated_at_every_length_is_refused() -> None:
    """All of them, one after the other."""
    for length in range(len(ENVELOPE)):
        with pytest.raises(BadStatement):
            verify_statement(ENVELOPE[:length], KEYS)


@given(st.integers(0, len(ENVELOPE) - 1), st.integers(1, 255))
def test_property_a_changed_byte_changes_no_meaning(at: int, flip: int) -> None:
    """A bent envelope is refused, or says exactly what was signed (white space and unused base64 bits)."""
    bent = bytearray(ENVELOPE)
    bent[at] ^= flip
    try:
        statement = verify_statement(bytes(bent), KEYS)
    except BadStatement:
        return
    assert statement.body == BODY


@given(st.binary(max_size=200))
def test_property_arbitrary_bytes_are_refused(data: bytes) -> None:
    """Never another error than ours."""
    with pytest.raises(BadStatement):
        verify_statement(data, KEYS)


@given(
    st.recursive(json_values, st.lists)
    | st.fixed_dictionaries({"payload": json_values, "payloadType": json_values, "signatures": json_values})
)
def test_property_arbitrary_json_is_refused(value: Any) -> None:
    """Every JSON value that is no envelope, also one with an envelope's members of other kinds."""
    with pytest.raises(BadStatement):
        verify_statement(json.dumps(value).encode(), KEYS)


@given(json_values)
def test_property_signed_nonsense_is_refused(value: Any) -> None:
    """A good signature over a payload that is no statement does not make it one."""
    if (
        isinstance(value, dict)
        and isinstance(value.get("type"), str)
        and isinstance(value.get("origin"), str)
    ):
        return
    with pytest.raises(BadStatement):
        verify_statement(envelope_of(json.dumps(value).encode()), KEYS)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"type":"run","origin":"o","type":"notice"}',
        b'{"type":"run","origin":"o","a":{"b":1,"b":1}}',
        b'{"type":"run","origin":"o","a":NaN}',
        b'{"type":"run","origin":"o","a":-Infinity}',
        b'{"type":"run","origin":"o"} {}',
        b'\xef\xbb\xbf{"type":"run","origin":"o"}',
        '{"type":"run","origin":"o"}'.encode("utf-16"),
        '{"type":"run","origin":"o"}'.encode("utf-32"),
        b'{"type":"run","origin":"\xff"}',
        b'{"type":"run"}',
        b'{"type":1,"origin":"o"}',
        b'[{"type":"run","origin":"o"}]',
        b"[" * 10_000,
        b'{"a":' * 4_000 + b"1" + b"}" * 4_000,
        b"",
    ],
)
def test_payloads_that_two_readers_could_read_differently(payload: bytes) -> None:
    """Doubled members, constants JSON does not have, other encodings, deep nesting: refused though well signed."""
    with pytest.raises(BadStatement):
        verify_statement(envelope_of(payload), KEYS)


def test_doubled_members_of_the_envelope_are_refused() -> None:
    """The same holds for the envelope itself."""
    doubled = ENVELOPE[:-1] + b',"payloadType":"' + PAYLOAD_TYPE.encode() + b'"}'
    with pytest.raises(BadStatement):
        verify_statement(doubled, KEYS)


def test_a_statement_is_at_most_32_kilobytes() -> None:
    """Both when written and when read; the limit is of the whole envelope."""
    fits = sign_statement({**BODY, "x": "a" * 20_000}, KEY)
    verify_statement(fits, KEYS)
    with pytest.raises(BadStatement, match="at most 32768"):
        sign_statement({**BODY, "x": "a" * 33_000}, KEY)
    with pytest.raises(BadStatement, match="at most 32768"):
        verify_statement(fits + b" " * STATEMENT_LIMIT, KEYS)


def test_an_unknown_key_does_not_count() -> None:
    """A good signature by somebody else is none."""
    with pytest.raises(BadStatement, match="0 good signatures"):
        verify_statement(sign_statement(BODY, OTHER), KEYS)


def test_a_signature_under_another_keys_name_does_not_count() -> None:
    """The key id only finds the key."""
    envelope = json.loads(sign_statement(BODY, OTHER))
    envelope["signatures"][0]["keyid"] = key_id(PUBLIC)
    with pytest.raises(BadStatement):
        verify_statement(json.dumps(envelope).encode(), BOTH)


def test_a_threshold_counts_keys_not_signatures() -> None:
    """Two signatures by one key, or one key under two names, are one."""
    with pytest.raises(BadStatement):
        verify_statement(ENVELOPE, BOTH, threshold=2)
    doubled = json.loads(ENVELOPE)
    doubled["signatures"] *= 2
    with pytest.raises(BadStatement):
        verify_statement(json.dumps(doubled).encode(), BOTH, threshold=2)
    alias = json.loads(ENVELOPE)
    alias["signatures"].append({**alias["signatures"][0], "keyid": "alias"})
    with pytest.raises(BadStatement):
        verify_statement(json.dumps(alias).encode(), KEYS | {"alias": PUBLIC}, threshold=2)


def test_one_good_signature_is_enough_beside_bad_ones() -> None:
    """Signatures nobody knows are ignored, so that a second signer can be added without asking the first."""
    envelope = json.loads(sign_statement(BODY, KEY, OTHER))
    envelope["signatures"][1]["sig"] = base64.b64encode(bytes(64)).decode()
    assert verify_statement(json.dumps(envelope).encode(), BOTH).signed_by == set(KEYS)


def test_another_payload_type_is_no_statement() -> None:
    """A signature made over another kind of document does not pass as a statement."""
    payload = rfc8785.dumps(BODY)
    with pytest.raises(BadStatement, match="payload type"):
        verify_statement(envelope_of(payload, payload_type="application/json"), KEYS)
    renamed = json.loads(envelope_of(payload, payload_type="application/json"))
    renamed["payloadType"] = PAYLOAD_TYPE
    with pytest.raises(BadStatement):
        verify_statement(json.dumps(renamed).encode(), KEYS)
