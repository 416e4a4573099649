"""Putting a change on record: waiting for an office, or already applied and only to be looked at."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from temthat_trace.approvals.records import Proposal, Source, State, Subject
from temthat_trace.approvals.rule import changes_wait, product_is_public
from temthat_trace.approvals.values import ChangedRecord, from_json, to_json
from temthat_trace.parties import Party
from temthat_trace.products import PackForm, Product

Fields = dict[str, Any]
"""Values by the name of their field."""


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
    session: Session,
    product: Product,
    fields: Fields,
    by: Party,
    person: str,
    now: dt.datetime,
    forms: Mapping[str, Fields] | None = None,
) -> Proposal | None:
    """Change fields of a product from the desk, or propose it where its office wants to be asked first.

    `forms`: fields of its pack forms, by their code. Gives the change that waits, or None when it was applied at once.
    Fields that stay as they are are left out; what already waits for this product is kept and joined with these, so
    that a form shows `as_proposed` first. Raises `DecidedMeanwhile`.
    """
    party = session.get_one(Party, product.party_id)
    targets = _targets(party, product, fields, forms or {})
    public = product_is_public(session, product.id)
    if public and changes_wait(session, party):
        told = {(r.sheet, r.key): r for r in _waiting_records(session, product)}
        for target in targets:
            before = told.pop((target.sheet, target.key), None)
            wanted = {**(before.after if before else {}), **target.wanted}
            told |= {(r.sheet, r.key): r for r in _changed(replace(target, wanted=wanted))}
        return _put_product(session, product, [*told.values()], by, person, now)
    changed = [record for target in targets for record in _changed(target)]
    for target in targets:
        for name, value in target.wanted.items():
            setattr(target.record, name, value)
    session.flush()
    if changed and public:
        _put_product(session, product, changed, by, person, now, waits=False)
    elif changed:
        told = {(r.sheet, r.key): r for r in from_json(proposed_as_new(session, product.id).entries)}
        for record in changed:
            whole = told.get((record.sheet, record.key), record)
            told[record.sheet, record.key] = replace(whole, after={**whole.after, **record.after})
        return _put_product(session, product, [*told.values()], by, person, now, is_new=True)
    return None


def as_proposed(session: Session, product: Product, names: Iterable[str]) -> Fields:
    """Fields of a product as they will be once what waits is approved: what a form to change them begins with."""
    mine = next((r for r in _waiting_records(session, product) if r.sheet == "product"), None)
    return {name: (mine.after if mine else {}).get(name, getattr(product, name)) for name in names}


def form_as_proposed(session: Session, form: PackForm, names: Iterable[str]) -> Fields:
    """The same for one of its pack forms."""
    records = [r for r in _waiting_records(session, form.product) if r.sheet == "pack_form"]
    mine = next((r for r in records if r.key[2] == form.code), None)
    return {name: (mine.after if mine else {}).get(name, getattr(form, name)) for name in names}


def _waiting_records(session: Session, product: Product) -> list[ChangedRecord]:
    """What waits of a product that is public; of a new one everything is stored already."""
    waiting = waiting_about(session, product.id)
    return from_json(waiting.entries) if waiting is not None and not waiting.is_new else []


def proposed_as_new(session: Session, product_id: uuid.UUID) -> Proposal:
    """The newest word on a product that is not public yet: the change that brought it in."""
    query = select(Proposal).where(Proposal.subject_id == product_id, Proposal.is_new)
    return session.scalars(query.order_by(Proposal.at.desc(), Proposal.id.desc()).limit(1)).one()


@dataclass(frozen=True, slots=True)
class _Target:
    """A stored record with the fields wanted of it."""

    sheet: str
    key: tuple[str, ...]
    record: Product | PackForm
    wanted: Fields


def _targets(party: Party, product: Product, fields: Fields, forms: Mapping[str, Fields]) -> list[_Target]:
    key = (party.code, product.code)
    packs = [(form, forms[form.code]) for form in product.pack_forms if form.code in forms]
    return [
        _Target("product", key, product, fields),
        *(_Target("pack_form", (*key, form.code), form, wanted) for form, wanted in packs),
    ]


def _changed(target: _Target) -> list[ChangedRecord]:
    """What of the wanted fields differs from what is stored; empty if nothing does."""
    after = {name: value for name, value in target.wanted.items() if getattr(target.record, name) != value}
    before = {name: getattr(target.record, name) for name in after}
    return [ChangedRecord(target.sheet, target.key, new=False, after=after, before=before)] if after else []


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
