"""Dated events of a batch (nhật ký), each with a salted digest so that its text can be erased later.

A run's manifest binds `batch_digest`, never the texts. An erased event keeps its digest and loses its salt, so
nobody can guess the text back, and everything signed stays provable.
"""

import datetime as dt
import hashlib
import os
import uuid
from collections.abc import Iterable
from enum import StrEnum

import rfc8785
from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from temthat_trace.database import Base, Text, words
from temthat_trace.ids import uuid7
from temthat_trace.parties import Address
from temthat_trace.vouching import Vouching


class Step(StrEnum):
    """The steps a batch goes through, in the words of a diary."""

    SOWING = "sowing"
    CARE = "care"
    HARVEST = "harvest"
    PURCHASE = "purchase"
    PRELIMINARY = "preliminary"
    PROCESSING = "processing"
    TESTING = "testing"
    PACKING = "packing"
    STORAGE = "storage"
    TRANSPORT = "transport"
    OTHER = "other"


class Event(Address, Base):
    """One dated event of one batch."""

    __tablename__ = "event"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("batch.id"), index=True)
    step: Mapped[Step] = mapped_column(words(Step))
    at: Mapped[dt.datetime] = mapped_column()
    text: Mapped[str | None] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(String(100), default="")
    recorded_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"))
    recorded_at: Mapped[dt.datetime] = mapped_column()
    vouching: Mapped[Vouching] = mapped_column(words(Vouching), default=Vouching.SELF_DECLARED)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))

    def seal(self) -> None:
        """Draw the salt and fix the digest; call once, before the event is stored."""
        self.salt = os.urandom(16)
        self.digest = event_digest(self.salt, self.step, self.at, self.text or "", self.actor, self.address)

    def erase(self) -> None:
        """Forget what was written; the digest stays, and without the salt it tells nothing."""
        self.text = None
        self.actor = ""
        self.address = ""
        self.salt = None


def event_digest(salt: bytes, step: str, at: dt.datetime, text: str, actor: str, address: str) -> bytes:
    """SHA-256 over the RFC 8785 form of the event's own fields and its salt; 32 bytes."""
    record = {
        "salt": salt.hex(),
        "step": str(step),
        "at": at.astimezone(dt.UTC).isoformat(timespec="seconds"),
        "text": text,
        "actor": actor,
        "address": address,
    }
    return hashlib.sha256(rfc8785.dumps(record)).digest()


def batch_digest(event_digests: Iterable[bytes]) -> str:
    """SHA-256, in hex, over the sorted digests of a batch's events: the order of entry does not matter."""
    return hashlib.sha256(b"temthat batch events v1\n" + b"".join(sorted(event_digests))).hexdigest()
