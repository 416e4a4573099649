"""The one typeface of everything printed: Be Vietnam Pro Medium (SIL OFL 1.1, `fonts/OFL.txt`).

One file serves three ways of drawing: glyph ids and an embedded subset for PDF, hinted 1-bit glyphs for label
printers (their own fonts have no ế and ữ), outlines for SVG. Text is measured the same for all of them, so that one
composition holds for paper, roll and picture.
"""

import math
import unicodedata
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont
from PIL import Image, ImageFont

FONT_FILE = Path(__file__).parent / "fonts" / "BeVietnamPro-Medium.ttf"
ELLIPSIS = "…"
_UNKNOWN = "?"
_LINE_LIMIT = 200


def clean(text: str) -> str:
    """Text as it can be printed: composed (NFC), one line, blanks collapsed, unknown characters as '?'."""
    known = typeface().glyph_ids
    composed = unicodedata.normalize("NFC", text)[: 2 * _LINE_LIMIT]
    one_line = " ".join(composed.split())[:_LINE_LIMIT]
    return "".join(
        c if c in known else _UNKNOWN for c in one_line if unicodedata.category(c) not in ("Cc", "Cf")
    )


@dataclass(frozen=True, slots=True)
class Glyph:
    """One hinted 1-bit glyph. `left`, `top`: from the pen to the bitmap's corner, `top` negative above the baseline."""

    bitmap: Image.Image | None
    left: int
    top: int
    bottom: int
    advance: int


class Face:
    """The typeface at one size. `size`: dots per em."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._pillow = ImageFont.truetype(str(FONT_FILE), size, layout_engine=ImageFont.Layout.BASIC)
        self._glyphs: dict[str, Glyph] = {}
        self._widths: dict[str, int] = {}

    def glyph(self, character: str) -> Glyph:
        """The bitmap of one character."""
        if character not in self._glyphs:
            self._glyphs[character] = self._load(character)
        return self._glyphs[character]

    def _load(self, character: str) -> Glyph:
        advance = math.ceil(self._pillow.getlength(character, mode="1"))
        mask, (left, top) = self._pillow.getmask2(character, mode="1", anchor="ls")
        width, height = mask.size
        if not width or not height:
            return Glyph(None, 0, 0, 0, advance)
        # The mask holds a byte a dot, 0 or 255, whatever its mode is called.
        bitmap = Image.frombytes("L", mask.size, bytes(mask)).convert("1", dither=Image.Dither.NONE)
        return Glyph(bitmap, int(left), int(top), int(top) + height, advance)

    def width(self, text: str) -> int:
        """Dots that the text takes, drawn from outlines or from bitmaps, whichever is wider."""
        if (known := self._widths.get(text)) is None:
            if len(self._widths) > 10_000:
                self._widths.clear()
            known = self._widths[text] = self._measure(text)
        return known

    def _measure(self, text: str) -> int:
        outlines = sum(typeface().advance(c) for c in text) * self.size / typeface().units_per_em
        return max(math.ceil(outlines), self.bitmap_width(text))

    def bitmap_width(self, text: str) -> int:
        """Dots that the text takes as bitmaps."""
        glyphs = self._glyphs
        return sum([(glyphs[c] if c in glyphs else self.glyph(c)).advance for c in text])

    def ascent(self, text: str) -> int:
        """Dots of ink above the baseline: exact, so that Ấ keeps its accents and a line of digits wastes nothing."""
        bitmap = max((-self.glyph(c).top for c in text), default=0)
        return max(bitmap, math.ceil(typeface().ink(text)[1] * self.size))

    def descent(self, text: str) -> int:
        """Dots of ink below the baseline."""
        bitmap = max((self.glyph(c).bottom for c in text), default=0)
        return max(0, bitmap, math.ceil(-typeface().ink(text)[0] * self.size))

    def draw(self, image: Image.Image, x: int, baseline: int, text: str) -> None:
        """Black text on a 1-bit image, the pen starting at `x`."""
        for character in text:
            glyph = self.glyph(character)
            if glyph.bitmap is not None:
                image.paste(0, (x + glyph.left, baseline + glyph.top), glyph.bitmap)
            x += glyph.advance


class Typeface:
    """The font file itself."""

    def __init__(self) -> None:
        self._font = TTFont(FONT_FILE, lazy=False)
        order: dict[str, int] = self._font.getReverseGlyphMap()
        names: dict[int, str] = self._font.getBestCmap()
        self._advances: dict[str, int] = {chr(c): self._font["hmtx"][name][0] for c, name in names.items()}
        self.units_per_em: int = self._font["head"].unitsPerEm
        self.glyph_ids: dict[str, int] = {chr(c): order[name] for c, name in names.items()}
        """Character to glyph number; the embedded subset keeps these numbers."""
        self._names = {chr(c): name for c, name in names.items()}
        self._outlines: dict[str, str] = {}

    def advance(self, character: str) -> int:
        """Width of one character in font units."""
        return self._advances[character]

    @lru_cache(maxsize=4096)  # noqa: B019 - there is one Typeface
    def ink(self, text: str) -> tuple[float, float]:
        """Lowest and highest ink of a text, in ems, y upwards."""
        glyphs = [self._font["glyf"][self._names[c]] for c in text if c in self._names]
        drawn = [g for g in glyphs if g.numberOfContours]
        low = min((g.yMin for g in drawn), default=0)
        high = max((g.yMax for g in drawn), default=0)
        return low / self.units_per_em, high / self.units_per_em

    def outline(self, character: str) -> str:
        """SVG path data of one character, font units, y upwards."""
        from fontTools.pens.svgPathPen import SVGPathPen

        if character not in self._outlines:
            glyphs = self._glyph_set
            pen = SVGPathPen(glyphs)
            glyphs[self._names[character]].draw(pen)
            self._outlines[character] = str(pen.getCommands())
        return self._outlines[character]

    @cached_property
    def _glyph_set(self) -> Any:
        return self._font.getGlyphSet()

    @cached_property
    def metrics(self) -> dict[str, int]:
        """What a PDF font descriptor wants, in thousandths of an em: box, ascent, descent, cap height."""
        head, hhea, os2 = self._font["head"], self._font["hhea"], self._font["OS/2"]
        numbers = {
            "x_min": head.xMin,
            "y_min": head.yMin,
            "x_max": head.xMax,
            "y_max": head.yMax,
            "ascent": hhea.ascent,
            "descent": hhea.descent,
            "cap_height": os2.sCapHeight,
        }
        return {name: round(value * 1000 / self.units_per_em) for name, value in numbers.items()}


@cache
def typeface() -> Typeface:
    """The typeface, read once."""
    return Typeface()


@lru_cache(maxsize=256)
def face(size: int) -> Face:
    """The typeface at `size` dots per em."""
    return Face(size)


@lru_cache(maxsize=8)
def subset(characters: frozenset[str]) -> bytes:
    """A TrueType file with only these characters, glyph numbers unchanged; the same bytes for the same characters."""
    from fontTools import subset as subsetting

    options = subsetting.Options(
        retain_gids=True,
        hinting=False,
        layout_features=[],
        name_IDs=[],
        notdef_outline=True,
        recalc_timestamp=False,
    )
    font = TTFont(FONT_FILE, lazy=False, recalcTimestamp=False)
    subsetter = subsetting.Subsetter(options)
    subsetter.populate(unicodes=[ord(c) for c in characters])
    subsetter.subset(font)
    out = BytesIO()
    font.save(out, reorderTables=True)
    return out.getvalue()
