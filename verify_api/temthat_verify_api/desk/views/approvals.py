"""The approval queue: what waits for an office, the oldest first; what a cooperative proposed and what became of it."""

import datetime as dt
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from fastapi import Response
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.exc import IntegrityError

from temthat_stamps.runs.register import issued_batches
from temthat_trace.approvals import deciding, paperlook
from temthat_trace.approvals.queue import Counts, Waiting, applied, counts, decided, queue
from temthat_trace.approvals.records import Proposal, Reason, State, Subject
from temthat_trace.approvals.rule import changes_wait, rule_of, rules_of, set_rule
from temthat_trace.approvals.showing import RecordShown, shown
from temthat_trace.approvals.values import from_json
from temthat_trace.papers import Paper
from temthat_trace.parties import PRODUCERS, Party
from temthat_trace.products import Product
from temthat_trace.repository import TraceRefused, products_of
from temthat_verify_api.desk import queries
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.errors import BadForm, NotFound
from temthat_verify_api.desk.forms import Fields, Posted
from temthat_verify_api.desk.pictures import kept_picture
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.permissions import Action

router = desk_router()

SHOWN = 30
"""Things on one page, so that each is really looked at; what is decided makes room for the next."""
HISTORY = 200
FEW = 4
"""Refusals on a cooperative's first page."""
_TOLD = dt.timedelta(days=90)
"""How long a cooperative is told on its first page that something was refused."""


@dataclass(frozen=True, slots=True)
class ChangeShown:
    """A change with its records in words."""

    proposal: Proposal
    records: list[RecordShown]


@router.get("/approvals")
def approvals_page(desk: SignedIn, party: uuid.UUID | None = None) -> Response:
    """What waits: for an office all it looks after, or one of them; for a cooperative its own."""
    return _page(desk, of=queries.find_party(desk.db, desk.person, party) if party else None)


@router.post("/approvals")
def decide(desk: SignedIn, form: Fields) -> Response:
    """Approve or refuse what was ticked. Each is decided by itself, wholly or not at all; what could not be is told."""
    chosen = form.texts("item")[:SHOWN]
    what = form.text("do")
    if what not in ("approve", "refuse", ""):
        raise BadForm
    reason, words = _reason(form)
    if not what:  # Enter on a tick sends the form by its first button, which decides nothing
        return _page(desk, [desk.words("approvals.press")], typed=form)
    if not chosen:
        return _page(desk, [desk.words("approvals.none_chosen")], typed=form)
    if what == "refuse" and (reason is None or (reason is Reason.OTHER and not words)):
        return _page(desk, [desk.words("approvals.no_reason")], typed=form)
    problems = [problem for item in chosen if (problem := _decide(desk, item, what, reason, words))]
    if problems:
        return _page(desk, problems, done=len(chosen) - len(problems))
    return desk.go("/desk/approvals", "approved" if what == "approve" else "refused")


@router.post("/approvals/seen")
def seen(desk: SignedIn, form: Fields) -> Response:
    """Changes that were applied at once were looked at."""
    proposals = [_find(desk, item) for item in form.texts("item")[:SHOWN]]
    for proposal in proposals:
        desk.require(Action.APPROVE, proposal.party)
    deciding.mark_seen(desk.db, proposals, desk.party, desk.person.name, desk.now)
    return desk.go("/desk/approvals", "seen")


@router.post("/approvals/rule")
def rule(desk: SignedIn, form: Fields) -> Response:
    """Whether changes of the alliance's members wait for it."""
    desk.require(Action.SET_APPROVALS)
    waits = form.text("waits")
    if waits not in ("0", "1"):
        raise BadForm
    set_rule(desk.db, desk.party, waits=waits == "1", person=desk.person.name, now=desk.now)
    return desk.go("/desk/approvals", "rule_set")


@router.get("/approvals/history")
def history(desk: SignedIn) -> Response:
    """What was decided, by whom and why, the newest first."""
    found = decided(desk.db, queries.visible(desk.person), HISTORY)
    return desk.page("approvals_history.html", changes=found, shown=HISTORY)


@router.get("/approvals/{proposal_id}")
def change_page(desk: SignedIn, proposal_id: str) -> Response:
    """One change with what became of it."""
    proposal = _find(desk, proposal_id)
    is_paper = proposal.subject is Subject.PAPER and proposal.is_new
    stands = proposal.state is State.REFUSED and not is_paper and _stands(desk, proposal)
    return desk.page(
        "change.html", change=_shown(proposal), reopens=stands and desk.may(Action.APPROVE, proposal.party)
    )


@router.get("/approvals/{proposal_id}/pictures/{digest}")
def picture(desk: SignedIn, proposal_id: str, digest: str) -> Response:
    """A picture that a change puts in, or takes away."""
    proposal = _find(desk, proposal_id)
    told = [
        values for record in json.loads(proposal.entries) for values in (record["before"], record["after"])
    ]
    if not any(digest == values.get(name) for values in told for name in ("picture", "scan")):
        raise NotFound
    return kept_picture(desk.db, digest)


@router.post("/approvals/{proposal_id}/reopen")
def reopen(desk: SignedIn, proposal_id: str, form: Fields) -> Response:
    """A refusal was a slip: the change waits once more."""
    proposal = _find(desk, proposal_id)
    desk.require(Action.APPROVE, proposal.party)
    again = deciding.reopen(desk.db, proposal, desk.party, desk.now)
    return desk.go(f"/desk/approvals/{again.id}", "reopened")


@router.post("/approvals/{proposal_id}/withdraw")
def withdraw(desk: SignedIn, proposal_id: str, form: Fields) -> Response:
    """The cooperative takes its change back."""
    proposal = _find(desk, proposal_id)
    desk.require(Action.PICTURE, proposal.party)
    deciding.take_back(desk.db, proposal, desk.person.name, desk.now)
    return desk.go("/desk/approvals", "taken_back")


def _decide(desk: Desk, item: str, what: str, reason: Reason | None, words: str) -> str:
    """Decide one thing and commit it; what kept it from being decided, in words, or nothing."""
    kind, _, rest = item.partition(":")
    act: Callable[[Desk, str, Reason | None, str], None]
    if kind == "change":
        act = _approve_change if what == "approve" else _refuse_change
    elif kind == "paper":
        act = _confirm_paper if what == "approve" else _refuse_paper
    else:
        raise BadForm
    try:
        act(desk, rest, reason, words)
        desk.db.commit()
    except TraceRefused as refusal:
        desk.db.rollback()
        return desk.words.of(refusal)
    except IntegrityError:
        desk.db.rollback()
        return desk.words("approvals.collided")
    return ""


def _approve_change(desk: Desk, item: str, _: Reason | None, __: str) -> None:
    proposal = _find(desk, item)
    desk.require(Action.APPROVE, proposal.party)
    frozen = issued_batches(desk.db, proposal.party_id)
    deciding.approve(desk.db, proposal, desk.party, desk.person.name, desk.now, frozen)


def _refuse_change(desk: Desk, item: str, reason: Reason | None, words: str) -> None:
    proposal = _find(desk, item)
    desk.require(Action.APPROVE, proposal.party)
    assert reason is not None
    deciding.refuse(desk.db, proposal, desk.party, desk.person.name, desk.now, reason, words)


def _confirm_paper(desk: Desk, item: str, _: Reason | None, __: str) -> None:
    line, mark = _paper(desk, item)
    products = [line.product] if line.product else products_of(desk.db, line.party.id)
    paperlook.confirm(desk.db, line.paper, products, desk.party, desk.person.name, desk.now, mark)


def _refuse_paper(desk: Desk, item: str, reason: Reason | None, words: str) -> None:
    line, mark = _paper(desk, item)
    assert reason is not None
    paperlook.refuse(desk.db, line.paper, desk.party, desk.person.name, desk.now, mark, reason, words)


def _paper(desk: Desk, item: str) -> tuple[queries.PaperLine, str]:
    paper_id, _, mark = item.partition(":")
    line = queries.find_paper(desk.db, desk.person, _uuid(paper_id))
    desk.require(Action.CONFIRM_PAPER, line.party)
    return line, mark


def _reason(form: Posted) -> tuple[Reason | None, str]:
    word = form.text("reason")
    return (Reason(word) if word in set(Reason) else None), form.text("words")


def _find(desk: Desk, proposal_id: str) -> Proposal:
    """A change of an organisation this person may see. Raises `NotFound`."""
    proposal = desk.db.get(Proposal, _uuid(proposal_id))
    if proposal is None:
        raise NotFound
    queries.find_party(desk.db, desk.person, proposal.party_id)
    return proposal


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise NotFound from error


def _shown(proposal: Proposal) -> ChangeShown:
    return ChangeShown(proposal, shown(from_json(proposal.entries)))


def _page(
    desk: Desk,
    problems: Sequence[str] = (),
    done: int = 0,
    of: Party | None = None,
    typed: Posted | None = None,
) -> Response:
    """The office's queue, or the cooperative's own list; what was typed is kept when nothing could be done with it."""
    own = desk.party.kind in PRODUCERS
    holders = queries.visible(desk.person) if own else _below(desk)
    if of is not None:
        holders = and_(holders, Party.id == of.id)
    waiting = queue(desk.db, holders, desk.today, SHOWN)
    said = rule_of(desk.db, desk.party.id)
    return desk.page(
        "approvals.html",
        422 if problems else 200,
        own=own,
        of=of,
        ticked=typed.texts("item") if typed else (),
        reason=typed.text("reason") if typed else "",
        said=typed.text("words") if typed else "",
        refusing=typed is not None and typed.text("do") == "refuse",
        waiting=waiting,
        changes={w.proposal.id: _shown(w.proposal) for w in waiting if w.proposal},
        applied=[_shown(p) for p in applied(desk.db, holders, SHOWN)],
        counts=counts(desk.db, holders, desk.today),
        recent=decided(desk.db, holders, 10, replaced=False),
        decides=_decides(desk, waiting),
        problems=problems,
        done_now=done,
        reasons=Reason,
        asks=changes_wait(desk.db, desk.party) if own else said is not None and said.waits,
        rules=rules_of(desk.db, desk.party.id),
    )


def _below(desk: Desk) -> ColumnElement[bool]:
    return and_(queries.visible(desk.person), Party.id != desk.party.id)


def _decides(desk: Desk, waiting: Sequence[Waiting]) -> bool:
    """Whether this person may decide what is shown; an inspector only reads."""
    return bool(waiting) and all(desk.may(Action.APPROVE, w.party) for w in waiting)


def waiting_counts(desk: Desk) -> Counts:
    """For an office's first page: what waits for it, and what was applied and not looked at."""
    return counts(desk.db, _below(desk), desk.today)


@dataclass(frozen=True, slots=True)
class OwnChanges:
    """For a cooperative's first page: changes that wait, and what was refused last and stands (`FEW`)."""

    waiting: int
    refused: list[Proposal]


def own_changes(desk: Desk, party: Party) -> OwnChanges:
    """See the class. A refusal is told until the record is changed or approved, at most 90 days."""
    mine = Proposal.party_id == party.id
    waiting = desk.db.scalars(select(Proposal.subject_id).where(mine, Proposal.state == State.WAITING)).all()
    again = set(waiting)
    since = Proposal.decided_at > desk.now - _TOLD
    query = (
        select(Proposal)
        .where(mine, Proposal.state == State.REFUSED, since)
        .order_by(Proposal.decided_at.desc())
    )
    refused = (p for p in desk.db.scalars(query).all() if p.subject_id not in again and _stands(desk, p))
    return OwnChanges(len(waiting), list(islice(refused, FEW)))


def _stands(desk: Desk, refusal: Proposal) -> bool:
    """Whether nothing was said of that record since."""
    if refusal.subject is Subject.PAPER and refusal.is_new:
        paper = desk.db.get(Paper, refusal.subject_id)
        return paper is not None and paperlook.refusals(desk.db, [paper]).get(paper.id) is refusal
    query = select(Proposal.id).where(Proposal.subject_id == refusal.subject_id, Proposal.at > refusal.at)
    return desk.db.scalars(query.limit(1)).first() is None


def changes_of(desk: Desk, product: Product) -> list[ChangeShown]:
    """For a product's page: the change of it that waits, or else the one refused last if it stands."""
    query = select(Proposal).where(Proposal.product_id == product.id, Proposal.subject == Subject.PRODUCT)
    newest = desk.db.scalars(query.order_by(Proposal.at.desc(), Proposal.id.desc()).limit(1)).first()
    if newest is None or newest.state not in (State.WAITING, State.REFUSED):
        return []
    return [_shown(newest)]
