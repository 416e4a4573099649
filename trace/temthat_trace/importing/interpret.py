"""Raw sheets to typed rows: which sheet is which, where its header is, and what every cell means."""

import bisect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from temthat_trace.importing.cells import read_cell
from temthat_trace.importing.legacy import Legacy, doubtful, legacy_text, reason
from temthat_trace.importing.raw import CellKind, RawCell, RawSheet, RawWorkbook, column_letters
from temthat_trace.importing.report import CellError, Findings
from temthat_trace.importing.sheets import SHEETS, Column, Kind, Sheet, column_named, sheet_named
from temthat_trace.search import clean, fold

_HEADER_WITHIN = 15
_MOST_MERGED_CELLS = 200_000
_EXAMPLE = re.compile(r"^\(\s*(ví dụ|vi du|example)\s*\)", re.IGNORECASE)
_ASIDE = {"huong dan", "danh muc", "guide", "lists", "doc truoc", "readme"}


@dataclass(slots=True)
class Row:
    """One row of a known sheet. `values` has the filled cells that could be read, by column key.

    `columns` are the keys the sheet has a header for: a missing column leaves a record's field alone, an empty cell
    empties it. `broken` are the keys whose cell already has a problem.
    """

    spec: Sheet
    sheet: str
    number: int
    columns: dict[str, int]
    values: dict[str, Any] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    def address(self, key: str) -> str:
        """Where the column's cell stands in this row: C5. A column that is not there gives the row."""
        column = self.columns.get(key)
        return f"{column_letters(column)}{self.number}" if column else str(self.number)

    def get(self, key: str) -> Any:
        """The typed value, None if the cell is empty or broken."""
        return self.values.get(key)


@dataclass(slots=True)
class Interpreted:
    """All rows of all known sheets, and what was found on the way."""

    rows: list[Row]
    findings: Findings


def interpret(raw: RawWorkbook) -> Interpreted:
    """Every cell of every known sheet as a typed value or a problem; never stops at the first."""
    findings = Findings()
    rows: list[Row] = []
    legacy = _legacy_cells(raw, findings)
    known = 0
    for sheet in raw.sheets:
        if not sheet.rows or fold(sheet.name) in _ASIDE:
            continue
        spec = sheet_named(sheet.name) or _guess(sheet)
        if spec is None or sheet.hidden:
            findings.note(sheet.name, "", "Trang này không được dùng.", "This sheet was not used.")
            continue
        known += 1
        rows += _read_sheet(sheet, spec, legacy, findings)
    if not known and not findings.problems:
        names = ", ".join(s.vi for s in SHEETS)
        findings.problem(
            "",
            "",
            "",
            f"Không nhận ra trang nào. Hãy dùng tệp mẫu; các trang: {names}.",
            f"No sheet was recognised. Use the template; its sheets are: {names}.",
        )
    return Interpreted(rows, findings)


def _legacy_cells(raw: RawWorkbook, findings: Findings) -> set[tuple[str, str]]:
    """Cells in an old font; reported here, so that nothing else is said about them."""
    texts = [
        (sheet.name, cell, str(cell.value))
        for sheet in raw.sheets
        if not sheet.hidden
        for row in sheet.rows
        for cell in row
        if cell.kind is CellKind.TEXT and not str(cell.value).isascii()
    ]
    found = [(name, cell, legacy_text(text, cell.style.font)) for name, cell, text in texts]
    kinds = {kind for _, _, kind in found if kind}
    if Legacy.TCVN3 in kinds:
        found = [
            (name, cell, kind or (Legacy.TCVN3 if doubtful(str(cell.value)) else None))
            for name, cell, kind in found
        ]
    addresses = set()
    for name, cell, kind in found:
        if kind:
            addresses.add((name, cell.address))
            findings.problem(name, cell.address, cell.value, *reason(kind))
    return addresses


def _header(sheet: RawSheet, spec: Sheet) -> tuple[int, dict[str, int], list[RawCell], list[Column]]:
    """Index of the header row, columns by key, headers nobody knows, columns that stand there twice."""
    best: tuple[int, dict[str, int], list[RawCell], list[Column]] = (-1, {}, [], [])
    for index, row in enumerate(sheet.rows[:_HEADER_WITHIN]):
        columns: dict[str, int] = {}
        unknown: list[RawCell] = []
        twice: list[Column] = []
        for cell in row:
            column = column_named(spec, clean(str(cell.value))) if cell.kind is CellKind.TEXT else None
            if column is None:
                unknown.append(cell)
            elif column.key in columns:
                twice.append(column)
            else:
                columns[column.key] = cell.column
        if len(columns) > len(best[1]):
            best = index, columns, unknown, twice
    return best


def _guess(sheet: RawSheet) -> Sheet | None:
    """The one kind of record whose required columns the sheet has, for tabs called Sheet1 and files called data."""
    fits = []
    for spec in SHEETS:
        _, columns, unknown, _ = _header(sheet, spec)
        if all(c.key in columns for c in spec.columns if c.required):
            fits.append((len(columns) - len(unknown), spec))
    fits.sort(key=lambda f: -f[0])
    if not fits or (len(fits) > 1 and fits[0][0] == fits[1][0]):
        return None
    return fits[0][1]


def _read_sheet(
    sheet: RawSheet, spec: Sheet, legacy: set[tuple[str, str]], findings: Findings
) -> Iterator[Row]:
    index, columns, unknown, twice = _header(sheet, spec)
    missing = [c for c in spec.columns if c.required and c.key not in columns]
    header = sheet.rows[index][0].row if index >= 0 else 1
    for column in twice:
        findings.problem(
            sheet.name,
            str(header),
            column.vi,
            f"Cột “{column.vi}” có hai lần.",
            f"The column “{column.en}” is there twice.",
        )
    for column in missing:
        findings.problem(
            sheet.name, str(header), "", f"Thiếu cột “{column.vi}”.", f"The column “{column.en}” is missing."
        )
    if missing or twice:
        return
    for cell in unknown:
        title = clean(str(cell.value))[:60]
        findings.note(
            sheet.name, cell.address, f"Cột “{title}” không được dùng.", f"The column “{title}” was not used."
        )
    by_place = {columns[c.key]: c for c in spec.columns if c.key in columns}
    body = sheet.rows[index + 1 :]
    shared = _merged(sheet, body, by_place, findings)
    for cells in body:
        row = _read_row(sheet, spec, cells, columns, by_place, shared.get(cells[0].row, {}), legacy, findings)
        if row is not None:
            yield row


def _merged(
    sheet: RawSheet, body: Sequence[Sequence[RawCell]], by_place: dict[int, Column], findings: Findings
) -> dict[int, dict[int, RawCell]]:
    """Values of cells merged downwards, for the rows below the first; by row and column.

    Offices merge a code over all its rows; everybody reads it as standing in each. A merged number would count twice,
    so that one is a problem.
    """
    numbers = [cells[0].row for cells in body]
    filled: dict[int, dict[int, RawCell]] = {}
    done = 0
    for area in sheet.merged:
        column = by_place.get(area.left)
        first = bisect.bisect_left(numbers, area.top)
        last = bisect.bisect_right(numbers, area.bottom)
        if column is None or area.top >= area.bottom or last - first < 2 or numbers[first] != area.top:
            continue
        source = next((c for c in body[first] if c.column == area.left), None)
        if source is None:
            continue
        if column.kind in (Kind.QUANTITY, Kind.WHOLE):
            findings.problem(
                sheet.name,
                source.address,
                source.value,
                "Ô số bị gộp nhiều dòng. Hãy bỏ gộp và ghi số từng dòng.",
                "A number is merged over several rows. Unmerge it and write the number of each row.",
            )
            continue
        done += last - first
        if done > _MOST_MERGED_CELLS:
            findings.problem(
                sheet.name, "", "", "Quá nhiều ô gộp. Hãy bỏ gộp ô.", "Too many merged cells. Unmerge them."
            )
            break
        for number in numbers[first + 1 : last]:
            filled.setdefault(number, {})[area.left] = source
        findings.reading(
            sheet.name,
            source.address,
            source.value,
            f"dùng chung cho các dòng {area.top}–{numbers[last - 1]} (ô gộp)",
            f"shared by rows {area.top}–{numbers[last - 1]} (merged cells)",
        )
    return filled


def _read_row(
    sheet: RawSheet,
    spec: Sheet,
    cells: Sequence[RawCell],
    columns: dict[str, int],
    by_place: dict[int, Column],
    shared: dict[int, RawCell],
    legacy: set[tuple[str, str]],
    findings: Findings,
) -> Row | None:
    present = {c.column: c for c in cells if c.column in by_place and not _is_blank(c)}
    if not present or any(c.kind is CellKind.TEXT and _EXAMPLE.match(str(c.value)) for c in present.values()):
        return None
    row = Row(spec, sheet.name, cells[0].row, columns)
    for place, column in by_place.items():
        cell = present.get(place) or shared.get(place)
        if cell is None:
            if column.required:
                row.broken.add(column.key)
                findings.problem(
                    sheet.name,
                    row.address(column.key),
                    "",
                    f"“{column.vi}” chưa ghi.",
                    f"“{column.en}” is empty.",
                )
            continue
        row.written[column.key] = f"{cell.value:f}" if isinstance(cell.value, Decimal) else cell.value
        if (sheet.name, cell.address) in legacy:
            row.broken.add(column.key)
            continue
        try:
            found = read_cell(cell, column, is_1904=sheet.is_1904)
        except CellError as e:
            row.broken.add(column.key)
            if cell.row == row.number:
                findings.problem(sheet.name, cell.address, cell.value, e.vi, e.en)
            continue
        row.values[column.key] = found.value
        if cell.row == row.number:
            if found.reading:
                _tell_reading(sheet.name, cell, column, found.reading, findings)
            if found.note:
                findings.note(sheet.name, cell.address, *found.note)
    return row


def _tell_reading(
    sheet: str, cell: RawCell, column: Column, reading: tuple[str, str], findings: Findings
) -> None:
    """How a cell was read. Days are told once a column: all of them are read alike, day first."""
    vi, en = reading
    if column.kind in (Kind.DAY, Kind.INSTANT):
        if not findings.first_of((sheet, column.key)):
            return
        vi, en = f"{vi}; cả cột đọc ngày trước, tháng sau", f"{en}; the whole column is read day first"
    findings.reading(sheet, cell.address, cell.value, vi, en)


def _is_blank(cell: RawCell) -> bool:
    return cell.kind is CellKind.TEXT and not clean(str(cell.value))
