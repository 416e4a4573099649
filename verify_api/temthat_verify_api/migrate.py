"""Bring a database to the schema of this program: one history, one transaction, the same on SQLite and PostgreSQL.

For those who change the tables: ``python -m temthat_verify_api.migrate "what changes"`` drafts a migration by comparing
the tables with a database made by the history so far; read it before you keep it.
"""

import datetime as dt
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from temthat_trace.database import make_engine
from temthat_verify_api.migrations.furnishing import furnish

_UPGRADE_LOCK = 0x7E37_4A7
"""PostgreSQL's advisory lock that lets one upgrade or restore run at a time."""


class SchemaError(Exception):
    """The database is not at the schema of this program; `vi` and `en` say what to do."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(f"{vi}\n{en}")
        self.vi = vi
        self.en = en


def head() -> str:
    """The schema revision this program works with."""
    revision = _scripts().get_current_head()
    assert revision is not None, "the history has exactly one end"
    return revision


def current(url: str) -> str | None:
    """The schema revision of the database at this SQLAlchemy URL; None when it is empty, or a file not there yet."""
    target = sa.make_url(url)
    if target.get_backend_name() == "sqlite" and not Path(target.database or "").exists():
        return None
    with _connection(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_current(url: str) -> bool:
    """Whether this program can work with the database as it is."""
    return current(url) == head()


def require_current(url: str) -> None:
    """Raises `SchemaError` unless the database has this program's schema. The service calls it before it starts."""
    found = current(url)
    if found == head():
        return
    if found is None:
        where = sa.make_url(url).render_as_string(hide_password=True)
        raise SchemaError(
            f"Chưa có dữ liệu ở {where}. Nếu bị mất: khôi phục từ bản sao lưu (temthat restore). "
            "Máy chủ mới: temthat init. Chỉ tạo cấu trúc trống: temthat migrate",
            f"There are no data in {where}. If they were lost, restore a backup (temthat restore). "
            "For a new service run temthat init; for an empty schema alone: temthat migrate",
        )
    if found in _history():
        raise SchemaError(
            "Cơ sở dữ liệu chưa có cấu trúc mới nhất. Hãy sao lưu rồi chạy lệnh: temthat migrate",
            f"The database schema is {found}, this program needs {head()}. "
            "Make a backup, then run: temthat migrate",
        )
    raise SchemaError(
        "Cơ sở dữ liệu thuộc về một phiên bản TemThật mới hơn. Hãy cài phiên bản mới rồi khởi động lại.",
        f"The database schema {found} belongs to a newer TemThật. Install the newer version, then start again.",
    )


def upgrade(url: str, today: dt.date | None = None) -> None:
    """Bring the database to this program's schema, wholly or not at all; harmless when it is there already.

    Raises `SchemaError` for a database of a newer program. `today` decides which months of checks are prepared.
    """
    target = sa.make_url(url)
    if target.get_backend_name() == "sqlite" and target.database:
        Path(target.database).parent.mkdir(parents=True, exist_ok=True)
    if current(url) not in {None, *_history()}:
        require_current(url)
    with _connection(url) as connection:
        with _tables_made_anew(connection):
            command.upgrade(_config(connection), "head")
        furnish(connection, today or dt.datetime.now(dt.UTC).date())
        connection.commit()


def draft(message: str) -> Path:
    """Write a new migration, to be read by a person before it is kept; returns its file."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/draft.db"
        number = f"{len(_history()) + 1:04}"
        if number != "0001":
            upgrade(url)
        with _connection(url) as connection:
            script = command.revision(_config(connection), message, autogenerate=True, rev_id=number)
    assert not isinstance(script, list)
    assert script is not None
    path = Path(script.path)
    path.write_text("".join(line for line in path.open() if " ### " not in line))
    return path


@contextmanager
def _connection(url: str) -> Iterator[sa.Connection]:
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def _tables_made_anew(connection: sa.Connection) -> Iterator[None]:
    """The upgrade's transaction. SQLite changes a table by making it anew, which rows that refer to it must survive."""
    if connection.dialect.name != "sqlite":
        begin_alone(connection)
        yield
        return
    connection.exec_driver_sql("PRAGMA foreign_keys=OFF")  # has no effect within a transaction
    begin_alone(connection)
    yield
    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall():
        tables = ", ".join(sorted({str(row[0]) for row in broken}))
        raise SchemaError(
            f"Nâng cấp làm đứt liên kết dữ liệu ở {tables}; chưa có gì thay đổi. Hãy báo đơn vị hỗ trợ.",
            f"The upgrade would break references in {tables}; nothing was changed. Ask whoever supports you.",
        )


def begin_alone(connection: sa.Connection) -> None:
    """Open the transaction that only one upgrade or restore at a time can hold, never waiting long for the service."""
    if connection.dialect.name == "sqlite":
        # Python's driver begins on its own only before changes to rows: tables need to be told.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    connection.execute(sa.text("select pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
    connection.execute(sa.text("set local lock_timeout = '4s'"))


def _config(connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "v%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _history() -> set[str]:
    """Every revision this program knows."""
    return {script.revision for script in _scripts().walk_revisions()}


if __name__ == "__main__":
    sys.stdout.write(f"{draft(' '.join(sys.argv[1:]) or 'change')}\n")
