"""Every route of the desk answers with a page, whatever happens, and with headers that let nothing in or out."""

import logging
import secrets
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from temthat_stamps.printing.errors import PrintingError
from temthat_stamps.runs.errors import RunRefused
from temthat_trace.repository import TraceRefused
from temthat_verify_api.desk.context import Visitor
from temthat_verify_api.desk.errors import (
    BadForm,
    DeskError,
    NotFound,
    OutOfReach,
    Refused,
    SignInNeeded,
)
from temthat_verify_api.store import StoreUnavailableError

_log = logging.getLogger(__name__)

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class DeskRoute(APIRoute):
    """A route whose errors are pages in the person's language."""

    def get_route_handler(self) -> Handler:
        """FastAPI's handler, inside ours."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                response = await inner(request)
            except SignInNeeded:
                response = _to_sign_in(request)
            except (RequestValidationError, HTTPException) as error:
                status = getattr(error, "status_code", 404)
                response = _error_page(request, BadForm() if status == 400 else NotFound())
            except (OperationalError, StoreUnavailableError):
                _log.exception("the database does not answer")
                response = _error_page(request, OutOfReach())
            except (RunRefused, PrintingError, TraceRefused) as error:
                response = _error_page(request, Refused(reason=Visitor(request).words.of(error)))
            except DeskError as error:
                response = _error_page(request, error)
            except Exception:  # noqa: BLE001 - the last line: a person gets a page and a number, the log gets the rest
                number = secrets.token_hex(3).upper()
                _log.exception("desk error %s", number)
                response = _error_page(request, DeskError(number=number))
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return handle


def desk_router() -> APIRouter:
    """A router for a module of views: under /desk, every route a `DeskRoute`, no part of the API's description."""
    return APIRouter(prefix="/desk", route_class=DeskRoute, include_in_schema=False)


def _to_sign_in(request: Request) -> Response:
    visitor = Visitor(request)
    back = visitor.request.url.path if request.method == "GET" else "/desk"
    ended = "&ended=1" if visitor.token else ""
    response = RedirectResponse(f"/desk/sign-in?next={quote(back)}{ended}", 303)
    visitor.sign_out(response)
    return response


def _error_page(request: Request, error: DeskError) -> Response:
    visitor = Visitor(request)
    said = {"number": "", **error.values}
    title, text = visitor.words(f"{error.key}.title", **said), visitor.words(f"{error.key}.text", **said)
    return visitor.page("error.html", error.status, title=title, text=text)
