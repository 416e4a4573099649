"""Alerts, the signals they hold, what became of them, and who is told."""

import datetime as dt
import uuid
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from temthat_stamps.copies.campaigns import AlertState
from temthat_trace.database import Base, words
from temthat_trace.ids import uuid7
from temthat_trace.parties import Party
from temthat_trace.products import Product
from temthat_verify_api.receivers import Receiver

LONGEST_NOTE = 1_000
LONGEST_DEST = 2_000


class Alert(Base):
    """One campaign of copies of one producer's product.

    `outcome`: what people found last, explained or confirmed; it stays when the alert is closed, and goes when it is
    open again. `first_at` and `last_at`: of its evidence. `merged_into`: it turned out to be the same campaign as an
    older one, which has its signals now.
    """

    __tablename__ = "alert"
    __table_args__ = (Index(None, "party_id", "state"), Index(None, "product_id"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"))
    product_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("product.id"))
    state: Mapped[AlertState] = mapped_column(words(AlertState), default=AlertState.OPEN)
    state_at: Mapped[dt.datetime] = mapped_column()
    outcome: Mapped[AlertState | None] = mapped_column(words(AlertState))
    opened_at: Mapped[dt.datetime] = mapped_column()
    first_at: Mapped[dt.datetime] = mapped_column()
    last_at: Mapped[dt.datetime] = mapped_column()
    merged_into: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("alert.id"))

    party: Mapped[Party] = relationship()
    product: Mapped[Product] = relationship()
    steps: Mapped[list["AlertStep"]] = relationship(order_by="AlertStep.id")

    def move(self, state: AlertState, now: dt.datetime) -> None:
        """From now on it stands there."""
        self.state, self.state_at = state, now
        if state is not AlertState.CLOSED:
            self.outcome = None if state is AlertState.OPEN else state


class AlertSignal(Base):
    """A signal that was looked at. `alert_id` None: it raised nothing. `is_evidence`: it is why there is the alert."""

    __tablename__ = "alert_signal"
    __table_args__ = (Index(None, "alert_id"),)

    run: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    serial: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    at: Mapped[dt.datetime] = mapped_column()
    province: Mapped[str | None] = mapped_column(String(2))
    alert_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("alert.id"))
    is_evidence: Mapped[bool] = mapped_column(default=False)


class What(StrEnum):
    """What happened to an alert."""

    OPENED = "opened"
    REOPENED = "reopened"
    """New evidence came after it was done."""
    CHANGED = "changed"
    """A person moved it on."""
    MERGED = "merged"
    """It was of the same campaign as an older alert."""
    FOUND = "found"
    """An inspector or an office had a pack in hand."""
    HELD = "held"
    """A person gave notice that one stamp is held."""


TOLD = frozenset({What.OPENED, What.REOPENED, What.CHANGED})
"""Steps that organisations are sent a message about."""


class AlertStep(Base):
    """One step in an alert's life, never changed. By a person of an organisation, or by the service (`by_party_id`
    None). `note`: why; for `found` and `held` it begins with the stamp."""

    __tablename__ = "alert_step"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    alert_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("alert.id"), index=True)
    at: Mapped[dt.datetime] = mapped_column()
    what: Mapped[What] = mapped_column(words(What))
    state: Mapped[AlertState] = mapped_column(words(AlertState))
    note: Mapped[str] = mapped_column(String(LONGEST_NOTE), default="")
    by_party_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("party.id"))
    by_person: Mapped[str] = mapped_column(String(100), default="")

    alert: Mapped[Alert] = relationship(back_populates="steps")
    by_party: Mapped[Party | None] = relationship()


class Way(StrEnum):
    """How an organisation is told."""

    WEBHOOK = "webhook"
    EMAIL = "email"


class AlertSubscription(Receiver, Base):
    """An address that an organisation wants its alerts sent to. `sealed_secret`: what its webhooks are signed with."""

    __tablename__ = "alert_subscription"
    __table_args__ = (Index(None, "state", "due_at"), Index(None, "party_id"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"))
    way: Mapped[Way] = mapped_column(words(Way))
    dest: Mapped[str] = mapped_column(String(LONGEST_DEST))
    sealed_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime] = mapped_column()
    created_by: Mapped[str] = mapped_column(String(100), default="")

    party: Mapped[Party] = relationship()
    messages: Mapped[list["AlertMessage"]] = relationship(
        cascade="all, delete-orphan", passive_deletes=True, order_by="AlertMessage.step_id"
    )


class AlertMessage(Base):
    """One step that one subscription is told of, written with the step. `sent_at` None: not yet."""

    __tablename__ = "alert_message"

    subscription_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("alert_subscription.id", ondelete="CASCADE"), primary_key=True
    )
    step_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("alert_step.id"), primary_key=True)
    sent_at: Mapped[dt.datetime | None] = mapped_column(index=True)

    step: Mapped[AlertStep] = relationship()
