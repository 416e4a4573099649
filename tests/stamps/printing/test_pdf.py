"""Sheets: what a printer driver is told, what stands where, and that phones read it at every resolution."""

import subprocess
import sys
from io import BytesIO
from typing import Any

import pypdf
import pytest

from temthat_stamps.printing import Label, Level, Printer, PrintJob, find_layout, read_back, render, sheet
from temthat_stamps.printing.pdf import NOTE, has_header
from temthat_stamps.printing.pictures import PdfPictures

from .conftest import HOST, MakeLabels


def job(
    layout: str = "a4-65", dpi: int = 600, level: Level = "M", start: int = 1, *, cut_marks: bool = False
) -> PrintJob:
    return PrintJob("pdf", find_layout(layout), Printer(dpi), level, HOST, start, cut_marks)


def printed(labels: list[Label], of: PrintJob) -> bytes:
    out = BytesIO()
    render(labels, of, out)
    return out.getvalue()


@pytest.mark.parametrize("dpi", [203, 300, 600])
@pytest.mark.parametrize(
    ("layout", "level"), [("a4-65", "M"), ("a4-21", "Q"), ("a4-48", "M"), ("a4-24-full", "Q")]
)
def test_rasterised_sheets_read_at_the_printers_resolution(
    make_labels: MakeLabels, dpi: int, layout: str, level: Level
) -> None:
    """Every symbol of two sheets reads, in order, without spending error correction."""
    labels = make_labels(find_layout(layout).capacity + 5)
    of = job(layout, dpi, level, start=3)
    report = read_back(printed(labels, of), of, [one.url for one in labels])
    assert (report.count, report.read, report.sheets) == (len(labels), len(labels), 2)


def test_pages_are_a4_and_must_not_be_scaled(make_labels: MakeLabels) -> None:
    """Page boxes are A4, PrintScaling is None, the words say so too, and nothing tells the time."""
    reader = pypdf.PdfReader(BytesIO(printed(make_labels(70), job())))
    assert len(reader.pages) == 2
    for page in reader.pages:
        for box in (page.mediabox, page.cropbox):
            assert (float(box.width), float(box.height)) == pytest.approx((595.2756, 841.8898), abs=0.001)
        assert NOTE in page.extract_text()
    root: Any = reader.trailer["/Root"]
    assert root["/ViewerPreferences"]["/PrintScaling"] == "/None"
    assert root["/Lang"] == "vi-VN"
    assert reader.metadata is not None
    assert reader.metadata.title == "TemThật · tem truy xuất"
    assert reader.metadata.creation_date is None


def test_text_is_text_with_its_accents_in_one_embedded_subset(make_labels: MakeLabels) -> None:
    """Search and copying work, the font travels with the file, and only what is used of it."""
    data = printed(make_labels(3), job("a4-21"))
    reader = pypdf.PdfReader(BytesIO(data))
    text = reader.pages[0].extract_text()
    for words in ("Tem truy xuất", "Mật ong hoa cà phê", "chai 500 ml", "Lô 2026-05-A1", HOST):
        assert words in text
    assert "Tờ 1 · tem 1–3" in text
    assert make_labels(1)[0].number[:9] in text
    resources: Any = reader.pages[0]["/Resources"]
    font = resources["/Font"]["/F"]
    descendant = font["/DescendantFonts"][0]
    assert descendant["/BaseFont"].endswith("+BeVietnamPro-Medium")
    program = descendant["/FontDescriptor"]["/FontFile2"].get_data()
    assert 2_000 < len(program) < 40_000


def test_the_same_stamps_give_the_same_bytes(make_labels: MakeLabels) -> None:
    """A file can be made again and compared."""
    assert printed(make_labels(66), job()) == printed(make_labels(66), job())


def test_the_start_position_moves_the_first_sheet_only(make_labels: MakeLabels) -> None:
    """A part-used sheet first, whole sheets after it."""
    of = job("a4-21", 203, start=20)
    labels = make_labels(2 + 21 + 1)
    data = printed(labels, of)
    report = read_back(data, of, [one.url for one in labels])
    assert report.sheets == 3
    text = [page.extract_text() for page in pypdf.PdfReader(BytesIO(data)).pages]
    assert ["Tờ 1 · tem 1–2" in text[0], "Tờ 2 · tem 3–23" in text[1], "Tờ 3 · tem 24–24" in text[2]] == [
        True
    ] * 3


def test_each_stamp_is_one_path_of_whole_modules(make_labels: MakeLabels) -> None:
    """Vector modules: one fill a stamp, whole numbers only, no images."""
    page = pypdf.PdfReader(BytesIO(printed(make_labels(4), job()))).pages[0]
    content = page.get_contents()
    assert content is not None
    operations = content.get_data().splitlines()
    assert sum(line == b"f Q" for line in operations) == 4
    rectangles = [line for line in operations if line.endswith(b" 1 re")]
    assert len(rectangles) > 4 * 200
    assert all(part.isdigit() for line in rectangles for part in line.split()[:4])
    resources: Any = page["/Resources"]
    assert "/XObject" not in resources


def test_the_ruler_is_fifty_millimetres(make_labels: MakeLabels) -> None:
    """Measured on the raster: first to last tick of the line above the first row."""
    dpi = 600
    pictures = PdfPictures(BytesIO(printed(make_labels(1), job(dpi=dpi))), dpi)
    picture = pictures.picture(0)
    pictures.close()
    line = round((10.7 - 1.2) * dpi / 25.4)
    strip = picture.crop((0, line - 6, round(62 * dpi / 25.4), line - 5))
    ink = [x for x, value in enumerate(strip.tobytes()) if value < 128]
    assert (ink[-1] - ink[0]) / dpi * 25.4 == pytest.approx(50, abs=0.2)
    assert ink[0] / dpi * 25.4 == pytest.approx(4.75, abs=0.2)


def test_cut_marks_stand_at_used_labels_only(make_labels: MakeLabels) -> None:
    """Ticks around the labels that are printed, none around those that stay on the sheet."""

    def marks(count: int, start: int) -> int:
        page = pypdf.PdfReader(
            BytesIO(printed(make_labels(count), job("a4-55", start=start, cut_marks=True)))
        )
        content = page.pages[0].get_contents()
        assert content is not None
        line = next(
            line for line in content.get_data().splitlines() if b" l S Q" in line and b"0.6 G" in line
        )
        return line.count(b" l ")

    assert marks(1, 1) == marks(1, 9) == 8
    assert marks(3, 2) == 24


def test_cut_marks_leave_the_symbols_readable(make_labels: MakeLabels) -> None:
    """Ticks and quiet zones do not meet, even where labels touch."""
    of = job("a4-40", 300, "Q", cut_marks=True)
    labels = make_labels(40)
    assert read_back(printed(labels, of), of, [one.url for one in labels]).read == 40


def test_sheets_without_a_margin_have_no_header(make_labels: MakeLabels) -> None:
    """Nothing is printed where printers do not reach; the calibration page has the ruler then."""
    assert not has_header(find_layout("a4-24-full"))
    text = pypdf.PdfReader(BytesIO(printed(make_labels(1), job("a4-24-full")))).pages[0].extract_text()
    assert "không co giãn" not in text


def test_a_corrected_printer_moves_and_stretches_places_but_not_modules(make_labels: MakeLabels) -> None:
    """Offsets and scales change where a stamp stands; its symbol keeps its dots and reads."""
    printer = Printer(600, dx_mm=1.2, dy_mm=-0.7, scale_x=1.004, scale_y=0.996)
    layout = sheet(45, 30, cols=4, rows=8, left=12, top=14, pitch_x=47, pitch_y=33)
    of = PrintJob("pdf", layout, printer, "M", HOST)
    labels = make_labels(32)
    assert read_back(printed(labels, of), of, [one.url for one in labels]).read == 32


MEASURE = """
import gc, tracemalloc
from io import BytesIO
from temthat_stamps.number import Number
from temthat_stamps.printing import Label, Printer, PrintJob, find_layout, render

class Sink(BytesIO):
    def write(self, data):
        return len(data)

def peak(count):
    labels = (
        Label(f"HTTPS://TEM.EXAMPLE.VN/T/{n:0>122}", Number(1, n, n).grouped, n, ("Lô L1",), None)
        for n in range(1, count + 1)
    )
    gc.collect()
    tracemalloc.start()
    render(labels, PrintJob("pdf", find_layout("a4-65"), Printer(600), "M", "tem.example.vn", 1, False), Sink())
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most

peak(65)
print(peak(65 * 2), peak(65 * 8))
"""


def test_memory_does_not_grow_with_the_number_of_stamps() -> None:
    """A sheet is forgotten once written: four times the stamps, no more memory.

    In a process of its own: tables of the interpreter that other tests have filled grow by a megabyte at a time.
    """
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    few, many = map(int, done.stdout.split())
    assert many < few + 200_000
