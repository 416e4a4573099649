"""Everything that belongs to one cooperative, or to all, in open files: data leaves whole, secrets stay.

A ZIP with each table as CSV (for a spreadsheet) and JSON (for a program), the pictures and scans, and every signed
statement exactly as it was signed, so that runs and notices stay provable without this system.
"""

import csv
import datetime as dt
import io
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from temthat_stamps.copies.records import CopySignal, StampEvent, StampState
from temthat_stamps.keys import key_id
from temthat_stamps.ledger.records import LedgerAct, Reprint, StampQuota
from temthat_stamps.log.records import LogEntry
from temthat_stamps.notice import batch_target, key_target
from temthat_stamps.runs.records import (
    IssuerKey,
    NoticeRecord,
    NoticeScope,
    PinFetch,
    PrintFetch,
    PrintJob,
    Run,
    RunBlock,
    StampKey,
)
from temthat_trace.approvals.records import ApprovalRule, Proposal
from temthat_trace.batches import Batch, BatchSource
from temthat_trace.drafts import StepDraft
from temthat_trace.epcis.tables import CaptureJob, EpcisContext, EpcisEvent
from temthat_trace.epcis.values import EpcisValue
from temthat_trace.events import Event, EventLine, EventPhoto
from temthat_trace.offers import ProductPhoto, SellerLink
from temthat_trace.papers import Attachment, Paper, PaperConfirmation
from temthat_trace.parties import Consent, Member, Party, Plot
from temthat_trace.privacy.records import Handling, PersonalLook, PersonalRequest
from temthat_trace.privacy.repository import note
from temthat_trace.products import PackComponent, PackForm, Product
from temthat_trace.purchases import PurchaseSlip
from temthat_verify_api import migrate
from temthat_verify_api.accounts import Person
from temthat_verify_api.alerts.records import Alert, AlertMessage, AlertSignal, AlertStep, AlertSubscription
from temthat_verify_api.archive import MANIFEST, KeepingError, Parts, written_whole
from temthat_verify_api.epcis.tables import NamedQuery, Subscription
from temthat_verify_api.keeping import database_errors, snapshot
from temthat_verify_api.nightly.records import LearnedHabits, RunCopies, StampDay
from temthat_verify_api.pin_records import PinEntry
from temthat_verify_api.reports.records import ReportStep, SuspectReport
from temthat_verify_api.rows import read_rows, to_plain
from temthat_verify_api.settings import Settings
from temthat_verify_api.tables import metadata

SECRET = frozenset(
    {
        "issuer_key.sealed",
        "stamp_key.sealed",
        "run.sealed_secret",
        "reprint.link_hash",
        "epcis_subscription.sealed_secret",
        "alert_subscription.sealed_secret",
        "person.password_hash",
        "stamp_event.receipt",
        "stamp_state.copy_live",
        "stamp_state.copy_frozen",
        "member.former",
    }
)
"""Columns that never leave: what signs or lets somebody in, and what would tell a shopper's phone or an erased member
again."""

PERSONAL = frozenset(
    {
        *("member.full_name", "member.phone", "member.photo", "member.story", "consent.witness"),
        *("suspect_report.photo", "suspect_report.shop", "suspect_report.told"),
    }
)
"""Columns that leave only when they are asked for: what members agreed to have kept by their cooperative alone, and
what a shopper's report may say of people."""

STAYS = frozenset(
    {
        "api_key",
        "web_session",
        "reset_code",
        "workbook_import",
        "revision",
        "epcis_term",
        "report_contact",
        "night",
    }
)
"""Tables that never leave: ways in, uploads in passing, the service's own counter and nights, an index made of hashes,
and how to reach a shopper who reported."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Row = Mapping[str, Any]
Where = sa.ColumnElement[bool]


@dataclass(frozen=True)
class _Document:
    """A column whose bytes leave as a file of their own; the tables then name that file."""

    column: str
    name: Callable[[Row], str]


_EXTENSIONS = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "application/pdf": ".pdf"}
DOCUMENTS = {
    "attachment": _Document(
        "data", lambda r: f"pictures/{r['digest']}{_EXTENSIONS.get(r['media_type'], '.bin')}"
    ),
    "log_entry": _Document("envelope", lambda r: f"statements/{r['index']:09d}-{r['kind']}.json"),
}

_README = """TemThật: dữ liệu xuất ra / exported data
Đơn vị / party: {party}    Lúc / at: {at}    Phiên bản / version: {program}

tables/*.csv    mỗi bảng một tệp, UTF-8, mở được bằng Excel; ô chữ bắt đầu bằng = + - @ có thêm dấu nháy đơn ở trước
tables/*.json   cùng dữ liệu ấy, đúng từng ký tự, cho phần mềm / the same, exact, for programs
pictures/       ảnh và bản chụp giấy tờ / pictures and scans
statements/     văn bản đã ký, theo thứ tự trong sổ công khai (DSSE) / signed statements in log order
manifest.json   SHA-256 của từng tệp / of each file

Không có khóa bí mật, mật khẩu hay dấu vết điện thoại của người mua.
No secret keys, no passwords, nothing that tells a shopper's phone again.
"""


def export(
    settings: Settings, party_code: str | None, target: Path, *, personal: bool = False
) -> dict[str, int]:
    """Write everything of one party, or of all (None), into the ZIP `target`; returns the rows of each table.

    `personal`: with members' full names, telephones, photos and stories; whoever asks for that records it with each
    member (`note_personal`). One consistent reading while the service goes on. Raises `KeepingError` (no such party,
    no space), `migrate.SchemaError`.
    """
    with database_errors():
        migrate.require_current(settings.database_url)
    with written_whole(target) as parts, database_errors(), snapshot(settings.database_url) as connection:
        chosen = None if party_code is None else _party(connection, party_code)
        counts = {
            table.name: _write_table(parts, connection, table, chosen, frozenset() if personal else PERSONAL)
            for table in metadata.sorted_tables
            if table.name not in STAYS
        }
        about = _README.format(
            party=party_code or "tất cả / all",
            at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            program=version("temthat"),
        )
        parts.add("README.txt", [about.encode()])
        parts.add(MANIFEST, [json.dumps({"rows": counts, "parts": parts.digests}, indent=1).encode()])
    return counts


def _party(connection: sa.Connection, code: str) -> uuid.UUID:
    found: uuid.UUID | None = connection.scalar(sa.select(Party.id).where(Party.code == code))
    if found is None:
        raise KeepingError(f"Không có đơn vị mang mã “{code}”.", f"There is no party with the code “{code}”.")
    return found


def note_personal(session: Session, party_code: str | None, by: str, now: dt.datetime) -> None:
    """Record with each member of the party, or of all, that its personal data was exported; the caller commits."""
    query = sa.select(Member).where(Member.erased_at.is_(None))
    if party_code is not None:
        query = query.join(Party, Party.id == Member.party_id).where(Party.code == party_code)
    for member in session.scalars(query):
        note(session, member, by, Handling.EXPORTED, now)


def _write_table(
    parts: Parts, connection: sa.Connection, table: sa.Table, party: uuid.UUID | None, hidden: frozenset[str]
) -> int:
    """The table's documents, then its rows as JSON and CSV. Read once for each: memory stays small."""
    columns = [c for c in table.columns if f"{table.name}.{c.name}" not in SECRET | hidden]
    document = DOCUMENTS.get(table.name)
    query = sa.select(*columns).order_by(*table.primary_key)
    if hidden and table.name == Attachment.__tablename__:
        for photos in (Member.photo, SuspectReport.photo):
            query = query.where(Attachment.digest.not_in(sa.select(photos).where(photos.is_not(None))))
    keep: Callable[[Row], bool] = lambda _: True  # noqa: E731
    if party is not None:
        query = query.where(_belongs(table.name, party))
        if table.name == NoticeRecord.__tablename__:
            keep = _notices_of(connection, party)

    def rows() -> Iterator[dict[str, Any]]:
        return (row for row in read_rows(connection, query) if keep(row))

    if document:
        for row in rows():
            parts.add(document.name(row), [row[document.column]])
    count = 0

    def as_json() -> Iterator[bytes]:
        nonlocal count
        yield b"["
        for count, row in enumerate(rows(), 1):
            yield (b",\n" if count > 1 else b"\n") + json.dumps(
                _open_row(row, document), ensure_ascii=False
            ).encode()
        yield b"\n]\n"

    parts.add(f"tables/{table.name}.json", as_json())
    parts.add(f"tables/{table.name}.csv", _as_csv([c.name for c in columns], rows(), document))
    return count


def _open_row(row: Row, document: _Document | None) -> dict[str, Any]:
    """A row for others: bytes as hex, a document as the name of its file."""
    opened = {}
    for name, value in row.items():
        if document and name == document.column:
            opened[name] = document.name(row)
        else:
            opened[name] = value.hex() if isinstance(value, bytes) else to_plain(value)
    return opened


def _as_csv(
    columns: list[str], rows: Iterator[dict[str, Any]], document: _Document | None
) -> Iterator[bytes]:
    """UTF-8 with the mark that tells Excel so. Text that Excel would run as a formula is quoted."""
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow(columns)
    yield b"\xef\xbb\xbf"
    for row in rows:
        yield _taken(line)
        writer.writerow(
            f"'{v}" if isinstance(v, str) and v.startswith(_FORMULA) else v
            for v in _open_row(row, document).values()
        )
    yield _taken(line)


def _taken(line: io.StringIO) -> bytes:
    text = line.getvalue()
    line.seek(0)
    line.truncate()
    return text.encode()


def _belongs(table: str, party: uuid.UUID) -> Where:
    """Which rows of a table are that party's."""
    members = sa.select(Member.id).where(Member.party_id == party)
    products = sa.select(Product.id).where(Product.party_id == party)
    forms = sa.select(PackForm.id).where(PackForm.product_id.in_(products))
    papers = sa.select(Paper.id).where(Paper.party_id == party)
    batches = sa.select(Batch.id).where(Batch.party_id == party)
    events = sa.select(Event.id).where(Event.batch_id.in_(batches))
    runs = sa.select(Run.run).where(Run.party_id == party)
    jobs = sa.select(PrintJob.id).where(PrintJob.run.in_(runs))
    pictures: sa.CompoundSelect[Any] = sa.union(
        sa.select(Product.picture).where(Product.party_id == party, Product.picture.is_not(None)),
        sa.select(Paper.scan).where(Paper.party_id == party, Paper.scan.is_not(None)),
        sa.select(Member.photo).where(Member.party_id == party, Member.photo.is_not(None)),
        sa.select(ProductPhoto.digest).where(ProductPhoto.product_id.in_(products)),
        sa.select(SuspectReport.photo).where(
            SuspectReport.party_id == party, SuspectReport.photo.is_not(None)
        ),
        *(
            sa.select(column).where(EventPhoto.event_id.in_(events))
            for column in (EventPhoto.digest, EventPhoto.small)
        ),
    )
    rules: dict[str, Where] = {
        Party.__tablename__: Party.id == party,
        Person.__tablename__: Person.party_id == party,
        Member.__tablename__: Member.party_id == party,
        Consent.__tablename__: Consent.member_id.in_(members),
        PersonalRequest.__tablename__: PersonalRequest.party_id == party,
        PersonalLook.__tablename__: PersonalLook.member_id.in_(members),
        Plot.__tablename__: Plot.party_id == party,
        Product.__tablename__: Product.party_id == party,
        ProductPhoto.__tablename__: ProductPhoto.product_id.in_(products),
        SellerLink.__tablename__: SellerLink.product_id.in_(products),
        PackForm.__tablename__: PackForm.product_id.in_(products),
        PackComponent.__tablename__: PackComponent.combo_id.in_(forms),
        Attachment.__tablename__: Attachment.digest.in_(pictures),
        Paper.__tablename__: Paper.party_id == party,
        PaperConfirmation.__tablename__: PaperConfirmation.paper_id.in_(papers),
        Proposal.__tablename__: Proposal.party_id == party,
        ApprovalRule.__tablename__: ApprovalRule.office_id == party,
        Batch.__tablename__: Batch.party_id == party,
        BatchSource.__tablename__: BatchSource.batch_id.in_(batches),
        Event.__tablename__: Event.batch_id.in_(batches),
        EventLine.__tablename__: EventLine.event_id.in_(events),
        EventPhoto.__tablename__: EventPhoto.event_id.in_(events),
        StepDraft.__tablename__: StepDraft.batch_id.in_(batches),
        PurchaseSlip.__tablename__: PurchaseSlip.party_id == party,
        EpcisValue.__tablename__: EpcisValue.party_id == party,
        NamedQuery.__tablename__: NamedQuery.party_id == party,
        Subscription.__tablename__: Subscription.party_id == party,
        IssuerKey.__tablename__: IssuerKey.party_id == party,
        StampKey.__tablename__: StampKey.party_id == party,
        LogEntry.__tablename__: LogEntry.party_id == party,
        RunBlock.__tablename__: RunBlock.party_id == party,
        Run.__tablename__: Run.party_id == party,
        PrintJob.__tablename__: PrintJob.run.in_(runs),
        PinFetch.__tablename__: PinFetch.job_id.in_(jobs),
        PrintFetch.__tablename__: PrintFetch.job_id.in_(jobs),
        LedgerAct.__tablename__: LedgerAct.run.in_(runs),
        Reprint.__tablename__: Reprint.run.in_(runs),
        StampQuota.__tablename__: StampQuota.party_id == party,
        NoticeRecord.__tablename__: sa.or_(
            NoticeRecord.run.in_(runs),
            NoticeRecord.by_party_id == party,
            NoticeRecord.scope.in_([NoticeScope.BATCH, NoticeScope.KEY]),
        ),
        EpcisEvent.__tablename__: EpcisEvent.party_id == party,
        EpcisContext.__tablename__: EpcisContext.id.in_(
            sa.select(EpcisEvent.context).where(EpcisEvent.party_id == party)
        ),
        CaptureJob.__tablename__: CaptureJob.party_id == party,
        StampState.__tablename__: StampState.run.in_(runs),
        StampEvent.__tablename__: StampEvent.run.in_(runs),
        CopySignal.__tablename__: CopySignal.run.in_(runs),
        PinEntry.__tablename__: PinEntry.run.in_(runs),
        LearnedHabits.__tablename__: LearnedHabits.product_id.in_(products),
        RunCopies.__tablename__: RunCopies.run.in_(runs),
        StampDay.__tablename__: StampDay.run.in_(runs),
        SuspectReport.__tablename__: SuspectReport.party_id == party,
        ReportStep.__tablename__: ReportStep.report_id.in_(
            sa.select(SuspectReport.id).where(SuspectReport.party_id == party)
        ),
        Alert.__tablename__: Alert.party_id == party,
        AlertSignal.__tablename__: AlertSignal.run.in_(runs),
        AlertStep.__tablename__: AlertStep.alert_id.in_(sa.select(Alert.id).where(Alert.party_id == party)),
        AlertSubscription.__tablename__: AlertSubscription.party_id == party,
        AlertMessage.__tablename__: AlertMessage.subscription_id.in_(
            sa.select(AlertSubscription.id).where(AlertSubscription.party_id == party)
        ),
    }
    return rules[table]


def _notices_of(connection: sa.Connection, party: uuid.UUID) -> Callable[[Row], bool]:
    """Notices on a batch or a key name it in words, which only this program can compare."""
    batches = connection.scalars(sa.select(Batch.id).where(Batch.party_id == party))
    keys = connection.scalars(sa.select(StampKey.public_key).where(StampKey.party_id == party))
    targets = {*(batch_target(b) for b in batches), *(key_target(key_id(k)) for k in keys)}
    named = (NoticeScope.BATCH, NoticeScope.KEY)
    return lambda row: row["scope"] not in named or row["target"] in targets or row["by_party_id"] == party
