"""Numbers as written, and what the unclear ones mean by their unit."""

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_trace import formats
from temthat_trace.importing.amounts import (
    Unclear,
    WrittenNumber,
    checked_quantity,
    decide,
    parse_number,
    rule_for,
)
from temthat_trace.importing.report import CellError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("120", "120"),
        ("12,5", "12.5"),
        ("12.5", "12.5"),
        ("1.234,5", "1234.5"),
        ("1,234.5", "1234.5"),
        ("1.234.567", "1234567"),
        ("1,234,567", "1234567"),
        ("1.234.567,89", "1234567.89"),
        ("1 234,5", "1234.5"),
        ("0.500", "0.5"),
        ("0,500", "0.5"),
        ("1234.567", "1234.567"),
        ("-3", "-3"),
        ("1263300", "1263300"),
    ],
)
def test_clear_numbers(text: str, value: str) -> None:
    """Vietnamese and English forms that can only mean one thing."""
    number = parse_number(text)
    assert (number.value, number.decimals) == (Decimal(value), None)


@pytest.mark.parametrize("text", ["1.234", "1,234", "12.000", "500,000"])
def test_one_separator_with_three_digits_is_unclear(text: str) -> None:
    """Both readings are kept until the unit decides."""
    assert parse_number(text).decimals is not None


@pytest.mark.parametrize(
    ("text", "unit", "small", "value"),
    [
        ("1.234", "H87", False, "1234"),
        ("1,234", "H87", False, "1234"),
        ("1.500", "GRM", True, "1500"),
        ("1.234", "TNE", False, "1.234"),
        ("1,234", "TNE", False, "1.234"),
        ("1.234", "KGM", False, "1234"),
        ("1,234", "KGM", False, "1.234"),
        ("1.500", "KGM", True, "1.5"),
        ("1.250", "LTR", True, "1.25"),
        ("1.234", "HAR", False, "1.234"),
    ],
)
def test_the_unit_decides_what_is_unclear(text: str, unit: str, small: bool, value: str) -> None:
    """Eggs and grams in thousands, tonnes in fractions, kilograms by the Vietnamese habit, packs in fractions."""
    assert decide(parse_number(text), rule_for(unit, small=small)) == Decimal(value)


def test_a_unit_may_stand_beside_the_number() -> None:
    """120 kg, 1,2 tấn and 3 yến say their unit themselves."""
    assert parse_number("120 kg").unit == parse_number("120kg").unit
    tonnes = parse_number("1,2 tấn")
    assert tonnes.unit is not None
    assert (tonnes.value, tonnes.unit.code) == (Decimal("1.2"), "TNE")


@pytest.mark.parametrize(
    "text", ["abc", "", "1.2.3", "1,23,456", "1.234.56", ".5", "5.", "1..2", "--3", "１２３", "1.234,5,6"]
)
def test_muddled_numbers_are_refused(text: str) -> None:
    """A number with unclear separators is refused, never guessed."""
    with pytest.raises(CellError):
        assert isinstance(parse_number(text), WrittenNumber)


@pytest.mark.parametrize("text", ["8.93505E+12", "1,2E+05", "1E5"])
def test_shortened_numbers_are_refused_saying_so(text: str) -> None:
    """Excel's E+ form has lost digits."""
    with pytest.raises(CellError) as e:
        assert isinstance(parse_number(text), WrittenNumber)
    assert "mất chữ số" in e.value.vi


def test_an_unknown_unit_is_named() -> None:
    """The word is in the message."""
    with pytest.raises(CellError) as e:
        parse_number("5 xyz")
    assert "xyz" in e.value.vi


@pytest.mark.parametrize(
    ("amount", "unit", "why"),
    [
        ("0", "KGM", "lớn hơn 0"),
        ("-1", "KGM", "lớn hơn 0"),
        ("1.5", "H87", "số nguyên"),
        ("1E+12", "KGM", "quá lớn"),
        ("0.0000001", "KGM", "6 chữ số"),
    ],
)
def test_senseless_quantities_are_refused(amount: str, unit: str, why: str) -> None:
    """Nothing, less than nothing, half an egg, a trillion kilograms."""
    with pytest.raises(CellError) as e:
        checked_quantity(Decimal(amount), unit)
    assert why in e.value.vi


@given(st.decimals("0.001", "999999999", places=3), st.sampled_from(["vi", "en"]))
def test_property_what_we_write_we_read(value: Decimal, lang: str) -> None:
    """A number formatted for people is read back, as one of the readings where it is unclear."""
    number = parse_number(formats.number(value, lang))
    rule = Unclear.VIETNAMESE
    if lang == "vi":
        assert decide(number, rule) == value
    else:
        assert value in (number.value, number.decimals)


@given(st.text(max_size=40))
def test_property_any_text_is_a_number_or_refused(text: str) -> None:
    """Never another exception."""
    with contextlib.suppress(CellError):
        assert isinstance(parse_number(text), WrittenNumber)
