"""The workbook: template, upload, its errors in place or how it was read, and then a clear yes."""

import datetime as dt
import io
import json
import threading
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fastapi import Response
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from sqlalchemy import delete

from temthat_stamps.runs.register import issued_batches
from temthat_trace.importing import ImportReport, WorkbookRefused, import_workbook, template
from temthat_verify_api.accounts import WorkbookImport
from temthat_verify_api.desk import queries
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.errors import NotFound
from temthat_verify_api.desk.forms import Fields, Files
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.desk.words import Words
from temthat_verify_api.permissions import Action

router = desk_router()

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_KEPT = dt.timedelta(days=2)
_SHOWN_READINGS = 300
_TWO_AT_A_TIME = threading.BoundedSemaphore(2)
"""A workbook at its limits takes some 200 MB and five seconds: others wait, and memory stays bounded."""


@router.get("/workbooks")
def upload_page(desk: SignedIn) -> Response:
    """The form, and where the template is."""
    desk.require(Action.IMPORT)
    return desk.page("workbook.html", problem="")


@router.get("/workbooks/template.xlsx")
def download_template(desk: SignedIn) -> Response:
    """The empty workbook with its explanations."""
    headers = {"Content-Disposition": 'attachment; filename="temthat-mau.xlsx"'}
    return Response(template(), media_type=XLSX, headers=headers)


@router.post("/workbooks")
def upload(desk: SignedIn, form: Files) -> Response:
    """Read the files without changing anything, keep them with the report, and show it."""
    desk.require(Action.IMPORT)
    files = _distinct(form.files("files"))
    if not files:
        return desk.page("workbook.html", 422, problem=desk.words("workbook.no_file"))
    try:
        report = _run(desk, files, dry_run=True)
    except WorkbookRefused as error:
        problem = error.reason_en if desk.lang == "en" else error.reason_vi
        return desk.page("workbook.html", 422, problem=problem)
    _forget_old(desk)
    record = WorkbookImport(
        party_id=desk.party.id,
        person_id=desk.person.id,
        file_name=", ".join(files)[:200],
        files=_pack(files) if report.ok else None,
        report=json.dumps(_as_json(report), ensure_ascii=False),
        uploaded_at=desk.now,
    )
    desk.db.add(record)
    desk.db.flush()
    return desk.go(f"/desk/workbooks/{record.id}")


@router.get("/workbooks/{import_id}")
def report_page(desk: SignedIn, import_id: uuid.UUID) -> Response:
    """What was found in an uploaded workbook."""
    record = queries.find_import(desk.db, desk.person, import_id)
    report = json.loads(record.report)
    something_new = any(count["new"] or count["changed"] for count in report["counts"].values())
    return desk.page("report.html", upload=record, report=report, something_new=something_new)


@router.get("/workbooks/{import_id}/problems.xlsx")
def download_problems(desk: SignedIn, import_id: uuid.UUID) -> Response:
    """The problems as a sheet, to work through beside the workbook."""
    record = queries.find_import(desk.db, desk.person, import_id)
    headers = {"Content-Disposition": 'attachment; filename="loi-can-sua.xlsx"'}
    return Response(_problem_sheet(json.loads(record.report), desk.words), media_type=XLSX, headers=headers)


@router.post("/workbooks/{import_id}/apply")
def apply(desk: SignedIn, import_id: uuid.UUID, form: Fields) -> Response:
    """Bring it in, all of it or nothing. What changed in between is checked again, so the report may have grown."""
    desk.require(Action.IMPORT)
    record = queries.find_import(desk.db, desk.person, import_id)
    if record.applied_at is not None:
        return desk.go(f"/desk/workbooks/{import_id}")
    if record.files is None:
        raise NotFound
    report = _run(desk, _unpack(record.files), dry_run=False)
    record.report = json.dumps(_as_json(report), ensure_ascii=False)
    record.files = None
    record.applied_at = desk.now if report.applied else None
    return desk.go(f"/desk/workbooks/{import_id}")


def _run(desk: Desk, files: Mapping[str, bytes], *, dry_run: bool) -> ImportReport:
    with _TWO_AT_A_TIME:
        frozen = issued_batches(desk.db)
        return import_workbook(
            desk.db, files, desk.party, desk.now,
            dry_run=dry_run, frozen_batches=frozen, recorded_name=desk.person.name,
        )  # fmt: skip


def _forget_old(desk: Desk) -> None:
    """What nobody applied within two days, and what this person uploaded before and did not apply."""
    waiting = WorkbookImport.applied_at.is_(None)
    desk.db.execute(delete(WorkbookImport).where(waiting, WorkbookImport.uploaded_at < desk.now - _KEPT))
    desk.db.execute(delete(WorkbookImport).where(waiting, WorkbookImport.person_id == desk.person.id))


def _distinct(files: list[tuple[str, bytes]]) -> dict[str, bytes]:
    """By name; a second file of the same name is told apart by a number."""
    found: dict[str, bytes] = {}
    for name, data in files:
        short = name.replace("\\", "/").rpartition("/")[2][-80:] or "file"
        found[f"{len(found) + 1}-{short}" if short in found else short] = data
    return found


def _pack(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def _unpack(packed: bytes) -> dict[str, bytes]:
    """What `_pack` packed; never an archive that somebody else made."""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _as_json(report: ImportReport) -> dict[str, Any]:
    """The report as its page needs it, bounded."""
    beyond = max(0, len(report.readings) - _SHOWN_READINGS)
    return {
        "problems": [asdict(problem) for problem in report.problems],
        "more_problems": report.more_problems,
        "readings": [asdict(reading) for reading in report.readings[:_SHOWN_READINGS]],
        "more_readings": report.more_readings + beyond,
        "notes": [asdict(note) for note in report.notes],
        "counts": {sheet: asdict(counts) for sheet, counts in report.counts.items()},
    }


def _problem_sheet(report: Mapping[str, Any], words: Words) -> bytes:
    """An XLSX of the problems; every cell is text, so nothing in it can act as a formula."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = words("report.problems")[:31]
    heads = [words(f"report.{key}") for key in ("sheet", "cell", "read", "todo")]
    rows = [[p["sheet"], p["cell"], p["value"], p[f"reason_{words.lang}"]] for p in report["problems"]]
    for number, row in enumerate([heads, *rows], 1):
        for column, text in enumerate(row, 1):
            cell = sheet.cell(number, column, text)
            cell.data_type = "s"
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if number == 1:
                cell.font = Font(bold=True)
    for letter, width in zip("ABCD", (18, 10, 28, 70), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
