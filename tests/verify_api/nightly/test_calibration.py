"""Figures next to EMVS's: what was checked, suspected, raised and found, by month; and whether chances came true."""

import datetime as dt
import uuid

import pytest

from temthat_stamps.copies.campaigns import AlertState
from temthat_stamps.copies.records import StampState, signal
from temthat_stamps.copies.state import State
from temthat_stamps.runs.records import Run
from temthat_verify_api.alerts.records import Alert, AlertSignal
from temthat_verify_api.calibration import EMVS_PER_MILLION, by_chance, by_month

from .conftest import NOW, Happened, Past

MAY, FEBRUARY = dt.date(2026, 5, 1), dt.date(2026, 2, 1)


def alert(past: Past, run: int, state: AlertState, serials: list[int], merged: bool = False) -> None:
    with past.sessions() as session:
        record = session.get_one(Run, run)
        raised = Alert(
            party_id=record.party_id,
            product_id=record.batch.product_id,
            state=state,
            **dict.fromkeys(("state_at", "opened_at", "first_at", "last_at"), NOW),
        )
        session.add(raised)
        session.flush()
        if merged:
            raised.merged_into = raised.id
        for serial in serials:
            for kind in ("suspect", "sales"):
                session.add(
                    AlertSignal(
                        run=run, serial=serial, kind=kind, at=NOW, alert_id=raised.id, is_evidence=kind == "sales"
                    )
                )  # fmt: skip
        session.commit()


def test_each_month_has_its_checks_suspects_and_alerts(past: Past) -> None:
    """Deleted checks count as before; a merged alert is not one more."""
    run = past.run()
    past.write_all(run, {n: [Happened(100), Happened(2, phone="b")] for n in range(1, 41)})
    past.night()
    with past.sessions() as session:
        signal(session, run, 1, "suspect", NOW)
        signal(session, run, 1, "sales", NOW)
        session.commit()
    for state, merged in ((AlertState.OPEN, False), (AlertState.CONFIRMED, False), (AlertState.OPEN, True)):
        alert(past, run, state, [], merged)
    with past.sessions() as session:
        may, february = by_month(session)
        party = session.get_one(Run, run).party_id
        assert by_month(session, [party]) == [may, february]
        assert by_month(session, [uuid.uuid4()]) == []
    assert (may.first, may.checks, may.suspects, may.alerts) == (MAY, 40, 1, 2)
    assert (february.first, february.checks, february.suspects) == (FEBRUARY, 40, 0)
    assert may.states == {AlertState.OPEN: 1, AlertState.CONFIRMED: 1}
    assert may.alerts_per_million == 50_000
    assert february.alerts_per_million == 0
    assert EMVS_PER_MILLION == 0.0021 * 1_000_000


def test_the_end_of_a_month_is_that_of_vietnam(past: Past) -> None:
    run = past.run()
    with past.sessions() as session:
        signal(session, run, 1, "suspect", dt.datetime(2026, 4, 30, 16, 59, tzinfo=dt.UTC))
        signal(session, run, 2, "suspect", dt.datetime(2026, 4, 30, 17, 0, tzinfo=dt.UTC))
        months = {month.first: month.suspects for month in by_month(session)}
    assert months == {MAY: 1, dt.date(2026, 4, 1): 1}


def test_a_month_without_checks_has_no_rate(past: Past) -> None:
    run = past.run()
    with past.sessions() as session:
        signal(session, run, 1, "suspect", NOW)
        [month] = by_month(session)
    assert month.alerts_per_million is None


def test_chances_are_held_against_what_people_found(any_past: Past) -> None:
    """Open alerts say nothing yet; a stamp counts once, in the band of its chance."""
    past = any_past
    run = past.run()
    scores = {1: 8_500, 2: 8_500, 3: 14_000, 4: 14_000, 5: 14_000}
    with past.sessions() as session:
        for serial, score in scores.items():
            live = State(score=score, suspect_at=1, groups=4).encode()
            session.add(StampState(run=run, serial=serial, checks=4, copy_live=live, copy_horizon=0))
        session.commit()
    alert(past, run, AlertState.EXPLAINED, [1])
    alert(past, run, AlertState.CONFIRMED, [2, 3, 4])
    alert(past, run, AlertState.OPEN, [5])
    with past.sessions() as session:
        found = by_chance(session)
    counts = {one.low: (one.number, one.confirmed) for one in found if one.number}
    assert counts == {0.5: (2, 1), 0.99: (2, 2)}
    assert [one.said for one in found if one.number] == [
        pytest.approx(0.71, abs=0.01),
        pytest.approx(1, abs=0.01),
    ]
