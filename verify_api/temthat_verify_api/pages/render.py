"""Templates, language and page headers: one HTML file with its style inside, nothing loaded from anywhere else."""

import base64
import hashlib
import json
import re
from functools import cache
from importlib import resources
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlencode

from fastapi import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from temthat_stamps.texts import Lang

HOST_NAME = re.compile(r"[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?")
LANGS: tuple[Lang, Lang] = ("vi", "en")


@cache
def words(lang: Lang) -> dict[str, str]:
    """The pages' own words; those of verdicts are in temthat_stamps.texts."""
    text = resources.files(__package__).joinpath("words.json").read_text("utf-8")
    return cast(dict[str, str], json.loads(text)[lang])


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("temthat_verify_api.pages"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # a service half replaced by an upgrade keeps the templates it started with
    )


@cache
def content_policy() -> str:
    """What a page may load: its own pictures and exactly this style; it may be framed by nobody."""
    style = _environment().get_template("style.css").render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self' data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def language(request: Request) -> Lang:
    """Vietnamese, unless the person chose English or their browser prefers it to Vietnamese."""
    chosen = request.query_params.get("lang")
    if chosen in LANGS:
        return chosen
    weights = _weights(request.headers.get("accept-language", ""))
    return "en" if weights.get("en", 0.0) > weights.get("vi", 0.0) else "vi"


def _weights(header: str) -> dict[str, float]:
    """Accept-Language as language to weight (RFC 9110, section 12.5.4); what is malformed weighs nothing."""
    weights: dict[str, float] = {}
    for part in header[:500].split(","):
        tag, _, quality = part.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        try:
            weight = float(quality.strip().removeprefix("q=")) if quality else 1.0
        except ValueError:
            weight = 0.0
        weights[language] = max(weight, weights.get(language, 0.0))
    return weights


def page(
    request: Request, template: str, *, status: int = 200, sample: bool = False, **values: Any
) -> Response:
    """A page in the person's language."""
    lang = language(request)
    other = "en" if lang == "vi" else "vi"
    query = {k: v for k, v in request.query_params.items() if k != "lang"} | {"lang": other}
    own_host = request.app.state.services.settings.host
    html = (
        _environment()
        .get_template(template)
        .render(
            t=SimpleNamespace(**words(lang)),
            lang=lang,
            other_lang=other,
            other_lang_url="?" + urlencode(query),
            sample=sample,
            own_host=own_host,
            seen_host=host_seen(request) or own_host,
            **values,
        )
    )
    headers = {
        "Content-Security-Policy": content_policy(),
        "Content-Language": lang,
        "Vary": "Accept, Accept-Language",
    }
    return Response(html, status, headers, "text/html; charset=utf-8")


def host_seen(request: Request) -> str:
    """The host this page was opened under, as the browser says it; empty if that is no host name."""
    host = request.headers.get("host", "")
    return host.lower() if HOST_NAME.fullmatch(host) else ""
