"""When a schedule is due."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.epcis.query.schedule import ZONE, SubscriptionControlsError, read_schedule

AT = dt.datetime(2026, 5, 26, 3, 0, 0, tzinfo=dt.UTC)  # Tuesday, 10:00 in Vietnam


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ({"hour": "1", "minute": "5"}, "2026-05-27T01:05:00+07:00"),
        ({"minute": "0"}, "2026-05-26T11:00:00+07:00"),
        ({"second": "30"}, "2026-05-26T10:00:30+07:00"),
        ({"minute": "[10-12],15"}, "2026-05-26T10:10:00+07:00"),
        ({"hour": 9}, "2026-05-27T09:00:00+07:00"),
        ({"dayOfWeek": "1", "hour": "8"}, "2026-06-01T08:00:00+07:00"),
        ({"dayOfWeek": "7"}, "2026-05-31T00:00:00+07:00"),
        ({"dayOfMonth": "1"}, "2026-06-01T00:00:00+07:00"),
        ({"month": "2", "dayOfMonth": "29"}, "2028-02-29T00:00:00+07:00"),
    ],
    ids=str,
)
def test_next(schedule: dict[str, Any], expected: str) -> None:
    assert read_schedule(schedule).next_after(AT) == dt.datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    "schedule",
    [{}, [], None, {"hour": "24"}, {"hour": "-1"}, {"hour": ""}, {"hour": "1,"}, {"hour": "[5-3]"}, {"hour": "1-3"},
     {"hour": True}, {"hour": None}, {"hours": "1"}, {"month": "2", "dayOfMonth": "30"}, {"minute": "٣"}],
    ids=str,
)  # fmt: skip
def test_what_is_none(schedule: Any) -> None:
    with pytest.raises(SubscriptionControlsError) as caught:
        read_schedule(schedule)
    assert caught.value.vi


fields = st.fixed_dictionaries(
    {},
    optional={
        "second": st.integers(0, 59), "minute": st.integers(0, 59), "hour": st.integers(0, 23),
        "dayOfMonth": st.integers(1, 28), "month": st.integers(1, 12), "dayOfWeek": st.integers(1, 7),
    },
).filter(bool)  # fmt: skip


@given(fields, st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2027, 1, 1)))  # noqa: DTZ001
def test_it_fits_lies_behind_and_skips_none(schedule: dict[str, int], at: dt.datetime) -> None:
    read, start = read_schedule(schedule), at.replace(tzinfo=dt.UTC)
    due = read.next_after(start)
    local = due.astimezone(ZONE)
    assert due > start
    given = {"second": local.second, "minute": local.minute, "hour": local.hour, "dayOfMonth": local.day,
             "month": local.month, "dayOfWeek": local.isoweekday()}  # fmt: skip
    assert all(given[name] == value for name, value in schedule.items())
    assert read.next_after(due - dt.timedelta(microseconds=1)) == due
    assert start >= due - dt.timedelta(microseconds=1) or read.next_after(start + (due - start) / 2) == due
