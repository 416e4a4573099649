"""Dated events of a batch (nhật ký), each with a salted digest so that its text can be erased later.

A run's manifest binds `batch_digest`, never the texts. An erased event keeps its digest and loses its salt, so
nobody can guess the text back, and everything signed stays provable. What an event used, made, lost and sent stands in
its lines, what was photographed in its photos; the digest covers both.
"""

import datetime as dt
import os
import uuid
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from temthat_trace.database import Base, Text, words
from temthat_trace.ids import uuid7
from temthat_trace.parties import Address, Member, Plot
from temthat_trace.sealed import batch_digest, digest_of, event_record
from temthat_trace.search import search_key
from temthat_trace.units import plain
from temthat_trace.vouching import Vouching

__all__ = ["Event", "EventLine", "EventPhoto", "LineRole", "Step", "batch_digest", "line"]


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


class LineRole(StrEnum):
    """What became of the goods of a line in its event."""

    USED = "used"
    """A material: seed, fertiliser, feed, packaging."""
    IN = "in"
    """Goods that went into the step."""
    OUT = "out"
    """Goods that came out of it."""
    LOST = "lost"
    SENT = "sent"
    """Goods shipped to `partner`."""


class Event(Address, Base):
    """One dated event of one batch.

    `recorded_by` is the organisation that wrote it down, `recorded_name` the person at its desk; `actor` and
    `member_id` say who did the work, when the cooperative writes for its households. `withdrawn_at`: its writer said
    that it was a slip; it stays on record and is no longer shown to shoppers or counted.
    """

    __tablename__ = "event"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("batch.id"), index=True)
    step: Mapped[Step] = mapped_column(words(Step))
    at: Mapped[dt.datetime] = mapped_column()
    text: Mapped[str | None] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(String(100), default="")
    plot_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("plot.id"), index=True)
    member_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("member.id"), index=True)
    recorded_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"))
    recorded_name: Mapped[str] = mapped_column(String(100), default="")
    recorded_at: Mapped[dt.datetime] = mapped_column()
    vouching: Mapped[Vouching] = mapped_column(words(Vouching), default=Vouching.SELF_DECLARED)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    withdrawn_at: Mapped[dt.datetime | None] = mapped_column()
    withdrawn_name: Mapped[str] = mapped_column(String(100), default="")

    plot: Mapped[Plot | None] = relationship()
    member: Mapped[Member | None] = relationship()
    lines: Mapped[list["EventLine"]] = relationship(
        order_by="EventLine.position", cascade="all, delete-orphan"
    )
    photos: Mapped[list["EventPhoto"]] = relationship(
        order_by="EventPhoto.position", cascade="all, delete-orphan"
    )

    def seal(self) -> None:
        """Draw the salt and fix the digest, over `plot_id` and `member_id`, lines and photos as they are now.

        Call once, before the event is stored.
        """
        for number, line in enumerate(self.lines):
            line.position = number
        for number, photo in enumerate(self.photos):
            photo.position = number
        self.salt = os.urandom(16)
        self.digest = digest_of(self.sealed() or {})

    def sealed(self) -> dict[str, Any] | None:
        """The record that the digest is of, salt included: who has it can prove what was written. None once erased."""
        if self.salt is None:
            return None
        return event_record(
            self.salt,
            self.step,
            self.at,
            self.text or "",
            self.actor or "",  # not yet set before it is stored, empty afterwards
            self.address or "",
            plot=self.plot_id,
            member=self.member_id,
            lines=[line.record() for line in self.lines],
            photos=[photo.digest for photo in self.photos],
        )

    def erase(self) -> None:
        """Forget what was written and who it speaks of; the digest stays, and without the salt it tells nothing.

        Materials, lots and amounts of its lines stay: a recall needs them, and they name nobody.
        """
        self.text = None
        self.actor = ""
        self.address = ""
        self.plot_id = self.member_id = None
        self.salt = None
        self.photos.clear()
        for line in self.lines:
            line.partner = ""


class EventLine(Base):
    """One material or lot of goods of an event, with its amount.

    `what` is its name as written; `lot` the number on the bag of a material, or on goods from elsewhere; `batch_id` the
    batch of this system that went in, came out or was sent; `partner` from whom it was bought or to whom it was sent.
    A quantity always has a `unit` (UN/ECE code). `search` is `what` and `lot`, folded.
    """

    __tablename__ = "event_line"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("event.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    role: Mapped[LineRole] = mapped_column(words(LineRole))
    what: Mapped[str] = mapped_column(String(200), default="")
    search: Mapped[str] = mapped_column(String(400), default="", index=True)
    lot: Mapped[str] = mapped_column(String(64), default="")
    batch_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("batch.id"), index=True)
    partner: Mapped[str] = mapped_column(String(200), default="")
    quantity: Mapped[Decimal | None] = mapped_column()
    unit: Mapped[str | None] = mapped_column(String(3))

    def record(self) -> dict[str, str]:
        """What the event's digest covers of it: the fields that say something, all as text."""
        fields = {
            "role": str(self.role),
            "what": self.what or "",
            "lot": self.lot or "",
            "batch": str(self.batch_id or ""),
            "partner": self.partner or "",
            "quantity": "" if self.quantity is None else f"{plain(self.quantity):f}",
            "unit": self.unit or "",
        }
        return {name: text for name, text in fields.items() if text}


def line(
    role: LineRole,
    what: str,
    *,
    lot: str = "",
    batch: uuid.UUID | None = None,
    partner: str = "",
    quantity: Decimal | None = None,
    unit: str | None = None,
) -> EventLine:
    """A line ready to be added to an event, with its search text."""
    return EventLine(
        role=role, what=what, lot=lot, batch_id=batch, partner=partner, quantity=quantity,
        unit=unit if quantity is not None else None, search=search_key(what, lot),
    )  # fmt: skip


class EventPhoto(Base):
    """A photo of an event: an attachment as an officer looks at it, and a `small` one that a shopper's page affords."""

    __tablename__ = "event_photo"

    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("event.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(ForeignKey("attachment.digest"), primary_key=True, index=True)
    small: Mapped[str] = mapped_column(ForeignKey("attachment.digest"), index=True)
    position: Mapped[int] = mapped_column(default=0)
