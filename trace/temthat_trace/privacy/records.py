"""Mapped records: what members asked for, and who looked at what is held about them."""

import datetime as dt
import uuid
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from temthat_trace.database import Base, words
from temthat_trace.ids import uuid7
from temthat_trace.parties import Member


class Ask(StrEnum):
    """What a member may ask for (Law 91/2025/QH15, rights of the data subject)."""

    COPY = "copy"
    """To be given all that is held."""
    CORRECT = "correct"
    WITHDRAW = "withdraw"
    """To take a consent back."""
    ERASE = "erase"


class PersonalRequest(Base):
    """A member's request, to be answered by the end of `due_on`. `answer`: what was done, in words without names."""

    __tablename__ = "personal_request"
    __table_args__ = (Index(None, "party_id", "answered_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"))
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("member.id"), index=True)
    ask: Mapped[Ask] = mapped_column(words(Ask))
    asked_on: Mapped[dt.date] = mapped_column()
    due_on: Mapped[dt.date] = mapped_column()
    recorded_at: Mapped[dt.datetime] = mapped_column()
    recorded_by: Mapped[str] = mapped_column(String(100))
    answered_at: Mapped[dt.datetime | None] = mapped_column()
    answered_by: Mapped[str] = mapped_column(String(100), default="")
    answer: Mapped[str] = mapped_column(String(400), default="")

    member: Mapped[Member] = relationship()


class Handling(StrEnum):
    """What somebody did with a member's personal data."""

    SEEN = "seen"
    EXPORTED = "exported"
    CHANGED = "changed"
    CONSENT_RECORDED = "consent_recorded"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    ERASED = "erased"


class PersonalLook(Base):
    """One line of the record of who looked at or changed a member's personal data. It never says the data itself."""

    __tablename__ = "personal_look"
    __table_args__ = (Index(None, "member_id", "at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("member.id"))
    at: Mapped[dt.datetime] = mapped_column()
    by: Mapped[str] = mapped_column(String(100))
    act: Mapped[Handling] = mapped_column(words(Handling))
