"""Mapped records of named queries and of the subscriptions to them."""

import datetime as dt
import uuid

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from temthat_trace.database import Base, words
from temthat_trace.ids import uuid7
from temthat_trace.parties import Party
from temthat_verify_api.accounts import KeyRole
from temthat_verify_api.receivers import Receiver, SubscriptionState

__all__ = ["NamedQuery", "Subscription", "SubscriptionState"]


class NamedQuery(Base):
    """A query an organisation keeps under a name. `definition`: its JSON document as it came."""

    __tablename__ = "epcis_query"
    __table_args__ = (UniqueConstraint("party_id", "name"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"))
    name: Mapped[str] = mapped_column(String(100))
    definition: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column()


class Subscription(Receiver, Base):
    """A receiver of what a named query finds from now on.

    `role`: of the key that subscribed; what its holder may read is worked out anew for each delivery. `schedule`: JSON,
    None for a stream. `cursor`: number of the last event that was delivered or did not match; it moves when the
    receiver answered 2xx, never before. `batch`: most events in one delivery.
    """

    __tablename__ = "epcis_subscription"
    __table_args__ = (
        Index("ix_epcis_subscription_state_due_at", "state", "due_at"),
        Index("ix_epcis_subscription_query_id", "query_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    query_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("epcis_query.id"))
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"))
    role: Mapped[KeyRole] = mapped_column(words(KeyRole))
    dest: Mapped[str] = mapped_column(Text)
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary)
    schedule: Mapped[str | None] = mapped_column(Text)
    report_if_empty: Mapped[bool] = mapped_column(default=False)
    initial_record_time: Mapped[dt.datetime | None] = mapped_column()
    created_at: Mapped[dt.datetime] = mapped_column()
    cursor: Mapped[int] = mapped_column(BigInteger)
    batch: Mapped[int] = mapped_column(default=100)

    query: Mapped[NamedQuery] = relationship()
    party: Mapped[Party] = relationship()
