"""/healthz and /metrics say when the public record is in trouble, while stamps are judged all the same."""

import datetime as dt
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from temthat_stamps.log.witness_client import WitnessClient
from temthat_stamps.runs.book import LogBook
from temthat_stamps.runs.operator import log_signer
from temthat_stamps.trust.roles import TIMESTAMP, rule_of
from temthat_verify_api import emitter
from temthat_verify_api.emitter import Emitter
from temthat_verify_api.publisher import Publisher
from temthat_verify_api.recordhealth import RecordHealth

from .conftest import build_world

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio


async def codes(client: httpx.AsyncClient) -> list[str]:
    """What is in trouble; the service itself is well, and says each in both languages."""
    answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    record = answer.json()["record"]
    assert all(trouble["message_vi"] and trouble["message_en"] for trouble in record)
    return [trouble["code"] for trouble in record]


async def figures(client: httpx.AsyncClient) -> dict[str, float]:
    """The figures without labels."""
    text = (await client.get("/metrics")).text
    return {name: float(value) for name, value in re.findall(r"^(temthat_\w+) (\S+)$", text, re.M)}


def lonely(world: "World", silent: int) -> LogBook:
    """The log, of whose witnesses the first `silent` do not answer."""
    services = world.services
    book = services.book
    witnesses = [
        WitnessClient("http://127.0.0.1:1", witness.key, timeout=1) if number < silent else witness
        for number, witness in enumerate(book._witnesses)
    ]
    signer = log_signer(services.sealer, services.settings.origin)
    folder = services.settings.public_dir
    return LogBook(services.sessions, services.registry, folder, signer, book.policy, witnesses)


async def test_all_is_well(founded_world: "World") -> None:
    """Nothing to tell, and the figures of a log that is published whole."""
    world = founded_world
    world.run()
    world.services.record.publish()
    async with world.client() as client:
        assert await codes(client) == []
        told = await figures(client)
    assert told["temthat_log_entries"] == told["temthat_log_published"] > 2
    assert (told["temthat_publishing_failed"], told["temthat_witnesses_missing"]) == (0, 0)
    assert told["temthat_trust_seconds_left"] > 3 * 86_400
    assert told["temthat_record_troubles"] == 0


def test_silent_witnesses_are_told(founded_world: "World") -> None:
    """Too few of them: nothing is published, and that is said, until they answer again; a stamp is judged meanwhile."""
    world = founded_world
    world.services.record.publish()
    publisher = Publisher(world.services)
    health = RecordHealth(world.services, publisher)
    book = world.services.book
    world.services.record._book = lonely(world, 2)
    world.run()
    publisher.publish()
    state = health.look()
    assert state.failing
    assert state.published < state.entries
    assert [trouble.code for trouble in state.troubles] == ["not_published"]
    assert "chứng kiến" in state.troubles[0].vi
    world.services.record._book = book
    publisher.publish()
    assert health.look().troubles == ()
    assert health.look().published == health.look().entries


def test_one_missing_witness_is_told_before_it_stops_anything(sqlite_url: str, tmp_path: Path) -> None:
    """One of two is enough here: all is published, and the operator hears who was silent."""
    world = build_world(sqlite_url, tmp_path / "data", founded=True, witness_quorum=1)
    publisher = Publisher(world.services)
    world.services.record._book = lonely(world, 1)
    publisher.publish()
    state = RecordHealth(world.services, publisher).look()
    assert (state.failing, state.witnesses_missing) == (False, 1)
    [trouble] = state.troubles
    assert trouble.code == "witnesses_missing"
    assert "witness-1" in trouble.vi
    world.services.close()


async def test_trust_data_about_to_expire_and_expired(founded_world: "World") -> None:
    """First that it will, then that it has; the clock moves and nobody publishes."""
    world = founded_world
    world.services.record.publish()
    rule = rule_of(TIMESTAMP)
    publisher = Publisher(world.services)
    health = RecordHealth(world.services, publisher)
    world.clock[0] += rule.period - rule.warning + dt.timedelta(hours=1)
    soon = [trouble for trouble in health.look().troubles if TIMESTAMP in trouble.vi]
    assert [trouble.code for trouble in soon] == ["trust_expiring"]
    world.clock[0] += rule.warning
    state = health.look()
    late = [trouble for trouble in state.troubles if TIMESTAMP in trouble.vi]
    assert [trouble.code for trouble in late] == ["trust_expired"]
    assert state.trust_left is not None
    assert state.trust_left < dt.timedelta(0)
    publisher.publish()
    assert not [trouble for trouble in health.look().troubles if TIMESTAMP in trouble.vi]


async def test_without_a_ceremony_or_a_signer(world: "World", tmp_path: Path) -> None:
    """A new service says what it still lacks."""
    settings = world.services.settings.model_copy(update={"signer": tmp_path / "nobody"})
    world.services = replace(world.services, settings=settings)
    async with world.client() as client:
        assert await codes(client) == ["signer_silent", "no_trust_data"]
        assert (await figures(client))["temthat_trust_seconds_left"] == 0
        assert str(tmp_path) not in (await client.get("/healthz")).text


def test_what_nobody_foresaw_is_told_too(founded_world: "World", monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the program itself does not end the thread, and is not silent."""

    def broken(**_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(founded_world.services.record, "publish", broken)
    publisher = Publisher(founded_world.services)
    publisher.publish()
    codes = [trouble.code for trouble in RecordHealth(founded_world.services, publisher).look().troubles]
    assert "not_published" in codes


async def test_records_that_no_event_tells_of_are_told(
    world: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it goes through; the service is well meanwhile."""
    telling = Emitter(world.services)
    health = RecordHealth(world.services, Publisher(world.services), telling)

    def failing(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(emitter, "AGAIN_AFTER", 0)
    with monkeypatch.context() as broken:
        broken.setattr(emitter, "tell", failing)
        telling._tell([])
    assert "events_untold" in [trouble.code for trouble in health.look().troubles]
    telling._tell([])
    assert "events_untold" not in [trouble.code for trouble in health.look().troubles]
