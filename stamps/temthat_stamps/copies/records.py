"""The two hot tables. Their primary keys lead with (run, serial) and nothing else about them is unique.

A stamp has a state only once it was checked or became an exception; see docs/architecture.md, "Storage".
"""

import datetime as dt
import uuid

from sqlalchemy import Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.verdict import Asker
from temthat_trace.database import Base, words

__all__ = ["StampEvent", "StampEventKind", "StampState"]


class StampState(Base):
    """What is known of one stamp's history, in constant size."""

    __tablename__ = "stamp_state"

    run: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    serial: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    checks: Mapped[int] = mapped_column(Integer)
    first_at: Mapped[dt.datetime | None] = mapped_column()
    first_province: Mapped[str | None] = mapped_column(String(2))
    last_at: Mapped[dt.datetime | None] = mapped_column()
    last_province: Mapped[str | None] = mapped_column(String(2))
    sold_at: Mapped[dt.datetime | None] = mapped_column()
    sold_province: Mapped[str | None] = mapped_column(String(2))


class StampEvent(Base):
    """One check or other event of one stamp. `id` is given by who reports it: repeating is harmless.

    `place` is a province code or an H3 cell; `receipt` the hash of the phone's receipt cookie for this stamp.
    """

    __tablename__ = "stamp_event"

    run: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    serial: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime] = mapped_column()
    event: Mapped[StampEventKind] = mapped_column(words(StampEventKind))
    kind: Mapped[Asker] = mapped_column(words(Asker))
    place: Mapped[str | None] = mapped_column(String(15))
    receipt: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    verdict: Mapped[str] = mapped_column(String(16))
