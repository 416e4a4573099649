"""A member is erased from a house with printed stamps: its words are gone, everything signed and logged still verifies.

On SQLite and PostgreSQL, with a real run in a real witnessed log and a published offline bundle.
"""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event as hooks
from sqlalchemy import select
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from temthat_stamps.bundle.offline import judge_offline
from temthat_stamps.bundle.pack import make_pack, parse_pack
from temthat_stamps.bundle.store import TrustStore
from temthat_stamps.log.entries import entry
from temthat_stamps.log.finding import Finding
from temthat_stamps.log.reader import FolderReader
from temthat_stamps.log.replay import Replay
from temthat_stamps.log.trust_files import trust_file
from temthat_stamps.manifest import RunManifest
from temthat_stamps.runs.records import Run
from temthat_stamps.statement import peek
from temthat_stamps.verdict import Word
from temthat_trace.batches import Batch
from temthat_trace.consent import How, Purpose, shown_name
from temthat_trace.database import make_engine
from temthat_trace.events import Event, EventPhoto, Step, batch_digest
from temthat_trace.papers import Attachment
from temthat_trace.parties import Member, Party, Plot
from temthat_trace.privacy.consenting import give, set_fields
from temthat_trace.privacy.erasing import Diary, mentions
from temthat_trace.privacy.held import held
from temthat_trace.privacy.records import Ask
from temthat_trace.privacy.repository import ask, open_requests
from temthat_trace.purchases import PurchaseSlip
from temthat_trace.repository import TraceRefused
from temthat_verify_api.accounts import Person, Role, WorkbookImport
from temthat_verify_api.commands.members import app
from temthat_verify_api.erasure import JOURNAL, erase_member, read_journal
from temthat_verify_api.keeping import backup, restore
from temthat_verify_api.rows import to_plain
from temthat_verify_api.tables import metadata

from .conftest import NOW, World, build_world

PASSPHRASE = "mật khẩu đủ dài"
LOT = "LO-VAI-2601"
"""So long that no signature holds it by chance."""
SAYS = (
    "Trần Thị Tư",
    "0912 345 678",
    "Bà Tư",
    "bà tư",
    "Ba đời",
    "đồi sau nhà",
    "Ông Bảy",
    "giao tại nhà",
    "TV-XUAN-01",
)
"""Everything that says who the member is."""


@dataclass
class House:
    """A founded world with a member, her batch, its diary, slips and a printed run."""

    world: World
    run: int
    code: str

    @property
    def folder(self) -> Path:
        return self.world.services.settings.data_dir

    def member(self, session: Session) -> Member:
        return session.scalars(select(Member)).one()

    def everything(self) -> str:
        """Every row of every table as text, and the pictures' bytes."""
        engine = make_engine(self.world.services.settings.database_url)
        with engine.connect() as connection:
            rows = [
                json.dumps(
                    {name: to_plain(value) for name, value in row.items()}, ensure_ascii=False, default=str
                )
                for table in metadata.sorted_tables
                for row in connection.execute(sa.select(table)).mappings()
            ]
        engine.dispose()
        return "\n".join(rows)


def build(url: str, folder: Path) -> Iterator[House]:
    """A house on an empty database."""
    world = build_world(url, folder, founded=True)
    run = world.run(count=20, lot=LOT)
    with world.services.sessions() as session:
        fill(session)
        session.commit()
    world.services.record.publish(bundle_now=True)
    yield House(world, run, world.code(run))
    world.services.close()


@pytest.fixture
def house(sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    """On SQLite."""
    yield from build(sqlite_url, tmp_path / "data")


@pytest.fixture
def any_house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """Once on each database."""
    yield from build(database_url, tmp_path / "data")


def fill(session: Session) -> None:
    party = session.scalars(select(Party).where(Party.code == "HTX-MAU")).one()
    member = Member(party_id=party.id, code="TV-XUAN-01", alias="Hộ Bà Tư", commune_text="Xã Ba Vì")
    session.add(member)
    session.flush()
    for purpose in Purpose:
        how = How.WITNESS if purpose is Purpose.STORE else How.PAPER
        give(member, purpose, how, NOW.date(), "Lan", NOW, "Ông Bảy")
    for name in "ab":
        session.add(Attachment(digest=name * 64, media_type="image/webp", data=name.encode() * 9))
    session.flush()
    set_fields(member, full_name="Trần Thị Tư", phone="0912 345 678", story="Ba đời làm chè.", photo="a" * 64)
    batch = session.scalars(select(Batch)).one()
    plot = Plot(
        party_id=party.id, member_id=member.id, code="V1", name="Chè đồi sau nhà", province="01",
        address="Nhà số 3, đồi sau nhà Bà Tư", area_ha=Decimal("0.5"),
    )  # fmt: skip
    batch.member_id = member.id
    session.add(plot)
    session.flush()
    batch.plot_id = plot.id
    for text, at, photo in (("Nhà bà tư bón phân", 5, True), ("Tưới nước", 4, False)):
        event = Event(
            step=Step.CARE, at=NOW - dt.timedelta(days=at), text=text, actor="", member_id=member.id,
            recorded_by=party.id, recorded_at=NOW, address="",
        )  # fmt: skip
        if photo:
            event.photos.append(EventPhoto(digest="b" * 64, small="b" * 64))
        event.seal()
        batch.events.append(event)
    session.add(
        PurchaseSlip(
            party_id=party.id, number="PT-1", member_id=member.id, plot_id=plot.id, what="Chè tươi",
            quantity=Decimal("12.5"), unit="KGM", at=NOW, batch_id=batch.id, note="giao tại nhà", recorded_at=NOW,
        )
    )  # fmt: skip
    clerk = Person(phone="+84900000009", name="Lan", party_id=party.id, role=Role.CLERK, created_at=NOW)
    session.add(clerk)
    session.flush()
    session.add(
        WorkbookImport(
            party_id=party.id,
            person_id=clerk.id,
            file_name="ho Bà Tư.xlsx",
            report="Trần Thị Tư",
            uploaded_at=NOW,
        )
    )
    ask(session, member, Ask.ERASE, NOW.date(), "Lan", NOW)


def audit(world: World) -> list[Finding]:
    """What an auditor finds wrong in the published log; nothing, if all is well."""
    services = world.services
    latest = services.book.publish()
    replay = Replay(services.settings.origin, trust_file(FolderReader(services.settings.public_dir)))
    found: list[Finding] = []
    for index, envelope in enumerate(services.book.folder.entries(0, latest.checkpoint.size)):
        stated = replay.apply(index, envelope)
        found += ([stated] if isinstance(stated, Finding) else []) + list(replay.remarks)
    return found + replay.finish()


def offline(world: World, code: str, folder: Path) -> tuple[Word, object]:
    """What a scanner with the newest bundle says of a stamp, and the names it knows of its run."""
    public = world.services.settings.public_dir
    store = TrustStore(folder, (public / "trust" / "1.root.json").read_bytes(), world.now)
    store.update(parse_pack(make_pack(public)), world.now)
    judged = judge_offline(code, store.load(), world.now)
    return judged.verdict.word, judged.names


def signed(house: House) -> list[bytes]:
    """Everything that was signed about the run, and its proof."""
    with house.world.services.sessions() as session:
        run = session.get_one(Run, house.run)
        assert run.proof
        return [entry(session, run.log_index), run.proof]


def test_who_it_was_is_gone_from_every_table(any_house: House) -> None:
    """Not a word of her stands anywhere in the database; her pictures are deleted; amounts still add up."""
    before = any_house.everything()
    assert [word for word in SAYS if word not in before] == []
    with any_house.world.services.sessions() as session:
        done = erase_member(session, any_house.member(session), "Lan", NOW, Diary.ALL, any_house.folder)
        session.commit()
    after = any_house.everything()
    assert [word for word in SAYS if word in after] == []
    assert (done.events, done.notes, done.pictures) == (3, 1, 2)
    with any_house.world.services.sessions() as session:
        member = any_house.member(session)
        assert member.code == done.code
        assert shown_name(member) == "Một hộ thành viên"
        slip = session.scalars(select(PurchaseSlip)).one()
        assert (slip.member_id, slip.quantity, slip.number) == (member.id, Decimal("12.5"), "PT-1")
        plot = session.scalars(select(Plot)).one()
        assert (plot.area_ha, plot.name, plot.address) == (Decimal("0.5"), "", "Hà Nội")
        assert session.scalars(select(Attachment)).all() == []
        assert len(member.consents) == len(Purpose)
        assert all(consent.withdrawn_at == NOW for consent in member.consents)
        assert open_requests(session, member.party_id) == []
        with pytest.raises(TraceRefused, match="before"):
            erase_member(session, member, "Lan", NOW, Diary.NONE, any_house.folder)


def test_what_was_signed_still_verifies(any_house: House, tmp_path: Path) -> None:
    """Manifest, proof, digest of the events, log, bundle, offline verdict and page: all as before."""
    world = any_house.world
    statements = signed(any_house)
    assert audit(world) == []
    word, names = offline(world, any_house.code, tmp_path / "before")
    assert word is Word.GENUINE_OFFLINE
    assert names is not None
    with world.services.sessions() as session:
        erase_member(
            session, any_house.member(session), "Lan", NOW, Diary.ALL, any_house.folder, run_names=True
        )
        session.commit()
    world.services.record.publish(bundle_now=True)
    assert signed(any_house) == statements
    assert audit(world) == []
    assert offline(world, any_house.code, tmp_path / "after") == (Word.GENUINE_OFFLINE, None)
    published = [f for f in world.services.settings.public_dir.rglob("*") if f.is_file()]
    assert [f.name for f in published if LOT.encode() in f.read_bytes()] == []
    with world.services.sessions() as session:
        manifest = RunManifest.parse(peek(statements[0]))
        batch = session.scalars(select(Batch)).one()
        first = [e.digest for e in batch.events if e.step is Step.HARVEST]
        assert manifest.events == batch_digest(first)  # the one event that was there when it was signed
        assert session.get_one(Run, any_house.run).salt is None


@pytest.mark.anyio
async def test_the_page_answers_as_before_and_tells_less(house: House) -> None:
    """The verdict is the same; of the grower it says that it was a member household."""
    async with house.world.client() as client:
        before = (await client.get(f"/T/{house.code}")).text
        assert "Trần Thị Tư" in before
        with house.world.services.sessions() as session:
            erase_member(session, house.member(session), "Lan", NOW, Diary.NAMED, house.folder)
            session.commit()
        answer = await client.post("/api/v1/verify", json={"code": house.code})
        assert answer.json()["verdict"] == "genuine"
        after = (await client.get(f"/T/{house.code}")).text
        assert "Một hộ thành viên" in after
        assert "Tưới nước" in after
        assert "Trần" not in after
        assert "bón phân" not in after


def test_only_the_entries_that_were_asked_for_go(house: House) -> None:
    """Without being asked the diary stays; asked for those that name her, the one with her name in it goes."""
    with house.world.services.sessions() as session:
        member = house.member(session)
        assert [(m.event.text, m.named) for m in mentions(session, member)] == [
            ("Nhà bà tư bón phân", True), ("Tưới nước", False), ("Hái tay lúc sáng sớm", False),
        ]  # fmt: skip
        done = erase_member(session, member, "Lan", NOW, Diary.NAMED, house.folder)
        assert done.events == 1
        left = session.scalars(select(Event.text).where(Event.salt.is_not(None)).order_by(Event.text)).all()
        assert left == ["Hái tay lúc sáng sớm", "Tưới nước"]


def test_all_that_is_held_is_given_out(house: House) -> None:
    """The export says everything that the house knows of her, in plain JSON."""
    with house.world.services.sessions() as session:
        told = json.dumps(held(session, house.member(session), NOW), ensure_ascii=False)
    for word in (
        "Trần Thị Tư",
        "0912 345 678",
        "Hộ Bà Tư",
        "Ba đời",
        "đồi sau nhà",
        "Ông Bảy",
        "giao tại nhà",
    ):
        assert word in told
    found = json.loads(told)
    assert found["agreed_now"] == sorted(Purpose)
    assert [slip["quantity"] for slip in found["purchase_slips"]] == ["12.5"]
    assert {event["text"] for event in found["diary"]} >= {"Nhà bà tư bón phân", "Tưới nước"}
    assert found["requests"][0]["due_on"] == "2026-05-28"


def test_a_restore_of_an_older_backup_erases_again(any_house: House, tmp_path: Path) -> None:
    """The backup of the night before holds her; restored, she is erased as she had asked; all else is there."""
    settings = any_house.world.services.settings
    old, new = tmp_path / "old.zip", tmp_path / "new.zip"
    backup(settings, old, PASSPHRASE)
    with any_house.world.services.sessions() as session:
        erase_member(session, any_house.member(session), "Lan", NOW, Diary.NAMED, any_house.folder)
        session.commit()
    backup(settings, new, PASSPHRASE)
    restore(old, settings, PASSPHRASE, replace=True)
    text = any_house.everything()
    assert [word for word in ("Trần Thị Tư", "0912 345 678", "Hộ Bà Tư", "bón phân") if word in text] == []
    assert "Tưới nước" in text
    # On another machine, where there is no journal yet, the newer backup brings one along for the older.
    (any_house.folder / JOURNAL).unlink()
    restore(new, settings, PASSPHRASE, replace=True)
    restore(old, settings, PASSPHRASE, replace=True)
    assert "Trần Thị Tư" not in any_house.everything()


def test_an_erasure_that_is_rolled_back_leaves_no_mark(house: House) -> None:
    """Only what is durable stands in the journal: else a restore would erase whom nobody asked to."""
    with house.world.services.sessions() as session:
        erase_member(session, house.member(session), "Lan", NOW, Diary.NONE, house.folder)
        session.rollback()
        session.commit()
    assert not (house.folder / JOURNAL).exists()
    with house.world.services.sessions() as session:
        assert house.member(session).erased_at is None


def test_savepoints_neither_write_nor_forget_the_journal(house: House) -> None:
    """Telling the records as events works in savepoints of the same transaction, and may be rolled back to one."""
    journal = house.folder / JOURNAL
    with house.world.services.sessions() as session:
        erase_member(session, house.member(session), "Lan", NOW, Diary.NONE, house.folder)
        with session.begin_nested():
            pass
        assert not journal.exists()
        session.begin_nested().rollback()
        session.commit()
        session.rollback()
    assert len(read_journal(journal)) == 1


def test_an_erasure_that_cannot_be_noted_or_committed_does_not_happen(house: House) -> None:
    """A full disk keeps it from being done; a commit that fails takes the note back, also behind a torn line."""
    journal = house.folder / JOURNAL
    journal.mkdir()
    with house.world.services.sessions() as session:
        erase_member(session, house.member(session), "Lan", NOW, Diary.NONE, house.folder)
        with pytest.raises(OSError, match="erased"):
            session.commit()
        session.rollback()
        assert house.member(session).erased_at is None
    journal.rmdir()
    journal.write_text('{"member": "tor', "utf-8")
    with house.world.services.sessions() as session:
        erase_member(session, house.member(session), "Lan", NOW, Diary.NONE, house.folder)

        def fail(_: Session) -> None:
            raise ValueError("the disk of the database is full")

        hooks.listen(session, "before_commit", fail)
        with pytest.raises(ValueError, match="full"):
            session.commit()
        assert len(read_journal(journal)) == 1
        session.rollback()
    assert read_journal(journal) == []
    with house.world.services.sessions() as session:
        erase_member(session, house.member(session), "Lan", NOW, Diary.NONE, house.folder)
        session.commit()
    assert len(read_journal(journal)) == 1


def test_the_command_lists_gives_out_and_erases(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`temthat member` does what the desk does."""
    settings = house.world.services.settings
    for name in ("database_url", "data_dir", "host"):
        monkeypatch.setenv(f"TEMTHAT_{name.upper()}", str(getattr(settings, name)))
    run = CliRunner()
    listed = run.invoke(app, ["list", "HTX-MAU"])
    assert "TV-XUAN-01" in listed.output
    out = tmp_path / "tv01.json"
    assert run.invoke(app, ["export", "HTX-MAU", "TV-XUAN-01", str(out)]).exit_code == 0
    assert json.loads(out.read_text("utf-8"))["member"]["full_name"] == "Trần Thị Tư"
    assert run.invoke(app, ["erase", "HTX-MAU", "TV02", "--yes"]).exit_code == 1
    unclear = run.invoke(app, ["erase", "HTX-MAU", "TV-XUAN-01"], input="y\nnone\nn\n")
    assert (unclear.exit_code, unclear.output.count("diary (")) == (1, 2)
    assert "Trần Thị Tư" in house.everything()
    erased = run.invoke(app, ["erase", "HTX-MAU", "TV-XUAN-01", "--diary", "named", "--yes"])
    assert (erased.exit_code, "HX-" in erased.output) == (0, True)
    assert "Trần Thị Tư" not in house.everything()
    assert (house.folder / JOURNAL).read_text("utf-8").count("\n") == 1
