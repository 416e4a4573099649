"""GET /badge/{lang}.svg: a picture a shop puts beside its offer, with a link to the product's page.

One picture for all: no parameter, no cookie, no script, nothing loaded, so that showing it tells nobody anything. It
names no product and gives no verdict, for whoever copies it can put it anywhere.
"""

from functools import cache
from importlib import resources

from fastapi import FastAPI, Request, Response
from markupsafe import escape

from temthat_stamps.texts import Lang
from temthat_verify_api.errors import Refused
from temthat_verify_api.pages.render import LANGS
from temthat_verify_api.parts import parts_of

WIDTH, HEIGHT = 220, 56
_WEEK = 7 * 86_400
_WORDS: dict[Lang, tuple[str, str]] = {
    "vi": ("Xem nguồn gốc từng lô", "Bấm để mở trang của đơn vị sản xuất"),
    "en": ("See where it comes from", "Opens the producer's own page"),
}


def add_to(app: FastAPI) -> None:
    """Mount the route."""
    app.add_api_route("/badge/{name}", badge, methods=["GET", "HEAD"], include_in_schema=False)


async def badge(request: Request) -> Response:
    """The picture, kept for a week by whoever shows it."""
    name = request.path_params["name"]
    found = next((lang for lang in LANGS if name == f"{lang}.svg"), None)
    if found is None:
        raise Refused(404, "not_found", "Không có hình này.", "There is no such picture.")
    headers = {
        "Cache-Control": f"public, max-age={_WEEK}",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Access-Control-Allow-Origin": "*",
    }
    svg = badge_svg(found, parts_of(request).services.settings.host)
    return Response(svg, media_type="image/svg+xml", headers=headers)


@cache
def badge_svg(lang: Lang, host: str) -> str:
    """The picture itself; complete without any other file."""
    first, second = _WORDS[lang]
    template = resources.files(__package__).joinpath("templates", "badge.svg").read_text("utf-8")
    return template.format(first=escape(first), second=escape(second), host=escape(host), lang=lang)


def snippet(page: str, base: str, name: str, lang: Lang) -> str:
    """What a shop pastes into its page: a link with the picture, nothing else."""
    first, _ = _WORDS[lang]
    label = escape(f"{name}: {first} (TemThật)")
    return (
        f'<a href="{escape(page)}" rel="noopener" target="_blank"><img src="{base}/badge/{lang}.svg" '
        f'width="{WIDTH}" height="{HEIGHT}" alt="{label}"></a>'
    )
