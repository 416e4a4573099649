"""Statements of the hot path: text and values that are the same on SQLite and PostgreSQL, but for what drivers see.

Each names run and serial, and rows travel as multi-row VALUES (docs/decisions/0003-storage.md).
"""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Row = Sequence[Any]
Stamp = tuple[int, int]
"""Run and serial."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL text and its values, in order; `has_rows` unless it only writes."""

    sql: str
    values: list[Any]
    has_rows: bool = True


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the two drivers see differently: how a value's place is marked, how ids and instants are handed over."""

    mark: str
    to_id: Callable[[uuid.UUID], Any]
    to_instant: Callable[[dt.datetime], Any]
    from_id: Callable[[Any], uuid.UUID]
    from_instant: Callable[[Any], dt.datetime]
    has_lateral: bool
    """Whether a part of a `from` may refer to the parts before it."""

    def values(self, rows: Sequence[Row]) -> str:
        """``($1, $2), ($3, $4)`` for two rows of two."""
        return _places(self.mark, len(rows), len(rows[0]))


def insert_signals(
    signals: Iterable[tuple[int, int, str, dt.datetime, str | None]], dialect: Dialect
) -> Statement:
    """Write signals (run, serial, kind, instant, province); a stamp keeps the first of a kind (`CopySignal`)."""
    rows = [
        (run, serial, kind, dialect.to_instant(at), province) for run, serial, kind, at, province in signals
    ]
    return Statement(
        "insert into copy_signal (run, serial, kind, at, province) "  # noqa: S608
        f"values {dialect.values(rows)} on conflict do nothing",
        [value for row in rows for value in row],
        has_rows=False,
    )


@lru_cache(maxsize=2_000)
def _places(mark: str, rows: int, columns: int) -> str:
    return ", ".join(
        "(" + ", ".join(f"{mark}{row * columns + column}" for column in range(1, columns + 1)) + ")"
        for row in range(rows)
    )
