"""Lists for a print house: serial, URL and number, one line a stamp; PINs in a file of their own.

UTF-8 with BOM so that Excel reads it, comma, CRLF (RFC 4180). A field that a spreadsheet would take for a formula
gets an apostrophe before it.
"""

import csv
from collections.abc import Iterable
from io import TextIOWrapper
from typing import BinaryIO

from temthat_stamps.printing.errors import PrintRefused
from temthat_stamps.printing.job import RenderReport, Tally
from temthat_stamps.printing.label import Label, check_host

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_list(labels: Iterable[Label], host: str, out: BinaryIO) -> RenderReport:
    """`serial,url,number`; never a PIN. Raises `PrintRefused`."""
    tally = Tally()
    with _Rows(out) as rows:
        rows.add("serial", "url", "number")
        for label in labels:
            check_host(label, host)
            rows.add(str(label.serial), label.url, label.grouped_number)
            tally.add(label)
    return tally.report(0)


def write_pins(labels: Iterable[Label], out: BinaryIO) -> RenderReport:
    """`serial,number,pin`, for the press that prints the scratch film; send it by another way than the list.

    Raises `PrintRefused` for a label without a PIN.
    """
    tally = Tally()
    with _Rows(out) as rows:
        rows.add("serial", "number", "pin")
        for label in labels:
            if label.pin is None:
                raise PrintRefused(
                    f"Tem thứ {label.serial} không có mã PIN; đợt in này không dùng PIN.",
                    f"Serial {label.serial} has no PIN; this run does not use PINs.",
                )
            rows.add(str(label.serial), label.grouped_number, label.pin)
            tally.add(label)
    return tally.report(0)


def harmless(field: str) -> str:
    """The field, or the field behind an apostrophe when a spreadsheet would compute it."""
    return "'" + field if field.startswith(_FORMULA_STARTS) else field


class _Rows:
    """CSV on a binary file that stays open."""

    def __init__(self, out: BinaryIO) -> None:
        self._text = TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=False)
        self._csv = csv.writer(self._text, lineterminator="\r\n")

    def __enter__(self) -> "_Rows":
        return self

    def __exit__(self, *_: object) -> None:
        self._text.flush()
        self._text.detach()

    def add(self, *fields: str) -> None:
        """One line."""
        self._csv.writerow([harmless(field) for field in fields])
