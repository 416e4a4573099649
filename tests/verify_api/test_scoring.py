"""The copy model behind the hot store: what is stored equals the pure history, whatever comes in whatever order."""

import asyncio
import datetime as dt
import itertools
import random
import re
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from temthat_stamps.copies.events import EVENTS_OF
from temthat_stamps.copies.habits import DAY
from temthat_stamps.copies.history import WINDOW, History
from temthat_stamps.copies.model import Goods, Model
from temthat_stamps.copies.records import CopySignal, StampEventKind, StampState, signal
from temthat_stamps.copies.state import State
from temthat_stamps.copies.stored import Scoring
from temthat_stamps.verdict import Asker
from temthat_trace.database import make_engine, make_sessions
from temthat_verify_api.postgres_store import DIALECT, Link
from temthat_verify_api.scoring import _read, scan_event
from temthat_verify_api.sqlite_store import SqliteStore
from temthat_verify_api.store import HotStore, NewEvent
from temthat_verify_api.wiring import open_store

pytestmark = pytest.mark.anyio

START = 1_780_000_000
MODEL = Model()
SCORING = Scoring(MODEL, Goods(last_day_ends=START + 5 * DAY))
KINDS = tuple((kind, event) for kind in Asker for event in sorted(EVENTS_OF[kind] | {StampEventKind.SPOILED}))
PLACES = (None, "01", "33", "79", "85652bfffffffff", "85411ad3fffffff")


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[HotStore]:
    patient = dt.timedelta(seconds=30)
    store = SqliteStore(url, patient) if url.startswith("sqlite") else open_store(url)
    try:
        yield store
    finally:
        await store.close()


@contextmanager
def engine_of(url: str) -> Iterator[sa.Engine]:
    engine = make_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def new_event(
    at: int,
    number: int,
    kind: Asker = Asker.CONSUMER,
    event: StampEventKind = StampEventKind.CHECK,
    *,
    serial: int = 1,
    run: int = 7,
    place: str | None = "79",
    receipt: bytes | None = None,
    id_late: int = 0,
    scoring: Scoring | None = SCORING,
) -> NewEvent:
    """An event `at` seconds after the start; its id was made `id_late` seconds later and names it alone."""
    moment = dt.datetime.fromtimestamp(START + at, dt.UTC)
    event_id = uuid.UUID(int=(START + at + id_late) * 1000 << 80 | 7 << 76 | 2 << 62 | number)
    province = place if place and len(place) == 2 else None
    return NewEvent(run, serial, event_id, moment, event, kind, "genuine", place, province, receipt, scoring)


def phone(number: int) -> bytes:
    return number.to_bytes(16)


Columns = tuple[bytes | None, bytes | None, int | None]


def of_history(events: Sequence[NewEvent], scoring: Scoring = SCORING) -> Columns:
    """Live, frozen and horizon as the pure history has them."""
    history = History(scoring.model, scoring.goods)
    any_scored = False
    for event in events:
        scan = scan_event(event.id, event.at, event.event, event.kind, event.place, event.receipt)
        if scan is not None:
            any_scored = True
            history.add(scan)
    if not any_scored:
        return None, None, None
    frozen = history.frozen.encode()
    return history.live.encode(), None if frozen == State().encode() else frozen, history.horizon


def stored_of(engine: sa.Engine, run: int = 7, serial: int = 1) -> Columns:
    """What the database has of them."""
    columns = (StampState.copy_live, StampState.copy_frozen, StampState.copy_horizon)
    with engine.connect() as connection:
        found = connection.execute(
            sa.select(*columns).where(StampState.run == run, StampState.serial == serial)
        ).first()
    return (None, None, None) if found is None else (found[0], found[1], found[2])


def acts(days: int, most: int = 12) -> st.SearchStrategy[list[NewEvent]]:
    """Events of one stamp; a receipt's checks are far enough apart that none is the same check again."""

    def build(
        number: int,
        at: int,
        pair: tuple[Asker, StampEventKind],
        place: str | None,
        who: int | None,
        late: int,
    ) -> NewEvent:
        kind, event = pair
        shopper = kind is Asker.CONSUMER and who is not None
        return new_event(
            at,
            number,
            kind,
            event,
            place=place,
            receipt=phone(who) if shopper and who is not None else None,
            id_late=late,
        )

    one = st.tuples(
        st.integers(0, days * DAY) | st.integers(0, days * 4).map(lambda n: n * DAY // 4),
        st.sampled_from([(Asker.CONSUMER, StampEventKind.CHECK)] * 8 + list(KINDS)),
        st.sampled_from(PLACES),
        st.none() | st.integers(1, 9),
        st.sampled_from([0, 0, 0, 3 * DAY, -DAY // 2, -3 * DAY]),
    )
    return st.lists(one, max_size=most).map(lambda found: [build(n, *rest) for n, rest in enumerate(found)])


_runs = itertools.count(100)


async def told(store: HotStore, groups: Sequence[Sequence[NewEvent]]) -> list[NewEvent]:
    """Record group by group; those that were new, in order."""
    taken = []
    for group in groups:
        answers = await asyncio.gather(*(store.record(event) for event in group))
        taken += [event for event, is_new in zip(group, answers, strict=True) if is_new]
    return taken


def arriving(events: list[NewEvent], late: int, draw: random.Random) -> list[NewEvent]:
    """Some twice, each up to `late` seconds after it happened."""
    twice = events + draw.sample(events, len(events) // 3)
    return sorted(twice, key=lambda event: event.at.timestamp() + draw.randint(0, late))


async def test_a_stored_state_equals_the_pure_history_property(database_url: str) -> None:
    """In any order, late or in time, one by one or in groups, told twice: byte for byte what `History` says."""
    loop = asyncio.get_running_loop()

    async def compare(groups: list[list[NewEvent]], run: int) -> None:
        taken = await told(
            store,
            [
                [replace(event, run=run, has_score=event.id.int % 3 == 0) for event in group]
                for group in groups
            ],
        )
        assert stored_of(engine, run) == of_history(taken)

    @settings(max_examples=min(settings().max_examples * 6 // 10, 1_000))
    @given(
        acts(40),
        st.sampled_from([0, DAY, WINDOW, 5 * WINDOW]),
        st.lists(st.sampled_from([1, 1, 2, 5]), min_size=15, max_size=15),
        st.randoms(use_true_random=False),
    )
    def run_all(events: list[NewEvent], late: int, sizes: list[int], draw: random.Random) -> None:
        waiting = iter(arriving(events, late, draw))
        groups = [list(itertools.islice(waiting, size)) for size in (*sizes, 100)]
        work = compare([group for group in groups if group], next(_runs))
        asyncio.run_coroutine_threadsafe(work, loop).result(60)

    with engine_of(database_url) as engine:
        async with opened(database_url) as store:
            await asyncio.to_thread(run_all)


async def test_any_order_within_the_window_leaves_the_same_bytes(database_url: str) -> None:
    """Twelve events of a week in twenty orders, each told twice."""
    events = [
        new_event(n * DAY // 2, n, place=PLACES[n % 6], receipt=phone(n % 5) if n % 4 else None)
        for n in range(12)
    ]
    draw = random.Random(1)
    with engine_of(database_url) as engine:
        async with opened(database_url) as store:
            found = set()
            for run in range(1, 21):
                order = [replace(event, run=run) for event in events * 2]
                draw.shuffle(order)
                await told(store, [order[start : start + run % 5 + 1] for start in range(0, 24, run % 5 + 1)])
                found.add(stored_of(engine, run)[::2])
    assert len(found) == 1


async def test_two_services_lose_no_event(database_url: str) -> None:
    """Both write the same stamps at once; the states are those of all events together."""
    events = [
        new_event(n * 3_000, n, serial=n % 3 + 1, place=PLACES[n % 6], receipt=phone(n)) for n in range(120)
    ]
    async with opened(database_url) as one, opened(database_url) as two:
        await asyncio.gather(
            *(
                store.record(event)
                for store, mine in ((one, events[::2]), (two, events[::-2]))
                for event in mine
            )
        )
    with engine_of(database_url) as engine:
        for serial in (1, 2, 3):
            mine = [event for event in events if event.serial == serial]
            assert stored_of(engine, 7, serial) == of_history(mine)


async def test_what_cannot_be_stays_out_of_the_score(database_url: str) -> None:
    """A shopper's sale, a stamping, an id made days before what it names, an event without the run's facts: stored,
    not scored."""
    good = new_event(0, 0, receipt=phone(1))
    others = [
        new_event(60, 1, event=StampEventKind.SOLD),
        new_event(60, 2, Asker.PACKER, StampEventKind.APPLIED),
        new_event(60, 3, event=StampEventKind.SPOILED),
        new_event(3 * DAY, 4, receipt=phone(2), id_late=-2 * DAY),
        new_event(120, 5, Asker.INSPECTOR, StampEventKind.SOLD),
    ]
    async with opened(database_url) as store:
        assert await told(store, [[good], others]) == [good, *others]
        assert (await store.look_up(7, 1)).checks == 2
    with engine_of(database_url) as engine:
        assert stored_of(engine) == of_history([good])


@pytest.mark.parametrize("damage", ["x'00'", "x''", "zeroblob(97)"])
async def test_a_damaged_state_begins_anew_from_the_events(
    sqlite_url: str, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Recording goes on, looking up tells no state, it is logged once, and the score is what it was."""
    events = [new_event(n * DAY, n, place=PLACES[n % 4], receipt=phone(n)) for n in range(5)]
    with engine_of(sqlite_url) as engine:
        async with opened(sqlite_url) as store:
            await told(store, [events[:3]])
            with engine.begin() as connection:
                connection.execute(sa.text(f"update stamp_state set copy_live = {damage}"))
            assert (await store.look_up(7, 1)).copying is None
            await told(store, [[events[3]], [events[4]]])
            assert (await store.look_up(7, 1)).copying == State.decode(of_history(events)[0] or b"")
        assert stored_of(engine) == of_history(events)
    assert caplog.text.count("begins anew") == 1


async def test_a_damaged_frozen_state_begins_anew_too(sqlite_url: str) -> None:
    """It is found out when it is needed."""
    events = [new_event(n * 3 * DAY, n, place=PLACES[n % 4], receipt=phone(n)) for n in range(6)]
    with engine_of(sqlite_url) as engine:
        async with opened(sqlite_url) as store:
            await told(store, [[event] for event in events[:5]])
            with engine.begin() as connection:
                connection.execute(sa.text("update stamp_state set copy_frozen = x'07'"))
            await told(store, [[events[5]]])
        assert stored_of(engine) == of_history(events)


async def test_a_stamp_checked_before_there_were_scores_is_scored_whole(database_url: str) -> None:
    """Its events are there: the next one brings them in."""
    events = [new_event(n * DAY, n, place=PLACES[n % 4], receipt=phone(n)) for n in range(5)]
    async with opened(database_url) as store:
        await told(store, [[replace(event, scoring=None) for event in events[:4]], events[4:]])
    with engine_of(database_url) as engine:
        assert stored_of(engine) == of_history(events)


async def test_a_flooded_stamp_costs_no_more_and_forgets_nothing(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the most that is read, late events are stored and not scored; those in order go on."""
    monkeypatch.setattr("temthat_verify_api.scoring.MOST_RETAINED", 20)
    flood = [new_event(n * 600, n, place="01") for n in range(60)]
    late = new_event(300, 100, place="79", receipt=phone(1))
    after = new_event(2 * DAY, 101, place="79", receipt=phone(2))
    async with opened(database_url) as store:
        await told(store, [flood[start : start + 7] for start in range(0, 60, 7)])
        before = (await store.look_up(7, 1)).copying
        await told(store, [[late]])
        assert (await store.look_up(7, 1)).copying == before
        await told(store, [[after]])
        copying = (await store.look_up(7, 1)).copying
        assert (await store.look_up(7, 1)).checks == 62
    assert before is not None
    assert copying is not None
    assert (before.checks, copying.checks, copying.phones) == (60, 61, 1)


async def test_signals_are_written_with_the_event_that_brings_them_and_once(database_url: str) -> None:
    """Suspect and what evidence there is, with day and province; telling again adds none."""
    thresholds = MODEL.habits.thresholds
    events = [new_event(n * DAY, n, place=("01", "79", "46")[n % 3], receipt=phone(n)) for n in range(16)]
    sales = [new_event((30 + n) * DAY, 50 + n, Asker.TILL, StampEventKind.SOLD, place="01") for n in range(3)]
    async with opened(database_url) as store:
        found = None
        for event in events:
            await told(store, [[event], [event]])
            copying = (await store.look_up(7, 1)).copying
            if found is None and copying is not None and copying.suspect_at:
                found = event
        await told(store, [[sale] for sale in sales])
    assert found is not None
    with engine_of(database_url) as engine, make_sessions(engine)() as session:
        signals = session.scalars(sa.select(CopySignal).order_by(CopySignal.at)).all()
        assert [one.kind for one in signals] == ["suspect", "many_groups", "sales"]
        assert (signals[0].at, signals[0].province) == (found.at, found.province)
        assert signals[2].at == sales[1].at
        assert thresholds.suspect < thresholds.alert
        assert signal(session, 7, 1, "report", sales[0].at, "01")
        assert not signal(session, 7, 1, "report", sales[1].at)
        assert not signal(session, 7, 1, "suspect", sales[1].at)


async def test_reading_a_window_never_reads_a_whole_table(postgres_url: str) -> None:
    """Whatever the statistics: each stamp's newest events are a range of the primary key."""
    statement = _read({(7, serial): START for serial in range(1, 5)}, DIALECT)

    async def explain(connection: psycopg.AsyncConnection[tuple[str]], _group: list[object]) -> str:
        cursor = await connection.execute(("explain " + statement.sql).encode(), statement.values)
        return "\n".join([row[0] async for row in cursor])

    link = Link(postgres_url)
    plan = await link.use(explain, [])
    await link.close()
    assert "Seq Scan" not in plan
    parts = plan.count("Bitmap Heap Scan")
    assert parts >= 13
    assert len(re.findall(r"Index Cond: \(\(run = .* AND \(serial = .* AND \(id >= ", plan)) == parts
