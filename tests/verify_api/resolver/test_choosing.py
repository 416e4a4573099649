"""The choice of a link: levels and wishes in, one link, several or none out."""

import pytest

from temthat_verify_api.resolver.choosing import Level, Link, choose, read_link_type
from temthat_verify_api.resolver.items import Item, Paths, levels_of
from temthat_verify_api.resolver.preferences import Preferences

NOTHING = Preferences()
ITEM = Item("HTX", "CHE", "Chè", "Tea", "HTX Chè", lot="L/1", number="0000000000000000", has_papers=True)
PATHS = Paths("/01/1", "/01/1/10/2", "/01/1/10/2/21/3")
LEVELS = levels_of([ITEM], PATHS)


def went(
    levels: tuple[Level, ...], accept: str = "", lang: str = "", link_type: str | None = None
) -> list[str]:
    """The addresses chosen."""
    return [link.href for link in choose(levels, Preferences.read(accept, lang), link_type).links]


def test_without_a_wish_the_default_of_the_finest_level_answers() -> None:
    """Walking up: serial, then lot, then GTIN; the address of a default is bare."""
    assert went(LEVELS) == ["/T/0000000000000000"]
    assert went(LEVELS[1:]) == ["/p/HTX/CHE/L%2F1"]
    assert went(LEVELS[2:]) == ["/p/HTX/CHE"]
    assert went(()) == []


@pytest.mark.parametrize(
    ("accept", "lang", "where"),
    [
        ("", "vi-VN", "/p/HTX/CHE?lang=vi"),
        ("", "en;q=0.1,vi;q=0.9", "/p/HTX/CHE?lang=vi"),
        ("text/html", "en-GB,en;q=0.9", "/p/HTX/CHE?lang=en"),
        ("", "fr", "/p/HTX/CHE"),
        ("application/json", "", "/api/v1/products/HTX/CHE"),
        ("application/json", "fr", "/api/v1/products/HTX/CHE"),
        ("*/*", "vi;q=0.5", "/p/HTX/CHE?lang=vi"),
        ("image/png", "", "/p/HTX/CHE"),
        ("text/html,application/xml;q=0.9,*/*;q=0.8", "", "/p/HTX/CHE?lang=vi"),
    ],
)
def test_wishes_better_the_default(accept: str, lang: str, where: str) -> None:
    """Language and media type choose among what describes the default; what nobody offers leaves the default."""
    assert went(LEVELS[2:], accept, lang) == [where]


def test_a_link_type_is_looked_for_upwards() -> None:
    """A serial's question for papers is answered by its product; what no level has is not there."""
    assert went(LEVELS, lang="en", link_type="certificationInfo") == ["/p/HTX/CHE?lang=en#papers"]
    assert went(LEVELS, lang="vi", link_type="recallStatus") == ["/p/HTX/CHE/L%2F1?lang=vi#recall"]
    assert went(LEVELS, link_type="masterData", lang="fr") == ["/api/v1/products/HTX/CHE"]
    assert went(LEVELS, link_type="recipeInfo") == []


def test_what_cannot_be_told_apart_is_several() -> None:
    """A language nobody offers, when the type was asked for: the person chooses."""
    assert len(went(LEVELS[2:], "text/html", "fr", "pip")) == 3


def test_two_producers_under_one_gtin_are_never_chosen_between() -> None:
    """Neither by default nor by a link type; only one who has the lot is told apart (see the routes' tests)."""
    other = Item("HTX2", "CHE", "Chè khác", "")
    levels = levels_of([ITEM, other], Paths("/01/1"))
    assert went(levels) == ["/p/HTX/CHE", "/p/HTX2/CHE"]
    assert went(levels, "text/html", "en") == ["/p/HTX/CHE?lang=en", "/p/HTX2/CHE?lang=en"]
    assert went(levels, "text/html", "en", "pip") == ["/p/HTX/CHE?lang=en", "/p/HTX2/CHE?lang=en"]


def test_link_types_are_those_of_gs1() -> None:
    """By prefix or in full; another namespace is none of ours."""
    for text in (
        "gs1:pip",
        "https://gs1.org/voc/pip",
        "https://ref.gs1.org/voc/pip",
        "http://gs1.org/voc/pip",
    ):
        assert read_link_type(text) == "pip"
    for text in ("schema:logo", "pip", "gs1:", "", "https://example.com/pip"):
        assert read_link_type(text) is None


def test_every_default_is_described_and_bare() -> None:
    """GS1: a default link has no optional attribute, and its target has a descriptive type as well."""
    for level in LEVELS:
        [default] = level.defaults
        assert (default.language, default.media) == ("", "")
        described = [link for link in level.links if link.relation == level.main]
        assert default.href in {link.href.partition("?")[0] for link in described}
        assert all(isinstance(link, Link) and link.title for link in level.links)
