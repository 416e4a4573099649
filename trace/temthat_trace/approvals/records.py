"""Mapped records: a proposed or already applied change, and each office's rule whether changes wait."""

import datetime as dt
import uuid
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from temthat_trace.database import Base, words
from temthat_trace.ids import uuid7
from temthat_trace.parties import Party
from temthat_trace.products import Product


class Subject(StrEnum):
    """What a change is about: a product with its pack forms and picture, or one paper."""

    PRODUCT = "product"
    PAPER = "paper"


class Source(StrEnum):
    """Where a change was entered."""

    WORKBOOK = "workbook"
    DESK = "desk"


class State(StrEnum):
    """What became of a change. `waiting` and `applied` are open: an office has yet to decide, or to look.

    `superseded`: a later change of the same record took its place. `withdrawn`: the cooperative took it back.
    """

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    APPLIED = "applied"
    SEEN = "seen"


class Reason(StrEnum):
    """Why an office refuses; `other` needs words."""

    UNCLEAR_SCAN = "unclear_scan"
    WRONG_DETAILS = "wrong_details"
    NOT_IN_FORCE = "not_in_force"
    NOT_THIS_PRODUCT = "not_this_product"
    MISLEADING = "misleading"
    NOT_ENTITLED = "not_entitled"
    CHANGED_MEANWHILE = "changed_meanwhile"
    OTHER = "other"


class Proposal(Base):
    """One change of one product or paper, kept for ever as history. What it says never changes after it was stored.

    `entries` is JSON, see `values`; `subject_id` a product's or a paper's id. `is_new`: the record itself is new.
    At most one change of a record waits at a time; the database holds that.
    """

    __tablename__ = "proposal"
    __table_args__ = (
        Index(None, "party_id", "state"),
        Index(None, "subject_id", "at"),
        Index(
            "uq_proposal_waiting",
            "subject_id",
            unique=True,
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"))
    subject: Mapped[Subject] = mapped_column(words(Subject))
    subject_id: Mapped[uuid.UUID] = mapped_column()
    product_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("product.id"), index=True)
    is_new: Mapped[bool] = mapped_column()
    entries: Mapped[str] = mapped_column(Text)
    source: Mapped[Source] = mapped_column(words(Source))
    by_party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"))
    by_person: Mapped[str] = mapped_column(String(100))
    at: Mapped[dt.datetime] = mapped_column()
    state: Mapped[State] = mapped_column(words(State))
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("party.id"))
    decided_person: Mapped[str] = mapped_column(String(100), default="")
    decided_at: Mapped[dt.datetime | None] = mapped_column()
    reason: Mapped[str] = mapped_column(String(32), default="")
    words: Mapped[str] = mapped_column(String(400), default="")

    party: Mapped[Party] = relationship(foreign_keys=[party_id])
    product: Mapped[Product | None] = relationship()
    decided_by: Mapped[Party | None] = relationship(foreign_keys=[decided_by_id])


class ApprovalRule(Base):
    """An office's word whether its members' changes wait for it. The newest one counts, the others are history."""

    __tablename__ = "approval_rule"
    __table_args__ = (Index(None, "office_id", "set_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    office_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"))
    waits: Mapped[bool] = mapped_column()
    set_by: Mapped[str] = mapped_column(String(100))
    set_at: Mapped[dt.datetime] = mapped_column()
