"""`temthat night`: the nightly work by hand, and by the service's own thread at its hour."""

import datetime as dt
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from temthat.main import app
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.copies.records import StampEvent
from temthat_stamps.verdict import Asker
from temthat_trace.formats import VIETNAM
from temthat_trace.ids import uuid7
from temthat_verify_api.nightly.records import Night
from temthat_verify_api.nightly.rounds import Nights

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

OLD = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def run(world: "World", monkeypatch: pytest.MonkeyPatch) -> int:
    """A run with one old event, and the environment that names its database."""
    settings = world.services.settings
    monkeypatch.setenv("TEMTHAT_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("TEMTHAT_DATABASE_URL", settings.database_url)
    number = world.run()
    with world.services.sessions() as session:
        session.add(
            StampEvent(
                run=number, serial=1, id=uuid7(int(OLD.timestamp() * 1000)), at=OLD, event=StampEventKind.CHECK,
                kind=Asker.CONSUMER, verdict="genuine",
            )
        )  # fmt: skip
        session.commit()
    return number


def nights(world: "World") -> list[Night]:
    with world.services.sessions() as session:
        return list(session.scalars(select(Night).order_by(Night.day)))


def test_by_hand_it_says_what_it_did(world: "World", run: int) -> None:
    answer = CliRunner().invoke(app, ["night"])
    assert answer.exit_code == 0, answer.output
    assert "Đã xóa 1 sự kiện cũ" in answer.output
    assert "Deleted 1 old events, counted 1 runs" in answer.output
    assert "Đã xóa 0" in CliRunner().invoke(app, ["night"]).output, "again does no harm"


def test_somebody_else_at_work_is_told(world: "World", run: int) -> None:
    now = dt.datetime.now(dt.UTC)
    with world.services.sessions() as session:
        session.add(Night(day=now.date(), begun_at=now, busy_until=now + dt.timedelta(minutes=9)))
        session.commit()
    answer = CliRunner().invoke(app, ["night"])
    assert answer.exit_code == 1
    assert "tiến trình khác" in answer.output


def test_the_service_does_it_once_a_night(world: "World", run: int) -> None:
    """At two in the morning, not again at three, again the next night; not in between."""
    rounds = Nights(world.services)
    for at, done in (("26 02:00", 1), ("26 03:00", 1), ("26 14:00", 1), ("27 00:30", 1), ("27 01:00", 2)):
        world.clock[0] = dt.datetime.strptime(f"2026-05-{at}", "%Y-%m-%d %H:%M").replace(tzinfo=VIETNAM)
        rounds.round()
        assert len([night for night in nights(world) if night.ended_at]) == done, at
    assert [night.deleted for night in nights(world)] == [1, 0]


def test_a_service_that_stops_leaves_the_rest_for_later(world: "World", run: int) -> None:
    rounds = Nights(world.services)
    rounds.start()
    rounds.close()
    rounds.round()
    assert [night.ended_at for night in nights(world)] == [None]
    Nights(world.services).round()
    assert [night.deleted for night in nights(world)] == [1]


def test_a_night_that_fails_is_tried_again_after_a_while(
    world: "World", run: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every minute: what it has to go through again may be much."""
    tries = []

    def fail(*_: object) -> None:
        tries.append(world.now)
        raise ZeroDivisionError

    monkeypatch.setattr("temthat_verify_api.nightly.work.teach", fail)
    rounds = Nights(world.services)
    for _ in range(65):
        with suppress(ZeroDivisionError):
            rounds.round()
        world.forward(minutes=1)
    assert len(tries) == 3
