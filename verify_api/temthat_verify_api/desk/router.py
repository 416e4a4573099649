"""Putting the desk together: its routes under /desk, its files, and its parts in the application."""

from fastapi import APIRouter, FastAPI, Request, Response

from temthat_verify_api.desk.errors import NotFound
from temthat_verify_api.desk.parts import DeskParts
from temthat_verify_api.desk.render import STATIC, static_file
from temthat_verify_api.desk.route import DeskRoute
from temthat_verify_api.desk.views import (
    batches,
    home,
    jobs,
    orders,
    papers,
    people,
    products,
    signing_in,
    workbooks,
)
from temthat_verify_api.press import PressWorker
from temthat_verify_api.wiring import Services

_VIEWS = (signing_in, home, workbooks, batches, orders, jobs, papers, products, people)


def create_desk_router() -> APIRouter:
    """All routes of the desk, prefix included. The application needs `install` or `app.state.desk` as well."""
    router = APIRouter(include_in_schema=False)
    for view in _VIEWS:
        router.include_router(view.router, prefix="/desk")
    router.add_api_route("/desk/static/{name}", _static, methods=["GET"])
    last = APIRouter(route_class=DeskRoute)
    last.add_api_route("/desk/{anything:path}", _nowhere, methods=["GET", "POST"])
    router.include_router(last)
    return router


def install(app: FastAPI, services: Services) -> PressWorker:
    """Mount the desk on an application. Call `resume()` on the result when it starts and `close()` when it stops."""
    press = PressWorker(services)
    app.state.desk = DeskParts(press)
    app.include_router(create_desk_router())
    return press


def _static(name: str) -> Response:
    """A file of the pages, for a year: its address changes with its content."""
    if name not in STATIC:
        return Response(status_code=404)
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(static_file(name), media_type=STATIC[name], headers=headers)


def _nowhere(request: Request, anything: str) -> Response:
    """Any other address under /desk."""
    raise NotFound
