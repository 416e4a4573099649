"""A print job: watching it, fetching the file, saying that it is on paper."""

import datetime as dt
import uuid

from fastapi import Response
from fastapi.responses import FileResponse

from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.produce import FETCH_HOURS, confirm_printing, fetch
from temthat_stamps.runs.records import JobState, PrintJob
from temthat_trace.search import fold
from temthat_verify_api.desk import print_choice, queries
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.forms import Fields
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.desk.views import own_orders
from temthat_verify_api.permissions import Action

router = desk_router()


@router.get("/jobs/{job_id}")
def job_page(desk: SignedIn, job_id: uuid.UUID) -> Response:
    """How far the file is, and what to do next. Reloads itself while it is being made."""
    job = queries.find_job(desk.db, desk.person, job_id)
    if own_orders.is_own(job.run_record):
        return desk.go(own_orders.address(job.run_record))
    return _page(desk, job)


@router.get("/jobs/{job_id}/file")
def download(desk: SignedIn, job_id: uuid.UUID) -> Response:
    """The file; who took it and when is recorded before the first byte leaves."""
    job = queries.find_job(desk.db, desk.person, job_id)
    desk.require(Action.ORDER, job.run_record.party)
    try:
        path = fetch(desk.db, desk.press, job, desk.person.name)
    except RunRefused as error:
        return _page(desk, job, desk.words.of(error))
    lot = fold(job.run_record.batch.lot).replace(" ", "-")
    return FileResponse(path, filename=f"tem-{lot}-{job.run}-{job.first}-{job.last}{path.suffix}")


@router.post("/jobs/{job_id}/confirm")
def confirm(desk: SignedIn, job_id: uuid.UUID, form: Fields) -> Response:
    """All of it is on paper: the file is closed."""
    job = queries.find_job(desk.db, desk.person, job_id)
    desk.require(Action.ORDER, job.run_record.party)
    if job.state is JobState.READY and not job.fetches:
        return _page(desk, job, desk.words("job.not_fetched"))
    try:
        confirm_printing(desk.db, desk.press, job, desk.person.name)
    except RunRefused as error:
        return _page(desk, job, desk.words.of(error))
    return desk.go(f"/desk/jobs/{job.id}", "printed")


@router.post("/jobs/{job_id}/again")
def try_again(desk: SignedIn, job_id: uuid.UUID, form: Fields) -> Response:
    """A job that failed goes back into the queue."""
    job = queries.find_job(desk.db, desk.person, job_id)
    desk.require(Action.ORDER, job.run_record.party)
    if job.state is JobState.FAILED:
        job.state, job.problem, job.done = JobState.WAITING, "", 0
        desk.db.commit()
        desk.parts.press.submit(job.id)
    return desk.go(f"/desk/jobs/{job.id}")


def _page(desk: Desk, job: PrintJob, problem: str = "") -> Response:
    return desk.page(
        "job.html",
        422 if problem else 200,
        job=job,
        run=job.run_record,
        batch=job.run_record.batch,
        total=job.last - job.first + 1,
        settings_chosen=print_choice.remembered(job.settings),
        jobs=queries.jobs_of_run(desk.db, job.run),
        closed=job.released_at is not None and desk.now > job.released_at + dt.timedelta(hours=FETCH_HOURS),
        working=job.state in (JobState.WAITING, JobState.RUNNING),
        problem=problem,
    )
