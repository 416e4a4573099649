"""Units: people's words, exact conversion, refusals."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.units import UNITS, Dimension, UnitError, UnitWord, convert, convertible, read_unit, unit


@pytest.mark.parametrize(
    ("word", "code", "times"),
    [
        ("kg", "KGM", 1),
        ("KG", "KGM", 1),
        ("Kg.", "KGM", 1),
        ("g", "GRM", 1),
        ("gam", "GRM", 1),
        ("tấn", "TNE", 1),
        ("tan", "TNE", 1),
        ("tạ", "DTN", 1),
        ("yến", "KGM", 10),
        ("yen", "KGM", 10),
        ("lít", "LTR", 1),
        ("lit", "LTR", 1),
        ("ml", "MLT", 1),
        ("quả", "H87", 1),
        ("trái", "H87", 1),
        ("chục", "H87", 10),
        ("hộp", "XBX", 1),
        ("hop", "XBX", 1),
        ("chai", "XBO", 1),
        ("gói", "XPA", 1),
        ("túi", "XBG", 1),
        ("túi lọc", "XSH", 1),
        ("lọ", "XJR", 1),
        ("combo", "KT", 1),
        ("bộ", "SET", 1),
        ("cái", "EA", 1),
        ("KGM", "KGM", 1),
    ],
)
def test_people_s_words_are_understood(word: str, code: str, times: int) -> None:
    """Each word a clerk writes means one UN/ECE unit, a yến or a chục ten of it."""
    assert read_unit(word) == UnitWord(code, Decimal(times))


def test_decomposed_text_reads_like_composed_text() -> None:
    """A unit typed with combining tone marks is the same unit."""
    assert read_unit("ta\u0323").code == "DTN"


@pytest.mark.parametrize("word", ["", "xyz", "ta", "bo", "1 kg"])
def test_unknown_or_ambiguous_words_are_refused(word: str) -> None:
    """An unknown word, or one that could be two units without its diacritics, is refused in both languages."""
    with pytest.raises(UnitError) as e:
        read_unit(word)
    assert "Không rõ đơn vị tính" in e.value.vi
    assert "Unknown unit" in e.value.en


@pytest.mark.parametrize(
    ("amount", "source", "target", "result"),
    [
        ("1.5", "KGM", "GRM", "1500"),
        ("500", "GRM", "KGM", "0.5"),
        ("2", "DTN", "KGM", "200"),
        ("0.001", "TNE", "GRM", "1000"),
        ("750", "MLT", "LTR", "0.75"),
        ("3", "DZN", "H87", "36"),
        ("10", "H87", "EA", "10"),
        ("7", "XBX", "XBX", "7"),
    ],
)
def test_amounts_convert_exactly(amount: str, source: str, target: str, result: str) -> None:
    """Conversion inside a dimension gives the exact decimal, without an exponent."""
    assert str(convert(Decimal(amount), source, target)) == result


@pytest.mark.parametrize(
    ("source", "target"), [("KGM", "LTR"), ("XBX", "XBO"), ("H87", "KGM"), ("XPA", "H87")]
)
def test_different_things_do_not_convert(source: str, target: str) -> None:
    """No rule turns kilograms into litres or a box into a bottle."""
    assert not convertible(source, target)
    with pytest.raises(UnitError):
        convert(Decimal(1), source, target)


def test_an_inexact_result_is_refused() -> None:
    """One piece is no finite decimal of a dozen."""
    with pytest.raises(UnitError, match="no exact number"):
        convert(Decimal(1), "H87", "DZN")


def test_unknown_code_is_refused() -> None:
    """A code outside the table raises UnitError."""
    with pytest.raises(UnitError):
        unit("ZZZ")


def test_codes_fit_their_column() -> None:
    """Every code has two or three characters, as the database column and Recommendation 20 have."""
    assert all(2 <= len(code) <= 3 for code in UNITS)


_measured = st.sampled_from(
    [u.code for u in UNITS.values() if u.dimension in (Dimension.MASS, Dimension.VOLUME)]
)


@given(st.decimals("0.001", "1000000", places=3), _measured, _measured)
def test_property_conversion_goes_there_and_back(amount: Decimal, source: str, target: str) -> None:
    """Within a decimal dimension converting there and back is the identity; from one to another there is no way."""
    if not convertible(source, target):
        with pytest.raises(UnitError):
            convert(amount, source, target)
        return
    assert convert(convert(amount, source, target), target, source) == amount
