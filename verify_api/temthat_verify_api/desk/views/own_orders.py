"""Stamps of a cooperative that keeps its own key: an order goes out, its signed answer comes in, a proof goes out."""

from dataclasses import dataclass

from fastapi import Response

from temthat_stamps.custody.order import BadOrder, Signed, kind_of, signed_from_json
from temthat_stamps.errors import TrustError
from temthat_stamps.manifest import Custody
from temthat_stamps.runs.custody import delegated_key
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.own import (
    accept_signed,
    order_file,
    order_own_run,
    plan_files,
    planned_files,
    print_choice_of,
    signed_runs,
    unsigned_orders,
    withdraw_order,
)
from temthat_stamps.runs.produce import PrintSettings, confirm_printing
from temthat_stamps.runs.records import PrintFetch, Run
from temthat_trace.batches import Batch
from temthat_trace.parties import Party
from temthat_trace.products import PackForm
from temthat_verify_api.desk import print_choice, queries
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.errors import NotFound
from temthat_verify_api.desk.forms import Fields, Files
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.permissions import Action

router = desk_router()
PATH = "/own-orders"


def signs_itself(desk: Desk, party: Party) -> bool:
    """Whether the party's key lies on its own computer."""
    key = delegated_key(desk.db, party, desk.now)
    return key is not None and key.custody is Custody.OWN


def is_own(run: Run) -> bool:
    """Whether a run was or will be signed by its issuer."""
    return not run.is_logged or run.stamp_key.custody is Custody.OWN


@dataclass(frozen=True, slots=True)
class Wish:
    """What is ordered: how many stamps, why more than the batch fills, with PINs or not."""

    count: int
    reason: str
    has_pins: bool


def place(desk: Desk, batch: Batch, pack_form: PackForm, wish: Wish, settings: PrintSettings) -> Response:
    """Keep the order and show what to do with it. Raises `RunRefused`, `PrintingError`."""
    run = order_own_run(
        desk.db,
        desk.services.registry,
        batch,
        pack_form,
        wish.count,
        requested_by=desk.person.name,
        override_reason=wish.reason,
        has_pins=wish.has_pins,
    )
    plan_files(desk.db, desk.services.registry, run, settings, desk.person.name)
    desk.db.commit()
    return desk.go(address(run))


def address(run: Run) -> str:
    """The page of an order."""
    return f"/desk{PATH}/{run.run}"


@router.get(PATH)
def list_page(desk: SignedIn) -> Response:
    """Orders that wait for a signature, and the place for any signed file."""
    desk.require(Action.ORDER)
    return _list(desk)


@router.post(PATH)
def take_signed(desk: SignedIn, form: Files) -> Response:
    """What was signed at home: statements of runs, notices, keys closed. All of a file counts, or nothing."""
    desk.require(Action.ORDER)
    about, files = form.number("run"), form.files("signed")
    try:
        signed = _read(desk, files[0][1] if files else b"", about)
        accept_signed(desk.db, desk.services.registry, signed, desk.party)
    except (_Wrong, RunRefused, TrustError) as error:
        desk.db.rollback()
        return _again(desk, about, str(error) if isinstance(error, _Wrong) else desk.words.of(error))
    desk.db.commit()
    runs = signed_runs(signed)
    if not runs:
        return desk.go(f"/desk{PATH}", "signed_taken")
    _prove(desk, runs)
    return desk.go(f"/desk{PATH}/{runs[0]}", "signed_taken")


@router.get(PATH + "/{number}")
def order_page(desk: SignedIn, number: int) -> Response:
    """Where an order stands, and the next thing to do."""
    return _page(desk, _find(desk, number))


@router.get(PATH + "/{number}/order.json")
def download_order(desk: SignedIn, number: int) -> Response:
    """The order's file. Who took it and when is recorded before it leaves: it holds the run's secret."""
    run = _find(desk, number, Action.ORDER)
    jobs = planned_files(desk.db, run)
    press = desk.press
    try:
        order = order_file(
            desk.db, desk.services.registry, run, press.host, press.scheme, print_choice_of(jobs)
        )
    except RunRefused as error:
        return _page(desk, run, desk.words.of(error))
    for job in jobs[:1]:
        desk.db.add(PrintFetch(job_id=job.id, at=desk.now, by=desk.person.name))
    return file_answer(order.to_json(), f"don-{run.run}.json", "application/json")


@router.get(PATH + "/{number}/proof")
def download_proof(desk: SignedIn, number: int) -> Response:
    """That the run stands in the witnessed log; without it nothing is printed."""
    run = _find(desk, number)
    if run.is_logged and run.proof is None:
        _prove(desk, [run.run])
        desk.db.refresh(run)
    if run.proof is None:
        return _page(desk, run, desk.words("own.no_proof"))
    return file_answer(run.proof, f"don-{run.run}.proof", "text/plain; charset=utf-8")


@router.post(PATH + "/{number}/withdraw")
def withdraw(desk: SignedIn, number: int, form: Fields) -> Response:
    """Take back an order that is not signed."""
    run = _find(desk, number, Action.ORDER)
    try:
        withdraw_order(desk.db, run)
    except RunRefused as error:
        return _page(desk, run, desk.words.of(error))
    return desk.go(f"/desk/batches/{run.batch_id}", "order_withdrawn")


@router.post(PATH + "/{number}/printed")
def printed(desk: SignedIn, number: int, form: Fields) -> Response:
    """All of it is on paper."""
    run = _find(desk, number, Action.ORDER)
    if run.proof is None:
        return _page(desk, run, desk.words("own.not_signed_yet"))
    for job in planned_files(desk.db, run):
        confirm_printing(desk.db, desk.press, job, desk.person.name)
    return desk.go(address(run), "printed")


class _Wrong(Exception):
    """A file that is not what belongs here, as a sentence for the person who chose it."""


def _read(desk: Desk, data: bytes, about: int | None) -> Signed:
    """The signed file, if it is one of this cooperative's, and of the order on whose page it was chosen."""
    words = desk.words
    if not data:
        raise _Wrong(words("own.no_file"))
    try:
        kind = kind_of(data)
        if kind in ("order", "request"):
            raise _Wrong(words("own.is_order"))
        signed = signed_from_json(data)
    except BadOrder as error:
        raise _Wrong(words("own.damaged")) from error
    if signed.issuer != str(desk.party.id):
        raise _Wrong(words("own.other_issuer", name=desk.party.name))
    if signed.origin != desk.services.registry.origin:
        raise _Wrong(words("own.other_log"))
    runs = signed_runs(signed)
    if about is not None and about not in runs:
        told = ", ".join(map(str, runs))
        raise _Wrong(words("own.other_run", run=about, runs=told) if runs else words("own.no_run", run=about))
    return signed


def _prove(desk: Desk, runs: list[int]) -> None:
    """Fetch the witnesses' word now; where they cannot be reached the page offers to try again."""
    for run in runs:
        try:
            desk.press.prove(run)
        except TrustError:
            return


def _find(desk: Desk, number: int, action: Action | None = None) -> Run:
    """A run in own custody that this person may see. Raises `NotFound`, `Forbidden`."""
    run = queries.find_run(desk.db, desk.person, number).run
    if not is_own(run):
        raise NotFound
    if action is not None:
        desk.require(action, run.party)
    return run


def _again(desk: Desk, about: int | None, problem: str) -> Response:
    """The page the file was chosen on, with what is wrong with it."""
    if about is None:
        return _list(desk, problem)
    return _page(desk, _find(desk, about), problem)


def _list(desk: Desk, problem: str = "") -> Response:
    return desk.page(
        "own_orders.html",
        422 if problem else 200,
        orders=unsigned_orders(desk.db, desk.party),
        problem=problem,
    )


def _page(desk: Desk, run: Run, problem: str = "") -> Response:
    jobs = planned_files(desk.db, run)
    return desk.page(
        "own_order.html",
        422 if problem else 200,
        run=run,
        batch=run.batch,
        replaces=run.replaces_run is not None and not run.is_logged,
        jobs=jobs,
        fetched=bool(jobs and jobs[0].fetches),
        done_printing=bool(jobs) and all(job.confirmed_at for job in jobs),
        paper=print_choice.remembered(jobs[0].settings if jobs else None),
        problem=problem,
    )


def file_answer(data: bytes, name: str, media_type: str) -> Response:
    """A file to download under that name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=media_type, headers=headers)
