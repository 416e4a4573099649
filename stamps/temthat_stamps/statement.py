"""Signed statements: DSSE envelopes over RFC 8785 JSON, at most 32 kB each.

A statement is what an issuer says in public: a key announced or closed, a run, a notice. Verifiers take the bytes as
received and never re-encode them. The envelope's form and its pre-authentication encoding are securesystemslib's;
the signature check is our strict Ed25519, the same for stamps and statements.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import rfc8785
from securesystemslib.dsse import Envelope
from securesystemslib.signer import Signature  # type: ignore[attr-defined]

from temthat_stamps import ed25519
from temthat_stamps.errors import BadSignature, BadStatement
from temthat_stamps.keys import key_id
from temthat_stamps.signer import Signer

PAYLOAD_TYPE = "application/vnd.temthat.statement+json"
STATEMENT_LIMIT = 32 * 1024
"""Largest envelope of a statement, bytes; a larger one is split by whoever writes it."""


class StatementType(StrEnum):
    """What a statement states."""

    KEY_OPENED = "key_opened"
    KEY_CLOSED = "key_closed"
    SOURCES = "sources"
    RUN = "run"
    ACTIVATED = "activated"
    NOTICE = "notice"
    LOG_OPENED = "log_opened"
    DELEGATION = "delegation"
    BLOCK = "block"
    BUNDLE = "bundle"
    APP = "app"


@dataclass(frozen=True, slots=True)
class Statement:
    """An envelope whose signatures were verified: what it says, and the key ids that signed it."""

    body: Mapping[str, Any]
    signed_by: frozenset[str]
    envelope: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """An envelope that was read and not verified: its body, the message signed, signatures by key id."""

    body: Mapping[str, Any]
    message: bytes
    signatures: Mapping[str, bytes]


def begin(kind: StatementType, origin: str) -> dict[str, Any]:
    """The members every body starts with."""
    return {"v": 1, "type": kind.value, "origin": origin}


def message_for(body: Mapping[str, Any]) -> bytes:
    """The message that every signer of this body signs: DSSE's pre-authentication encoding of its RFC 8785 form."""
    return Envelope(rfc8785.dumps(dict(body)), PAYLOAD_TYPE, {}).pae()


def enclose(body: Mapping[str, Any], signatures: Mapping[bytes, bytes]) -> bytes:
    """The envelope's bytes, from signatures (raw public key to 64 bytes) over `message_for(body)`.

    Nothing is verified. Raises `BadStatement` if it grows too large.
    """
    named = {key_id(key): Signature(key_id(key), made.hex()) for key, made in signatures.items()}
    data = rfc8785.dumps(Envelope(rfc8785.dumps(dict(body)), PAYLOAD_TYPE, named).to_dict())
    if len(data) > STATEMENT_LIMIT:
        raise BadStatement(f"{len(data)} bytes: a statement has at most {STATEMENT_LIMIT}")
    return data


def sign_statement(body: Mapping[str, Any], *signers: Signer) -> bytes:
    """The envelope's bytes. `body` has at least `type` and `origin`. Raises `BadStatement` if it grows too large."""
    message = message_for(body)
    return enclose(body, {signer.public_key: signer.sign(message) for signer in signers})


def open_envelope(data: bytes) -> Opened:
    """What an envelope holds, read strictly, no signature checked. Raises `BadStatement`: too large or malformed."""
    if len(data) > STATEMENT_LIMIT:
        raise BadStatement(f"{len(data)} bytes: a statement has at most {STATEMENT_LIMIT}")
    try:
        envelope = Envelope.from_dict(_load_object(data))
        signatures = {name: bytes.fromhex(s.signature) for name, s in envelope.signatures.items()}
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise BadStatement("not a DSSE envelope") from error
    if envelope.payload_type != PAYLOAD_TYPE:
        raise BadStatement(f"payload type {envelope.payload_type!r} is not a statement")
    return Opened(_load_object(envelope.payload), envelope.pae(), signatures)


def message_of(data: bytes) -> tuple[Mapping[str, Any], bytes]:
    """What an unsigned or partly signed envelope says, and the message its signers sign. Raises `BadStatement`."""
    opened = open_envelope(data)
    return opened.body, opened.message


def verify_statement(data: bytes, public_keys: Mapping[str, bytes], threshold: int = 1) -> Statement:
    """Check an envelope as received against `public_keys` (key id to raw key) and return what it says.

    Raises `BadStatement`: too large, malformed, or fewer than `threshold` good signatures by different keys.
    """
    opened = open_envelope(data)
    signed_by = frozenset(
        name
        for name, signature in opened.signatures.items()
        if name in public_keys and _fits(public_keys[name], signature, opened.message)
    )
    if len({public_keys[name] for name in signed_by}) < threshold:
        raise BadStatement(f"{len(signed_by)} good signatures where {threshold} are needed")
    body = opened.body
    if not isinstance(body.get("type"), str) or not isinstance(body.get("origin"), str):
        raise BadStatement("a statement names its type and its log's origin")
    return Statement(body, signed_by, data)


def peek(data: bytes) -> Mapping[str, Any]:
    """What an envelope of our own database says, without checking it. For display only."""
    return _load_object(base64.b64decode(_load_object(data)["payload"]))


def _fits(public_key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        ed25519.verify(ed25519.load_public_key(public_key), signature, message)
    except BadSignature:
        return False
    return True


def _load_object(data: bytes) -> dict[str, Any]:
    try:
        # Decoded here: json.loads would also take UTF-16, UTF-32 and a byte order mark, which other readers do not.
        value = _DECODER.decode(data.decode())
    except (ValueError, RecursionError) as error:
        raise BadStatement("not JSON") from error
    if not isinstance(value, dict):
        raise BadStatement("not a JSON object")
    return value


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers must never see two different statements in the same bytes."""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice")
    return result


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_no_doubles, parse_constant=_no_constant)
