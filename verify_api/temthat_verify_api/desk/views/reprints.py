"""Asking for a reprint, and the second person's page: what, why, who asks; yes or no."""

import uuid
from collections.abc import Callable

from fastapi import Response

from temthat_stamps.errors import TrustError
from temthat_stamps.ledger.claims import applied_stretches, ledger_of
from temthat_stamps.ledger.ledger import state_words
from temthat_stamps.ledger.records import Reprint, ReprintState
from temthat_stamps.ledger.reprint import (
    LINK_LIFE,
    REASONS,
    approve_reprint,
    ask_reprint,
    refuse_reprint,
)
from temthat_stamps.printing.errors import PrintingError
from temthat_stamps.runs.errors import RunRefused
from temthat_verify_api.desk import queries
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.forms import Fields
from temthat_verify_api.desk.ledger_queries import (
    linked_reprint,
    own_reprint,
    printed_files,
    signatory,
)
from temthat_verify_api.desk.queries import RunLine
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.desk.views import own_orders
from temthat_verify_api.desk.views.ledger import MOST_TEXT, serials_of
from temthat_verify_api.permissions import Action

router = desk_router()

_FIELDS = ("sheets", "stamps", "job", "reason", "explanation")


@router.get("/runs/{number}/reprint")
def ask_page(desk: SignedIn, number: int, stamps: str = "") -> Response:
    """The form; stamps that the ledger offered are filled in."""
    return _ask_form(desk, _own_run(desk, number), dict.fromkeys(_FIELDS, "") | {"stamps": stamps[:100]})


@router.post("/runs/{number}/reprint")
def ask(desk: SignedIn, number: int, form: Fields) -> Response:
    """Record the request; the page shows the link, once."""
    line = _own_run(desk, number)
    typed = {name: form.text(name, MOST_TEXT) for name in _FIELDS}
    try:
        first, last = _one_stretch(serials_of(line, form))
        who = signatory(desk.person)
        reprint, token = ask_reprint(
            desk.db, line.run, first, last, typed["reason"], typed["explanation"], who, desk.now
        )
    except (RunRefused, PrintingError) as refusal:
        desk.db.rollback()
        return _ask_form(desk, line, typed, desk.words.of(refusal))
    settings = desk.services.settings
    link = f"{settings.scheme.lower()}://{settings.host}/desk/reprint-links/{token}"
    return desk.page(
        "reprint_asked.html", reprint=reprint, run=line.run, link=link, until=reprint.asked_at + LINK_LIFE
    )


@router.get("/reprints/{reprint_id}")
def own_page(desk: SignedIn, reprint_id: uuid.UUID) -> Response:
    """A request as a colleague sees it, who needs no link."""
    return _decision(desk, own_reprint(desk.db, desk.person, reprint_id), f"/desk/reprints/{reprint_id}")


@router.post("/reprints/{reprint_id}/agree")
def own_agree(desk: SignedIn, reprint_id: uuid.UUID, form: Fields) -> Response:
    """A colleague agrees."""
    reprint = own_reprint(desk.db, desk.person, reprint_id)
    return _decide(
        desk, reprint, f"/desk/reprints/{reprint_id}", lambda: _agree(desk, reprint), "reprint_agreed"
    )


@router.post("/reprints/{reprint_id}/refuse")
def own_refuse(desk: SignedIn, reprint_id: uuid.UUID, form: Fields) -> Response:
    """A colleague refuses, or who asked takes it back."""
    reprint = own_reprint(desk.db, desk.person, reprint_id)
    return _decide(
        desk, reprint, f"/desk/reprints/{reprint_id}", lambda: _refuse(desk, reprint), "reprint_refused"
    )


@router.get("/reprint-links/{token}")
def link_page(desk: SignedIn, token: str) -> Response:
    """The page behind a one-time link: an officer of the alliance, or a colleague it was sent to."""
    return _decision(desk, linked_reprint(desk.db, desk.person, token), f"/desk/reprint-links/{token}")


@router.post("/reprint-links/{token}/agree")
def link_agree(desk: SignedIn, token: str, form: Fields) -> Response:
    """The officer agrees."""
    reprint = linked_reprint(desk.db, desk.person, token)
    return _decide(
        desk, reprint, f"/desk/reprint-links/{token}", lambda: _agree(desk, reprint), "reprint_agreed"
    )


@router.post("/reprint-links/{token}/refuse")
def link_refuse(desk: SignedIn, token: str, form: Fields) -> Response:
    """The officer refuses."""
    reprint = linked_reprint(desk.db, desk.person, token)
    return _decide(
        desk, reprint, f"/desk/reprint-links/{token}", lambda: _refuse(desk, reprint), "reprint_refused"
    )


def _own_run(desk: Desk, number: int) -> RunLine:
    line = queries.find_run(desk.db, desk.person, number)
    desk.require(Action.ORDER, line.run.party)
    return line


def _one_stretch(stretches: list[tuple[int, int]]) -> tuple[int, int]:
    """The one stretch a request is for: what a second person can picture. Raises `RunRefused`."""
    if len(stretches) != 1:
        raise RunRefused(
            "Mỗi yêu cầu in lại một khoảng tem liền nhau. Hãy xin từng khoảng.",
            "A request is for one unbroken stretch of stamps. Ask for each stretch by itself.",
        )
    return stretches[0]


def _ask_form(desk: Desk, line: RunLine, typed: dict[str, str], problem: str = "") -> Response:
    return desk.page(
        "reprint_ask.html",
        422 if problem else 200,
        run=line.run,
        batch=line.run.batch,
        files=printed_files(line.jobs),
        reasons=REASONS,
        typed=typed,
        problem=problem,
    )


def _agree(desk: Desk, reprint: Reprint) -> None:
    approve_reprint(desk.db, desk.services.registry, reprint, signatory(desk.person))


def _refuse(desk: Desk, reprint: Reprint) -> None:
    refuse_reprint(desk.db, reprint, signatory(desk.person), desk.now)


def _decide(desk: Desk, reprint: Reprint, path: str, act: Callable[[], None], done: str) -> Response:
    try:
        act()
    except (RunRefused, TrustError) as refusal:
        desk.db.rollback()
        desk.db.refresh(reprint)
        return _decision(desk, reprint, path, desk.words.of(refusal))
    if done == "reprint_agreed" and reprint.standing == "signing":
        return desk.go(path, "reprint_to_sign")
    return desk.go(path, done)


def _decision(desk: Desk, reprint: Reprint, path: str, problem: str = "") -> Response:
    run = reprint.run_record
    is_open = reprint.state is ReprintState.WAITING and desk.now < reprint.asked_at + LINK_LIFE
    return desk.page(
        "reprint.html",
        422 if problem else 200,
        reprint=reprint,
        run=run,
        batch=run.batch,
        parts_now=list(ledger_of(desk.db, run).within(reprint.first, reprint.last)),
        state_words=state_words,
        applied=_applied(desk, reprint),
        is_open=is_open,
        is_asker=reprint.asked_by == desk.person.id,
        is_member=run.party_id == desk.person.party_id,
        until=reprint.asked_at + LINK_LIFE,
        own=own_orders.signs_itself(desk, run.party),
        print_at=_print_at(reprint),
        back=path,
        problem=problem,
    )


def _print_at(reprint: Reprint) -> str:
    """The page where the new stamps are printed, or signed at home first; empty where there are none."""
    fresh = reprint.new_record
    if fresh is None or not fresh.count:
        return ""
    return own_orders.address(fresh) if own_orders.is_own(fresh) else f"/desk/runs/{fresh.run}"


def _applied(desk: Desk, reprint: Reprint) -> int:
    """How many of the stamps are recorded as on goods."""
    stretches = applied_stretches(desk.db, reprint.run_record)
    overlaps = (min(last, reprint.last) - max(first, reprint.first) + 1 for first, last in stretches)
    return sum(max(0, overlap) for overlap in overlaps)
