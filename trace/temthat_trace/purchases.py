"""Purchase slips (phiếu thu mua): what a household delivered to its cooperative on a day, and the lot it went into."""

import datetime as dt
import uuid
from decimal import Decimal

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from temthat_trace.batches import Batch
from temthat_trace.database import Base, Code, Text
from temthat_trace.ids import uuid7
from temthat_trace.parties import Member, Plot
from temthat_trace.products import Product


class PurchaseSlip(Base):
    """One delivery of one household, numbered by the cooperative. `batch_id`: the lot it went into, once that is known.

    `what` names the goods where they are no product of the cooperative's list. A slip is never deleted:
    `withdrawn_at` takes it out of every sum, and its number stays used.
    """

    __tablename__ = "purchase_slip"
    __table_args__ = (UniqueConstraint("party_id", "number"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"), index=True)
    number: Mapped[str] = mapped_column(Code)
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("member.id"), index=True)
    plot_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("plot.id"), index=True)
    product_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("product.id"))
    what: Mapped[str] = mapped_column(String(200), default="")
    quantity: Mapped[Decimal] = mapped_column()
    unit: Mapped[str] = mapped_column(String(3))
    at: Mapped[dt.datetime] = mapped_column()
    batch_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("batch.id"), index=True)
    note: Mapped[str] = mapped_column(Text, default="")
    recorded_name: Mapped[str] = mapped_column(String(100), default="")
    recorded_at: Mapped[dt.datetime] = mapped_column()
    withdrawn_at: Mapped[dt.datetime | None] = mapped_column()
    withdrawn_name: Mapped[str] = mapped_column(String(100), default="")

    member: Mapped[Member] = relationship()
    plot: Mapped[Plot | None] = relationship()
    product: Mapped[Product | None] = relationship()
    batch: Mapped[Batch | None] = relationship()

    @property
    def goods(self) -> str:
        """What was delivered, in words."""
        return self.what or (self.product.name if self.product else "")
