"""How the copy model's states are kept up to date in the transaction that records a group's events.

The statement that adds to a stamp's state returns what is stored of it, and on PostgreSQL holds its row, so that two
services never lose an event. A stamp's first event needs nothing more; the others one more statement for the group, and
another where events have to be read: late ones come in, or a week is frozen.
"""

import datetime as dt
import logging
import uuid
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import h3

from temthat_stamps.copies.errors import BadEvent
from temthat_stamps.copies.events import EARLIEST, EVENTS_OF, LATEST, ScanEvent
from temthat_stamps.copies.habits import DAY
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.copies.places import Spot, of_point, of_province
from temthat_stamps.copies.records import Seconds
from temthat_stamps.copies.state import BadState, State
from temthat_stamps.copies.stored import (
    MOST_RETAINED,
    NOTHING,
    Scoring,
    Stored,
    begin,
    close,
    gained,
    go_on,
    rebuild,
    wanted,
)
from temthat_stamps.verdict import Asker
from temthat_verify_api.statements import Dialect, Row, Stamp, Statement, insert_signals
from temthat_verify_api.store import NewEvent, id_time

log = logging.getLogger("temthat")

COLUMNS = "copy_live, copy_frozen, copy_horizon"
_AT_ONCE = 64
"""Stamps whose events are read by one statement."""


@dataclass(slots=True)
class Score:
    """One stamp's new events that are scored, in the order they came in."""

    scoring: Scoring
    events: list[ScanEvent] = field(default_factory=list)
    last: NewEvent | None = None
    """The newest, which brings what signals there are."""
    first: Stored = NOTHING
    """What is stored of a stamp that has no others; nothing if it has some as far as is known."""
    has_score: bool = False

    def add(self, event: NewEvent, scan: ScanEvent) -> None:
        """One more."""
        self.events.append(scan)
        self.has_score |= event.has_score
        if self.last is None or event.at >= self.last.at:
            self.last = event

    def columns(self) -> Row:
        """`COLUMNS` of a stamp with no events but these; none where it has others."""
        self.first = NOTHING if self.has_score else begin(self.scoring, self.events)
        return to_columns(self.first)


def to_columns(stored: Stored) -> Row:
    """`COLUMNS` as they are written."""
    horizon = stored.horizon
    return stored.live, stored.frozen, None if horizon is None else horizon - Seconds.SHIFT


def from_columns(live: Any, frozen: Any, horizon: int | None) -> Stored:
    """`COLUMNS` as they were read."""
    return Stored(live, frozen, None if horizon is None else horizon + Seconds.SHIFT)


def scores(events: Sequence[NewEvent]) -> dict[Stamp, Score]:
    """The events that are scored, by stamp."""
    found: dict[Stamp, Score] = {}
    for event in events:
        scoring = event.scoring
        if scoring is None:
            continue
        scan = scan_event(event.id, event.at, event.event, event.kind, event.place, event.receipt)
        if scan is None:
            continue
        stamp = (event.run, event.serial)
        score = found.get(stamp)
        if score is None:
            score = found[stamp] = Score(scoring)
        score.add(event, scan)
    return found


def scan_event(
    event_id: uuid.UUID,
    at: dt.datetime,
    event: StampEventKind,
    kind: Asker,
    place: str | None,
    receipt: bytes | None,
) -> ScanEvent | None:
    """An event as the copy model sees it; None for one that says nothing or cannot be.

    That is what the model's askers cannot report, a pack's stamping, a time beyond all stamps, and an id made more than
    a day before what it names: by their ids a stamp's events are found again.
    """
    if event not in EVENTS_OF[kind] or event is StampEventKind.APPLIED or not EARLIEST <= at < LATEST:
        return None
    seconds = int(at.timestamp())
    if id_time(event_id) < 1_000 * (seconds - DAY):
        return None
    return ScanEvent(seconds, kind, event, receipt.hex() if receipt else None, spot_of(place), event_id.hex)


@lru_cache(maxsize=4_000)
def spot_of(place: str | None) -> Spot | None:
    """The point that stands for a province or an H3 cell; None where it is none."""
    if not place:
        return None
    try:
        return of_province(place) if len(place) == 2 else of_point(*h3.cell_to_latlng(place))
    except (BadEvent, ValueError):
        return None


Scored = Generator[Statement, list[Row], None]


def score_group(found: dict[Stamp, Score], rows: Sequence[Row], dialect: Dialect) -> Scored:
    """Bring the copy states up to date. `rows`: of each stamp run, serial, checks before this group, first check, first
    sale, first return, and `COLUMNS` after `Score.columns` was inserted where nothing was.
    """
    before: dict[Stamp, Stored] = {}
    after: dict[Stamp, Stored] = {}
    for run, serial, checks, first_at, sold_at, returned_at, *columns in rows:
        stamp = (run, serial)
        score = found.get(stamp)
        if score is None:
            continue
        stored = from_columns(*columns)
        if not checks and stored.live is not None and stored == score.first:
            after[stamp] = stored
            continue
        # A sale that was taken back is in neither of them: then nothing is known of the oldest event.
        known = stored.frozen is None and returned_at is None
        try:
            done = go_on(score.scoring, stored, score.events)
            if done is None and known:
                done = go_on(score.scoring, stored, score.events, _oldest((first_at, sold_at), dialect))
            if done is None and stored.frozen is not None:
                State.decode(stored.frozen)
        except BadState as error:
            log.warning("stamp %d/%d: %s; its copy score begins anew from its events", *stamp, error)
            done, stored = None, NOTHING
        before[stamp] = stored
        if done is not None:
            after[stamp] = done
    if waiting := sorted(before.keys() - after.keys()):
        yield from _with_retained(waiting, found, before, after, dialect)
    if changed := [stamp for stamp in sorted(before) if after[stamp] != before[stamp]]:
        yield _write(changed, after, dialect)
    if signals := list(_signals(found, before, after)):
        yield insert_signals(signals, dialect)


def _oldest(instants: Sequence[Any], dialect: Dialect) -> int | None:
    found = [int(dialect.from_instant(at).timestamp()) for at in instants if at is not None]
    return min(found, default=None)


def _with_retained(
    stamps: Sequence[Stamp],
    found: dict[Stamp, Score],
    before: dict[Stamp, Stored],
    after: dict[Stamp, Stored],
    dialect: Dialect,
) -> Scored:
    """Score the stamps that take their events which are not frozen, or all where there is no state to go on from."""
    for start in range(0, len(stamps), _AT_ONCE):
        between = {
            stamp: wanted(before[stamp], found[stamp].events) for stamp in stamps[start : start + _AT_ONCE]
        }
        asked = {stamp: since for stamp, (since, _) in between.items()}
        rows: dict[Stamp, list[Row]] = {stamp: [] for stamp in asked}
        for run, serial, *row in (yield _read(asked, dialect)):
            rows[run, serial].append(row)
        for stamp in asked:
            score, stored = found[stamp], before[stamp]
            retained = _retained(rows[stamp][:MOST_RETAINED], score, between[stamp], dialect)
            flooded = len(rows[stamp]) > MOST_RETAINED and stored.live is not None
            after[stamp] = (
                close(score.scoring, stored, score.events)
                if flooded
                else rebuild(score.scoring, stored, score.events, retained)
            )


def _retained(
    rows: Sequence[Row], score: Score, between: tuple[int, int], dialect: Dialect
) -> list[ScanEvent]:
    """The scored events of a stamp in some time, but for those that came in just now."""
    own = {scan.id for scan in score.events}
    found = []
    for event_id, instant, event, kind, place, receipt in rows:
        at = dialect.from_instant(instant)
        if not between[0] <= int(at.timestamp()) < between[1]:
            continue
        scan = scan_event(dialect.from_id(event_id), at, StampEventKind(event), Asker(kind), place, receipt)
        if scan is not None and scan.id not in own:
            found.append(scan)
    return found


_NEWEST = (
    "from stamp_event s where s.run = a.run and s.serial = a.serial and s.id >= a.low order by s.id desc"
)
# PostgreSQL plans a bound that is itself a query badly, SQLite knows no lateral part.
_LATERAL = f"from asked a cross join lateral (select s.* {_NEWEST} limit {MOST_RETAINED + 1}) e"
_BOUND = (
    "from asked a join stamp_event e on e.run = a.run and e.serial = a.serial "
    f"and e.id >= coalesce((select s.id {_NEWEST} limit 1 offset {MOST_RETAINED}), a.low)"
)


def _read(asked: dict[Stamp, int], dialect: Dialect) -> Statement:
    """Of each stamp the newest events since a time in seconds, one more than `MOST_RETAINED` at most."""
    rows = [
        (*stamp, dialect.to_id(uuid.UUID(int=max(0, since - DAY) * 1_000 << 80)))
        for stamp, since in asked.items()
    ]
    return Statement(
        f"with asked (run, serial, low) as (values {dialect.values(rows)}) select e.run, e.serial, e.id, e.at, "
        f"e.event, e.kind, e.place, e.receipt {_LATERAL if dialect.has_lateral else _BOUND}",
        [value for row in rows for value in row],
    )


def _write(stamps: Sequence[Stamp], after: dict[Stamp, Stored], dialect: Dialect) -> Statement:
    """The rows are there; an upsert, because a database knows its columns' types."""
    rows = [(*stamp, 0, *to_columns(after[stamp])) for stamp in stamps]
    return Statement(
        f"insert into stamp_state (run, serial, checks, {COLUMNS}) values {dialect.values(rows)} "  # noqa: S608
        "on conflict (run, serial) do update set copy_live = excluded.copy_live, "
        "copy_frozen = excluded.copy_frozen, copy_horizon = excluded.copy_horizon",
        [value for row in rows for value in row],
        has_rows=False,
    )


def _signals(
    found: dict[Stamp, Score], before: dict[Stamp, Stored], after: dict[Stamp, Stored]
) -> Iterator[tuple[int, int, str, dt.datetime, str | None]]:
    """The rows of `copy_signal` that these changes bring."""
    for stamp in sorted(after):
        score = found[stamp]
        had = before.get(stamp, NOTHING).live
        assert score.last is not None, "a score is of events"
        for kind in gained(had, after[stamp].live, score.scoring.model.habits.thresholds):
            yield *stamp, kind, score.last.at, score.last.province or None
