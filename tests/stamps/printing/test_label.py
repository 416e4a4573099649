"""Labels: the number as printed, and the host that must be the code's own."""

import dataclasses

import pytest

from temthat_stamps.printing import Label, PrintRefused
from temthat_stamps.printing.label import PHRASE, check_host

URL = "HTTPS://TEMTHAT.VN/T/" + "A" * 122


@pytest.mark.parametrize("number", ["0123456789ABCDEF", "0123 4567 89AB CDEF", "0123-4567-89AB-CDEF"])
def test_numbers_are_printed_in_four_groups(number: str) -> None:
    """With or without separators: four groups of four."""
    assert Label(URL, number, 1).grouped_number == "0123 4567 89AB CDEF"


@pytest.mark.parametrize(
    "number", ["", "0123 4567 89AB CDE", "0123 4567 89AB CDEU", "=CMD", "0123456789abcdef"]
)
def test_what_is_no_number_is_not_printed(number: str) -> None:
    """Wrong length or letters that the alphabet leaves out are refused, naming the serial."""
    with pytest.raises(PrintRefused, match="serial 7"):
        _ = Label(URL, number, 7).grouped_number


@pytest.mark.parametrize("host", ["temthat.vn", "TemThat.VN"])
def test_the_host_in_words_is_the_host_in_the_code(host: str) -> None:
    """Upper or lower case is the same host."""
    check_host(Label(URL, "0" * 16, 1), host)


@pytest.mark.parametrize(
    "host", ["temthat.vn.evil.example", "temthat.v", "evil.example", "temthat.vn:8000", ""]
)
def test_another_host_in_words_is_refused(host: str) -> None:
    """Words that lead elsewhere than the code are never printed."""
    with pytest.raises(PrintRefused):
        check_host(Label(URL, "0" * 16, 1), host)


def test_labels_do_not_change() -> None:
    """A label is a value."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Label(URL, "0" * 16, 1).serial = 2  # type: ignore[misc]


def test_stamps_are_never_called_anti_counterfeit() -> None:
    """Only licensed print-house work may say so."""
    assert PHRASE == "Tem truy xuất"
    assert "chống" not in PHRASE
