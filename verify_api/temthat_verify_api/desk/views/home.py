"""The first page: what to do next, and the batches; for an office, its organisations."""

import datetime as dt
import uuid
from dataclasses import dataclass

from fastapi import Response

from temthat_stamps.runs.records import JobState
from temthat_trace import fieldwork
from temthat_trace.gtin_claims import disputed
from temthat_trace.parties import PRODUCERS, Party
from temthat_trace.privacy.repository import open_requests
from temthat_verify_api.accounts import Role
from temthat_verify_api.desk import queries
from temthat_verify_api.desk.alert_queries import open_count
from temthat_verify_api.desk.checklist_queries import overview
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.desk.standing import standing_of
from temthat_verify_api.desk.views import own_orders, public_log
from temthat_verify_api.desk.views.approvals import own_changes, waiting_counts
from temthat_verify_api.desk.views.expiring import alerts_of, counts_for
from temthat_verify_api.permissions import Action
from temthat_verify_api.reports.looking import count_open

router = desk_router()

WAITS = dt.timedelta(days=2)
"""How long an uploaded workbook that nobody applied is offered again."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """The one thing to do now: which of the four steps, a text key, the values in it, and where it leads."""

    step: int
    key: str
    link: str
    values: dict[str, str]


@router.get("")
@router.get("/")
def home(desk: SignedIn, q: str = "", page: int = 0) -> Response:
    """A producer's batches, an office's organisations."""
    if desk.party.kind in PRODUCERS and desk.may(Action.SEE):
        return _batches(desk, desk.party, q, page, _next_step(desk, desk.party))
    found = queries.parties(desk.db, desk.person, q)
    statements = public_log.latest_lines(desk)
    return desk.page(
        "office.html",
        parties=found,
        q=q,
        counts=waiting_counts(desk) if desk.person.role is Role.OFFICER else None,
        statements=statements,
        reports=count_open(desk.db, desk.person),
        expiring=counts_for(desk),
        alerts=open_count(desk.db, desk.person),
        gtins=disputed(desk.db, queries.visible(desk.person)),
    )


@router.get("/organisations/{party_id}")
def organisation(desk: SignedIn, party_id: uuid.UUID, q: str = "", page: int = 0) -> Response:
    """One organisation's batches, as its office sees them."""
    return _batches(desk, queries.find_party(desk.db, desk.person, party_id), q, page, None)


def _batches(desk: Desk, party: Party, q: str, page: int, next_step: NextStep | None) -> Response:
    page = min(max(page, 0), 10_000)
    lines, more = queries.batch_lines(desk.db, party, q[:100], page)
    short = overview(desk.db, desk.person, desk.today, party=party).short
    return desk.page(
        "home.html",
        reports=count_open(desk.db, desk.person, party),
        expiring=alerts_of(desk, party),
        alerts=open_count(desk.db, desk.person, party),
        gtins=disputed(desk.db, Party.id == party.id),
        asked=open_requests(desk.db, party.id) if desk.may(Action.MEMBERS, party) else (),
        today=desk.today,
        short=short,
        changes=own_changes(desk, party),
        own=desk.may(Action.ORDER, party) and own_orders.signs_itself(desk, party),
        party=party,
        copied=len(fieldwork.copied_diaries(desk.db, party.id)) if next_step is None else 0,
        lines=lines,
        stands=standing_of(desk.db, [line.batch.id for line in lines]),
        more=more,
        number=page,
        q=q[:100],
        next_step=next_step,
        statements=public_log.latest_lines(desk, party_id=party.id),
    )


def _next_step(desk: Desk, party: Party) -> NextStep | None:
    """What is furthest along comes first: a file to print, then a batch without stamps, then a new workbook.

    Nobody is sent to make stamps for a batch that is held or recalled.
    """
    if not desk.may(Action.ORDER, party):
        return None
    jobs = queries.open_jobs(desk.db, party)
    runs = queries.unmade(desk.db, party)
    batches = queries.unstamped(desk.db, party, desk.today)
    ids = {*(j.run_record.batch_id for j in jobs), *(r.batch_id for r in runs), *(b.id for b in batches)}
    stands = standing_of(desk.db, ids)
    for job in jobs:
        batch = job.run_record.batch
        if batch.id in stands:
            continue
        key = "next.confirm" if job.state is JobState.READY else "next.print"
        values = {"product": batch.product.name, "lot": batch.lot}
        return NextStep(4 if job.state is JobState.READY else 3, key, f"/desk/jobs/{job.id}", values)
    waiting = queries.waiting_import(desk.db, party, desk.now - WAITS)
    if waiting is not None:
        return NextStep(1, "next.apply", f"/desk/workbooks/{waiting.id}", {"file": waiting.file_name})
    unmade = next((run for run in runs if run.batch_id not in stands), None)
    if unmade is not None:
        values = {"product": unmade.batch.product.name, "lot": unmade.batch.lot}
        return NextStep(3, "next.make", f"/desk/runs/{unmade.run}", values)
    batch_without = next((batch for batch in batches if batch.id not in stands), None)
    if batch_without is not None:
        values = {"product": batch_without.product.name, "lot": batch_without.lot}
        return NextStep(2, "next.order", f"/desk/batches/{batch_without.id}", values)
    key = "next.more" if queries.has_batches(desk.db, party) else "next.upload"
    return NextStep(1, key, "/desk/workbooks", {})
