"""Reads CSV as Vietnamese offices write it: any usual delimiter, any usual encoding."""

import csv
import io
import re
import unicodedata

from temthat_trace.importing.archive import too_large
from temthat_trace.importing.legacy import legacy_signs
from temthat_trace.importing.raw import LIMITS, CellKind, Limits, RawCell, RawSheet
from temthat_trace.importing.report import WorkbookRefused

_DELIMITERS = ";,\t|"
_SAMPLE = 4096
_TONE = re.compile("[\u0300\u0301\u0303\u0309\u0323]")


def read_csv(data: bytes, name: str, limits: Limits = LIMITS) -> RawSheet:
    """One CSV file as a sheet called `name`, every cell as text; raises WorkbookRefused for what is no text."""
    text = decode(data)
    first, _, rest = text.partition("\n")
    if first.strip().strip('"').lower().startswith("sep=") and len(first.strip().strip('"')) == 5:
        delimiter, text, skipped = first.strip().strip('"')[4], rest, 1
    else:
        delimiter, skipped = find_delimiter(text), 0

    rows: list[list[RawCell]] = []
    cells_left = limits.cells
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        # A quoted cell may hold line breaks, so a row's number is counted in rows, as a spreadsheet shows them.
        for number, fields in enumerate(reader, start=1 + skipped):
            filled = [
                RawCell(number, i, CellKind.TEXT, field)
                for i, field in enumerate(fields[: limits.columns], start=1)
                if field.strip()
            ]
            if not filled:
                continue
            rows.append(filled)
            cells_left -= len(filled)
            if len(rows) > limits.rows or cells_left < 0 or any(len(f) > limits.text for f in fields):
                raise too_large()
    except csv.Error:
        raise _no_csv() from None
    return RawSheet(name, rows)


def decode(data: bytes) -> str:
    """Bytes to text: UTF-8 or UTF-16 with or without a byte order mark, else Windows-1258.

    Raises WorkbookRefused when the bytes are no text. Bytes that are an old Vietnamese font's come back letter by
    letter as Latin-1, so that each cell can be named as such.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _utf16(data, "utf-16")
    if not data.startswith(b"\xef\xbb\xbf") and b"\0" in data[:_SAMPLE]:
        # ASCII letters are half of every CSV; their zero bytes stand on odd places in little-endian order.
        sample = data[:_SAMPLE]
        odd = sample[1::2].count(0)
        even = sample[0::2].count(0)
        return _utf16(data, "utf-16-le" if odd > even else "utf-16-be")
    try:
        return _text(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return _text(_single_byte(data))


def find_delimiter(text: str) -> str:
    """The delimiter that splits the first lines most, and most evenly."""
    lines = [line for line in text[: _SAMPLE * 4].splitlines() if line.strip()][:20]

    def score(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        even = max((widths.count(w) for w in widths if w > 1), default=0)
        return even, max(widths, default=0)

    try:
        return max(_DELIMITERS, key=score)
    except csv.Error:
        return ","


def _utf16(data: bytes, encoding: str) -> str:
    try:
        return _text(data.decode(encoding))
    except UnicodeDecodeError:
        raise _no_csv() from None


def _single_byte(data: bytes) -> str:
    latin = data.decode("latin-1")
    if legacy_signs(latin):
        return latin
    try:
        text = data.decode("cp1258")
    except UnicodeDecodeError:
        raise _no_csv() from None
    # A tone mark that no vowel takes up was no tone mark: an old font's letter has the same byte.
    return latin if _TONE.search(unicodedata.normalize("NFC", text)) else text


def _text(text: str) -> str:
    controls = sum(text.count(chr(c)) for c in range(32) if chr(c) not in "\t\r\n\x1a\x0b\x0c")
    if controls:
        raise _no_csv()
    return text.rstrip("\x1a")


def _no_csv() -> WorkbookRefused:
    return WorkbookRefused(
        "Tệp không phải bảng tính. Hãy lưu thành .xlsx hoặc CSV UTF-8 rồi gửi lại.",
        "The file is no spreadsheet. Save it as .xlsx or CSV UTF-8.",
    )
