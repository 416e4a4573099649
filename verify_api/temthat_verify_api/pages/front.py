"""The front page, the form behind it, and the few plain pages every site has."""

from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request, Response
from starlette.responses import PlainTextResponse, RedirectResponse

from temthat_verify_api.bodies import read_form
from temthat_verify_api.pages.app import app_folder
from temthat_verify_api.pages.consumer import CLEAR, HOST, show
from temthat_verify_api.pages.privacy import privacy
from temthat_verify_api.pages.render import language, page
from temthat_verify_api.questions import read_question


def add_to(app: FastAPI) -> None:
    """Mount the routes."""
    app.add_api_route("/", front, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route("/check", check, methods=["POST"], include_in_schema=False)
    app.add_api_route("/privacy", privacy, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route("/robots.txt", robots, methods=["GET", "HEAD"], include_in_schema=False)


async def front(request: Request) -> Response:
    """A field for a number or a link."""
    return page(request, "front.html", has_app=app_folder() is not None)


async def robots(_: Request) -> Response:
    """Pages of products are for everybody; the rest is not for search engines: a stamp's page is somebody's pack."""
    return PlainTextResponse("User-agent: *\nDisallow: /\nAllow: /p/\nAllow: /picture/\nAllow: /badge/\n")


async def check(request: Request) -> Response:
    """What was typed or pasted, sent on to its page, so that reloading is harmless. Raises `Mistyped`."""
    text = (await read_form(request)).get("code", "")
    question = read_question(text)
    query: dict[str, str] = {"lang": language(request)}
    if question.number is not None:
        return _see_other(str(question.number), query)
    if question.code is None:
        return await show(request, question)
    if question.code.host:
        query[HOST] = question.code.host
    if question.code.gs1:
        gs1 = question.code.gs1
        query[CLEAR] = f"/01/{gs1.gtin}/10/{quote(gs1.lot, safe='')}/21/{gs1.number}"
    return _see_other(question.code.text, query)


def _see_other(code: str, query: dict[str, str]) -> Response:
    return RedirectResponse(f"/T/{code}?{urlencode(query)}", 303)
