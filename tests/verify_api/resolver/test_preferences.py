"""Accept and Accept-Language are read as RFC 9110 says, whatever is sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_verify_api.resolver.preferences import Preferences


def languages(header: str) -> Preferences:
    return Preferences.read("", header)


def media(header: str) -> Preferences:
    return Preferences.read(header, "")


@pytest.mark.parametrize(
    ("header", "vi", "en"),
    [
        ("vi-VN", 1, 0),
        ("vi-VN,vi;q=0.9,en-US;q=0.8,en;q=0.7", 0.9, 0.7),
        ("en;q=0.1, vi;q=0.9", 0.9, 0.1),
        ("EN-gb ; q=0.5", 0, 0.5),
        ("fr, *;q=0.3", 0.3, 0.3),
        ("*, en;q=0", 1, 0),
        ("vie", 0, 0),
        ("", 1, 1),
        ("en;q=2", 1, 1),  # no weight: as if it had not been said
        ("en;q=nan, vi;q=0.5", 0.5, 0),
    ],
)
def test_languages_by_their_weights(header: str, vi: float, en: float) -> None:
    """`vi-VN` welcomes `vi`; zero means never; the order of the header says nothing."""
    wish = languages(header)
    assert (wish.language_weight("vi"), wish.language_weight("en")) == (vi, en)


@pytest.mark.parametrize(
    ("header", "html", "json"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", 1, 0.8),
        ("application/json", 0, 1),
        ("text/*;q=0.4, */*;q=0.1", 0.4, 0.1),
        ("application/json;q=0.2;v=1, text/html;level=1", 1, 0.2),
        ("*/*", 1, 1),
        ("", 1, 1),
        ("text, /, ;q=1", 1, 1),
    ],
)
def test_media_types_by_the_most_exact_range(header: str, html: float, json: float) -> None:
    """A range that names the type decides before one that only covers it."""
    wish = media(header)
    assert (wish.media_weight("text/html"), wish.media_weight("application/json")) == (html, json)


def test_a_linkset_is_given_to_who_prefers_it() -> None:
    """By name and not below a page; `*/*` does not ask for one."""
    assert media("application/linkset+json").wants_linkset
    assert media("application/linkset+json, */*").wants_linkset
    assert not media("text/html, application/linkset+json;q=0.5").wants_linkset
    assert not media("*/*").wants_linkset
    assert not media("application/linkset+json;q=0").wants_linkset


@given(st.text(max_size=3_000), st.text(max_size=3_000))
def test_any_header_is_read(accept: str, accept_language: str) -> None:
    """Nothing raises, and every weight is one."""
    wish = Preferences.read(accept, accept_language)
    for weight in (wish.language_weight("vi"), wish.media_weight("text/html")):
        assert 0 <= weight <= 1
