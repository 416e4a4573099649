"""Finds QR symbols in a picture: two decoders in a chain that stops at the first attempt that reads.

zxing-cpp is fast and keeps bytes exact; zbar reads some blurred and scratched symbols that zxing-cpp does not. Every
attempt but the first costs time only on pictures that would otherwise stay unread. `docs/decoding.md` has the
measurements behind the order.

Only QR Code (ISO/IEC 18004, model 2) is looked for: other symbologies cost time and carry no stamp.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import zxingcpp
from PIL import Image, ImageFilter, ImageOps

from temthat_scanner.flattening import flattened
from temthat_scanner.pictures import to_grey

Point = tuple[float, float]
Corners = tuple[Point, Point, Point, Point]

# Further attempts keep to this many pixels: zbar alone was seen to take 2.2 s for a 12 megapixel photo.
MAX_ATTEMPT_PIXELS = 4_000_000
MAX_SIDE = 65_535  # pixels; zxing-cpp takes no more
MAX_FLATTENED = 3  # symbols of a picture that are seen and not read; a printed pattern may look like hundreds
_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2)
_SHARPER = ImageFilter.UnsharpMask(radius=2, percent=300, threshold=0)
# Darkens the middle greys, which brings back modules that glare has washed out.
_DARKER = [round(255 * (level / 255) ** 2.2) for level in range(256)]


@dataclass(frozen=True, slots=True)
class Symbol:
    """One QR symbol seen in a picture.

    Attributes:
        text: what it says, by the character set it names or else the decoder's guess.
        corners: four (x, y) in pixels of the picture given, in order around the symbol; from zxing-cpp the first is
            the symbol's own top left corner, whichever way it lies.
        decoder: "zxing-cpp" or "zbar".
        bytes: the content. zxing-cpp gives it as it is in the symbol; zbar guesses a character set and turns it into
            UTF-8, so binary content may be changed (a stamp is ASCII and is not).
    """

    text: str
    corners: Corners
    decoder: str
    bytes: bytes


def decode(image: Image.Image, *, thorough: bool = True) -> list[Symbol]:
    """Read the QR symbols in a picture.

    Args:
        image: any mode; grey ("L") is used as it is.
        thorough: go on until an attempt reads something. Otherwise only the first, which reads nearly all that can be
            read, is made: for camera frames, where the next comes at once.

    Returns:
        Each symbol once, in reading order (rows from the top, each from the left); empty when nothing was read.
    """
    if not image.width or not image.height:
        return []
    for symbols in _attempts(to_grey(image)):
        if symbols or not thorough:
            break
    return _in_reading_order(_each_once(symbols)) if len(symbols) > 1 else symbols


@cache
def zbar_available() -> bool:
    """Tell whether the zbar library is installed; without it the chain is short of two attempts."""
    try:
        from pyzbar import pyzbar  # noqa: F401
    except (ImportError, OSError, AttributeError):
        # No package, no library, or one too old for the package.
        return False
    return True


def zbar_hint(language: str = "vi") -> str | None:
    """Say how to install zbar, in Vietnamese ("vi") or English ("en"); None when it is there."""
    if zbar_available():
        return None
    if language == "vi":
        return "Cài thêm thư viện zbar (Debian, Ubuntu: apt install libzbar0) để đọc được nhiều ảnh mờ, xước hơn."
    return "Install the zbar library (Debian, Ubuntu: apt install libzbar0) to read more blurred and scratched photos."


def _attempts(grey: Image.Image) -> Iterator[list[Symbol]]:
    """Yield what each attempt reads, the cheapest for what it gains first; each is made only when asked for."""
    coarse = zxingcpp.Binarizer.GlobalHistogram
    yield _zxing(grey, grey)
    yield _zxing(ImageOps.invert(grey), grey)
    small = _resized(grey, 1, 1)
    yield _zxing(small, grey, coarse)
    yield _zxing(small.point(_DARKER), grey)
    # Half size melts the pattern of a screen, a fabric or a picture set into the modules.
    yield _zxing(_resized(grey, 0.5, 0.5), grey, coarse)
    # A symbol seen from the side is squeezed in one direction.
    yield _zxing(_resized(grey, 2.5, 1), grey)
    yield _zxing(_resized(grey, 1, 2.5), grey)
    yield _zxing(small.filter(_SHARPER), grey)
    yield _flattened(small, grey)
    if zbar_available():
        yield _zbar(small, grey)
    yield _zxing(_resized(grey, 2, 2), grey)
    if zbar_available():
        yield _zbar(small.point(_DARKER), grey)


def _zxing(
    view: Image.Image,
    picture: Image.Image,
    binarizer: zxingcpp.Binarizer = zxingcpp.Binarizer.LocalAverage,
) -> list[Symbol]:
    """Read `view`, a changed or resized copy of `picture`; corners are those in `picture`."""
    if max(view.size) > MAX_SIDE:
        return []
    # Inverting is an attempt of its own: it would add a quarter to the time of every picture.
    found = zxingcpp.read_barcodes(
        view,
        formats=_QR,
        binarizer=binarizer,
        try_invert=False,
        text_mode=zxingcpp.TextMode.Plain,
    )
    return [
        Symbol(barcode.text, _corners(_around(barcode), view, picture), "zxing-cpp", barcode.bytes)
        for barcode in found
    ]


def _flattened(view: Image.Image, picture: Image.Image) -> list[Symbol]:
    """Read what zxing-cpp finds the place of and cannot read, after bending it flat."""
    seen = zxingcpp.read_barcodes(view, formats=_QR, try_invert=False, return_errors=True)
    symbols = []
    for barcode in seen[:MAX_FLATTENED]:
        around = _around(barcode)
        for flat in flattened(view, around):
            if read := _zxing(flat, flat):
                symbols.append(replace(read[0], corners=_corners(around, view, picture)))
                break
    return symbols


def _around(barcode: zxingcpp.Barcode) -> Corners:
    place = barcode.position
    top_left, top_right, bottom_right, bottom_left = (
        (float(point.x), float(point.y))
        for point in (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    )
    return top_left, top_right, bottom_right, bottom_left


def _zbar(view: Image.Image, picture: Image.Image) -> list[Symbol]:
    from pyzbar import pyzbar

    try:
        found: list[Any] = pyzbar.decode(view, symbols=[pyzbar.ZBarSymbol.QRCODE])
    except ValueError:
        # pyzbar does not know zbar's "no orientation", which structured append symbols have.
        return []
    symbols = []
    for code in found:
        left, top, width, height = code.rect
        box = [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]
        corners = _corners(code.polygon if len(code.polygon) == 4 else box, view, picture)
        symbols.append(Symbol(code.data.decode("utf-8", "replace"), corners, "zbar", code.data))
    return symbols


def _resized(grey: Image.Image, across: float, down: float) -> Image.Image:
    """Stretch by the two factors, or in their proportion so far as `MAX_ATTEMPT_PIXELS` allows."""
    width, height = grey.width * across, grey.height * down
    fit = min(1.0, (MAX_ATTEMPT_PIXELS / (width * height)) ** 0.5, MAX_SIDE / width, MAX_SIDE / height)
    size = (max(1, int(width * fit)), max(1, int(height * fit)))
    return grey if size == grey.size else grey.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)


def _corners(points: Iterable[Point], view: Image.Image, picture: Image.Image) -> Corners:
    across, down = picture.width / view.width, picture.height / view.height
    first, second, third, fourth = ((x * across, y * down) for x, y in points)
    return first, second, third, fourth


def _box(symbol: Symbol) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    across, down = zip(*symbol.corners, strict=True)
    return min(across), min(down), max(across), max(down)


def _each_once(symbols: list[Symbol]) -> list[Symbol]:
    """Leave out what says the same in the same place: two stamps on one photo may well say the same elsewhere."""
    kept: list[Symbol] = []
    for symbol in symbols:
        left, top, right, bottom = _box(symbol)
        x, y = (left + right) / 2, (top + bottom) / 2
        for other in kept:
            left, top, right, bottom = _box(other)
            if other.text == symbol.text and left <= x <= right and top <= y <= bottom:
                break
        else:
            kept.append(symbol)
    return kept


def _in_reading_order(symbols: list[Symbol]) -> list[Symbol]:
    """Order by rows from the top; a symbol whose middle is above the bottom of a row's first belongs to that row."""
    rows: list[list[Symbol]] = []
    for symbol in sorted(symbols, key=lambda one: _box(one)[1]):
        _, top, _, bottom = _box(symbol)
        if rows and (top + bottom) / 2 < _box(rows[-1][0])[3]:
            rows[-1].append(symbol)
        else:
            rows.append([symbol])
    return [symbol for row in rows for symbol in sorted(row, key=lambda one: _box(one)[0])]
