"""Numbers, quantities, dates and money as people in Vietnam read them, and their English form.

Vietnamese: 1.234,5 kg, 26/05/2025, 14:30, 1.250.000 đ. English: 1,234.5 kg, 26 May 2025, 14:30, 1,250,000 VND.
Times are always those of Vietnam, which has had no summer time since 1975.
"""

import datetime as dt
from decimal import Decimal

from temthat_trace.units import plain, unit

VIETNAM = dt.timezone(dt.timedelta(hours=7), "Asia/Ho_Chi_Minh")

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TO_VIETNAMESE = str.maketrans(",.", ".,")


def number(value: Decimal | int, lang: str = "vi") -> str:
    """A number with thousands grouped and no trailing zeros: 1.234,5 or, in English, 1,234.5."""
    text = f"{plain(Decimal(value)):,f}"
    return text if lang == "en" else text.translate(_TO_VIETNAMESE)


def quantity(amount: Decimal | int, code: str, lang: str = "vi") -> str:
    """An amount with its unit's word: 1.234,5 kg. `code` is a UN/ECE code; raises UnitError if unknown."""
    return f"{number(amount, lang)} {unit(code).label(lang)}"


def money(dong: Decimal | int, lang: str = "vi") -> str:
    """An amount of Vietnamese đồng: 1.250.000 đ."""
    return f"{number(dong, lang)} {'VND' if lang == 'en' else 'đ'}"


def date(day: dt.date, lang: str = "vi") -> str:
    """A day: 26/05/2025, or 26 May 2025, which no reader takes for the fifth of a 26th month."""
    if lang == "en":
        return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
    return f"{day.day:02d}/{day.month:02d}/{day.year:04d}"


def local(at: dt.datetime) -> dt.datetime:
    """An aware instant on the clocks of Vietnam; a naive one raises ValueError."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return at.astimezone(VIETNAM)


def today(now: dt.datetime) -> dt.date:
    """The day it is in Vietnam at that instant."""
    return local(now).date()


def instant(at: dt.datetime, lang: str = "vi") -> str:
    """A day and time: 26/05/2025 14:30. Midnight sharp is how a day without a time is kept, so it shows none."""
    here = local(at)
    day = date(here.date(), lang)
    return (
        day
        if (here.hour, here.minute, here.second) == (0, 0, 0)
        else f"{day} {here.hour:02d}:{here.minute:02d}"
    )
