"""Papers: an alliance or authority confirms one for a product, or takes that back."""

import uuid
from collections.abc import Sequence

from fastapi import Response

from temthat_trace.approvals import paperlook
from temthat_trace.approvals.records import Reason
from temthat_trace.expiry import urgency
from temthat_trace.products import Product
from temthat_trace.repository import TraceRefused, products_of, withdraw_confirmation
from temthat_verify_api.desk import queries
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.errors import Forbidden, NotFound
from temthat_verify_api.desk.forms import Fields, Files, Posted
from temthat_verify_api.desk.pictures import PAPER_SCAN, BadPicture, kept_picture, store_picture
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.permissions import Action

router = desk_router()


@router.get("/papers")
def papers_page(desk: SignedIn, q: str = "") -> Response:
    """All papers this person may see, those that wait for a confirmation first."""
    lines = queries.paper_lines(desk.db, desk.person, desk.today, q[:100])
    refused = paperlook.refusals(desk.db, [line.paper for line in lines if not line.confirmations])
    return desk.page(
        "papers.html", lines=lines, q=q[:100], today=desk.today, urgency=urgency, refused=refused
    )


@router.get("/papers/{paper_id}")
def paper_page(desk: SignedIn, paper_id: uuid.UUID) -> Response:
    """One paper, and for which products it is confirmed."""
    return _page(desk, queries.find_paper(desk.db, desk.person, paper_id))


@router.get("/papers/{paper_id}/scan")
def scan(desk: SignedIn, paper_id: uuid.UUID) -> Response:
    """Its picture, for those who may see the paper; shoppers see that there is one, not the paper itself."""
    line = queries.find_paper(desk.db, desk.person, paper_id)
    return kept_picture(desk.db, line.paper.scan)


@router.post("/papers/{paper_id}/scan")
def add_scan(desk: SignedIn, paper_id: uuid.UUID, form: Files) -> Response:
    """A photo of the paper. What an office confirmed is not exchanged under its confirmation."""
    line = queries.find_paper(desk.db, desk.person, paper_id)
    desk.require(Action.PICTURE, line.party)
    if line.confirmations:
        raise Forbidden
    files = form.files("scan")
    try:
        line.paper.scan = store_picture(desk.db, files[0][1] if files else b"", PAPER_SCAN)
    except BadPicture as error:
        return _page(desk, line, desk.words(error.key))
    return desk.go(f"/desk/papers/{paper_id}", "picture")


@router.post("/papers/{paper_id}/confirm")
def confirm(desk: SignedIn, paper_id: uuid.UUID, form: Fields) -> Response:
    """This paper was looked at and is good for this product."""
    line = queries.find_paper(desk.db, desk.person, paper_id)
    desk.require(Action.CONFIRM_PAPER, line.party)
    product = _product(desk, line, form.text("product"))
    seen = form.text("seen") or paperlook.mark(line.paper, line.party)
    paperlook.confirm(desk.db, line.paper, [product], desk.party, desk.person.name, desk.now, seen)
    return desk.go(f"/desk/papers/{paper_id}", "paper_confirmed")


@router.post("/papers/{paper_id}/refuse")
def refuse(desk: SignedIn, paper_id: uuid.UUID, form: Fields) -> Response:
    """This paper was looked at and is not good, and why."""
    line = queries.find_paper(desk.db, desk.person, paper_id)
    desk.require(Action.CONFIRM_PAPER, line.party)
    reason, words = form.text("reason"), form.text("words")
    if reason not in set(Reason) or (reason == Reason.OTHER and not words):
        return _page(desk, line, desk.words("approvals.no_reason"), form)
    seen, said = form.text("seen"), Reason(reason)
    try:
        paperlook.refuse(desk.db, line.paper, desk.party, desk.person.name, desk.now, seen, said, words)
    except TraceRefused as refusal:
        desk.db.rollback()
        line = queries.find_paper(desk.db, desk.person, paper_id)
        return _page(desk, line, desk.words.of(refusal), form)
    return desk.go(f"/desk/papers/{paper_id}", "refused")


@router.post("/papers/{paper_id}/withdraw")
def withdraw(desk: SignedIn, paper_id: uuid.UUID, form: Fields) -> Response:
    """The confirmation no longer stands; that it once did stays on record."""
    line = queries.find_paper(desk.db, desk.person, paper_id)
    desk.require(Action.CONFIRM_PAPER, line.party)
    product = _product(desk, line, form.text("product"))
    withdraw_confirmation(desk.db, line.paper, product.id, desk.party, desk.now)
    return desk.go(f"/desk/papers/{paper_id}", "paper_withdrawn")


def _page(desk: Desk, line: queries.PaperLine, problem: str = "", refusing: Posted | None = None) -> Response:
    """`refusing`: the refusal that could not be taken, to be corrected."""
    return desk.page(
        "paper.html",
        422 if problem else 200,
        line=line,
        products=_products(desk, line),
        today=desk.today,
        urgency=urgency(line.paper.valid_until, desk.today),
        confirmed={c.product_id: c for c in line.confirmations},
        refusal=paperlook.refusals(desk.db, [line.paper]).get(line.paper.id),
        mark=paperlook.mark(line.paper, line.party),
        reasons=Reason,
        problem=problem,
        refusing=refusing is not None,
        reason=refusing.text("reason") if refusing else "",
        said=refusing.text("words") if refusing else "",
    )


def _products(desk: Desk, line: queries.PaperLine) -> Sequence[Product]:
    """What the paper can be confirmed for: its own product, or any of the holder's."""
    return [line.product] if line.product else products_of(desk.db, line.party.id)


def _product(desk: Desk, line: queries.PaperLine, product_id: str) -> Product:
    for product in _products(desk, line):
        if str(product.id) == product_id:
            return product
    raise NotFound
