"""Records become events a moment after they were committed; what was missed is caught up; the command tells all."""

import datetime as dt
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from temthat_stamps.runs.records import Run
from temthat_trace.batches import Batch
from temthat_trace.emitting import words
from temthat_trace.emitting.repository import Emitted, held_of
from temthat_trace.epcis.problems import EpcisError, Problem
from temthat_trace.epcis.tables import EpcisEvent
from temthat_trace.events import Event, Step
from temthat_trace.parties import Party
from temthat_trace.products import Product
from temthat_verify_api import emitter
from temthat_verify_api.accounts import KeyRole, issue_api_key
from temthat_verify_api.commands import epcis as commands
from temthat_verify_api.commands.session import open_records
from temthat_verify_api.emitter import Emitter, recent_batches, tell

from .commands.test_office import HOLDER, WORKBOOK, temthat

if TYPE_CHECKING:
    from tests.verify_api.conftest import World


def events(world: "World") -> list[dict[str, Any]]:
    """What the repositories hold of all batches."""
    with world.services.sessions() as session:
        parties = {batch.id: batch.party_id for batch in session.scalars(select(Batch))}
        return [event for found in held_of(session, parties).values() for event in found]


def soon(met: Callable[[], bool]) -> None:
    """Wait until it is so."""
    until = time.monotonic() + 120
    while not met():
        assert time.monotonic() < until
        time.sleep(0.02)


def add_batch(world: "World", lot: str) -> None:
    with world.services.sessions() as session:
        product = session.scalars(select(Product)).one()
        batch = Batch(
            party_id=product.party_id, product_id=product.id, lot=lot, quantity=Decimal(5), unit="KGM",
            made_on=dt.date(2026, 5, 1),
        )  # fmt: skip
        session.add(batch)
        session.commit()


def add_step(world: "World", lot: str) -> None:
    with world.services.sessions() as session:
        batch = session.scalars(select(Batch).where(Batch.lot == lot)).one()
        made = Event(
            batch_id=batch.id, step=Step.STORAGE, at=world.now, text="", actor="", recorded_by=batch.party_id,
            recorded_at=world.now,
        )  # fmt: skip
        made.seal()
        session.add(made)
        session.commit()


def test_what_is_committed_is_told(any_world: "World") -> None:
    """A batch with its stamps, then an entry of its diary; what was rolled back is not. Closing ends the thread."""
    world = any_world
    telling = Emitter(world.services)
    telling.start()
    try:
        world.run(120, lot="L01")
        soon(lambda: len(events(world)) == 3)
        assert {e["bizStep"] for e in events(world)} == {
            "creating_class_instance",
            "urn:temthat:epcis:BizStep-harvesting",
            "encoding",
        }
        with world.services.sessions() as session:
            session.scalars(select(Batch)).one().quantity = Decimal(7)
            session.flush()
            session.rollback()
        add_step(world, "L01")
        soon(lambda: len(events(world)) == 4)
        assert not [e for e in events(world) if "errorDeclaration" in e]
    finally:
        telling.close()
    assert telling.problem is None


def test_what_a_stop_kept_back_is_told_at_the_next_start(world: "World") -> None:
    """Recent batches, and older ones with a recent entry."""
    add_batch(world, "L01")
    with world.services.sessions() as session:
        later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
        assert recent_batches(session, later) == []
    world.clock[0] = dt.datetime.now(dt.UTC)
    telling = Emitter(world.services)
    telling.start()
    soon(lambda: len(events(world)) == 1)
    telling.close()


def test_what_fails_is_tried_again(world: "World", monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that does not answer for a moment keeps nothing from being told."""
    monkeypatch.setattr(emitter, "AGAIN_AFTER", 0.01)
    real, tried = emitter.tell, []

    def failing(*args: Any) -> Emitted:
        tried.append(1)
        if len(tried) < 3:
            raise OSError("the disk is full")
        return real(*args)

    monkeypatch.setattr(emitter, "tell", failing)
    telling = Emitter(world.services)
    telling.start()
    add_batch(world, "L01")
    soon(lambda: len(events(world)) == 1)
    telling.close()
    assert len(tried) >= 3
    assert telling.problem is None


def test_one_that_cannot_be_told_keeps_no_other_back(world: "World", monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that something is wrong with waits alone, in front of as many others as there are."""
    monkeypatch.setattr(emitter, "AGAIN_AFTER", 0.01)
    for number in range(5):
        add_batch(world, f"L0{number}")
    with world.services.sessions() as session:
        bad = session.scalars(select(Batch.id).where(Batch.lot == "L02")).one()
    real = emitter.tell

    def failing(sessions: Any, batches: Any, *more: Any) -> Emitted:
        if bad in batches:
            raise KeyError(bad)
        return real(sessions, batches, *more)

    monkeypatch.setattr(emitter, "tell", failing)
    world.clock[0] = dt.datetime.now(dt.UTC)
    telling = Emitter(world.services)
    telling.start()
    soon(lambda: len(events(world)) == 4)
    assert isinstance(telling.problem, KeyError)
    monkeypatch.setattr(emitter, "tell", real)
    soon(lambda: len(events(world)) == 5)
    telling.close()
    assert telling.problem is None


def test_a_start_looks_for_withdrawn_entries_and_stamps_too(world: "World") -> None:
    """An old batch is looked at when its entry was struck out lately, or when it lately got stamps."""
    world.run(lot="L01")
    add_batch(world, "L02")
    add_step(world, "L02")
    with world.services.sessions() as session:
        ids = {batch.lot: batch.id for batch in session.scalars(select(Batch))}
        later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
        assert recent_batches(session, later) == []
        session.scalars(select(Event).where(Event.batch_id == ids["L02"])).one().withdrawn_at = later
        session.scalars(select(Run).where(Run.batch_id == ids["L01"])).one().registered_at = later
        session.flush()
        assert set(recent_batches(session, later)) == set(ids.values())
        session.rollback()


def test_it_does_not_tell_twice(world: "World") -> None:
    """Whoever tells first: the thread, the command, a second process."""
    world.run(lot="L01")
    add_batch(world, "L02")
    with world.services.sessions() as session:
        ids = list(session.scalars(select(Batch.id)))
    services = world.services
    assert tell(services.sessions, ids, services.settings, services.now).told == 4
    assert tell(services.sessions, ids, services.settings, services.now).told == 0
    assert len({e[words.RECORD] for e in events(world)}) == len(events(world)) == 4


@pytest.mark.anyio
async def test_exporters_read_it_under_epcis(world: "World") -> None:
    """The running service: recorded by the cooperative, read with its key, without anybody writing EPCIS."""
    async with world.client() as client:
        world.run(lot="L01")
        soon(lambda: len(events(world)) == 3)
        with world.services.sessions() as session:
            party = session.scalars(select(Party).where(Party.code == "HTX-MAU")).one()
            key = issue_api_key(session, party, KeyRole.PRODUCER, "xuất khẩu")
            session.commit()
        [made] = [e for e in events(world) if e["bizStep"] == "creating_class_instance"]
        answer = await client.get(
            f"/epcis/v2/events/{made['eventID'].replace('?', '%3F').replace('/', '%2F')}",
            headers={"Authorization": f"Bearer {key}"},
        )
        assert answer.status_code == 200
        assert "L01" in answer.text


def test_the_command_tells_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Import tells what it brought in; the command finds nothing left, and can be run as often as one likes."""
    monkeypatch.setenv("TEMTHAT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TEMTHAT_DATABASE_URL", f"sqlite:///{tmp_path / 'data' / 'temthat.db'}")
    temthat("init", "--alliance", "Liên minh HTX Việt Nam", "--phone", "0912345678")
    temthat("import", WORKBOOK)
    with open_records() as (session, _):
        batches = session.scalar(select(func.count()).select_from(Batch))
        told = session.scalar(select(func.count()).select_from(EpcisEvent))
        assert told is not None
        assert batches is not None
        assert told > batches > 0
    assert ", 0 sự kiện mới" in temthat("epcis", "emit").output
    with open_records() as (session, _):
        batch = session.scalars(select(Batch).join(Party).where(Party.code == HOLDER)).first()
        assert batch is not None
        session.connection().exec_driver_sql("update batch set quantity = quantity + 1000000")
    assert "đính chính" in temthat("epcis", "emit", "--party", HOLDER).output
    assert ", 0 sự kiện mới" in temthat("epcis", "emit", "--party", HOLDER).output
    assert "Không có đơn vị XYZ" in temthat("epcis", "emit", "--party", "XYZ", expect=1).output


def test_records_that_cannot_be_told_are_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in telling; the command says so, and `epcis emit` says in words what it was."""
    monkeypatch.setenv("TEMTHAT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TEMTHAT_DATABASE_URL", f"sqlite:///{tmp_path / 'data' / 'temthat.db'}")
    temthat("init", "--alliance", "Liên minh HTX Việt Nam", "--phone", "0912345678")

    def failing(*_: object) -> Emitted:
        raise KeyError("a mistake of ours")

    with monkeypatch.context() as broken:
        broken.setattr(emitter, "tell_in", failing)
        assert "temthat epcis emit" in temthat("import", WORKBOOK).output

    def too_many(*_: object) -> Emitted:
        raise EpcisError([Problem("", "size", "Quá nhiều sự kiện.", "Too many events.")])

    with monkeypatch.context() as broken:
        broken.setattr(commands, "tell_in", too_many)
        assert "Quá nhiều sự kiện" in temthat("epcis", "emit", expect=1).output
    assert "0 lô" not in temthat("epcis", "emit").output
