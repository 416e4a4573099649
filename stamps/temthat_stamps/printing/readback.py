"""Reading a finished file back before it is released: what a phone will read is what was signed, in this order.

Each sheet is rasterised at the printer's resolution, each label is cut out where the layout says it stands, and must
hold exactly one symbol, with exactly the expected text, read without any error correction spent. Labels before the
start position and after the last one must be empty. Small jobs are read whole; of large ones the first sheet, the last
and random ones between.
"""

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from typing import Any, BinaryIO

import zxingcpp
from PIL import Image

from temthat_stamps.printing.errors import ReadBackFailed
from temthat_stamps.printing.job import PrintJob
from temthat_stamps.printing.listing import harmless
from temthat_stamps.printing.pictures import (
    PdfPictures,
    Pictures,
    TsplPictures,
    ZipPictures,
    ZplPictures,
    broken,
)
from temthat_stamps.printing.roll import canvas_origins

Box = tuple[int, int, int, int]
_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


@dataclass(frozen=True, slots=True)
class Sample:
    """How much of a file is read: all of it up to `all_up_to` stamps, else the first and the last sheet, and random
    ones of `at_least` stamps between them.

    `seed` chooses the random sheets: the same seed, the same sheets.
    """

    all_up_to: int = 500
    at_least: int = 300
    seed: int = 0


@dataclass(frozen=True, slots=True)
class ReadBackReport:
    """What was read. `count`: stamps in the file; `read`: of these, read and compared."""

    count: int
    read: int
    sheets: int


def read_back(
    data: bytes | BinaryIO, job: PrintJob, expected: Sequence[str], sample: Sample | None = None
) -> ReadBackReport:
    """Compares a finished file with the texts its symbols must have, in printing order.

    `data` is the file's bytes, or the open file (left open, its position moved). Raises `ReadBackFailed` with sheet and
    position of the first stamp that is not as it must be.
    """
    file = BytesIO(data) if isinstance(data, bytes) else data
    if job.kind == "csv":
        return _read_list(file, expected)
    pictures = _pictures(file, job)
    try:
        return _Reading(job, pictures, expected).run(sample or Sample())
    finally:
        pictures.close()


def _pictures(file: BinaryIO, job: PrintJob) -> Pictures:
    if job.kind == "pdf":
        return PdfPictures(file, job.printer.dpi)
    if job.kind == "zpl":
        return ZplPictures(file)
    if job.kind == "tspl":
        return TsplPictures(file, job.printer.dpi)
    return ZipPictures(file)


class _Reading:
    """One file being read."""

    def __init__(self, job: PrintJob, pictures: Pictures, expected: Sequence[str]) -> None:
        self._pictures = pictures
        self._expected = expected
        single = job.kind in ("svg", "png")
        self._skipped = 0 if single else job.start_position - 1
        self._boxes = [None] if single else _boxes(job)

    def run(self, sample: Sample) -> ReadBackReport:
        """Reads the sheets that the sample names."""
        sheets, per_sheet = len(self._pictures), len(self._boxes)
        needed = -(-(len(self._expected) + self._skipped) // per_sheet)
        if not self._expected or sheets != needed:
            raise ReadBackFailed(
                f"Tệp có {sheets} tờ/hàng, phải là {needed}.",
                f"The file has {sheets} sheets, it should be {needed}.",
            )
        chosen = _choose(sheets, per_sheet, len(self._expected), sample)
        read = sum(self._read_sheet(sheet) for sheet in chosen)
        return ReadBackReport(len(self._expected), read, sheets)

    def _read_sheet(self, sheet: int) -> int:
        """Reads every label of one sheet; how many stamps it held."""
        picture = self._pictures.picture(sheet)
        read = 0
        for cell, box in enumerate(self._boxes):
            index = sheet * len(self._boxes) + cell - self._skipped
            wanted = self._expected[index] if 0 <= index < len(self._expected) else None
            found = read_symbols(picture.crop(box) if box else picture)
            _compare(found, wanted, sheet + 1, cell + 1)
            read += wanted is not None
        return read


def _boxes(job: PrintJob) -> list[Box | None]:
    """Every label's box on a sheet's picture."""
    origins = job.layout.origins(job.printer) if job.kind == "pdf" else canvas_origins(job)
    width, height = job.printer.room(job.layout.cell_w), job.printer.room(job.layout.cell_h)
    return [(x, y, x + width, y + height) for x, y in origins]


def _choose(sheets: int, per_sheet: int, count: int, sample: Sample) -> list[int]:
    """The first sheet, the last, and random full ones in between for as many stamps as the sample asks."""
    if count <= sample.all_up_to:
        return list(range(sheets))
    between = range(1, sheets - 1)
    wanted = min(len(between), -(-sample.at_least // per_sheet))
    return sorted({0, sheets - 1, *random.Random(sample.seed).sample(between, wanted)})  # noqa: S311


@dataclass(frozen=True, slots=True)
class Found:
    """A symbol that was read, `x` dots from the left. `unspent`: share of its error correction not needed."""

    text: str
    unspent: float
    x: int


def read_symbols(picture: Image.Image) -> list[Found]:
    """Every QR symbol of an upright raster in black and white, which needs none of what a photo needs."""
    grey = picture.convert("L")
    view = memoryview(grey.tobytes()).cast("B", (grey.height, grey.width))
    symbols: list[Any] = zxingcpp.read_barcodes(
        view,
        formats=_QR,
        try_rotate=False,
        try_downscale=False,
        try_invert=False,
        binarizer=zxingcpp.Binarizer.FixedThreshold,
    )
    return [Found(s.text, float(s.extra.get("UEC", 0.0)), s.position.top_left.x) for s in symbols]


def _compare(found: list[Found], wanted: str | None, sheet: int, position: int) -> None:
    if wanted is None and not found:
        return
    if wanted is None:
        problem = ("ô này phải để trống", "this label should be empty")
    elif not found:
        problem = ("không đọc được mã", "the symbol does not read")
    elif len(found) > 1:
        problem = ("có hơn một mã", "there is more than one symbol")
    elif found[0].text != wanted:
        problem = ("mã đọc được khác mã đã ký", "it reads another text than was signed")
    elif found[0].unspent < 1:
        problem = ("mã in ra bị lỗi ô", "the symbol has wrong modules")
    else:
        return
    raise ReadBackFailed(
        f"Kiểm tra trước khi in: tờ/hàng {sheet}, vị trí {position}: {problem[0]}. Tệp không được phát hành.",
        f"Read-back: sheet {sheet}, position {position}: {problem[1]}. The file is not released.",
        sheet,
        position,
    )


def _read_list(file: BinaryIO, expected: Sequence[str]) -> ReadBackReport:
    """A list has its texts in clear: all of them are compared."""
    file.seek(0)
    text = TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        rows = csv.DictReader(text)
        count = 0
        for count, row in enumerate(rows, 1):
            if count > len(expected) or row.get("url") != harmless(expected[count - 1]):
                raise broken(count, "dòng khác mã đã ký", "the line differs from what was signed")
    except (UnicodeDecodeError, csv.Error) as error:
        raise broken(0, "không đọc được CSV", "the CSV does not read") from error
    finally:
        text.detach()
    if count != len(expected):
        raise broken(count, "thiếu dòng", "lines are missing")
    return ReadBackReport(count, count, 0)
