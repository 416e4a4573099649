"""GET /docs: the API in one plain page, made from its own OpenAPI document. Nothing is loaded from elsewhere."""

from fastapi import FastAPI, Request, Response

from temthat_verify_api.pages.render import page

_METHODS = ("get", "post")


def add_to(app: FastAPI) -> None:
    """Mount the route."""
    app.add_api_route("/docs", docs, methods=["GET", "HEAD"], include_in_schema=False)


async def docs(request: Request) -> Response:
    """Every address with what it is for."""
    app: FastAPI = request.app
    document = app.openapi()
    routes = [
        (method.upper(), path, operation.get("summary", ""), operation.get("description", ""))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method in _METHODS
    ]
    return page(
        request, "api_docs.html", routes=routes, about=document["info"]["description"], where=app.openapi_url
    )
