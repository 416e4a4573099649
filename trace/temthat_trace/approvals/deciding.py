"""An office approves or refuses a change. Each is decided once, wholly, and only as it was seen.

A change is a fixed record: whoever changes it makes another in its place, and the one an officer looked at can no
longer be approved. Approving compares what the change was made against with what is stored now, so that a change
made elsewhere meanwhile is never written over unseen.
"""

import datetime as dt
import uuid
from collections.abc import Iterable

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from temthat_trace.approvals.proposing import DecidedMeanwhile, move, put
from temthat_trace.approvals.records import Proposal, Reason, State, Subject
from temthat_trace.approvals.values import ChangedRecord, from_json
from temthat_trace.importing.apply import apply
from temthat_trace.importing.existing import Existing, Frozen, load_records
from temthat_trace.importing.plan import Entry, Plan
from temthat_trace.papers import Paper
from temthat_trace.parties import CONFIRMERS, Party, looks_after
from temthat_trace.products import Product
from temthat_trace.repository import TraceRefused, confirm_paper

_FROZEN = {
    "product": frozenset({"base_unit", "kind"}),
    "pack_form": frozenset({"kind", "net_content", "net_unit", "inner", "holds"}),
}
"""What may not change once stamps were printed: as the workbook's own rules."""


def approve(
    session: Session, proposal: Proposal, office: Party, person: str, now: dt.datetime, frozen: Frozen
) -> None:
    """Write a waiting change and say who agreed to it. The caller commits, or rolls back on any error.

    `frozen`: batches with stamps, as for an import. Raises `TraceRefused`, in words, when it was decided or taken back
    meanwhile, when what it changes is no longer as it was, or when the office does not look after the party.
    """
    check_office(session, proposal.party, office)
    _decide(session, proposal, State.APPROVED, office, person, now)
    records = from_json(proposal.entries)
    if proposal.is_new:
        return
    codes = {record.key[0] for record in records} | {r.key[3] for r in records if r.sheet == "component"}
    # The row is locked first, so that nothing changes between comparing and writing.
    model = Product if proposal.subject is Subject.PRODUCT else Paper
    session.execute(select(model.id).where(model.id == proposal.subject_id).with_for_update())
    existing = load_records(session, codes, now, frozen)
    with_it = {record.key for record in records if record.sheet == "pack_form"}
    for record in records:
        if record.sheet == "component" and record.key[3:] not in with_it:
            _require_part(record, existing)
    entries = [_entry(record, existing) for record in records]
    confirmed = _confirmed(session, proposal)
    apply(session, Plan(entries, existing), None, now)
    _confirm_again(session, proposal, confirmed, office, person, now)


def refuse(
    session: Session,
    proposal: Proposal,
    office: Party,
    person: str,
    now: dt.datetime,
    reason: Reason,
    words: str,
) -> None:
    """A waiting change is not to be; the stored record stays as it was. Raises `TraceRefused`."""
    check_office(session, proposal.party, office)
    check_reason(reason, words)
    _decide(session, proposal, State.REFUSED, office, person, now, reason=reason.value, words=words[:400])


def reopen(session: Session, proposal: Proposal, office: Party, now: dt.datetime) -> Proposal:
    """A refused change waits once more, as a change of its own; the refusal stays as history.

    Raises `TraceRefused` when something else was said of that record since.
    """
    check_office(session, proposal.party, office)
    is_paper = proposal.subject is Subject.PAPER and proposal.is_new
    if proposal.state is not State.REFUSED or is_paper:
        raise _decided(proposal)
    later = select(Proposal.id).where(Proposal.subject_id == proposal.subject_id, Proposal.at > proposal.at)
    try:
        # Written before anything is read: a second officer waits here, and then sees what the first one did.
        move(session, proposal, State.REFUSED)
        _require_none(session, later)
        with session.begin_nested():
            again = put(
                session,
                party_id=proposal.party_id,
                subject=proposal.subject,
                subject_id=proposal.subject_id,
                product_id=proposal.product_id,
                records=from_json(proposal.entries),
                is_new=proposal.is_new,
                source=proposal.source,
                by=session.get_one(Party, proposal.by_party_id),
                person=proposal.by_person,
                now=now,
                waits=True,
            )
    except (DecidedMeanwhile, IntegrityError) as error:
        raise _decided(proposal) from error
    assert again is not None
    return again


def take_back(session: Session, proposal: Proposal, person: str, now: dt.datetime) -> None:
    """The cooperative takes its own waiting change back. Raises `TraceRefused`, also for a new product."""
    if proposal.is_new:
        raise TraceRefused(
            "Sản phẩm mới không rút lại được: hãy sửa trong sổ Excel rồi nạp lại.",
            "A new product cannot be taken back: change it in the workbook and bring that in.",
        )
    try:
        _from_waiting(session, proposal, State.WITHDRAWN, decided_person=person[:100], decided_at=now)
    except DecidedMeanwhile as error:
        raise _decided(proposal) from error


def mark_seen(
    session: Session, proposals: Iterable[Proposal], office: Party, person: str, now: dt.datetime
) -> None:
    """An office has looked at changes that were applied at once. Those looked at already stay as they are."""
    for proposal in proposals:
        check_office(session, proposal.party, office)
        if proposal.state is State.APPLIED:
            try:
                move(session, proposal, State.SEEN, decided_by_id=office.id, decided_person=person[:100],
                     decided_at=now)  # fmt: skip
            except DecidedMeanwhile:
                continue


def check_office(session: Session, party: Party, office: Party) -> None:
    """Raises `TraceRefused` unless the office looks after the party and is one that confirms."""
    if office.kind not in CONFIRMERS or not looks_after(office, party):
        raise TraceRefused(
            f"“{office.name}” không phụ trách “{party.name}” nên không duyệt được.",
            f"“{office.name}” does not look after “{party.name}” and cannot decide this.",
        )


def check_reason(reason: Reason, words: str) -> None:
    """Raises `TraceRefused` for another reason without words."""
    if reason is Reason.OTHER and not words:
        raise TraceRefused("Lý do khác thì phải ghi rõ.", "Another reason needs words.")


def _decide(
    session: Session, proposal: Proposal, to: State, office: Party, person: str, now: dt.datetime, **more: str
) -> None:
    who = {"decided_by_id": office.id, "decided_person": person[:100], "decided_at": now}
    try:
        _from_waiting(session, proposal, to, **who, **more)
    except DecidedMeanwhile as error:
        raise _decided(proposal) from error


def _require_none(session: Session, later: Select[uuid.UUID]) -> None:
    if session.scalars(later.limit(1)).first() is not None:
        raise DecidedMeanwhile


def _from_waiting(session: Session, proposal: Proposal, to: State, **more: object) -> None:
    if proposal.state is not State.WAITING:
        raise DecidedMeanwhile
    move(session, proposal, to, **more)


def _decided(proposal: Proposal) -> TraceRefused:
    name = proposal.product.name if proposal.product else proposal.party.name
    return TraceRefused(
        f"Thay đổi của “{name}” vừa được người khác quyết định, sửa hoặc rút lại. Hãy xem lại danh sách.",
        f"The change of “{name}” was just decided, changed or taken back by somebody else. Look at the list again.",
    )


def _require_part(record: ChangedRecord, existing: Existing) -> None:
    if existing.known("pack_form", record.key[3:]) is None:
        raise TraceRefused(
            f"Combo này chứa quy cách “{record.key[-1]}” chưa có. Hãy duyệt thay đổi của sản phẩm đó trước.",
            f"This combo holds the pack form “{record.key[-1]}”, which is not there yet. Approve that product first.",
        )


def _entry(record: ChangedRecord, existing: Existing) -> Entry:
    """A record of the change as an import's entry on what is stored now. Raises `TraceRefused` if that moved on."""
    known = existing.known(record.sheet, record.key)
    frozen = record.sheet in _FROZEN and record.key[:2] in existing.frozen_products
    if record.new:
        if known is not None and any(known.values.get(n) != v for n, v in record.after.items()):
            raise _moved_on(record)
        return Entry(record.sheet, record.key, dict(record.after), known, frozenset())
    if known is None:
        raise _moved_on(record)
    for name, value in record.after.items():
        if known.values.get(name) not in (record.before.get(name), value):
            raise _moved_on(record)
        if frozen and name in _FROZEN[record.sheet]:
            raise TraceRefused(
                f"“{record.key[-1]}” đã có tem in trong lúc chờ nên không đổi được nữa. Hãy từ chối thay đổi này.",
                f"Stamps of “{record.key[-1]}” were printed while this waited: it cannot change any more. Refuse this.",
            )
    changed = frozenset(n for n, v in record.after.items() if known.values.get(n) != v)
    return Entry(record.sheet, record.key, {**known.values, **record.after}, known, changed)


def _moved_on(record: ChangedRecord) -> TraceRefused:
    return TraceRefused(
        f"“{record.key[-1]}” đã được sửa ở nơi khác trong lúc chờ. Hãy từ chối thay đổi này để đơn vị gửi lại.",
        f"“{record.key[-1]}” was changed elsewhere while this waited. Refuse it and let the cooperative send it again.",
    )


def _confirmed(session: Session, proposal: Proposal) -> list[Product]:
    """The products a paper was confirmed for before it changes."""
    if proposal.subject is not Subject.PAPER:
        return []
    paper = session.get_one(Paper, proposal.subject_id)
    ids = {c.product_id for c in paper.confirmations if c.withdrawn_at is None}
    return [session.get_one(Product, product_id) for product_id in ids]


def _confirm_again(
    session: Session,
    proposal: Proposal,
    products: list[Product],
    office: Party,
    person: str,
    now: dt.datetime,
) -> None:
    """The office has just looked at the paper as it is now: it is confirmed for what it speaks of."""
    if proposal.subject is not Subject.PAPER:
        return
    paper = session.get_one(Paper, proposal.subject_id)
    session.refresh(paper)
    about = {paper.product_id} if paper.product_id else {product.id for product in products}
    for product_id in about:
        confirm_paper(session, paper, product_id, office, person, now)
