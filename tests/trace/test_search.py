"""Text cleaned for keeping and folded for searching."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.search import clean, fold, search_key


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Hợp tác xã Đồng Tiến – Yên Thế", "hop tac xa dong tien yen the"),
        ("  MẬT   ONG ", "mat ong"),
        ("Cư M'gar", "cu m gar"),
        ("A_B", "a b"),
        ("", ""),
    ],
)
def test_folding(text: str, folded: str) -> None:
    """Case, diacritics and signs do not matter when searching."""
    assert fold(text) == folded


def test_cleaning_keeps_lines_and_drops_what_nobody_sees() -> None:
    """NBSP becomes a blank, zero-width signs go, tone marks are composed, lines stay."""
    assert clean("  Mâ\u0323t\u00a0\u200bong\t rừng \r\n hai  ") == "Mật ong rừng\nhai"


def test_a_search_key_fits_its_column() -> None:
    """What is too long is cut, not refused."""
    assert search_key("Mật ong", "", "MO-1") == "mat ong mo 1"
    assert len(search_key("a b " * 1000)) == 400


@given(st.text())
def test_property_cleaning_is_idempotent_and_composed(text: str) -> None:
    """Cleaning twice changes nothing, and the result is NFC."""
    once = clean(text)
    assert clean(once) == once
    assert unicodedata.is_normalized("NFC", once)
