"""Numbers and dates as people read them."""

import datetime as dt
from decimal import Decimal

import pytest

from temthat_trace import formats


@pytest.mark.parametrize(
    ("value", "vi", "en"),
    [
        ("1234.5", "1.234,5", "1,234.5"),
        ("0.50", "0,5", "0.5"),
        ("1263300", "1.263.300", "1,263,300"),
        ("1E+3", "1.000", "1,000"),
        ("-12", "-12", "-12"),
    ],
)
def test_numbers(value: str, vi: str, en: str) -> None:
    """Thousands are grouped, trailing zeros go, the separators follow the language."""
    assert formats.number(Decimal(value)) == vi
    assert formats.number(Decimal(value), "en") == en


def test_quantities_and_money() -> None:
    """A quantity carries its unit's word, money its đ."""
    assert formats.quantity(Decimal("1234.5"), "KGM") == "1.234,5 kg"
    assert formats.quantity(10, "H87") == "10 quả"
    assert formats.quantity(2, "XBX", "en") == "2 boxes"
    assert formats.money(1_250_000) == "1.250.000 đ"


def test_days() -> None:
    """Days are day first in Vietnamese and have the month's name in English."""
    assert formats.date(dt.date(2025, 5, 26)) == "26/05/2025"
    assert formats.date(dt.date(2025, 5, 26), "en") == "26 May 2025"


def test_instants_are_told_in_vietnam_s_time() -> None:
    """An instant shows Vietnam's clock; midnight sharp stands for a day without a time."""
    assert formats.instant(dt.datetime(2025, 5, 26, 7, 30, tzinfo=dt.UTC)) == "26/05/2025 14:30"
    assert formats.instant(dt.datetime(2025, 5, 25, 17, 0, tzinfo=dt.UTC)) == "26/05/2025"
    assert formats.today(dt.datetime(2025, 5, 25, 17, 0, tzinfo=dt.UTC)) == dt.date(2025, 5, 26)


def test_a_naive_instant_is_refused() -> None:
    """Without a zone nobody knows when it was."""
    with pytest.raises(ValueError, match="time zone"):
        formats.instant(dt.datetime(2025, 5, 26))  # noqa: DTZ001
