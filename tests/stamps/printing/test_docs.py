"""docs/printing.md: its tables are what the code does."""

import re
from pathlib import Path

from temthat_stamps.printing import LAYOUTS, Layout, Printer
from temthat_stamps.printing.composition import compose

from .conftest import HOST

PAGE = (Path(__file__).parents[3] / "docs" / "printing.md").read_text("utf-8")


def largest(layout: Layout, dpi: int, modules: int) -> str:
    """The cell of the table: millimetres with quiet zone (dots a module)."""
    printer = Printer(dpi)
    composition = compose(layout, printer, modules, HOST)
    if composition is None:
        return "–"
    box = composition.quiet_box
    return f"{printer.mm(box[2] - box[0]):.1f} ({composition.module})"


def test_the_tables_have_every_layout_with_its_sizes() -> None:
    """Labels, size, and the largest code at both levels on both usual printers."""
    rows = {
        row[0]: row[1:]
        for row in re.findall(r"\| `([a-z0-9-]+)` \| (.+) \| (.+) \| (.+) \| (.+) \| (.+) \| (.+) \|", PAGE)
    }
    for layout_id, layout in LAYOUTS.items():
        labels = f"{layout.cols} × {layout.rows}" if layout.medium == "sheet" else str(layout.cols)
        dpis = (300, 600) if layout.medium == "sheet" else (203, 300)
        sizes = [largest(layout, dpi, modules) for dpi in dpis for modules in (41, 49)]
        assert rows.get(layout_id) == (labels, f"{layout.cell_w:g} × {layout.cell_h:g}", *sizes)
    assert set(rows) == set(LAYOUTS)
