"""Numbers, texts, headers, months: one spelling each, and no byte beyond the end."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.bundle.encoding import (
    HEADER_SIZE,
    NUMBER_LIMIT,
    BadBundle,
    Cursor,
    Header,
    Kind,
    Month,
    NewerBundle,
    Stream,
    check_header,
    day_of,
    instant_of,
    put,
    put_signed,
    put_text,
    seconds,
)

months = st.builds(Month, st.integers(1970, 5000), st.integers(1, 12))


@given(
    st.lists(st.integers(0, NUMBER_LIMIT)), st.lists(st.integers(-(2**62), 2**62 - 1)), st.text(max_size=50)
)
def test_property_what_is_put_is_read(numbers: list[int], signed: list[int], text: str) -> None:
    """In order, and nothing is left over."""
    out = bytearray()
    for number in numbers:
        put(out, number)
    for number in signed:
        put_signed(out, number)
    put_text(out, text)
    cursor = Cursor(bytes(out), 0)
    assert [cursor.number() for _ in numbers] == numbers
    assert [cursor.signed() for _ in signed] == signed
    assert cursor.text(200) == text
    assert cursor.done


@given(st.binary(max_size=12))
def test_property_a_number_has_one_spelling(data: bytes) -> None:
    """What is read as a number is what `put` writes for it."""
    cursor = Cursor(data, 0)
    try:
        number = cursor.number()
    except BadBundle:
        return
    out = bytearray()
    put(out, number)
    assert out == data[: cursor.at]


@pytest.mark.parametrize(
    "data", [b"", b"\x80", b"\x80\x00", b"\xff" * 9 + b"\x01", b"\xff" * 20, b"\x80" * 9 + b"\x01"]
)
def test_longer_numbers_and_longer_spellings_are_refused(data: bytes) -> None:
    with pytest.raises(BadBundle):
        Cursor(data, 0).number()


def test_a_small_number_is_a_byte() -> None:
    """The bytes of the specification's rule."""
    out = bytearray()
    for value in (0, 127, 128, 300):
        put(out, value)
    for value in (0, -1, 1, -2):
        put_signed(out, value)
    assert out.hex() == "007f8001ac02" + "00010203"


@given(st.sampled_from(Kind), st.none() | st.integers(0, 99), st.none() | months, st.integers(0, 2**32 - 1))
def test_property_a_header_is_of_one_file(
    kind: Kind, province: int | None, month: Month | None, base_run: int
) -> None:
    """Twelve bytes that no file of another kind, province or month begins with."""
    code = f"{province:02d}" if province is not None else None
    header = Header(kind, code, month, base_run).to_bytes()
    assert len(header) == HEADER_SIZE
    assert check_header(header + b"more", kind, code, month) == base_run
    other = Kind(kind % len(Kind) + 1)
    with pytest.raises(BadBundle):
        check_header(header, other, code, month)
    with pytest.raises(BadBundle):
        check_header(header, kind, "98" if code != "98" else "97", month)
    with pytest.raises(BadBundle):
        check_header(header[:-1], kind, code, month)


def test_a_newer_version_says_what_to_update() -> None:
    data = bytearray(Header(Kind.NOTICES).to_bytes())
    data[3] = 2
    with pytest.raises(NewerBundle) as refused:
        check_header(bytes(data), Kind.NOTICES)
    assert "cập nhật chương trình" in refused.value.vi


@given(months)
def test_property_months(month: Month) -> None:
    """Text and back; each second is in the month that says so."""
    assert Month.parse(str(month)) == month
    for at, inside in (
        (month.begins, True),
        (month.ends - 1, True),
        (month.begins - 1, False),
        (month.ends, False),
    ):
        if at >= 0:
            assert (Month.of(dt.datetime.fromtimestamp(at, dt.UTC)) == month) is inside


@pytest.mark.parametrize("text", ["2026-5", "2026-13", "26-05", "2026-05-01", "2026-00", "", "２０２６-05"])
def test_no_other_spelling_of_a_month(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any text of the calendar's own
        Month.parse(text)


def test_dates_that_no_calendar_has_are_refused() -> None:
    for value in (2**62, -(2**62)):
        with pytest.raises(BadBundle):
            instant_of(value)
        with pytest.raises(BadBundle):
            day_of(value)
    assert seconds(dt.datetime(1960, 1, 1, tzinfo=dt.UTC)) == 0
    assert seconds(dt.datetime(9000, 1, 1, tzinfo=dt.UTC)) == 2**32 - 1


def test_a_stream_only_grows_and_knows_its_digest() -> None:
    """The same object until something is added."""
    import hashlib

    stream = Stream(Header(Kind.NOTICES))
    first = stream.data
    assert stream.data is first
    stream.append(b"more")
    assert stream.data == first + b"more"
    assert (stream.length, stream.sha256) == (len(stream.data), hashlib.sha256(stream.data).hexdigest())
