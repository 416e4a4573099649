"""Days, instants and shelf lives as people write them, and as Excel counts them."""

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal

from temthat_trace.formats import VIETNAM
from temthat_trace.importing.report import CellError
from temthat_trace.search import fold

EARLIEST = dt.date(1950, 1, 1)
LATEST = dt.date(2100, 12, 31)

_EPOCH_1900 = dt.datetime(
    1899, 12, 30, tzinfo=VIETNAM
)  # right from 1 March 1900 on: Excel believes in 29 February 1900
_EPOCH_1904 = dt.datetime(1904, 1, 1, tzinfo=VIETNAM)
_DAY_FIRST = re.compile(r"^(\d{1,2})\s*[/.\-]\s*(\d{1,2})\s*[/.\-]\s*(\d{4}|\d{2})$")
_YEAR_FIRST = re.compile(r"^(\d{4})\s*[/.\-]\s*(\d{1,2})\s*[/.\-]\s*(\d{1,2})$")
_IN_WORDS = re.compile(r"^(?:ngay )?(\d{1,2}) thang (\d{1,2}) nam (\d{4})$")
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_TIME = re.compile(
    r"^(.*?)(?:[,T\s]\s*)(\d{1,2})\s*(?::|h|g|giờ)\s*(\d{2})?(?::(\d{2})(?:\.\d+)?)?(Z|\+00:00|\+07:00)?$"
)
_TIME_FIRST = re.compile(r"^(\d{1,2})\s*(?::|h|giờ)\s*(\d{2})?,?\s*(?:ngày\s+)?(\d.*)$")
_LIFE = re.compile(r"^(\d{1,4}) ?(thang|months?|nam|years?|ngay|days?|tuan|weeks?)$")


@dataclass(frozen=True, slots=True)
class ReadDay:
    """A day, and whether it could have been read otherwise (05/06/2025, or a year of two digits)."""

    day: dt.date
    unclear: bool = False


@dataclass(frozen=True, slots=True)
class ShelfLife:
    """How long a product keeps from the day it was made."""

    months: int = 0
    days: int = 0

    def after(self, made_on: dt.date) -> dt.date:
        """The last good day: 6 months after 31 August is the last day of February."""
        return add_months(made_on, self.months) + dt.timedelta(days=self.days)


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day of a later month, or that month's last day; raises CellError beyond the calendar."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise _no_such_day()
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def parse_day(text: str) -> ReadDay:
    """A day as written: 26/5/2025, 26-5-2025, 26.5.25, 2025-05-26, 26 tháng 5 năm 2025. Day before month, always.

    Raises CellError for a day that does not exist, also for 12/26/2025: month first is never guessed.
    """
    match = _YEAR_FIRST.match(text) or _COMPACT.match(text)
    if match:
        year, month, day = map(int, match.groups())
        return ReadDay(_day(year, month, day))
    match = _DAY_FIRST.match(text)
    if match:
        day, month, year = map(int, match.groups())
        short = len(match.group(3)) == 2
        unclear = short or (day <= 12 and month <= 12 and day != month)
        return ReadDay(_day(2000 + year if short else year, month, day), unclear)
    match = _IN_WORDS.match(fold(text))
    if match:
        day, month, year = map(int, match.groups())
        return ReadDay(_day(year, month, day))
    raise CellError(
        "Không phải ngày. Hãy viết ngày/tháng/năm, ví dụ 26/05/2025.",
        "Not a date. Write day/month/year, for example 26/05/2025.",
    )


def parse_instant(text: str) -> tuple[dt.datetime, bool]:
    """A day with an optional time of Vietnam's clock, and whether the day was unclear; raises CellError."""
    match = _TIME.match(text)
    if match and match.group(1).strip():
        day_text, hour, minute, second, zone = match.groups()
    elif first := _TIME_FIRST.match(text):
        hour, minute, day_text = first.groups()
        second, zone = None, None
    else:
        read = parse_day(text)
        return dt.datetime.combine(read.day, dt.time(), VIETNAM), read.unclear
    read = parse_day(day_text.strip())
    try:
        time = dt.time(int(hour), int(minute or 0), int(second or 0))
    except ValueError:
        raise CellError("Giờ không đúng; viết như 14:30.", "Not a time; write it like 14:30.") from None
    there = dt.UTC if zone in ("Z", "+00:00") else VIETNAM
    return dt.datetime.combine(read.day, time, there), read.unclear


def serial_instant(serial: Decimal, *, is_1904: bool) -> dt.datetime:
    """An Excel serial number as an instant of Vietnam's clock, to the minute; raises CellError out of range."""
    days = int(serial)
    minutes = round((serial - days) * 1440)
    try:
        at = (_EPOCH_1904 if is_1904 else _EPOCH_1900) + dt.timedelta(days=days, minutes=int(minutes))
    except OverflowError:
        raise _no_such_day() from None
    _in_range(at.date())
    return at


def parse_life(text: str) -> ShelfLife | None:
    """A shelf life such as `12 tháng`, `45 ngày`, `2 năm`; None when the text is none."""
    match = _LIFE.match(fold(text))
    if not match:
        return None
    count, word = int(match.group(1)), match.group(2)
    if word.startswith(("thang", "month")):
        return ShelfLife(months=count)
    if word.startswith(("nam", "year")):
        return ShelfLife(months=12 * count)
    return ShelfLife(days=count * (7 if word.startswith(("tuan", "week")) else 1))


def _day(year: int, month: int, day: int) -> dt.date:
    try:
        found = dt.date(year, month, day)
    except ValueError:
        if 1 <= day <= 12 < month <= 31:
            raise CellError(
                f"Không có tháng {month}. Hãy viết ngày trước, tháng sau: {month:02d}/{day:02d}/{year}.",
                f"There is no month {month}. Write the day before the month: {month:02d}/{day:02d}/{year}.",
            ) from None
        raise _no_such_day() from None
    _in_range(found)
    return found


def _in_range(day: dt.date) -> None:
    if not EARLIEST <= day <= LATEST:
        raise CellError(
            f"Năm {day.year} không hợp lý, hãy xem lại.", f"The year {day.year} makes no sense, please check."
        )


def _no_such_day() -> CellError:
    return CellError("Ngày này không có trong lịch.", "There is no such day.")
