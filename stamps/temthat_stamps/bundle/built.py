"""When this program was built: no clock that is behind it is believed."""

import datetime as dt
from functools import cache
from importlib import resources

SOURCE_OF = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
"""For a program run from its sources. A built package says its own time in `built.txt` (scanner/hatch_build.py)."""


@cache
def built_at() -> dt.datetime:
    """The earliest time it can be now."""
    file = resources.files("temthat_stamps.bundle").joinpath("built.txt")
    try:
        return dt.datetime.fromisoformat(file.read_text("ascii").strip())
    except (FileNotFoundError, ValueError):
        return SOURCE_OF
