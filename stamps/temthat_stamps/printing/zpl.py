"""Label rolls in ZPL II: every field a `^GFA` picture, compressed as `:Z64:`, so that the symbol is exactly ours.

`^BQ` would leave mask and version to the printer, and no printer font has ế and ữ. Nothing is stored in the printer
and no setting outlives the row: any row can be sent again by itself. Commands: Zebra, ZPL II Programming Guide.
"""

import base64
import binascii
import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import BinaryIO

from temthat_stamps.printing.job import Planner, PrintJob, RenderReport
from temthat_stamps.printing.label import Label
from temthat_stamps.printing.roll import Bits, Field, canvas_size, rows_of_fields

_COMPRESSION = 1
"""zlib level: 6 saves a tenth of the bytes and takes as long as making the symbol."""


def write_zpl(labels: Iterable[Label], job: PrintJob, out: BinaryIO) -> RenderReport:
    """All labels, row by row. Raises as `Planner.plan`, and `PrintRefused` for a correction that cannot be."""
    planner = Planner(job)
    size = canvas_size(job)
    rows = 0
    for fields in rows_of_fields(labels, job, planner):
        out.write(zpl_row(size, fields))
        rows += 1
    return planner.tally.report(rows)


def zpl_row(size: tuple[int, int], fields: Sequence[Field]) -> bytes:
    """One row of the roll as one label format, one line of text."""
    drawn = b"".join(
        b"^FO%d,%d%b^FS" % (f.x, f.y, _shared_gfa(f.bits) if f.shared else _gfa(f.bits)) for f in fields
    )
    return b"^XA^PW%d^LL%d^LH0,0%b^PQ1^XZ\n" % (*size, drawn)


def _gfa(bits: Bits) -> bytes:
    """The picture with its sizes, its data compressed, and the CRC-16 (CCITT) that `:Z64:` wants over the base64."""
    packed = base64.b64encode(zlib.compress(bits.data, _COMPRESSION))
    total = bits.row * bits.height
    return b"^GFA,%d,%d,%d,:Z64:%b:%04X" % (total, total, bits.row, packed, binascii.crc_hqx(packed, 0))


_shared_gfa = lru_cache(maxsize=64)(_gfa)
