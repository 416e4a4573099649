"""A database of the version before the log becomes one of this version: nothing is lost, nothing printed goes bad.

`versions/version-0001.zip` is a backup that the old program wrote: a void and a recalled run, one recalled and
lifted again, one print job confirmed, one whose file may still be fetched, one waiting. Beside it stamps it printed.
"""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy import select

from temthat_stamps.bundle.offline import judge_offline
from temthat_stamps.bundle.pack import make_pack, parse_pack
from temthat_stamps.bundle.store import TrustStore
from temthat_stamps.log.entries import size
from temthat_stamps.log.finding import Finding, FindingCode
from temthat_stamps.log.reader import FolderReader
from temthat_stamps.log.records import LogEntry
from temthat_stamps.log.replay import Replay
from temthat_stamps.log.trust_files import trust_file
from temthat_stamps.log.witness_client import LocalWitness
from temthat_stamps.logged import LogOpened
from temthat_stamps.runs.custody import request_issuer_key
from temthat_stamps.runs.enrolment import pending, publish_delegation, request_for_old_keys
from temthat_stamps.runs.operator import log_signer
from temthat_stamps.runs.produce import fetch, produce, unfinished_jobs
from temthat_stamps.runs.records import IssuerKey, JobState, PrintJob, Run, StampKey
from temthat_stamps.runs.register import register_run
from temthat_stamps.sealing import Sealer
from temthat_stamps.statement import peek
from temthat_stamps.trust.house import HouseCeremony
from temthat_stamps.trust.logtrust import LogTrust
from temthat_stamps.trust.online import online_keys
from temthat_trace.database import make_engine
from temthat_trace.parties import Party
from temthat_verify_api import migrate
from temthat_verify_api.archive import Archive, open_key
from temthat_verify_api.press import press_of
from temthat_verify_api.rows import load_table
from temthat_verify_api.settings import Settings
from temthat_verify_api.tables import metadata
from temthat_verify_api.wiring import build_services

from .conftest import HOST, World

FOLDER = Path(__file__).with_name("versions")
PASSPHRASE = "mật khẩu đủ dài"
KNOWN = json.loads((FOLDER / "version-0001.json").read_text("utf-8"))
CODES = [(word, code) for word, codes in KNOWN["codes"].items() for code in codes]
OLD = ("notice", "run", "stamp_key")
MOVED = {"notice": "envelope", "run": "manifest", "stamp_key": "announcement"}
"""Where the old version kept a statement."""


@dataclass
class Upgraded:
    """The old house on this version; `statements` as the old database had them."""

    world: World
    statements: dict[str, list[bytes]]


def write_old(url: str, folder: Path) -> dict[str, list[bytes]]:
    """The old database, its files and its master key as they were."""
    engine = make_engine(url)
    with Archive(FOLDER / "version-0001.zip") as archive, engine.connect() as connection:
        migrate.begin_alone(connection)
        command.upgrade(migrate._config(connection), "0001")
        connection.execute(sa.text("delete from revision"))
        for table in metadata.sorted_tables:
            if table.name in archive.manifest.rows:
                lines = list(archive.lines(f"tables/{table.name}.jsonl"))
                if lines:
                    load_table(connection, as_it_was(table, json.loads(lines[0])), lines)
        statements = {
            name: list(connection.scalars(sa.text(f"select {MOVED[name]} from {name}"))) for name in OLD
        }
        connection.commit()
        for name in archive.names("files/"):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(f"files/{name}") as source:
                path.write_bytes(source.read())
        key = open_key(archive.sealed_key, PASSPHRASE, archive.manifest_bytes)
    engine.dispose()
    (folder / "master.key").write_text(key.hex() + "\n")
    (folder / "master.key").chmod(0o600)
    return {name: [bytes(data) for data in found] for name, found in statements.items()}


def as_it_was(table: sa.Table, row: dict[str, object]) -> sa.Table:
    """The table with the columns it had; those that are gone held statements."""
    now = table.columns
    columns = (
        sa.Column(
            name,
            now[name].type if name in now else sa.LargeBinary(),
            primary_key=name in now and now[name].primary_key,
        )
        for name in row
    )
    return sa.Table(table.name, sa.MetaData(), *columns)


@pytest.fixture
def upgraded(empty_database_url: str, tmp_path: Path) -> Iterator[Upgraded]:
    """A day later the new version was installed, migrated and started."""
    folder = tmp_path / "house"
    folder.mkdir()
    statements = write_old(empty_database_url, folder)
    assert migrate.current(empty_database_url) == "0001"
    migrate.upgrade(empty_database_url)
    settings = Settings(mode="demo", database_url=empty_database_url, data_dir=folder, host=HOST)
    key = log_signer(Sealer(bytes.fromhex((folder / "master.key").read_text())), settings.origin).key
    named = []
    for name in ("witness-1", "witness-2"):
        named.append(f"{LocalWitness.new(folder / name, name, [key]).key} local:{folder / name}")
    clock = [dt.datetime.fromisoformat(KNOWN["at"]) + dt.timedelta(days=1)]
    services = build_services(settings.model_copy(update={"witnesses": tuple(named)}), lambda: clock[0])
    services.book.open()
    with services.sessions() as session:
        request_for_old_keys(session, services.registry)
        session.commit()
    yield Upgraded(World(services, clock), statements)
    services.close()


def vouch(world: World) -> None:
    """The provinces delegate to the old keys, and to a new one of each party."""
    services = world.services
    policy = services.book.policy
    log = LogTrust(
        services.settings.origin,
        str(policy.log_key),
        tuple(map(str, policy.witnesses)),
        policy.quorum,
        (services.registry.operator.public_key,),
        (HOST,),
    )
    ceremony = HouseCeremony(
        services.settings.data_dir / "ceremony",
        services.settings.public_dir / "trust",
        online_keys(services.sealer),
        mode="demo",
    )
    ceremony.found(log, ["01"], world.now)
    with services.sessions() as session:
        for party in session.scalars(select(Party)):
            request_issuer_key(session, services.registry, party)
        ceremony.approve([key.enrolment for key in pending(session)], size(session), world.now)
        publish_delegation(session, services.registry, services.settings.public_dir / "trust")
        session.commit()
    services.record.publish(bundle_now=True)


def replayed(world: World) -> tuple[Replay, list[Finding]]:
    """What an auditor makes of the published log."""
    services = world.services
    latest = services.book.publish()
    replay = Replay(services.settings.origin, trust_file(FolderReader(services.settings.public_dir)))
    found = []
    for index, envelope in enumerate(services.book.folder.entries(0, latest.checkpoint.size)):
        stated = replay.apply(index, envelope)
        assert replay.backfilled == (1 <= index <= 9)
        found += ([stated] if isinstance(stated, Finding) else []) + replay.remarks
    return replay, found + replay.finish()


def test_statements_move_into_the_log_and_are_marked(upgraded: Upgraded) -> None:
    """Every one as it was signed, in order of time, the first entry saying how many are older than the log."""
    with upgraded.world.services.sessions() as session:
        opening, *older = session.scalars(select(LogEntry).order_by(LogEntry.index)).all()
        opened = LogOpened.parse(peek(opening.envelope))
        assert (opened.backfill, [entry.index for entry in older]) == (9, list(range(1, 10)))
        assert [entry.at for entry in older] == sorted(entry.at for entry in older)
        assert opened.at >= older[-1].at
        assert sorted(entry.envelope for entry in older) == sorted(
            chain.from_iterable(upgraded.statements.values())
        )
        for run in session.scalars(select(Run)):
            assert peek(session.get_one(LogEntry, run.log_index).envelope)["run"] == run.run
        for key in session.scalars(select(StampKey)):
            body = peek(session.get_one(LogEntry, key.log_index).envelope)
            assert (body["type"], body["hint"]) == ("key_opened", key.hint.hex())


@pytest.mark.anyio
async def test_old_stamps_are_judged_as_before(upgraded: Upgraded) -> None:
    """Codes and printed numbers, online, whether the provinces have vouched for the old keys or not."""
    world = upgraded.world
    async with world.client() as client:
        for word, code in CODES:
            answer = (await client.post("/api/v1/verify", json={"code": code})).json()
            assert answer["verdict"] == word, code


def test_the_log_is_whole_once_the_old_keys_are_vouched_for(upgraded: Upgraded, tmp_path: Path) -> None:
    """Until then an audit names each of the nine as the operator's word; then offline scanners know the old stamps."""
    world = upgraded.world
    _, before = replayed(world)
    # A recall and a lift have two signers each, and each of them has to be vouched for.
    assert {finding.code for finding in before} == {FindingCode.BACKFILL_UNVOUCHED}
    assert {finding.index for finding in before} == set(range(1, 10))
    vouch(world)
    assert replayed(world)[1] == []
    root = (world.services.settings.public_dir / "trust" / "1.root.json").read_bytes()
    store = TrustStore(tmp_path / "scanner", root, world.now)
    store.update(parse_pack(make_pack(world.services.settings.public_dir)), world.now)
    trust = store.load()
    for word, code in CODES:
        if len(code) == 122:
            found = judge_offline(code, trust, world.now).verdict.word
            assert found == word.replace("genuine", "genuine_offline"), code


def test_old_jobs_and_what_is_left_of_old_runs(upgraded: Upgraded) -> None:
    """A file made before may be fetched; what was not made asks for a new run, which the same batch allows."""
    world = upgraded.world
    vouch(world)
    press = press_of(world.services)
    with world.services.sessions() as session:
        confirmed, ready, waiting = session.scalars(select(PrintJob).order_by(PrintJob.run, PrintJob.first))
        assert (confirmed.state, ready.state, waiting.state) == (
            JobState.CONFIRMED, JobState.READY, JobState.WAITING,
        )  # fmt: skip
        assert fetch(session, press, ready, "Chị Mai").stat().st_size > 1_000
        assert list(unfinished_jobs(session)) == [waiting.id]
        session.commit()
        failed = produce(press, waiting.id)
        assert failed.state is JobState.FAILED
        assert "đợt in mới" in failed.problem
        old = session.get_one(Run, waiting.run)
        fresh = register_run(session, world.services.registry, old.batch, old.pack_form, 20)
        session.commit()
        assert (fresh.run, fresh.stamp_key.log_index > 9) == (4, True)
        number = fresh.run
    world.services.book.prove_run(number)
    assert world.code(number, 20)


def test_old_keys_are_gone(upgraded: Upgraded) -> None:
    """Private parts of stamp keys and issuer keys are destroyed; asking again asks for nothing."""
    services = upgraded.world.services
    with services.sessions() as session:
        assert [key.sealed for key in session.scalars(select(StampKey))] == [None, None]
        old = session.scalars(select(IssuerKey)).all()
        assert [(key.sealed, bool(key.enrolment), key.retired_at is not None) for key in old] == [
            (None, True, True)
        ] * 2
        assert request_for_old_keys(session, services.registry) == []
