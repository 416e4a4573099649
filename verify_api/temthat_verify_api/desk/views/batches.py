"""A batch: its stamps with the arithmetic, its facts with who vouches, its events and papers, and its checks."""

import uuid
from dataclasses import dataclass

from fastapi import Response

from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.records import JobState
from temthat_stamps.runs.register import plan_run
from temthat_trace.batches import Batch
from temthat_trace.packing import Allowance
from temthat_trace.places import province, province_label
from temthat_trace.products import PackForm, PackKind
from temthat_trace.repository import papers_of
from temthat_verify_api.desk import queries
from temthat_verify_api.desk.checklist_queries import batch_checklist, link_of
from temthat_verify_api.desk.checks import checks_of_runs
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.desk.standing import standing_of
from temthat_verify_api.desk.views.balance import balance_for
from temthat_verify_api.desk.views.lineage import way_of
from temthat_verify_api.desk.work_queries import alike, diary_of

router = desk_router()


@dataclass(frozen=True, slots=True)
class Plan:
    """What one pack form still allows, or why it allows nothing."""

    pack_form: PackForm
    allowance: Allowance | None
    problem: str = ""


def plans(desk: Desk, batch: Batch) -> list[Plan]:
    """For each pack form of the batch's product; what shoppers buy comes before the cases it is sent in."""
    found = []
    for pack_form in sorted(batch.product.pack_forms, key=lambda form: form.kind is PackKind.CASE):
        try:
            found.append(Plan(pack_form, plan_run(desk.db, batch, pack_form)))
        except RunRefused as error:
            found.append(Plan(pack_form, None, desk.words.of(error)))
    return found


@router.get("/batches/{batch_id}")
def batch_page(desk: SignedIn, batch_id: uuid.UUID) -> Response:
    """Everything about one batch."""
    batch = queries.find_batch(desk.db, desk.person, batch_id)
    lines = queries.run_lines(desk.db, batch)
    jobs = [job for line in lines for job in line.jobs]
    return desk.page(
        "batch.html",
        batch=batch,
        plans=plans(desk, batch),
        standing=standing_of(desk.db, [batch.id]).get(batch.id),
        events=diary_of(desk.db, batch),
        lines=lines,
        ordered=sum(line.run.count for line in lines),
        printed=sum(j.last - j.first + 1 for j in jobs if j.state is JobState.CONFIRMED),
        papers=papers_of(desk.db, batch.product),
        way=way_of(desk, batch),
        balance=balance_for(desk, batch),
        today=desk.today,
        alike=alike(desk.db, batch),
        checked=batch_checklist(desk.db, batch, desk.today),
        link_of=link_of,
        place=province_label(batch.province, batch.address, desk.lang) if batch.province else "",
    )


@router.get("/batches/{batch_id}/checks")
def checks_page(desk: SignedIn, batch_id: uuid.UUID, run: int | None = None) -> Response:
    """How often, when and where stamps of this batch, or of one of its runs, were checked."""
    batch = queries.find_batch(desk.db, desk.person, batch_id)
    runs = [line.run for line in queries.run_lines(desk.db, batch)]
    chosen = [r.run for r in runs if run in (None, r.run)]
    return desk.page(
        "checks.html",
        batch=batch,
        runs=runs,
        chosen=run,
        checks=checks_of_runs(desk.db, chosen),
        province=province_name,
    )


def province_name(code: str) -> str:
    """A current province's name; the code itself for one that places do not know."""
    try:
        return province(code).name
    except KeyError:
        return code
