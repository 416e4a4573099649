"""Batches (lô): a quantity of one product with one lot number, and the batches it was made from."""

import datetime as dt
import uuid
from decimal import Decimal

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from temthat_trace.database import Base
from temthat_trace.events import Event
from temthat_trace.ids import uuid7
from temthat_trace.parties import Address, Member, Party, Plot
from temthat_trace.products import Product


class Batch(Address, Base):
    """One lot of one product. `quantity` is in `unit` (UN/ECE code), convertible to the product's base unit."""

    __tablename__ = "batch"
    __table_args__ = (UniqueConstraint("product_id", "lot"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"), index=True)
    product_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("product.id"))
    lot: Mapped[str] = mapped_column(String(20))
    quantity: Mapped[Decimal] = mapped_column()
    unit: Mapped[str] = mapped_column(String(3))
    made_on: Mapped[dt.date] = mapped_column()
    expires_on: Mapped[dt.date | None] = mapped_column()
    plot_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("plot.id"))
    member_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("member.id"))

    party: Mapped[Party] = relationship()
    product: Mapped[Product] = relationship()
    plot: Mapped[Plot | None] = relationship()
    member: Mapped[Member | None] = relationship()
    events: Mapped[list[Event]] = relationship(order_by="Event.at, Event.id")
    sources: Mapped[list["BatchSource"]] = relationship(foreign_keys="BatchSource.batch_id")


class BatchSource(Base):
    """What a batch was made from: mixing has several sources, a sub-lot or a repack has one."""

    __tablename__ = "batch_source"

    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("batch.id"), primary_key=True)
    source_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("batch.id"), primary_key=True, index=True)
    quantity: Mapped[Decimal] = mapped_column()
    unit: Mapped[str] = mapped_column(String(3))

    source: Mapped[Batch] = relationship(foreign_keys=[source_id])
