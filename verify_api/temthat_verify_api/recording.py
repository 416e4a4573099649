"""How a group of events is written: in a few statements, the same on SQLite and PostgreSQL.

`record_group` knows no database: it yields statements, is sent their rows, and returns each event's answer. The stores
run it inside one transaction, so that a stamp's state always equals the sum of its events.
"""

import datetime as dt
import uuid
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from temthat_stamps.copies.records import StampEventKind
from temthat_verify_api.scoring import COLUMNS, Score, score_group, scores
from temthat_verify_api.statements import Dialect, Row, Stamp, Statement, insert_signals
from temthat_verify_api.store import SAME_PHONE, NewEvent, id_time, same_phone_ids
from temthat_verify_api.units import GONE, settle

Recording = Generator[Statement, list[Row], list[bool]]


def record_group(group: Sequence[NewEvent], dialect: Dialect) -> Recording:
    """Write the events that are new; returns for each whether it was. See `HotStore.record`."""
    fresh = yield from _fresh(group, dialect)
    wanted = [event for event, is_fresh in zip(group, fresh, strict=True) if is_fresh]
    new = (yield from _insert(wanted, dialect)) if wanted else set()
    added = [event for event in wanted if _key(event) in new]
    scored = scores(added)
    if changes := _fold(added, scored):
        states = yield _upsert(changes, scored, dialect)
        if scored:
            yield from score_group(scored, [_before(row, changes) for row in states], dialect)
        if unsettled := sorted(_unsettled(states, changes)):
            yield from settle(unsettled, dialect)
    if gone := [(e.run, e.serial, GONE, e.at, e.province or None) for e in sorted(added, key=_key) if e.gone]:
        yield insert_signals(gone, dialect)
    return [is_fresh and _key(event) in new for event, is_fresh in zip(group, fresh, strict=True)]


def recent_checks(asked: Iterable[tuple[int, int, bytes, int]], dialect: Dialect) -> Statement:
    """Checks by a receipt about a moment, for each (run, serial, receipt, Unix time in milliseconds).

    Rows are run, serial, id, receipt.
    """
    rows = []
    for run, serial, receipt, ms in asked:
        low, high = same_phone_ids(ms)
        rows.append((run, serial, receipt, dialect.to_id(low), dialect.to_id(high)))
    return Statement(
        f"with asked (run, serial, receipt, low, high) as (values {dialect.values(rows)}) "  # noqa: S608
        "select e.run, e.serial, e.id, e.receipt from asked a join stamp_event e on e.run = a.run "
        "and e.serial = a.serial and e.id between a.low and a.high and e.receipt = a.receipt where e.event = 'check'",
        [value for row in rows for value in row],
    )


Key = tuple[int, int, uuid.UUID]


def _key(event: NewEvent) -> Key:
    return event.run, event.serial, event.id


def _fresh(group: Sequence[NewEvent], dialect: Dialect) -> Generator[Statement, list[Row], list[bool]]:
    """Which events are neither twice in the group nor the same phone's check again."""
    checks = [e for e in group if e.receipt is not None and e.event is StampEventKind.CHECK]
    seen: dict[tuple[int, int, bytes], list[int]] = {}
    if checks:
        asked = [(e.run, e.serial, e.receipt or b"", id_time(e.id)) for e in checks]
        for run, serial, event_id, receipt in (yield recent_checks(asked, dialect)):
            seen.setdefault((run, serial, bytes(receipt)), []).append(id_time(dialect.from_id(event_id)))
    fresh, keys = [], set[Key]()
    for event in group:
        is_fresh = _key(event) not in keys
        if is_fresh and event.receipt is not None and event.event is StampEventKind.CHECK:
            times = seen.setdefault((event.run, event.serial, event.receipt), [])
            at = id_time(event.id)
            is_fresh = all(abs(at - time) >= _SAME_PHONE_MS for time in times)
            if is_fresh:
                times.append(at)
        if is_fresh:
            keys.add(_key(event))
        fresh.append(is_fresh)
    return fresh


_SAME_PHONE_MS = SAME_PHONE // dt.timedelta(milliseconds=1)


def _insert(events: Sequence[NewEvent], dialect: Dialect) -> Generator[Statement, list[Row], set[Key]]:
    """Insert what is not known yet; returns the keys that were inserted."""
    # One order for all writers, here and in the upsert: two groups that meet wait for each other, never in a ring.
    rows = [
        (
            e.run,
            e.serial,
            dialect.to_id(e.id),
            dialect.to_instant(e.at),
            e.event.value,
            e.kind.value,
            e.place,
            e.receipt,
            e.verdict,
        )
        for e in sorted(events, key=_key)
    ]
    inserted = yield Statement(
        "insert into stamp_event (run, serial, id, at, event, kind, place, receipt, verdict) "  # noqa: S608
        f"values {dialect.values(rows)} on conflict do nothing returning run, serial, id",
        [value for row in rows for value in row],
    )
    return {(run, serial, dialect.from_id(event_id)) for run, serial, event_id in inserted}


Moment = tuple[dt.datetime, str | None]
"""An instant and its province."""


@dataclass(slots=True)
class _Change:
    """What a group adds to one stamp's state."""

    checks: int = 0
    first: Moment | None = None
    last: Moment | None = None
    sold: Moment | None = None
    spoiled: dt.datetime | None = None
    returned: dt.datetime | None = None

    @property
    def of_unit(self) -> bool:
        """Whether something is in it that `units` may have to lay in order."""
        return self.sold is not None or self.spoiled is not None or self.returned is not None


def _fold(events: Iterable[NewEvent], scored: Iterable[Stamp]) -> dict[Stamp, _Change]:
    """The sum of the events, by stamp. At the same instant the event recorded first stays.

    A stamp that only has scored events which add nothing here is in it too.
    """
    changes = {stamp: _Change() for stamp in scored}
    for event in events:
        moment = (event.at, event.province or None)
        if event.event is StampEventKind.CHECK:
            change = changes.setdefault((event.run, event.serial), _Change())
            change.checks += 1
            if change.first is None or event.at < change.first[0]:
                change.first = moment
            if change.last is None or event.at > change.last[0]:
                change.last = moment
        elif event.event is StampEventKind.SOLD:
            change = changes.setdefault((event.run, event.serial), _Change())
            if change.sold is None or event.at < change.sold[0]:
                change.sold = moment
        elif event.event is StampEventKind.SPOILED:
            change = changes.setdefault((event.run, event.serial), _Change())
            change.spoiled = min(event.at, change.spoiled or event.at)
        elif event.event is StampEventKind.RETURNED:
            change = changes.setdefault((event.run, event.serial), _Change())
            change.returned = min(event.at, change.returned or event.at)
    return changes


def _upsert(changes: dict[Stamp, _Change], scored: Mapping[Stamp, Score], dialect: Dialect) -> Statement:
    """Add the changes to the states, with the same comparisons as `_fold`; tells of each what `_before` reads.

    A scored stamp's copy states, in case it has none yet, go along: a first check takes no statement more.
    """

    def at_and_province(moment: Moment | None) -> Row:
        return (None, None) if moment is None else (dialect.to_instant(moment[0]), moment[1])

    rows = [
        (
            *stamp,
            c.checks,
            *at_and_province(c.first),
            *at_and_province(c.last),
            *at_and_province(c.sold),
            dialect.to_instant(c.spoiled) if c.spoiled else None,
            dialect.to_instant(c.returned) if c.returned else None,
            *(scored[stamp].columns() if stamp in scored else (None, None, None)),
        )
        for stamp, c in sorted(changes.items())
    ]
    return Statement(
        "insert into stamp_state (run, serial, checks, first_at, first_province, last_at, last_province, "  # noqa: S608
        f"sold_at, sold_province, spoiled_at, returned_at, {COLUMNS}) values {dialect.values(rows)} {_ADD}",
        [value for row in rows for value in row],
        has_rows=bool(scored) or any(change.of_unit for change in changes.values()),
    )


def _before(row: Row, changes: dict[Stamp, _Change]) -> Row:
    """A row of `_upsert` as `score_group` takes it: with the checks there were before."""
    run, serial, checks, first_at, sold_at, _, *rest = row
    return run, serial, checks - changes[run, serial].checks, first_at, sold_at, *rest


def _unsettled(states: Iterable[Row], changes: dict[Stamp, _Change]) -> Iterator[Stamp]:
    """The stamps whose sale and spoiling cannot be told from the new events alone. Rows are those of `_upsert`."""
    for run, serial, _, _, sold_at, spoiled_at, returned_at, *_ in states:
        two = sold_at is not None and spoiled_at is not None
        if changes[run, serial].of_unit and (two or returned_at is not None):
            yield run, serial


def _take(field: str, comparison: str, *, province: bool = True) -> str:
    """The columns of a moment: the new ones where it compares so with what is there, or where nothing is."""
    better = f"stamp_state.{field}_at is null or excluded.{field}_at {comparison} stamp_state.{field}_at"
    return ", ".join(
        f"{column} = case when {better} then excluded.{column} else stamp_state.{column} end"
        for column in ((f"{field}_at", f"{field}_province") if province else (f"{field}_at",))
    )


_ADD = (
    "on conflict (run, serial) do update set checks = stamp_state.checks + excluded.checks, "
    f"{_take('first', '<')}, {_take('last', '>')}, {_take('sold', '<')}, "
    f"{_take('spoiled', '<', province=False)}, {_take('returned', '<', province=False)} "
    f"returning run, serial, checks, first_at, sold_at, spoiled_at, returned_at, {COLUMNS}"
)
