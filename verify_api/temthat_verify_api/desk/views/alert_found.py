"""The form by which an inspector or an office records a pack that it had in hand and whose code is copied."""

from fastapi import Response

from temthat_trace.places import current_province
from temthat_verify_api.accounts import Role
from temthat_verify_api.alerts.finding import found_copied, stamp_of
from temthat_verify_api.alerts.records import LONGEST_NOTE
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.errors import Forbidden
from temthat_verify_api.desk.forms import Fields, Posted
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.permissions import Action
from temthat_verify_api.places import provinces_by_name

router = desk_router()

LONGEST_STAMP = 300
_NOTE = LONGEST_NOTE - 40
"""Room for the stamp in front of it."""


def finds(desk: Desk) -> bool:
    """Whether this person's eyes are evidence: an office's or an inspector's, not the producer's own."""
    return desk.person.role in (Role.OFFICER, Role.INSPECTOR) and desk.may(Action.ALERT)


@router.get("/alerts/found")
def form_page(desk: SignedIn) -> Response:
    """The empty form."""
    if not finds(desk):
        raise Forbidden
    return _page(desk, {"stamp": "", "province": desk.party.province or "", "note": ""})


@router.post("/alerts/found")
def record(desk: SignedIn, form: Fields) -> Response:
    """Take it, and go to the alert it is evidence of."""
    if not finds(desk):
        raise Forbidden
    typed = _typed(form)
    if not form.text("sure"):
        return _page(desk, typed, "alerts.find_not_sure")
    if not typed["note"]:
        return _page(desk, typed, "alerts.find_no_note")
    found = stamp_of(desk.db, desk.services.sealer, typed["stamp"])
    if found is None or not desk.may(Action.ALERT, found[0].party):
        return _page(desk, typed, "alerts.find_unknown")
    run, serial = found
    province = current_province(typed["province"])
    by = desk.party.id, desk.person.name
    alert = found_copied(
        desk.db, run, serial, province.code if province else None, desk.now, typed["note"], by
    )
    return desk.go(f"/desk/alerts/{alert.id}", "alert_found")


def _typed(form: Posted) -> dict[str, str]:
    return {
        "stamp": form.text("stamp", LONGEST_STAMP),
        "province": form.text("province", 2),
        "note": form.text("note", _NOTE),
    }


def _page(desk: Desk, typed: dict[str, str], problem: str = "") -> Response:
    return desk.page(
        "alert_found.html",
        422 if problem else 200,
        typed=typed,
        problem=desk.words(problem) if problem else "",
        provinces=provinces_by_name(),
        longest=_NOTE,
    )
