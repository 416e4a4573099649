"""The two hot tables, and the signals that people look into.

Their primary keys lead with (run, serial) and nothing else about them is unique. A stamp has a state only once it was
checked or became an exception; see docs/architecture.md, "Storage".
"""

import datetime as dt
import uuid

from sqlalchemy import ColumnElement, Dialect, Integer, LargeBinary, String, TypeDecorator, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.verdict import Asker
from temthat_trace.database import Base, words

__all__ = ["CopySignal", "Seconds", "StampEvent", "StampEventKind", "StampState", "signal", "was_at_a_till"]


class Seconds(TypeDecorator[int]):
    """Whole seconds since 1970, to the year 2106 in four bytes: what is stored is less by `SHIFT`."""

    impl = Integer
    cache_ok = True
    SHIFT = 1 << 31

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        """To a signed number of four bytes."""
        return None if value is None else value - self.SHIFT

    def process_result_value(self, value: int | None, dialect: Dialect) -> int | None:
        """Back to seconds since 1970."""
        return None if value is None else value + self.SHIFT


class StampState(Base):
    """What is known of one stamp's history, in constant size.

    `copy_live`, `copy_frozen`: a `copies.state.State` each, by all scored events and by those before
    `history.frozen_until(copy_horizon)`. `copy_horizon` is a week before the newest of them. Null as long as there is
    none; together at most 198 bytes.

    `sold_at` is the earliest sale that was not taken back. `spoiled_at`: since when a till tells that this unit is no
    longer for sale; `returned_at`: when something was first taken back.
    """

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
    spoiled_at: Mapped[dt.datetime | None] = mapped_column()
    returned_at: Mapped[dt.datetime | None] = mapped_column()
    copy_live: Mapped[bytes | None] = mapped_column(LargeBinary(97))
    copy_frozen: Mapped[bytes | None] = mapped_column(LargeBinary(97))
    copy_horizon: Mapped[int | None] = mapped_column(Seconds())


def was_at_a_till() -> ColumnElement[bool]:
    """Whether a stamp's state says that a till had it: that stays when the events are deleted."""
    instants = (StampState.sold_at, StampState.spoiled_at, StampState.returned_at)
    return or_(*(instant.is_not(None) for instant in instants))


class StampEvent(Base):
    """One check or other event of one stamp. `id` is given by who reports it: repeating is harmless.

    `place` is a province code or an H3 cell; `receipt` the hash of the phone's receipt cookie for this stamp, and of
    what a till or packer told the hash of the organisation whose key it was.
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


class CopySignal(Base):
    """Something about one stamp that a person may have to look into; each kind once a stamp.

    `suspect`, `sales`, `pins` and `many_groups` come with the event that brought them, `gone`, `report` and `inspector`
    from who noticed.
    """

    __tablename__ = "copy_signal"

    run: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    serial: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(index=True)
    province: Mapped[str | None] = mapped_column(String(2))


def signal(
    session: Session, run: int, serial: int, kind: str, at: dt.datetime, province: str | None = None
) -> bool:
    """Write a signal in the session's transaction; False if this stamp has one of that kind already."""
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    written = session.execute(
        insert(CopySignal)
        .values(run=run, serial=serial, kind=kind, at=at, province=province)
        .on_conflict_do_nothing()
        .returning(CopySignal.kind)
    )
    return written.first() is not None
