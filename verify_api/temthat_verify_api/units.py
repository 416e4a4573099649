"""One unit's way through shops: rung up, spoiled, taken back; whatever order it is told in, the state says the same.

Mostly a unit is rung up once and nothing else is told of it: `recording` adds that to its state without reading
anything. Where something was taken back or spoiled, the few events that say so are read and laid in order here, in the
transaction that records the new one.
"""

import datetime as dt
import uuid
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from temthat_stamps.copies.kinds import StampEventKind
from temthat_verify_api.statements import Dialect, Row, Stamp, Statement, insert_signals

GONE = "gone"
"""The `CopySignal` of a stamp rung up though it was recorded as no longer for sale: `CopySignal.kind`."""

KINDS = (StampEventKind.SOLD, StampEventKind.SPOILED, StampEventKind.RETURNED)
"""Events that this module lays in order."""

_GONE_ID = uuid.UUID(int=0)
_AT_ONCE = 100
"""Stamps whose events are read by one statement."""


class Told(NamedTuple):
    """One event of `KINDS`. `by`: the hash of who told it, None where that is not known; `province`: if it is one."""

    at: dt.datetime
    id: uuid.UUID
    event: StampEventKind
    by: bytes | None
    province: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands of a unit's events: the earliest sale and spoiling not taken back, the first sale after that."""

    sold: Told | None = None
    spoiled: Told | None = None
    gone: Told | None = None


def standing(events: Iterable[Told]) -> Standing:
    """What stands of one unit's events, given in any order."""
    stands = _left(events)
    sold = next((one for one in stands if one.event is StampEventKind.SOLD), None)
    spoiled = next((one for one in stands if one.event is StampEventKind.SPOILED), None)
    sales = (one for one in stands if one.event is StampEventKind.SOLD)
    gone = next((one for one in sales if spoiled and one.at > spoiled.at), None)
    return Standing(sold, spoiled, gone)


def can_take_back(events: Iterable[Told], back: Told) -> bool:
    """Whether something stands that this return would take back."""
    before = [one for one in events if one.at <= back.at and one.id != back.id]
    return any(_is_taken_back(one, back) for one in _left(before))


def _left(events: Iterable[Told]) -> list[Told]:
    """In order, without returns and what they took back: each the last thing that its teller had told."""
    left: list[Told] = []
    for one in sorted(events, key=_order):
        if one.event is not StampEventKind.RETURNED:
            left.append(one)
            continue
        found = next((told for told in reversed(left) if _is_taken_back(told, one)), None)
        if found is not None:
            left.remove(found)
    return left


def _order(one: Told) -> tuple[dt.datetime, bool, uuid.UUID]:
    """By time; clocks that tell whole seconds may give a sale and its return the same."""
    return one.at, one.event is StampEventKind.RETURNED, one.id


def _is_taken_back(told: Told, back: Told) -> bool:
    """By who told it; a sale from before tellers were noted may be anybody's."""
    return told.by is None or told.by == back.by


Settling = Generator[Statement, list[Row], None]


def settle(stamps: Sequence[Stamp], dialect: Dialect) -> Settling:
    """Lay these stamps' events in order and write what stands; their states are there, and held by the transaction."""
    for start in range(0, len(stamps), _AT_ONCE):
        some = stamps[start : start + _AT_ONCE]
        told: dict[Stamp, list[Told]] = {stamp: [] for stamp in some}
        for run, serial, *row in (yield read(some, dialect)):
            told[run, serial].append(of_row(row, dialect))
        found = {stamp: standing(events) for stamp, events in told.items()}
        yield _write(found, dialect)
        sales = [(stamp, stands.gone) for stamp, stands in sorted(found.items()) if stands.gone]
        if sales:
            yield insert_signals([(*stamp, GONE, sale.at, sale.province) for stamp, sale in sales], dialect)


def read(stamps: Sequence[Stamp], dialect: Dialect) -> Statement:
    """The stamps' events of `KINDS`: run, serial, and what `of_row` takes.

    Events are deleted when they are old, and what they said of the unit stays in its state: that comes as an event too.
    """
    kinds = ", ".join(f"'{kind}'" for kind in KINDS)
    return Statement(
        f"with asked (run, serial) as (values {dialect.values(stamps)}) "  # noqa: S608
        "select e.run, e.serial, e.at, e.id, e.event, e.receipt, e.place from asked a join stamp_event e "
        f"on e.run = a.run and e.serial = a.serial where e.event in ({kinds}) "
        f"{_kept('sold', 'sold_at', 's.sold_province')} {_kept('spoiled', 'spoiled_at', 'null')}",
        [value for stamp in stamps for value in stamp],
    )


def _kept(event: str, at: str, province: str) -> str:
    """A state's own word, where its event is gone."""
    return (
        f"union all select s.run, s.serial, s.{at}, null, '{event}', null, {province} "  # noqa: S608
        f"from asked a join stamp_state s on s.run = a.run and s.serial = a.serial where s.{at} is not null and not "
        "exists (select 1 from stamp_event e where e.run = s.run and e.serial = s.serial "
        f"and e.event = '{event}' and e.at = s.{at})"
    )


def of_row(row: Row, dialect: Dialect) -> Told:
    """An event as `read` gives it."""
    at, event_id, event, by, place = row
    province = place if place and len(place) == 2 else None
    return Told(
        dialect.from_instant(at),
        dialect.from_id(event_id) if event_id is not None else _GONE_ID,
        StampEventKind(event),
        bytes(by) if by is not None else None,
        province,
    )


def _write(found: dict[Stamp, Standing], dialect: Dialect) -> Statement:
    """An upsert of rows that are there, because a database knows its columns' types."""
    rows = [
        (
            *stamp,
            0,
            dialect.to_instant(stands.sold.at) if stands.sold else None,
            stands.sold.province if stands.sold else None,
            dialect.to_instant(stands.spoiled.at) if stands.spoiled else None,
        )
        for stamp, stands in sorted(found.items())
    ]
    return Statement(
        f"insert into stamp_state (run, serial, checks, sold_at, sold_province, spoiled_at) "  # noqa: S608
        f"values {dialect.values(rows)} on conflict (run, serial) do update set sold_at = excluded.sold_at, "
        "sold_province = excluded.sold_province, spoiled_at = excluded.spoiled_at",
        [value for row in rows for value in row],
        has_rows=False,
    )
