"""No event gets older than was promised; what is scored still is; who looked is forgotten with the last event."""

import datetime as dt

import pytest
from sqlalchemy import select

from temthat_stamps.copies.history import STRIDE, WINDOW, frozen_until
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.copies.records import StampState
from temthat_trace.formats import VIETNAM
from temthat_verify_api.desk.checks import Checks, checks_of_runs
from temthat_verify_api.nightly.records import StampDay
from temthat_verify_api.nightly.retention import old_before

from .conftest import Happened, Past


@pytest.mark.parametrize("hour", [0, 3, 12, 23])
@pytest.mark.parametrize("kept_days", [30, 90, 400])
def test_what_is_old_leaves_time_for_a_window_and_a_night(hour: int, kept_days: int) -> None:
    """An event that just is not old, and waits for all that may be scored with it and a night more, is within the
    promise; none is young: what is frozen with the newest ends at most a stride later, a window before now.
    """
    now = dt.datetime(2026, 5, 26, hour, tzinfo=VIETNAM)
    before = old_before(now, kept_days)
    assert before.astimezone(VIETNAM).time() == dt.time()
    assert now - before + dt.timedelta(days=15) < dt.timedelta(days=kept_days + 1)
    assert now - before >= dt.timedelta(days=kept_days - 15)
    assert now - before > dt.timedelta(seconds=WINDOW + STRIDE)


def test_old_events_go_and_young_ones_stay(any_past: Past) -> None:
    past = any_past
    run = past.run()
    past.write(
        run, 1, [Happened(200), Happened(95, phone="b"), Happened(60, phone="c"), Happened(1, phone="d")]
    )
    past.write(run, 2, [Happened(300)])
    past.write(run, 3, [Happened(2)])
    assert past.night().deleted == 3
    assert past.ages(run, 1) == pytest.approx([60, 1], abs=0.01)
    assert (past.ages(run, 2), len(past.ages(run, 3))) == ([], 1)
    assert past.night().deleted == 0


def test_an_event_in_an_open_window_waits_until_all_of_it_is_old(past: Past) -> None:
    """A late event may still come and have the stamp's score built anew from these."""
    run = past.run()
    past.write(run, 1, [Happened(80), Happened(73, phone="b")])
    past.night()
    assert len(past.ages(run)) == 2
    past.forward(days=4)
    past.night()
    assert past.ages(run) == []


def test_none_gets_older_than_was_promised_however_often_a_stamp_is_checked(past: Past) -> None:
    """Checked every three days for a year: every night's oldest event is younger than the promise."""
    run = past.run()
    for serial in (1, 2):
        past.write(run, serial, [Happened(3.0 * n + serial, phone=str(n)) for n in reversed(range(60))])
    for _ in range(12):
        past.night()
        assert all(age <= 90 for age in past.ages(run))
        past.forward(days=9)


def test_the_score_stays_and_who_looked_is_forgotten(any_past: Past) -> None:
    past = any_past
    run = past.run()
    places = ("01", "79", "48", "92")
    past.write(run, 1, [Happened(120 - n, places[n % 4], f"phone {n}") for n in range(8)])
    before, state = past.live(run), past.state(run)
    past.night()
    after = past.live(run)
    assert any(before.seen)
    assert not any(after.seen)
    assert (after.score, after.groups, after.places) == (before.score, before.groups, before.places)
    assert past.state(run).copy_frozen == past.state(run).copy_live
    horizon, now = state.copy_horizon, past.state(run).copy_horizon
    assert horizon is not None
    assert frozen_until(now or 0) > horizon + WINDOW, "an event as old as these can change the score no more"


def test_the_filter_stays_while_an_event_does(past: Past) -> None:
    """It tells a phone that checked again from a new one."""
    run = past.run()
    past.write(run, 1, [Happened(200), Happened(20, phone="b")])
    state = past.state(run)
    past.night()
    assert len(past.ages(run)) == 1
    assert (past.state(run).copy_live, past.state(run).copy_horizon) == (state.copy_live, state.copy_horizon)


def test_the_tag_of_who_entered_the_pin_goes_too(past: Past) -> None:
    run = past.run()
    past.write(run, 1, [Happened(100), Happened(100, event=StampEventKind.PIN)])
    assert past.live(run).pin != 0
    past.night()
    assert (past.live(run).pin, past.live(run).pins) == (0, 1)


def test_events_without_a_score_go_too(past: Past) -> None:
    """From before there was a score, or of kinds that have none."""
    run = past.run()
    past.write(run, 1, [Happened(100)])
    with past.sessions() as session:
        for state in session.query(type(past.state(run))):
            state.copy_live = state.copy_frozen = state.copy_horizon = None
        session.commit()
    past.night()
    assert past.ages(run) == []


def test_what_is_deleted_is_counted(any_past: Past) -> None:
    """Day by day and province by province, the day being that of Vietnam."""
    past = any_past
    run = past.run()
    past.write(run, 1, [Happened(100, "01"), Happened(100, "01", "b"), Happened(100, ""), Happened(3, "79")])
    past.night()
    with past.sessions() as session:
        found = {(row.day, row.province): (row.kept, row.gone) for row in session.scalars(select(StampDay))}
    old, new = ((past.now - dt.timedelta(days=n)).astimezone(VIETNAM).date() for n in (100, 3))
    assert found == {(old, "01"): (0, 2), (old, ""): (0, 1), (new, "79"): (1, 0)}


def test_a_flooded_stamp_is_deleted_in_stretches(any_past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    """More events of one stamp than a stretch holds, and stretches that end within a stamp."""
    past = any_past
    monkeypatch.setattr("temthat_verify_api.nightly.work.EVENTS", 17)
    monkeypatch.setattr("temthat_verify_api.nightly.retention.AT_ONCE", 5)
    run = past.run()
    for serial in (1, 2, 5):
        past.write(run, serial, [Happened(120 - n / 10, phone=str(n)) for n in range(25)])
    past.write(run, 9, [Happened(5)])
    assert past.night().deleted == 75
    assert past.events() == 1
    with past.sessions() as session:
        assert sum(row.gone for row in session.scalars(select(StampDay))) == 75


def test_a_state_that_cannot_be_read_goes_with_its_events(past: Past) -> None:
    """It keeps no night from deleting."""
    run = past.run()
    past.write(run, 1, [Happened(100)])
    with past.sessions() as session:
        session.get_one(StampState, (run, 1)).copy_live = b"\xff" * 97
        session.commit()
    assert past.night().deleted == 1
    assert (past.state(run).copy_live, past.state(run).copy_horizon) == (None, None)


def test_what_tills_told_of_a_unit_stays(any_past: Past) -> None:
    """It is about no shopper, and a sale of today is judged by a spoiling of last year."""
    past = any_past
    run, kinds = past.run(), (StampEventKind.SPOILED, StampEventKind.SOLD, StampEventKind.RETURNED)
    past.write(run, 1, [Happened(200 - n, event=kind) for n, kind in enumerate(kinds)] + [Happened(190)])
    assert past.night().deleted == 1
    assert past.ages(run) == pytest.approx([200, 199, 198], abs=0.01)
    assert not any(past.live(run).seen)


def test_a_batchs_page_counts_deleted_checks_as_before(any_past: Past) -> None:
    past = any_past
    run = past.run()
    past.write(run, 1, [Happened(100), Happened(100, "79", "b"), Happened(3, phone="c")])

    def counted() -> Checks:
        with past.sessions() as session:
            return checks_of_runs(session, [run])

    before = counted()
    assert (before.total, before.provinces) == (3, [("01", 2), ("79", 1)])
    assert past.night().deleted == 2
    assert counted() == before
