"""What the nights leave behind: learned habits, each run's and each day's counts, and the nights themselves.

None of these rows knows a phone, a person or a place finer than a province.
"""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CursorResult, Date, ForeignKey, Integer, Result, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.verdict import Asker
from temthat_trace.database import Base, words
from temthat_trace.ids import uuid7


class LearnedHabits(Base):
    """What ordinary packs of one product did, or without a product those of all products here: newest only.

    `text` is what `copies.habits.habits_of` reads; `stamps` says from how many stamps it was learned.
    """

    __tablename__ = "learned_habits"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    product_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("product.id"), unique=True)
    text: Mapped[str] = mapped_column(Text)
    stamps: Mapped[int] = mapped_column(Integer)
    learned_at: Mapped[dt.datetime] = mapped_column()


class RunCopies(Base):
    """One run in four counts, as of the last night; `updated_at`: the last one that found others than before.

    `scanned`: stamps checked at all; `suspect`: those that ever became suspect; `evident`: those with physical
    evidence (a second sale, a third PIN, a sale of what was gone); `checks`: of all of them together.
    """

    __tablename__ = "run_copies"

    run: Mapped[int] = mapped_column(ForeignKey("run.run"), primary_key=True, autoincrement=False)
    scanned: Mapped[int] = mapped_column(Integer)
    suspect: Mapped[int] = mapped_column(Integer)
    evident: Mapped[int] = mapped_column(Integer)
    checks: Mapped[int] = mapped_column(Integer)
    updated_at: Mapped[dt.datetime] = mapped_column()


class StampDay(Base):
    """How often one thing happened to a run's stamps on one day (Vietnam) in one province; "" where unknown.

    `kept` were still in `stamp_event` when they were last counted, `gone` have been deleted there since: together they
    are all there ever were, and `gone` is all that remains.
    """

    __tablename__ = "stamp_day"

    run: Mapped[int] = mapped_column(ForeignKey("run.run"), primary_key=True, autoincrement=False)
    day: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    province: Mapped[str] = mapped_column(String(2), primary_key=True)
    event: Mapped[StampEventKind] = mapped_column(words(StampEventKind), primary_key=True)
    kind: Mapped[Asker] = mapped_column(words(Asker), primary_key=True)
    kept: Mapped[int] = mapped_column(Integer)
    gone: Mapped[int] = mapped_column(Integer)


class Night(Base):
    """One night's work, by its day in Vietnam. Whoever does it holds it until `busy_until` and keeps moving that on.

    How many runs were gone through, sets of habits learned, events deleted, and things that reports no longer hold.
    """

    __tablename__ = "night"

    day: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    begun_at: Mapped[dt.datetime] = mapped_column()
    busy_until: Mapped[dt.datetime] = mapped_column()
    ended_at: Mapped[dt.datetime | None] = mapped_column()
    runs: Mapped[int] = mapped_column(Integer, default=0)
    learned: Mapped[int] = mapped_column(Integer, default=0)
    deleted: Mapped[int] = mapped_column(Integer, default=0)
    reports: Mapped[int] = mapped_column(Integer, default=0)


def changed(result: Result[Any]) -> int:
    """How many rows an update changed."""
    assert isinstance(result, CursorResult), "an update"
    return int(result.rowcount)
