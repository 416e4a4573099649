"""Reading texts as codes: what was written is read again, and nothing else is ever taken for it."""

import contextlib
import string

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from temthat_stamps.code import (
    CODE_LENGTH,
    RUN_MAX,
    SERIAL_MAX,
    Gs1Path,
    Header,
    decode,
    encode,
    gs1_url,
    lot_fits_gs1,
    stamp_url,
)
from temthat_stamps.errors import NewerFormat, NotOurs
from temthat_stamps.number import ALPHABET

HOST = "tem.example.vn"
CSET_82 = "!\"%&'()*+,-./:;<=>?_" + string.digits + string.ascii_letters

headers = st.builds(
    Header, st.binary(min_size=4, max_size=4), st.integers(1, RUN_MAX), st.integers(1, SERIAL_MAX)
)
signatures = st.binary(min_size=64, max_size=64)
lots = st.text(CSET_82, min_size=1, max_size=20)
gs1_paths = st.builds(
    Gs1Path,
    gtin=st.text(string.digits, min_size=14, max_size=14),
    lot=lots,
    number=st.text(ALPHABET, min_size=16, max_size=16),
)


@given(headers, signatures, st.sampled_from(["HTTPS", "HTTP"]))
def test_property_what_is_printed_is_read(header: Header, signature: bytes, scheme: str) -> None:
    """URL and bare code, in either case, give back header and signature; the code has 122 characters."""
    text = encode(header.to_bytes(), signature)
    assert len(text) == CODE_LENGTH
    url = stamp_url(HOST, text, scheme)
    for printed in (url, url.lower(), text, text.lower()):
        code = decode(printed)
        assert (code.header, code.signature, code.text) == (header, signature, text)
        assert code.host == (None if printed.upper() == text else HOST)


@given(headers, signatures, gs1_paths)
def test_property_gs1_form_is_read(header: Header, signature: bytes, path: Gs1Path) -> None:
    """GTIN, lot and number come back as they were, whatever characters the lot has."""
    code = decode(gs1_url(HOST, path, encode(header.to_bytes(), signature)))
    assert (code.header, code.signature, code.gs1, code.host) == (header, signature, path, HOST)


@given(st.text())
@example("")
@example("\ud800" + "%" * 500)
@example("HTTPS://" + "@" * 1_000 + "/T/")
@example("https://h/01/" + "0" * 14 + "/10/" + "%41" * 20 + "/21/" + "0" * 16 + "?" + "t=&" * 500)
def test_property_any_text_is_read_or_refused(text: str) -> None:
    """Whatever a camera or keyboard sends, only our own two errors come out."""
    with contextlib.suppress(NotOurs, NewerFormat):
        assert len(decode(text).signature) == 64


@given(st.binary())
def test_property_any_bytes_are_read_or_refused(data: bytes) -> None:
    """The same for bytes taken for text by a scanner that knows no better."""
    with contextlib.suppress(NotOurs, NewerFormat):
        assert len(decode(data.decode("latin-1")).signature) == 64


VALID = stamp_url(HOST, encode(Header(b"hint", 7, 9).to_bytes(), bytes(range(64))))
GS1_VALID = gs1_url(HOST, Gs1Path("0" * 14, "L/1", "0" * 16), VALID[-CODE_LENGTH:])


@given(st.sampled_from([VALID, GS1_VALID]), st.integers(0, 250), st.integers(0, 5), st.text(max_size=4))
def test_property_disturbed_urls_are_read_or_refused(url: str, at: int, length: int, other: str) -> None:
    """Cut, replaced or grown anywhere, a URL still only gives a code or our errors."""
    with contextlib.suppress(NotOurs, NewerFormat):
        assert len(decode(url[:at] + other + url[at + length :]).signature) == 64


@given(st.integers(0, CODE_LENGTH - 1), st.characters())
def test_property_two_texts_are_two_codes(at: int, character: str) -> None:
    """No character stands for another: changing one changes what is read, or nothing is read."""
    bare = VALID[-CODE_LENGTH:]
    assume(character != bare[at])
    try:
        changed = decode(bare[:at] + character + bare[at + 1 :])
    except (NotOurs, NewerFormat):
        return
    original = decode(bare)
    assert (changed.header, changed.signature) != (original.header, original.signature)


@pytest.mark.parametrize(
    ("hint", "run", "serial"),
    [
        (b"abc", 1, 1),
        (b"abcd", 0, 1),
        (b"abcd", RUN_MAX + 1, 1),
        (b"abcd", 1, 0),
        (b"abcd", 1, SERIAL_MAX + 1),
    ],
)
def test_a_header_outside_its_ranges_cannot_be_made(hint: bytes, run: int, serial: int) -> None:
    """The limits hold when writing, not only when reading."""
    with pytest.raises(ValueError, match="no such stamp"):
        Header(hint, run, serial)


@pytest.mark.parametrize("lot", ["", "Lô 1", "L 1", "A" * 21, "L#1", "L\n"])
def test_a_lot_that_no_gs1_address_can_hold(lot: str) -> None:
    """A lot outside CSET 82 is refused before it is printed."""
    assert not lot_fits_gs1(lot)
    with pytest.raises(ValueError, match="GS1"):
        Gs1Path("0" * 14, lot, "0" * 16)


def test_printed_forms_fit_the_alphanumeric_mode() -> None:
    """The short form uses only characters of the QR alphanumeric set, 154 of them with a host of 21 characters."""
    url = stamp_url("t" * 18 + ".vn", VALID[-CODE_LENGTH:])
    assert len(url) == 154
    assert set(url) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
