"""Sold, spoiled, taken back: the state is that of the events in order, whatever order and groups they came in."""

import asyncio
import datetime as dt
import itertools
import random
import uuid
from collections.abc import Sequence

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from temthat_stamps.copies.records import CopySignal, StampEventKind, StampState
from temthat_stamps.verdict import Asker, Mark
from temthat_trace.database import make_engine
from temthat_verify_api.sqlite_store import SqliteStore
from temthat_verify_api.store import HotStore, NewEvent
from temthat_verify_api.units import Told, can_take_back, standing
from temthat_verify_api.wiring import open_store

NOON = dt.datetime(2026, 11, 22, 5, 0, tzinfo=dt.UTC)
SOLD, SPOILED, RETURNED = StampEventKind.SOLD, StampEventKind.SPOILED, StampEventKind.RETURNED
A, B = b"a" * 16, b"b" * 16


def told(hour: int, event: StampEventKind, by: bytes | None = A, number: int = 0) -> Told:
    at = NOON + dt.timedelta(hours=hour)
    event_id = uuid.UUID(int=int(at.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62 | number)
    return Told(at, event_id, event, by, "79")


def hours(*events: Told | None) -> list[int | None]:
    return [None if one is None else (one.at - NOON) // dt.timedelta(hours=1) for one in events]


@pytest.mark.parametrize(
    ("events", "sold", "spoiled", "gone"),
    [
        ([], None, None, None),
        ([told(1, SOLD), told(2, SOLD)], 1, None, None),
        ([told(1, SOLD), told(2, RETURNED)], None, None, None),
        ([told(1, SOLD), told(2, RETURNED), told(3, SOLD)], 3, None, None),
        ([told(1, SOLD, B), told(2, SOLD), told(3, RETURNED)], 1, None, None),
        ([told(1, SOLD), told(2, SOLD, B), told(3, RETURNED)], 2, None, None),
        ([told(1, SOLD), told(2, RETURNED, B)], 1, None, None),
        ([told(1, SOLD, None), told(2, RETURNED, B)], None, None, None),
        ([told(1, SPOILED), told(2, SOLD, B), told(3, SOLD, B)], 2, 1, 2),
        ([told(1, SOLD), told(2, SPOILED)], 1, 2, None),
        ([told(1, SPOILED), told(2, RETURNED), told(3, SOLD)], 3, None, None),
        ([told(1, SPOILED), told(2, SOLD, B), told(3, RETURNED, B)], None, 1, None),
        ([told(1, SOLD), told(2, SPOILED), told(3, RETURNED)], 1, None, None),
        ([told(1, SOLD, A, 2), told(1, RETURNED, A, 1)], None, None, None),
    ],
)
def test_what_stands(events: list[Told], sold: int | None, spoiled: int | None, gone: int | None) -> None:
    """Each return takes back the last thing its own teller told; given backwards it is the same."""
    for given_in in (events, events[::-1]):
        found = standing(given_in)
        assert hours(found.sold, found.spoiled, found.gone) == [sold, spoiled, gone]


def test_a_return_needs_something_to_take_back() -> None:
    """Told by the same, before it, and not taken back yet."""
    assert can_take_back([told(1, SOLD)], told(2, RETURNED))
    assert can_take_back([told(1, SPOILED)], told(2, RETURNED))
    assert not can_take_back([told(1, SOLD)], told(2, RETURNED, B))
    assert not can_take_back([told(3, SOLD)], told(2, RETURNED))
    assert not can_take_back([told(1, SOLD), told(2, RETURNED)], told(3, RETURNED))


# ---- in the store ---------------------------------------------------------------------------------------------------

runs = itertools.count(1_000)
one = st.tuples(
    st.integers(0, 30),
    st.sampled_from([SOLD, SOLD, SPOILED, RETURNED, StampEventKind.CHECK]),
    st.sampled_from([A, B]),
)
groups = st.lists(st.lists(one, min_size=1, max_size=4), min_size=1, max_size=5)


def event_of(run: int, number: int, hour: int, event: StampEventKind, by: bytes) -> NewEvent:
    when = told(hour, event, by, number)
    receipt = None if event is StampEventKind.CHECK else by
    return NewEvent(run, 1, when.id, when.at, event, Asker.TILL, "genuine", "79", "79", receipt)


async def record(url: str, written: Sequence[Sequence[NewEvent]]) -> None:
    patient = dt.timedelta(seconds=30)
    store: HotStore = SqliteStore(url, patient) if url.startswith("sqlite") else open_store(url)
    try:
        for group in written:
            # The same again in one breath: double delivery.
            await asyncio.gather(*(store.record(event) for event in (*group, group[0])))
        history = await store.look_up(written[0][0].run, 1)
    finally:
        await store.close()
    expected = standing(
        Told(e.at, e.id, e.event, e.receipt, e.province)
        for group in written
        for e in group
        if e.event is not StampEventKind.CHECK
    )
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            run = written[0][0].run
            found = connection.execute(
                sa.select(StampState.sold_at, StampState.sold_province, StampState.spoiled_at).where(
                    StampState.run == run
                )
            ).first()
            signals = connection.scalars(sa.select(CopySignal.kind).where(CopySignal.run == run)).all()
    finally:
        engine.dispose()
    stands = (
        expected.sold.at if expected.sold else None,
        expected.sold.province if expected.sold else None,
        expected.spoiled.at if expected.spoiled else None,
    )
    assert (found or (None, None, None)) == stands
    assert history.spoiled == stands[2]
    assert (history.sold is None) == (expected.sold is None)
    if expected.gone:
        assert list(signals) == ["gone"]


@settings(max_examples=25)
@given(written=groups, order=st.randoms(use_true_random=False))
def test_property_any_order_and_grouping_leave_the_same_state(
    sqlite_url: str, written: list[list[tuple[int, StampEventKind, bytes]]], order: random.Random
) -> None:
    """Sales, spoilings and returns of two shops, in random groups: what stands is that of all of them in order."""
    run = next(runs)
    numbers = itertools.count(1)
    events = [[event_of(run, next(numbers), *row) for row in group] for group in written]
    order.shuffle(events)
    asyncio.run(record(sqlite_url, events))


def test_a_life_on_either_database(database_url: str) -> None:
    """Sold, taken back, sold again late and out of order, spoiled and rung up."""
    run = next(runs)
    rows = [(3, SOLD, A), (2, RETURNED, A), (1, SOLD, A), (9, SOLD, B), (8, SPOILED, A), (10, RETURNED, B)]
    asyncio.run(record(database_url, [[event_of(run, n, *row)] for n, row in enumerate(rows, 1)]))


def test_what_old_events_said_stays_when_they_are_deleted(database_url: str) -> None:
    """Events are kept for some months; a spoiled unit stays spoiled, and its sale years later is a signal."""
    run = next(runs)
    asyncio.run(record(database_url, [[event_of(run, 1, 1, SOLD, B)], [event_of(run, 2, 2, SPOILED, A)]]))
    engine = make_engine(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("delete from stamp_event"))
    url, sale = database_url, event_of(run, 3, 9, SOLD, A)

    async def sell() -> None:
        store: HotStore = SqliteStore(url) if url.startswith("sqlite") else open_store(url)
        try:
            assert await store.record(sale)
            history = await store.look_up(run, 1)
        finally:
            await store.close()
        assert history.spoiled == told(2, SPOILED).at
        assert history.sold == Mark(NOON.date(), "79")

    asyncio.run(sell())
    with engine.connect() as connection:
        state = connection.execute(sa.select(StampState.sold_at, StampState.sold_province)).one()
        signals = connection.scalars(sa.select(CopySignal.kind)).all()
    engine.dispose()
    assert tuple(state) == (told(1, SOLD).at, "79")
    assert list(signals) == ["gone"]
