"""Purchase slips (phiếu thu mua): entered one after the other, summed by lot, printed one by one."""

import uuid
from urllib.parse import urlencode

from fastapi import Response

from temthat_trace import fieldwork
from temthat_trace.parties import PRODUCERS
from temthat_trace.units import UNITS
from temthat_verify_api.desk import queries, work_queries
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.entering import enter_row
from temthat_verify_api.desk.errors import NotFound
from temthat_verify_api.desk.forms import Fields
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.desk.views.new_batch import UNITS_OFFERED
from temthat_verify_api.desk.work_forms import unit_beside
from temthat_verify_api.permissions import Action

router = desk_router()

SHOWN = 50
_KEPT = ("day", "what", "unit", "into", "plot")
"""What the next slip most likely has in common with the one before."""


@router.get("/slips")
def slips_page(
    desk: SignedIn,
    batch: uuid.UUID | None = None,
    page: int = 0,
    day: str = "",
    what: str = "",
    unit: str = "",
    into: str = "",
    plot: str = "",
) -> Response:
    """The form, and the slips, of one lot if asked. Further parameters: what the slip before said."""
    given = {"day": day[:20] or desk.today.isoformat(), "what": what[:200], "unit": unit[:3]}
    given |= {"into": into[:90], "plot": plot[:64]}
    return _page(desk, batch, page, given, {})


@router.post("/slips")
def add_slip(desk: SignedIn, form: Fields) -> Response:
    """One slip, by the rules of the workbook; then the form again, with what the next one has in common filled in."""
    _check(desk)
    names = ("number", "day", "member", "what", "quantity", "unit", "plot", "note", "into", "batch")
    given = {name: form.text(name, 2000) for name in names}
    product, _, lot = given["into"].partition("|")
    cells = {name: given[name] for name in names[:8]}
    cells |= {"party": desk.party.code, "product": product, "lot": lot, "at": given["day"]}
    cells["unit"] = unit_beside(given["quantity"], given["unit"])
    said = enter_row(desk, "slip", cells)
    batch = form.id("batch")
    if said:
        said["into"], said["day"] = said.get("lot") or said.get("product", ""), said.get("at", "")
        return _page(desk, batch, 0, given, said)
    kept = {name: given[name] for name in _KEPT if given[name]} | ({"batch": str(batch)} if batch else {})
    return desk.go(f"/desk/slips?{urlencode(kept)}", "slip")


@router.get("/slips/{slip_id}")
def slip_page(desk: SignedIn, slip_id: uuid.UUID) -> Response:
    """One slip, to be printed."""
    slip, party = work_queries.find_slip(desk.db, desk.person, slip_id)
    return desk.page("slip.html", slip=slip, party=party)


@router.post("/batches/{batch_id}/slips")
def put_into_lot(desk: SignedIn, batch_id: uuid.UUID, form: Fields) -> Response:
    """Slips that went into no lot yet, as ticked, into this one."""
    _check(desk)
    batch = queries.find_batch(desk.db, desk.person, batch_id)
    desk.require(Action.IMPORT, batch.party)
    ticked = set(form.texts("slip"))
    for slip in fieldwork.slips_without_lot(desk.db, batch.party_id):
        if str(slip.id) in ticked:
            slip.batch_id, slip.product_id = batch.id, slip.product_id or batch.product_id
    return desk.go(f"/desk/slips?batch={batch.id}", "slips_in")


@router.post("/slips/{slip_id}/withdraw")
def withdraw_slip(desk: SignedIn, slip_id: uuid.UUID, form: Fields) -> Response:
    """Cancelled: it leaves every sum, and its number stays used."""
    slip, party = work_queries.find_slip(desk.db, desk.person, slip_id)
    desk.require(Action.IMPORT, party)
    if slip.withdrawn_at is None:
        slip.withdrawn_at, slip.withdrawn_name = desk.now, desk.person.name
    return desk.go(f"/desk/slips/{slip.id}", "slip_withdrawn")


def _check(desk: Desk) -> None:
    if desk.party.kind not in PRODUCERS:
        raise NotFound
    desk.require(Action.IMPORT)


def _page(
    desk: Desk, batch_id: uuid.UUID | None, page: int, given: dict[str, str], problems: dict[str, str]
) -> Response:
    _check(desk)
    page = min(max(page, 0), 10_000)
    batch = queries.find_batch(desk.db, desk.person, batch_id) if batch_id else None
    batches = [line.batch for line in work_queries.newest_batches(desk.db, desk.party, 40)]
    if batch and all(b.id != batch.id for b in batches):
        batches.insert(0, batch)
    if batch and not given.get("into"):
        given = {**given, "into": work_queries.lot_code(batch)}
    if not given.get("number"):
        given = {**given, "number": fieldwork.propose_number(desk.db, desk.party.id)}
    found = fieldwork.slips_of(
        desk.db, desk.party.id, batch_id=batch_id, limit=SHOWN + 1, offset=SHOWN * page
    )
    return desk.page(
        "slips.html",
        422 if problems else 200,
        batch=batch,
        lots=[(work_queries.lot_code(b), work_queries.lot_name(b, desk.words)) for b in batches],
        loose=fieldwork.slips_without_lot(desk.db, desk.party.id) if batch else [],
        slips=found[:SHOWN],
        more=len(found) > SHOWN,
        number=page,
        delivered=fieldwork.delivered_into(desk.db, batch.id) if batch else [],
        given=given,
        today=desk.today,
        problems=problems,
        members=work_queries.member_codes(desk.db, desk.party.id),
        plots=work_queries.plot_codes(desk.db, desk.party.id),
        goods=list(dict.fromkeys(slip.what for slip in found if slip.what)),
        offered=UNITS_OFFERED,
        units=UNITS,
    )
