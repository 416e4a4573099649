"""What waits for an office, the oldest first: changes of products and papers, and papers that nobody confirmed yet."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from temthat_trace.approvals.paperlook import mark, refusals
from temthat_trace.approvals.records import Proposal, State
from temthat_trace.papers import Paper, PaperConfirmation
from temthat_trace.parties import Party
from temthat_trace.products import Product

OPEN = (State.WAITING, State.APPLIED)


@dataclass(frozen=True, slots=True)
class PaperWaiting:
    """A paper in force that no office confirmed or refused, for which products it may be confirmed, and its mark."""

    paper: Paper
    party: Party
    products: tuple[Product, ...]
    mark: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing to decide: a change, or a paper. `at`: since when."""

    at: dt.datetime
    party: Party
    proposal: Proposal | None = None
    paper: PaperWaiting | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is: changes that wait, papers that nobody confirmed, applied changes nobody looked at."""

    changes: int
    papers: int
    applied: int

    @property
    def to_decide(self) -> int:
        """Changes and papers."""
        return self.changes + self.papers


def queue(session: Session, holders: ColumnElement[bool], today: dt.date, limit: int) -> list[Waiting]:
    """What waits of these holders (a condition on Party), the oldest first."""
    changes = [Waiting(p.at, p.party, proposal=p) for p in _proposals(session, holders, State.WAITING, limit)]
    papers = papers_waiting(session, holders, today, limit)
    found = changes + [Waiting(_made(w.paper.id), w.party, paper=w) for w in papers]
    return sorted(found, key=lambda waiting: waiting.at)[:limit]


def applied(session: Session, holders: ColumnElement[bool], limit: int) -> Sequence[Proposal]:
    """Changes that were applied at once and that no office looked at, the oldest first."""
    return _proposals(session, holders, State.APPLIED, limit)


def decided(
    session: Session, holders: ColumnElement[bool], limit: int, *, replaced: bool = True
) -> Sequence[Proposal]:
    """What was decided, looked at, taken back or, if asked for, replaced by a later change; the newest first."""
    query = _of(holders).where(Proposal.state.not_in(OPEN), Proposal.decided_at.is_not(None))
    if not replaced:
        query = query.where(Proposal.state != State.SUPERSEDED)
    return session.scalars(query.order_by(Proposal.decided_at.desc(), Proposal.id).limit(limit)).all()


def counts(session: Session, holders: ColumnElement[bool], today: dt.date) -> Counts:
    """The numbers for a first page."""
    query = select(Proposal.state, func.count()).join(Party, Party.id == Proposal.party_id)
    rows = session.execute(query.where(holders, Proposal.state.in_(OPEN)).group_by(Proposal.state))
    open_now = {state: count for state, count in rows}  # noqa: C416 - a Row is no pair to dict()
    unconfirmed = (
        session.scalar(select(func.count()).select_from(_unconfirmed(holders, today).subquery())) or 0
    )
    refused = _refused_ids(session, holders, today)
    return Counts(open_now.get(State.WAITING, 0), unconfirmed - len(refused), open_now.get(State.APPLIED, 0))


def papers_waiting(
    session: Session, holders: ColumnElement[bool], today: dt.date, limit: int
) -> list[PaperWaiting]:
    """Papers in force that no office confirmed or refused, the oldest record first."""
    query = _unconfirmed(holders, today).where(Paper.id.not_in(_refused_ids(session, holders, today)))
    papers = session.scalars(
        query.order_by(Paper.id).limit(limit).options(selectinload(Paper.confirmations))
    ).all()
    parties = {
        p.id: p for p in session.scalars(select(Party).where(Party.id.in_({p.party_id for p in papers})))
    }
    whole = {paper.party_id for paper in papers if paper.product_id is None}
    own = {paper.product_id for paper in papers if paper.product_id is not None}
    products = session.scalars(
        select(Product).where(or_(Product.party_id.in_(whole), Product.id.in_(own))).order_by(Product.name)
    ).all()
    return [
        PaperWaiting(
            paper,
            parties[paper.party_id],
            tuple(
                p
                for p in products
                if p.id == paper.product_id or (paper.product_id is None and p.party_id == paper.party_id)
            ),
            mark(paper, parties[paper.party_id]),
        )
        for paper in papers
    ]


def _of(holders: ColumnElement[bool]) -> Select[Proposal]:
    query = select(Proposal).join(Party, Party.id == Proposal.party_id).where(holders)
    return query.options(
        joinedload(Proposal.party), joinedload(Proposal.product), joinedload(Proposal.decided_by)
    )


def _proposals(
    session: Session, holders: ColumnElement[bool], state: State, limit: int
) -> Sequence[Proposal]:
    query = _of(holders).where(Proposal.state == state).order_by(Proposal.at, Proposal.id)
    return session.scalars(query.limit(limit)).all()


def _unconfirmed(holders: ColumnElement[bool], today: dt.date) -> Select[Paper]:
    standing = exists().where(
        PaperConfirmation.paper_id == Paper.id, PaperConfirmation.withdrawn_at.is_(None)
    )
    in_force = or_(Paper.valid_until.is_(None), Paper.valid_until >= today)
    return select(Paper).join(Party, Party.id == Paper.party_id).where(holders, ~standing, in_force)


def _refused_ids(session: Session, holders: ColumnElement[bool], today: dt.date) -> set[uuid.UUID]:
    """Of those, the ones an office refused as they stand. Refusals are few; each is compared word for word."""
    some = exists().where(Proposal.subject_id == Paper.id, Proposal.state == State.REFUSED)
    papers = session.scalars(_unconfirmed(holders, today).where(some)).all()
    return set(refusals(session, papers))


def _made(record_id: uuid.UUID) -> dt.datetime:
    """When a record was made: a UUIDv7 leads with its milliseconds."""
    return dt.datetime.fromtimestamp((record_id.int >> 80) / 1000, dt.UTC)
