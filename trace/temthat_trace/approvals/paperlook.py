"""An office looks at a paper: it confirms it for a product, or says why not. What it saw is what it decides on."""

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterable, Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from temthat_trace.approvals.deciding import check_office, check_reason
from temthat_trace.approvals.records import Proposal, Reason, Source, State, Subject
from temthat_trace.approvals.values import ChangedRecord, to_json
from temthat_trace.papers import Paper
from temthat_trace.parties import Party
from temthat_trace.products import Product
from temthat_trace.repository import TraceRefused, confirm_paper

_FIELDS = ("kind", "number", "authority", "issued_on", "valid_until", "stars", "scan")


def said(paper: Paper, party: Party) -> ChangedRecord:
    """Everything the paper says now, its photo's digest included."""
    values = {name: getattr(paper, name) for name in _FIELDS}
    about = {"product": str(paper.product_id) if paper.product_id else None}
    return ChangedRecord("paper", (party.code, paper.code), new=True, after={**values, **about})


def mark(paper: Paper, party: Party) -> str:
    """What the paper says now in a few characters: a decision counts only for that."""
    return hashlib.sha256(to_json([said(paper, party)]).encode()).hexdigest()[:16]


def confirm(
    session: Session,
    paper: Paper,
    products: Sequence[Product],
    office: Party,
    person: str,
    now: dt.datetime,
    seen: str,
) -> None:
    """The paper is good for these products. Raises `TraceRefused`, also when it is no longer what was seen."""
    _hold_still(session, paper, seen)
    if not products:
        raise TraceRefused(
            f"Đơn vị có giấy {paper.number} chưa có sản phẩm nào để xác nhận.",
            f"The holder of paper {paper.number} has no product to confirm it for.",
        )
    for product in products:
        confirm_paper(session, paper, product.id, office, person, now)


def refuse(
    session: Session,
    paper: Paper,
    office: Party,
    person: str,
    now: dt.datetime,
    seen: str,
    reason: Reason,
    words: str,
) -> None:
    """The paper is not good, and why. Shoppers do not see it until it is changed or confirmed.

    Raises `TraceRefused`.
    """
    party = session.get_one(Party, paper.party_id)
    check_office(session, party, office)
    check_reason(reason, words)
    _hold_still(session, paper, seen)
    if any(c.withdrawn_at is None for c in paper.confirmations):
        raise TraceRefused(
            f"Giấy {paper.number} vừa được xác nhận. Muốn từ chối thì rút lại xác nhận trước.",
            f"Paper {paper.number} was just confirmed. Withdraw the confirmation first.",
        )
    session.add(
        Proposal(
            party_id=party.id,
            subject=Subject.PAPER,
            subject_id=paper.id,
            product_id=paper.product_id,
            is_new=True,
            entries=to_json([said(paper, party)]),
            source=Source.WORKBOOK,
            by_party_id=party.id,
            by_person="",
            at=now,
            state=State.REFUSED,
            decided_by_id=office.id,
            decided_person=person[:100],
            decided_at=now,
            reason=reason.value,
            words=words[:400],
        )
    )
    session.flush()


def refusals(session: Session, papers: Iterable[Paper]) -> dict[uuid.UUID, Proposal]:
    """The refusals that stand, by paper: the newest one, if the paper still says what was refused."""
    known = {paper.id: paper for paper in papers}
    query = select(Proposal).where(
        Proposal.subject_id.in_(known),
        Proposal.subject == Subject.PAPER,
        Proposal.is_new,
        Proposal.state == State.REFUSED,
    )
    found = {p.subject_id: p for p in session.scalars(query.order_by(Proposal.at, Proposal.id))}
    return {
        paper_id: refusal
        for paper_id, refusal in found.items()
        if refusal.entries == to_json([said(known[paper_id], refusal.party)])
        and not any(c.withdrawn_at is None for c in known[paper_id].confirmations)
    }


def _hold_still(session: Session, paper: Paper, seen: str) -> None:
    """Lock the paper's row and read it afresh. Raises `TraceRefused` if it is not what was seen."""
    session.execute(update(Paper).where(Paper.id == paper.id).values(code=Paper.code))
    session.refresh(paper)
    party = session.get_one(Party, paper.party_id)
    if seen != mark(paper, party):
        raise TraceRefused(
            f"Giấy {paper.number} vừa được sửa. Hãy xem lại rồi quyết định.",
            f"Paper {paper.number} was just changed. Look at it again before you decide.",
        )
