"""Refusals of the EPCIS interface: RFC 7807 problem documents whose types are the standard's exceptions.

`type`, `title`, `status`, `detail` are the standard's; `message_vi`, `message_en` and `problems` are ours.
"""

from collections.abc import Iterable
from typing import Any

from starlette.responses import JSONResponse, Response

from temthat_trace.epcis.outcome import problem_json
from temthat_trace.epcis.problems import EpcisError, Problem
from temthat_verify_api.errors import Refused

MEDIA_TYPE = "application/problem+json"

# The exception that goes with a status, and its title; a refusal may name another.
_BY_STATUS = {
    400: ("ValidationException", "The request is not valid"),
    401: ("SecurityException", "Unauthorised request"),
    403: ("SecurityException", "Access to resource forbidden"),
    404: ("NoSuchNameException", "Resource not found"),
    405: ("ImplementationException", "Method not allowed"),
    406: ("NotAcceptableException", "Conflicting request and response headers"),
    409: ("ResourceAlreadyExistsException", "A resource with the provided identifier already exists"),
    413: ("CaptureLimitExceededException", "Capture payload too large"),
    414: ("URITooLongException", "URI too long"),
    415: ("UnsupportedMediaTypeException", "Unsupported media type"),
    422: ("ValidationException", "The request is not valid"),
    501: ("ImplementationException", "Not implemented"),
}
_FAULT = ("ImplementationException", "A server-side error occurred")


class EpcisRefused(Refused):
    """A refusal that names an exception of the standard, such as `QueryParameterException`."""

    def __init__(
        self,
        status: int,
        exception: str,
        vi: str,
        en: str,
        *,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(status, exception, vi, en, headers=headers, **more)
        self.exception = exception


def problem_of(refused: Refused) -> dict[str, Any]:
    """The problem document of any refusal."""
    exception, title = _BY_STATUS.get(refused.status, _FAULT)
    if isinstance(refused, EpcisRefused):
        exception = refused.exception
    return {
        "type": f"epcisException:{exception}",
        "title": title,
        "status": status_of(refused),
        "detail": refused.en,
        "message_vi": refused.vi,
        "message_en": refused.en,
        **refused.more,
    }


def status_of(refused: Refused) -> int:
    """The status the interface has for it: what is no valid request is 400 here, never 422."""
    return 400 if refused.status == 422 else refused.status


def problem_answer(refused: Refused) -> Response:
    """A refusal as the interface answers it."""
    return JSONResponse(problem_of(refused), status_of(refused), refused.headers, MEDIA_TYPE)


def invalid(
    problems: Iterable[Problem], status: int = 400, exception: str = "ValidationException"
) -> EpcisRefused:
    """Input that breaks rules, each with its place."""
    found = list(problems)
    first = found[0]
    place = first.pointer or "/"
    more = f" (+{len(found) - 1})" if len(found) > 1 else ""
    return EpcisRefused(
        status,
        exception,
        f"{place}: {first.vi}{more}",
        f"{place}: {first.en}{more}",
        problems=[problem_json(p) for p in found[:100]],
    )


def of_document(error: EpcisError) -> EpcisRefused:
    """What is no EPCIS document, or too much of one."""
    if any(p.rule == "size" for p in error.problems):
        return invalid(error.problems, 413, "CaptureLimitExceededException")
    return invalid(error.problems)


def not_found(vi: str, en: str) -> EpcisRefused:
    """Nothing of that name, or nothing the asker may see."""
    return EpcisRefused(404, "NoSuchNameException", vi, en)
