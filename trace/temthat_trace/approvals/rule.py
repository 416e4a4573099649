"""Whether a cooperative's changes wait, and what the public may see while they do."""

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session, aliased

from temthat_trace.approvals.records import ApprovalRule, Proposal, State, Subject
from temthat_trace.parties import Party
from temthat_trace.products import Product

_HIGHEST = 8
"""Most offices above each other; a circle in the records is survived."""

LET_IN = (State.APPROVED, State.APPLIED, State.SEEN)
"""What makes a new product public: an office's word, or that no office asked to be waited for."""


def changes_wait(session: Session, party: Party) -> bool:
    """Whether this party's changes wait for an office: as the nearest office above it that ever said so; else not."""
    office_id = party.alliance_id
    for _ in range(_HIGHEST):
        if office_id is None:
            return False
        said = rule_of(session, office_id)
        if said is not None:
            return said.waits
        office_id = session.scalar(select(Party.alliance_id).where(Party.id == office_id))
    return False


def rule_of(session: Session, office_id: uuid.UUID) -> ApprovalRule | None:
    """What an office said last."""
    query = select(ApprovalRule).where(ApprovalRule.office_id == office_id)
    newest = query.order_by(ApprovalRule.set_at.desc(), ApprovalRule.id.desc())
    return session.scalars(newest.limit(1)).first()


def rules_of(session: Session, office_id: uuid.UUID) -> Sequence[ApprovalRule]:
    """All it ever said, the newest first."""
    query = select(ApprovalRule).where(ApprovalRule.office_id == office_id)
    return session.scalars(query.order_by(ApprovalRule.set_at.desc(), ApprovalRule.id.desc())).all()


def set_rule(session: Session, office: Party, *, waits: bool, person: str, now: dt.datetime) -> None:
    """An office says whether its members' changes wait for it; twice is once. What waits already goes on waiting."""
    said = rule_of(session, office.id)
    if (said.waits if said else False) != waits:
        session.add(ApprovalRule(office_id=office.id, waits=waits, set_by=person, set_at=now))
        session.flush()


def is_public(product: type[Product] = Product) -> ColumnElement[bool]:
    """Condition on Product: not a new product that still waits for an office, or that an office refused."""
    kept, let_in = aliased(Proposal), aliased(Proposal)

    def new(proposal: type[Proposal], *states: State) -> ColumnElement[bool]:
        about = and_(proposal.subject_id == product.id, proposal.subject == Subject.PRODUCT)
        return exists().where(about, proposal.is_new, proposal.state.in_(states))

    return ~and_(new(kept, State.WAITING, State.REFUSED), ~new(let_in, *LET_IN))


def product_is_public(session: Session, product_id: uuid.UUID) -> bool:
    """The same for one product."""
    return session.scalar(select(Product.id).where(Product.id == product_id, is_public())) is not None
