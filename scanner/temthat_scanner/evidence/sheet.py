"""An evidence file as pages to read and print: drawn here, from what was verified, not by the device that signed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from temthat_scanner.evidence.form import Check, Evidence
from temthat_scanner.evidence.proving import Finding
from temthat_stamps.files import replace_file
from temthat_stamps.texts import say, visible
from temthat_stamps.verdict import HANOI, Verdict

_DPI = 150
_PAGE = (1240, 1754)
"""A4 at `_DPI`, pixels."""
_MARGIN = 90
_PHOTO = (700, 520)
_PIXELS_LIMIT = 16_000_000
"""Pixels of a photo that are decoded; the app makes at most 1 600 x 1 600."""
_FONT = files("temthat_stamps.printing") / "fonts" / "BeVietnamPro-Medium.ttf"


def write_sheet(
    evidence: Evidence, findings: Sequence[Finding], facts: Mapping[str, str], file: Path
) -> None:
    """Write a PDF, whole or not at all; `facts` (name to value) stand above. Raises `OSError` where it cannot be."""
    pages = _Pages()
    pages.write("Bằng chứng kiểm tra kệ / Evidence of a shelf check", 34)
    if findings:
        pages.write(f"CÓ {len(findings)} CHỖ SAI / {len(findings)} THINGS WRONG", 26)
        for one in findings:
            pages.write(f"{one.check or ''} {one.vi} / {one.en}".strip(), 19)
    else:
        pages.write("NGUYÊN VẸN: không đổi từ khi ký / WHOLE: unchanged since it was signed", 26)
    for name, value in facts.items():
        pages.write(f"{name}: {visible(value)}", 19)
    for word, count in Counter(check.verdict.word for check in evidence.checks).most_common():
        pages.write(f"{count} · {_title(Verdict(word))}", 21)
    pages.rule()
    for place, check in enumerate(evidence.checks, 1):
        _write_check(pages, place, check, evidence.pictures)
    pages.rule()
    pages.write(
        "Nói về mã trên tem, không kết luận về hàng trong gói. / "
        "About codes on stamps; nothing is concluded about the goods.",
        17,
    )
    first, *rest = pages.done
    written = BytesIO()
    first.save(written, "PDF", save_all=True, append_images=rest, resolution=_DPI)
    replace_file(file, written.getvalue())


def _write_check(pages: "_Pages", place: int, check: Check, pictures: Mapping[str, bytes]) -> None:
    marks = []
    if check.duplicate_of is not None:
        marks.append(f"trùng gói / same as pack {check.duplicate_of + 1}")
    if check.stranger:
        marks.append("của nơi khác / of others")
    pages.write(" · ".join([f"{place}. {_title(check.verdict)}", *marks]), 21, keep=120)
    number = f"{check.number[0]}-{check.number[1]}" if check.number else visible(check.text[:100])
    at = f"{check.at.astimezone(HANOI):%d/%m/%Y %H:%M:%S}"
    pages.write(" · ".join(filter(None, (visible(check.product), number, at, check.how))), 17)
    if check.note:
        pages.write(visible(check.note), 19)
    for name in check.photos:
        picture = _opened(pictures.get(name, b""))
        if picture is not None:
            pages.paste(picture)
        pages.write(f"ảnh / photo {name}" + ("" if picture else " (không mở được / cannot be opened)"), 15)
    pages.skip(12)


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
    """White pages that fill from the top; grey, for their number, but for those with a photo."""

    def __init__(self) -> None:
        self.done: list[Image.Image] = []
        self._fonts: dict[int, ImageFont.FreeTypeFont] = {}
        self._turn()

    def write(self, text: str, size: int, keep: int = 0) -> None:
        """A paragraph; `size` and `keep` (room that must be left below its first line) in pixels."""
        self._need(size + keep)
        for line in self._lines(text, size):
            self._need(round(size * 1.45))
            self._draw.text((_MARGIN, self._at), line, fill="black", font=self._font(size))
            self._at += round(size * 1.45)

    def paste(self, picture: Image.Image) -> None:
        """A picture by itself."""
        self._need(picture.height + 30)
        if self.done[-1].mode == "L":
            self.done[-1] = self.done[-1].convert("RGB")
            self._draw = ImageDraw.Draw(self.done[-1])
        self.done[-1].paste(picture, (_MARGIN, self._at + 6))
        self._at += picture.height + 12

    def rule(self) -> None:
        """A line across."""
        self._need(30)
        self._draw.line((_MARGIN, self._at + 12, _PAGE[0] - _MARGIN, self._at + 12), fill="#888", width=2)
        self._at += 26

    def skip(self, height: int) -> None:
        """Leave some room."""
        self._at += height

    def _need(self, height: int) -> None:
        if self._at + height > _PAGE[1] - _MARGIN:
            self._turn()

    def _turn(self) -> None:
        page = Image.new("L", _PAGE, "white")
        self.done.append(page)
        self._draw = ImageDraw.Draw(page)
        self._at = _MARGIN

    def _font(self, size: int) -> ImageFont.FreeTypeFont:
        if size not in self._fonts:
            self._fonts[size] = ImageFont.truetype(BytesIO(_FONT.read_bytes()), size)
        return self._fonts[size]

    def _lines(self, text: str, size: int) -> list[str]:
        """Broken between words; a word that is too long, anywhere."""
        font, room = self._font(size), _PAGE[0] - 2 * _MARGIN
        lines = [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".strip()
            if font.getlength(longer) <= room:
                lines[-1] = longer
                continue
            lines.append("")
            for letter in word:
                if font.getlength(lines[-1] + letter) > room:
                    lines.append("")
                lines[-1] += letter
        return [line for line in lines if line]
