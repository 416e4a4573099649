"""Where an organisation is told of its alerts: webhooks and e-mail addresses, made, resumed and ended."""

import secrets
import uuid

from fastapi import Response
from sqlalchemy import select

from temthat_trace.ids import uuid7
from temthat_verify_api.alerts.deliverer import purpose
from temthat_verify_api.alerts.records import AlertSubscription, Way
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.errors import BadForm, NotFound
from temthat_verify_api.desk.forms import Fields
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.mail import MailError, can_mail, read_address
from temthat_verify_api.permissions import Action
from temthat_verify_api.receivers import SubscriptionState
from temthat_verify_api.webhooks import LONGEST_URL, UndeliverableError, read_target

router = desk_router()

MOST = 20
"""Addresses of one organisation."""


@router.get("/alerts/addresses")
def addresses_page(desk: SignedIn) -> Response:
    """The organisation's addresses and how they do, and the form for one more."""
    desk.require(Action.ALERT)
    return _page(desk)


@router.post("/alerts/addresses")
def add(desk: SignedIn, form: Fields) -> Response:
    """One more. The secret that a webhook is signed with is made here and shown once."""
    desk.require(Action.ALERT)
    way, dest = form.text("way"), form.text("dest", LONGEST_URL + 1)
    if way not in set(Way) or (way == Way.EMAIL and not can_mail(desk.services.settings)):
        raise BadForm
    problem = _problem(desk, Way(way), dest)
    if problem:
        return _page(desk, problem, way, dest)
    number = uuid7()
    secret = secrets.token_urlsafe(32) if way == Way.WEBHOOK else ""
    desk.db.add(
        AlertSubscription(
            id=number,
            party_id=desk.party.id,
            way=Way(way),
            dest=dest,
            sealed_secret=desk.services.sealer.seal(purpose(number), secret.encode()) if secret else None,
            created_at=desk.now,
            created_by=desk.person.name,
            due_at=desk.now,
        )
    )
    desk.db.flush()
    return _page(desk, secret=secret) if secret else desk.go("/desk/alerts/addresses", "address_added")


@router.post("/alerts/addresses/{number}/end")
def end(desk: SignedIn, form: Fields, number: uuid.UUID) -> Response:
    """No more to this address; what it was not sent yet is dropped."""
    desk.db.delete(_own(desk, number))
    return desk.go("/desk/alerts/addresses", "address_ended")


@router.post("/alerts/addresses/{number}/resume")
def resume(desk: SignedIn, form: Fields, number: uuid.UUID) -> Response:
    """Try a paused address again; what waits for it is sent."""
    found = _own(desk, number)
    found.state, found.failures, found.problem = SubscriptionState.ACTIVE, 0, ""
    found.due_at, found.lease_until = desk.now, None
    return desk.go("/desk/alerts/addresses", "address_resumed")


def _own(desk: Desk, number: uuid.UUID) -> AlertSubscription:
    desk.require(Action.ALERT)
    found = desk.db.get(AlertSubscription, number)
    if found is None or found.party_id != desk.party.id:
        raise NotFound
    return found


def _problem(desk: Desk, way: Way, dest: str) -> str:
    """What is wrong with the wish, in the person's language; empty if nothing is."""
    lines = _lines(desk)
    if len(lines) >= MOST:
        return desk.words("alerts.too_many", n=MOST)
    if any((line.way, line.dest) == (way, dest) for line in lines):
        return desk.words("alerts.have_it")
    try:
        if way is Way.EMAIL:
            read_address(dest)
        else:
            read_target(dest, is_demo=desk.services.settings.mode == "demo")
    except MailError as error:
        return desk.words.of(error)
    except UndeliverableError:
        return desk.words("alerts.bad_url")
    return ""


def _lines(desk: Desk) -> list[AlertSubscription]:
    query = select(AlertSubscription).where(AlertSubscription.party_id == desk.party.id)
    return list(desk.db.scalars(query.order_by(AlertSubscription.id)))


def _page(desk: Desk, problem: str = "", way: str = "", dest: str = "", secret: str = "") -> Response:
    return desk.page(
        "alert_addresses.html",
        422 if problem else 200,
        lines=_lines(desk),
        mails=can_mail(desk.services.settings),
        problem=problem,
        way=way or Way.EMAIL,
        dest=dest,
        secret=secret,
    )
