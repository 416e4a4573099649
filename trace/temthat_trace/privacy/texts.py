"""The words a member is shown before agreeing. Old versions stay: each consent names the one it was given to."""

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from temthat_trace.consent import Purpose

VERSION = "2026-11"
"""The words shown now. A change of meaning needs a new version beside the old ones, never a change of them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How one purpose is put: `name` in a few words, `text` as it is read out, what is kept and shown."""

    name: str
    text: str


@lru_cache(maxsize=1)
def _all() -> dict[str, dict[str, dict[str, dict[str, str]]]]:
    loaded: dict[str, dict[str, dict[str, dict[str, str]]]] = json.loads(
        resources.files(__package__).joinpath("consent_texts.json").read_text("utf-8")
    )
    return loaded


def versions() -> tuple[str, ...]:
    """Every version there has been, the oldest first."""
    return tuple(sorted(_all()))


def asked(purpose: Purpose, lang: str = "vi", version: str = VERSION) -> Asked:
    """The words for a purpose; raises KeyError for a version there never was."""
    words = _all()[version][lang][purpose.value]
    return Asked(words["name"], words["text"])


def purpose_name(purpose: Purpose, lang: str) -> str:
    """A purpose in a few words."""
    return asked(purpose, lang).name
