"""Checks of one's own stamps: how many on which day in which province. Never a phone, an hour or a single stamp."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from temthat_stamps.copies.records import StampEvent, StampEventKind
from temthat_stamps.verdict import Asker
from temthat_verify_api.nightly.counting import gone_of_runs
from temthat_verify_api.nightly.days import day_of, province_of


@dataclass(frozen=True, slots=True)
class Checks:
    """Checks by shoppers. `days` and `provinces` are ordered; an empty province means that it is not known."""

    total: int
    days: list[tuple[dt.date, int]]
    provinces: list[tuple[str, int]]


def checks_of_runs(db: Session, runs: Sequence[int]) -> Checks:
    """Counts over all stamps of these runs, of deleted checks too; the newest day and the busiest province first."""
    day = day_of(db, StampEvent.at)
    query = (
        select(day, StampEvent.place, func.count())
        .where(
            StampEvent.run.in_(runs),
            StampEvent.event == StampEventKind.CHECK,
            StampEvent.kind == Asker.CONSUMER,
        )
        .group_by(day, StampEvent.place)
    )
    days: dict[dt.date, int] = {}
    provinces: dict[str, int] = {}
    for day_text, place, count in db.execute(query):
        on = dt.date.fromisoformat(str(day_text))
        days[on] = days.get(on, 0) + count
        province = province_of(place)
        provinces[province] = provinces.get(province, 0) + count
    for cell, count in gone_of_runs(db, runs).items():
        if cell.event is StampEventKind.CHECK and cell.kind is Asker.CONSUMER:
            days[cell.day] = days.get(cell.day, 0) + count
            provinces[cell.province] = provinces.get(cell.province, 0) + count
    return Checks(
        total=sum(days.values()),
        days=sorted(days.items(), reverse=True),
        provinces=sorted(provinces.items(), key=lambda item: (-item[1], item[0])),
    )
