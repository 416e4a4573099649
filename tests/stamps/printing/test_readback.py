"""Read-back: what is wrong with a file is found and named; what is right passes."""

import random
import zipfile
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from temthat_stamps.printing import (
    Kind,
    Label,
    Printer,
    PrintJob,
    ReadBackFailed,
    Sample,
    find_layout,
    read_back,
    render,
)

from .conftest import EXAMPLES, HOST, MakeLabels, label

LAYOUT: dict[Kind, str] = {
    "pdf": "a4-21",
    "zpl": "roll-35x22-2",
    "tspl": "roll-35x22-2",
    "png": "roll-25x25-1",
    "svg": "a4-65",
    "csv": "a4-65",
}
KINDS = list(LAYOUT)
PAPER: list[Kind] = ["pdf", "zpl", "tspl"]


def job(kind: Kind, start: int = 1) -> PrintJob:
    return PrintJob(kind, find_layout(LAYOUT[kind]), Printer(203), "M", HOST, start)


def printed(labels: list[Label], of: PrintJob) -> bytes:
    out = BytesIO()
    render(labels, of, out)
    return out.getvalue()


def texts(labels: list[Label]) -> list[str]:
    return [one.url for one in labels]


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_file_passes(make_labels: MakeLabels, kind: Kind) -> None:
    """Every kind of file we write is read back whole, from bytes and from an open file."""
    labels = make_labels(5)
    data = printed(labels, job(kind))
    report = read_back(data, job(kind), texts(labels))
    assert (report.count, report.read) == (5, 5)
    assert read_back(BytesIO(data), job(kind), texts(labels)) == report


@pytest.mark.parametrize("kind", KINDS)
def test_another_order_is_found(make_labels: MakeLabels, kind: Kind) -> None:
    """Two swapped stamps are each right and together wrong."""
    labels = make_labels(5)
    swapped = [labels[0], labels[1], labels[3], labels[2], labels[4]]
    with pytest.raises(ReadBackFailed):
        read_back(printed(swapped, job(kind)), job(kind), texts(labels))


@pytest.mark.parametrize("kind", PAPER)
def test_the_failure_names_sheet_and_position(make_labels: MakeLabels, kind: Kind) -> None:
    """The first stamp that differs is named as the clerk counts: sheets and labels from 1."""
    labels = make_labels(25)
    wrong = [*labels[:22], label(999), *labels[23:]]
    with pytest.raises(ReadBackFailed, match="another text") as failed:
        read_back(printed(wrong, job(kind)), job(kind), texts(labels))
    per_sheet = find_layout(LAYOUT[kind]).capacity
    assert (failed.value.sheet, failed.value.position) == (22 // per_sheet + 1, 22 % per_sheet + 1)
    assert "Tệp không được phát hành" in failed.value.vi


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [0, 4, 6, 60])
def test_more_or_fewer_stamps_are_found(make_labels: MakeLabels, kind: Kind, count: int) -> None:
    """A stamp too many on paper is as bad as one missing."""
    with pytest.raises(ReadBackFailed):
        read_back(printed(make_labels(5), job(kind)), job(kind), texts(make_labels(count)))


def test_a_stamp_on_a_used_label_is_found(make_labels: MakeLabels) -> None:
    """Labels before the start position must stay empty."""
    labels = make_labels(3)
    with pytest.raises(ReadBackFailed, match="should be empty") as failed:
        read_back(printed(make_labels(6), job("pdf")), job("pdf", start=4), texts(labels))
    assert failed.value.position == 1


def test_a_damaged_symbol_is_found_though_it_reads(make_labels: MakeLabels) -> None:
    """Error correction is for the customer's scratches: a raster that spends any of it is refused."""
    labels = make_labels(1)
    data = bytearray(printed(labels, job("tspl")))
    start = data.index(b"BITMAP", data.index(b"BITMAP") + 1)
    start = data.index(b",0,", start) + 3
    data[start + 16 * 60 + 4 : start + 16 * 60 + 12] = b"\0" * 8
    for row in range(61, 66):
        data[start + 16 * row + 4 : start + 16 * row + 12] = b"\0" * 8
    with pytest.raises(ReadBackFailed, match="wrong modules"):
        read_back(bytes(data), job("tspl"), texts(labels))


def test_large_jobs_are_sampled_the_same_way_for_the_same_seed(make_labels: MakeLabels) -> None:
    """First and last sheet always, others by seed; at least as many stamps as asked."""
    labels = make_labels(60)
    data = printed(labels, job("zpl"))
    report = read_back(data, job("zpl"), texts(labels), Sample(all_up_to=50, at_least=20, seed=7))
    assert report.count == 60
    assert report.read == 20 + 2 * 2
    assert report == read_back(data, job("zpl"), texts(labels), Sample(all_up_to=50, at_least=20, seed=7))


@pytest.mark.parametrize("place", [0, 59])
def test_a_sample_always_has_the_ends(make_labels: MakeLabels, place: int) -> None:
    """A shifted file shows at its first or last sheet."""
    labels = make_labels(60)
    wrong = [*labels[:place], label(999), *labels[place + 1 :]]
    with pytest.raises(ReadBackFailed):
        read_back(
            printed(wrong, job("zpl")), job("zpl"), texts(labels), Sample(all_up_to=10, at_least=3, seed=1)
        )


@pytest.mark.parametrize("kind", KINDS)
def test_cut_off_and_altered_files_are_failures_not_crashes(make_labels: MakeLabels, kind: Kind) -> None:
    """Whatever bytes are lost or changed: it passes unchanged or ends in `ReadBackFailed`, nothing else."""
    labels = make_labels(3)
    data = printed(labels, job(kind))
    rng = random.Random(4)
    for _ in range(25):
        broken = bytearray(data[: rng.randrange(len(data))] if rng.random() < 0.4 else data)
        for _ in range(rng.randrange(1, 6)):
            if broken:
                broken[rng.randrange(len(broken))] = rng.randrange(256)
        try:
            report = read_back(bytes(broken), job(kind), texts(labels))
        except ReadBackFailed:
            continue
        assert report.read == 3


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.sampled_from(KINDS), st.binary(max_size=300))
def test_property_arbitrary_bytes_never_pass(kind: Kind, data: bytes) -> None:
    """Hostile or foreign bytes are refused."""
    with pytest.raises(ReadBackFailed):
        read_back(data, job(kind), ["HTTPS://TEMTHAT.VN/T/A"])


@pytest.mark.parametrize(
    "data",
    [
        b"^XA^PW99999^LL99999999^LH0,0^FO0,0^GFA,1,1,1,:Z64:AAAA:0000^FS^PQ1^XZ\n",
        b"^XA^PW8^LL8^LH0,0^FO0,0^FDhello^FS^PQ1^XZ\n",
        b"~DG",
    ],
)
def test_zpl_that_we_do_not_write_is_refused(data: bytes) -> None:
    """Commands outside our own few, and sizes no printer has."""
    with pytest.raises(ReadBackFailed):
        read_back(data, job("zpl"), ["A"])


@pytest.mark.parametrize(
    "data", [b"SIZE 900000 mm,22 mm\r\n", b"QRCODE 0,0,M,4\r\n", b"CLS\r\nPRINT 1,1\r\n"]
)
def test_tspl_that_we_do_not_write_is_refused(data: bytes) -> None:
    """Commands outside our own few, absurd media, empty labels."""
    with pytest.raises(ReadBackFailed):
        read_back(data, job("tspl"), ["A"])


def test_a_zip_with_a_foreign_member_is_refused(make_labels: MakeLabels) -> None:
    """A picture that is none ends in a plain failure."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("00000001.png", b"not a picture")
    with pytest.raises(ReadBackFailed):
        read_back(out.getvalue(), job("png"), texts(make_labels(1)))
