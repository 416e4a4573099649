"""Reports of suspect packs: the report itself, a contact kept apart from it, and what became of it."""

import datetime as dt
import uuid
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from temthat_trace.database import Base, Text, words
from temthat_trace.ids import uuid7
from temthat_trace.parties import Party

LONGEST_CODE = 300
LONGEST_SHOP = 200
LONGEST_WORDS = 1_000
LONGEST_CONTACT = 200
LONGEST_NOTE = 1_000


class ReportState(StrEnum):
    """Where a report stands."""

    OPEN = "open"
    EXPLAINED = "explained"
    """There was nothing to it: a gift, a photo of an old pack, a misreading."""
    CONFIRMED = "confirmed"
    """Somebody looked, and there is a case; what was sent is kept as evidence."""
    CLOSED = "closed"

    @property
    def is_done(self) -> bool:
        """Nothing more is asked of whoever reported."""
        return self in (ReportState.EXPLAINED, ReportState.CLOSED)


class Odd(StrEnum):
    """What struck somebody, in the order of the form."""

    PICTURE = "picture"
    WEIGHT = "weight"
    STAMP = "stamp"
    PLACE = "place"
    PIN = "pin"
    DATES = "dates"
    QUALITY = "quality"
    OTHER = "other"


class SuspectReport(Base):
    """One report. `run` and `serial` only of a stamp that was ours by signature or number, `code` then the host it was
    read under if that is another's; else `code` holds the text as it was read. `party_id`: whose stamp it is; none
    means that only those who see everything look after it.

    `odd`: words of `Odd`, with blanks between. `photo` holds no place and no time: it was drawn anew.
    """

    __tablename__ = "suspect_report"
    __table_args__ = (Index(None, "run", "serial"), Index(None, "party_id", "state"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    reference: Mapped[str] = mapped_column(String(9), unique=True)
    at: Mapped[dt.datetime] = mapped_column()
    run: Mapped[int | None] = mapped_column(Integer)
    serial: Mapped[int | None] = mapped_column(Integer)
    party_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("party.id"))
    code: Mapped[str] = mapped_column(String(LONGEST_CODE), default="")
    verdict: Mapped[str] = mapped_column(String(16), default="")
    province: Mapped[str | None] = mapped_column(String(2))
    shop: Mapped[str] = mapped_column(String(LONGEST_SHOP), default="")
    odd: Mapped[str] = mapped_column(String(100), default="")
    told: Mapped[str] = mapped_column(Text, default="")
    photo: Mapped[str | None] = mapped_column(ForeignKey("attachment.digest"), index=True)
    state: Mapped[ReportState] = mapped_column(words(ReportState), default=ReportState.OPEN)
    state_at: Mapped[dt.datetime] = mapped_column()

    party: Mapped[Party | None] = relationship()
    contact: Mapped["ReportContact | None"] = relationship(cascade="all, delete-orphan")
    steps: Mapped[list["ReportStep"]] = relationship(order_by="ReportStep.id")


class ReportContact(Base):
    """How to reach whoever reported, if they asked to be; in a table of its own so that it is deleted as a row.

    `text`: the version of the words they agreed to.
    """

    __tablename__ = "report_contact"

    report_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("suspect_report.id"), primary_key=True)
    contact: Mapped[str] = mapped_column(String(LONGEST_CONTACT))
    text: Mapped[str] = mapped_column(String(16))
    given_at: Mapped[dt.datetime] = mapped_column()


class ReportStep(Base):
    """Somebody at the desk moved a report on, and why. Never changed."""

    __tablename__ = "report_step"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    report_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("suspect_report.id"), index=True)
    at: Mapped[dt.datetime] = mapped_column()
    state: Mapped[ReportState] = mapped_column(words(ReportState))
    note: Mapped[str] = mapped_column(String(LONGEST_NOTE), default="")
    by_party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"))
    by_person: Mapped[str] = mapped_column(String(100), default="")

    by_party: Mapped[Party] = relationship()
