"""Habits learned from what the database still holds: the operator's from all products, a product's from its own stamps.

A stamp teaches when its whole life is there: first checked after the oldest event that is kept, and long enough ago
that others had time to check it too. Always from the priors and never from last night's habits, so that nothing drifts.
"""

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from temthat_stamps.copies.events import ScanEvent
from temthat_stamps.copies.habits import Habits, habits_text, priors
from temthat_stamps.copies.learning import learn, life
from temthat_stamps.copies.model import Model
from temthat_stamps.copies.records import StampEvent, StampState
from temthat_stamps.runs.records import Run
from temthat_trace.batches import Batch
from temthat_verify_api.nightly.records import LearnedHabits, RunCopies
from temthat_verify_api.scoring import scan_event

log = logging.getLogger(__name__)

FEWEST_OF_OPERATOR, FEWEST_OF_PRODUCT = 1_000, 300
"""With fewer stamps the habits stay what they were: a prior row is worth 300 observations anyway."""
MOST_OF_OPERATOR, MOST_OF_PRODUCT = 20_000, 5_000
"""Stamps that are looked at. If there are more, it is every second, third, … serial, others each night."""
SLACK = 2_000
"""Of so many ordinary stamps one more may become suspect by what was learned; what does worse is not believed."""
_MOST_EVENTS = 100
"""Of one stamp; what has more is no ordinary pack."""
_STAMPS = 500
"""Read at a time."""

Life = Sequence[ScanEvent]


@dataclass(frozen=True, slots=True)
class Lesson:
    """From which stamps: those first checked between these instants. `turn` says which, where there are too many."""

    since: dt.datetime
    until: dt.datetime
    turn: int


@dataclass(frozen=True, slots=True)
class _Scanned:
    run: int
    product_id: uuid.UUID
    stamps: int


def teach(
    sessions: sessionmaker[Session], lesson: Lesson, now: dt.datetime, breathe: Callable[[], None]
) -> int:
    """Learn and store; returns for how many products, the operator being one more. Who has too little keeps its own."""
    with sessions() as session:
        runs = _scanned(session)
    fallback = priors()
    sample = list(_lives(sessions, runs, lesson, MOST_OF_OPERATOR, breathe))
    learned = 0
    if habits := learned_from(sample, fallback, FEWEST_OF_OPERATOR):
        _put(sessions, None, habits, len(sample), now)
        fallback, learned = habits, 1
    for product_id, found in groupby(runs, key=lambda run: run.product_id):
        breathe()
        own = list(found)
        if sum(run.stamps for run in own) < FEWEST_OF_PRODUCT:
            continue
        sample = list(_lives(sessions, own, lesson, MOST_OF_PRODUCT, breathe))
        if habits := learned_from(sample, fallback, FEWEST_OF_PRODUCT):
            _put(sessions, product_id, habits, len(sample), now)
            learned += 1
    return learned


def learned_from(sample: Sequence[Life], fallback: Habits, fewest: int) -> Habits | None:
    """Habits of these stamps, or None: too few, or ordinary packs would do worse by them than by `fallback`."""
    if len(sample) < fewest:
        return None
    habits = learn(sample, fallback)
    before, after = (_suspects(model, sample) for model in (Model(fallback), Model(habits)))
    if after > before + 1 + len(sample) // SLACK:
        log.warning(
            "habits not taken over: %d of %d stamps would be suspect, not %d", after, len(sample), before
        )
        return None
    return habits


def _suspects(model: Model, sample: Sequence[Life]) -> int:
    return sum(bool(life(model, events)[0].suspect_at) for events in sample)


def _scanned(session: Session) -> list[_Scanned]:
    """Runs with checked stamps, a product's together."""
    query = (
        select(Run.run, Batch.product_id, RunCopies.scanned)
        .join(Batch, Batch.id == Run.batch_id)
        .join(RunCopies, RunCopies.run == Run.run)
        .where(RunCopies.scanned > 0)
        .order_by(Batch.product_id, Run.run)
    )
    return [_Scanned(run, product_id, stamps) for run, product_id, stamps in session.execute(query)]


def _lives(
    sessions: sessionmaker[Session],
    runs: Sequence[_Scanned],
    lesson: Lesson,
    most: int,
    breathe: Callable[[], None],
) -> Iterator[Life]:
    """The whole lives of at most `most` stamps, spread over all the runs."""
    each = 1 + sum(run.stamps for run in runs) // most
    found = (one for run in runs for one in _lives_of_run(sessions, run.run, lesson, each, breathe))
    return islice(found, most)


def _lives_of_run(
    sessions: sessionmaker[Session], run: int, lesson: Lesson, each: int, breathe: Callable[[], None]
) -> Iterator[Life]:
    after: int | None = 0
    while after is not None:
        breathe()
        query = (
            select(StampState.serial)
            .where(StampState.run == run, StampState.serial > after, StampState.checks > 0)
            .where(StampState.first_at >= lesson.since, StampState.first_at < lesson.until)
            .where(StampState.serial % each == lesson.turn % each)
            .order_by(StampState.serial)
            .limit(_STAMPS)
        )
        with sessions() as session:
            serials = list(session.scalars(query))
            lives = list(_read(session, run, serials))
        yield from lives
        after = serials[-1] if len(serials) == _STAMPS else None


def _read(session: Session, run: int, serials: Sequence[int]) -> Iterator[Life]:
    query = (
        select(StampEvent.serial, StampEvent.id, StampEvent.at, StampEvent.event, StampEvent.kind)
        .add_columns(StampEvent.place, StampEvent.receipt)
        .where(StampEvent.run == run, StampEvent.serial.in_(serials))
        .order_by(StampEvent.serial)
    )
    for _, rows in groupby(session.execute(query), key=lambda row: row.serial):
        found = [scan_event(*row[1:]) for row in islice(rows, _MOST_EVENTS + 1)]
        if len(found) <= _MOST_EVENTS:
            yield sorted((event for event in found if event), key=lambda event: event.order)


def _put(
    sessions: sessionmaker[Session],
    product_id: uuid.UUID | None,
    habits: Habits,
    stamps: int,
    now: dt.datetime,
) -> None:
    with sessions() as session:
        row = session.scalars(
            select(LearnedHabits).where(LearnedHabits.product_id == product_id)
        ).first() or LearnedHabits(product_id=product_id)
        row.text, row.stamps, row.learned_at = habits_text(habits), stamps, now
        session.add(row)
        session.commit()
