"""What service and signer say to each other over a Unix socket: one question a connection, one answer.

    question, answer   4 bytes length (big-endian), then that many bytes of JSON, at most `FRAME_LIMIT`
    stamps             after their answer, 64 bytes a stamp, in order: the headers follow from run and serial

An answer is {"ok": …} or {"error": {"kind", "fault", "vi", "en"}}. Both ends read strictly and never trust a length.
"""

import base64
import binascii
import datetime as dt
import json
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from temthat_stamps.code import RUN_MAX, SERIAL_MAX, SIGNATURE_SIZE
from temthat_stamps.custody import errors
from temthat_stamps.custody.interface import Custody, Wrapped
from temthat_stamps.errors import BadStatement, CustodyError, Fault
from temthat_stamps.fields import Fields, instant

FRAME_LIMIT = 512 * 1024
"""Largest question or answer, bytes: a manifest and its proof in base64 take at most 300 kB."""
BATCH = 256
"""Stamps signed between two writes to the socket."""

_LENGTH = struct.Struct(">I")
_KINDS: dict[str, type[CustodyError]] = {
    kind.__name__: kind
    for kind in (
        CustodyError,
        errors.StatementRefused,
        errors.NoProof,
        errors.StampsRefused,
        errors.KeyIsClosed,
        errors.OverQuota,
        errors.KeyNotOpened,
        errors.SignerUnreachable,
    )
}


class Ask(StrEnum):
    """What a signer can be asked."""

    PING = "ping"
    NEW_ISSUER_KEY = "new_issuer_key"
    NEW_STAMP_KEY = "new_stamp_key"
    SIGN_STATEMENT = "sign_statement"
    SIGN_STAMPS = "sign_stamps"
    CLOSE = "close"


Signatures = Iterator[tuple[int, bytes, bytes]]


class TornFrame(Exception):
    """The other end stopped in the middle, sent too much, or something that is no frame."""


def send_frame(connection: socket.socket, value: Mapping[str, Any]) -> None:
    """Send one question or answer. Raises `TornFrame` if it is too large, `OSError`."""
    data = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    if len(data) > FRAME_LIMIT:
        raise TornFrame(f"{len(data)} bytes: a frame has at most {FRAME_LIMIT}")
    connection.sendall(_LENGTH.pack(len(data)) + data)


def receive_frame(connection: socket.socket, seconds: float) -> dict[str, Any]:
    """One question or answer, all of it within `seconds`. Raises `TornFrame`, `OSError`."""
    until = time.monotonic() + seconds
    (length,) = _LENGTH.unpack(receive(connection, _LENGTH.size, seconds))
    if length > FRAME_LIMIT:
        raise TornFrame(f"{length} bytes: a frame has at most {FRAME_LIMIT}")
    try:
        value = json.loads(receive(connection, length, until - time.monotonic()).decode())
    except (ValueError, RecursionError) as error:
        raise TornFrame("not JSON") from error
    if not isinstance(value, dict):
        raise TornFrame("not a JSON object")
    return value


def receive(connection: socket.socket, size: int, seconds: float) -> bytes:
    """That many bytes; one now and then does not hold the reader longer. Raises `TornFrame`, `OSError`."""
    until, parts = time.monotonic() + seconds, []
    while size:
        connection.settimeout(max(until - time.monotonic(), 0.001))
        part = connection.recv(min(size, 65536))
        if not part:
            raise TornFrame("the other end stopped in the middle")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def answer(custody: Custody, question: Mapping[str, Any]) -> tuple[dict[str, Any], Signatures | None]:
    """What to send back, and the stamps to stream after it. Never raises for what the question says."""
    try:
        fields = Fields(question)
        value, stamps = _ACTS[fields.word("do", Ask)](custody, fields)
    except CustodyError as error:
        return {"error": _told(error)}, None
    except BadStatement as error:
        return {"error": _told(_nonsense(error))}, None
    return {"ok": value}, stamps


def raise_error(told: object) -> None:
    """Raise what the signer refused, as it was raised there; `TornFrame` if it is no refusal."""
    if not isinstance(told, dict):
        raise TornFrame("neither an answer nor a refusal")
    try:
        f = Fields(told)
        kind = _KINDS[f.text("kind")]
        error = kind(f.word("fault", Fault), f.text("vi", 4000), f.text("en", 4000))
    except (BadStatement, KeyError) as problem:
        raise TornFrame("a refusal in unknown words") from problem
    raise error


def wrapped_to_json(wrapped: Wrapped) -> dict[str, str]:
    """A wrapped key as a member of a question or answer."""
    return {"public_key": encode(wrapped.public_key), "sealed": encode(wrapped.sealed)}


def wrapped_from_json(fields: Fields) -> Wrapped:
    """The same, read. Raises `BadStatement`."""
    return Wrapped(fields.raw("public_key", 32), decode(fields, "sealed", 1000))


def encode(data: bytes) -> str:
    """Bytes as a member of a question or answer: base64."""
    return base64.b64encode(data).decode()


def decode(fields: Fields, name: str, most: int) -> bytes:
    """At most `most` bytes from base64. Raises `BadStatement`."""
    try:
        return base64.b64decode(fields.text(name, (most + 2) // 3 * 4), validate=True)
    except (ValueError, binascii.Error) as error:
        raise BadStatement(f"member “{name}” is not base64") from error


def _ping(_: Custody, __: Fields) -> tuple[dict[str, Any], None]:
    return {}, None


def _new_issuer_key(custody: Custody, f: Fields) -> tuple[dict[str, Any], None]:
    return wrapped_to_json(custody.new_issuer_key(f.identity("issuer"))), None


def _new_stamp_key(custody: Custody, f: Fields) -> tuple[dict[str, Any], None]:
    made = custody.new_stamp_key(f.identity("issuer"), f.instant("opens"), f.instant("closes"))
    return wrapped_to_json(made), None


def _sign_statement(custody: Custody, f: Fields) -> tuple[dict[str, Any], None]:
    wrapped = wrapped_from_json(f.record("key"))
    signature = custody.sign_statement(f.identity("issuer"), wrapped, f.mapping("body"))
    return {"signature": encode(signature)}, None


def _sign_stamps(custody: Custody, f: Fields) -> tuple[dict[str, Any], Signatures]:
    first = f.count("first", 1, SERIAL_MAX)
    last = f.count("last", first, SERIAL_MAX)
    manifest, proof = decode(f, "manifest", 32 * 1024), decode(f, "proof", 200 * 1024)
    wrapped = wrapped_from_json(f.record("key"))
    stamps = custody.sign_stamps(
        f.identity("issuer"), wrapped, f.count("run", 1, RUN_MAX), first, last, manifest, proof
    )
    return {"bytes": (last - first + 1) * SIGNATURE_SIZE}, stamps


def _close(custody: Custody, f: Fields) -> tuple[dict[str, Any], None]:
    custody.close(f.identity("issuer"), f.raw("public_key", 32))
    return {}, None


_ACTS: dict[Ask, Callable[[Custody, Fields], tuple[dict[str, Any], Signatures | None]]] = {
    Ask.PING: _ping,
    Ask.NEW_ISSUER_KEY: _new_issuer_key,
    Ask.NEW_STAMP_KEY: _new_stamp_key,
    Ask.SIGN_STATEMENT: _sign_statement,
    Ask.SIGN_STAMPS: _sign_stamps,
    Ask.CLOSE: _close,
}


def question(act: Ask, **members: object) -> dict[str, Any]:
    """A question: instants, bytes and wrapped keys become JSON."""
    return {"do": act.value} | {name: _as_json(value) for name, value in members.items()}


def _as_json(value: object) -> object:
    if isinstance(value, dt.datetime):
        return instant(value)
    if isinstance(value, bytes):
        return encode(value)
    if isinstance(value, Wrapped):
        return wrapped_to_json(value)
    return value


def _told(error: CustodyError) -> dict[str, str]:
    kind = type(error).__name__
    return {
        "kind": kind if kind in _KINDS else CustodyError.__name__,
        "fault": error.fault.value,
        "vi": error.vi,
        "en": error.en,
    }


def _nonsense(error: BadStatement) -> CustodyError:
    return CustodyError(
        Fault.OPERATOR,
        f"Bộ ký không hiểu yêu cầu ({error}). Dịch vụ và bộ ký phải cùng một phiên bản: cập nhật rồi khởi động lại.",
        f"The signer does not understand the request ({error}). Service and signer must be of one version: update "
        "both and start them again.",
    )
