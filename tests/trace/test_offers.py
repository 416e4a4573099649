"""Links to sellers: which addresses may be shown, and how long."""

import datetime as dt
import uuid
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.offers import BadLink, SellerLink, checked_url, host_of, in_order

TODAY = dt.date(2026, 11, 28)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://vcamart.vn/san-pham/1?a=b#c", "https://vcamart.vn/san-pham/1?a=b#c"),
        ("  HTTPS://VCAMART.VN/X ", "https://vcamart.vn/X"),
        ("https://shop.example.com:443/", "https://shop.example.com/"),
        ("https://xn--postmrt-1wa.vn/", "https://xn--postmrt-1wa.vn/"),
        ("https://a.vn", "https://a.vn"),
    ],
)
def test_good_addresses_are_kept_with_a_plain_host(typed: str, kept: str) -> None:
    assert checked_url(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "", "http://vcamart.vn", "javascript:alert(1)", "https:vcamart.vn", "https://", "//vcamart.vn", "vcamart.vn",
        "https://vcamart.vn@evil.example/", "https://user:p@vcamart.vn/", "https://vcamart.vn:8443/", "https://127.0.0.1/",
        "https://[::1]/", "https://localhost/", "https://vcamart/", "https://vcamart.vn\\@evil.example/",
        "https://vcamart.vn/ x", "https://vcamart.vn/<script>", 'https://vcamart.vn/"onclick=', "https://vcаmart.vn/",
        "https://vcamart.vn/\u202egpj", "https://-a.vn/", "https://a..vn/", "https://vcamart.vn:x/", "data:text/html,x",
        "https://2130706433/", "https://0x7f.1/", "https://vcamart.vn/" + "a" * 500, "https://vcamart.vn./",
        "https://vcamart.vn/\nSet-Cookie: a=b", "https://[vcamart.vn]/",
    ],
    ids=range(30),
)  # fmt: skip
def test_addresses_that_could_mislead_are_refused(typed: str) -> None:
    """In both languages, with what to do."""
    with pytest.raises(BadLink) as refusal:
        checked_url(typed)
    assert refusal.value.vi
    assert refusal.value.en


@given(st.one_of(st.text(max_size=80), st.text(max_size=60).map("https://".__add__)))
def test_whatever_passes_is_https_with_the_host_that_is_shown(text: str) -> None:
    try:
        url = checked_url(text)
    except BadLink:
        return
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc) == ("https", host_of(url))
    assert url.isascii()
    assert not set(url) & set("<>\"'\\ ") - {"'"}
    assert checked_url(url) == url


def link(seller: str, until: dt.date, ended: dt.datetime | None = None) -> SellerLink:
    return SellerLink(id=uuid.uuid4(), seller=seller, url="https://a.vn", valid_until=until, ended_at=ended)


def test_a_link_is_shown_to_the_end_of_its_last_day_or_until_it_is_taken_down() -> None:
    yesterday, now = TODAY - dt.timedelta(days=1), dt.datetime.now(dt.UTC)
    links = [link("b", TODAY), link("a", TODAY), link("c", yesterday), link("d", TODAY, now)]
    assert [shown.seller for shown in in_order(links, TODAY)] == ["a", "b"]
