"""Backup and restore: data and keys whole, on SQLite, on PostgreSQL and across; and every way they are refused."""

import datetime as dt
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from temthat_stamps.bundle.offline import judge_offline
from temthat_stamps.bundle.pack import make_pack, parse_pack
from temthat_stamps.bundle.store import TrustStore
from temthat_stamps.copies.campaigns import AlertState
from temthat_stamps.copies.records import CopySignal, StampEvent, StampEventKind, StampState
from temthat_stamps.custody.wrapping import unwrap_stamp_key
from temthat_stamps.ledger.records import Act, LedgerAct, Reprint, StampQuota
from temthat_stamps.runs.custody import run_secret, wrapped_stamp_key
from temthat_stamps.runs.records import JobState, PinFetch, PrintFetch, PrintJob, Run, RunBlock
from temthat_stamps.sealing import Sealer
from temthat_stamps.verdict import Asker, NoticeKind, Word
from temthat_trace.approvals.records import ApprovalRule, Proposal, Source, Subject
from temthat_trace.approvals.records import State as ProposalState
from temthat_trace.batches import Batch, BatchSource
from temthat_trace.consent import How, Purpose
from temthat_trace.database import make_engine, make_sessions
from temthat_trace.drafts import StepDraft
from temthat_trace.epcis.capture import capture
from temthat_trace.events import Event, EventPhoto, LineRole, Step, line
from temthat_trace.fieldwork import record_event
from temthat_trace.ids import uuid7
from temthat_trace.offers import ProductPhoto, SellerLink
from temthat_trace.papers import Attachment, Paper, PaperConfirmation
from temthat_trace.parties import Consent, Member, Party, PartyKind, Plot
from temthat_trace.privacy.records import Ask, Handling, PersonalLook, PersonalRequest
from temthat_trace.products import PackComponent, PackForm, PackKind, Product
from temthat_trace.purchases import PurchaseSlip
from temthat_verify_api import archive, keeping, migrate
from temthat_verify_api.accounts import KeyRole, Person, ResetCode, Role, WorkbookImport
from temthat_verify_api.alerts.records import (
    Alert,
    AlertMessage,
    AlertSignal,
    AlertStep,
    AlertSubscription,
    Way,
    What,
)
from temthat_verify_api.archive import Archive, KeepingError, NoSpace, TornArchive, WrongPassphrase
from temthat_verify_api.epcis.tables import NamedQuery, Subscription
from temthat_verify_api.keeping import TargetNotEmpty, backup, restore
from temthat_verify_api.nightly.records import LearnedHabits, Night, RunCopies, StampDay
from temthat_verify_api.pin_records import PinEntry
from temthat_verify_api.reports.records import ReportContact, ReportState, ReportStep, SuspectReport
from temthat_verify_api.sessions import open_session
from temthat_verify_api.settings import Settings, load_master_key
from temthat_verify_api.tables import metadata
from temthat_verify_api.wiring import EMBEDDED_SIGNER, build_services

from .conftest import World, build_world

PASSPHRASE = "mật khẩu đủ dài"
CHEAP = "from temthat_verify_api import archive; archive._SCRYPT['n'] = 4096"
"""For processes of their own: a passphrase at the tests' price."""
NOW = dt.datetime(2026, 5, 26, 3, 0, 0, 123456, tzinfo=dt.UTC)
EPCIS = {
    "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"vd": "https://vi.du/"}],
    "type": "EPCISDocument",
    "schemaVersion": "2.0",
    "creationDate": "2026-05-26T00:00:00Z",
    "epcisBody": {
        "eventList": [
            {
                "type": "ObjectEvent",
                "eventTime": "2026-05-25T10:00:00.123456+07:00",
                "eventTimeZoneOffset": "+07:00",
                "epcList": ["urn:epc:id:sgtin:8934567.011111.9"],
                "action": "ADD",
                "bizStep": "commissioning",
                "vd:note": "Chè “búp”\n=1+1",
            }
        ]
    },
}
Rows = dict[str, list[tuple[Any, ...]]]


def fill(world: "World") -> int:
    """A row in every table, with text, bytes, decimals and references that could go wrong; returns the run."""
    run = world.run(count=50)
    world.run(count=5, lot="L02")
    world.notify(run, NoticeKind.VOID, serials=(3, 4))
    world.notify(run, NoticeKind.RECALL)
    world.api_key(KeyRole.TILL)
    with world.services.sessions.begin() as session:
        htx = session.scalars(sa.select(Party).where(Party.code == "HTX-MAU")).one()
        alliance = session.scalars(sa.select(Party).where(Party.code == "LM")).one()
        product = session.scalars(sa.select(Product)).one()
        form = session.scalars(sa.select(PackForm)).one()
        paper = session.scalars(sa.select(Paper)).one()
        first, second = session.scalars(sa.select(Batch).order_by(Batch.lot)).all()
        # A union founded later than its cooperative: its id comes after the row that refers to it.
        union = Party(code="LH", kind=PartyKind.COOPERATIVE_UNION, name="Liên hiệp “Đồng Bằng”\n=1+1\x7f")
        session.add(union)
        session.flush()
        htx.alliance_id = union.id
        picture = Attachment(digest="ab" * 32, media_type="image/png", data=bytes(range(256)) * 40)
        member = Member(party_id=htx.id, code="H1", alias="Hộ Bà Sáu")
        session.add_all([picture, member])
        session.flush()
        paper.scan = product.picture = picture.digest
        plot = Plot(party_id=htx.id, member_id=member.id, code="T1", area_ha=Decimal("0.123456"))
        case = PackForm(
            product_id=product.id, code="T12", name="Thùng", kind=PackKind.CASE, inner_id=form.id, holds=12
        )
        person = Person(
            phone="+84900000001", name="Nguyễn Thị Á", party_id=htx.id, role=Role.CLERK, created_at=NOW
        )
        person.password_hash = "$argon2id$secret-hash"
        job = PrintJob(
            run=run, first=1, last=50, kind="pdf", settings="{}", created_at=NOW, state=JobState.READY
        )
        session.add_all([plot, case, person, job])
        session.flush()
        session.add_all(
            [
                Consent(
                    member_id=member.id,
                    purpose=Purpose.STORE,
                    text="2026-11",
                    how=How.WITNESS,
                    witness="C",
                    given_on=dt.date(2026, 1, 2),
                    recorded_at=NOW,
                    recorded_by="B",
                ),
                PersonalRequest(
                    party_id=htx.id,
                    member_id=member.id,
                    ask=Ask.COPY,
                    asked_on=dt.date(2026, 1, 5),
                    due_on=dt.date(2026, 1, 7),
                    recorded_at=NOW,
                    recorded_by="B",
                ),
                PersonalLook(member_id=member.id, at=NOW, by="B", act=Handling.SEEN),
                PackComponent(combo_id=case.id, part_id=form.id, quantity=12),
                PaperConfirmation(paper_id=paper.id, product_id=product.id, by_party_id=alliance.id, at=NOW),
                BatchSource(batch_id=second.id, source_id=first.id, quantity=Decimal("12.5"), unit="KGM"),
                PrintFetch(job_id=job.id, at=NOW, by="Á"),
                PinFetch(job_id=job.id, at=NOW, by="Á"),
                PinEntry(run=run, serial=3, event=uuid7(), at=NOW, province="79"),
                RunBlock(first=100, last=109, party_id=htx.id, reserved_at=NOW, log_index=1),
                LedgerAct(run=run, first=1, last=10, act=Act.APPLIED, at=NOW, by="Á"),
                StampQuota(
                    party_id=htx.id,
                    year=2026,
                    most=5,
                    office_id=alliance.id,
                    set_by="B",
                    set_at=NOW,
                    reason="r",
                ),
                Reprint(
                    run=run,
                    first=20,
                    last=21,
                    reason="misprint",
                    explanation="Nhòe",
                    asked_by=person.id,
                    asked_name="Á",
                    asked_phone=person.phone,
                    asked_at=NOW,
                    link_hash=b"\x01hash-of-a-link",
                ),
                ResetCode(
                    person_id=person.id,
                    code_hash="$argon2id$code",
                    created_at=NOW,
                    created_by="B",
                    expires_at=NOW,
                ),
                WorkbookImport(
                    party_id=htx.id,
                    person_id=person.id,
                    file_name="sổ.xlsx",
                    files=b"PK",
                    report="{}",
                    uploaded_at=NOW,
                ),
                StampState(
                    run=run, serial=1, checks=1, first_at=NOW, first_province="01", last_at=NOW, sold_at=None
                ),
                StampEvent(
                    run=run,
                    serial=1,
                    id=uuid7(),
                    at=NOW,
                    event=StampEventKind.CHECK,
                    kind=Asker.CONSUMER,
                    receipt=b"\x00receipt-of-phone",
                    verdict="genuine",
                ),
            ]
        )
        work = Event(
            step=Step.CARE, at=NOW, text="Bón", recorded_by=htx.id, recorded_at=NOW, withdrawn_at=NOW
        )
        work.plot_id, work.member_id = plot.id, member.id
        work.lines = [
            line(LineRole.USED, "Đạm", lot="B1", quantity=Decimal("0.5"), unit="XSA", partner="Đại lý")
        ]
        work.photos = [EventPhoto(digest=picture.digest, small=picture.digest)]
        record_event(session, first, work)
        slip = PurchaseSlip(party_id=htx.id, number="TM-1", member_id=member.id, batch_id=first.id, at=NOW)
        slip.quantity, slip.unit, slip.recorded_at = Decimal("12.25"), "KGM", NOW
        session.add_all([slip, StepDraft(batch_id=second.id, model_id=work.id)])
        session.add_all(
            [
                ApprovalRule(office_id=alliance.id, waits=True, set_by="B", set_at=NOW),
                Proposal(
                    party_id=htx.id,
                    subject=Subject.PRODUCT,
                    subject_id=product.id,
                    product_id=product.id,
                    is_new=False,
                    entries="[]",
                    source=Source.DESK,
                    by_party_id=htx.id,
                    by_person="Á",
                    at=NOW,
                    state=ProposalState.WAITING,
                ),
                SellerLink(
                    product_id=product.id,
                    seller="Chợ",
                    url="https://cho.example.vn/m",
                    valid_until=dt.date(2027, 1, 1),
                    added_at=NOW,
                ),
                ProductPhoto(product_id=product.id, digest=picture.digest, position=0),
                question := NamedQuery(party_id=htx.id, name="q", definition="{}", created_at=NOW),
            ]
        )
        session.flush()
        session.add(
            Subscription(
                query_id=question.id,
                party_id=htx.id,
                role=KeyRole.PRODUCER,
                dest="https://nhan.example.vn/",
                sealed_secret=b"\x00sealed",
                created_at=NOW,
                cursor=0,
                due_at=NOW,
            )
        )
        fill_copies(session, run, htx, product)
        capture(session, htx.id, EPCIS, now=NOW)
        open_session(session, person, NOW)
        session.execute(sa.text("update revision set value = 77"))
        prints = world.services.settings.data_dir / "prints" / "000000001"
    prints.mkdir(parents=True)
    (prints / "a.pdf").write_bytes(b"%PDF" + os.urandom(1_500_000))
    (prints / ".b.pdf.part").write_bytes(b"unfinished")
    return run


def fill_copies(session: Session, run: int, htx: Party, product: Product) -> None:
    """What is kept about copies: signals, reports, alerts and who is told, and what the nights leave."""
    session.add_all(
        [
            CopySignal(run=run, serial=1, kind="sales", at=NOW, province="79"),
            LearnedHabits(product_id=product.id, text='{"ordinary": "Chè"}', stamps=9, learned_at=NOW),
            RunCopies(run=run, scanned=1, suspect=1, evident=1, checks=1, updated_at=NOW),
            StampDay(
                run=run, day=NOW.date(), province="79", event=StampEventKind.CHECK, kind=Asker.CONSUMER, kept=1, gone=2
            ),
            Night(day=NOW.date(), begun_at=NOW, busy_until=NOW, ended_at=NOW),
        ]
    )  # fmt: skip
    report = SuspectReport(
        reference="ABCD-1234",
        at=NOW,
        run=run,
        serial=1,
        party_id=htx.id,
        shop="Chợ =1+1",
        told="Lạ\n",
        state_at=NOW,
    )
    report.contact = ReportContact(contact="0900 000 009", text="2026-11", given_at=NOW)
    report.steps = [ReportStep(at=NOW, state=ReportState.OPEN, note="xem", by_party_id=htx.id, by_person="Á")]
    # Found out later to be of the campaign of an alert whose id comes after its own.
    older, younger = (
        Alert(
            party_id=htx.id, product_id=product.id, state=state, state_at=NOW, opened_at=NOW, first_at=NOW, last_at=NOW
        )
        for state in (AlertState.OPEN, AlertState.CLOSED)
    )  # fmt: skip
    session.add_all([report, older, younger])
    session.flush()
    min(older, younger, key=lambda a: a.id.int).merged_into = max(older.id, younger.id, key=lambda i: i.int)
    step = AlertStep(
        alert_id=older.id, at=NOW, what=What.CHANGED, state=AlertState.OPEN, note="Á", by_party_id=htx.id
    )
    told = AlertSubscription(
        party_id=htx.id, way=Way.WEBHOOK, dest="https://nhan.example.vn/", created_at=NOW, due_at=NOW
    )
    told.sealed_secret = b"\x00sealed"
    session.add_all([step, told, AlertSignal(run=run, serial=1, kind="sales", at=NOW, alert_id=older.id)])
    session.flush()
    session.add(AlertMessage(subscription_id=told.id, step_id=step.id))


@pytest.fixture(autouse=True)
def _cheap_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second a guess is right for thieves and wrong for tests; `tests/hostile/test_lost.py` pays it."""
    monkeypatch.setitem(archive._SCRYPT, "n", 4096)


def rows_of(url: str) -> Rows:
    """Every row of every table."""
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            return {
                table.name: [
                    tuple(r) for r in connection.execute(sa.select(table).order_by(*table.primary_key))
                ]
                for table in metadata.sorted_tables
            }
    finally:
        engine.dispose()


def elsewhere(folder: Path, url: str) -> Settings:
    """Another machine."""
    return Settings(mode="demo", database_url=url, data_dir=folder)


@pytest.fixture
def settings(any_world: "World") -> Settings:
    """A service with something in every table."""
    fill(any_world)
    return any_world.services.settings


@dataclass(frozen=True)
class Kept:
    """A backup of a service on SQLite with something in every table, and what is expected of it."""

    path: Path
    master_key: bytes
    rows: Rows


@pytest.fixture(scope="module")
def _made(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Of a service that no test has: its database is a file of its own."""
    folder = tmp_path_factory.mktemp("kept")
    database = shutil.copy(_sqlite_template, folder / "temthat.db")
    world = build_world(f"sqlite:///{database}", folder / "data")
    try:
        fill(world)
        settings = world.services.settings
        with pytest.MonkeyPatch.context() as cheap:
            cheap.setitem(archive._SCRYPT, "n", 4096)
            backup(settings, folder / "kept.zip", PASSPHRASE)
        return Kept(folder / "kept.zip", load_master_key(settings), rows_of(settings.database_url))
    finally:
        world.services.close()


@pytest.fixture
def kept(_made: Kept, tmp_path: Path) -> Kept:
    """Made once, copied for each test."""
    return replace(_made, path=Path(shutil.copy(_made.path, tmp_path)))


@pytest.fixture(params=["sqlite", "postgresql"])
def new_home(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Another machine with an empty database, once of each kind."""
    if request.param == "sqlite":
        return elsewhere(tmp_path / "new", f"sqlite:///{tmp_path / 'new' / 'temthat.db'}")
    postgres = request.getfixturevalue("postgres")
    return elsewhere(tmp_path / "new", postgres.url(postgres.new_database()))


def test_the_sample_has_a_row_in_every_table(settings: Settings) -> None:
    """A new table must come into these tests before it can be forgotten in a backup."""
    assert [name for name, rows in rows_of(settings.database_url).items() if not rows] == []


def test_what_was_kept_comes_back_on_either_database(
    settings: Settings, new_home: Settings, tmp_path: Path
) -> None:
    """Same rows, same files, same key: from SQLite and PostgreSQL, into SQLite and PostgreSQL."""
    kept = backup(settings, tmp_path / "kept.zip", PASSPHRASE)
    back = restore(tmp_path / "kept.zip", new_home, PASSPHRASE)
    assert back == kept
    assert rows_of(new_home.database_url) == rows_of(settings.database_url)
    assert load_master_key(new_home) == load_master_key(settings)
    files = sorted(
        p.relative_to(new_home.data_dir).as_posix() for p in new_home.data_dir.rglob("*") if p.is_file()
    )
    assert [f for f in files if not f.startswith("temthat.db")] == ["master.key", "prints/000000001/a.pdf"]
    for name in ("master.key", "prints/000000001/a.pdf"):
        assert (new_home.data_dir / name).read_bytes() == (settings.data_dir / name).read_bytes()


def test_secrets_open_after_a_restore(kept: Kept, new_home: Settings) -> None:
    """A run's secret and a stamp key open with the restored master key: stamps can be made and numbers checked."""
    restore(kept.path, new_home, PASSPHRASE)
    assert rows_of(new_home.database_url) == kept.rows
    sealer = Sealer(load_master_key(new_home))
    engine = make_engine(new_home.database_url)
    with make_sessions(engine)() as session:
        run = session.scalars(sa.select(Run).order_by(Run.run)).first()
        assert run is not None
        assert len(run_secret(sealer, run)) == 32
        wrapped = wrapped_stamp_key(run.stamp_key)
        signer = Sealer(sealer.derive(EMBEDDED_SIGNER))
        assert (
            unwrap_stamp_key(signer, str(run.party_id), wrapped).key.public_key().public_bytes_raw()
            == run.stamp_key.public_key
        )
    engine.dispose()
    assert stat.S_IMODE(new_home.key_file.stat().st_mode) == 0o600


def test_the_same_place_after_a_total_loss(world: "World", tmp_path: Path) -> None:
    """Backup, everything wiped, restore: as before."""
    fill(world)
    settings = world.services.settings
    before = rows_of(settings.database_url)
    backup(settings, tmp_path / "kept.zip", PASSPHRASE)
    world.services.engine.dispose()
    for path in (*settings.data_dir.rglob("*"), *tmp_path.glob("temthat.db*")):
        if path.is_file():
            path.unlink()
    restore(tmp_path / "kept.zip", settings, PASSPHRASE)
    assert rows_of(settings.database_url) == before


@pytest.mark.anyio
async def test_runs_newer_than_the_backup_are_never_called_forged(
    founded_world: "World", tmp_path: Path
) -> None:
    """Restored from an older backup: the log gives their numbers back, and of their stamps the service cannot tell.

    Scanners know them as before, from the log; the next run has another number.
    """
    world = founded_world
    settings = world.services.settings
    forged = world.forged(world.run())
    backup(settings, tmp_path / "kept.zip", PASSPHRASE)
    world.forward(days=31)  # a run of another month: its key is newer than the backup as well
    lost = world.run(lot="L02")
    codes = [world.code(lost, 3), world.number(lost, 4)]
    world.services.record.publish(bundle_now=True)
    world.services.close()
    restore(tmp_path / "kept.zip", settings, PASSPHRASE, replace=True)

    services = build_services(settings, lambda: world.now)
    services.book.open()
    back = World(services, world.clock)
    async with back.client() as client:
        found = [
            (await client.post("/api/v1/verify", json={"code": code})).json() for code in [*codes, forged]
        ]
    assert [answer["verdict"] for answer in found] == ["cannot_tell", "cannot_tell", "forged"]
    assert all("no_manifest" in [reason["key"] for reason in answer["reasons"]] for answer in found[:2])
    services.record.publish(bundle_now=True)
    root = (settings.public_dir / "trust" / "1.root.json").read_bytes()
    store = TrustStore(tmp_path / "scanner", root, NOW)
    store.update(parse_pack(make_pack(settings.public_dir)), world.now)
    assert judge_offline(codes[0], store.load(), world.now).verdict.word is Word.GENUINE_OFFLINE
    assert back.run(lot="L03") == lost + 1
    services.close()


def test_a_backup_is_one_moment(any_world: "World", tmp_path: Path) -> None:
    """What is committed while the backup reads is not half in it."""
    run = fill(any_world)
    with keeping.snapshot(any_world.services.settings.database_url) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(Party)) == 3
        with any_world.services.sessions.begin() as session:
            session.add(Party(code="MOI", kind=PartyKind.SHOP, name="Mới"))
            session.get_one(Run, run).requested_by = "sau"
        assert connection.scalar(sa.select(sa.func.count()).select_from(Party)) == 3
        assert connection.scalar(sa.select(Run.requested_by).where(Run.run == run)) == ""


def test_no_open_secret_lies_in_the_archive(world: "World", tmp_path: Path) -> None:
    """The master key is nowhere readable, the file is its owner's only, and unfinished files stay out."""
    fill(world)
    target = tmp_path / "kept.zip"
    backup(world.services.settings, target, PASSPHRASE)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    key = load_master_key(world.services.settings)
    with zipfile.ZipFile(target) as kept:
        for name in kept.namelist():
            content = kept.read(name)
            assert key not in content
            assert key.hex().encode() not in content
        assert not [n for n in kept.namelist() if "master.key" in n or ".part" in n or ".db" in n]


def test_kept_aside_keys_stay_out_of_later_backups(kept: Kept, tmp_path: Path) -> None:
    """Restoring over another installation keeps its old key on the spot, and the next backup leaves that out."""
    home = elsewhere(tmp_path / "new", f"sqlite:///{tmp_path / 'new' / 'temthat.db'}")
    old = load_master_key(home, create=True)
    with pytest.raises(TargetNotEmpty, match="replace"):
        restore(kept.path, home, PASSPHRASE)
    assert load_master_key(home) == old
    restore(kept.path, home, PASSPHRASE, replace=True)
    assert load_master_key(home) == kept.master_key
    (aside,) = home.data_dir.glob("master.key.before-restore-*")
    assert aside.read_text().strip() == old.hex()
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600
    manifest = backup(home, tmp_path / "second.zip", PASSPHRASE)
    assert [name for name in manifest.parts if name.startswith("files/")] == ["files/prints/000000001/a.pdf"]


# ---- refused, and nothing changed -----------------------------------------------------------------------------------


def test_a_database_with_data_is_not_overwritten_unless_told(any_world: "World", kept: Kept) -> None:
    """Refused first, replaced when told."""
    settings = any_world.services.settings
    before = rows_of(settings.database_url)
    # The backup is of another service, with another master key; without one only the database speaks against it.
    settings.key_file.unlink()
    with pytest.raises(TargetNotEmpty, match="--replace"):
        restore(kept.path, settings, PASSPHRASE)
    assert rows_of(settings.database_url) == before
    assert not settings.key_file.exists()
    restore(kept.path, settings, PASSPHRASE, replace=True)
    assert rows_of(settings.database_url) == kept.rows


def nothing_at(home: Settings) -> None:
    """No row, no file, no key."""
    assert not home.key_file.exists()
    assert [p for p in home.data_dir.rglob("*") if p.is_file() and not p.name.startswith("temthat.db")] == []
    if migrate.current(home.database_url) is not None:
        assert [name for name, rows in rows_of(home.database_url).items() if rows] == ["revision"]


def test_a_wrong_passphrase_changes_nothing(kept: Kept, new_home: Settings) -> None:
    """Said in both languages."""
    with pytest.raises(WrongPassphrase) as caught:
        restore(kept.path, new_home, PASSPHRASE + "!")
    assert "Mật khẩu" in caught.value.vi
    assert "passphrase" in caught.value.en
    nothing_at(new_home)


def cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def rewritten(change: Callable[[dict[str, bytes]], object]) -> Callable[[Path], None]:
    """The archive with its parts changed."""

    def apply(path: Path) -> None:
        with zipfile.ZipFile(path) as old:
            parts = {name: old.read(name) for name in old.namelist()}
        change(parts)
        with zipfile.ZipFile(path, "w") as new:
            for name, content in parts.items():
                new.writestr(name, content)

    return apply


def change_manifest(**fields: Any) -> Callable[[dict[str, bytes]], None]:
    def apply(parts: dict[str, bytes]) -> None:
        parts["manifest.json"] = json.dumps({**json.loads(parts["manifest.json"]), **fields}).encode()

    return apply


def drop_table(parts: dict[str, bytes]) -> None:
    del parts["tables/party.jsonl"]


def add_part(parts: dict[str, bytes]) -> None:
    parts["files/../../evil"] = b"x"


def add_listed_part(parts: dict[str, bytes]) -> None:
    manifest = json.loads(parts["manifest.json"])
    manifest["parts"]["files/../../evil"] = "0" * 64
    parts["manifest.json"] = json.dumps(manifest).encode()
    parts["files/../../evil"] = b"x"


def alter_table(parts: dict[str, bytes]) -> None:
    parts["tables/party.jsonl"] = parts["tables/party.jsonl"].replace(b"HTX", b"XHT")


def dear_passphrase(parts: dict[str, bytes]) -> None:
    parts["master-key.json"] = json.dumps({**json.loads(parts["master-key.json"]), "n": 1 << 40}).encode()


def flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 3] ^= 0x40
    path.write_bytes(raw)


TORN: list[Callable[[Path], object]] = [
    cut,
    flip,
    lambda path: path.write_bytes(b"not a backup"),
    lambda path: path.write_bytes(b""),
    rewritten(drop_table),
    rewritten(add_part),
    rewritten(add_listed_part),
    rewritten(alter_table),
    rewritten(dear_passphrase),
    rewritten(lambda parts: parts.update({"manifest.json": b"[]"})),
    rewritten(lambda parts: parts.update({"manifest.json": b'{"format": 1}'})),
    rewritten(lambda parts: parts.update({"master-key.json": b"{"})),
    rewritten(lambda parts: parts.pop("master-key.json")),
]


@pytest.mark.parametrize("damage", TORN)
def test_a_torn_archive_changes_nothing(damage: Callable[[Path], object], kept: Kept, tmp_path: Path) -> None:
    """Whatever was done to the file: said before anything is believed."""
    damage(kept.path)
    home = elsewhere(tmp_path / "new", f"sqlite:///{tmp_path / 'new' / 'temthat.db'}")
    with pytest.raises(TornArchive):
        restore(kept.path, home, PASSPHRASE)
    nothing_at(home)


def test_an_altered_manifest_does_not_open_the_key(kept: Kept, tmp_path: Path) -> None:
    """Digests that were made to fit an altered table betray themselves by the passphrase."""
    rewritten(change_manifest(made_at="2020-01-01"))(kept.path)
    with pytest.raises(WrongPassphrase):
        restore(kept.path, elsewhere(tmp_path / "new", f"sqlite:///{tmp_path / 'new.db'}"), PASSPHRASE)


@pytest.mark.parametrize("fields", [{"schema": "9999"}, {"format": 2}, {"rows": {}}])
def test_a_backup_of_another_version_names_it(fields: dict[str, Any], kept: Kept, new_home: Settings) -> None:
    """The message says which version to use."""
    rewritten(change_manifest(program="7.8.9", **fields))(kept.path)
    with pytest.raises(KeepingError, match=r"7\.8\.9"):
        restore(kept.path, new_home, PASSPHRASE)
    nothing_at(new_home)


def test_a_row_that_does_not_fit_leaves_nothing_behind(kept: Kept, new_home: Settings) -> None:
    """The last table refuses its rows: none of the others stay either, no file, no key."""

    class Liar(Archive):
        def lines(self, name: str) -> Iterator[str]:
            yield from super().lines(name)
            if name == "tables/web_session.jsonl":
                yield '{"wrong": 1}\n'

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "Archive", Liar)
        with pytest.raises(TornArchive, match="web_session"):
            restore(kept.path, new_home, PASSPHRASE)
    nothing_at(new_home)


def test_a_backup_needs_the_key_a_passphrase_and_a_free_name(world: "World", tmp_path: Path) -> None:
    """Each missing thing is named, and no file is left."""
    settings = world.services.settings
    target = tmp_path / "kept.zip"
    with pytest.raises(KeepingError, match="12"):
        backup(settings, target, "ngắn")
    key = settings.key_file.read_text()
    settings.key_file.unlink()
    with pytest.raises(KeepingError, match="Put the key file back"):
        backup(settings, target, PASSPHRASE)
    settings.key_file.write_text(key)
    settings.key_file.chmod(0o600)
    with pytest.raises(KeepingError, match=r"master\.key: File exists"):
        backup(settings, settings.key_file / "below.zip", PASSPHRASE)
    assert list(tmp_path.glob("*.zip")) == []
    target.write_bytes(b"precious")
    with pytest.raises(KeepingError, match="exists already"):
        backup(settings, target, PASSPHRASE)
    assert target.read_bytes() == b"precious"


def test_a_guess_at_the_passphrase_costs_its_price(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written into the archive is the full cost, as OWASP asks of scrypt: N = 2^17, r = 8, p = 1."""
    monkeypatch.undo()
    record = archive.seal_key(b"k" * 32, PASSPHRASE, b"manifest")
    assert archive.open_key(record, PASSPHRASE, b"manifest") == b"k" * 32
    cost = {"kdf": "scrypt", "n": 131_072, "r": 8, "p": 1}
    assert json.loads(record).items() >= cost.items()


def test_an_absent_backup_is_named(tmp_path: Path) -> None:
    """No file under that name."""
    with pytest.raises(KeepingError, match=r"nowhere\.zip"):
        restore(tmp_path / "nowhere.zip", elsewhere(tmp_path, f"sqlite:///{tmp_path / 'x.db'}"), PASSPHRASE)


def test_an_outdated_or_absent_database_is_not_backed_up(tmp_path: Path) -> None:
    """The message names the command that helps."""
    settings = elsewhere(tmp_path, f"sqlite:///{tmp_path / 'empty.db'}")
    load_master_key(settings, create=True)
    with pytest.raises(migrate.SchemaError, match="temthat migrate"):
        backup(settings, tmp_path / "kept.zip", PASSPHRASE)


FULL_DISK = f"""{CHEAP}
import resource, sys
from pathlib import Path
from temthat_verify_api.epcis.tables import NamedQuery, Subscription
from temthat_verify_api.keeping import backup
from temthat_verify_api.settings import Settings
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    backup(Settings(), Path(sys.argv[1]), "mật khẩu đủ dài")
except Exception as error:
    print(type(error).__name__)
"""


def environment(settings: Settings) -> dict[str, str]:
    """What a process of its own needs to find the same service."""
    return {
        **os.environ,
        "TEMTHAT_MODE": "demo",
        "TEMTHAT_DATABASE_URL": settings.database_url,
        "TEMTHAT_DATA_DIR": str(settings.data_dir),
    }


def test_no_space_leaves_no_half_backup(world: "World", tmp_path: Path) -> None:
    """The system refuses to write on: said in words, and nothing of the archive stays."""
    fill(world)
    target = tmp_path / "backups" / "kept.zip"
    target.parent.mkdir()
    command = [sys.executable, "-c", FULL_DISK, str(target)]
    done = subprocess.run(command, env=environment(world.services.settings), capture_output=True, text=True)
    assert done.stdout.strip() == NoSpace.__name__, done.stderr
    assert list(target.parent.iterdir()) == []


KILLED = f"""{CHEAP}
import os, signal, sys
from pathlib import Path
from temthat_verify_api import keeping
from temthat_verify_api.settings import Settings
keeping._put_key = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
keeping.restore(Path(sys.argv[1]), Settings(), "mật khẩu đủ dài")
"""


def test_a_killed_restore_is_nothing_at_all(kept: Kept, new_home: Settings) -> None:
    """Killed with all rows and files written but not committed: the database is empty, and the next try succeeds."""
    command = [sys.executable, "-c", KILLED, str(kept.path)]
    done = subprocess.run(command, env=environment(new_home), capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert [name for name, rows in rows_of(new_home.database_url).items() if rows] == ["revision"]
    assert not new_home.key_file.exists()
    restore(kept.path, new_home, PASSPHRASE)
    assert rows_of(new_home.database_url) == kept.rows


def test_a_target_of_another_version_is_left_alone(kept: Kept, world: "World") -> None:
    """Even with --replace a database of a newer program is neither migrated nor emptied."""
    settings = world.services.settings
    settings.key_file.unlink()
    with world.services.sessions.begin() as session:
        session.execute(sa.text("update alembic_version set version_num = '9999'"))
    before = rows_of(settings.database_url)
    with pytest.raises(migrate.SchemaError, match="newer"):
        restore(kept.path, settings, PASSPHRASE, replace=True)
    assert rows_of(settings.database_url) == before
