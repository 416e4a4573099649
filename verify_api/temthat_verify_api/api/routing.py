"""Routes for hot paths: in OpenAPI like any other, but the handler gets the bare request and gives the bare response.

FastAPI's own machinery (parameters, dependencies, response models) costs as much as a signature check; where every
answer is written as bytes there is nothing for it to do. `get_route_handler` is FastAPI's documented hook for it.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from temthat_verify_api.api.models import problems

Handler = Callable[[Request], Awaitable[Response]]


class RawRoute(APIRoute):
    """A route whose endpoint is ``async (request) -> response``."""

    def get_route_handler(self) -> Any:
        """The endpoint itself."""
        return self.endpoint


def add_raw(
    app: FastAPI,
    method: str,
    path: str,
    handler: Handler,
    *,
    answers: type[BaseModel] | None = None,
    takes: type[BaseModel] | None = None,
    refuses: tuple[int, ...] = (),
    **more: Any,
) -> None:
    """Mount a raw handler. `answers` and `takes` are the JSON bodies as OpenAPI shall state them."""
    responses: dict[int | str, dict[str, Any]] = dict(problems(*refuses))
    if answers is not None:
        responses[200] = {"model": answers}
    extra: dict[str, Any] = more.pop("openapi_extra", {})
    if takes is not None:
        schema = {"$ref": f"#/components/schemas/{takes.__name__}"}
        extra["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    app.router.add_api_route(
        path,
        handler,
        methods=[method],
        responses=responses,
        openapi_extra=extra or None,
        response_class=Response,
        route_class_override=RawRoute,
        **more,
    )
