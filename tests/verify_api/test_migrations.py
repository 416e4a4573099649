"""The one migration history, on SQLite and PostgreSQL."""

import datetime as dt
import os
import subprocess
import sys
import uuid
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from temthat_trace.database import make_engine
from temthat_verify_api import migrate
from temthat_verify_api.migrations.furnishing import furnish, is_partition, make_months, spread_over_citus
from temthat_verify_api.tables import metadata


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query))]
    finally:
        engine.dispose()


def run(url: str, statement: str, **values: object) -> None:
    engine = make_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(sa.text(statement), values)
    finally:
        engine.dispose()


def test_the_history_makes_exactly_the_declared_tables(empty_database_url: str) -> None:
    """Alembic finds no difference between a database made by the history and the mapped records."""
    migrate.upgrade(empty_database_url)
    engine = make_engine(empty_database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _: not (kind == "table" and is_partition(name or "")),
            },
        )
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_an_upgrade_may_be_repeated(empty_database_url: str) -> None:
    """The second upgrade changes nothing, and there is exactly one revision row."""
    assert migrate.current(empty_database_url) is None
    migrate.upgrade(empty_database_url)
    run(empty_database_url, "update revision set value = 5")
    migrate.upgrade(empty_database_url)
    assert migrate.current(empty_database_url) == migrate.head()
    assert rows(empty_database_url, "select id, value from revision") == [(1, 5)]


def test_an_empty_database_asks_for_migrate(empty_database_url: str) -> None:
    """The service does not start on a database without tables; the message names the command, in both languages."""
    assert not migrate.is_current(empty_database_url)
    with pytest.raises(migrate.SchemaError) as caught:
        migrate.require_current(empty_database_url)
    assert "temthat migrate" in caught.value.vi
    assert "temthat migrate" in caught.value.en


def test_a_newer_database_is_left_alone(database_url: str) -> None:
    """A database of a newer program is neither used nor migrated."""
    migrate.require_current(database_url)
    run(database_url, "update alembic_version set version_num = '9999'")
    for attempt in (migrate.require_current, migrate.upgrade):
        with pytest.raises(migrate.SchemaError, match="newer"):
            attempt(database_url)


def test_a_failed_upgrade_leaves_nothing_behind(empty_database_url: str) -> None:
    """All tables or none: an upgrade that stumbles over a foreign table has made no other one."""
    run(empty_database_url, "create table web_session (strange integer)")
    with pytest.raises(sa.exc.DatabaseError, match="web_session"):
        migrate.upgrade(empty_database_url)
    engine = make_engine(empty_database_url)
    assert sa.inspect(engine).get_table_names() == ["web_session"]
    engine.dispose()


def test_checks_are_kept_by_month_on_postgresql(postgres_url: str) -> None:
    """An id of this month goes to this month's part, one of a wild clock to the default part."""
    insert = "insert into stamp_event values (1, 1, :id, now(), 'check', 'consumer', null, null, 'genuine')"
    now = dt.datetime.now(dt.UTC)
    run(postgres_url, insert, id=uuid.UUID(int=int(now.timestamp() * 1000) << 80))
    run(postgres_url, insert, id=uuid.UUID(int=1))
    found = rows(postgres_url, "select tableoid::regclass::text from stamp_event order by id")
    assert found == [("stamp_event_default",), (f"stamp_event_{now:%Y_%m}",)]


def test_months_can_be_added_at_any_time(postgres_url: str) -> None:
    """A later call adds the months that follow; a month whose checks lie in the default part is left there."""
    late = dt.date(2031, 11, 5)
    inside = uuid.UUID(int=int(dt.datetime(2031, 12, 24, tzinfo=dt.UTC).timestamp() * 1000) << 80)
    run(
        postgres_url,
        "insert into stamp_event values (1, 1, :id, now(), 'check', 'consumer', null, null, 'genuine')",
        id=inside,
    )
    engine = make_engine(postgres_url)
    with engine.begin() as connection:
        make_months(connection, late, 2)
        make_months(connection, late, 2)
        made = {
            name
            for name in sa.inspect(connection).get_table_names()
            if "_20" in name and name[12:16] > "2030"
        }
    engine.dispose()
    assert made == {"stamp_event_2031_11", "stamp_event_2032_01"}


def test_there_is_no_way_down() -> None:
    """A database goes back by restoring a backup: no migration offers a downgrade."""
    for script in migrate._scripts().walk_revisions():
        assert not hasattr(script.module, "downgrade")


def test_citus_spreads_the_hot_tables() -> None:
    """On Citus the hot tables are distributed by run and colocated, what a run hangs on is on every machine."""
    url = os.environ.get("CITUS_DSN")
    if not url:
        pytest.skip("CITUS_DSN is not set: no Citus to try the spread on")
    migrate.upgrade(url)
    engine = make_engine(url)
    with engine.begin() as connection:
        spread_over_citus(connection)
        furnish(connection, dt.datetime.now(dt.UTC).date())
        found = connection.execute(
            sa.text("select logicalrelid::regclass::text, partmethod::text from pg_dist_partition")
        )
        kinds = {name: kind for name, kind in found}  # noqa: C416
    engine.dispose()
    assert kinds["stamp_state"] == kinds["stamp_event"] == "h"
    assert kinds["run"] == kinds["party"] == kinds["revision"] == "n"


def test_the_wheel_carries_the_history(tmp_path: Path) -> None:
    """Whoever installs the package can migrate: environment and revisions are in the wheel."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        names = set(content.namelist())
    history = root / "verify_api" / "temthat_verify_api" / "migrations"
    wanted = {
        p.relative_to(root / "verify_api").as_posix()
        for p in history.rglob("*")
        if p.suffix in {".py", ".mako"}
    }
    assert wanted <= names
