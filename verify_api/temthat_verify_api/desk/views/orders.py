"""Ordering stamps: how many, on what paper, a look at one, and off to the press."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import Response

from temthat_stamps.code import stamp_url
from temthat_stamps.printing import Printer, calibration_page, find_layout, preview_png
from temthat_stamps.printing.errors import PrintingError
from temthat_stamps.printing.label import Label
from temthat_stamps.runs.errors import BeyondQuantity, RunRefused
from temthat_stamps.runs.produce import PrintSettings, create_jobs, label_lines
from temthat_stamps.runs.records import PrintJob, Run
from temthat_stamps.runs.register import plan_run, register_run
from temthat_stamps.runs.revision import bump_revision
from temthat_trace.batches import Batch
from temthat_trace.packing import Allowance
from temthat_trace.products import PackForm
from temthat_verify_api.desk import print_choice, queries
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.forms import Fields, Posted
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.desk.views import own_orders
from temthat_verify_api.permissions import Action

router = desk_router()
PATH = "/batches/{batch_id}/stamps/{pack_form_id}"


@dataclass(frozen=True, slots=True)
class Order:
    """What the page is about: stamps still to be ordered, or those of a `run` that are in no print file yet."""

    batch: Batch
    pack_form: PackForm
    left: int
    runs: int = 0
    """How many runs the batch has: a form filled in before another order came in is noticed by it."""
    allowance: Allowance | None = None
    run: Run | None = None


@router.get(PATH)
def order_page(desk: SignedIn, batch_id: uuid.UUID, pack_form_id: uuid.UUID) -> Response:
    """The form, filled in as last time and with as many stamps as are left."""
    order = _order(desk, batch_id, pack_form_id)
    return _page(desk, order, desk.request.query_params)


@router.get(PATH + "/preview.png")
def preview(desk: SignedIn, batch_id: uuid.UUID, pack_form_id: uuid.UUID) -> Response:
    """One stamp as it will be on paper, with a code that is none."""
    order = _order(desk, batch_id, pack_form_id)
    settings = _settings(desk, order, desk.request.query_params)
    host = desk.services.settings.host
    picture = preview_png(settings.printing(host), _sample(desk, order))
    return Response(picture, media_type="image/png")


@router.get("/calibration.pdf")
def calibration(desk: SignedIn) -> Response:
    """A page to measure the printer with, before a sticker sheet is spent."""
    settings = print_choice.chosen(desk.request.query_params, PrintSettings())
    page = calibration_page(Printer(settings.dpi), find_layout(settings.layout))
    return Response(page, media_type="application/pdf")


@router.post(PATH)
def place_order(desk: SignedIn, batch_id: uuid.UUID, pack_form_id: uuid.UUID, form: Fields) -> Response:
    """Register the run, queue its files, and show the first."""
    order = _order(desk, batch_id, pack_form_id)
    desk.require(Action.ORDER, order.batch.party)
    fields = form.all()
    count, reason = form.number("count"), form.text("reason")
    if count is None:
        return _page(desk, order, fields, desk.words("order.no_count"))
    if reason:
        desk.require(Action.OVERRIDE, order.batch.party)
    bump_revision(desk.db)  # in line with other orders before looking how many runs there are
    if form.number("runs") != len(queries.run_lines(desk.db, order.batch)):
        desk.db.rollback()
        return desk.go(f"/desk/batches/{batch_id}", "already_ordered")
    settings = _settings(desk, order, fields)
    try:
        if own_orders.signs_itself(desk, order.batch.party):
            _check_paper(desk, order, settings)
            wish = own_orders.Wish(count, reason, has_pins=_with_pins(fields))
            return own_orders.place(desk, order.batch, order.pack_form, wish, settings)
        jobs = _register(desk, order, count, reason, settings, has_pins=_with_pins(fields))
    except BeyondQuantity as error:
        desk.db.rollback()
        return _page(desk, order, fields, desk.words.of(error), beyond=True)
    except (RunRefused, PrintingError) as error:
        desk.db.rollback()
        return _page(desk, order, fields, desk.words.of(error))
    return _to_press(desk, jobs)


@router.get("/runs/{number}")
def run_page(desk: SignedIn, number: int) -> Response:
    """The same form for stamps that were ordered and are in no print file yet."""
    return _page(desk, _of_run(desk, number), desk.request.query_params)


@router.post("/runs/{number}")
def make_files(desk: SignedIn, number: int, form: Fields) -> Response:
    """Queue the files of what is left of a run; a double click finds nothing left."""
    bump_revision(desk.db)  # one after the other, so that no stamp gets into two files
    order = _of_run(desk, number)
    fields = form.all()
    settings = _settings(desk, order, fields)
    try:
        assert order.run is not None
        jobs = create_jobs(desk.db, desk.press, order.run, settings, desk.person.name)
    except (RunRefused, PrintingError) as error:
        desk.db.rollback()
        return _page(desk, order, fields, desk.words.of(error))
    return _to_press(desk, jobs)


def _to_press(desk: Desk, jobs: list[PrintJob]) -> Response:
    desk.db.commit()
    for job in jobs:
        desk.parts.press.submit(job.id)
    return desk.go(f"/desk/jobs/{jobs[0].id}")


def _of_run(desk: Desk, number: int) -> Order:
    line = queries.find_run(desk.db, desk.person, number)
    desk.require(Action.ORDER, line.run.party)
    return Order(line.run.batch, line.run.pack_form, line.unmade, run=line.run)


def _order(desk: Desk, batch_id: uuid.UUID, pack_form_id: uuid.UUID) -> Order:
    batch = queries.find_batch(desk.db, desk.person, batch_id)
    pack_form = queries.find_pack_form(batch, pack_form_id)
    runs = len(queries.run_lines(desk.db, batch))
    allowance = plan_run(desk.db, batch, pack_form)
    return Order(batch, pack_form, allowance.left, runs, allowance)


def _register(
    desk: Desk, order: Order, count: int, reason: str, settings: PrintSettings, *, has_pins: bool
) -> list[PrintJob]:
    run = register_run(
        desk.db,
        desk.services.registry,
        order.batch,
        order.pack_form,
        count,
        requested_by=desk.person.name,
        override_reason=reason,
        has_pins=has_pins,
    )
    return create_jobs(desk.db, desk.press, run, settings, desk.person.name)


def _with_pins(fields: Mapping[str, str]) -> bool:
    return fields.get("pins") == "1"


def _check_paper(desk: Desk, order: Order, settings: PrintSettings) -> None:
    """Raises `PrintingError` for what the issuer's computer could not print."""
    host = desk.services.settings.host
    problem = print_choice.problem(settings, settings.layout, _sample(desk, order), host)
    if problem is not None:
        raise problem


def _settings(desk: Desk, order: Order, fields: Mapping[str, str]) -> PrintSettings:
    before = print_choice.remembered(queries.last_settings(desk.db, order.batch.party))
    return print_choice.chosen(fields, before)


def _sample(desk: Desk, order: Order) -> Label:
    """A stamp of the right length that is not one: all its characters are the same."""
    lines = label_lines(Run(batch=order.batch, pack_form=order.pack_form))
    return Label(stamp_url(desk.press.host, "A" * 122, desk.press.scheme), "0000 0000 0000 0000", 1, lines)


def _preview_fields(settings: PrintSettings) -> dict[str, str]:
    """What the picture depends on, as the fields of its address."""
    return {
        "method": print_choice.method_of(settings),
        "kind": settings.kind,
        "layout": settings.layout,
        "dpi": str(settings.dpi),
        "level": settings.level,
    }


def _page(
    desk: Desk, order: Order, fields: Mapping[str, str], problem: str = "", *, beyond: bool = False
) -> Response:
    settings = _settings(desk, order, fields)
    method = print_choice.method_of(settings)
    asked = Posted.whole(fields.get("count", ""))
    count = asked if asked is not None and order.run is None else order.left
    host = desk.services.settings.host
    return desk.page(
        "order.html",
        422 if problem else 200,
        batch=order.batch,
        pack_form=order.pack_form,
        allowance=order.allowance,
        runs=order.runs,
        run=order.run,
        settings_chosen=settings,
        method=method,
        preview_query=urlencode(_preview_fields(settings)),
        methods=print_choice.METHODS,
        formats=print_choice.FORMATS[method],
        resolutions=print_choice.RESOLUTIONS[method],
        offers=print_choice.offers(method, settings, _sample(desk, order), host, count),
        count=count,
        reason=fields.get("reason", ""),
        with_pins=_with_pins(fields),
        own=own_orders.signs_itself(desk, order.batch.party),
        problem=problem,
        beyond=beyond or order.left == 0,
    )
