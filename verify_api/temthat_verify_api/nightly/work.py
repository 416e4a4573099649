"""One night's work, in the order it is done: delete what is old, count, learn.

    each run      old events deleted and counted as gone, the others counted by day (`retention`, `counting`);
                  its stamps counted (`rollups`)
    then          what reports of suspect packs keep no longer is deleted (`reports.retention`);
                  the operator's habits, and each product's (`teaching`)

Every step is a small transaction that may be repeated: a night that is killed leaves nothing half-done, and the next
one goes on. Whoever works holds the night's row and keeps moving its time on; two services never do the same night.
"""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from temthat_stamps.runs.records import Run
from temthat_trace.formats import today
from temthat_verify_api.nightly.counting import Counts, count_kept, put_kept
from temthat_verify_api.nightly.records import Night, changed
from temthat_verify_api.nightly.retention import has_old, let_go, old_before
from temthat_verify_api.nightly.rollups import count_checked, put_counts, serial_ranges
from temthat_verify_api.nightly.stretches import EVENTS, Stretch, stretches
from temthat_verify_api.nightly.teaching import Lesson, teach
from temthat_verify_api.reports.retention import expire_reports

HELD = dt.timedelta(minutes=10)
"""How long a night belongs to whoever last said that it is at work; then another may go on with it."""

PAUSE = 0.15
"""Seconds, beside a service."""
READS = 30
"""Steps that only read go on after so small a part of the pause."""

_RUNS = 500
"""Runs read at a time."""


class NightTaken(Exception):
    """Another process is at this work, or has taken it over."""


class NightStopped(Exception):
    """The service stops: the rest is done another time."""


class NightWork:
    """What is to be done on one database, once. `is_over` is asked between steps; a step that wrote is followed by
    `pause` seconds, another by a part of them.

    On SQLite there is one writer at a time, and who waits for it looks again every tenth of a second at the latest: a
    longer pause (`PAUSE`) lets everybody through who came while the night wrote.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        kept_days: int,
        now: Callable[[], dt.datetime],
        is_over: Callable[[], bool] = lambda: False,
        pause: float = 0.0,
    ) -> None:
        self._sessions = sessions
        self._kept_days = kept_days
        self._now = now
        self._is_over = is_over
        self._pause = pause
        self._day = today(now())
        self._busy_until = now()

    def do(self) -> Night:
        """All of it; returns the night. Raises `NightTaken` and `NightStopped`; what was done until then stays done."""
        with self._held() as night:
            before = old_before(night.begun_at, self._kept_days)
            for run, count in self._runs():
                night.deleted += self._sweep(run, before)
                self._count(run, count)
                night.runs += 1
            night.reports = self._expire(night.begun_at)
            span = night.begun_at - before
            lesson = Lesson(before, night.begun_at - span / 3, night.day.toordinal())
            night.learned = teach(self._sessions, lesson, night.begun_at, self._breathe)
        return night

    def _sweep(self, run: int, before: dt.datetime) -> int:
        """Delete a run's old events, count the others; how many were deleted."""
        deleted, kept = 0, Counts()
        for stretch in stretches(self._sessions, run, EVENTS):
            self._breathe()
            deleted += self._delete(stretch, before)
            with self._sessions() as session:
                kept += count_kept(session, stretch)
        with self._sessions() as session:
            is_new = put_kept(session, run, kept)
            session.commit()
        if is_new:
            self._breathe(wrote=True)
        return deleted

    def _delete(self, stretch: Stretch, before: dt.datetime) -> int:
        """Delete the old events of a stretch, some in each transaction; how many."""
        with self._sessions() as session:
            rest = stretch if has_old(session, stretch, before) else None
        deleted = 0
        while rest is not None:
            with self._sessions() as session:
                self._hold(session)
                gone, rest = let_go(session, rest, before)
                session.commit()
            deleted += gone
            self._breathe(wrote=True)
        return deleted

    def _count(self, run: int, count: int) -> None:
        """Count a run's stamps; one that nobody checked has no counts."""
        scanned = checks = 0
        for first, last in serial_ranges(count):
            self._breathe()
            with self._sessions() as session:
                found = count_checked(session, run, first, last)
            scanned, checks = scanned + found[0], checks + found[1]
        if scanned:
            with self._sessions() as session:
                is_new = put_counts(session, run, scanned, checks, self._now())
                session.commit()
            if is_new:
                self._breathe(wrote=True)

    def _expire(self, now: dt.datetime) -> int:
        self._breathe()
        with self._sessions() as session:
            expired = expire_reports(session, now)
            session.commit()
        return expired.contacts + expired.photos + expired.words

    def _runs(self) -> Iterator[tuple[int, int]]:
        """Runs and how many stamps they have, in order."""
        after: int | None = 0
        while after is not None:
            query = select(Run.run, Run.count).where(Run.run > after).order_by(Run.run).limit(_RUNS)
            with self._sessions() as session:
                found = [(run, count) for run, count in session.execute(query)]
            yield from found
            after = found[-1][0] if len(found) == _RUNS else None

    def _breathe(self, *, wrote: bool = False) -> None:
        """Between two steps: stop if asked to, keep hold of the night, let others at the database."""
        if self._is_over():
            raise NightStopped
        if self._now() > self._busy_until - HELD / 2:
            with self._sessions() as session:
                self._hold(session)
                session.commit()
        time.sleep(self._pause if wrote else self._pause / READS)

    def _hold(self, session: Session, until: dt.datetime | None = None) -> None:
        """Go on holding the night, in the caller's transaction. Raises `NightTaken`."""
        until = until or self._now() + HELD
        held = session.execute(
            update(Night)
            .where(Night.day == self._day, Night.busy_until == self._busy_until)
            .values(busy_until=until)
        )
        if not changed(held):
            raise NightTaken
        self._busy_until = until

    @contextmanager
    def _held(self) -> Iterator[Night]:
        """Today's night, ours until the end; how much was done is stored when all was."""
        self._take()
        night = Night(day=self._day, begun_at=self._now(), runs=0, learned=0, deleted=0, reports=0)
        try:
            yield night
        except NightTaken:
            raise
        except BaseException:
            self._end(None)
            raise
        night.ended_at = self._now()
        self._end(night)

    def _take(self) -> None:
        """Begin today's night, or go on with it. Raises `NightTaken`."""
        now = self._now()
        with self._sessions() as session:
            if session.scalars(select(Night.day).where(Night.busy_until > now).limit(1)).first():
                raise NightTaken
            night = session.get(Night, self._day)
            if night is None:
                session.add(Night(day=self._day, begun_at=now, busy_until=now + HELD))
                try:
                    session.commit()
                except IntegrityError as error:
                    raise NightTaken from error
                self._busy_until = now + HELD
            else:
                self._busy_until = night.busy_until
                self._hold(session)
                session.commit()

    def _end(self, night: Night | None) -> None:
        """Let go of the night; with what it did if it is done."""
        with self._sessions() as session:
            self._hold(session, self._now())
            if night is not None:
                done = {
                    name: getattr(night, name)
                    for name in ("ended_at", "runs", "learned", "deleted", "reports")
                }
                session.execute(update(Night).where(Night.day == self._day).values(**done))
            session.commit()
