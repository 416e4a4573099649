"""An evidence file as pages to read and print: drawn here, from what was verified, not by the device that signed.

What several packs have in common (a photo, their batch) is shown with the first. A few pages are in memory at a time.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from io import BytesIO
from math import ceil
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from temthat_scanner.evidence.form import Check, Evidence, How
from temthat_scanner.evidence.proving import Finding
from temthat_scanner.evidence.service import Service
from temthat_stamps.files import whole_file
from temthat_stamps.texts import say, visible
from temthat_stamps.verdict import HANOI, Verdict

_DPI = 200
_PAGE = (1654, 2339)
"""A4 at `_DPI`, pixels."""
_MARGIN = 120
_PHOTO = (930, 690)
_PIXELS_LIMIT = 16_000_000
"""Pixels of a photo that are decoded; the app makes at most 1 600 x 1 600."""
_INK = 160
"""Grey from which on it is white, on pages without a photo: black and white is crisp on paper and small."""
_AT_ONCE = 8
"""Pages in memory."""
_WORDS = 4_000
"""Drawn words that are remembered."""
_BEARING = 6
"""Pixels a letter may reach beyond its own width."""
_LONGEST_WORD = 32
"""Characters after which a word is cut. One of so many fits a line at any size used here."""
_HOW = {
    How.ONLINE: "hỏi máy chủ / asked the service",
    How.OFFLINE: "dữ liệu trên máy / data on the device",
    How.UNAIDED: "không có dữ liệu / no data",
}
_TO_INK = [255 * (grey > _INK) for grey in range(256)]
_FONT = files("temthat_stamps.printing") / "fonts" / "BeVietnamPro-Medium.ttf"


def write_sheet(
    evidence: Evidence, findings: Sequence[Finding], facts: Mapping[str, str], file: Path
) -> None:
    """Write a PDF, whole or not at all; `facts` (name to value) stand above. Raises `OSError` where it cannot be."""
    with whole_file(file) as fresh:
        _write(_Pages(fresh), evidence, findings, facts)


def _write(
    pages: "_Pages", evidence: Evidence, findings: Sequence[Finding], facts: Mapping[str, str]
) -> None:
    pages.write("Bằng chứng kiểm tra kệ / Evidence of a shelf check", 16)
    if findings:
        pages.write(f"CÓ {len(findings)} CHỖ SAI / {len(findings)} THINGS WRONG", 12)
        for one in findings:
            pages.write(f"{one.check or ''} {one.vi} / {one.en}".strip(), 9)
    else:
        pages.write("NGUYÊN VẸN: không đổi từ khi ký / WHOLE: unchanged since it was signed", 12)
    for name, value in facts.items():
        pages.write(f"{name}: {visible(value)}", 9)
    for word, count in Counter(check.verdict.word for check in evidence.checks).most_common():
        pages.write(f"{count} · {_title(Verdict(word))}", 10)
    pages.rule()
    for place, check in enumerate(evidence.checks, 1):
        _write_check(pages, place, check, evidence.pictures)
    pages.rule()
    pages.write(
        "Nói về mã trên tem, không kết luận về hàng trong gói. / "
        "About codes on stamps; nothing is concluded about the goods.",
        8,
    )
    pages.finish()


def _write_check(pages: "_Pages", place: int, check: Check, pictures: Mapping[str, bytes]) -> None:
    marks = []
    if check.duplicate_of is not None:
        marks.append(f"trùng gói / same as pack {check.duplicate_of + 1}")
    if check.stranger:
        marks.append("của nơi khác / of others")
    pages.write(" · ".join([f"{place}. {_title(check.verdict)}", *marks]), 10, keep=160)
    number = f"{check.number[0]}-{check.number[1]}" if check.number else visible(check.text[:100])
    at = f"{check.at.astimezone(HANOI):%d/%m/%Y %H:%M:%S}"
    pages.write(" · ".join(filter(None, (visible(check.product), number, at, _HOW[check.how]))), 8)
    if check.service:
        _write_service(pages, place, check.service)
    if check.note:
        pages.write(visible(check.note), 9)
    again = []
    for name in check.photos:
        first = pages.place_of(name, place)
        if first != place:
            again.append(f"{name[:12]}… ({first})")
            continue
        picture = _opened(pictures.get(name, b""))
        if picture is not None:
            pages.paste(picture)
        pages.write(f"ảnh / photo {name}" + ("" if picture else " (không mở được / cannot be opened)"), 7)
    if again:
        pages.write(f"ảnh đã có ở gói / photos shown at pack: {', '.join(again)}", 7)
    pages.skip(16)


def _write_service(pages: "_Pages", place: int, service: Service) -> None:
    at = f"{service.at.astimezone(HANOI):%d/%m/%Y %H:%M:%S}"
    pages.write(f"Máy chủ trả lời / told by the service, {at}: {_title(Verdict(service.verdict))}", 8)
    if any(service.of_stamp()):
        pages.write(visible("· {} / {}".format(*service.of_stamp())), 8)
    lines = tuple(service.of_batch())
    first = pages.place_of(lines, place)
    if first != place:
        lines = (
            (
                f"Sổ tem, số liệu và giấy tờ của lô: như gói {first}",
                f"ledger, figures and papers as at pack {first}",
            ),
        )
    for vi, en in lines:
        pages.write(visible(f"· {vi} / {en}"), 8)


def _title(verdict: Verdict) -> str:
    return " / ".join(say(verdict, lang).title for lang in ("vi", "en"))


def _opened(data: bytes) -> Image.Image | None:
    """A photo that nobody vouches for, small enough for the page; None where it is none."""
    try:
        with Image.open(BytesIO(data), formats=["JPEG"]) as found:
            if found.width * found.height > _PIXELS_LIMIT:
                return None
            picture = found.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    picture.thumbnail(_PHOTO)
    return picture


class _Pages:
    """White pages that fill from the top; black and white, for their number, but for those with a photo.

    They go into `file`, which has them all after `finish`. Raises `OSError` where it cannot be written.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._done: list[Image.Image] = []
        self._has_begun = False
        self._fonts: dict[int, ImageFont.FreeTypeFont] = {}
        self._words: dict[tuple[str, int], tuple[Image.Image, float]] = {}
        self._places: dict[object, int] = {}
        self._turn()

    def place_of(self, what: object, place: int) -> int:
        """At which pack this was shown first: this one, if it was not yet."""
        return self._places.setdefault(what, place)

    def finish(self) -> None:
        """Write what is left."""
        first, *rest = (page.point(_TO_INK, "1") if page.mode == "L" else page for page in self._done)
        first.save(
            self._file, "PDF", save_all=True, append_images=rest, append=self._has_begun, resolution=_DPI
        )
        self._done, self._has_begun = [], True

    def write(self, text: str, points: int, keep: int = 0) -> None:
        """A paragraph; `keep`: room that must be left below its first line, in pixels."""
        size = round(points * _DPI / 72)
        self._need(size + keep)
        height = round(size * 1.45)
        for line in self._lines(text, size):
            self._need(height)
            at = float(_MARGIN)
            for word in line:
                drawn, width = self._drawn(word, size)
                self._done[-1].paste("black", (round(at) - _BEARING, self._at), drawn)
                at += width
            self._at += height

    def paste(self, picture: Image.Image) -> None:
        """A picture by itself."""
        self._need(picture.height + 40)
        if self._done[-1].mode == "L":
            self._done[-1] = self._done[-1].convert("RGB")
            self._draw = ImageDraw.Draw(self._done[-1])
        self._done[-1].paste(picture, (_MARGIN, self._at + 8))
        self._at += picture.height + 16

    def rule(self) -> None:
        """A line across."""
        self._need(40)
        self._draw.line((_MARGIN, self._at + 16, _PAGE[0] - _MARGIN, self._at + 16), fill="black", width=2)
        self._at += 34

    def skip(self, height: int) -> None:
        """Leave some room."""
        self._at += height

    def _need(self, height: int) -> None:
        if self._at + height > _PAGE[1] - _MARGIN:
            self._turn()

    def _turn(self) -> None:
        if len(self._done) == _AT_ONCE:
            self.finish()
        page = Image.new("L", _PAGE, "white")
        self._done.append(page)
        self._draw = ImageDraw.Draw(page)
        self._at = _MARGIN

    def _lines(self, text: str, size: int) -> list[list[str]]:
        """Broken between words; a word that is too long, anywhere."""
        lines: list[list[str]] = [[]]
        left = room = float(_PAGE[0] - 2 * _MARGIN)
        for word in _parts(text):
            width = self._drawn(word, size)[1]
            if width > left and lines[-1]:
                lines.append([])
                left = room
            lines[-1].append(word)
            left -= width
        return [line for line in lines if line]

    def _drawn(self, word: str, size: int) -> tuple[Image.Image, float]:
        """A word as a mask, and how far the next one stands from it. Most words come again and again."""
        known = self._words.get((word, size))
        if known is not None:
            return known
        if len(self._words) >= _WORDS:
            self._words.clear()
        font = self._font(size)
        width = font.getlength(f"{word} " if len(word) < _LONGEST_WORD else word)
        mask = Image.new("L", (ceil(width) + 2 * _BEARING, round(size * 1.45)))
        ImageDraw.Draw(mask).text((_BEARING, 0), word, fill=255, font=font)
        self._words[word, size] = mask, width
        return mask, width

    def _font(self, size: int) -> ImageFont.FreeTypeFont:
        if size not in self._fonts:
            self._fonts[size] = ImageFont.truetype(BytesIO(_FONT.read_bytes()), size)
        return self._fonts[size]


def _parts(text: str) -> Iterator[str]:
    """The words; what no line may be able to hold, in pieces."""
    for word in text.split():
        yield from (word[at : at + _LONGEST_WORD] for at in range(0, len(word), _LONGEST_WORD))
