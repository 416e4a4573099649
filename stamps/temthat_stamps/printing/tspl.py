"""Label rolls in TSPL (TSC, Xprinter and most small label printers in Vietnam): every field a `BITMAP`.

Pictures are sent as they are, one bit a dot, 0 for ink: TSPL has no compression that all of these printers know.
Commands: TSC, TSPL/TSPL2 Programming Manual.
"""

from collections.abc import Iterable, Sequence
from typing import BinaryIO

from temthat_stamps.printing.job import Planner, PrintJob, RenderReport
from temthat_stamps.printing.label import Label
from temthat_stamps.printing.roll import Field, rows_of_fields

_INVERTED = bytes(range(255, -1, -1))


def write_tspl(labels: Iterable[Label], job: PrintJob, out: BinaryIO) -> RenderReport:
    """All labels, row by row. Raises as `Planner.plan`, and `PrintRefused` for a correction that cannot be."""
    planner = Planner(job)
    out.write(tspl_setup(job))
    rows = 0
    for fields in rows_of_fields(labels, job, planner):
        out.write(tspl_row(fields))
        rows += 1
    return planner.tally.report(rows)


def tspl_setup(job: PrintJob) -> bytes:
    """The media, once at the start."""
    _, width, height = job.layout.canvas
    return (
        f"SIZE {width:g} mm,{height:g} mm\r\nGAP {job.layout.gap:g} mm,0 mm\r\n"
        "DIRECTION 1\r\nREFERENCE 0,0\r\nSHIFT 0\r\n"
    ).encode("ascii")


def tspl_row(fields: Sequence[Field]) -> bytes:
    """One row of the roll. Later fields overwrite earlier ones (mode 0): what fills up their last byte is paper."""
    drawn = b"".join(
        b"BITMAP %d,%d,%d,%d,0,%b\r\n"
        % (f.x, f.y, f.bits.row, f.bits.height, f.bits.data.translate(_INVERTED))
        for f in fields
    )
    return b"CLS\r\n%bPRINT 1,1\r\n" % drawn
