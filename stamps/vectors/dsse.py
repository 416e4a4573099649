"""Canonical JSON and DSSE once more, from RFC 8785, docs/spec/statements.md and the standard library alone."""

import base64
import datetime as dt
import json
from collections.abc import Iterable

from vectors.keys import PublishedKey

PAYLOAD_TYPE = "application/vnd.temthat.statement+json"


def canonical(value: object) -> bytes:
    """RFC 8785 for what stands in these files: no floats, ASCII keys."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def instant(at: dt.datetime) -> str:
    """UTC, whole seconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def b64(data: bytes) -> str:
    """Standard base64."""
    return base64.b64encode(data).decode()


def envelope(body: object, signers: Iterable[PublishedKey]) -> bytes:
    """The signed statement."""
    payload = canonical(body)
    message = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
    return canonical(
        {
            "payload": b64(payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"keyid": key.id, "sig": b64(key.sign(message))} for key in signers],
        }
    )
