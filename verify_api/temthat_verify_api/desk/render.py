"""Templates: one Jinja environment that escapes everything and stops at a name it does not know."""

import hashlib
from functools import lru_cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined

from temthat_trace.consent import shown_name

STATIC = {"desk.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}
"""Every file the pages load, with its media type. Nothing comes from another host, and none of it is script."""


@lru_cache(maxsize=8)
def static_file(name: str) -> bytes:
    """The bytes of one file of `STATIC`."""
    return resources.files(__package__).joinpath("static", name).read_bytes()


def static_url(name: str) -> str:
    """Its address with a fingerprint, so that it may be kept for a year and still changes at once."""
    return f"/desk/static/{name}?v={hashlib.sha256(static_file(name)).hexdigest()[:12]}"


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The one environment."""
    env = Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # a service half replaced by an upgrade keeps the templates it started with
    )
    env.globals["static"] = static_url
    env.globals["member_name"] = shown_name
    return env
