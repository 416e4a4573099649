"""Which link a request is answered with. Pure: levels and wishes in, a choice out.

Levels are the request's identifier and everything above it, the finest first. The default link of the finest level that
has one answers a request that wishes for nothing (GS1-Conformant Resolver Standard 1.2).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from temthat_verify_api.resolver.preferences import Preferences

VOCABULARY = "https://gs1.org/voc/"
_NAMESPACES = (
    VOCABULARY,
    "http://gs1.org/voc/",
    "https://www.gs1.org/voc/",
    "http://www.gs1.org/voc/",
    "https://ref.gs1.org/voc/",
    "gs1:",
)
LINKSET_WORDS = ("linkset", "all")
"""Link types that ask for the list itself; `all` left the standard with release 1.2 and is still understood."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link. `relation` is a word of GS1's vocabulary (pip, traceability, …), `href` a path on this host.

    `language` and `media` are empty where the target serves any. `owner` names the product it belongs to: two products
    under one GTIN are two owners.
    """

    relation: str
    href: str
    title: str
    language: str = ""
    media: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """An identifier that has links of its own. `path` is its canonical address on this host.

    `defaults`: the default link, without attributes; more than one only where owners disagree. `main`: the relation
    that describes the default's target.
    """

    path: str
    description: str
    defaults: tuple[Link, ...]
    main: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The links that fit: one to go to, several if nothing tells them apart, none if there is no such link."""

    links: tuple[Link, ...]

    @property
    def one(self) -> Link | None:
        """Where to go."""
        return self.links[0] if len(self.links) == 1 else None


def read_link_type(text: str) -> str | None:
    """A word of GS1's vocabulary from `gs1:pip` or its full address; None for another namespace."""
    for namespace in _NAMESPACES:
        if text.startswith(namespace):
            return text.removeprefix(namespace) or None
    return None


def choose(levels: Sequence[Level], preferences: Preferences, link_type: str | None = None) -> Choice:
    """The links for a request; `link_type` is a word of the vocabulary, None where none was asked for."""
    if link_type is None or link_type in ("defaultLink", "defaultLinkMulti"):
        return _default(levels, preferences)
    for level in levels:
        if fitting := [link for link in level.links if link.relation == link_type]:
            best = _best(fitting, preferences)
            return Choice(tuple(best or fitting))
    return Choice(())


def _default(levels: Sequence[Level], preferences: Preferences) -> Choice:
    """The default link, or what describes it and fits the wishes better."""
    level = next((level for level in levels if level.defaults), None)
    if level is None:
        return Choice(())
    if preferences.says_nothing:
        return Choice(level.defaults)
    described = [link for link in level.links if link.relation == level.main]
    return Choice(tuple(_best(described, preferences)) or level.defaults)


def _best(links: Iterable[Link], preferences: Preferences) -> list[Link]:
    """The best media type, then of those the best language; one for each owner, none if nothing is acceptable.

    Of equals the first stands: the house lists pages before data and Vietnamese before English.
    """
    best: dict[str, Link] = {}
    by_owner: dict[str, list[Link]] = {}
    for link in links:
        by_owner.setdefault(link.owner, []).append(link)
    for owner, own in by_owner.items():
        medium = max(own, key=lambda link: preferences.media_weight(link.media)).media
        same = [link for link in own if link.media == medium]
        found = max(same, key=lambda link: preferences.language_weight(link.language))
        if preferences.media_weight(medium) > 0 and preferences.language_weight(found.language) > 0:
            best[owner] = found
        elif len(own) == 1:  # the only one there is: better than nothing, and nothing to choose
            best[owner] = own[0]
    return list(best.values()) if len(best) == len(by_owner) else []
