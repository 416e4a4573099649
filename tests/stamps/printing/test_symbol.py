"""Symbols: exact versions, exact levels, and the reference writer's bits."""

import random
from typing import Any

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from temthat_stamps.printing.errors import BadSymbol
from temthat_stamps.printing.symbol import Level, Symbol, make_symbol, reference_symbol

HOST_21 = "TRUYXUAT.TEM-THAT.VNN"
# Drawn evenly, as signatures are: only a long run of digits (about one code in ten million) makes the volume writer
# change to numeric mode, and then the reference writer, which does not, gives other bits of the same text.
CODES = st.integers(0, 2**32).map(
    lambda seed: "".join(random.Random(seed).choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=122))
)
LEVELS: list[Level] = ["M", "Q"]


def url(code: str) -> str:
    return f"HTTPS://{HOST_21}/T/{code}"


@settings(max_examples=15, deadline=None)
@given(CODES, st.sampled_from(LEVELS))
def test_the_reference_writer_gives_the_same_bits(code: str, level: Level) -> None:
    """zxing-cpp and qrcode agree on every module for the same version, level and mask."""
    symbol = make_symbol(url(code), level)
    assert reference_symbol(url(code), level, version=symbol.version, mask=symbol.mask) == symbol


@settings(max_examples=30, deadline=None)
@given(CODES)
def test_154_characters_are_version_6_m_and_8_q(code: str) -> None:
    """The sizes the format promises: a host of 21 characters fills version 6 level M exactly."""
    assert len(url(code)) == 154
    medium, quartile = make_symbol(url(code), "M"), make_symbol(url(code), "Q")
    assert (medium.version, medium.size, medium.size_with_quiet_zone, medium.level) == (6, 41, 49, "M")
    assert (quartile.version, quartile.size, quartile.size_with_quiet_zone, quartile.level) == (
        8,
        49,
        57,
        "Q",
    )


def test_one_character_more_needs_a_larger_version() -> None:
    """154 is the limit, not a guess."""
    assert make_symbol(url("A" * 123), "M").version == 7


@pytest.mark.parametrize("lot", ["L1", "2026-05-A1", "ABCDEFGHIJ", "0123456789"])
def test_the_gs1_form_is_version_8_m_for_short_lots(lot: str) -> None:
    """Mixed segments keep the GS1 form within version 8 for lots of up to ten characters."""
    text = f"HTTPS://{HOST_21}/01/08931234567891/10/{lot}/21/0123456789ABCDEF?t={'A' * 122}"
    assert make_symbol(text, "M").version <= 8


@settings(max_examples=20, deadline=None)
@given(CODES, st.sampled_from(LEVELS))
def test_level_and_mask_are_those_a_reader_sees(code: str, level: Level) -> None:
    """What the symbol says of itself is what a decoder finds in its format bits."""
    symbol = make_symbol(url(code), level)
    read = read_modules(symbol)
    extra: Any = read.extra
    assert read.text == url(code)
    assert extra["ECLevel"] == level
    assert int(extra["DataMask"]) == symbol.mask
    assert int(extra["Version"]) == symbol.version


@pytest.mark.parametrize("text", ["", "Tem thật", "A" * 401])
def test_texts_that_are_no_stamp_are_refused(text: str) -> None:
    """Nothing, accents (they would change the encoding) and novels are refused in both languages."""
    with pytest.raises(BadSymbol) as refused:
        make_symbol(text)
    assert refused.value.vi
    assert refused.value.en


def test_a_writer_that_ignores_the_level_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The known trap: a writer that quietly gives another level. The format bits tell."""
    real = zxingcpp.create_barcode
    monkeypatch.setattr(zxingcpp, "create_barcode", lambda text, kind, **_: real(text, kind, ec_level="L"))
    with pytest.raises(BadSymbol, match="got L"):
        make_symbol(url("A" * 122), "M")


def read_modules(symbol: Symbol) -> zxingcpp.Barcode:
    """Reads a symbol at three dots a module with its quiet zone."""
    side = symbol.size_with_quiet_zone * 3
    rows = [b"\0" * symbol.size_with_quiet_zone] * 4
    rows = rows + [b"\0" * 4 + row + b"\0" * 4 for row in symbol.rows()] + rows
    grey = b"".join(b"".join(b"\0\0\0" if m else b"\xff\xff\xff" for m in row) * 3 for row in rows)
    # QR only: among all formats, one symbol in a thousand also "contains" some interleaved 2 of 5.
    formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    found = zxingcpp.read_barcodes(memoryview(grey).cast("B", (side, side)), formats=formats)
    assert len(found) == 1
    return found[0]
