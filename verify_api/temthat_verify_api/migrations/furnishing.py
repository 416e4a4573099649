"""What a database needs beside its tables, put there after every upgrade; each step may be repeated at will.

The row every verdict's cache hangs on; on PostgreSQL the months of the checks; on Citus the spread over machines.
"""

import datetime as dt
import uuid

import sqlalchemy as sa

from temthat_stamps.runs.records import Revision, Run

PARTITIONED = "stamp_event"
"""On PostgreSQL this table is split by month of `id`: a UUIDv7 leads with its time and is part of the primary key, so
that no other key is needed. A month is then dropped or moved away in one step, and recent checks stay in small
indexes. What lies outside every month (an odd clock) goes to the default part."""

MONTHS_AHEAD = 12
"""Months made in advance at every `temthat migrate`. Running past them loses nothing: the default part takes over."""

_HOT = ("stamp_state", "stamp_event", "copy_signal", "pin_entry")


def is_partition(table: str) -> bool:
    """One month (or the default part) of the checks: no table of its own to the schema."""
    return table.startswith(PARTITIONED + "_")


def furnish(connection: sa.Connection, today: dt.date) -> None:
    """Bring the revision row, the months and the spread into place, in the caller's transaction."""
    if connection.scalar(sa.select(Revision.id).where(Revision.id == 1)) is None:
        connection.execute(sa.insert(Revision).values(id=1, value=1))
    if connection.dialect.name == "postgresql":
        make_months(connection, today, MONTHS_AHEAD)
        spread_over_citus(connection)


def make_months(connection: sa.Connection, today: dt.date, ahead: int) -> None:
    """The default part and each month from this one to `ahead` months later, where they do not exist yet.

    A month whose first checks already lie in the default part stays there: moving them would hold up the service.
    """
    kind = connection.scalar(
        sa.text("select relkind from pg_class where oid = to_regclass(:name)"), {"name": PARTITIONED}
    )
    if kind not in ("p", b"p"):
        return
    connection.execute(
        sa.text(f"create table if not exists {PARTITIONED}_default partition of {PARTITIONED} default")
    )
    have = set(sa.inspect(connection).get_table_names())
    for month in range(ahead + 1):
        start, end = _month(today, month), _month(today, month + 1)
        name = f"{PARTITIONED}_{start:%Y_%m}"
        low, high = _first_id(start), _first_id(end)
        if name in have or _default_holds(connection, low, high):
            continue
        connection.execute(
            sa.text(f"create table {name} partition of {PARTITIONED} for values from ('{low}') to ('{high}')")
        )


def _month(day: dt.date, later: int) -> dt.date:
    years, month = divmod(day.month - 1 + later, 12)
    return dt.date(day.year + years, month + 1, 1)


def _first_id(day: dt.date) -> uuid.UUID:
    """The smallest id of that day, which begins at 00:00 UTC."""
    at = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
    return uuid.UUID(int=int(at.timestamp() * 1000) << 80)


def _default_holds(connection: sa.Connection, low: uuid.UUID, high: uuid.UUID) -> bool:
    found = connection.execute(
        sa.text(f"select 1 from {PARTITIONED}_default where id >= :low and id < :high limit 1"),  # noqa: S608
        {"low": low, "high": high},
    )
    return found.first() is not None


def spread_over_citus(connection: sa.Connection) -> None:
    """With the Citus extension: hot tables spread by run; whatever a run hangs on, and the revision, on every machine.

    Nothing happens without the extension, or where it was done before.
    """
    if connection.scalar(sa.text("select 1 from pg_extension where extname = 'citus'")) is None:
        return
    done = {
        str(name)
        for (name,) in connection.execute(sa.text("select logicalrelid::regclass from pg_dist_partition"))
    }
    for table in _everywhere():
        if table.name not in done:
            connection.execute(sa.text("select create_reference_table(:name)"), {"name": table.name})
    for name in _HOT:
        if name not in done:
            connection.execute(
                sa.text("select create_distributed_table(:name, 'run', colocate_with => :with)"),
                {"name": name, "with": "default" if name == _HOT[0] else _HOT[0]},
            )


def _everywhere() -> list[sa.Table]:
    """`run`, all it refers to, and `revision`; tables that are referred to come first."""
    metadata = Run.metadata
    found: set[sa.Table] = set()
    waiting = [metadata.tables[Run.__tablename__], metadata.tables[Revision.__tablename__]]
    while waiting:
        table = waiting.pop()
        if table not in found:
            found.add(table)
            waiting += [key.column.table for key in table.foreign_keys]
    return [table for table in metadata.sorted_tables if table in found]
