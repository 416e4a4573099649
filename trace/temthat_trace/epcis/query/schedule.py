"""When a scheduled subscription runs: fields as cron has them (EPCIS 2.0, section 8.2.5.3), in Vietnam's time.

A field is a comma-separated list of numbers and `[a-b]` ranges. A field left out means any, except that fields finer
than the finest one given mean their first value: `{"hour": "1", "minute": "5"}` is once a day, not at every second of
that minute.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from temthat_trace.epcis.query.errors import QueryError

ZONE = dt.timezone(dt.timedelta(hours=7))
"""Asia/Ho_Chi_Minh; it has no summer time."""
_ELEMENT = re.compile(r"(\d{1,2})|\[(\d{1,2})-(\d{1,2})\]", re.ASCII)
_RANGES = {
    "second": (0, 59),
    "minute": (0, 59),
    "hour": (0, 23),
    "dayOfMonth": (1, 31),
    "month": (1, 12),
    "dayOfWeek": (1, 7),
}
_FINER = ("second", "minute", "hour")
_DAYS_AHEAD = 366 * 8 + 2  # from one 29 February to the next there may be eight years


class SubscriptionControlsError(QueryError):
    """The controls of a subscription cannot be met."""

    exception = "SubscriptionControlsException"


@dataclass(frozen=True, slots=True)
class Schedule:
    """The values each field may have. `dayOfWeek`: 1 is Monday."""

    second: frozenset[int]
    minute: frozenset[int]
    hour: frozenset[int]
    dayOfMonth: frozenset[int]  # noqa: N815 - the standard's names
    month: frozenset[int]
    dayOfWeek: frozenset[int]  # noqa: N815

    def next_after(self, at: dt.datetime) -> dt.datetime:
        """The first instant of the schedule behind `at`, in UTC."""
        start = at.astimezone(ZONE).replace(microsecond=0) + dt.timedelta(seconds=1)
        day = start.date()
        for _ in range(_DAYS_AHEAD):
            if self._has_day(day):
                earliest = start.time() if day == start.date() else dt.time()
                found = self._first_time(earliest)
                if found is not None:
                    return dt.datetime.combine(day, found, ZONE).astimezone(dt.UTC)
            day += dt.timedelta(days=1)
        raise _never()

    def _has_day(self, day: dt.date) -> bool:
        return day.month in self.month and day.day in self.dayOfMonth and day.isoweekday() in self.dayOfWeek

    def _first_time(self, earliest: dt.time) -> dt.time | None:
        for hour in sorted(h for h in self.hour if h >= earliest.hour):
            is_first_hour = hour == earliest.hour
            for minute in sorted(m for m in self.minute if not is_first_hour or m >= earliest.minute):
                is_first = is_first_hour and minute == earliest.minute
                second = min((s for s in self.second if not is_first or s >= earliest.second), default=None)
                if second is not None:
                    return dt.time(hour, minute, second)
        return None


def read_schedule(value: Any) -> Schedule:
    """A schedule from its JSON object. Raises SubscriptionControlsError."""
    if not isinstance(value, Mapping) or not value:
        raise _bad(
            "schedule",
            "phải là đối tượng, ví dụ {“hour”: “1”, “minute”: “5”}",
            "must be an object such as {“hour”: “1”, “minute”: “5”}",
        )
    for name in value:
        if name not in _RANGES:
            known = ", ".join(_RANGES)
            raise _bad(
                f"schedule/{str(name)[:40]}", f"không có mục này; chỉ có {known}", f"is none of {known}"
            )
    finest = next((n for n in _RANGES if n in value), "")
    found: dict[str, frozenset[int]] = {}
    for name, (first, last) in _RANGES.items():
        if name in value:
            found[name] = _field(name, value[name], first, last)
        elif name in _FINER and list(_RANGES).index(name) < list(_RANGES).index(finest):
            found[name] = frozenset((first,))
        else:
            found[name] = frozenset(range(first, last + 1))
    schedule = Schedule(**found)
    schedule.next_after(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    return schedule


def _field(name: str, value: Any, first: int, last: int) -> frozenset[int]:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    found: set[int] = set()
    for part in text.split(",") if isinstance(text, str) and len(text) <= 400 else [""]:
        match = _ELEMENT.fullmatch(part.strip())
        one, start, end = match.groups() if match else ("", "", "")
        low, high = (int(one), int(one)) if one else (int(start or -1), int(end or -1))
        if not first <= low <= high <= last:
            raise _bad(
                f"schedule/{name}",
                f"phải là số từ {first} đến {last}, hoặc khoảng [a-b], ngăn bằng dấu phẩy",
                f"must be numbers from {first} to {last} or ranges [a-b], with commas between",
            )
        found.update(range(low, high + 1))
    return frozenset(found)


def _bad(parameter: str, vi: str, en: str) -> SubscriptionControlsError:
    return SubscriptionControlsError(vi, en, parameter)


def _never() -> SubscriptionControlsError:
    return _bad("schedule", "không có ngày nào như vậy", "there is no such day")
