"""How many events of each kind a run's stamps had, by day and province: `StampDay`."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.copies.records import StampEvent
from temthat_stamps.verdict import Asker
from temthat_verify_api.nightly.days import day_of, province_of
from temthat_verify_api.nightly.records import StampDay
from temthat_verify_api.nightly.stretches import Stretch


class Cell(NamedTuple):
    """What is counted together."""

    day: dt.date
    province: str
    event: StampEventKind
    kind: Asker


Counts = Counter[Cell]


def count_kept(session: Session, stretch: Stretch) -> Counts:
    """The events of a stretch that are there now; the database counts."""
    day = day_of(session, StampEvent.at)
    parts = (day, StampEvent.place, StampEvent.event, StampEvent.kind)
    counts: Counts = Counter()
    for on, place, event, kind, count in session.execute(
        select(*parts, func.count()).where(stretch.holds).group_by(*parts)
    ):
        counts[Cell(dt.date.fromisoformat(str(on)), province_of(place), event, kind)] += count
    return counts


def put_kept(session: Session, run: int, counts: Counts) -> bool:
    """Make these the run's kept counts; a cell that is not among them keeps nothing any more. Whether any changed."""
    for row in session.scalars(select(StampDay).where(StampDay.run == run, StampDay.kept > 0)):
        row.kept = counts.get(_cell(row), 0)
    for cell, row in _rows(session, run, counts).items():
        row.kept = counts[cell]
    return bool(session.new) or any(session.is_modified(row) for row in session.dirty)


def add_gone(session: Session, run: int, counts: Counts) -> None:
    """These events are deleted in the same transaction; what is here stays for ever."""
    for cell, row in _rows(session, run, counts).items():
        row.gone += counts[cell]
        row.kept = max(0, row.kept - counts[cell])


def gone_of_runs(session: Session, runs: Iterable[int]) -> Counts:
    """What is no longer in `stamp_event` of these runs."""
    counts: Counts = Counter()
    for row in session.scalars(select(StampDay).where(StampDay.run.in_(list(runs)), StampDay.gone > 0)):
        counts[_cell(row)] += row.gone
    return counts


def _cell(row: StampDay) -> Cell:
    return Cell(row.day, row.province, row.event, row.kind)


def _rows(session: Session, run: int, cells: Iterable[Cell]) -> dict[Cell, StampDay]:
    """The rows of these cells, read at once; new ones where there are none."""
    wanted = set(cells)
    days = {cell.day for cell in wanted}
    query = select(StampDay).where(StampDay.run == run, StampDay.day.in_(days))
    rows = {_cell(row): row for row in session.scalars(query)}
    for cell in wanted - rows.keys():
        rows[cell] = StampDay(
            run=run, day=cell.day, province=cell.province, event=cell.event, kind=cell.kind, kept=0, gone=0
        )
        session.add(rows[cell])
    return {cell: rows[cell] for cell in wanted}
