"""Export: everything of one cooperative leaves in open files, nothing of others, and no secret."""

import csv
import hashlib
import io
import json
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from temthat_stamps.copies.records import StampEvent, StampEventKind, StampState
from temthat_stamps.keys import key_id
from temthat_stamps.runs.custody import run_secret
from temthat_stamps.runs.records import IssuerKey, Run, StampKey
from temthat_stamps.statement import verify_statement
from temthat_stamps.verdict import Asker, NoticeKind
from temthat_trace.batches import Batch
from temthat_trace.consent import How, Purpose
from temthat_trace.drafts import StepDraft
from temthat_trace.events import Event, EventPhoto, LineRole, Step, line
from temthat_trace.fieldwork import record_event
from temthat_trace.ids import uuid7
from temthat_trace.papers import Attachment, Paper
from temthat_trace.parties import Member, Party, PartyKind
from temthat_trace.privacy.consenting import give, set_fields
from temthat_trace.privacy.records import Handling, PersonalLook
from temthat_trace.products import Product
from temthat_trace.purchases import PurchaseSlip
from temthat_verify_api.accounts import KeyRole, Person, Role
from temthat_verify_api.archive import KeepingError
from temthat_verify_api.export import DOCUMENTS, SECRET, STAYS, export, note_personal
from temthat_verify_api.settings import load_master_key
from temthat_verify_api.tables import metadata

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

PICTURE = b"\x89PNG" + bytes(500)
DIGEST = hashlib.sha256(PICTURE).hexdigest()
RECEIPT = b"receipt-of-phone"
PASSWORD = "$argon2id$secret-hash"


def fill(world: "World") -> int:
    """A run with notices, a check, a picture, people; and a stranger with a product. Returns the run."""
    run = world.run(count=50)
    world.notify(run, NoticeKind.VOID, serials=(3, 4))
    world.notify(run, NoticeKind.RECALL)
    world.api_key(KeyRole.TILL)
    with world.services.sessions.begin() as session:
        htx = session.scalars(sa.select(Party).where(Party.code == "HTX-MAU")).one()
        htx.hotline = "+84 900 111 222"
        stranger = Party(code="LA", kind=PartyKind.COOPERATIVE, name="HTX Lạ")
        session.add_all([stranger, Attachment(digest=DIGEST, media_type="image/png", data=PICTURE)])
        session.add(Attachment(digest="cd" * 32, media_type="image/jpeg", data=b"strange picture"))
        session.flush()
        session.scalars(sa.select(Product)).one().picture = DIGEST
        session.scalars(sa.select(Paper)).one().scan = DIGEST
        session.add(
            Product(party_id=stranger.id, code="X", name="Hàng lạ", base_unit="KGM", picture="cd" * 32)
        )
        session.add(Member(party_id=htx.id, code="H1", alias="Hộ, “Bà Sáu”\n=HYPERLINK()"))
        for party, phone in ((htx, "+84900000001"), (stranger, "+84900000002")):
            person = Person(phone=phone, name="Á", party_id=party.id, role=Role.CLERK, created_at=world.now)
            person.password_hash = PASSWORD
            session.add(person)
        check = StampEvent(
            run=run,
            serial=1,
            id=uuid7(),
            at=world.now,
            event=StampEventKind.CHECK,
            kind=Asker.CONSUMER,
            receipt=RECEIPT,
            verdict="genuine",
        )
        session.add_all(
            [check, StampState(run=run, serial=1, checks=1, first_at=world.now, last_at=world.now)]
        )
    return run


class Opened:
    """An export, read back."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as file:
            self.files = {name: file.read(name) for name in file.namelist()}

    def json(self, table: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.files[f"tables/{table}.json"])
        return found

    def csv(self, table: str) -> list[dict[str, str]]:
        text = self.files[f"tables/{table}.csv"].decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text, newline="")))


def test_one_cooperative_leaves_whole(any_world: "World", tmp_path: Path) -> None:
    """Its records, runs, keys' public halves, notices and checks; the statements verify outside of this system."""
    run = fill(any_world)
    settings = any_world.services.settings
    counts = export(settings, "HTX-MAU", tmp_path / "out.zip")
    out = Opened(tmp_path / "out.zip")
    assert {name: len(out.json(name)) for name in counts} == counts
    assert {name: len(out.csv(name)) for name in counts} == counts
    filled = {
        "party",
        "product",
        "pack_form",
        "paper",
        "member",
        "person",
        "batch",
        "event",
        "run",
        "stamp_key",
    }
    filled |= {"issuer_key", "notice", "stamp_state", "stamp_event", "attachment", "log_entry"}
    assert {name for name, count in counts.items() if count} == filled
    assert out.files[f"pictures/{DIGEST}.png"] == PICTURE
    with any_world.services.sessions() as session:
        htx = session.scalars(sa.select(Party).where(Party.code == "HTX-MAU")).one()
        key = session.scalars(sa.select(IssuerKey).where(IssuerKey.party_id == htx.id)).one()
        index = session.get_one(Run, run).log_index
    manifest = out.files[f"statements/{index:09d}-run.json"]
    said = verify_statement(manifest, {key_id(key.public_key): key.public_key})
    assert said.body["run"] == run
    statements = [name for name in out.files if name.startswith("statements/")]
    assert len(statements) == counts["log_entry"]
    assert len([name for name in statements if name.endswith("-notice.json")]) == counts["notice"] == 2


def test_nothing_of_others_goes_along(any_world: "World", tmp_path: Path) -> None:
    """A stranger's export has the stranger's product and picture, and not a row of the cooperative."""
    fill(any_world)
    counts = export(any_world.services.settings, "LA", tmp_path / "out.zip")
    assert {name for name, count in counts.items() if count} == {"party", "product", "person", "attachment"}
    out = Opened(tmp_path / "out.zip")
    assert [row["name"] for row in out.json("product")] == ["Hàng lạ"]
    everything = b"".join(out.files.values())
    assert "HTX Chè mẫu".encode() not in everything
    assert PICTURE not in everything


def test_everything_can_leave(any_world: "World", tmp_path: Path) -> None:
    """Without a party every row of every table that may leave does."""
    fill(any_world)
    counts = export(any_world.services.settings, None, tmp_path / "out.zip")
    with any_world.services.sessions() as session:
        for name, count in counts.items():
            table = metadata.tables[name]
            assert session.scalar(sa.select(sa.func.count()).select_from(table)) == count
    assert counts.keys() == metadata.tables.keys() - STAYS


def test_no_secret_leaves(any_world: "World", tmp_path: Path) -> None:
    """Neither sealed nor open keys, no password hash, no API key, no receipt, in no form."""
    run = fill(any_world)
    services = any_world.services
    export(services.settings, None, tmp_path / "out.zip")
    out = Opened(tmp_path / "out.zip")
    everything = b"".join(out.files.values())
    with services.sessions() as session:
        record = session.get_one(Run, run)
        secrets = [
            load_master_key(services.settings),
            run_secret(services.sealer, record),
            record.sealed_secret,
        ]
        secrets += [key.sealed or b"" for key in session.scalars(sa.select(StampKey))]
        secrets += [key.sealed or b"" for key in session.scalars(sa.select(IssuerKey))]
        secrets += list(session.scalars(sa.text("select hash from api_key")))
    for secret in [*secrets, RECEIPT, PASSWORD.encode()]:
        assert secret
        assert bytes(secret) not in everything
        assert bytes(secret).hex().encode() not in everything


def test_every_column_of_bytes_was_thought_about() -> None:
    """A new column of bytes must be named here as harmless, or in `SECRET`, or as a document of its own."""
    harmless = {
        "epcis_context.id",
        "epcis_event.context",
        "epcis_event.digest",
        "epcis_event.hash",
        "event.digest",
        "event.salt",
        "issuer_key.enrolment",
        "issuer_key.public_key",
        "run.proof",
        "run.salt",
        "stamp_key.hint",
        "stamp_key.public_key",
    }
    documents = {f"{table}.{document.column}" for table, document in DOCUMENTS.items()}
    columns = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, sa.LargeBinary) and table.name not in STAYS
    }
    assert columns <= harmless | documents | SECRET


def test_every_table_was_thought_about(world: "World", tmp_path: Path) -> None:
    """One party's export knows what belongs to it in every table: a new table cannot be forgotten."""
    counts = export(world.services.settings, "LM", tmp_path / "out.zip")
    assert counts.keys() == metadata.tables.keys() - STAYS


def test_a_spreadsheet_runs_nothing(world: "World", tmp_path: Path) -> None:
    """CSV text that Excel would take for a formula is quoted; JSON has it as it is, decimals and days exact."""
    fill(world)
    export(world.services.settings, "HTX-MAU", tmp_path / "out.zip")
    out = Opened(tmp_path / "out.zip")
    assert out.csv("party")[0]["hotline"] == "'+84 900 111 222"
    assert out.json("party")[0]["hotline"] == "+84 900 111 222"
    assert out.csv("member")[0]["alias"] == out.json("member")[0]["alias"] == "Hộ, “Bà Sáu”\n=HYPERLINK()"
    assert Decimal(out.json("pack_form")[0]["net_content"]) == Decimal("0.1")
    assert out.json("batch")[0]["expires_on"] == "2026-12-31"
    assert out.files["tables/party.csv"].startswith(b"\xef\xbb\xbf")


def test_the_digests_hold(world: "World", tmp_path: Path) -> None:
    """The manifest names every file but itself with its SHA-256."""
    fill(world)
    export(world.services.settings, None, tmp_path / "out.zip")
    out = Opened(tmp_path / "out.zip")
    parts = json.loads(out.files["manifest.json"])["parts"]
    assert parts.keys() == out.files.keys() - {"manifest.json"}
    assert all(hashlib.sha256(out.files[name]).hexdigest() == digest for name, digest in parts.items())


def test_an_unknown_party_is_named_and_leaves_no_file(world: "World", tmp_path: Path) -> None:
    """In both languages."""
    with pytest.raises(KeepingError) as caught:
        export(world.services.settings, "KHONG-CO", tmp_path / "out.zip")
    assert "KHONG-CO" in caught.value.vi
    assert "KHONG-CO" in caught.value.en
    assert list(tmp_path.glob("*.zip*")) == []


def test_the_diary_s_lines_photos_and_slips_leave_with_their_cooperative(
    world: "World", tmp_path: Path
) -> None:
    """Its own, with the photos as files; nothing of a stranger's."""
    fill(world)
    with world.services.sessions.begin() as session:
        made = session.scalars(sa.select(Batch)).first()
        assert made is not None
        stranger = session.scalars(sa.select(Party).where(Party.code == "LA")).one()
        product = session.scalars(sa.select(Product).where(Product.party_id == stranger.id)).one()
        other = Batch(
            party_id=stranger.id, product_id=product.id, lot="X", quantity=Decimal(1), unit="KGM", made_on=made.made_on
        )  # fmt: skip
        household = Member(party_id=stranger.id, code="H9", alias="Hộ lạ")
        session.add_all([other, household])
        session.flush()
        for batch, name, photo in ((made, "Đạm", "01" * 32), (other, "Lạ", "02" * 32)):
            session.add(Attachment(digest=photo, media_type="image/webp", data=name.encode()))
            event = Event(
                step=Step.CARE, at=world.now, text=name, recorded_by=batch.party_id, recorded_at=world.now
            )
            event.lines = [line(LineRole.USED, name, lot="B1", quantity=Decimal(2), unit="KGM")]
            event.photos = [EventPhoto(digest=photo, small=photo)]
            record_event(session, batch, event)
            member = session.scalars(sa.select(Member).where(Member.party_id == batch.party_id)).one()
            slip = PurchaseSlip(party_id=batch.party_id, number=name, member_id=member.id, at=world.now)
            slip.quantity, slip.unit, slip.recorded_at = Decimal(5), "KGM", world.now
            session.add_all([slip, StepDraft(batch_id=batch.id, model_id=event.id)])
    export(world.services.settings, "HTX-MAU", tmp_path / "out.zip")
    out = Opened(tmp_path / "out.zip")
    assert [row["what"] for row in out.json("event_line")] == ["Đạm"]
    assert [row["digest"] for row in out.json("event_photo")] == ["01" * 32]
    assert [row["number"] for row in out.json("purchase_slip")] == ["Đạm"]
    assert len(out.json("step_draft")) == 1
    assert out.files[f"pictures/{'01' * 32}.webp"] == "Đạm".encode()
    assert f"pictures/{'02' * 32}.webp" not in out.files


def test_members_personal_data_leave_only_when_asked_for(world: "World", tmp_path: Path) -> None:
    """Names, telephones, photos, stories and witnesses stay; with `personal` they leave, which is recorded."""
    fill(world)
    settings = world.services.settings
    with world.services.sessions.begin() as session:
        member = session.scalars(sa.select(Member)).one()
        session.add(Attachment(digest="ef" * 32, media_type="image/webp", data=b"her photo"))
        session.flush()
        for purpose in Purpose:
            give(member, purpose, How.WITNESS, world.now.date(), "Lan", world.now, "Ông Bảy")
        set_fields(member, full_name="Trần Thị Tư", phone="0912 345 678", photo="ef" * 32, story="Ba đời")
    words = ("Trần Thị Tư", "0912 345 678", "her photo", "Ba đời", "Ông Bảy")
    for party in (None, "HTX-MAU"):
        export(settings, party, tmp_path / "plain.zip")
        text = b"".join(Opened(tmp_path / "plain.zip").files.values()).decode("utf-8", "replace")
        assert [word for word in words if word in text] == []
        (tmp_path / "plain.zip").unlink()
        export(settings, party, tmp_path / "whole.zip", personal=True)
        text = b"".join(Opened(tmp_path / "whole.zip").files.values()).decode("utf-8", "replace")
        assert [word for word in words if word not in text] == []
        (tmp_path / "whole.zip").unlink()
    with world.services.sessions.begin() as session:
        note_personal(session, "HTX-MAU", "temthat export", world.now)
        note_personal(session, "LA", "temthat export", world.now)
        assert [(look.by, look.act) for look in session.scalars(sa.select(PersonalLook))] == [
            ("temthat export", Handling.EXPORTED)
        ]
