"""Pictures of stamps and symbols: true size, no font needed, readable."""

import re
from io import BytesIO
from xml.etree import ElementTree

from PIL import Image

from temthat_stamps.printing import Printer, PrintJob, find_layout, make_symbol
from temthat_stamps.printing.image import stamp_png, stamp_svg, symbol_png, symbol_svg
from temthat_stamps.printing.job import Planner
from temthat_stamps.printing.pictures import svg_picture
from temthat_stamps.printing.readback import read_symbols

from .conftest import HOST, label

JOB = PrintJob("svg", find_layout("roll-50x30-1"), Printer(300), "Q", HOST)


def test_a_png_has_its_resolution_and_reads() -> None:
    """Programs place it at its true size: 50 x 30 mm."""
    symbol, composition, number = Planner(JOB).plan(label(1))
    with Image.open(BytesIO(stamp_png(composition, symbol, number, JOB.printer))) as picture:
        assert picture.mode == "1"
        assert picture.size == (590, 354)
        assert round(picture.info["dpi"][0]) == 300
        assert [found.text for found in read_symbols(picture)] == [label(1).url]


def test_an_svg_is_well_formed_of_true_size_and_needs_no_font() -> None:
    """Outlines instead of <text>, millimetres instead of pixels."""
    symbol, composition, number = Planner(JOB).plan(label(1))
    svg = stamp_svg(composition, symbol, number, JOB.printer)
    root = ElementTree.fromstring(svg)
    assert root.attrib["width"] == "49.953mm"
    assert root.attrib["height"] == "29.972mm"
    assert "<text" not in svg
    assert "font" not in svg
    words = re.findall(r'aria-label="([^"]+)"', svg)
    assert {"Tem truy xuất", "Lô 2026-05-A1", HOST} <= set(words)
    assert [found.text for found in read_symbols(svg_picture(svg))] == [label(1).url]


def test_names_cannot_break_out_of_the_svg() -> None:
    """Markup in a product's name stays text."""
    name = 'Trà <script>alert("x")</script> & "sen"'
    symbol, composition, number = Planner(JOB).plan(label(1, lines=(name,)))
    svg = stamp_svg(composition, symbol, number, JOB.printer)
    assert "<script" not in svg
    ElementTree.fromstring(svg)


def test_bare_symbols_have_their_quiet_zone() -> None:
    """For a designer's own artwork: four white modules all around, in both formats."""
    symbol = make_symbol(label(1).url, "M")
    with Image.open(BytesIO(symbol_png(symbol, module=5))) as png:
        assert png.size == (49 * 5, 49 * 5)
        ink = png.convert("L").point(lambda value: 255 - value).getbbox()
        assert ink == (20, 20, 225, 225)
        assert [found.text for found in read_symbols(png)] == [label(1).url]
    picture = svg_picture(symbol_svg(symbol, module=5))
    assert picture.convert("L").point(lambda value: 255 - value).getbbox() == (20, 20, 225, 225)
    assert [found.text for found in read_symbols(picture)] == [label(1).url]
