"""The top of the EPCIS interface: what can be found below it."""

from fastapi import FastAPI, Request, Response
from starlette.responses import JSONResponse

from temthat_trace.epcis.document import CONTEXT_URL
from temthat_verify_api.epcis.headers import serve

TOP = (
    "events", "eventTypes", "epcs", "bizSteps", "bizLocations", "readPoints", "dispositions", "capture", "queries",
)  # fmt: skip


def add_to(app: FastAPI) -> None:
    """Mount `/`."""
    serve(app, "GET", "/", resources, allow="GET")


async def resources(_: Request) -> Response:
    """The names of what lies directly below."""
    return JSONResponse({"@context": CONTEXT_URL, "type": "Collection", "member": list(TOP)})
