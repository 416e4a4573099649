"""The day by which a member's request has to be answered."""

import datetime as dt

WORKING_DAYS = 2
"""Decree 356/2025 gives two working days to answer a data subject."""


def due_day(asked_on: dt.date, days: int = WORKING_DAYS) -> dt.date:
    """The last working day (Monday to Friday) on which a request is answered in time; the day it came does not count.

    Public holidays are counted as working days: Tết moves with the moon, and a day named too early is never too late.
    """
    day = asked_on
    while days:
        day += dt.timedelta(days=1)
        days -= day.weekday() < 5
    return day
