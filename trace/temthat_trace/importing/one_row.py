"""One row typed into a form: read, checked and written by the very rules of the workbook."""

import datetime as dt
from collections.abc import Mapping

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from temthat_trace.importing.apply import apply
from temthat_trace.importing.checking import check
from temthat_trace.importing.existing import load_existing
from temthat_trace.importing.interpret import interpret
from temthat_trace.importing.raw import CellKind, RawCell, RawSheet, RawWorkbook, address_of
from temthat_trace.importing.report import CellProblem
from temthat_trace.importing.sheets import SHEET
from temthat_trace.parties import Party

_ROW = 2


def import_row(
    session: Session,
    sheet: str,
    cells: Mapping[str, str],
    acting: Party,
    now: dt.datetime,
    *,
    recorded_name: str = "",
) -> dict[str, CellProblem]:
    """Write one new record of a sheet from its columns as typed; nothing pending in the session, the caller commits.

    Gives the first problem of each column by its key (`""` for what is about no column); empty when it was written.
    A record that is there already is a problem of its sheet's code column: a form for new ones changes nothing.
    """
    spec = SHEET[sheet]
    raw = RawSheet(
        spec.vi,
        [
            [RawCell(1, n, CellKind.TEXT, column.vi) for n, column in enumerate(spec.columns, 1)],
            [
                RawCell(_ROW, n, CellKind.TEXT, cells[column.key])
                for n, column in enumerate(spec.columns, 1)
                if cells.get(column.key)
            ],
        ],
    )
    read = interpret(RawWorkbook([raw]))
    existing = load_existing(session, read.rows, acting, now)
    checked = check(read, existing)
    if checked.plan is None:
        return _by_column(sheet, checked.findings.problems)
    if any(entry.before for entry in checked.plan.entries):
        return {_code(sheet): _taken(spec.vi)}
    try:
        apply(session, checked.plan, acting.id, now, recorded_name)
    except IntegrityError:
        session.rollback()
        return {_code(sheet): _taken(spec.vi)}
    return {}


def _code(sheet: str) -> str:
    """The column that tells a record of that sheet from the others."""
    return {"batch": "lot", "slip": "number", "source": "source_lot"}.get(sheet, "code")


def _taken(sheet: str) -> CellProblem:
    if sheet == SHEET["source"].vi:
        return CellProblem(sheet, "", "", "Lô này đã ghi rồi.", "This lot is recorded already.")
    return CellProblem(sheet, "", "", "Số này đã có rồi. Hãy ghi số khác.", "It is taken. Choose another.")


def _by_column(sheet: str, problems: list[CellProblem]) -> dict[str, CellProblem]:
    columns = SHEET[sheet].columns
    found: dict[str, CellProblem] = {}
    for problem in problems:
        try:
            row, number = address_of(problem.cell)
        except ValueError:
            row, number = _ROW, 0
        key = columns[number - 1].key if row == _ROW and 0 < number <= len(columns) else ""
        found.setdefault(key, problem)
    return found
