"""Making evidence files as a device does, and as a liar would."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.dsse import Envelope

from temthat_scanner.evidence.form import PAYLOAD_TYPE
from temthat_stamps.keys import key_id, public_bytes

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PICTURE = b"\xff\xd8\xff\xe0 a small picture \xff\xd9"
NAME = hashlib.sha256(PICTURE).hexdigest()
PRODUCER = "0196e4a0-0000-7000-8000-000000000001"


def check(
    text: str, at: str, word: str, number: tuple[int, int] | None = None, **more: Any
) -> dict[str, Any]:
    """One pack, judged offline by the first data."""
    body: dict[str, Any] = {
        "text": text,
        "at": at,
        "how": "offline",
        "data": 0,
        "verdict": word,
        "reasons": [],
    }
    if number:
        body |= {"run": number[0], "serial": number[1]}
    return body | more


def service(at: str = "2026-05-20T03:01:02Z", **more: Any) -> dict[str, Any]:
    """What the service told of a pack, as the phone app writes it down."""
    return {
        "at": at,
        "verdict": "genuine",
        "checks": 7,
        "first": ["2026-05-02", "24"],
        "last": ["2026-05-19", "01"],
        "state": "applied",
        "ordered": 1300,
        "states": [["printed", 100], ["applied", 1200]],
        "questions": [["over_ordered", "Số tem đã đặt nhiều hơn số gói.", "More stamps than packs."]],
        "papers": [["ocop", "12/QĐ", "2026-05-01", "not_in_force"], ["other", "7", "", "refused"]],
        "missing": 2,
    } | more


def body_of(*checks: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A body in which everything agrees, if the checks do."""
    return {
        "v": 1,
        "type": "evidence",
        "who": {"public_key": base64.b64encode(public_bytes(KEY)).decode(), "label": "Máy 3"},
        "origin": "tem.example.vn/log",
        "purpose": {"producer": PRODUCER, "name": "HTX Mẫu"},
        "place": {"province": "24", "words": "Chợ Mẫu, quầy 12"},
        "begun": "2026-05-20T03:00:00Z",
        "ended": "2026-05-20T04:00:00Z",
        "program": "temthat-scan 2026-05-01",
        "data": [
            {
                "index": 20,
                "size": 19,
                "sha256": "00" * 32,
                "at": "2026-05-20T01:00:00Z",
                "tree": {"size": 21, "root": base64.b64encode(bytes(32)).decode()},
            }
        ],
        "checks": list(checks),
        "photos": [{"sha256": NAME, "type": "image/jpeg", "length": len(PICTURE)}],
    } | more


def enclose(
    body: Mapping[str, Any],
    key: Ed25519PrivateKey = KEY,
    photos: Mapping[str, bytes] | None = None,
    payload: bytes | None = None,
) -> bytes:
    """The file's bytes, signed by a key."""
    payload = rfc8785.dumps(dict(body)) if payload is None else payload
    signature = key.sign(Envelope(payload, PAYLOAD_TYPE, {}).pae())
    signed = {"keyid": key_id(public_bytes(key)), "sig": base64.b64encode(signature).decode()}
    pictures = {NAME: PICTURE} if photos is None else photos
    return rfc8785.dumps(
        {
            "envelope": {
                "payload": base64.b64encode(payload).decode(),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [signed],
            },
            "photos": {name: base64.b64encode(data).decode() for name, data in pictures.items()},
        }
    )


def reopened(data: bytes) -> dict[str, Any]:
    """A file to tamper with."""
    found: dict[str, Any] = json.loads(data)
    return found
