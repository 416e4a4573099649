"""Stamps as 1-bit pictures in printer dots: for PNG files and the desk's previews.

Pillow mode "1": 1 is paper, 0 is ink. What is the same on every stamp of a run is drawn once and copied.
"""

from functools import lru_cache

from PIL import Image

from temthat_stamps.printing.composition import Composition
from temthat_stamps.printing.symbol import Symbol
from temthat_stamps.printing.typeface import face

_TO_INK = bytes.maketrans(b"\x00\x01", b"\xff\x00")


def small_symbol(symbol: Symbol) -> Image.Image:
    """The symbol without quiet zone, a dot a module."""
    # Raw mode "1;8": a byte a pixel in, mode "1" out.
    return Image.frombytes("1", (symbol.size, symbol.size), symbol.modules.translate(_TO_INK), "raw", "1;8")


def symbol_image(symbol: Symbol, module: int) -> Image.Image:
    """The symbol without quiet zone, `module` dots a module."""
    side = symbol.size * module
    return small_symbol(symbol).resize((side, side), Image.Resampling.NEAREST)


def stamp_image(composition: Composition, symbol: Symbol, number: str) -> Image.Image:
    """One label of exactly its dots."""
    image = _background(composition).copy()
    image.paste(symbol_image(symbol, composition.module), (composition.symbol_x, composition.symbol_y))
    draw_number(image, 0, 0, composition, number)
    return image


def draw_number(image: Image.Image, x: int, y: int, composition: Composition, number: str) -> None:
    """The printed number, of a label whose corner is at (`x`, `y`) of the picture."""
    size, rows = composition.number_texts(number)
    letters = face(size)
    for text, row in zip(rows, composition.number, strict=True):
        left = x + row.x + (row.width - letters.bitmap_width(text)) // 2 * row.centred
        letters.draw(image, left, y + row.baseline, text)


def draw_words(image: Image.Image, x: int, y: int, composition: Composition) -> None:
    """What is the same on every stamp, of a label whose corner is at (`x`, `y`) of the picture."""
    for text in composition.texts:
        letters = face(text.size)
        left = x + text.x + (text.width - letters.bitmap_width(text.text)) // 2 * text.centred
        letters.draw(image, left, y + text.baseline, text.text)


@lru_cache(maxsize=64)
def _background(composition: Composition) -> Image.Image:
    image = Image.new("1", (composition.width, composition.height), 1)
    draw_words(image, 0, 0, composition)
    return image
