"""Runs of issuers that keep their own keys: an order goes out, signed statements come back, a proof goes out.

The service checks what it checks for a hosted run, keeps the order as a run that is not logged, and takes into the log
only statements by a key the province delegated, that say exactly what was ordered. The stamps are made elsewhere.
"""

import contextlib
import json
import uuid
from dataclasses import asdict, replace
from typing import Unpack

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from temthat_stamps.custody.order import Order, PrintChoice, Signed
from temthat_stamps.errors import BadKey, BadStatement
from temthat_stamps.keys import check_enrolment, key_hint, key_id
from temthat_stamps.log.records import LogEntry
from temthat_stamps.logged import Stated, read_body
from temthat_stamps.manifest import Activated, Custody, KeyClosed, KeyOpened, RunManifest, Sources
from temthat_stamps.notice import IssuedNotice
from temthat_stamps.runs.custody import end_of_month, issuer_key, new_run_secret, run_secret
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.notices import admit_notice, made_from
from temthat_stamps.runs.own_notices import are_void, void_for
from temthat_stamps.runs.produce import JOB_SERIALS, PrintSettings, label_lines
from temthat_stamps.runs.records import (
    IssuerKey,
    JobState,
    NoticeScope,
    PrintFetch,
    PrintJob,
    Run,
    RunBlock,
    StampKey,
)
from temthat_stamps.runs.register import (
    OrderOptions,
    gtin_of,
    manifest_of,
    names_of,
    order_run,
    replaced_by,
    reserve_block,
    unstated_sources,
)
from temthat_stamps.runs.registry import Registry
from temthat_stamps.runs.revision import bump_revision
from temthat_stamps.statement import open_envelope, peek, verify_statement
from temthat_stamps.verdict import NoticeKind
from temthat_trace.batches import Batch
from temthat_trace.events import batch_digest
from temthat_trace.parties import Party
from temthat_trace.products import PackForm

BLOCK = 20
"""Run numbers reserved for an issuer at a time."""


def keeps_own_keys(session: Session, registry: Registry, party: Party) -> bool:
    """Whether the party signs on its own computer. Raises `RunRefused` if it has no delegated key at all."""
    return issuer_key(session, registry, party).custody is Custody.OWN


def order_own_run(
    session: Session,
    registry: Registry,
    batch: Batch,
    pack_form: PackForm,
    count: int,
    **options: Unpack[OrderOptions],
) -> Run:
    """An order for an issuer to sign; it takes its share of the allowance from now on. Raises as `register_run`.

    What it `replaces` is voided by the same signature (`void_for`).
    """
    bump_revision(session)
    registry = registry.at_one_moment()
    run = order_run(session, registry, batch, pack_form, count, **options)
    run.run = _next_own_number(session, registry, batch.party)
    run.sealed_secret = new_run_secret(registry.sealer, run.run)
    session.add(run)
    session.flush()
    return run


def order_file(
    session: Session, registry: Registry, run: Run, host: str, scheme: str, printing: PrintChoice
) -> Order:
    """What the issuer's computer needs to sign the run and print it. It holds the run's secret. Raises `RunRefused`."""
    if run.is_logged:
        raise RunRefused(f"Đợt in {run.run} đã được ký.", f"Run {run.run} is signed already.")
    if not run.count:
        raise RunRefused(f"Đơn {run.run} đã hủy.", f"Order {run.run} was withdrawn.")
    assert run.salt is not None, "nothing is erased before it is registered"
    return Order(
        origin=registry.origin,
        issuer=str(run.party_id),
        run=run.run,
        count=run.count,
        pack_form=str(run.pack_form_id),
        batch=str(run.batch_id),
        gtin=gtin_of(run.batch, run.pack_form),
        gs1=run.gs1,
        made_on=run.batch.made_on,
        expires_on=run.batch.expires_on,
        needs_activation=run.needs_activation,
        packs=run.packs or 0,
        beyond=run.beyond,
        replaces=replaced_by(run),
        names=names_of(run),
        salt=run.salt,
        events=batch_digest(event.digest for event in run.batch.events),
        secret=run_secret(registry.sealer, run),
        host=host,
        lines=label_lines(run),
        sources=tuple(unstated_sources(session, run.batch)),
        scheme="HTTP" if scheme == "HTTP" else "HTTPS",
        printing=printing,
        void=void_for(session, registry, run),
    )


def plan_files(
    session: Session, registry: Registry, run: Run, settings: PrintSettings, by: str
) -> list[PrintJob]:
    """The files that the issuer's computer will make of an order, so that sheets can be counted. The caller commits.

    No press takes them up: to the service they are ready from the start, only elsewhere.
    """
    for first in range(1, run.count + 1, JOB_SERIALS):
        part = settings if first == 1 else replace(settings, start_position=1)
        job = PrintJob(
            run=run.run,
            first=first,
            last=min(first + JOB_SERIALS - 1, run.count),
            kind=settings.kind,
            settings=json.dumps(asdict(part)),
            state=JobState.READY,
            created_at=registry.now(),
            created_by=by,
        )
        session.add(job)
    session.flush()
    return planned_files(session, run)


def planned_files(session: Session, run: Run) -> list[PrintJob]:
    """See `plan_files`; in the order of their serials."""
    return list(session.scalars(select(PrintJob).where(PrintJob.run == run.run).order_by(PrintJob.first)))


def print_choice_of(jobs: list[PrintJob]) -> PrintChoice:
    """What the clerk chose when the files were planned; the usual paper where none were."""
    return PrintChoice(**json.loads(jobs[0].settings)) if jobs else PrintChoice()


def settings_of(jobs: list[PrintJob]) -> PrintSettings:
    """The same as settings of the press; the usual paper where there are no files."""
    return PrintSettings(**json.loads(jobs[0].settings)) if jobs else PrintSettings()


def unsigned_orders(session: Session, party: Party) -> list[Run]:
    """Orders of a party that wait for its signature, the oldest first."""
    query = select(Run).where(Run.party_id == party.id, Run.log_index.is_(None), Run.count > 0)
    return list(session.scalars(query.order_by(Run.run)))


def withdraw_order(session: Session, run: Run) -> None:
    """Take back an order that is not signed: its allowance is free again. The caller commits. Raises `RunRefused`.

    The row stays with no stamps: its number is never ordered again, for the issuer may have signed it already.
    """
    bump_revision(session)
    session.refresh(run)
    if run.is_logged:
        raise RunRefused(
            f"Đợt in {run.run} đã ký và đã vào sổ công khai nên không hủy đơn được; tem không dùng thì ghi vào sổ tem.",
            f"Run {run.run} is signed and in the public log: it cannot be withdrawn. Record unused stamps instead.",
        )
    for job in planned_files(session, run):
        session.execute(delete(PrintFetch).where(PrintFetch.job_id == job.id))
        session.execute(delete(PrintJob).where(PrintJob.id == job.id))
    run.count = 0
    run.replaces_run = run.replaces_first = run.replaces_last = None
    session.flush()


def signed_runs(signed: Signed) -> list[int]:
    """The numbers of the runs a signed file says it registers; nothing of it is verified."""
    runs = []
    for envelope in signed.statements:
        with contextlib.suppress(BadStatement):
            stated = read_body(peek(envelope))
            if isinstance(stated, RunManifest):
                runs.append(stated.run)
    return runs


def accept_signed(session: Session, registry: Registry, signed: Signed, party: Party) -> list[int]:
    """Take the statements that a party signed into the log, in their order; the entries. The caller commits.

    What the log holds already is passed over, so that sending twice is harmless. Raises `RunRefused`, `TrustError`;
    nothing of the file counts then.
    """
    if signed.origin != registry.origin:
        raise _refused(f"tệp thuộc sổ “{signed.origin}”", f"the file is of the log “{signed.origin}”")
    if signed.issuer != str(party.id):
        raise _not_theirs(party)
    bump_revision(session)
    registry = registry.at_one_moment()
    entries = []
    for envelope in signed.statements:
        query = select(LogEntry.index).where(LogEntry.envelope == envelope, LogEntry.party_id == party.id)
        index = session.scalar(query.limit(1))
        if index is None:
            index = _accept(session, registry, envelope, party)
        if index is not None:
            entries.append(index)
    return entries


def _accept(session: Session, registry: Registry, envelope: bytes, party: Party) -> int | None:
    """Its entry; None where nothing needs to be said any more."""
    stated = _read(session, registry, envelope, party)
    match stated:
        case IssuedNotice():
            return _admit_notice(session, registry, stated, envelope)
        case KeyOpened():
            record = _admit_key(session, registry, stated, party)
            record.log_index = registry.log(session, stated, envelope, party.id)
            session.add(record)
            session.flush()
            return record.log_index
        case Sources():
            wanted = _check_sources(session, stated)
            return registry.log(session, stated, envelope, party.id) if wanted else None
        case RunManifest():
            run, stamp_key = _admit_run(session, registry, stated)
            run.stamp_key_id, run.registered_at = stamp_key.id, stated.registered_at
            run.log_index = registry.log(session, stated, envelope, party.id)
            session.flush()
            return run.log_index
        case KeyClosed():
            stamp_key = _stamp_key(session, stated.stamp_key, party)
            stamp_key.closed_at = min(
                stamp_key.closes_at, stamp_key.closed_at or registry.now(), registry.now()
            )
            return registry.log(session, stated, envelope, party.id)
        case Activated():
            ordered = session.get(Run, stated.run)
            if (
                ordered is None
                or not (ordered.is_logged and ordered.needs_activation)
                or ordered.activated_at is not None
            ):
                raise _refused("đợt in này không chờ kích hoạt", "this run does not wait for activation")
            ordered.activated_at = registry.now()
            return registry.log(session, stated, envelope, party.id)
    raise _refused("đây không phải văn bản của đơn vị phát hành", "this is no statement of an issuer")


def _read(session: Session, registry: Registry, envelope: bytes, party: Party) -> Stated:
    """What is stated by the party's delegated key in own custody, which signed it. Raises `RunRefused`."""
    try:
        body = open_envelope(envelope).body
        stated = read_body(body)
        if stated.origin != registry.origin:
            raise _refused(f"nó thuộc sổ “{stated.origin}”", f"it is of the log “{stated.origin}”")
        if body.get("issuer") != str(party.id):
            raise _not_theirs(party)
        key = issuer_key(session, registry, party)
        if key.custody is not Custody.OWN:
            raise _refused("đơn vị này không tự giữ khóa", "this issuer does not keep its own keys")
        verify_statement(envelope, {key_id(key.public_key): key.public_key})
    except (BadStatement, ValueError) as error:
        raise _refused(f"nó không hợp lệ ({error})", f"it is not valid ({error})") from error
    if isinstance(stated, RunManifest | Activated):
        run = session.get(Run, stated.run)
        if run is None or run.party_id != party.id:
            raise _refused(
                f"không có đơn đặt in {stated.run} của đơn vị này",
                f"there is no order {stated.run} of this issuer",
            )
    return stated


def _admit_notice(session: Session, registry: Registry, stated: IssuedNotice, envelope: bytes) -> int:
    """A notice on what is the issuer's; a stamp key that it revokes signs no further run."""
    index, notice = admit_notice(session, registry, stated, envelope).log_index, stated.notice
    if notice.kind is NoticeKind.REVOCATION and notice.scope == NoticeScope.KEY.value:
        for key in session.scalars(select(StampKey).where(StampKey.hint == bytes.fromhex(notice.name[:8]))):
            if key_id(key.public_key) == notice.name:
                key.closed_at = min(key.closed_at or registry.now(), registry.now())
    return index


def _admit_key(session: Session, registry: Registry, stated: KeyOpened, party: Party) -> StampKey:
    now, hint = registry.now(), key_hint(stated.public_key)
    try:
        check_enrolment(stated.public_key)
    except BadKey as error:
        raise _refused("khóa tem yếu", f"the stamp key is weak ({error})") from error
    taken = session.scalar(select(StampKey.id).where(StampKey.hint == hint)) or session.scalar(
        select(IssuerKey.id).where(IssuerKey.public_key == stated.public_key)
    )
    right = stated.custody is Custody.OWN and stated.opens < stated.closes <= end_of_month(stated.opens)
    if taken or not right or stated.closes < now:
        raise _refused(
            "khóa tem trùng với khóa đã có, hoặc sai thời hạn (đến hết tháng)",
            "the stamp key is known already, or its period is wrong (to the end of its month)",
        )
    return StampKey(
        party_id=party.id,
        hint=hint,
        public_key=stated.public_key,
        opened_at=stated.opens,
        closes_at=stated.closes,
        custody=Custody.OWN,
    )


def _check_sources(session: Session, stated: Sources) -> bool:
    """Whether they are still to be logged: not once a run of the batch is, which another order may have brought."""
    batch = session.get(Batch, uuid.UUID(stated.batch))
    known = made_from(session, batch.id) if batch and str(batch.party_id) == stated.issuer else set()
    if batch is None or not set(stated.sources) <= set(map(str, known)) - {stated.batch}:
        raise _changed("nguồn của lô không đúng như đã ghi", "the batch's sources are not those recorded")
    return bool(unstated_sources(session, batch))


def _admit_run(session: Session, registry: Registry, stated: RunManifest) -> tuple[Run, StampKey]:
    run = session.get_one(Run, stated.run)
    stamp_key = _stamp_key(session, stated.stamp_key, run.party)
    if run.is_logged:
        raise _refused(f"đợt in {run.run} đã được đăng ký", f"run {run.run} is registered already")
    if not run.count:
        raise _refused(f"đơn {run.run} đã hủy", f"order {run.run} was withdrawn")
    if stated != manifest_of(run, registry.origin, stated.stamp_key, stated.registered_at):
        raise _changed(
            "nội dung khác với đơn đặt in, hoặc lô hàng đã sửa sau khi tải đơn",
            "it says other than the order, or the batch was changed since",
        )
    if not are_void(session, run):
        raise _changed("tem cũ mà đợt này thay chưa hủy", "the stamps that it replaces are not void")
    open_now = stamp_key.closed_at is None and registry.now() <= stamp_key.closes_at
    if not (open_now and stamp_key.opened_at <= stated.registered_at <= stamp_key.closes_at):
        raise _refused("khóa tem đã đóng", "the stamp key is closed")
    return run, stamp_key


def _stamp_key(session: Session, name: str, party: Party) -> StampKey:
    keys = session.scalars(select(StampKey).where(StampKey.hint == bytes.fromhex(name[:8])))
    for key in keys:
        if key.party_id == party.id and key_id(key.public_key) == name:
            return key
    raise _refused("khóa tem chưa được công bố", "its stamp key was not announced")


def _next_own_number(session: Session, registry: Registry, party: Party) -> int:
    """The next number of the party's blocks; when they are used up, another block is reserved."""
    blocks = session.scalars(select(RunBlock).where(RunBlock.party_id == party.id).order_by(RunBlock.first))
    for block in blocks:
        used = session.scalar(select(func.max(Run.run)).where(Run.run.between(block.first, block.last)))
        if (used or block.first - 1) < block.last:
            return (used or block.first - 1) + 1
    return reserve_block(session, registry, party, BLOCK).first


def _refused(vi: str, en: str) -> RunRefused:
    return RunRefused(
        f"Không nhận văn bản đã ký: {vi}. Không mục nào được ghi; hãy lấy đúng tệp của đơn vị rồi gửi lại.",
        f"The signed statement is refused: {en}. Nothing was logged; find the right file and send it again.",
    )


def _changed(vi: str, en: str) -> RunRefused:
    """A run's number is signed once only: what changed needs another."""
    return RunRefused(
        f"Không nhận văn bản đã ký: {vi}. Không mục nào được ghi; hãy hủy đơn này và đặt đơn mới.",
        f"The signed statement is refused: {en}. Nothing was logged; withdraw this order and place a new one.",
    )


def _not_theirs(party: Party) -> RunRefused:
    return _refused(f"nó không phải của “{party.name}”", f"it is not by “{party.name}”")
