"""Events counted by day, in the database: which day it was in Vietnam, on SQLite and PostgreSQL."""

import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement, func
from sqlalchemy.orm import InstrumentedAttribute, Session

from temthat_trace.formats import VIETNAM

_HOURS = int(VIETNAM.utcoffset(None).total_seconds() // 3600)


def day_of(session: Session, at: InstrumentedAttribute[dt.datetime]) -> ColumnElement[Any]:
    """The Vietnamese day of an instant as text, YYYY-MM-DD."""
    if session.get_bind().dialect.name == "sqlite":
        return func.date(at, f"+{_HOURS} hours")
    return func.to_char(func.timezone("Asia/Ho_Chi_Minh", at), "YYYY-MM-DD")


def province_of(place: str | None) -> str:
    """The province that a recorded place is, or "": cells of a map are no provinces."""
    return place if place and len(place) == 2 else ""
