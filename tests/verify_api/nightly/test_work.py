"""A night is done by one process at a time, may be killed anywhere, and is done once a day."""

import datetime as dt
from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from temthat_stamps.copies.records import signal
from temthat_trace.formats import VIETNAM
from temthat_verify_api.habits import neighbours_of
from temthat_verify_api.nightly import retention, work
from temthat_verify_api.nightly.records import Night, RunCopies, StampDay
from temthat_verify_api.nightly.rounds import LATE, is_due, night_is_late
from temthat_verify_api.nightly.work import HELD, NightStopped, NightTaken

from .conftest import Happened, Past


def over_after(steps: int) -> Callable[[], bool]:
    """False so many times, then True."""
    left = iter(range(steps))
    return lambda: next(left, None) is None


def nights(past: Past) -> list[Night]:
    with past.sessions() as session:
        return list(session.scalars(select(Night)))


def totals(past: Past) -> int:
    """All events there ever were, as the days tell it after a night."""
    with past.sessions() as session:
        return sum(row.kept + row.gone for row in session.scalars(select(StampDay)))


def test_a_runs_stamps_are_counted(any_past: Past) -> None:
    past = any_past
    run = past.run(300)
    past.write_all(run, {n: [Happened(3), Happened(2, phone=None)] for n in range(1, 41)})
    with past.sessions() as session:
        for serial, kind in ((1, "suspect"), (1, "sales"), (1, "pins"), (2, "suspect"), (3, "report")):
            signal(session, run, serial, kind, past.now)
        session.commit()
    night = past.night()
    assert (night.runs, night.deleted) == (1, 0)
    with past.sessions() as session:
        counts = session.get_one(RunCopies, run)
        assert (counts.scanned, counts.checks, counts.suspect, counts.evident) == (40, 80, 2, 1)
        assert neighbours_of(session, run).evident == 1


def test_what_it_did_is_recorded(past: Past) -> None:
    run = past.run()
    past.write(run, 1, [Happened(100)])
    past.night()
    [night] = nights(past)
    assert (night.day, night.deleted, night.runs) == (past.now.astimezone(VIETNAM).date(), 1, 1)
    assert night.ended_at == past.now


def test_a_second_process_does_not_do_the_same_night(past: Past) -> None:
    def meanwhile() -> bool:
        with pytest.raises(NightTaken):
            past.night()
        return False

    past.write(past.run(), 1, [Happened(100)])
    assert past.work(meanwhile).do().deleted == 1


def test_who_was_silent_too_long_does_not_go_on(past: Past) -> None:
    """Another has taken the night over; whoever held it writes nothing more."""
    past.write(past.run(), 1, [Happened(100)])

    def taken_over() -> bool:
        with past.sessions() as session:
            session.execute(update(Night).values(busy_until=past.now + dt.timedelta(hours=1)))
            session.commit()
        return False

    with pytest.raises(NightTaken):
        past.work(taken_over).do()
    assert past.events() == 1


def test_a_killed_night_is_taken_over_when_its_time_is_up(past: Past) -> None:
    past.write(past.run(), 1, [Happened(100)])
    past.work()._take()
    with pytest.raises(NightTaken):
        past.night()
    past.forward(seconds=HELD.total_seconds() + 1)
    assert past.night().deleted == 1


def test_a_stopped_night_is_gone_on_with(past: Past) -> None:
    past.write(past.run(), 1, [Happened(100)])
    with pytest.raises(NightStopped):
        past.work(lambda: True).do()
    [night] = nights(past)
    assert night.ended_at is None
    assert past.night().deleted == 1


def test_a_night_killed_anywhere_loses_and_doubles_nothing(
    any_past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped at each step in turn: events and counts together are always all there ever were."""
    past = any_past
    monkeypatch.setattr(work, "EVENTS", 5)
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    run = past.run()
    for serial in (1, 2, 3):
        past.write(run, serial, [Happened(100 - 3 * n, phone=str(n)) for n in range(7)])
    stops = 0
    for step in range(40):
        try:
            past.work(over_after(step)).do()
            break
        except NightStopped:
            stops += 1
        with past.sessions() as session:
            gone = sum(row.gone for row in session.scalars(select(StampDay)))
        assert gone + past.events() == 21
    assert stops > 5
    assert totals(past) == 21


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("ended", "now", "due"),
    [
        (None, "2026-05-26 14:00", True),
        ("2026-05-25 02:00", "2026-05-26 00:59", False),
        ("2026-05-25 02:00", "2026-05-26 01:00", True),
        ("2026-05-25 02:00", "2026-05-26 04:59", True),
        ("2026-05-26 01:10", "2026-05-26 02:00", False),
        ("2026-05-25 02:00", "2026-05-26 07:00", False),
        ("2026-05-25 02:00", "2026-05-26 08:01", True),
        ("2026-05-25 14:00", "2026-05-26 02:00", True),
    ],
    ids=lambda value: str(value).replace(" ", "T"),
)
def test_it_is_due_once_a_day_in_quiet_hours_or_when_it_was_missed(
    past: Past, ended: str | None, now: str, due: bool
) -> None:
    with past.sessions() as session:
        if ended:
            times = {"begun_at": at(ended), "busy_until": at(ended), "ended_at": at(ended)}
            session.add(Night(day=at(ended).date(), **times))
        assert is_due(session, at(now)) is due


def test_a_night_that_does_not_come_is_told(past: Past) -> None:
    """From its last end, or from its first beginning if none ever ended; nothing of a service that is new."""

    def late() -> bool:
        with past.sessions() as session:
            return night_is_late(session, past.now)

    assert not late()
    with pytest.raises(NightStopped):
        past.work(lambda: True).do()
    past.forward(seconds=LATE.total_seconds() + 1)
    assert late()
    past.night()
    assert not late()
    past.forward(seconds=LATE.total_seconds())
    assert not late()
    past.forward(seconds=1)
    assert late()
