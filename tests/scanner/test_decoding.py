"""Reading QR symbols: the text comes back exactly, each symbol once and in its place, whatever the picture."""

import subprocess
import sys
import unicodedata
from collections.abc import Sequence

import pytest
import qrcode
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageOps
from qrcode import base, util

from temthat_scanner.decoding import _zbar, decode, zbar_available, zbar_hint

ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
STAMP = "HTTPS://TEM.EXAMPLE/T/" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" * 3 + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
needs_zbar = pytest.mark.skipif(not zbar_available(), reason="the zbar library is not installed")


def symbol(content: str | bytes, scale: int = 4, kind: str = "QRCode") -> Image.Image:
    barcode = zxingcpp.create_barcode(content, getattr(zxingcpp.BarcodeFormat, kind))
    return Image.fromarray(barcode.to_image(scale=scale))


def symbol_by_another_writer(content: bytes, level: int, scale: int = 4) -> Image.Image:
    code = qrcode.QRCode(error_correction=level, box_size=scale, border=4)
    code.add_data(util.QRData(content, mode=4), optimize=0)
    matrix = code.get_matrix()
    small = Image.new("L", (len(matrix), len(matrix)), 255)
    small.putdata([0 if dark else 255 for row in matrix for dark in row])
    return small.resize((small.width * scale, small.height * scale), Image.Resampling.NEAREST)


def texts(image: Image.Image) -> list[str]:
    return [found.text for found in decode(image)]


@given(st.text(ALPHANUMERIC, min_size=1, max_size=200))
def test_property_alphanumeric_text_comes_back(text: str) -> None:
    (found,) = decode(symbol(text))
    assert (found.text, found.bytes, found.decoder) == (text, text.encode(), "zxing-cpp")


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=60), st.sampled_from([0, 1, 2, 3]))
def test_property_any_utf_8_text_of_another_writer_comes_back(text: str, level: int) -> None:
    assert texts(symbol_by_another_writer(text.encode(), level)) == [text]


def test_vietnamese_text_comes_back_in_the_form_it_was_written() -> None:
    for text in ("Chè Tân Cương — Thái Nguyên 500 g", "Trà sen, ủ hương"):
        for written in (text, unicodedata.normalize("NFD", text)):
            assert texts(symbol(written)) == [written]


@given(st.binary(min_size=1, max_size=80), st.sampled_from([0, 1, 2, 3]))
def test_property_any_bytes_of_another_writer_come_back(content: bytes, level: int) -> None:
    (found,) = decode(symbol_by_another_writer(content, level))
    assert found.bytes == content


@given(st.text(ALPHANUMERIC, min_size=10, max_size=60), st.integers(0, 359), st.floats(2.0, 6.0))
def test_property_turned_and_scaled_symbols_come_back(text: str, angle: int, scale: float) -> None:
    image = symbol(text, scale=6)
    image = image.resize((int(image.width * scale / 6), int(image.height * scale / 6)), Image.Resampling.BOX)
    assert texts(image.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255)) == [text]


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "I;16", "F"])
def test_every_mode_of_picture_is_taken(mode: str) -> None:
    image = symbol(STAMP)
    image = image.convert("I").convert(mode) if mode == "I;16" else image.convert(mode)
    assert texts(image) == [STAMP]


def test_symbols_come_in_reading_order_each_once() -> None:
    """A photo of a sheet, not quite level; two of its stamps say the same."""
    said = [f"STAMP {number}" for number in range(5)] + ["STAMP 0"]
    sheet = Image.new("L", (900, 600), 255)
    for place, text in enumerate(said):
        sheet.paste(symbol(text, scale=5), (60 + place % 3 * 280, 60 + place // 3 * 260))
    assert texts(sheet) == said
    for tilt in (-6, 5):
        assert texts(sheet.rotate(tilt, Image.Resampling.BICUBIC, fillcolor=255)) == said


def test_corners_are_in_the_picture_s_pixels_from_the_symbol_s_own_top_left() -> None:
    code = symbol(STAMP, scale=5)
    sheet = Image.new("L", (800, 600), 255)
    sheet.paste(code, (300, 200))
    margin, side = 20, code.width - 40
    expected = [
        (300 + margin, 200 + margin),
        (300 + margin + side, 200 + margin),
        (300 + margin + side, 200 + margin + side),
        (300 + margin, 200 + margin + side),
    ]
    (found,) = decode(sheet)
    assert_near(found.corners, expected)
    (turned,) = decode(sheet.transpose(Image.Transpose.ROTATE_180))
    assert_near(turned.corners, [(800 - x, 600 - y) for x, y in expected])


def assert_near(corners: object, expected: Sequence[tuple[float, float]], within: float = 4) -> None:
    assert isinstance(corners, tuple)
    assert len(corners) == 4
    for (x, y), (true_x, true_y) in zip(corners, expected, strict=True):
        assert abs(x - true_x) <= within, corners
        assert abs(y - true_y) <= within, corners


def test_a_symbol_seen_from_the_side_is_read_and_placed() -> None:
    """Squeezed so that the first attempt fails; its corners are those in the picture, not in the stretched copy."""
    code = symbol(STAMP, scale=8)
    narrow = code.resize((int(code.width * 0.14), code.height), Image.Resampling.BOX)
    sheet = Image.new("L", (400, 700), 255)
    sheet.paste(narrow, (100, 50))
    for turn in (0, 90):
        picture = sheet.rotate(turn, expand=True)
        assert decode(picture, thorough=False) == []
        (found,) = decode(picture)
        assert found.text == STAMP
        across, down = zip(*found.corners, strict=True)
        left, top, right, bottom = ImageOps.invert(picture).getbbox() or (0, 0, 0, 0)
        edges = (min(across) - left, min(down) - top, max(across) - right, max(down) - bottom)
        assert max(map(abs, edges)) < 8, edges


def test_light_symbols_on_dark_are_read_by_a_thorough_search_only() -> None:
    image = ImageOps.invert(symbol(STAMP))
    assert decode(image, thorough=False) == []
    assert texts(image) == [STAMP]
    assert texts(symbol(STAMP)) == [found.text for found in decode(symbol(STAMP), thorough=False)] == [STAMP]


def test_only_qr_codes_are_looked_for() -> None:
    for kind in ("Code128", "DataMatrix", "Aztec", "PDF417", "MicroQRCode", "RMQRCode"):
        assert decode(symbol("12345", kind=kind)) == [], kind


def test_control_characters_are_not_dressed_up() -> None:
    text = "\x1d01\x1f<GS>"
    assert texts(symbol(text)) == [text]


def structured_append(content: bytes, part: int, parts: int) -> Image.Image:
    """Make one symbol of a split message (ISO/IEC 18004, 8), which no writer at hand makes: version 2, level L."""
    buffer = util.BitBuffer()
    for value, width in [(3, 4), (part, 4), (parts - 1, 4), (0, 8), (4, 4), (len(content), 8)]:
        buffer.put(value, width)
    for byte in content:
        buffer.put(byte, 8)
    capacity = sum(block.data_count for block in base.rs_blocks(2, qrcode.ERROR_CORRECT_L))
    buffer.put(0, 4)
    buffer.put(0, -len(buffer) % 8)
    for filler in [0xEC, 0x11] * capacity:
        if len(buffer) < capacity * 8:
            buffer.put(filler, 8)
    code = qrcode.QRCode(version=2, error_correction=qrcode.ERROR_CORRECT_L, mask_pattern=0)
    code.data_cache = util.create_bytes(buffer, base.rs_blocks(2, qrcode.ERROR_CORRECT_L))
    code.makeImpl(False, 0)
    matrix = code.get_matrix()
    small = Image.new("L", (len(matrix), len(matrix)), 255)
    small.putdata([0 if dark else 255 for row in matrix for dark in row])
    return small.resize((small.width * 6, small.height * 6), Image.Resampling.NEAREST)


@needs_zbar
def test_parts_of_a_split_message_are_read_and_do_not_stop_zbar() -> None:
    image = structured_append(b"FIRST HALF", 0, 2)
    assert texts(image) == ["FIRST HALF"]
    assert _zbar(image, image) == []


@needs_zbar
def test_zbar_gives_the_same_text_and_place() -> None:
    sheet = Image.new("L", (500, 500), 255)
    sheet.paste(symbol(STAMP, scale=5), (100, 150))
    (by_zbar,) = _zbar(sheet, sheet)
    (by_zxing,) = decode(sheet)
    assert (by_zbar.text, by_zbar.bytes, by_zbar.decoder) == (STAMP, STAMP.encode(), "zbar")
    for corner in by_zxing.corners:
        assert min(abs(x - corner[0]) + abs(y - corner[1]) for x, y in by_zbar.corners) < 12


def test_without_the_zbar_library_all_still_works_and_a_hint_is_given() -> None:
    script = (
        "import ctypes.util; ctypes.util.find_library = lambda name: None\n"
        "import sys; from PIL import Image; from temthat_scanner.decoding import *\n"
        "from temthat_scanner import decoding\n"
        "assert decoding.zbar_available() is False\n"
        "assert 'libzbar0' in decoding.zbar_hint() and 'Cài' in decoding.zbar_hint()\n"
        "assert 'Install' in decoding.zbar_hint('en')\n"
        "assert decoding.decode(Image.effect_noise((300, 300), 90)) == []\n"
        "assert [found.text for found in decoding.decode(Image.open(sys.argv[1]))] == ['HELLO']\n"
    )
    check_on_a_picture(script)


def check_on_a_picture(script: str) -> None:
    """The script's own assertions hold, in a process of its own."""
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        symbol("HELLO").save(file.name)
        run = subprocess.run([sys.executable, "-c", script, file.name], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


@needs_zbar
def test_with_the_zbar_library_there_is_no_hint() -> None:
    assert zbar_hint() is None


@pytest.mark.parametrize("size", [(0, 0), (0, 9), (9, 0)])
def test_a_picture_without_pixels_has_no_symbols(size: tuple[int, int]) -> None:
    assert decode(Image.new("L", size)) == []


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 128))
def test_hostile_tiny_pictures_have_no_symbols(width: int, height: int, noise: int) -> None:
    assert decode(Image.effect_noise((width, height), noise)) == []


@pytest.mark.parametrize("size", [(1, 30000), (30000, 1), (3, 20000), (2, 70000), (9_000_000, 1)])
def test_hostile_long_and_thin_pictures_have_no_symbols(size: tuple[int, int]) -> None:
    assert decode(Image.effect_noise(size, 80)) == []


def test_hostile_noise_is_never_taken_for_a_symbol() -> None:
    for strength in (20, 60, 120):
        noise = Image.effect_noise((500, 400), strength)
        assert decode(noise) == []
        assert decode(noise.resize((1000, 800), Image.Resampling.NEAREST)) == []


def test_hostile_finder_patterns_all_over_end_soon() -> None:
    finder = symbol("1", scale=2).crop((6, 6, 26, 26))
    field = Image.new("L", (1000, 1000), 255)
    for across in range(0, 1000, 20):
        for down in range(0, 1000, 20):
            field.paste(finder, (across, down))
    assert decode(field) == []


def test_scratches_within_reach_of_error_correction_change_nothing() -> None:
    image = symbol(STAMP, scale=6)
    for offset in range(3):
        scratch = Image.new("L", image.size, 255)
        scratch.paste(0, (80 + 60 * offset, 90, 86 + 60 * offset, 170))
        assert texts(ImageChops.darker(image, scratch)) == [STAMP]
