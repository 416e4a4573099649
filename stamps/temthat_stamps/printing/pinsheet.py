"""PINs on sheets of their own, cell by cell where the stamps stand on theirs.

For who has no print house: each is stuck beside its stamp and covered with a scratch sticker. The sheets hold no symbol
and no address; the printed number tells whose PIN it is.
"""

from collections.abc import Iterable
from typing import BinaryIO

from temthat_stamps.printing.errors import PrintRefused
from temthat_stamps.printing.job import PrintJob, RenderReport, Tally, pages
from temthat_stamps.printing.label import Label
from temthat_stamps.printing.pdf import begin_page, page_points, show
from temthat_stamps.printing.pdffile import PdfFile
from temthat_stamps.printing.typeface import face

_PIN_MM, _NUMBER_MM, _LEAST_MM = 6.0, 2.4, 0.9
_USED = 0.86
"""How much of a cell's width may be written on."""


def write_pin_sheets(labels: Iterable[Label], job: PrintJob, out: BinaryIO) -> RenderReport:
    """A PDF with the pages and cells of the job's layout. Raises `PrintRefused` for a label without a PIN."""
    pdf, tally, count = PdfFile(out, "TemThật · PIN"), Tally(), 0
    origins = job.layout.origins(job.printer)
    for page in pages(labels, job):
        count += 1
        content = [begin_page(job.layout.page_h, job.printer), b"BT\n"]
        for placed in page.placed:
            tally.add(placed.label)
            content += _cell(pdf, job, placed.label, *origins[placed.cell])
        pdf.page(*page_points(job.layout), b"".join([*content, b"ET\n"]))
    report = tally.report(count)
    pdf.close()
    return report


def _cell(pdf: PdfFile, job: PrintJob, label: Label, x: int, y: int) -> list[bytes]:
    """The PIN in the middle, large, and below it the number, each as large as fits."""
    if label.pin is None:
        raise PrintRefused(
            f"Tem thứ {label.serial} không có mã PIN; đợt in này không dùng PIN.",
            f"Serial {label.serial} has no PIN; this run does not use PINs.",
        )
    width, height = job.printer.room(job.layout.cell_w), job.printer.room(job.layout.cell_h)
    pin, number = f"{label.pin[:3]} {label.pin[3:]}", label.grouped_number
    size, small = _fitting(job, pin, width, _PIN_MM), _fitting(job, number, width, _NUMBER_MM)
    middle = y + height // 2
    return [
        show(pdf, pin, x, middle, size, width),
        show(pdf, number, x, middle + 2 * small, small, width),
    ]


def _fitting(job: PrintJob, text: str, width: int, most_mm: float) -> int:
    """The size in dots at which a line fits into the cell."""
    size, least = job.printer.length(most_mm), job.printer.length(_LEAST_MM)
    while size > least and face(size).width(text) > _USED * width:
        size -= 1
    return size
