"""Steps taken over from an earlier batch as a plan: nothing of it is a fact until somebody dates and confirms it."""

import datetime as dt
import uuid

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from temthat_trace.database import Base
from temthat_trace.events import Event


class StepDraft(Base):
    """“Do as in the last batch”: one step of that batch (`model_id`) that this one may repeat.

    A draft has no words of its own: it shows what its model says. Closed when it became an event (`event_id`) or was
    set aside (no event).
    """

    __tablename__ = "step_draft"

    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("batch.id"), primary_key=True)
    model_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("event.id"), primary_key=True, index=True)
    event_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("event.id"), index=True)
    closed_at: Mapped[dt.datetime | None] = mapped_column()

    model: Mapped[Event] = relationship(foreign_keys=[model_id])
