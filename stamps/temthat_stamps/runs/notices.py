"""Issuing notices, and finding those in force for a run. The caller commits."""

import datetime as dt
import uuid
from collections.abc import Iterable

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from temthat_stamps.keys import key_id
from temthat_stamps.notice import (
    NEEDS_SECOND_SIGNER,
    REASONS,
    Notice,
    batch_target,
    in_force,
    key_target,
    run_target,
    stamps_target,
)
from temthat_stamps.runs.custody import issuer_key
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.records import NoticeRecord, NoticeScope, Run
from temthat_stamps.runs.register import bump_revision
from temthat_stamps.sealing import Sealer
from temthat_stamps.statement import sign_statement
from temthat_stamps.verdict import NoticeKind
from temthat_trace.batches import Batch, BatchSource
from temthat_trace.parties import Party, looks_after


def notify_stamps(
    session: Session,
    sealer: Sealer,
    origin: str,
    run: Run,
    first: int,
    last: int,
    kind: NoticeKind,
    reason: str,
    by: Party,
    now: dt.datetime,
    second: Party | None = None,
) -> NoticeRecord:
    """A notice on serials `first` to `last` of a run. Raises `RunRefused`."""
    if not 1 <= first <= last <= run.count:
        raise RunRefused(
            f"Đợt in {run.run} có tem từ 1 đến {run.count}.", f"Run {run.run} has serials 1 to {run.count}."
        )
    _check_owner(by, run.party)
    record = NoticeRecord(
        scope=NoticeScope.STAMPS,
        target=stamps_target(run.run, first, last),
        run=run.run,
        first=first,
        last=last,
    )
    return _issue(session, sealer, origin, record, kind, reason, run.party, by, now, second)


def notify_run(
    session: Session,
    sealer: Sealer,
    origin: str,
    run: Run,
    kind: NoticeKind,
    reason: str,
    by: Party,
    now: dt.datetime,
    second: Party | None = None,
) -> NoticeRecord:
    """A notice on a whole run. Raises `RunRefused`."""
    _check_owner(by, run.party)
    record = NoticeRecord(scope=NoticeScope.RUN, target=run_target(run.run), run=run.run)
    return _issue(session, sealer, origin, record, kind, reason, run.party, by, now, second)


def notify_batch(
    session: Session,
    sealer: Sealer,
    origin: str,
    batch: Batch,
    kind: NoticeKind,
    reason: str,
    by: Party,
    now: dt.datetime,
    second: Party | None = None,
) -> NoticeRecord:
    """A notice on a batch and everything made from it. Raises `RunRefused`."""
    _check_owner(by, batch.party)
    record = NoticeRecord(scope=NoticeScope.BATCH, target=batch_target(batch.id))
    return _issue(session, sealer, origin, record, kind, reason, batch.party, by, now, second)


def notices_for_run(session: Session, run: Run) -> list[Notice]:
    """Notices in force that touch a run: its own, its stamps', its key's, its batch's and its sources'."""
    targets = [key_target(key_id(run.stamp_key.public_key))]
    targets += [batch_target(batch_id) for batch_id in made_from(session, run.batch_id)]
    query = select(NoticeRecord).where(or_(NoticeRecord.run == run.run, NoticeRecord.target.in_(targets)))
    return in_force(as_notice(record) for record in session.scalars(query))


def made_from(session: Session, batch_id: uuid.UUID) -> set[uuid.UUID]:
    """A batch and every batch it was made from, however far back; cycles in the records are survived."""
    found: set[uuid.UUID] = set()
    fresh: Iterable[uuid.UUID] = [batch_id]
    while fresh:
        found.update(fresh)
        sources = session.scalars(select(BatchSource.source_id).where(BatchSource.batch_id.in_(list(fresh))))
        fresh = set(sources) - found
    return found


def as_notice(record: NoticeRecord) -> Notice:
    """The record as the pure rules take it."""
    return Notice(
        target=record.target,
        number=record.number,
        kind=record.kind,
        reason=record.reason,
        at=record.at,
        run=record.run,
        first=record.first,
        last=record.last,
    )


def _issue(
    session: Session,
    sealer: Sealer,
    origin: str,
    record: NoticeRecord,
    kind: NoticeKind,
    reason: str,
    owner: Party,
    by: Party,
    now: dt.datetime,
    second: Party | None,
) -> NoticeRecord:
    if reason not in REASONS:
        raise RunRefused(f"Không có mã lý do “{reason}”.", f"There is no reason code “{reason}”.")
    if kind in NEEDS_SECOND_SIGNER and not any(p is not None and looks_after(p, owner) for p in (by, second)):
        raise RunRefused(
            "Thu hồi hoặc gỡ thông báo cần Liên minh (tỉnh hoặc Việt Nam) cùng ký.",
            "A recall or a lift needs the alliance (province or national) to sign as well.",
        )
    bump_revision(session)
    query = select(NoticeRecord.number).where(NoticeRecord.target == record.target)
    record.number = max(session.scalars(query), default=0) + 1
    record.kind = kind
    record.reason = reason
    record.by_party_id = by.id
    record.second_party_id = second.id if second else None
    record.at = now
    signers = [by, second] if second and second.id != by.id else [by]
    keys = [issuer_key(session, sealer, party.id, now) for party in signers]
    record.envelope = sign_statement(as_notice(record).body(origin, str(by.id)), *keys)
    session.add(record)
    session.flush()
    return record


def _check_owner(by: Party, owner: Party) -> None:
    if by.id != owner.id and not looks_after(by, owner):
        raise RunRefused(
            f"“{by.name}” không được ra thông báo cho tem của đơn vị khác.",
            f"“{by.name}” may not issue notices on another party's stamps.",
        )
