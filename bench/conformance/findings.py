"""What the conformance run finds, and where the data of others lies."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "conformance"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Count:
    """One line of the page: what was tried, how many did as they should, of how many, and which did not."""

    what: str
    met: int
    of: int
    misses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A document that breaks a rule, and what the service said."""

    change: str
    pointer: str
    rule: str
    said: str


@dataclass(frozen=True, slots=True)
class Findings:
    """All that the page says."""

    counts: tuple[Count, ...]
    refusals: tuple[Refusal, ...]


def read(name: str) -> Any:
    """A JSON file of the data."""
    return json.loads((DATA / name).read_text("utf-8"))


def validator(name: str) -> Any:
    """A JSON schema of the data, formats checked."""
    return jsonschema.Draft7Validator(read(name), format_checker=jsonschema.FormatChecker())
