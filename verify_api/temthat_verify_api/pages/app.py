"""/scan/: the phone app, plain files built with the scanner's package. Served by path, never imported.

The same files work on any static host whose site has this service's API beside them.
"""

import importlib.util
import re
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from temthat_verify_api.errors import Refused

PATH = "/scan"
_FOREVER = re.compile(r"assets/[^/]+-[\w-]{8}\.(?:js|css|wasm)")
"""Vite names these by what is in them."""
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; "
        "img-src 'self' blob: data:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
}


@cache
def app_folder() -> Path | None:
    """Where the app was built; None where the scanner's package or the app is not there."""
    spec = importlib.util.find_spec("temthat_scanner")
    places = (spec.submodule_search_locations or []) if spec else []
    return next((folder for place in places if (folder := Path(place) / "app").is_dir()), None)


def app_digest() -> str:
    """SHA-256 over the app's files as the build wrote it down, hex; empty where there is no app."""
    folder = app_folder()
    return (folder / ".digest").read_text("ascii").strip() if folder else ""


def add_to(app: FastAPI) -> None:
    """Mount the files, or the words why there are none."""
    folder = app_folder()
    if folder is None:
        app.add_api_route(PATH + "/", not_here, methods=["GET", "HEAD"], include_in_schema=False)
    else:
        app.mount(PATH, GZipMiddleware(_AppFiles(directory=folder, html=True), minimum_size=1_000))


async def not_here(_: Request) -> Response:
    """The package was installed without the app."""
    raise Refused(
        404,
        "no_app",
        "Máy chủ này chưa cài ứng dụng quét. Hãy gõ số dưới mã ở trang chính.",
        "The scanning app is not installed on this server. Type the number below the code on the front page.",
    )


class _AppFiles(StaticFiles):
    """With the headers an app needs: its own scripts, its camera, and how long a file may be kept."""

    def lookup_path(self, path: str) -> Any:
        """See `StaticFiles`."""
        if any(part.startswith(".") for part in path.split("/") if part != "."):
            return "", None
        return super().lookup_path(path)

    async def get_response(self, path: str, scope: Any) -> Response:
        """See `StaticFiles`."""
        response = await super().get_response(path, scope)
        response.headers.update(_HEADERS)
        kept = "public, max-age=31536000, immutable" if _FOREVER.fullmatch(path) else "no-cache"
        response.headers["Cache-Control"] = kept
        return response
