"""What is not a question, and how HTTP says so. The one place that knows status codes.

Every well-formed question answers 200 with a verdict. Everything else ends here as JSON
``{"error", "message_vi", "message_en"}``, or as a page where a person looks at it. No address, no traceback.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route

from temthat_stamps.copies.errors import BadEvent
from temthat_stamps.errors import Mistyped
from temthat_verify_api.guesses import TooManyGuesses
from temthat_verify_api.store import StoreUnavailableError
from temthat_verify_api.throttle import TooManyTries
from temthat_verify_api.typed_pin import MistypedPin

log = logging.getLogger("temthat")
EPCIS = "/epcis/"
"""Below it refusals are the problem documents of that standard."""


class Refused(Exception):
    """The request is not one that can be answered. `error` is a stable code, the messages are for people."""

    def __init__(
        self,
        status: int,
        error: str,
        vi: str,
        en: str,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(en)
        self.status = status
        self.error = error
        self.vi = vi
        self.en = en
        self.headers = dict(headers or {})
        self.more = more

    def json(self) -> dict[str, Any]:
        """The answer's body."""
        return {"error": self.error, "message_vi": self.vi, "message_en": self.en, **self.more}


def too_large(limit: int) -> Refused:
    """The body has more than `limit` bytes."""
    return Refused(
        413, "too_large", f"Nội dung quá dài: nhiều nhất {limit} byte.", f"Too large: at most {limit} bytes."
    )


def not_a_question(vi: str, en: str, **more: Any) -> Refused:
    """The body is not what this address takes."""
    return Refused(422, "invalid_request", vi, en, **more)


def needs_key() -> Refused:
    """A role was claimed without a key that is in force."""
    return Refused(
        401,
        "key_needed",
        "Việc này cần khóa API còn hiệu lực (Authorization: Bearer …).",
        "This needs an API key in force (Authorization: Bearer ...).",
        headers={"WWW-Authenticate": 'Bearer realm="temthat"'},
    )


def wrong_role(kind: str) -> Refused:
    """The key is good but of another role."""
    return Refused(
        403,
        "wrong_role",
        f"Khóa API này không thuộc vai trò “{kind}”.",
        f"This API key is not of the role “{kind}”.",
    )


def as_refused(error: Exception) -> Refused | None:
    """The HTTP side of the house's own errors; None for a fault of the program."""
    if isinstance(error, Refused):
        return error
    return next((make(error) for kinds, make in _SIDES if isinstance(error, kinds)), None)


def _of_mistyped(error: Any) -> Refused:
    return Refused(
        422,
        "mistyped",
        "Có thể gõ nhầm: số tem gồm 16 ký tự, không có I, L, O, U.",
        "Perhaps mistyped: a number has 16 characters, never I, L, O or U.",
        **({"position": error.position} if error.position else {}),
    )


def _of_guesses(error: Any) -> Refused:
    return Refused(
        429,
        "too_many_guesses",
        f"Có quá nhiều số tem gõ sai. Thử lại sau {error.minutes} phút, hoặc quét mã vuông.",
        f"Too many wrong numbers. Try again in {error.minutes} minutes, or scan the square code.",
        headers={"Retry-After": str(error.minutes * 60)},
    )


def _of_bad_event(error: Any) -> Refused:
    return Refused(400, "impossible_event", error.vi, error.en, rule=error.rule)


def _of_mistyped_pin(_: Any) -> Refused:
    return Refused(
        422, "mistyped_pin", "Mã PIN gồm 6 chữ số. Lần nhập này không bị tính.",
        "A PIN has six digits. This entry was not counted.",
    )  # fmt: skip


def _of_tries(error: Any) -> Refused:
    return Refused(
        429,
        "too_many_tries",
        f"Vừa thử sai nhiều lần. Thử lại sau {error.minutes} phút; không có gì bị khóa.",
        f"Too many wrong tries just now. Try again in {error.minutes} minutes; nothing is locked.",
        headers={"Retry-After": str(error.minutes * 60)},
    )


def _of_database(_: Any) -> Refused:
    return Refused(
        503,
        "database_unavailable",
        "Cơ sở dữ liệu tạm thời không trả lời. Vui lòng thử lại sau ít phút.",
        "The database does not answer at the moment. Please try again in a few minutes.",
        headers={"Retry-After": "60"},
    )


def _of_http(error: Any) -> Refused:
    known = {
        400: ("bad_request", "Yêu cầu không đọc được.", "The request cannot be read."),
        404: ("not_found", "Không có trang này.", "There is no such page."),
        405: (
            "method_not_allowed",
            "Địa chỉ này không nhận cách gọi đó.",
            "This address does not take that method.",
        ),
        413: ("too_large", "Nội dung quá dài.", "Too large."),
    }
    code, vi, en = known.get(error.status_code, ("refused", "Không thực hiện được.", "This cannot be done."))
    return Refused(error.status_code, code, vi, en, headers=error.headers)


def _of_form(_: Any) -> Refused:
    return not_a_question("Yêu cầu không đúng mẫu.", "The request is not of the documented form.")


_Kinds = type[Exception] | tuple[type[Exception], ...]
_SIDES: tuple[tuple[_Kinds, Callable[[Any], Refused]], ...] = (
    (Mistyped, _of_mistyped),
    (TooManyGuesses, _of_guesses),
    (MistypedPin, _of_mistyped_pin),
    (TooManyTries, _of_tries),
    (BadEvent, _of_bad_event),
    ((RequestValidationError, ValidationError), _of_form),
    ((StoreUnavailableError, SQLAlchemyError), _of_database),
    (HTTPException, _of_http),
)


def fault() -> Refused:
    """A fault of the program; the operator's log has the story, the person only this."""
    return Refused(
        500,
        "fault",
        "Hệ thống gặp lỗi và đã ghi lại. Vui lòng thử lại sau.",
        "The system had a fault, which was written down. Please try again later.",
    )


def wants_page(request: Request) -> bool:
    """Whether a person looks at the answer: a browser, not under /api/ or /epcis/."""
    # Not request.url: that cannot be made of a query that is no UTF-8.
    if request.scope["path"].startswith(("/api/", EPCIS)):
        return False
    return "text/html" in request.headers.get("accept", "")


def json_answer(refused: Refused) -> Response:
    """A refusal as JSON."""
    return JSONResponse(refused.json(), refused.status, refused.headers)


def _methods(request: Request, error: Exception) -> str:
    """The methods an address has (RFC 9110, 10.2.1): each is a route of its own, and the router names one only.

    What is mounted (the log's site) is known by what the router named.
    """
    named = (getattr(error, "headers", None) or {}).get("Allow", "")
    found = {method.strip() for method in named.split(",") if method.strip()} | {
        method
        for route in request.app.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }
    return ", ".join(sorted(found))


def install(app: FastAPI) -> None:
    """Let every error of a request end as an answer of this module."""

    async def handle(request: Request, error: Exception) -> Response:
        refused = as_refused(error)
        if refused is None:
            refused = fault()
        if refused.status == 405:
            refused.headers["Allow"] = _methods(request, error)
        request.app.state.parts.metrics.turned_away(refused.error)
        if isinstance(error, StoreUnavailableError | SQLAlchemyError):
            log.error("database: %s", type(error).__name__)
        if wants_page(request):
            from temthat_verify_api.pages.plain import refusal_page

            return refusal_page(request, refused)
        if request.scope["path"].startswith(EPCIS):
            from temthat_verify_api.epcis.errors import problem_answer

            return problem_answer(refused)
        return json_answer(refused)

    for kinds in (Refused, *(kinds for kinds, _ in _SIDES), Exception):
        for kind in kinds if isinstance(kinds, tuple) else (kinds,):
            app.add_exception_handler(kind, handle)
