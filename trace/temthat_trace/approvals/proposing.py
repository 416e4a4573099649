"""Putting a change on record: waiting for an office, or already applied and only to be looked at."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from temthat_trace.approvals.records import Proposal, Source, State, Subject
from temthat_trace.approvals.rule import changes_wait, product_is_public
from temthat_trace.approvals.values import ChangedRecord, from_json, to_json
from temthat_trace.parties import Party
from temthat_trace.products import Product


class DecidedMeanwhile(Exception):
    """An office decided, or a colleague changed it, between reading and writing; nothing was stored."""


def waiting_for(session: Session, party_ids: Iterable[uuid.UUID]) -> Sequence[Proposal]:
    """What waits of these parties, the oldest first."""
    query = select(Proposal).where(Proposal.party_id.in_(list(party_ids)), Proposal.state == State.WAITING)
    return session.scalars(query.order_by(Proposal.at, Proposal.id)).all()


def waiting_about(session: Session, subject_id: uuid.UUID) -> Proposal | None:
    """The one change of this product or paper that waits."""
    query = select(Proposal).where(Proposal.subject_id == subject_id, Proposal.state == State.WAITING)
    return session.scalars(query).first()


def move(session: Session, proposal: Proposal, to: State, **more: Any) -> None:
    """From its present state to another, if it is still in it. Raises `DecidedMeanwhile`.

    One statement that names the state it leaves: of two people who decide at once, exactly one does.
    """
    found = session.execute(
        update(Proposal)
        .where(Proposal.id == proposal.id, Proposal.state == proposal.state)
        .values(state=to, **more)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(found, CursorResult)
    if found.rowcount != 1:
        raise DecidedMeanwhile
    session.refresh(proposal)


def put(
    session: Session,
    *,
    party_id: uuid.UUID,
    subject: Subject,
    subject_id: uuid.UUID,
    product_id: uuid.UUID | None,
    records: Sequence[ChangedRecord],
    is_new: bool,
    source: Source,
    by: Party,
    person: str,
    now: dt.datetime,
    waits: bool,
) -> Proposal | None:
    """Store a change. One that waits takes the place of whatever waited for the same record before.

    No records: what waited is taken back and nothing takes its place. Raises `DecidedMeanwhile`, or sqlalchemy's
    IntegrityError when somebody else stored one at the same moment.
    """
    if waits:
        before = waiting_about(session, subject_id)
        if before is not None:
            move(session, before, State.SUPERSEDED if records else State.WITHDRAWN, decided_at=now)
    if not records:
        return None
    proposal = Proposal(
        party_id=party_id,
        subject=subject,
        subject_id=subject_id,
        product_id=product_id,
        is_new=is_new,
        entries=to_json(records),
        source=source,
        by_party_id=by.id,
        by_person=person[:100],
        at=now,
        state=State.WAITING if waits else State.APPLIED,
    )
    session.add(proposal)
    session.flush()
    return proposal


def change_product(
    session: Session, product: Product, fields: dict[str, Any], by: Party, person: str, now: dt.datetime
) -> Proposal | None:
    """Change fields of a product from the desk, or propose it where its office wants to be asked first.

    Gives the change that waits, or None when it was applied at once. Fields that stay as they are are left out; what
    already waits for this product is kept and joined with these. Raises `DecidedMeanwhile`.
    """
    party = session.get_one(Party, product.party_id)
    key = (party.code, product.code)
    public = product_is_public(session, product.id)
    if public and changes_wait(session, party):
        waiting = waiting_about(session, product.id)
        records = from_json(waiting.entries) if waiting else []
        mine = next((r for r in records if r.sheet == "product"), None)
        wanted = {**(mine.after if mine else {}), **fields}
        others = [r for r in records if r is not mine]
        return _put_product(session, product, [*others, *_changed(key, product, wanted)], by, person, now)
    changed = _changed(key, product, fields)
    for record in changed:
        for name, value in record.after.items():
            setattr(product, name, value)
    session.flush()
    if changed and public:
        _put_product(session, product, changed, by, person, now, waits=False)
    elif changed:
        again = [ChangedRecord(r.sheet, r.key, True, {**r.after, **fields} if r.sheet == "product" else r.after)
                 for r in from_json(proposed_as_new(session, product.id).entries)]  # fmt: skip
        return _put_product(session, product, again, by, person, now, is_new=True)
    return None


def proposed_as_new(session: Session, product_id: uuid.UUID) -> Proposal:
    """The newest word on a product that is not public yet: the change that brought it in."""
    query = select(Proposal).where(Proposal.subject_id == product_id, Proposal.is_new)
    return session.scalars(query.order_by(Proposal.at.desc(), Proposal.id.desc()).limit(1)).one()


def _changed(key: tuple[str, ...], product: Product, wanted: dict[str, Any]) -> list[ChangedRecord]:
    """What of these fields differs from the product as it stands; empty if nothing does."""
    after = {name: value for name, value in wanted.items() if getattr(product, name) != value}
    before = {name: getattr(product, name) for name in after}
    return [ChangedRecord("product", key, new=False, after=after, before=before)] if after else []


def _put_product(
    session: Session, product: Product, records: list[ChangedRecord], by: Party, person: str, now: dt.datetime, *,
    waits: bool = True, is_new: bool = False,
) -> Proposal | None:  # fmt: skip
    return put(
        session,
        party_id=product.party_id,
        subject=Subject.PRODUCT,
        subject_id=product.id,
        product_id=product.id,
        records=records,
        is_new=is_new,
        source=Source.DESK,
        by=by,
        person=person,
        now=now,
        waits=waits,
    )
