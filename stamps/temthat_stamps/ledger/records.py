"""Mapped records of the ledger: what was applied, how many stamps a province allows, and reprints with two persons.

Persons are kept by their id in the service above (no foreign key: this package does not know accounts) and by the name
they had then, as on print jobs.
"""

import datetime as dt
import uuid
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from temthat_stamps.runs.records import Run
from temthat_trace.database import Base, words
from temthat_trace.ids import uuid7
from temthat_trace.parties import Party
from temthat_trace.products import Product


class Act(StrEnum):
    """What people record of stamps beside notices; a notice withdraws, an act only tells."""

    APPLIED = "applied"


class LedgerAct(Base):
    """Stamps `first` to `last` of a run, and what was done with them. Never changed; one row for a whole stretch."""

    __tablename__ = "ledger_act"
    __table_args__ = (Index(None, "run", "first"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    run: Mapped[int] = mapped_column(ForeignKey("run.run"))
    first: Mapped[int] = mapped_column(Integer)
    last: Mapped[int] = mapped_column(Integer)
    act: Mapped[Act] = mapped_column(words(Act))
    at: Mapped[dt.datetime] = mapped_column()
    by: Mapped[str] = mapped_column(String(100))


class StampQuota(Base):
    """How many stamps a party may order in one calendar year (of Vietnam), of one product or of all together.

    Never changed: the newest row for the same party, product and year is in force. `most` None lifts the limit.
    """

    __tablename__ = "stamp_quota"
    __table_args__ = (Index(None, "party_id", "year"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"))
    product_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("product.id"))
    year: Mapped[int] = mapped_column(Integer)
    most: Mapped[int | None] = mapped_column(Integer)
    office_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"))
    set_by: Mapped[str] = mapped_column(String(100))
    set_at: Mapped[dt.datetime] = mapped_column()
    reason: Mapped[str] = mapped_column(String(400))

    party: Mapped[Party] = relationship(foreign_keys=[party_id])
    product: Mapped[Product | None] = relationship()
    office: Mapped[Party] = relationship(foreign_keys=[office_id])


class ReprintState(StrEnum):
    """A reprint's life. `done`: a second person agreed, the old stamps are void and the new run is registered."""

    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"
    EXPIRED = "expired"


class Reprint(Base):
    """Stamps that somebody asks to replace, until a second person agrees. `link_hash`: SHA-256 of the one-time link."""

    __tablename__ = "reprint"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    run: Mapped[int] = mapped_column(ForeignKey("run.run"), index=True)
    first: Mapped[int] = mapped_column(Integer)
    last: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(String(32))
    explanation: Mapped[str] = mapped_column(String(400))
    asked_by: Mapped[uuid.UUID] = mapped_column()
    asked_name: Mapped[str] = mapped_column(String(100))
    asked_phone: Mapped[str] = mapped_column(String(16))
    asked_at: Mapped[dt.datetime] = mapped_column()
    link_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    state: Mapped[ReprintState] = mapped_column(words(ReprintState), default=ReprintState.WAITING)
    decided_by: Mapped[uuid.UUID | None] = mapped_column()
    decided_name: Mapped[str] = mapped_column(String(100), default="")
    decided_at: Mapped[dt.datetime | None] = mapped_column()
    new_run: Mapped[int | None] = mapped_column(ForeignKey("run.run"))

    run_record: Mapped[Run] = relationship(foreign_keys=[run])
    new_record: Mapped[Run | None] = relationship(foreign_keys=[new_run])

    @property
    def count(self) -> int:
        """How many stamps."""
        return self.last - self.first + 1

    @property
    def standing(self) -> str:
        """Its state; `signing` while the issuer has yet to sign the new run at home, `withdrawn` if it will not."""
        fresh = self.new_record
        if self.state is not ReprintState.DONE or fresh is None or fresh.is_logged:
            return self.state.value
        return "signing" if fresh.count else "withdrawn"
