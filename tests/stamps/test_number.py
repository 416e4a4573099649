"""The printed number: round trip, and every slip it promises to notice."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.code import RUN_MAX, SERIAL_MAX
from temthat_stamps.errors import Mistyped
from temthat_stamps.number import ALPHABET, LENGTH, Number, looks_like_number, parse

numbers = st.builds(Number, st.integers(1, RUN_MAX), st.integers(1, SERIAL_MAX), st.integers(0, 2**23 - 1))


@given(numbers)
def test_property_what_is_printed_is_read(number: Number) -> None:
    """In groups, in a row, in lower case, with hyphens: the same number."""
    text = str(number)
    assert len(text) == LENGTH
    assert set(text) <= set(ALPHABET)
    for typed in (
        text,
        number.grouped,
        text.lower(),
        number.grouped.replace(" ", "-"),
        f" {number.grouped}\n",
    ):
        assert looks_like_number(typed)
        assert parse(typed) == number


@given(numbers)
def test_property_every_single_wrong_character_is_noticed(number: Number) -> None:
    """All 16 x 31 of them."""
    text = str(number)
    for at in range(LENGTH):
        for other in ALPHABET.replace(text[at], ""):
            with pytest.raises(Mistyped):
                parse(text[:at] + other + text[at + 1 :])


@given(numbers)
def test_property_every_swap_of_two_characters_is_noticed(number: Number) -> None:
    """Neighbours or not, the check character included."""
    text = str(number)
    for i in range(LENGTH):
        for j in range(i + 1, LENGTH):
            if text[i] != text[j]:
                swapped = list(text)
                swapped[i], swapped[j] = swapped[j], swapped[i]
                with pytest.raises(Mistyped):
                    parse("".join(swapped))


@given(st.text())
def test_property_any_text_is_read_or_mistyped(text: str) -> None:
    """Nothing typed raises anything else."""
    looks_like_number(text)
    with contextlib.suppress(Mistyped):
        assert isinstance(parse(text), Number)


@pytest.mark.parametrize("text", ["I", "L", "O", "U"])
def test_look_alikes_are_no_aliases(text: str) -> None:
    """Crockford's aliases are not used: a letter the system never prints is a slip, and its place is told."""
    with pytest.raises(Mistyped) as refused:
        parse("0123 45" + text)
    assert refused.value.position == 7
