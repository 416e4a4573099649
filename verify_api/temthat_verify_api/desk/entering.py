"""One row typed into a form of the desk: kept by the rules of the workbook, or refused in the reader's language."""

from collections.abc import Mapping

from temthat_trace.importing.one_row import import_row
from temthat_verify_api.desk.context import Desk


def enter_row(desk: Desk, sheet: str, cells: Mapping[str, str]) -> dict[str, str]:
    """Write a new record of a sheet of this person's organisation; what is wrong by column, or nothing."""
    problems = import_row(desk.db, sheet, cells, desk.party, desk.now, recorded_name=desk.person.name)
    return {name: p.reason_en if desk.lang == "en" else p.reason_vi for name, p in problems.items()}
