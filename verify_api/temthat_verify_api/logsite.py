"""/log/: the public record as static files, as C2SP tlog-tiles wants it, and pages to look an entry up.

Everything under it may be mirrored; nothing of it depends on the database, but for the words on the pages.
"""

import json
import re
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.staticfiles import StaticFiles

from temthat_stamps.errors import TrustError
from temthat_stamps.log.records import LogEntry
from temthat_stamps.log.told import in_words
from temthat_stamps.logged import read_body
from temthat_stamps.runs.book import NotPublished
from temthat_stamps.statement import peek
from temthat_trace import formats
from temthat_verify_api.api.models import problems
from temthat_verify_api.errors import Refused
from temthat_verify_api.pages.render import language, page, words
from temthat_verify_api.parts import parts_of

_FOREVER = re.compile(r"tile/(?:[0-9]+|entries)/(?:x[0-9]{3}/)*[0-9]{3}|trust/(?:[1-9][0-9]*\..*|targets/.*)")
_DAY = 86_400


def add_to(app: FastAPI, folder: Path) -> None:
    """Mount the pages, then the files."""
    folder.mkdir(parents=True, exist_ok=True)
    app.add_api_route("/log/entry", look_up, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route("/log/entry/{index}.json", envelope, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route("/log/entry/{index}", entry_page, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route(
        "/log/proof/{index}",
        proof,
        methods=["GET"],
        tags=["trust"],
        summary="The proof that an entry stands in the witnessed log (C2SP tlog-proof)",
        response_class=Response,
        responses={
            200: {
                "description": "C2SP tlog-proof",
                "content": {"text/plain": {"schema": {"type": "string"}}},
            },
            # A browser asks for a page and gets one.
            **{
                status: {**problem, "content": {"text/html": {"schema": {"type": "string"}}}}
                for status, problem in problems(404, 422, 503).items()
            },
        },
    )
    app.add_api_route("/log/proof/{index}", proof, methods=["HEAD"], include_in_schema=False)
    app.add_api_route("/log/", log_page, methods=["GET", "HEAD"], include_in_schema=False)
    app.mount("/log", PublicFiles(folder))


class PublicFiles(StaticFiles):
    """The public folder. Full tiles and versioned files never change; unfinished and hidden files are not there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder)

    def lookup_path(self, path: str) -> Any:
        """See `StaticFiles`."""
        if any(part.startswith(".") for part in path.split("/")):
            return "", None
        return super().lookup_path(path)

    async def get_response(self, path: str, scope: Any) -> Response:
        """See `StaticFiles`; with how long it may be kept."""
        response = await super().get_response(path, scope)
        if response.status_code in (200, 206, 304):
            forever = _FOREVER.fullmatch(path)
            response.headers["Cache-Control"] = (
                f"public, max-age={365 * _DAY}, immutable" if forever else "no-cache"
            )
            response.headers["Access-Control-Allow-Origin"] = "*"
            if path == "checkpoint" or path.endswith(".proof"):
                response.headers["Content-Type"] = "text/plain; charset=utf-8"
            elif path.startswith("tile/"):
                response.headers["Content-Type"] = "application/octet-stream"
        return response


async def proof(request: Request, index: int) -> Response:
    """The tlog-proof of one entry."""
    try:
        data = await run_in_threadpool(parts_of(request).services.book.prove, _known(index))
    except NotPublished as error:
        raise Refused(404, "not_published", error.vi, error.en) from error
    except TrustError as error:
        raise Refused(503, "log_damaged", error.vi, error.en) from error
    return PlainTextResponse(data)


async def look_up(request: Request, index: int) -> Response:
    """The form on the log's page."""
    return RedirectResponse(f"/log/entry/{_known(index)}?lang={language(request)}", 303)


async def envelope(request: Request, index: int) -> Response:
    """An entry's bytes as they were signed, and as the proof proves them."""
    entry = await run_in_threadpool(_entry, request, _known(index))
    if entry is None:
        raise _no_such_entry()
    return Response(entry.envelope, media_type="application/json")


async def entry_page(request: Request, index: int) -> Response:
    """An entry as a person reads it, and as it is signed."""
    entry = await run_in_threadpool(_entry, request, _known(index))
    if entry is None:
        raise _no_such_entry()
    lang, parts = language(request), parts_of(request)
    body = dict(peek(entry.envelope))
    said = in_words(read_body(body))[lang == "en"]
    published = await run_in_threadpool(_published, request)
    return page(
        request,
        "entry.html",
        index=index,
        last=max(published - 1, index),
        said=said[:1].upper() + said[1:],
        kind=words(lang).get(f"entry_{entry.kind}", entry.kind),
        members=[(name, _plain(value)) for name, value in body.items() if name not in ("v", "type")],
        published=published > index,
        witnesses=[str(key) for key in parts.services.book.policy.witnesses],
        vkey=str(parts.services.book.policy.log_key),
        origin=parts.services.settings.origin,
        day=formats.date(formats.today(entry.at), lang),
    )


async def log_page(request: Request) -> Response:
    """What the log is, how large, who witnesses it, and how to check it all."""
    services = parts_of(request).services
    latest = await run_in_threadpool(_latest, request)
    return page(
        request,
        "log.html",
        origin=services.settings.origin,
        vkey=str(services.book.policy.log_key),
        base=f"{services.settings.scheme.lower()}://{services.settings.host}",
        witnesses=[key.name for key in services.book.policy.witnesses],
        quorum=services.book.policy.quorum,
        size=latest.checkpoint.size if latest else 0,
        root=latest.checkpoint.root.hex() if latest else "",
        cosigned=sorted(latest.cosigned) if latest else [],
    )


def _known(index: int) -> int:
    if not 0 <= index < 2**63:
        raise _no_such_entry()
    return index


def _no_such_entry() -> Refused:
    return Refused(404, "not_found", "Sổ công khai không có mục này.", "The log has no such entry.")


def _entry(request: Request, index: int) -> LogEntry | None:
    with parts_of(request).services.sessions() as session:
        return session.get(LogEntry, index)


def _latest(request: Request) -> Any:
    try:
        return parts_of(request).services.book.latest()
    except TrustError:
        return None


def _published(request: Request) -> int:
    latest = _latest(request)
    return latest.checkpoint.size if latest else 0


def _plain(value: object) -> str:
    """A member's value as it stands in the JSON, but for quotation marks and braces."""
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(inner)}" for name, inner in value.items())
    return value if isinstance(value, str) else json.dumps(value)
