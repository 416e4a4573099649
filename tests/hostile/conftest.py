"""A house under attack: stamps of every verdict on one database, a client that may send anything, a real server.

The house is built once; tests here only ask, or record checks of serials of their own.
"""

import datetime as dt
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from temthat_stamps.code import encode
from temthat_stamps.verdict import NoticeKind, Word
from temthat_verify_api.accounts import KeyRole
from temthat_verify_api.app import create_app

from ..conftest import PostgresForTests
from ..verify_api.conftest import World, build_world
from .asking import Client, asking
from .serving import Server, serving

SERIALS = 100
"""Stamps of each run of the house."""


@dataclass(frozen=True)
class House:
    """A world in today's time, one stamp for every verdict, and a key for every role."""

    world: World
    folder: Path
    stamps: dict[str, Word]
    """Codes and printed numbers with the verdict a consumer is told."""

    runs: dict[str, int]
    tokens: dict[KeyRole, str] = field(default_factory=dict)

    def fresh(self, serial: int) -> str:
        """A genuine code nobody else asks about, `serial` from 20 on."""
        return self.world.code(self.runs["plain"], serial)


def _build(database_url: str, folder: Path) -> House:
    world = build_world(database_url, folder, founded=True)
    world.clock[0] = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    house = House(world, folder, {}, {})
    _fill(house)
    world.services.record.publish(bundle_now=True)
    return house


@pytest.fixture(scope="session")
def house(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The house on SQLite."""
    folder = tmp_path_factory.mktemp("house") / "data"
    folder.mkdir()
    shutil.copy(_sqlite_template, folder / "temthat.db")
    house = _build(f"sqlite:///{folder / 'temthat.db'}", folder)
    yield house
    house.world.services.engine.dispose()


@pytest.fixture(scope="session")
def postgres_house(
    postgres: PostgresForTests, _postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """The same on PostgreSQL."""
    url = postgres.url(postgres.new_database(_postgres_template))
    house = _build(url, tmp_path_factory.mktemp("postgres-house"))
    yield house
    house.world.services.engine.dispose()


def _fill(house: House) -> None:
    world, runs, stamps = house.world, house.runs, house.stamps
    yesterday = world.now.date() - dt.timedelta(days=2)
    for name in ("plain", "recalled", "voided", "held"):
        runs[name] = world.run(SERIALS, expires_on=None, lot=name)
    runs["old"] = world.run(SERIALS, expires_on=yesterday, lot="old")
    runs["gs1"] = world.run(SERIALS, expires_on=None, lot="G-1/2", gs1=True)
    world.notify(runs["recalled"], NoticeKind.RECALL)
    world.notify(runs["voided"], NoticeKind.VOID, serials=(1, 50), reason="misprint")
    world.notify(runs["held"], NoticeKind.HOLD, serials=(1, 50), reason="other")
    for name, word in (
        ("plain", Word.GENUINE),
        ("recalled", Word.RECALLED),
        ("voided", Word.REVOKED),
        ("held", Word.NOT_APPLIED),
        ("old", Word.EXPIRED),
        ("gs1", Word.GENUINE),
    ):
        stamps[world.code(runs[name])] = word
        stamps[world.number(runs[name])] = word
    stamps[world.forged(runs["plain"])] = Word.FORGED
    stamps[world.wrong_number(runs["plain"])] = Word.FORGED
    stamps[encode(b"\x02" + bytes(11), bytes(64))] = Word.CANNOT_TELL
    stamps["B" * 122] = Word.NOT_OURS
    for role in KeyRole:
        house.tokens[role] = world.api_key(role)


@pytest.fixture(scope="session")
def client(house: House) -> Iterator[Client]:
    """The application in this process; an exception nobody caught shows as the 500 it would be."""
    with asking(create_app(house.world.services)) as client:
        yield client


@pytest.fixture(scope="session")
def postgres_client(postgres_house: House) -> Iterator[Client]:
    """The same application on PostgreSQL."""
    with asking(create_app(postgres_house.world.services)) as client:
        yield client


@pytest.fixture(scope="session")
def server(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`temthat serve` in production, in a process of its own, on a copy of the house."""
    folder = tmp_path_factory.mktemp("served") / "data"
    house.world.services.engine.dispose()  # folds the write-ahead log into the file that is copied
    shutil.copytree(house.folder, folder)
    with serving(folder) as server:
        yield server
