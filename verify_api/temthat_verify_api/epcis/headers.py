"""The GS1 headers of the EPCIS interface: what this service is, and what a request may ask of it."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response

from temthat_verify_api.api.routing import add_raw
from temthat_verify_api.epcis.errors import EpcisRefused

BASE = "/epcis/v2"
EPCIS_VERSION = "2.0.0"
CBV_VERSION = "2.0.0"
ALWAYS = {"GS1-EPCIS-Version": EPCIS_VERSION, "GS1-CBV-Version": CBV_VERSION}
"""On every answer."""
DISCOVERY = {
    **ALWAYS,
    "GS1-EPCIS-Min": EPCIS_VERSION,
    "GS1-EPCIS-Max": EPCIS_VERSION,
    "GS1-CBV-Min": CBV_VERSION,
    "GS1-CBV-Max": CBV_VERSION,
    "GS1-EPC-Format": "Never_Translates",
    "GS1-CBV-XML-Format": "Never_Translates",
    "GS1-Vendor-Version": "temthat-1",
    "GS1-Extensions": "",
}
"""On the answers to OPTIONS."""
JSON = "application/json"
LD_JSON = "application/ld+json"
_FORMATS = frozenset({"No_Preference", "Never_Translates"})
_VERSION = re.compile(r"\d+(?:\.\d+)*", re.ASCII)

Handler = Callable[[Request], Awaitable[Response]]


def serve(
    app: FastAPI,
    method: str,
    path: str,
    handler: Handler,
    *,
    allow: str = "",
    more: dict[str, str] | None = None,
) -> None:
    """Mount an operation under `/epcis/v2`: its request headers are checked, its answer gets ours.

    `allow`: mount OPTIONS for the path too, with these methods and the headers in `more`. GS1's own OpenAPI document
    describes the interface; it is not repeated in ours.
    """

    async def answer(request: Request) -> Response:
        check_headers(request)
        response = await handler(request)
        for name, value in ALWAYS.items():
            response.headers.setdefault(name, value)
        return response

    add_raw(app, method, BASE + path, answer, include_in_schema=False)
    if allow:
        discover(app, path, allow, more)


def discover(app: FastAPI, path: str, allow: str, more: dict[str, str] | None = None) -> None:
    """Mount OPTIONS for a path: 204 with what may be done there."""
    headers = {"Allow": f"OPTIONS, {allow}", **DISCOVERY, **(more or {})}

    async def answer(_: Request) -> Response:
        return Response(status_code=204, headers=headers)

    add_raw(app, "OPTIONS", BASE + path, answer, include_in_schema=False)


def check_headers(request: Request) -> None:
    """Raise `EpcisRefused` 406 for an answer we cannot give: another version, another format."""
    headers = request.headers
    _check_version(headers.get("gs1-epcis-min"), headers.get("gs1-epcis-max"), EPCIS_VERSION, "GS1-EPCIS")
    _check_version(headers.get("gs1-cbv-min"), headers.get("gs1-cbv-max"), CBV_VERSION, "GS1-CBV")
    for name in ALWAYS:
        said = headers.get(name)
        if said is not None and _number(said)[:1] != (2,):
            raise _not_acceptable(name, said, EPCIS_VERSION)
    wanted = headers.get("gs1-epc-format")
    if wanted is not None and wanted not in _FORMATS:
        raise _not_acceptable("GS1-EPC-Format", wanted, "Never_Translates")
    accept = headers.get("accept", "")
    if accept and not _takes_json(accept):
        raise _not_acceptable("Accept", accept, JSON)


def _check_version(least: str | None, most: str | None, ours: str, name: str) -> None:
    for given, is_right in (
        (least, _number(least) <= _number(ours)),
        (most, not most or _number(most) >= _number(ours)),
    ):
        if given is not None and not is_right:
            raise _not_acceptable(name, given, ours)


def _number(version: str | None) -> tuple[int, ...]:
    if not version or len(version) > 40 or not _VERSION.fullmatch(version):
        return ()
    found = [int(part) for part in version.split(".")]
    return (*found, *(0,) * (3 - len(found)))


def _takes_json(accept: str) -> bool:
    names = [part.split(";")[0].strip().lower() for part in accept.split(",")]
    return any(name in (JSON, LD_JSON, "*/*", "application/*", "application/problem+json") for name in names)


def _not_acceptable(name: str, given: Any, ours: str) -> EpcisRefused:
    return EpcisRefused(
        406,
        "NotAcceptableException",
        f"Không trả lời được theo {name}: {str(given)[:60]}; ở đây là {ours}.",
        f"No answer can be given for {name}: {str(given)[:60]}; here it is {ours}.",
    )
