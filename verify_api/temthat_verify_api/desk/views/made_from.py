"""Which lots a batch was made from (làm từ lô nào): one step back, by the rules of the workbook."""

import uuid

from fastapi import Response

from temthat_trace.batches import Batch
from temthat_trace.units import UNITS
from temthat_verify_api.desk import queries, work_queries
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.entering import enter_row
from temthat_verify_api.desk.forms import Fields
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.desk.views.new_batch import UNITS_OFFERED
from temthat_verify_api.desk.work_forms import unit_beside
from temthat_verify_api.permissions import Action

router = desk_router()


@router.get("/batches/{batch_id}/made-from")
def made_from(desk: SignedIn, batch_id: uuid.UUID) -> Response:
    """The lots recorded, and the form for one more."""
    return _page(desk, _batch(desk, batch_id), {}, {})


@router.post("/batches/{batch_id}/made-from")
def add_source(desk: SignedIn, batch_id: uuid.UUID, form: Fields) -> Response:
    """One lot and how much of it: never more than it has, and nothing is made from itself by a detour."""
    batch = _batch(desk, batch_id)
    given = {name: form.text(name) for name in ("source", "quantity", "unit")}
    product, _, lot = given["source"].partition("|")
    cells = {
        "party": batch.party.code,
        "product": batch.product.code,
        "lot": batch.lot,
        "source_product": product,
        "source_lot": lot,
        "quantity": given["quantity"],
        "unit": unit_beside(given["quantity"], given["unit"]),
    }
    said = enter_row(desk, "source", cells)
    if said:
        said["source"] = said.get("source_lot") or said.get("source_product", "")
        return _page(desk, _batch(desk, batch_id), given, said)
    return desk.go(f"/desk/batches/{batch.id}/made-from", "source")


def _batch(desk: Desk, batch_id: uuid.UUID) -> Batch:
    batch = queries.find_batch(desk.db, desk.person, batch_id)
    desk.require(Action.IMPORT, batch.party)
    return batch


def _page(desk: Desk, batch: Batch, given: dict[str, str], problems: dict[str, str]) -> Response:
    taken = {source.source_id for source in batch.sources}
    others = [line.batch for line in work_queries.newest_batches(desk.db, batch.party, 60)]
    return desk.page(
        "made_from.html",
        422 if problems else 200,
        batch=batch,
        given=given,
        problems=problems,
        lots=[
            (work_queries.lot_code(b), work_queries.lot_name(b, desk.words))
            for b in others
            if b.id != batch.id and b.id not in taken
        ],
        offered=UNITS_OFFERED,
        units=UNITS,
    )
