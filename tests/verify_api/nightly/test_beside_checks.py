"""A night and checks at the same time, through the real hot store: no event and no state is lost, none counts twice."""

import asyncio
import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from temthat_stamps.copies.history import History
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.copies.model import Goods
from temthat_stamps.copies.state import State
from temthat_stamps.copies.stored import Scoring
from temthat_stamps.verdict import Asker
from temthat_trace.ids import uuid7
from temthat_verify_api.nightly.records import StampDay
from temthat_verify_api.scoring import scan_event
from temthat_verify_api.store import NewEvent
from temthat_verify_api.wiring import open_store

from .conftest import MODEL, Happened, Past

STAMPS = 120


def check(run: int, serial: int, at: dt.datetime, phone: bytes = b"new", province: str = "01") -> NewEvent:
    event_id = uuid7(int(at.timestamp() * 1000))
    scoring = Scoring(MODEL, Goods())
    return NewEvent(
        run,
        serial,
        event_id,
        at,
        StampEventKind.CHECK,
        Asker.CONSUMER,
        "genuine",
        province,
        province,
        phone,
        scoring,
    )


@pytest.mark.anyio
async def test_checks_while_a_night_is_done(
    any_past: Past, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every stamp is checked anew while its old check is deleted."""
    past = any_past
    monkeypatch.setattr("temthat_verify_api.nightly.work.EVENTS", 10)
    run = past.run(STAMPS)
    past.write_all(run, {n: [Happened(100)] for n in range(1, STAMPS + 1)})
    store = open_store(database_url)
    try:
        night = asyncio.create_task(asyncio.to_thread(past.night))
        for serial in range(1, STAMPS + 1):
            assert await store.record(check(run, serial, past.now))
        await night
    finally:
        await store.close()
    past.night()
    assert past.events() == STAMPS
    with past.sessions() as session:
        days = session.scalars(select(StampDay)).all()
    assert (sum(day.gone for day in days), sum(day.kept for day in days)) == (STAMPS, STAMPS)
    lives = [past.live(run, serial) for serial in range(1, STAMPS + 1)]
    assert {(live.checks, live.groups) for live in lives} == {(2, 2)}, "the score knows both"


@pytest.mark.anyio
async def test_a_stamp_goes_on_from_the_score_it_had(any_past: Past, database_url: str) -> None:
    """After its events were deleted: a check in order, one that is late, one that is older than all that is known."""
    past = any_past
    run = past.run()
    past.write(run, 1, [Happened(104 - n, "79" if n % 2 else "01", f"phone {n}") for n in range(5)])
    score = past.live(run).score
    past.night()
    store = open_store(database_url)
    try:
        await store.record(check(run, 1, past.now - dt.timedelta(days=103), b"too late"))
        assert past.live(run).score == score
        await store.record(check(run, 1, past.now, b"in order"))
        await store.record(check(run, 1, past.now - dt.timedelta(days=2), b"late"))
    finally:
        await store.close()
    assert (past.live(run).checks, past.live(run).groups) == (7, 7)


@settings(max_examples=10)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 60 * 24),
            st.integers(0, 6 * 24),
            st.sampled_from(("01", "79", "48")),
            st.booleans(),
        ),
        min_size=2,
        max_size=10,
    )
)
def test_nights_change_no_score(
    past: Past, sqlite_url: str, happened: list[tuple[int, int, str, bool]]
) -> None:
    """Checks in any rhythm, some late, with nights in between: the score is what it is without any deletion."""
    run, expected = past.run(), History(MODEL)

    async def live_through() -> None:
        store = open_store(sqlite_url)
        try:
            for n, (hours, late, province, is_night) in enumerate(happened):
                past.forward(hours=hours)
                event = check(run, 1, past.now - dt.timedelta(hours=late), bytes([n] * 16), province)
                await store.record(event)
                scan = scan_event(event.id, event.at, event.event, event.kind, event.place, event.receipt)
                assert scan is not None
                expected.add(scan)
                if is_night:
                    past.night()
        finally:
            await store.close()

    asyncio.run(live_through())
    assert forgetful(past.live(run)) == forgetful(expected.live)
    past.night()
    assert all(age <= 90 for age in past.ages(run))


def forgetful(state: State) -> State:
    """A state but for who looked."""
    return replace(state, seen=bytes(len(state.seen)), pin=0)
