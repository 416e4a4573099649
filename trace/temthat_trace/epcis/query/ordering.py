"""In which order events answer a query."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

from temthat_trace.epcis.query.conditions import Moment, Place, moments
from temthat_trace.epcis.query.facts import Facts, instant, leaves

SortKey = tuple[int, str | Decimal | dt.datetime]


@dataclass(frozen=True, slots=True)
class Order:
    """By `eventTime`, by `recordTime`, or by an extension field (`place`); later or larger first unless `ascending`.

    Events of the same time or value follow each other as they were recorded.
    """

    by: str = Moment.RECORD.value
    ascending: bool = True
    place: Place | None = field(default=None)


def extension_key(place: Place, facts: Facts) -> SortKey | None:
    """What an event is sorted by: the least value of its field, numbers before times before texts; None without one."""
    keys = [key for value in place.values(facts) for v in leaves(value) if (key := _key(v)) is not None]
    return min(keys, default=None)


def _key(leaf: object) -> SortKey | None:
    if isinstance(leaf, bool):
        return None
    if isinstance(leaf, int | float):
        return 0, Decimal(repr(leaf))
    if not isinstance(leaf, str):
        return None
    at = instant(leaf)
    return (2, leaf) if at is None else (1, at)


def event_time(facts: Facts) -> dt.datetime | None:
    """When the event happened, or None if that cannot be read."""
    return next(moments(facts, Moment.EVENT), None)
