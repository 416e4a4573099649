"""Papers (giấy tờ): certificates and codes with their validity, and who confirmed them for which product."""

import datetime as dt
import uuid
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from temthat_trace.database import Base, Code, words
from temthat_trace.ids import uuid7
from temthat_trace.parties import Party
from temthat_trace.vouching import Vouching


class PaperKind(StrEnum):
    """What a paper attests."""

    OCOP = "ocop"
    VIETGAP = "vietgap"
    GLOBALGAP = "globalgap"
    ORGANIC = "organic"
    GROWING_AREA = "growing_area"
    PACKING_HOUSE = "packing_house"
    FOOD_SAFETY = "food_safety"
    TEST_REPORT = "test_report"
    OTHER = "other"


OCOP_VALID_MONTHS = 36
"""An OCOP certificate holds for 36 months from its issue (Decision 148/QĐ-TTg); there is no grace."""


def in_force(issued_on: dt.date | None, valid_until: dt.date | None, today: dt.date) -> bool:
    """Within those dates on that day, both ends included; a missing date is no limit."""
    after_start = issued_on is None or issued_on <= today
    return after_start and (valid_until is None or today <= valid_until)


class Attachment(Base):
    """A picture or scan, kept once under the SHA-256 of its bytes."""

    __tablename__ = "attachment"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    media_type: Mapped[str] = mapped_column(String(64))
    data: Mapped[bytes] = mapped_column(LargeBinary)


class Paper(Base):
    """A paper a party holds. `product_id` empty means that it speaks of the whole party."""

    __tablename__ = "paper"
    __table_args__ = (UniqueConstraint("party_id", "code"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"))
    product_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("product.id"), index=True)
    code: Mapped[str] = mapped_column(Code)
    kind: Mapped[PaperKind] = mapped_column(words(PaperKind))
    number: Mapped[str] = mapped_column(String(100))
    authority: Mapped[str] = mapped_column(String(200), default="")
    issued_on: Mapped[dt.date | None] = mapped_column()
    valid_until: Mapped[dt.date | None] = mapped_column()
    stars: Mapped[int | None] = mapped_column()
    scan: Mapped[str | None] = mapped_column(ForeignKey("attachment.digest"))

    confirmations: Mapped[list["PaperConfirmation"]] = relationship(order_by="PaperConfirmation.at")

    def is_valid(self, today: dt.date) -> bool:
        """Within its dates on that day; see `in_force`."""
        return in_force(self.issued_on, self.valid_until, today)

    def vouching(self, product_id: uuid.UUID) -> Vouching:
        """How far this paper is backed for that product, by its confirmations that were not withdrawn."""
        if any(c.product_id == product_id and c.withdrawn_at is None for c in self.confirmations):
            return Vouching.CONFIRMED
        return Vouching.PAPER_ATTACHED if self.scan else Vouching.SELF_DECLARED


class PaperConfirmation(Base):
    """An alliance or authority looked at this paper and found it good for this product."""

    __tablename__ = "paper_confirmation"
    __table_args__ = (Index(None, "paper_id", "product_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    paper_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("paper.id"))
    product_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("product.id"))
    by_party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"))
    by_person: Mapped[str] = mapped_column(String(100), default="")
    at: Mapped[dt.datetime] = mapped_column()
    withdrawn_at: Mapped[dt.datetime | None] = mapped_column()

    by_party: Mapped[Party] = relationship()
