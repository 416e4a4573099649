"""What a request prefers: languages and media types with their weights (RFC 9110, section 12.4 and 12.5). Pure.

What is malformed is left out, and more than a header of 1,000 characters or 40 ranges is not read: nobody's wish is
worth more of our time than that.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

LINKSET_TYPES = ("application/linkset+json", "application/linkset")
HTML = "text/html"
_LONGEST = 1_000
_MOST = 40
_WEIGHT = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
_LANGUAGE = re.compile(r"\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*")
_MEDIA = re.compile(r"\*/\*|[a-z0-9!#$&^_.+-]+/(?:\*|[a-z0-9!#$&^_.+-]+)")


@dataclass(frozen=True, slots=True)
class Preferences:
    """Ranges with weights 0 to 1; an empty mapping means that everything is equally welcome."""

    languages: Mapping[str, float] = field(default_factory=dict)
    media: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, accept: str, accept_language: str) -> "Preferences":
        """From the two headers, as they came."""
        return cls(_ranges(accept_language, _LANGUAGE), _ranges(accept, _MEDIA))

    def language_weight(self, tag: str) -> float:
        """How welcome a language is; `vi-VN` welcomes `vi`, and `vi` any kind of it (RFC 4647, 3.3.1 and 3.4)."""
        if not self.languages or not tag:
            return 1.0
        tag = tag.lower()
        if tag in self.languages:
            return self.languages[tag]
        near = [
            weight
            for said, weight in self.languages.items()
            if said.startswith(tag + "-") or tag.startswith(said + "-")
        ]
        return max(near) if near else self.languages.get("*", 0.0)

    def media_weight(self, media: str) -> float:
        """How welcome a media type is; the most exact range that covers it decides."""
        if not self.media or not media:
            return 1.0
        for said in (media, media.partition("/")[0] + "/*", "*/*"):
            if said in self.media:
                return self.media[said]
        return 0.0

    @property
    def wants_linkset(self) -> bool:
        """Whether a linkset is asked for by name, and a page is not preferred to it."""
        named = max((self.media.get(name, 0.0) for name in LINKSET_TYPES), default=0.0)
        return named > 0 and named >= self.media_weight(HTML)

    @property
    def wants_page(self) -> bool:
        """Whether a person looks at the answer: a page is asked for by name."""
        return self.media.get(HTML, 0.0) > 0

    @property
    def says_nothing(self) -> bool:
        """Whether there is nothing in it by which one link could be better than another."""
        return not self.languages and not (self.media.keys() - {"*/*"})


def _ranges(header: str, form: re.Pattern[str]) -> dict[str, float]:
    """Range to weight; of a range said twice the higher weight counts."""
    found: dict[str, float] = {}
    for part in header[:_LONGEST].split(",")[:_MOST]:
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        if form.fullmatch(name) and _WEIGHT.fullmatch(weight):
            found[name] = max(float(weight), found.get(name, 0.0))
    return found
