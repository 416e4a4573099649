"""From stamps to paper: symbols, labels, sheets, rolls, and reading them back before release.

    job = PrintJob("pdf", find_layout("a4-65"), Printer(dpi=600), "M", "temthat.vn")
    with open("tem.pdf", "wb") as out:
        report = render(labels, job, out)
    read_back(open("tem.pdf", "rb"), job, [label.url for label in labels])

Pure: values and bytes in, bytes out; no database, no web framework. Read in this order: `symbol`, `label`, `layout`,
`composition`, `job`, then the file of the format you want.
"""

from temthat_stamps.printing.calibration import calibration_page
from temthat_stamps.printing.errors import (
    BadLayout,
    BadSymbol,
    LayoutTooSmall,
    PrintingError,
    PrintRefused,
    ReadBackFailed,
)
from temthat_stamps.printing.job import Kind, PrintJob, RenderReport, plan
from temthat_stamps.printing.label import Label
from temthat_stamps.printing.layout import LAYOUTS, Layout, Printer, find_layout, roll, sheet
from temthat_stamps.printing.listing import write_list, write_pins
from temthat_stamps.printing.readback import ReadBackReport, Sample, read_back
from temthat_stamps.printing.render import preview_png, render
from temthat_stamps.printing.symbol import Level, Symbol, make_symbol, reference_symbol

__all__ = [
    "LAYOUTS",
    "BadLayout",
    "BadSymbol",
    "Kind",
    "Label",
    "Layout",
    "LayoutTooSmall",
    "Level",
    "PrintJob",
    "PrintRefused",
    "Printer",
    "PrintingError",
    "ReadBackFailed",
    "ReadBackReport",
    "RenderReport",
    "Sample",
    "Symbol",
    "calibration_page",
    "find_layout",
    "make_symbol",
    "plan",
    "preview_png",
    "read_back",
    "reference_symbol",
    "render",
    "roll",
    "sheet",
    "write_list",
    "write_pins",
]
