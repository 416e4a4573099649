"""Days, instants, serials and shelf lives."""

import contextlib
import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.formats import VIETNAM
from temthat_trace.importing.dates import (
    ShelfLife,
    add_months,
    parse_day,
    parse_instant,
    parse_life,
    serial_instant,
)
from temthat_trace.importing.report import CellError


@pytest.mark.parametrize(
    ("text", "unclear"),
    [
        ("26/5/2025", False),
        ("26/05/2025", False),
        ("26-5-2025", False),
        ("26.5.2025", False),
        ("26 / 5 / 2025", False),
        ("26/5/25", True),
        ("2025-05-26", False),
        ("2025/5/26", False),
        ("20250526", False),
        ("26 tháng 5 năm 2025", False),
        ("Ngày 26 tháng 05 năm 2025", False),
    ],
)
def test_days_as_people_write_them(text: str, unclear: bool) -> None:
    """All of these are the 26th of May 2025; a year of two digits is shown in the preview."""
    found = parse_day(text)
    assert (found.day, found.unclear) == (dt.date(2025, 5, 26), unclear)


def test_an_ambiguous_day_is_day_first_and_says_so() -> None:
    """05/06/2025 is the fifth of June; 05/05/2025 is clear."""
    assert parse_day("05/06/2025").day == dt.date(2025, 6, 5)
    assert parse_day("05/06/2025").unclear
    assert not parse_day("05/05/2025").unclear


def test_month_first_is_refused_with_the_right_way() -> None:
    """12/26/2025 has no month 26; the message shows how to write it."""
    with pytest.raises(CellError) as e:
        parse_day("12/26/2025")
    assert "26/12/2025" in e.value.vi


@pytest.mark.parametrize(
    "text", ["31/02/2025", "32/13/2025", "00/00/0000", "hôm qua", "", "1/1/1800", "26/5", "5/2025"]
)
def test_what_is_no_day_is_refused(text: str) -> None:
    """Days that do not exist, years that make no sense, words."""
    with pytest.raises(CellError):
        parse_day(text)


@pytest.mark.parametrize(
    "text",
    [
        "26/05/2025 14:30",
        "26/5/2025 14h30",
        "26/5/2025, 14:30:00",
        "14:30 26/05/2025",
        "14h30 ngày 26/5/2025",
        "2025-05-26T14:30:00",
        "2025-05-26T07:30:00Z",
        "2025-05-26T14:30:00+07:00",
    ],
)
def test_times_are_vietnam_s(text: str) -> None:
    """Half past two in the afternoon in Vietnam, however it is written."""
    at, _ = parse_instant(text)
    assert at == dt.datetime(2025, 5, 26, 14, 30, tzinfo=VIETNAM)


def test_a_day_without_a_time_is_its_midnight() -> None:
    """That is how a day is kept where an instant is."""
    assert parse_instant("26/5/2025")[0] == dt.datetime(2025, 5, 26, tzinfo=VIETNAM)


@pytest.mark.parametrize("text", ["26/5/2025 25:00", "26/5/2025 14:75", "chiều 26/5/2025"])
def test_what_is_no_time_is_refused(text: str) -> None:
    """An hour 25 does not exist."""
    with pytest.raises(CellError):
        parse_instant(text)


def test_serials_count_from_both_epochs() -> None:
    """45803 is 26 May 2025 where day 1 is in 1900; 44341 where it is in 1904."""
    noon = serial_instant(Decimal("45803.5"), is_1904=False)
    assert noon == dt.datetime(2025, 5, 26, 12, 0, tzinfo=VIETNAM)
    assert serial_instant(Decimal(44341), is_1904=True).date() == dt.date(2025, 5, 26)


@pytest.mark.parametrize("serial", ["1", "2025", "999999999", "-5"])
def test_serials_outside_our_time_are_refused(serial: str) -> None:
    """A bare year is no date, nor is a quantity in the wrong column."""
    with pytest.raises(CellError):
        serial_instant(Decimal(serial), is_1904=False)


@pytest.mark.parametrize(
    ("text", "life"),
    [
        ("12 tháng", ShelfLife(months=12)),
        ("6 thang", ShelfLife(months=6)),
        ("2 năm", ShelfLife(months=24)),
        ("45 ngày", ShelfLife(days=45)),
        ("2 tuần", ShelfLife(days=14)),
        ("18 months", ShelfLife(months=18)),
        ("26/05/2025", None),
        ("ngon", None),
    ],
)
def test_shelf_lives(text: str, life: ShelfLife | None) -> None:
    """Months, days, weeks and years from the day it was made."""
    assert parse_life(text) == life


def test_months_end_in_their_last_day() -> None:
    """A month after 31 January is the last of February."""
    assert add_months(dt.date(2025, 1, 31), 1) == dt.date(2025, 2, 28)
    assert ShelfLife(months=12).after(dt.date(2024, 2, 29)) == dt.date(2025, 2, 28)
    assert ShelfLife(days=30).after(dt.date(2026, 11, 1)) == dt.date(2026, 12, 1)


@given(st.dates(dt.date(1950, 1, 1), dt.date(2100, 12, 31)))
def test_property_days_survive_both_ways_of_writing(day: dt.date) -> None:
    """Day first and year first give the same day back."""
    assert parse_day(f"{day:%d/%m/%Y}").day == day
    assert parse_day(day.isoformat()).day == day


@given(st.text(max_size=40))
def test_property_any_text_is_a_day_or_refused(text: str) -> None:
    """Never another exception."""
    with contextlib.suppress(CellError):
        assert isinstance(parse_instant(text)[0], dt.datetime)
    life = parse_life(text)
    assert life is None or isinstance(life, ShelfLife)
