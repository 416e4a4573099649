"""The PINs of a print file's stamps: a file of its own, for an administrator, after the password once more."""

import uuid

from fastapi import Response

from temthat_stamps.printing.errors import PrintingError
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.pins import PinKind, check_open, fetch_pins, has_sheets, took_both
from temthat_stamps.runs.records import PrintJob
from temthat_trace.search import fold
from temthat_verify_api.desk import queries
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.errors import NotFound
from temthat_verify_api.desk.forms import Fields
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.desk.views import own_orders
from temthat_verify_api.passwords import WrongCredentials, check_secret
from temthat_verify_api.permissions import Action
from temthat_verify_api.throttle import TooManyTries, coarse_source

router = desk_router()
_MEDIA_TYPES: dict[PinKind, str] = {"csv": "text/csv; charset=utf-8", "pdf": "application/pdf"}


@router.get("/jobs/{job_id}/pins")
def pins_page(desk: SignedIn, job_id: uuid.UUID) -> Response:
    """What the list is for, who took it, and the form to take it."""
    return _page(desk, _find(desk, job_id))


@router.post("/jobs/{job_id}/pins")
def download(desk: SignedIn, job_id: uuid.UUID, form: Fields) -> Response:
    """The list; who took it and when is recorded before the first byte leaves."""
    job, apart = _find(desk, job_id), form.text("apart", 5) == "1"
    try:
        _check_person(desk, form.secret("password"))
        if not apart:
            return _page(desk, job, desk.words("pins.tick"))
        kind: PinKind = "pdf" if form.text("kind", 5) == "pdf" and has_sheets(job) else "csv"
        data = fetch_pins(desk.db, desk.services.registry, job, desk.person.name, kind, desk.press.host)
    except WrongCredentials:
        return _page(desk, job, desk.words("account.wrong"), apart=apart)
    except TooManyTries as error:
        return _page(desk, job, desk.words("sign_in.too_many", minutes=error.minutes), apart=apart)
    except (RunRefused, PrintingError) as error:
        return _page(desk, job, desk.words.of(error))
    lot = fold(job.run_record.batch.lot).replace(" ", "-")
    name = f"pin-{lot}-{job.run}-{job.first}-{job.last}.{kind}"
    return own_orders.file_answer(data, name, _MEDIA_TYPES[kind])


def _find(desk: Desk, job_id: uuid.UUID) -> PrintJob:
    """A print file of a run with PINs. Raises `NotFound`, `Forbidden`."""
    job = queries.find_job(desk.db, desk.person, job_id)
    desk.require(Action.PINS, job.run_record.party)
    if not job.run_record.has_pins:
        raise NotFound
    return job


def _check_person(desk: Desk, password: str) -> None:
    """Whoever sits at a screen that somebody left open gets no PINs. Raises `WrongCredentials`, `TooManyTries`."""
    client = desk.request.client
    source = coarse_source(client.host if client else None)
    desk.parts.throttle.try_once(desk.person.phone, source)
    check_secret(desk.person.password_hash, password)
    desk.parts.throttle.forget(desk.person.phone, source)


def _page(desk: Desk, job: PrintJob, problem: str = "", *, apart: bool = False) -> Response:
    closed = ""
    try:
        check_open(job, desk.now)
    except RunRefused as error:
        closed = desk.words.of(error)
    run = job.run_record
    own = own_orders.is_own(run)
    return desk.page(
        "pins.html",
        422 if problem else 200,
        job=job,
        run=run,
        batch=run.batch,
        total=job.last - job.first + 1,
        both=took_both(job),
        own=own,
        sheets=has_sheets(job),
        back=own_orders.address(run) if own else f"/desk/jobs/{job.id}",
        closed=closed,
        problem=problem,
        apart=apart,
    )
