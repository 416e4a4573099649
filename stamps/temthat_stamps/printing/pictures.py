"""Finished files turned back into pictures of their sheets, from their bytes alone.

PDF by PDFium at the printer's resolution without smoothing, as a printer's raster is. ZPL and TSPL by small
interpreters of exactly the commands we write: anything else in the file is refused, not skipped. Pictures are Pillow
images, a byte or a bit a dot, white paper. Every source has `len()` sheets; `picture(i)` gives one.
"""

import base64
import binascii
import re
import threading
import zipfile
import zlib
from array import array
from io import BytesIO
from typing import BinaryIO, Protocol

import pypdfium2
from PIL import Image

from temthat_stamps.printing.errors import ReadBackFailed
from temthat_stamps.printing.layout import MM_PER_INCH
from temthat_stamps.printing.pdf import POINTS_PER_INCH

_PDFIUM = threading.Lock()
"""PDFium must not be used by two threads at once."""

_ZPL = re.compile(rb"\^XA\^PW(\d+)\^LL(\d+)\^LH0,0((?:\^FO[^^]+\^GFA,[^^]+\^FS)+)\^PQ1\^XZ\n")
_ZPL_FIELD = re.compile(rb"\^FO(\d+),(\d+)\^GFA,(\d+),(\d+),(\d+),:Z64:([A-Za-z0-9+/=]+):([0-9A-F]{4})\^FS")
_TSPL_SETUP = re.compile(rb"GAP [\d.]+ mm,0 mm|DIRECTION 1|REFERENCE 0,0|SHIFT 0")
_TSPL_SIZE = re.compile(rb"SIZE (\d+(?:\.\d+)?) mm,(\d+(?:\.\d+)?) mm")
_TSPL_BITMAP = re.compile(rb"BITMAP (\d+),(\d+),(\d+),(\d+),0,")
_SVG_BOX = re.compile(r'viewBox="0 0 (\d+) (\d+)"')
_SVG_SYMBOL = re.compile(r'<path transform="translate\((\d+) (\d+)\) scale\((\d+)\)" d="([Mhvz0-9 -]+)"/>')
_SVG_RUN = re.compile(r"M(\d+) (\d+)h(\d+)v1h-\d+z")
_LONGEST_COMMAND = 100
_MOST_DOTS = 20_000 * 20_000


class Pictures(Protocol):
    """The sheets of a file as pictures."""

    def __len__(self) -> int:
        """How many sheets, or rows of a roll, or pictures."""
        ...

    def picture(self, index: int) -> Image.Image:
        """One of them, counted from 0."""
        ...

    def close(self) -> None:
        """Lets go of the file's contents; the file itself stays open."""
        ...


def broken(sheet: int, vi: str, en: str) -> ReadBackFailed:
    """A file that is not what our writers write."""
    return ReadBackFailed(
        f"Tệp in hỏng ở tờ/hàng {sheet}: {vi}.", f"The print file is broken at sheet {sheet}: {en}.", sheet
    )


class PdfPictures:
    """Pages of a PDF, one picture dot a printer dot."""

    def __init__(self, file: BinaryIO, dpi: int) -> None:
        self._scale = dpi / POINTS_PER_INCH
        with _PDFIUM:
            try:
                self._document = pypdfium2.PdfDocument(file)
                self._count = len(self._document)
            except pypdfium2.PdfiumError as error:
                raise broken(0, "không mở được PDF", "the PDF does not open") from error

    def __len__(self) -> int:
        return self._count

    def picture(self, index: int) -> Image.Image:
        """One page in greys."""
        with _PDFIUM:
            try:
                page = self._document[index]
                bitmap = page.render(
                    scale=self._scale, grayscale=True, no_smoothpath=True, no_smoothtext=True
                )
            except pypdfium2.PdfiumError as error:
                raise broken(index + 1, "không vẽ được trang PDF", "the PDF page does not render") from error
            picture: Image.Image = bitmap.to_pil().copy()
            bitmap.close()
            page.close()
        return picture

    def close(self) -> None:
        """Closes the document."""
        with _PDFIUM:
            self._document.close()


class ZplPictures:
    """Label formats of a ZPL file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._starts = array("Q")
        file.seek(0)
        position = 0
        # Our base64 has no line ends: a line is a label format.
        for line in file:
            self._starts.append(position)
            position += len(line)

    def __len__(self) -> int:
        return len(self._starts)

    def picture(self, index: int) -> Image.Image:
        """What the printer would burn for one label format."""
        self._file.seek(self._starts[index])
        match = _ZPL.fullmatch(self._file.readline())
        if match is None:
            raise broken(index + 1, "lệnh ZPL lạ", "an unknown ZPL command")
        size = int(match[1]), int(match[2])
        _check_size(index, *size)
        picture = Image.new("1", size, 1)
        end = 0
        for field in _ZPL_FIELD.finditer(match[3]):
            bits = self._field(index, field)
            # Ink is added, paper is transparent: what `^FO` fields do.
            picture.paste(0, (int(field[1]), int(field[2])), bits)
            end = field.end()
        if end != len(match[3]):
            raise broken(index + 1, "lệnh ZPL lạ", "an unknown ZPL command")
        return picture

    def _field(self, index: int, field: re.Match[bytes]) -> Image.Image:
        """One ^GFA picture as a mask: 255 is ink."""
        sent, total, row = (int(field[i]) for i in (3, 4, 5))
        if int(field[7], 16) != binascii.crc_hqx(field[6], 0):
            raise broken(index + 1, "sai mã kiểm tra CRC", "the CRC is wrong")
        if sent != total or not row or total % row:
            raise broken(index + 1, "sai kích thước hình", "the picture's size is wrong")
        _check_size(index, row * 8, total // row)
        data = _inflate(index, field[6], total)
        if len(data) != total:
            raise broken(index + 1, "sai kích thước hình", "the picture's size is wrong")
        return Image.frombytes("1", (row * 8, total // row), data)

    def close(self) -> None:
        """Nothing is held."""


class TsplPictures:
    """Printed labels of a TSPL file, every command followed. Coordinates are dots of a label of the file's SIZE."""

    def __init__(self, file: BinaryIO, dpi: int) -> None:
        self._file = file
        self._dots_per_mm = dpi / MM_PER_INCH
        self._size = (0, 0)
        self._starts = array("Q")
        file.seek(0)
        start, empty = 0, True
        while line := self._command():
            if line == b"CLS":
                start, empty = file.tell(), True
            elif line == b"PRINT 1,1":
                if empty:
                    raise broken(len(self) + 1, "in nhãn trống", "an empty label is printed")
                self._starts.append(start)
            elif match := _TSPL_BITMAP.fullmatch(line):
                self._skip_bits(match)
                empty = False
            elif match := _TSPL_SIZE.fullmatch(line):
                self._size = self._dots(match[1]), self._dots(match[2])
                _check_size(0, *self._size)
            elif not _TSPL_SETUP.fullmatch(line):
                raise broken(len(self) + 1, "lệnh TSPL lạ", "an unknown TSPL command")

    def _dots(self, mm: bytes) -> int:
        return int(float(mm) * self._dots_per_mm + 1e-6)

    def _command(self) -> bytes:
        """The next command without its line end; a BITMAP up to where its data begin; empty at the end."""
        start = self._file.tell()
        head = self._file.read(_LONGEST_COMMAND)
        if match := _TSPL_BITMAP.match(head):
            self._file.seek(start + match.end())
            return match[0]
        line, end, _ = head.partition(b"\r\n")
        if head and not (line and end):
            raise broken(len(self) + 1, "lệnh không có kết thúc", "a command has no end")
        self._file.seek(start + len(line) + len(end))
        return line

    def _skip_bits(self, match: re.Match[bytes]) -> None:
        row, height = int(match[3]), int(match[4])
        _check_size(len(self), row * 8, height)
        self._file.seek(row * height, 1)
        if self._file.read(2) != b"\r\n":
            raise broken(len(self) + 1, "hình thiếu dữ liệu", "the picture is cut short")

    def __len__(self) -> int:
        return len(self._starts)

    def picture(self, index: int) -> Image.Image:
        """What one PRINT puts on the label: zero bits are ink, later bitmaps overwrite earlier ones."""
        picture = Image.new("1", self._size, 1)
        self._file.seek(self._starts[index])
        while match := _TSPL_BITMAP.fullmatch(self._command()):
            x, y, row, height = (int(group) for group in match.groups())
            picture.paste(Image.frombytes("1", (row * 8, height), self._file.read(row * height)), (x, y))
            self._file.seek(2, 1)
        return picture

    def close(self) -> None:
        """Nothing is held."""


class ZipPictures:
    """The PNG or SVG files of a zip, in the order they were put in."""

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._archive = zipfile.ZipFile(file)
        except zipfile.BadZipFile as error:
            raise broken(0, "không mở được tệp zip", "the zip does not open") from error
        self._members = self._archive.infolist()

    def __len__(self) -> int:
        return len(self._members)

    def picture(self, index: int) -> Image.Image:
        """One stamp."""
        member = self._members[index]
        try:
            data = self._archive.read(member)
            if not member.filename.endswith(".png"):
                return svg_picture(data.decode(), index)
            with Image.open(BytesIO(data)) as picture:
                return picture.copy()
        except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, ValueError) as error:
            raise broken(index + 1, "không đọc được hình", "the picture does not read") from error

    def close(self) -> None:
        """Closes the archive."""
        self._archive.close()


def svg_picture(svg: str, index: int = 0) -> Image.Image:
    """The symbol of one of our SVGs, drawn in its user unit, a printer dot. Text is left out."""
    box, symbol = _SVG_BOX.search(svg), _SVG_SYMBOL.search(svg)
    if box is None or symbol is None:
        raise broken(index + 1, "SVG không có mã", "the SVG has no symbol")
    _check_size(index, int(box[1]), int(box[2]))
    picture = Image.new("1", (int(box[1]), int(box[2])), 1)
    x, y, module = (int(symbol[i]) for i in (1, 2, 3))
    for run in _SVG_RUN.finditer(symbol[4]):
        column, row, length = (int(group) for group in run.groups())
        corner = (x + column * module, y + row * module)
        picture.paste(0, (*corner, corner[0] + length * module, corner[1] + module))
    return picture


def _inflate(index: int, packed: bytes, expected: int) -> bytes:
    """At most one byte more than expected, so that no file can make us unpack without bound."""
    try:
        return zlib.decompressobj().decompress(base64.b64decode(packed, validate=True), expected + 1)
    except (zlib.error, binascii.Error) as error:
        raise broken(index + 1, "dữ liệu nén hỏng", "the compressed data is damaged") from error


def _check_size(index: int, width: int, height: int) -> None:
    if not 0 < width * height <= _MOST_DOTS:
        raise broken(index + 1, "kích thước vô lý", "an impossible size")
