"""Putting the desk together: its routes under /desk, its files, and its parts in the application."""

from fastapi import FastAPI, Request, Response
from starlette.routing import BaseRoute

from temthat_verify_api.desk.errors import NotFound
from temthat_verify_api.desk.parts import DeskParts
from temthat_verify_api.desk.render import STATIC, static_file
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.desk.views import (
    alert_addresses,
    alert_found,
    alert_model,
    alerts,
    approvals,
    balance,
    batches,
    checklist,
    expiring,
    home,
    jobs,
    ledger,
    lineage,
    made_from,
    members,
    new_batch,
    orders,
    outgoing,
    own_orders,
    papers,
    people,
    pins,
    products,
    public_log,
    quotas,
    recall,
    reprints,
    sellers,
    signing_in,
    slips,
    suspects,
    work,
    workbooks,
)
from temthat_verify_api.press import PressWorker
from temthat_verify_api.wiring import Services

_VIEWS = (
    *(new_batch, work, made_from, slips),  # before batches: /batches/new is no batch
    *(signing_in, home, workbooks, batches, orders, own_orders, jobs, pins, ledger, reprints, quotas),
    *(balance, lineage, recall),
    *(alert_addresses, alert_found, alert_model, alerts),  # before alerts: /alerts/addresses is no alert
    *(checklist, expiring, approvals),
    *(papers, products, outgoing, sellers, people, members, public_log, suspects),
)


def desk_routes() -> list[BaseRoute]:
    """All routes of the desk in the order they are tried; the last one takes whatever is left under /desk."""
    rest = desk_router()
    rest.add_api_route("/static/{name}", _static, methods=["GET"])
    rest.add_api_route("/{anything:path}", _nowhere, methods=["GET", "POST"])
    return [route for router in (*(view.router for view in _VIEWS), rest) for route in router.routes]


def install(app: FastAPI, services: Services) -> PressWorker:
    """Mount the desk on an application. Call `resume()` on the result when it starts and `close()` when it stops."""
    press = PressWorker(services)
    app.state.desk = DeskParts(press)
    app.router.routes.extend(desk_routes())
    return press


def _static(name: str) -> Response:
    """A file of the pages, for a year: its address changes with its content."""
    if name not in STATIC:
        raise NotFound
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(static_file(name), media_type=STATIC[name], headers=headers)


def _nowhere(request: Request, anything: str) -> Response:
    """Any other address under /desk."""
    raise NotFound
