"""Routes for hot paths: in OpenAPI like any other, but the handler gets the bare request and gives the bare response.

FastAPI's own machinery (parameters, dependencies, response models) costs as much as a signature check; where every
answer is written as bytes there is nothing for it to do. `get_route_handler` is FastAPI's documented hook for it.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

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
    also_page: bool = False,
    **more: Any,
) -> None:
    """Mount a raw handler. OpenAPI states `answers` and `takes` as its JSON bodies; see `state_bodies`."""
    responses: dict[int | str, dict[str, Any]] = dict(problems(*refuses))
    if answers is not None:
        responses[200] = {"model": answers}
    if also_page:
        # A browser asks for a page and gets one, whatever the status.
        for response in responses.values():
            response["content"] = {"text/html": {"schema": {"type": "string"}}}
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


def state_bodies(app: FastAPI, *models: type[BaseModel]) -> None:
    """Put the models that raw routes take into the OpenAPI document; FastAPI sees those that answer only."""
    write = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = write()
            _, defined = models_json_schema(
                [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
            )
            document["components"]["schemas"].update(defined["$defs"])
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]
