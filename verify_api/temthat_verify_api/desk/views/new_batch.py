"""A new batch (lô mới) without a workbook: five answers, and the last batch's steps as a plan if wanted."""

from fastapi import Response
from sqlalchemy import select

from temthat_trace import fieldwork
from temthat_trace.batches import Batch
from temthat_trace.parties import PRODUCERS
from temthat_trace.products import Product
from temthat_trace.units import UNITS
from temthat_verify_api.desk import work_queries
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.entering import enter_row
from temthat_verify_api.desk.errors import NotFound
from temthat_verify_api.desk.forms import Fields
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.desk.work_forms import unit_beside
from temthat_verify_api.permissions import Action

router = desk_router()

_COLUMNS = ("product", "lot", "quantity", "unit", "made_on", "expires_on", "plot", "member", "address")
UNITS_OFFERED = (
    "KGM",
    "DTN",
    "TNE",
    "GRM",
    "LTR",
    "MLT",
    "H87",
    "EA",
    "XBX",
    "XBO",
    "XPA",
    "XBG",
    "XJR",
    "KT",
)


@router.get("/batches/new")
def form(desk: SignedIn) -> Response:
    """The questions."""
    _check(desk)
    return _page(desk, {"made_on": desk.today.isoformat()}, {})


@router.post("/batches/new")
def create(desk: SignedIn, form: Fields) -> Response:
    """The batch, by the rules of the workbook; then on to its diary."""
    _check(desk)
    given = {name: form.text(name) for name in (*_COLUMNS, "like")}
    cells = {name: given[name] for name in _COLUMNS} | {"party": desk.party.code}
    cells["unit"] = unit_beside(given["quantity"], given["unit"])
    problems = enter_row(desk, "batch", cells)
    if problems:
        return _page(desk, given, problems)
    batch = desk.db.scalars(
        select(Batch)
        .join(Batch.product)
        .where(Batch.party_id == desk.party.id, Product.code == given["product"], Batch.lot == given["lot"])
    ).one()
    earlier = fieldwork.earlier_batches(desk.db, batch, 1) if given["like"] else []
    if earlier:
        fieldwork.plan_as(desk.db, batch, earlier[0])
    return desk.go(f"/desk/batches/{batch.id}/work", "batch_planned" if earlier else "batch_made")


def _check(desk: Desk) -> None:
    if desk.party.kind not in PRODUCERS:
        raise NotFound
    desk.require(Action.IMPORT)


def _page(desk: Desk, given: dict[str, str], problems: dict[str, str]) -> Response:
    newest = work_queries.newest_batches(desk.db, desk.party, 3)
    return desk.page(
        "new_batch.html",
        422 if problems else 200,
        given=given,
        today=desk.today,
        problems=problems,
        products=work_queries.goods_codes(desk.db, desk.party),
        members=work_queries.member_codes(desk.db, desk.party.id),
        plots=work_queries.plot_codes(desk.db, desk.party.id),
        newest=[line.batch for line in newest],
        offered=UNITS_OFFERED,
        units=UNITS,
        unfolded=any(problems.get(n) or given.get(n) for n in ("expires_on", "plot", "member", "address")),
    )
