"""Issuing notices, and finding those in force for a run. The caller commits."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from sqlalchemy import Select, exists, or_, select
from sqlalchemy.orm import Session

from temthat_stamps.copies.records import StampEvent, StampEventKind, StampState, was_at_a_till
from temthat_stamps.keys import key_id
from temthat_stamps.ledger.records import Act, LedgerAct
from temthat_stamps.notice import (
    REASONS,
    IssuedNotice,
    Notice,
    batch_target,
    in_force,
    key_target,
    needs_second_signer,
    run_target,
    stamps_target,
)
from temthat_stamps.runs.custody import destroy_key, issuer_signer
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.records import NoticeRecord, NoticeScope, Run, StampKey
from temthat_stamps.runs.registry import Registry
from temthat_stamps.runs.revision import bump_revision
from temthat_stamps.runs.takenback import TakenBack
from temthat_stamps.verdict import NoticeKind
from temthat_trace.batches import Batch, BatchSource
from temthat_trace.lineage.among import among
from temthat_trace.parties import Party, looks_after


def notify_stamps(
    session: Session,
    registry: Registry,
    run: Run,
    first: int,
    last: int,
    kind: NoticeKind,
    reason: str,
    by: Party,
    second: Party | None = None,
) -> NoticeRecord:
    """A notice on serials `first` to `last` of a run. Raises `RunRefused`."""
    check_logged(run)
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
    touched = _Touched([run.run], (first, last))
    return _issue(session, registry, record, touched, kind, reason, run.party, by, second)


def notify_run(
    session: Session,
    registry: Registry,
    run: Run,
    kind: NoticeKind,
    reason: str,
    by: Party,
    second: Party | None = None,
) -> NoticeRecord:
    """A notice on a whole run. Raises `RunRefused`."""
    check_logged(run)
    _check_owner(by, run.party)
    record = NoticeRecord(scope=NoticeScope.RUN, target=run_target(run.run), run=run.run)
    touched = _Touched([run.run])
    return _issue(session, registry, record, touched, kind, reason, run.party, by, second)


def notify_batch(
    session: Session,
    registry: Registry,
    batch: Batch,
    kind: NoticeKind,
    reason: str,
    by: Party,
    second: Party | None = None,
) -> NoticeRecord:
    """A notice on a batch and everything made from it. Raises `RunRefused`."""
    _check_owner(by, batch.party)
    record = NoticeRecord(scope=NoticeScope.BATCH, target=batch_target(batch.id))
    touched = _Touched(select(Run.run).where(Run.batch_id == batch.id), batch=batch.id)
    return _issue(session, registry, record, touched, kind, reason, batch.party, by, second)


def notify_key(
    session: Session,
    registry: Registry,
    key: StampKey,
    kind: NoticeKind,
    reason: str,
    by: Party,
    second: Party | None = None,
) -> NoticeRecord:
    """A notice on a stamp key and every stamp it signed; a revocation ends and destroys it. Raises `RunRefused`."""
    _check_owner(by, key.party)
    record = NoticeRecord(scope=NoticeScope.KEY, target=key_target(key_id(key.public_key)))
    touched = _Touched(select(Run.run).where(Run.stamp_key_id == key.id))
    issued = _issue(session, registry, record, touched, kind, reason, key.party, by, second)
    if kind is NoticeKind.REVOCATION:
        destroy_key(registry, key)
    return issued


def notices_for_run(session: Session, run: Run) -> list[Notice]:
    """Notices in force that touch a run: its own, its stamps', its key's, its batch's and its sources'.

    Without those that a revoked issuer key gave after its last good entry; with a revocation of the run, if such a key
    registered it.
    """
    targets = [batch_target(batch_id) for batch_id in made_from(session, run.batch_id)]
    if run.is_logged:
        targets.append(key_target(key_id(run.stamp_key.public_key)))
    query = select(NoticeRecord).where(
        or_(NoticeRecord.run == run.run, among(session, NoticeRecord.target, targets))
    )
    gone = TakenBack.load(session)
    records = [record for record in session.scalars(query) if not gone.notice(session, record)]
    revoked = gone.run(session, run) if run.is_logged else None
    return in_force(map(as_notice, records)) + ([revoked] if revoked is not None else [])


def notices_by_run(session: Session, runs: Iterable[Run]) -> dict[int, tuple[Notice, ...]]:
    """The same for many runs in two queries; runs without notices are left out."""
    notices: defaultdict[object, list[Notice]] = defaultdict(list)
    for record in session.scalars(select(NoticeRecord)):
        notices[record.target if record.run is None else record.run].append(as_notice(record))
    if not notices:
        return {}
    sources: defaultdict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for batch_id, source_id in session.execute(select(BatchSource.batch_id, BatchSource.source_id)):
        sources[batch_id].add(source_id)
    found = {}
    for run in runs:
        batches = _reach(run.batch_id, lambda fresh: {s for batch in fresh for s in sources.get(batch, ())})
        places = [run.run, key_target(key_id(run.stamp_key.public_key)), *map(batch_target, batches)]
        if touching := in_force(notice for place in places for notice in notices.get(place, ())):
            found[run.run] = tuple(touching)
    return found


def notices_on(session: Session, batch_id: uuid.UUID) -> tuple[Notice, ...]:
    """The notices in force on a batch or on what it was made from; none of a key that is taken back."""
    return notices_on_each(session, [batch_id]).get(batch_id, ())


def notices_on_each(session: Session, batch_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, tuple[Notice, ...]]:
    """The same for many batches in one query a step back and a few more; batches without notices are left out."""
    if not session.scalar(select(exists().where(NoticeRecord.scope == NoticeScope.BATCH))):
        return {}  # the usual case: what each was made from need not be looked up
    wanted = list(dict.fromkeys(batch_ids))
    sources = _sources(session, wanted)
    reached = {batch: _reach(batch, lambda fresh: {s for b in fresh for s in sources[b]}) for batch in wanted}
    targets = {batch_target(source) for batches in reached.values() for source in batches}
    gone = TakenBack.load(session)
    notices: defaultdict[str, list[Notice]] = defaultdict(list)
    for record in session.scalars(select(NoticeRecord).where(among(session, NoticeRecord.target, targets))):
        if not gone.notice(session, record):
            notices[record.target].append(as_notice(record))
    found = {}
    for batch, batches in reached.items():
        if touching := in_force(notice for b in batches for notice in notices.get(batch_target(b), ())):
            found[batch] = tuple(touching)
    return found


def _sources(session: Session, batches: Iterable[uuid.UUID]) -> defaultdict[uuid.UUID, set[uuid.UUID]]:
    """What these batches were made from, and those in turn: by batch, its own sources."""
    found: defaultdict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    known, fresh = set[uuid.UUID](), set(batches)
    query = select(BatchSource.batch_id, BatchSource.source_id)
    while fresh:
        for batch, source in session.execute(query.where(among(session, BatchSource.batch_id, fresh))):
            found[batch].add(source)
        known |= fresh
        fresh = {source for batch in fresh for source in found[batch]} - known
    return found


def made_from(session: Session, batch_id: uuid.UUID) -> set[uuid.UUID]:
    """A batch and every batch it was made from, however far back; cycles in the records are survived."""
    query = select(BatchSource.source_id)
    return _reach(
        batch_id, lambda fresh: set(session.scalars(query.where(among(session, BatchSource.batch_id, fresh))))
    )


def _reach(batch_id: uuid.UUID, next_to: Callable[[set[uuid.UUID]], set[uuid.UUID]]) -> set[uuid.UUID]:
    found, fresh = {batch_id}, {batch_id}
    while fresh := next_to(fresh) - found:
        found |= fresh
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


def admit_notice(session: Session, registry: Registry, stated: IssuedNotice, envelope: bytes) -> NoticeRecord:
    """A notice that its issuer signed elsewhere, with its own key; who signed was verified. Raises `RunRefused`."""
    notice = stated.notice
    record = NoticeRecord(
        scope=NoticeScope(notice.scope),
        target=notice.target,
        run=notice.run,
        first=notice.first,
        last=notice.last,
    )
    owner, touched = _target_of(session, notice)
    by = session.get_one(Party, uuid.UUID(stated.issuer))
    _check_owner(by, owner)
    number = _next_number(session, record.target, notice.kind, notice.reason, touched, owner, by, None)
    if notice.number != number:
        raise RunRefused(
            f"Thông báo về {notice.target} phải mang số {number}: hãy xuất lại yêu cầu và ký lại.",
            f"The notice on {notice.target} has to be number {number}: have the request made and signed again.",
        )
    record.number, record.kind, record.reason, record.at = number, notice.kind, notice.reason, notice.at
    record.by_party_id = by.id
    record.log_index = registry.log(session, stated, envelope, owner.id)
    session.add(record)
    session.flush()
    return record


def next_notice(session: Session, notice: Notice, by: Party) -> Notice:
    """The same with the number that comes next for its target: what an issuer is asked to sign. Raises `RunRefused`."""
    owner, touched = _target_of(session, notice)
    _check_owner(by, owner)
    number = _next_number(session, notice.target, notice.kind, notice.reason, touched, owner, by, None)
    return replace(notice, number=number)


def check_logged(run: Run) -> None:
    """An order that its issuer has not signed has no stamps: nothing is said of them. Raises `RunRefused`."""
    if not run.is_logged:
        raise RunRefused(
            f"Đơn đặt in {run.run} chưa được ký nên chưa có tem nào. Không cần nữa thì hủy đơn; cần thì ký đơn trước.",
            f"Order {run.run} is not signed, so there are no stamps of it yet. Withdraw the order, or sign it first.",
        )


def _target_of(session: Session, notice: Notice) -> tuple[Party, "_Touched"]:
    """Whose the target is, and the stamps it means. Raises `RunRefused` if there is no such thing."""
    if notice.run is not None:
        run = session.get(Run, notice.run)
        last = notice.last or 0
        if run is not None and run.is_logged and last <= run.count:
            between = (notice.first, last) if notice.first is not None else None
            return run.party, _Touched([run.run], between)
    elif notice.scope == NoticeScope.BATCH.value:
        batch = session.get(Batch, uuid.UUID(notice.name))
        if batch is not None:
            return batch.party, _Touched(select(Run.run).where(Run.batch_id == batch.id), batch=batch.id)
    else:
        for key in session.scalars(select(StampKey).where(StampKey.hint == bytes.fromhex(notice.name[:8]))):
            if key_id(key.public_key) == notice.name:
                return key.party, _Touched(select(Run.run).where(Run.stamp_key_id == key.id))
    raise RunRefused(f"Không có {notice.target}.", f"There is no {notice.target}.")


def _issue(
    session: Session,
    registry: Registry,
    record: NoticeRecord,
    touched: "_Touched",
    kind: NoticeKind,
    reason: str,
    owner: Party,
    by: Party,
    second: Party | None,
) -> NoticeRecord:
    bump_revision(session)  # also the lock that keeps a target's numbers without gaps
    record.number = _next_number(session, record.target, kind, reason, touched, owner, by, second)
    record.kind = kind
    record.reason = reason
    record.by_party_id = by.id
    record.second_party_id = second.id if second else None
    record.at = registry.now()
    parties = [by, second] if second and second.id != by.id else [by]
    signers = [issuer_signer(session, registry, party) for party in parties]
    stated = IssuedNotice(registry.origin, str(by.id), as_notice(record))
    record.log_index = registry.state(session, stated, owner.id, *signers)
    session.add(record)
    session.flush()
    return record


def _next_number(
    session: Session,
    target: str,
    kind: NoticeKind,
    reason: str,
    touched: "_Touched",
    owner: Party,
    by: Party,
    second: Party | None,
) -> int:
    """The number of this notice, if these may issue it now. Raises `RunRefused`."""
    if reason not in REASONS:
        raise RunRefused(f"Không có mã lý do “{reason}”.", f"There is no reason code “{reason}”.")
    standing = _standing(session, target)
    if kind is NoticeKind.LIFT and (standing is None or standing.kind is NoticeKind.LIFT):
        raise RunRefused(
            "Không có thông báo nào đang có hiệu lực để gỡ.", "There is no notice in force here to lift."
        )
    applied = kind is NoticeKind.VOID and _any_applied(session, touched)
    needed = needs_second_signer(kind, standing.kind if standing else None, applied=applied)
    needed = needed or _falls_on_others(session, touched.batch, owner)
    if needed and not any(party is not None and looks_after(party, owner) for party in (by, second)):
        raise RunRefused(
            "Thu hồi, hủy tem đã dán, gỡ hoặc làm nhẹ một thông báo, hoặc ra thông báo về lô mà đơn vị khác đã dùng "
            "làm nguyên liệu, cần Liên minh (tỉnh hoặc Việt Nam) cùng ký.",
            "To recall, to void applied stamps, to lift a notice or to make it milder, and for any notice on a batch "
            "that others have made goods from, the alliance (province or national) has to sign as well.",
        )
    return standing.number + 1 if standing else 1


def _standing(session: Session, target: str) -> NoticeRecord | None:
    """The latest notice on a target."""
    query = select(NoticeRecord).where(NoticeRecord.target == target)
    return session.scalars(query.order_by(NoticeRecord.number.desc()).limit(1)).first()


@dataclass(frozen=True, slots=True)
class _Touched:
    """The stamps a notice speaks of: all of some runs, or of one run those between two serials."""

    runs: list[int] | Select[int]
    between: tuple[int, int] | None = None
    batch: uuid.UUID | None = None
    """Set where all that was made from a batch is meant as well."""


def _any_applied(session: Session, touched: _Touched) -> bool:
    """Whether a record says that one of these stamps is on goods; no record says nothing."""
    on_goods = StampEvent.event.in_([StampEventKind.APPLIED, StampEventKind.SOLD])
    events = select(StampEvent.run).where(StampEvent.run.in_(touched.runs), on_goods)
    states = select(StampState.run).where(StampState.run.in_(touched.runs), was_at_a_till())
    acts = select(LedgerAct.run).where(LedgerAct.run.in_(touched.runs), LedgerAct.act == Act.APPLIED)
    if touched.between is not None:
        first, last = touched.between
        events = events.where(StampEvent.serial.between(first, last))
        states = states.where(StampState.serial.between(first, last))
        acts = acts.where(LedgerAct.first <= last, LedgerAct.last >= first)
    return any(session.execute(query.limit(1)).first() is not None for query in (acts, events, states))


def _falls_on_others(session: Session, batch_id: uuid.UUID | None, owner: Party) -> bool:
    """Whether goods of another party are made from a batch: the log asks for the province there too."""
    if batch_id is None:
        return False
    query = select(BatchSource.batch_id)
    made = _reach(
        batch_id,
        lambda fresh: set(session.scalars(query.where(among(session, BatchSource.source_id, fresh)))),
    )
    others = select(Batch.id).where(among(session, Batch.id, made), Batch.party_id != owner.id)
    return session.execute(others.limit(1)).first() is not None


def _check_owner(by: Party, owner: Party) -> None:
    if by.id != owner.id and not looks_after(by, owner):
        raise RunRefused(
            f"“{by.name}” không được ra thông báo cho tem của đơn vị khác.",
            f"“{by.name}” may not issue notices on another party's stamps.",
        )
