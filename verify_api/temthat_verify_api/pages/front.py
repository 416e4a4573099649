"""The front page, the form behind it, and the few plain pages every site has."""

from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from starlette.datastructures import FormData
from starlette.formparsers import FormParser
from starlette.responses import PlainTextResponse, RedirectResponse

from temthat_stamps.code import CODE_LENGTH
from temthat_verify_api.bodies import read_body
from temthat_verify_api.pages.render import language, page
from temthat_verify_api.questions import read_question

_FORM_LIMIT = 20_000


def add_to(app: FastAPI) -> None:
    """Mount the routes."""
    app.add_api_route("/", front, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route("/check", check, methods=["POST"], include_in_schema=False)
    app.add_api_route("/privacy", privacy, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route("/robots.txt", robots, methods=["GET", "HEAD"], include_in_schema=False)


async def front(request: Request) -> Response:
    """A field for a number or a link."""
    return page(request, "front.html")


async def privacy(request: Request) -> Response:
    """What is kept and what is not."""
    settings = request.app.state.services.settings
    return page(request, "privacy.html", operator=settings.operator_name, hotline=settings.hotline)


async def robots(_: Request) -> Response:
    """Nothing here is for search engines: every stamp's page is somebody's pack."""
    return PlainTextResponse("User-agent: *\nDisallow: /\n")


async def check(request: Request) -> Response:
    """What was typed or pasted, sent on to its page. Raises `Mistyped`."""
    form = await _form(request)
    text = str(form.get("code", "")).strip()
    lang = language(request)
    question = read_question(text)
    if question.number is not None:
        return _see_other(f"/T/{question.number}?lang={lang}")
    if question.code is not None and (gs1 := question.code.gs1):
        clear = f"&gtin={gs1.gtin}&lot={quote(gs1.lot, safe='')}&number={gs1.number}"
        return _see_other(f"/T/{question.code.text}?lang={lang}{clear}")
    if question.code is not None:
        host = question.code.host
        return _see_other(f"/T/{question.code.text}?lang={lang}" + (f"&host={quote(host)}" if host else ""))
    return _see_other(f"/T/{quote(text[:CODE_LENGTH], safe='') or '-'}?lang={lang}")


def _see_other(url: str) -> Response:
    return RedirectResponse(url, 303)


async def _form(request: Request) -> FormData:
    """The form's fields, URL-encoded, from a body read within its limit."""
    from urllib.parse import parse_qsl

    body = await read_body(request, _FORM_LIMIT)
    return FormData(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20))
