"""Which stamps' PINs were entered. One row a stamp at most, and it outlives the events, which are deleted in time."""

import datetime as dt
import uuid

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from temthat_trace.database import Base


class PinEntry(Base):
    """The first entry of a stamp's PIN by a shopper; the primary key decides between two at one moment.

    `event`: the id of the stamp event that recorded it. No PIN, and nothing that tells a phone, is in here.
    """

    __tablename__ = "pin_entry"

    run: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    serial: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    event: Mapped[uuid.UUID] = mapped_column()
    at: Mapped[dt.datetime] = mapped_column()
    province: Mapped[str | None] = mapped_column(String(2))
