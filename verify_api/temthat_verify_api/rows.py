"""Rows in a form that any database takes back: one JSON object a line, the same from SQLite and PostgreSQL.

Ids and instants are text, decimals are text (exact), bytes are base64. Reading goes by the column's type, so that a
value never has to say what it is.
"""

import base64
import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import Any

import sqlalchemy as sa

from temthat_trace.database import Quantity, UtcDateTime

_AT_ONCE = 200
"""Rows fetched or inserted together: pictures are rows too, so this also bounds the memory."""


def read_rows(connection: sa.Connection, query: sa.Select[Any]) -> Iterator[dict[str, Any]]:
    """The rows of a query as they come, without holding them all."""
    result = connection.execution_options(yield_per=_AT_ONCE).execute(query)
    for row in result.mappings():
        yield dict(row)


def dump_table(connection: sa.Connection, table: sa.Table) -> Iterator[str]:
    """A table as JSON lines, in the order of its primary key."""
    for row in read_rows(connection, sa.select(table).order_by(*table.primary_key)):
        yield json.dumps({name: to_plain(value) for name, value in row.items()}, ensure_ascii=False) + "\n"


def load_table(connection: sa.Connection, table: sa.Table, lines: Iterable[str]) -> int:
    """Insert what `dump_table` wrote; returns the number of rows.

    A row that refers to another of the same table (a cooperative to its alliance) is inserted without that and told
    of it afterwards, so that their order does not matter. Raises ValueError for lines that are not such rows.
    """
    inward = [c for c in table.columns if any(key.column.table is table for key in c.foreign_keys)]
    types = {column.name: column.type for column in table.columns}
    rows = (_from_line(line, types) for line in lines)
    count, later = 0, list[dict[str, Any]]()
    while chunk := list(islice(rows, _AT_ONCE)):
        for row in chunk:
            if any(row[column.name] is not None for column in inward):
                later.append({name: row[name] for name in [*_keys(table), *(c.name for c in inward)]})
                row.update({column.name: None for column in inward})
        connection.execute(sa.insert(table), chunk)
        count += len(chunk)
    if later:
        same = sa.and_(*(table.c[name] == sa.bindparam(f"key_{name}") for name in _keys(table)))
        values: dict[str, Any] = {column.name: sa.bindparam(f"new_{column.name}") for column in inward}
        connection.execute(
            sa.update(table).where(same).values(values),
            [{f"key_{n}" if n in _keys(table) else f"new_{n}": v for n, v in row.items()} for row in later],
        )
    return count


def to_plain(value: Any) -> Any:
    """A value as JSON knows it."""
    match value:
        case uuid.UUID() | Decimal():
            return str(value)
        case dt.datetime() | dt.date():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case None | bool() | int() | str():
            return value
    raise TypeError(f"no form agreed for {type(value).__name__}")


def _from_line(line: str, types: dict[str, sa.types.TypeEngine[Any]]) -> dict[str, Any]:
    row = json.loads(line)
    if not isinstance(row, dict) or row.keys() != types.keys():
        raise ValueError("the columns of a row are not those of its table")
    return {name: _from_plain(value, types[name]) for name, value in row.items()}


_READERS: tuple[tuple[type[sa.types.TypeEngine[Any]], Callable[[str], Any]], ...] = (
    (sa.Uuid, uuid.UUID),
    (UtcDateTime, dt.datetime.fromisoformat),
    (sa.Date, dt.date.fromisoformat),
    (Quantity, Decimal),
    (sa.LargeBinary, lambda text: base64.b64decode(text, validate=True)),
)


def _from_plain(value: Any, kind: sa.types.TypeEngine[Any]) -> Any:
    if value is None:
        return None
    return next((read(value) for of, read in _READERS if isinstance(kind, of)), value)


def _keys(table: sa.Table) -> list[str]:
    return [column.name for column in table.primary_key]
