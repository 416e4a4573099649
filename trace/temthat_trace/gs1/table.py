"""The table of GS1 application identifiers (AI): what each may hold and what may stand beside it.

The facts are those of the GS1 Barcode Syntax Dictionary, kept in `ai.json` (made by `make.py`).
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FORM = re.compile(r"^(\[)?([NXYZ])(\.\.)?(\d+)(\])?((?:,[a-z0-9]+)*)$")


@dataclass(frozen=True, slots=True)
class Component:
    """One part of an AI's value: its character set (N, X, Y or Z), length and the checks to run on it."""

    charset: str
    longest: int
    is_fixed: bool
    is_optional: bool
    checks: tuple[str, ...]

    @property
    def shortest(self) -> int:
        """The least number of characters, when the part is there at all."""
        return self.longest if self.is_fixed else 1


@dataclass(frozen=True, slots=True)
class Ai:
    """One application identifier.

    `is_attribute`: may stand in the query of a Digital Link. `qualifiers`: None unless it is a primary key of
    Digital Links; then the ordered qualifiers of each alternative. `excludes` and `requires` are AI patterns in
    the dictionary's notation (`n` is any digit); `requires` is a list of groups, each of which wants one of its
    members, a member being AIs that go together.
    """

    code: str
    title: str
    components: tuple[Component, ...]
    is_attribute: bool
    is_predefined_length: bool
    qualifiers: tuple[tuple[str, ...], ...] | None
    excludes: tuple[str, ...]
    requires: tuple[tuple[tuple[str, ...], ...], ...]

    @property
    def is_key(self) -> bool:
        """Whether it is a primary key of Digital Links."""
        return self.qualifiers is not None

    @property
    def longest(self) -> int:
        """The most characters its value may have."""
        return sum(c.longest for c in self.components)

    @property
    def shortest(self) -> int:
        """The fewest characters its value may have."""
        return sum(c.shortest for c in self.components if not c.is_optional)


def _component(text: str) -> Component:
    match = _FORM.match(text)
    if not match:
        raise ValueError(f"ai.json: cannot read the format {text!r}")
    opened, charset, variable, length, _, checks = match.groups()
    return Component(
        charset, int(length), variable is None, opened is not None, tuple(c for c in checks.split(",") if c)
    )


def _ai(code: str, flags: str, form: str, links: str, title: str) -> Ai:
    words = links.split()
    qualifiers: tuple[tuple[str, ...], ...] | None = None
    for word in words:
        if word == "dlpkey":
            qualifiers = ((),)
        elif word.startswith("dlpkey="):
            qualifiers = tuple(tuple(q.split(",")) for q in word.removeprefix("dlpkey=").split("|"))
    return Ai(
        code=code,
        title=title,
        components=tuple(_component(c) for c in form.split()),
        is_attribute="?" in flags,
        is_predefined_length="*" in flags,
        qualifiers=qualifiers,
        excludes=tuple(p for w in words if w.startswith("ex=") for p in w[3:].split(",")),
        requires=tuple(
            tuple(tuple(member.split("+")) for member in w[4:].split(","))
            for w in words
            if w.startswith("req=")
        ),
    )


@cache
def table() -> dict[str, Ai]:
    """Every AI there is, by its number."""
    rows = json.loads(Path(__file__).with_name("ai.json").read_text("utf-8"))["rows"]
    return {
        code: _ai(code, flags, form, links, title)
        for first, last, flags, form, links, title in rows
        for code in (str(n).zfill(len(first)) for n in range(int(first), int(last) + 1))
    }


@cache
def release() -> str:
    """The date of the dictionary the table was made from."""
    return str(json.loads(Path(__file__).with_name("ai.json").read_text("utf-8"))["release"])


def matches(pattern: str, code: str) -> bool:
    """Whether an AI fits a pattern of the dictionary: `310n` fits 3103."""
    return len(pattern) == len(code) and all(p in ("n", c) for p, c in zip(pattern, code, strict=True))
