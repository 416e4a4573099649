"""Telephone numbers as people write them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_verify_api.phones import BadPhone, normalise_phone, show_phone


@pytest.mark.parametrize(
    "text",
    [
        "0912345678",
        "0912 345 678",
        "+84 912 345 678",
        "+84 (0) 912.345.678",
        "84912345678",
        "0084-912-345-678",
        "\u202a+84912345678\u202c",
        " 0912\u00a0345\u00a0678 ",
    ],
)
def test_one_number_has_one_form(text: str) -> None:
    """Every way of writing the same number gives the same account."""
    assert normalise_phone(text) == "+84912345678"


@pytest.mark.parametrize(
    "text", ["", "0912", "912345678", "09123456789", "0112345678", "+1 912 345 6789", "abc", "٠٩١٢٣٤٥٦٧٨"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    """Too short, too long, foreign or not digits: never guessed at."""
    with pytest.raises(BadPhone):
        normalise_phone(text)


def test_landlines_are_numbers_too() -> None:
    """An office without a mobile phone can have an account."""
    assert normalise_phone("(024) 3843 1234") == "+842438431234"
    assert show_phone("+842438431234") == "0243 843 1234"


@given(st.from_regex(r"[35789][0-9]{8}", fullmatch=True))
def test_what_is_shown_is_read_back(rest: str) -> None:
    """Showing and normalising are inverse."""
    assert normalise_phone(show_phone(f"+84{rest}")) == f"+84{rest}"


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    """No input makes anything but a normalised number or `BadPhone`."""
    with contextlib.suppress(BadPhone):
        assert normalise_phone(text).startswith("+84")
