"""What several measurements share: both databases, and times of which the median counts."""

import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Engine

from bench.postgresql import postgresql

Figure = dict[str, Any]
"""`name`, `value`, `unit`, `baseline` (words) and `ratio`."""
TURNS = 5


def on_both(measure: Callable[[str, str], list[Figure]]) -> list[Figure]:
    """The figures on a fresh SQLite and, where its package is, a fresh PostgreSQL, by URL and name."""
    with tempfile.TemporaryDirectory() as folder:
        found = measure(f"sqlite:///{folder}/temthat.db", "SQLite")
    with postgresql() as url:
        if url:
            found += measure(url, "PostgreSQL")
    return found


def median_seconds(ask: Callable[[], object]) -> float:
    """Seconds, the median of some turns."""
    times = []
    for _ in range(TURNS):
        start = time.perf_counter()
        ask()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def under_a_second(
    asked: Mapping[str, Callable[[], object]], name: Callable[[str], str], baseline: str
) -> list[Figure]:
    """Milliseconds of each question; the ratio is to the goal of a second."""
    measured = {what: median_seconds(ask) for what, ask in asked.items()}
    return [
        {
            "name": name(what),
            "value": seconds * 1000,
            "unit": "ms",
            "baseline": baseline,
            "ratio": 1 / seconds,
        }
        for what, seconds in measured.items()
    ]


def analyze(engine: Engine, command: str = "ANALYZE") -> None:
    """PostgreSQL knows what its tables hold, as a while after they were filled."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(command)
