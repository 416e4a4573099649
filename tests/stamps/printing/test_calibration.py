"""Calibration pages: rulers that measure, symbols that read, outlines where the labels are."""

from io import BytesIO

import pypdf
import pytest

from temthat_stamps.printing import Kind, Printer, PrintJob, calibration_page, find_layout
from temthat_stamps.printing.calibration import calibration_strip
from temthat_stamps.printing.pictures import PdfPictures, TsplPictures, ZplPictures
from temthat_stamps.printing.readback import read_symbols

from .conftest import HOST


@pytest.mark.parametrize("dpi", [203, 300, 600])
def test_symbols_go_from_the_smallest_module_upwards_and_read(dpi: int) -> None:
    """Each says its own size, and all read on a perfect raster."""
    pictures = PdfPictures(BytesIO(calibration_page(Printer(dpi))), dpi)
    found = read_symbols(pictures.picture(0))
    pictures.close()
    sizes = sorted(int(symbol.text.split()[2]) for symbol in found)
    assert sizes[0] == Printer(dpi).min_module_dots
    assert len(sizes) == len(set(sizes)) >= 3


def test_the_rulers_are_true_and_the_cross_is_where_it_says() -> None:
    """150 mm across, 200 mm down, the cross 20 mm from both edges."""
    dpi = 300
    pictures = PdfPictures(BytesIO(calibration_page(Printer(dpi))), dpi)
    page = pictures.picture(0)
    pictures.close()
    dot = dpi / 25.4

    def ink_along(box: tuple[float, float, float, float]) -> list[float]:
        crop = page.crop(tuple(round(mm * dot) for mm in box))  # type: ignore[arg-type]
        return [i / dot for i, value in enumerate(crop.tobytes()) if value < 100]

    across = ink_along((0, 37.6, 185, 37.6 + 1.01 / dot))
    assert across[-1] - across[0] == pytest.approx(150, abs=0.3)
    down = ink_along((30.5, 50, 30.5 + 1.01 / dot, 270))
    assert down[-1] - down[0] == pytest.approx(200, abs=0.3)
    cross = ink_along((10, 16, 30, 16 + 1.01 / dot))
    assert sum(cross) / len(cross) == pytest.approx(10, abs=0.15)


def test_a_second_page_has_the_outlines_of_a_layout() -> None:
    """To hold against a sticker sheet before printing on it."""
    reader = pypdf.PdfReader(BytesIO(calibration_page(Printer(600), find_layout("a4-65"))))
    assert len(reader.pages) == 2
    content = reader.pages[1].get_contents()
    assert content is not None
    assert content.get_data().count(b" re ") == 65


def test_the_words_are_in_both_languages() -> None:
    """A clerk reads what to measure."""
    text = pypdf.PdfReader(BytesIO(calibration_page(Printer(600)))).pages[0].extract_text()
    assert "Đo thước ngang (150 mm) và thước dọc (200 mm)" in text
    assert "Measure both rulers" in text


@pytest.mark.parametrize("kind", ["zpl", "tspl"])
def test_a_roll_has_a_frame_on_its_outermost_dots(kind: Kind) -> None:
    """A frame cut off at a side shows which way to move the media."""
    job = PrintJob(kind, find_layout("roll-35x22-2"), Printer(203), "M", HOST)
    file = BytesIO(calibration_strip(job))
    picture = (ZplPictures(file) if kind == "zpl" else TsplPictures(file, 203)).picture(0)
    ink = picture.convert("L").point(lambda value: 255 - value).getbbox()
    assert ink is not None
    assert ink[1] == 0
    assert ink[3] == picture.height
    assert ink[0] == 8
