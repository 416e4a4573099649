"""The one entry: every kind, its report, its refusals, and the desk's preview."""

import zipfile
from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image

from temthat_stamps.printing import (
    Kind,
    Label,
    LayoutTooSmall,
    Printer,
    PrintJob,
    PrintRefused,
    find_layout,
    make_symbol,
    preview_png,
    read_back,
    render,
)
from temthat_stamps.printing.readback import read_symbols

from .conftest import HOST, MakeLabels, label

CASES: list[tuple[Kind, str, int]] = [
    ("pdf", "a4-65", 1),
    ("zpl", "roll-35x22-2", 4),
    ("tspl", "roll-35x22-3", 3),
    ("svg", "a4-65", 0),
    ("png", "roll-25x25-1", 0),
    ("csv", "a4-65", 0),
]


@pytest.mark.parametrize(("kind", "layout", "sheets"), CASES)
def test_labels_are_read_once_and_counted(kind: Kind, layout: str, sheets: int) -> None:
    """A generator is enough; the report has count, serials and sheets."""
    labels: Iterator[Label] = (label(serial) for serial in range(11, 18))
    report = render(labels, PrintJob(kind, find_layout(layout), Printer(203), "M", HOST), BytesIO())
    assert (report.count, report.first_serial, report.last_serial, report.sheets) == (7, 11, 17, sheets)


@pytest.mark.parametrize(("kind", "layout", "_sheets"), CASES)
def test_a_job_without_stamps_is_refused(kind: Kind, layout: str, _sheets: int) -> None:
    """An empty file is nobody's wish."""
    with pytest.raises(PrintRefused, match="no stamp to print"):
        render([], PrintJob(kind, find_layout(layout), Printer(203), "M", HOST), BytesIO())


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_pictures_come_as_a_zip_by_serial(make_labels: MakeLabels, kind: Kind) -> None:
    """One file a stamp, sortable names, the same bytes each time."""
    job = PrintJob(kind, find_layout("roll-50x30-1"), Printer(203), "M", HOST)
    first, second = BytesIO(), BytesIO()
    render(make_labels(3), job, first)
    render(make_labels(3), job, second)
    assert first.getvalue() == second.getvalue()
    assert zipfile.ZipFile(first).namelist() == [f"0000000{i}.{kind}" for i in (1, 2, 3)]


@pytest.mark.parametrize(("kind", "layout"), [("pdf", "a4-21"), ("zpl", "roll-35x22-2"), ("csv", "a4-65")])
def test_a_wrong_label_in_the_middle_stops_the_job(make_labels: MakeLabels, kind: Kind, layout: str) -> None:
    """A host or number that is wrong is found wherever it stands."""
    labels = make_labels(6)
    job = PrintJob(kind, find_layout(layout), Printer(203), "M", HOST)
    for wrong in (label(99, host="evil.example"), Label(labels[0].url, "0000", 99)):
        with pytest.raises(PrintRefused, match="99"):
            render([*labels[:3], wrong, *labels[3:]], job, BytesIO())


@pytest.mark.parametrize("start", [0, -1, 66])
def test_start_positions_off_the_sheet_are_refused(start: int) -> None:
    """The range is told."""
    with pytest.raises(PrintRefused, match="1 to 65"):
        PrintJob("pdf", find_layout("a4-65"), Printer(600), "M", HOST, start)


def test_a_layout_too_small_writes_no_stamp(make_labels: MakeLabels) -> None:
    """The refusal comes with the first label."""
    with pytest.raises(LayoutTooSmall):
        render(
            make_labels(1), PrintJob("tspl", find_layout("roll-25x25-1"), Printer(203), "Q", HOST), BytesIO()
        )


def test_symbols_of_different_sizes_share_a_sheet(make_labels: MakeLabels) -> None:
    """The GS1 form beside the short one: each is composed for its own size."""
    labels = make_labels(4)
    number = labels[1].number.replace(" ", "")
    url = f"HTTPS://{HOST.upper()}/01/08931234567891/10/2026-05-A1/21/{number}?t={labels[1].url[-122:]}"
    mixed = [labels[0], Label(url, number, 2, ("Gạo ST25, túi 5 kg",)), *labels[2:]]
    assert make_symbol(url).size > make_symbol(labels[0].url).size
    job = PrintJob("pdf", find_layout("a4-21"), Printer(300), "M", HOST)
    out = BytesIO()
    render(mixed, job, out)
    assert read_back(out.getvalue(), job, [one.url for one in mixed]).read == 4


@pytest.mark.parametrize(("layout", "dpi"), [("a4-65", 600), ("roll-25x25-1", 203)])
def test_the_preview_is_a_picture_of_the_stamp(layout: str, dpi: int) -> None:
    """Large enough for a screen, and its code reads."""
    kind: Kind = "pdf" if layout.startswith("a4") else "tspl"
    data = preview_png(PrintJob(kind, find_layout(layout), Printer(dpi), "M", HOST), label(1))
    with Image.open(BytesIO(data)) as picture:
        assert 300 <= picture.width <= 1200
        assert [found.text for found in read_symbols(picture)] == [label(1).url]
