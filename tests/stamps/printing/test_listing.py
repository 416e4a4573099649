"""Lists for print houses: complete, safe to open in Excel, and without PINs unless asked for by name."""

import csv
from io import BytesIO, StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.printing import Label, PrintRefused, write_list, write_pins
from temthat_stamps.printing.listing import harmless

from .conftest import HOST, MakeLabels


def rows(data: bytes) -> list[dict[str, str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(StringIO(data.decode("utf-8-sig"), newline="")))


def test_the_list_has_serial_url_and_number_and_no_pin(make_labels: MakeLabels) -> None:
    """One line a stamp, in order; a PIN never slips in."""
    labels = make_labels(3, pin="012345")
    out = BytesIO()
    report = write_list(labels, HOST, out)
    assert (report.count, report.first_serial, report.last_serial, report.sheets) == (3, 1, 3, 0)
    assert rows(out.getvalue()) == [
        {"serial": str(one.serial), "url": one.url, "number": one.grouped_number} for one in labels
    ]
    assert b"012345" not in out.getvalue()
    assert b"\r\n" in out.getvalue()


def test_pins_are_a_file_of_their_own(make_labels: MakeLabels) -> None:
    """Serial, number, PIN; no URL beside the PIN."""
    out = BytesIO()
    write_pins(make_labels(2, pin="012345"), out)
    assert [row["pin"] for row in rows(out.getvalue())] == ["012345", "012345"]
    assert b"HTTPS" not in out.getvalue()


def test_a_run_without_pins_has_no_pin_file(make_labels: MakeLabels) -> None:
    """A missing PIN is told, not written as an empty field."""
    with pytest.raises(PrintRefused, match="no PIN"):
        write_pins(make_labels(1), BytesIO())


def test_another_host_is_refused(make_labels: MakeLabels) -> None:
    """The list obeys the same rule as paper."""
    with pytest.raises(PrintRefused):
        write_list(make_labels(1), "evil.example", BytesIO())


def test_the_file_stays_open(make_labels: MakeLabels) -> None:
    """The caller owns the file."""
    out = BytesIO()
    write_list(make_labels(1), HOST, out)
    assert not out.closed


@given(st.text(max_size=20))
def test_property_no_field_is_a_formula(field: str) -> None:
    """Whatever it begins with, a spreadsheet sees text; harmless fields are untouched."""
    written = harmless(field)
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert written in (field, "'" + field)


def test_a_url_that_is_a_formula_is_refused_before_it_is_written() -> None:
    """Nothing but our own URLs is listed."""
    with pytest.raises(PrintRefused):
        write_list([Label("=HYPERLINK(1)", "0" * 16, 1)], HOST, BytesIO())
