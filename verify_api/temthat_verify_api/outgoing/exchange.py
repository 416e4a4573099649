"""The neutral export as files: one JSON document, and a CSV file for each section (docs/spec/exchange.md).

Written record by record; of the CSV sections that do not come in one stretch the lines wait in temporary files.
"""

import csv
import datetime as dt
import io
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from typing import BinaryIO

from temthat_stamps.printing.listing import harmless
from temthat_verify_api.outgoing.facts import (
    FORMAT,
    SECTION_OF,
    SECTIONS,
    VERSION,
    Record,
    columns,
    plain_record,
)
from temthat_verify_api.outgoing.pack import Pack, chunks_of, spool

BOM = b"\xef\xbb\xbf"
"""What tells Excel that a CSV file is UTF-8."""


class Sections:
    """Records sorted into their sections on the way to a file, each section in a temporary file of its own."""

    def __init__(self, encode: Callable[[Record], bytes]) -> None:
        self._encode = encode
        self._stack = ExitStack()
        self._files: dict[str, BinaryIO] = {name: self._stack.enter_context(spool()) for name in SECTIONS}
        self.counts = dict.fromkeys(SECTIONS, 0)

    def __enter__(self) -> "Sections":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def put(self, record: Record) -> None:
        """One record."""
        name = SECTION_OF[type(record)]
        self.counts[name] += 1
        self._files[name].write(self._encode(record))

    def read(self, name: str) -> Iterator[bytes]:
        """A section from its beginning."""
        return chunks_of(self._files[name])


def write_exchange(pack: Pack, records: Iterable[Record], host: str, day: dt.date) -> dict[str, int]:
    """`data.json` and `csv/*.csv` into the pack; returns how many records each section has."""
    with Sections(as_json) as whole, Sections(as_csv) as lines:
        for record in records:
            whole.put(record)
            lines.put(record)
        pack.add("data.json", document(whole, host, day))
        for name, kind in SECTIONS.items():
            pack.add(f"csv/{name}.csv", chain([BOM, csv_line(columns(kind))], lines.read(name)))
        return whole.counts


def write_json(pack: Pack, name: str, records: Iterable[Record], host: str, day: dt.date) -> dict[str, int]:
    """The JSON document alone."""
    with Sections(as_json) as whole:
        for record in records:
            whole.put(record)
        pack.add(name, document(whole, host, day))
        return whole.counts


def document(sections: Sections, host: str, day: dt.date) -> Iterator[bytes]:
    """The JSON document, a record a line."""
    head = {"format": FORMAT, "version": VERSION, "exported_on": day.isoformat(), "source": host}
    yield json.dumps(head, ensure_ascii=False).encode().removesuffix(b"}")
    for name in SECTIONS:
        yield f',\n"{name}": ['.encode()
        first = True
        for chunk in sections.read(name):
            yield chunk[1:] if first else chunk
            first = False
        yield b"\n]"
    yield b"\n}\n"


def as_json(record: Record) -> bytes:
    """A record with the comma before it."""
    return b",\n" + json.dumps(plain_record(record), ensure_ascii=False).encode()


def as_csv(record: Record) -> bytes:
    """A record as a line."""
    return csv_line("" if value is None else cell(value) for value in plain_record(record).values())


def cell(value: str | int) -> str:
    """A value as a cell: `true`/`false` as JSON has them."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def csv_line(values: Iterable[str]) -> bytes:
    """Comma, CRLF (RFC 4180); what a spreadsheet would compute gets an apostrophe before it."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([harmless(value) for value in values])
    return line.getvalue().encode()
