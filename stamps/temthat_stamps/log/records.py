"""The log's entries as the database keeps them, written in the same transaction as what they state.

The database puts entries in order; the published tiles are a function of these rows and are made from them.
"""

import datetime as dt
import uuid

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from temthat_trace.database import Base


class LogEntry(Base):
    """One entry, never changed. `index` counts from 0 without gaps; `envelope` is the entry's bytes."""

    __tablename__ = "log_entry"

    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16))
    party_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("party.id"), index=True)
    at: Mapped[dt.datetime] = mapped_column()
    envelope: Mapped[bytes] = mapped_column(LargeBinary)
