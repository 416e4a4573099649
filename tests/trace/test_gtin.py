"""GTIN check digits and forms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.gtin import GtinError, check_digit, read_gln, read_gtin


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("96385074", "00000096385074"),
        ("036000291452", "00036000291452"),
        ("4006381333931", "04006381333931"),
        ("893 5049 51047 5", "08935049510475"),
        ("10614141000415", "10614141000415"),
    ],
)
def test_real_gtins_are_read(text: str, digits: str) -> None:
    """Published examples of all four lengths come out in 14 digits."""
    assert read_gtin(text).digits == digits


def test_vietnam_s_prefix_is_recognised() -> None:
    """893 is GS1 Vietnam's, in a GTIN-13, a GTIN-14 and a GTIN-8."""
    assert read_gtin("8935049510475").is_vietnamese
    assert read_gtin("1893504951047" + check_digit("1893504951047")).is_vietnamese
    assert read_gtin("8931234" + check_digit("8931234")).is_vietnamese
    assert not read_gtin("4006381333931").is_vietnamese


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("8935049510474", "số cuối phải là 5"),
        ("893504951047", "sai số kiểm tra"),
        ("8935", "4 chữ số"),
        ("8.93505E+12", "chỉ được có chữ số"),
        ("０１２３４５６７", "chỉ được có chữ số"),
        ("00000000", "toàn số 0"),
        ("", "chỉ được có chữ số"),
    ],
)
def test_what_is_no_gtin_is_refused_with_the_reason(text: str, why: str) -> None:
    """A wrong digit, length or sign is named in Vietnamese."""
    with pytest.raises(GtinError) as e:
        read_gtin(text)
    assert why in e.value.vi
    assert e.value.en


@given(st.from_regex(r"[1-9][0-9]{11}", fullmatch=True), st.integers(0, 12), st.integers(1, 9))
def test_property_one_wrong_digit_is_always_caught(body: str, place: int, shift: int) -> None:
    """Changing any one digit of a GTIN-13 breaks its check digit."""
    whole = body + check_digit(body)
    wrong = whole[:place] + str((int(whole[place]) + shift) % 10) + whole[place + 1 :]
    with pytest.raises(GtinError):
        read_gtin(wrong)


@pytest.mark.parametrize("text", ["8938505974002", " 893-8505 97400 2 "], ids=["digits", "written"])
def test_a_gln_is_thirteen_digits_with_its_check_digit(text: str) -> None:
    """As typed; the last digit follows from the others."""
    assert check_digit("893850597400") == "2"
    assert read_gln(text) == "8938505974002"


@pytest.mark.parametrize(
    "text", ["8938505974003", "893850597400", "89385059740021", "893850597400X", "0000000000000"], ids=str
)
def test_what_is_no_gln_is_told(text: str) -> None:
    """Digit, length, letters and zeros only: each in words of both languages."""
    with pytest.raises(GtinError, match="GLN") as caught:
        read_gln(text)
    assert caught.value.vi != caught.value.en
