"""An organisation's quotas and growing areas, as itself sees them and as its alliance sets them."""

import uuid

from fastapi import Response

from temthat_stamps.ledger.quotas import ordered, quota_history, rooms, set_quota
from temthat_stamps.runs.errors import RunRefused
from temthat_trace.balance.repository import season_of
from temthat_trace.parties import PRODUCERS, Party
from temthat_verify_api.desk import queries
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.errors import NotFound
from temthat_verify_api.desk.forms import Fields
from temthat_verify_api.desk.ledger_queries import find_product, products_of
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.permissions import Action

router = desk_router()


@router.get("/organisations/{party_id}/quotas")
def quotas_page(desk: SignedIn, party_id: uuid.UUID, year: int | None = None) -> Response:
    """How many stamps the province allows this year, how many were ordered, and what the growing areas should give."""
    return _page(desk, _producer(desk, party_id), year)


@router.post("/organisations/{party_id}/quotas")
def change_quota(desk: SignedIn, party_id: uuid.UUID, form: Fields) -> Response:
    """Set, change or lift one quota; the newest is in force."""
    party = _producer(desk, party_id)
    desk.require(Action.SET_QUOTA, party)
    product = find_product(desk.db, party.id, form.text("product"))
    typed = {name: form.text(name) for name in ("product", "year", "most", "reason")}
    most, year = form.number("most"), form.number("year") or desk.today.year
    if typed["most"] and most is None:
        return _page(desk, party, year, typed, desk.words("quota.no_number"))
    try:
        set_quota(
            desk.db, desk.party, party, product, year, most, typed["reason"], desk.person.name, desk.now
        )
    except RunRefused as refusal:
        desk.db.rollback()
        return _page(desk, party, year, typed, desk.words.of(refusal))
    return desk.go(f"/desk/organisations/{party.id}/quotas?year={year}", "quota_set")


def _producer(desk: Desk, party_id: uuid.UUID) -> Party:
    party = queries.find_party(desk.db, desk.person, party_id)
    if party.kind not in PRODUCERS:
        raise NotFound
    return party


def _page(
    desk: Desk, party: Party, year: int | None, typed: dict[str, str] | None = None, problem: str = ""
) -> Response:
    this_year = desk.today.year
    shown = year if year is not None and this_year - 5 <= year <= this_year + 5 else this_year
    return desk.page(
        "quotas.html",
        422 if problem else 200,
        party=party,
        year=shown,
        years=[this_year - 1, this_year, this_year + 1],
        rooms=rooms(desk.db, party, shown),
        ordered=ordered(desk.db, party, None, shown),
        history=quota_history(desk.db, party, shown),
        area=season_of(desk.db, Party.id == party.id, shown).area,
        products=products_of(desk.db, party),
        typed=typed or {"product": "", "year": str(shown), "most": "", "reason": ""},
        problem=problem,
    )
