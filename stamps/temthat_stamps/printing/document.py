"""A document to read, page after page: headings, paragraphs, facts, tables, pictures, symbols, links.

    document = Document(out, "Hồ sơ sản phẩm", footer="tem.example.vn")
    document.heading("Mật ong An Sơn")
    document.facts([("Đơn vị", "HTX An Sơn")])
    document.close()

Text runs on to the next page by itself, a table's head is repeated there, and every page says which of how many it is.
A page leaves memory when it is full. The same calls give the same bytes.
"""

import io
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO, Literal

from PIL import Image

from temthat_stamps.printing.pdffile import Link, PdfFile
from temthat_stamps.printing.symbol import Symbol, make_symbol
from temthat_stamps.printing.typeface import typeface

WIDTH, HEIGHT = 595.28, 841.89
"""A4, points."""

LEFT, TOP, BOTTOM = 56.0, 54.0, 62.0
"""Margins, points; the right one is like the left."""

ROOM = WIDTH - 2 * LEFT
"""What a line may be wide, points."""

_BODY = 9.5
_LEADING = 1.45
_STEP = 18.0
"""How far the text of a step stands from the left margin."""

_THUMB = 54.0
"""How high the pictures of a step are."""

_LONGEST = 20_000
_JPEG_QUALITY = 82
_INK = "0.1 0.11 0.1"
_SOFT = "0.36 0.39 0.36"
_BRAND = "0.05 0.34 0.64"
_LINE = "0.82 0.82 0.79"
_PALE = "0.955 0.953 0.94"
_WARN = "0.7 0.13 0.11"
Tone = Literal["ink", "soft", "brand", "warn"]
_TONES: dict[Tone, str] = {"ink": _INK, "soft": _SOFT, "brand": _BRAND, "warn": _WARN}


@dataclass(frozen=True, slots=True)
class Cell:
    """A text in a table or beside a label; `link` makes it open an address."""

    text: str
    tone: Tone = "ink"
    link: str = ""


Words = str | Cell


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a way: what, when and where, what is said of it, who says so, and small pictures of it."""

    what: str
    when: str = ""
    said: Sequence[str] = ()
    who: str = ""
    pictures: Sequence[bytes] = ()


class Document:
    """Pages under construction, from the top down. Call `close` once."""

    def __init__(self, out: BinaryIO, title: str, *, footer: str = "", lang: str = "vi-VN") -> None:
        self._pdf = PdfFile(out, title, lang=lang)
        self._total = self._pdf.reserve()
        self._footer = readable(footer)
        self._english = lang.startswith("en")
        self._pages = 0
        self._start_page()

    @property
    def room(self) -> float:
        """Points left above the bottom margin."""
        return self._y - BOTTOM

    def _width(self) -> float:
        """How wide a line may be here: less where a symbol stands at the right."""
        lowest, taken = self._beside
        return ROOM - taken if self._y > lowest else ROOM

    def _start_page(self) -> None:
        self._content: list[bytes] = []
        self._drawn: dict[str, int] = {"Total": self._total}
        self._links: list[Link] = []
        self._y = HEIGHT - TOP
        self._beside = (HEIGHT, 0.0)

    def new_page(self) -> None:
        """Go on at the top of the next page."""
        self._pages += 1
        baseline = BOTTOM - 26
        said = f"{'Page' if self._english else 'Trang'} {self._pages} / "
        total_at = WIDTH - LEFT - 18
        self._line(LEFT, BOTTOM - 12, ROOM)
        self._put(self._footer, LEFT, baseline, 7.5, "soft")
        self._put(said, total_at - width_of(said, 7.5), baseline, 7.5, "soft")
        self._content.append(b"q 1 0 0 1 %.2f %.2f cm /Total Do Q\n" % (total_at, baseline - 3))
        self._pdf.page(WIDTH, HEIGHT, b"".join(self._content), self._drawn, self._links)
        self._start_page()

    def close(self) -> None:
        """The last page, and how many there are."""
        self.new_page()
        drawn = self._text(str(self._pages), 0, 3, 7.5, "soft")
        self._pdf.fill(self._total, 40, 14, drawn)
        self._pdf.close()

    def space(self, points: float) -> None:
        """Leave some room, not at the top of a page."""
        if self._y < HEIGHT - TOP:
            self._y -= points

    def need(self, points: float) -> None:
        """Begin a new page unless that much is left of this one."""
        if self.room < points and self._y < HEIGHT - TOP:
            self.new_page()

    def heading(self, text: str, size: float = 13, tone: Tone = "brand") -> None:
        """A heading, kept together with what follows it."""
        self.space(size * 0.9)
        self.need(size * 2 + 60)
        self.paragraph(text, size, tone)
        self._y -= 3

    def paragraph(self, text: Words, size: float = _BODY, tone: Tone = "ink", *, indent: float = 0) -> None:
        """A text across the page."""
        self._lines(text if isinstance(text, Cell) else Cell(text, tone), size, indent)

    def _lines(
        self, cell: Cell, size: float, indent: float, *, barred: bool = False, dotted: bool = False
    ) -> None:
        step = size * _LEADING
        for number, line in enumerate(wrapped(cell.text, size, self._width() - indent)):
            self.need(step)
            if barred:
                self._bar(step)
            else:
                self._y -= step
            if dotted and number == 0:
                self._dot(self._y + step / 2)
            self._show(cell, line, LEFT + indent, self._y + size * 0.35, size)

    def facts(self, lines: Iterable[tuple[str, Words]], label_width: float = 132) -> None:
        """Labels with what they say; lines that say nothing are left out."""
        for label, said in lines:
            if said if isinstance(said, str) else said.text:
                widths = [label_width, self._width() - label_width]
                self._row([Cell(label, "soft"), said], widths, _BODY, ruled=False)

    def table(
        self,
        heads: Sequence[str],
        rows: Iterable[Sequence[Words]],
        shares: Sequence[float],
        size: float = 8.5,
    ) -> None:
        """A table as wide as the page; `shares`: how the columns divide it. The head is repeated on each page."""
        widths = [ROOM * share / sum(shares) for share in shares]
        self._head(heads, widths, size)
        for row in rows:
            self._row(row, widths, size, ruled=True, heads=heads)
        self._y -= 4

    def _head(self, heads: Sequence[str], widths: Sequence[float], size: float) -> None:
        height = (
            max(len(wrapped(h, size, w - 8)) for h, w in zip(heads, widths, strict=True)) * size * _LEADING
        )
        self.need(height + 60)
        self._content.append(
            f"q {_PALE} rg {LEFT:.2f} {self._y - height - 7:.2f} {ROOM:.2f} {height + 6:.2f} re f Q\n".encode()
        )
        self._row([Cell(head, "soft") for head in heads], widths, size, ruled=False)

    def _row(
        self,
        cells: Sequence[Words],
        widths: Sequence[float],
        size: float,
        *,
        ruled: bool,
        heads: Sequence[str] | None = None,
    ) -> None:
        """One row; a long one runs on to the next page."""
        said = [cell if isinstance(cell, Cell) else Cell(cell) for cell in cells]
        todo = [wrapped(cell.text, size, width - 8) for cell, width in zip(said, widths, strict=True)]
        step = size * _LEADING
        whole = max(len(lines) for lines in todo) * step + 6
        if whole > self.room and whole < (HEIGHT - TOP - BOTTOM) / 2:
            self._again(heads, widths, size)
        while any(todo):
            fits = int((self.room - 6) // step)
            if fits < 1:
                self._again(heads, widths, size)
                continue
            self._y -= 3
            x = LEFT
            for cell, width, lines in zip(said, widths, todo, strict=True):
                for number, line in enumerate(lines[:fits]):
                    self._show(cell, line, x + 4, self._y - number * step - size, size)
                x += width
            self._y -= min(fits, max(len(lines) for lines in todo)) * step + 3
            todo = [lines[fits:] for lines in todo]
        if ruled:
            self._line(LEFT, self._y, ROOM)

    def _again(self, heads: Sequence[str] | None, widths: Sequence[float], size: float) -> None:
        self.new_page()
        if heads is not None:
            self._head(heads, widths, size)

    def steps(self, steps: Iterable[Step]) -> None:
        """A way from the first step to the last, as a line with a dot at each."""
        for number, step in enumerate(steps):
            self.need(60)
            if number:
                self._bar(6)
            title = f"{step.what}  ·  {step.when}" if step.when else step.what
            self._lines(Cell(title, "brand"), 9.5, _STEP, barred=True, dotted=True)
            for text in step.said:
                self._lines(Cell(text), 9, _STEP, barred=True)
            self._row_of_pictures(step.pictures)
            if step.who:
                self._lines(Cell(step.who, "soft"), 8, _STEP, barred=True)

    def _row_of_pictures(self, pictures: Iterable[bytes]) -> None:
        """Small pictures side by side; what does not fit one row, and what is no picture, is left out."""
        high = _THUMB
        made = [small for data in pictures if (small := as_jpeg(data, 2 * high, high)) is not None]
        if not made:
            return
        self.need(high + 8)
        self._bar(high + 6)
        x = LEFT + _STEP
        for data, wide, tall in made:
            width = high * wide / tall
            if x + width > WIDTH - LEFT:
                break
            self._draw(self._pdf.jpeg(data, wide, tall), x, self._y + 3, width, high)
            x += width + 6

    def _bar(self, height: float) -> None:
        """A piece of the line that joins steps, going down."""
        x = LEFT + 5
        self._content.append(
            f"q {_LINE} RG 1.6 w {x:.2f} {self._y:.2f} m {x:.2f} {self._y - height:.2f} l S Q\n".encode()
        )
        self._y -= height

    def _dot(self, y: float) -> None:
        """A round mark on that line."""
        x, r = LEFT + 5, 3.4
        c = r * 0.5523
        self._content.append(
            (
                f"q {_BRAND} rg {x + r:.2f} {y:.2f} m"
                f" {x + r:.2f} {y + c:.2f} {x + c:.2f} {y + r:.2f} {x:.2f} {y + r:.2f} c"
                f" {x - c:.2f} {y + r:.2f} {x - r:.2f} {y + c:.2f} {x - r:.2f} {y:.2f} c"
                f" {x - r:.2f} {y - c:.2f} {x - c:.2f} {y - r:.2f} {x:.2f} {y - r:.2f} c"
                f" {x + c:.2f} {y - r:.2f} {x + r:.2f} {y - c:.2f} {x + r:.2f} {y:.2f} c f Q\n"
            ).encode()
        )

    def picture(self, data: bytes, most_width: float, most_height: float) -> bool:
        """A picture in any format Pillow reads, no larger than that; False if there is none in these bytes."""
        made = as_jpeg(data, most_width, most_height)
        if made is None:
            return False
        jpeg, pixels_wide, pixels_high = made
        scale = min(most_width / pixels_wide, most_height / pixels_high)
        width, height = pixels_wide * scale, pixels_high * scale
        self.need(height + 6)
        self._y -= height
        self._draw(self._pdf.jpeg(jpeg, pixels_wide, pixels_high), LEFT, self._y, width, height)
        self._y -= 6
        return True

    def _draw(self, number: int, x: float, y: float, width: float, height: float) -> None:
        name = f"I{number}"
        self._drawn[name] = number
        self._content.append(f"q {width:.2f} 0 0 {height:.2f} {x:.2f} {y:.2f} cm /{name} Do Q\n".encode())

    def symbol(self, address: str, side: float) -> None:
        """The QR code of an address at the right edge, beside what follows."""
        symbol = make_symbol(address)
        x = WIDTH - LEFT - side
        self._beside = (self._y - side - 4, side + 16)
        module = side / symbol.size
        self._content.append(
            f"q {_INK} rg {module:.5f} 0 0 {-module:.5f} {x:.2f} {self._y:.2f} cm\n".encode()
            + _modules(symbol)
            + b"f Q\n"
        )
        self._links.append((x, self._y - side, x + side, self._y, address))

    def _show(self, cell: Cell, line: str, x: float, baseline: float, size: float) -> None:
        tone: Tone = "brand" if cell.link else cell.tone
        self._put(line, x, baseline, size, tone)
        if cell.link and cell.link.isascii():
            self._links.append((x, baseline - 2, x + width_of(line, size), baseline + size, cell.link))

    def _put(self, text: str, x: float, baseline: float, size: float, tone: Tone) -> None:
        self._content.append(self._text(text, x, baseline, size, tone))

    def _text(self, text: str, x: float, baseline: float, size: float, tone: Tone) -> bytes:
        shown = self._pdf.text(text)
        return (
            f"BT {_TONES[tone]} rg /F {size:.2f} Tf {x:.2f} {baseline:.2f} Td ".encode() + shown + b" Tj ET\n"
        )

    def _line(self, x: float, y: float, width: float) -> None:
        self._content.append(f"q {_LINE} RG 0.6 w {x:.2f} {y:.2f} m {x + width:.2f} {y:.2f} l S Q\n".encode())


def readable(text: str) -> str:
    """Text as this typeface can show it: composed (NFC), blanks collapsed, nothing invisible, the unknown as "?"."""
    known = typeface().glyph_ids
    composed = " ".join(unicodedata.normalize("NFC", text[: 2 * _LONGEST]).split())[:_LONGEST]
    return "".join(
        c if c in known else "?" for c in composed if unicodedata.category(c) not in ("Cc", "Cf", "Mn")
    )


def width_of(text: str, size: float) -> float:
    """How wide a text is, points."""
    return sum(_advance(c) for c in text) * size


@lru_cache(maxsize=1024)
def _advance(character: str) -> float:
    face = typeface()
    return face.advance(character) / face.units_per_em


def wrapped(text: str, size: float, width: float) -> list[str]:
    """A text in lines no wider than that; a word longer than a line is cut."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines += _wrapped(readable(paragraph), size, width)
    return lines or [""]


def _wrapped(text: str, size: float, width: float) -> list[str]:
    lines, line, used = [], "", 0.0
    blank = width_of(" ", size)
    for word in text.split(" "):
        long = width_of(word, size)
        if line and used + blank + long > width:
            lines.append(line)
            line, used = "", 0.0
        while long > width:
            fits = _that_fit(word, size, width)
            lines.append(word[:fits])
            word = word[fits:]  # noqa: PLW2901 - the rest of the word goes on
            long = width_of(word, size)
        line, used = (f"{line} {word}", used + blank + long) if line else (word, long)
    return [*lines, line]


def _that_fit(word: str, size: float, width: float) -> int:
    used = 0.0
    for number, character in enumerate(word):
        used += _advance(character) * size
        if used > width:
            return max(number, 1)
    return len(word)


def as_jpeg(data: bytes, most_width: float, most_height: float) -> tuple[bytes, int, int] | None:
    """A picture as baseline JPEG at no more than 200 dots an inch of that room (points), with its size in pixels.

    None for bytes that are no picture: a document does without rather than fails.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as opened:
            picture = opened.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    picture.thumbnail((int(most_width / 72 * 200), int(most_height / 72 * 200)), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_JPEG_QUALITY, subsampling="4:2:0")
    return out.getvalue(), picture.width, picture.height


def _modules(symbol: Symbol) -> bytes:
    """Dark modules as rectangles, module units, y downwards."""
    drawn = []
    for y, row in enumerate(symbol.rows()):
        x = 0
        while x < len(row):
            end = x
            while end < len(row) and row[end]:
                end += 1
            if end > x:
                drawn.append(b"%d %d %d 1 re\n" % (x, y, end - x))
            x = max(end, x + 1)
    return b"".join(drawn)
