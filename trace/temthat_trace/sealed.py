"""Digests of events: what is sealed of each, and of all of a batch. Pure: who checks them needs no database."""

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import rfc8785


def event_record(
    salt: bytes,
    step: str,
    at: dt.datetime,
    text: str,
    actor: str,
    address: str,
    *,
    plot: uuid.UUID | None = None,
    member: uuid.UUID | None = None,
    lines: Sequence[dict[str, str]] = (),
    photos: Sequence[str] = (),
) -> dict[str, Any]:
    """The event's own fields and its salt, as they are sealed.

    Plot, member, lines and photos are in the record only where there are any, so that events of before they existed
    keep their digests. The order of lines and photos does not matter.
    """
    record: dict[str, Any] = {
        "salt": salt.hex(),
        "step": str(step),
        "at": at.astimezone(dt.UTC).isoformat(timespec="seconds"),
        "text": text,
        "actor": actor,
        "address": address,
    }
    more: dict[str, Any] = {
        "plot": str(plot or ""),
        "member": str(member or ""),
        "lines": sorted(lines, key=rfc8785.dumps),
        "photos": sorted(photos),
    }
    return record | {name: value for name, value in more.items() if value}


def digest_of(record: dict[str, Any]) -> bytes:
    """SHA-256 over the RFC 8785 form of a sealed record; 32 bytes."""
    return hashlib.sha256(rfc8785.dumps(record)).digest()


def batch_digest(event_digests: Iterable[bytes]) -> str:
    """SHA-256, in hex, over the sorted digests of a batch's events: the order of entry does not matter."""
    return hashlib.sha256(b"temthat batch events v1\n" + b"".join(sorted(event_digests))).hexdigest()
