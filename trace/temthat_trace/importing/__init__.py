"""The workbook: a cooperative's spreadsheet becomes origin records, all of it or nothing.

    report = import_workbook(session, {"htx.xlsx": data}, acting_party, now)
    if report.ok:
        session.commit()

Five stages, each of which can be used and tested alone: `read_workbook` (bytes to raw cells), `interpret` (cells to
typed rows), `load_existing` (what is stored of all that), `check` (rows to a plan, or every problem), `apply` (the
plan into the database). Between the last two `holding` keeps back what waits for an office.
"""

import datetime as dt
from collections.abc import Mapping

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from temthat_trace.approvals.proposing import DecidedMeanwhile
from temthat_trace.importing.apply import apply
from temthat_trace.importing.checking import check
from temthat_trace.importing.existing import Existing, Frozen, load_existing
from temthat_trace.importing.holding import Holding
from temthat_trace.importing.interpret import Interpreted, interpret
from temthat_trace.importing.plan import Change, Checked, Entry, Plan
from temthat_trace.importing.raw import LIMITS, Limits, RawWorkbook
from temthat_trace.importing.read import read_workbook
from temthat_trace.importing.report import (
    CellProblem,
    Counts,
    ImportReport,
    Note,
    Reading,
    WorkbookRefused,
)
from temthat_trace.importing.template import template
from temthat_trace.parties import Party

__all__ = [
    "LIMITS",
    "CellProblem",
    "Change",
    "Checked",
    "Counts",
    "Entry",
    "Existing",
    "Frozen",
    "ImportReport",
    "Interpreted",
    "Limits",
    "Note",
    "Plan",
    "RawWorkbook",
    "Reading",
    "WorkbookRefused",
    "apply",
    "check",
    "import_workbook",
    "interpret",
    "load_existing",
    "read_workbook",
    "template",
]


def import_workbook(
    session: Session,
    files: Mapping[str, bytes],
    acting_party: Party | None,
    now: dt.datetime,
    *,
    dry_run: bool = False,
    frozen_batches: Frozen = frozenset(),
    recorded_name: str = "",
) -> ImportReport:
    """Read, check and, unless `dry_run` or anything is wrong, write a workbook; the caller commits.

    Args:
        session: nothing pending in it; after a report that was not applied nothing has been changed.
        files: one XLSX, several CSV files, or a zip of CSV files, by file name.
        acting_party: who imports; it may write for itself and the parties under it. None is the operator.
        now: an aware instant; dates after it are refused.
        dry_run: only check; the report is the preview.
        frozen_batches: batches with printed stamps; as a mapping, with the least quantity (in the product's base
            unit) their stamps stand for.
        recorded_name: the person who imports, entered on events and purchase slips.

    Returns:
        Every problem with sheet, cell and reason in both languages; readings of unclear cells; counts per sheet.

    Raises:
        WorkbookRefused: a file cannot be read at all (not a spreadsheet, damaged, locked, dangerous, too large).
    """
    interpreted = interpret(read_workbook(files))
    existing = load_existing(session, interpreted.rows, acting_party, now, frozen_batches)
    holding = Holding(session, existing, acting_party)
    checked = check(interpreted, existing)
    if checked.plan is None:
        return checked.report(applied=False)
    plan, waiting = holding.split(checked.plan, checked.findings)
    if dry_run or checked.findings.problems:
        return checked.report(applied=False)
    try:
        apply(session, plan, acting_party.id if acting_party else None, now, recorded_name)
        holding.record(waiting, recorded_name, now)
    except (IntegrityError, DecidedMeanwhile):
        session.rollback()
        return _conflict(", ".join(files))
    return checked.report(applied=True)


def _conflict(name: str) -> ImportReport:
    problem = CellProblem(
        name,
        "",
        "",
        "Có người khác vừa ghi cùng dữ liệu này. Chưa có gì thay đổi; hãy gửi lại tệp.",
        "Somebody else wrote the same records just now. Nothing was changed; send the file again.",
    )
    return ImportReport((problem,), 0, (), 0, (), {}, applied=False)
