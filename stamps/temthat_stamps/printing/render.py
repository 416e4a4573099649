"""The one entry: labels and a job in, a finished file out."""

import zipfile
from collections.abc import Iterable
from typing import BinaryIO

from temthat_stamps.printing.image import preview, stamp_png, stamp_svg
from temthat_stamps.printing.job import Planner, PrintJob, RenderReport
from temthat_stamps.printing.label import Label
from temthat_stamps.printing.listing import write_list
from temthat_stamps.printing.pdf import write_pdf
from temthat_stamps.printing.tspl import write_tspl
from temthat_stamps.printing.zpl import write_zpl

_NO_TIME = (1980, 1, 1, 0, 0, 0)


def render(labels: Iterable[Label], job: PrintJob, out: BinaryIO) -> RenderReport:
    """Draws every label, in order, reading the labels once and keeping no more than a sheet of them.

    The same labels and job give the same bytes. `svg` and `png` are a zip of one file a stamp. Raises
    `LayoutTooSmall`, `PrintRefused` or `BadSymbol`; `out` then holds a part that must not be used.
    """
    if job.kind == "pdf":
        return write_pdf(labels, job, out)
    if job.kind == "zpl":
        return write_zpl(labels, job, out)
    if job.kind == "tspl":
        return write_tspl(labels, job, out)
    if job.kind == "csv":
        return write_list(labels, job.host, out)
    return _write_pictures(labels, job, out)


def preview_png(job: PrintJob, label: Label) -> bytes:
    """How one stamp of this job will look, for a screen. Raises as `render`."""
    symbol, composition, number = Planner(job).plan(label)
    return preview(composition, symbol, number)


def _write_pictures(labels: Iterable[Label], job: PrintJob, out: BinaryIO) -> RenderReport:
    planner = Planner(job)
    # PNG is compressed already, and SVG outlines shrink to a fifth.
    method = zipfile.ZIP_DEFLATED if job.kind == "svg" else zipfile.ZIP_STORED
    with zipfile.ZipFile(out, "w", method) as archive:
        for label in labels:
            symbol, composition, number = planner.plan(label)
            if job.kind == "svg":
                data = stamp_svg(composition, symbol, number, job.printer).encode()
            else:
                data = stamp_png(composition, symbol, number, job.printer)
            member = zipfile.ZipInfo(f"{label.serial:08}.{job.kind}", _NO_TIME)
            member.compress_type = method
            archive.writestr(member, data)
    return planner.tally.report(0)
