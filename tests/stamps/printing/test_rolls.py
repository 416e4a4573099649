"""Label rolls: ZPL and TSPL are the same picture as the stamp, and read at the printer's resolution."""

import binascii
import re
from io import BytesIO

import pytest
from PIL import Image

from temthat_stamps.printing import (
    LAYOUTS,
    Kind,
    Label,
    Level,
    Printer,
    PrintJob,
    PrintRefused,
    find_layout,
    read_back,
    render,
)
from temthat_stamps.printing.bitmap import stamp_image
from temthat_stamps.printing.job import Planner
from temthat_stamps.printing.pictures import TsplPictures, ZplPictures
from temthat_stamps.printing.roll import canvas_origins, canvas_size

from .conftest import HOST, MakeLabels

ROLLS = [layout_id for layout_id, layout in LAYOUTS.items() if layout.medium == "roll"]
KINDS: list[Kind] = ["zpl", "tspl"]


def job(kind: Kind, layout: str, dpi: int = 203, level: Level = "M", start: int = 1) -> PrintJob:
    return PrintJob(kind, find_layout(layout), Printer(dpi), level, HOST, start)


def printed(labels: list[Label], of: PrintJob) -> bytes:
    out = BytesIO()
    render(labels, of, out)
    return out.getvalue()


def expected_row(labels: list[Label], of: PrintJob) -> Image.Image:
    """The row drawn plainly: whole stamps side by side."""
    picture = Image.new("1", canvas_size(of), 1)
    planner = Planner(of)
    for one, corner in zip(labels, canvas_origins(of), strict=False):
        symbol, composition, number = planner.plan(one)
        picture.paste(stamp_image(composition, symbol, number), corner)
    return picture


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layout", ROLLS)
@pytest.mark.parametrize("dpi", [203, 300])
def test_rolls_read_back_in_order(make_labels: MakeLabels, kind: Kind, layout: str, dpi: int) -> None:
    """Every named roll on both usual resolutions: every symbol reads, in order."""
    labels = make_labels(7)
    of = job(kind, layout, dpi)
    report = read_back(printed(labels, of), of, [one.url for one in labels])
    assert report.read == 7
    assert report.sheets == -(-7 // find_layout(layout).cols)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("layout", "dpi"), [("roll-35x22-3", 203), ("roll-50x30-2", 300), ("roll-25x25-1", 203)]
)
def test_the_printer_burns_exactly_the_stamp(
    make_labels: MakeLabels, kind: Kind, layout: str, dpi: int
) -> None:
    """Our bytes, interpreted, are dot for dot the picture of the stamps: words, symbol and number."""
    of = job(kind, layout, dpi)
    labels = make_labels(find_layout(layout).cols)
    file = BytesIO(printed(labels, of))
    picture = (ZplPictures(file) if kind == "zpl" else TsplPictures(file, dpi)).picture(0)
    assert picture.size == canvas_size(of)
    assert picture.tobytes() == expected_row(labels, of).tobytes()


def test_zpl_is_text_and_each_line_stands_alone(make_labels: MakeLabels) -> None:
    """ASCII, a label format a line, compressed pictures with their CRC, no native barcode, no native font."""
    data = printed(make_labels(5), job("zpl", "roll-35x22-2"))
    lines = data.decode("ascii").splitlines()
    assert len(lines) == 3
    for line in lines:
        assert line.startswith("^XA^PW591^LL175")
        assert line.endswith("^PQ1^XZ")
        assert not re.search(r"\^(BQ|A|FD|CF)", line)
        for packed, crc in re.findall(r":Z64:([^:]+):([0-9A-F]{4})", line):
            assert int(crc, 16) == binascii.crc_hqx(packed.encode(), 0)


def test_tspl_sets_the_media_once(make_labels: MakeLabels) -> None:
    """SIZE and GAP in millimetres, then for each row CLS, pictures, PRINT."""
    data = printed(make_labels(5), job("tspl", "roll-35x22-2"))
    assert data.startswith(b"SIZE 74 mm,22 mm\r\nGAP 2 mm,0 mm\r\nDIRECTION 1\r\n")
    assert data.count(b"CLS\r\n") == data.count(b"PRINT 1,1\r\n") == 3
    assert data.endswith(b"PRINT 1,1\r\n")


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_stamps_give_the_same_bytes(make_labels: MakeLabels, kind: Kind) -> None:
    """A lost row can be made again."""
    of = job(kind, "roll-40x30-2")
    assert printed(make_labels(4), of) == printed(make_labels(4), of)


def test_a_partly_used_row_starts_where_it_must(make_labels: MakeLabels) -> None:
    """Start position 3 of a roll with three across leaves two labels empty, once."""
    of = job("tspl", "roll-25x25-3", start=3)
    labels = make_labels(4)
    assert read_back(printed(labels, of), of, [one.url for one in labels]).sheets == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_correction_off_the_label_is_refused(make_labels: MakeLabels, kind: Kind) -> None:
    """A roll has no margin: what would be cut off is refused, a small correction is printed."""
    far = PrintJob(kind, find_layout("roll-35x22-1"), Printer(203, dy_mm=4), "M", HOST)
    with pytest.raises(PrintRefused, match="offset near 0"):
        render(make_labels(1), far, BytesIO())
    near = PrintJob(kind, find_layout("roll-35x22-1"), Printer(203, dx_mm=0.3, dy_mm=-0.4), "M", HOST)
    labels = make_labels(2)
    assert read_back(printed(labels, near), near, [one.url for one in labels]).read == 2


@pytest.mark.parametrize("kind", KINDS)
def test_label_printers_do_not_take_sheets(kind: Kind) -> None:
    """A4 layouts are for PDF; said at once, in both languages."""
    with pytest.raises(PrintRefused, match="roll layout"):
        job(kind, "a4-65")
