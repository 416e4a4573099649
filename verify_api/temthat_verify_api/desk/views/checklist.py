"""What is still missing: every product by how much it lacks, and the same as a list to work through."""

import csv
import io
import uuid

from fastapi import Response

from temthat_stamps.printing.listing import harmless
from temthat_trace.completeness.texts import text
from temthat_trace.parties import Party
from temthat_verify_api.desk import queries
from temthat_verify_api.desk.checklist_queries import Overview, link_of, overview
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.route import desk_router

router = desk_router()

SHOWN = 200


@router.get("/checklist")
def checklist_page(desk: SignedIn, q: str = "", party: uuid.UUID | None = None, page: int = 0) -> Response:
    """The products this person may see, those that lack most first."""
    asked = _party(desk, party)
    found = overview(desk.db, desk.person, desk.today, q[:100], asked, page)
    return desk.page("checklists.html", found=found, q=q[:100], party=asked, shown=SHOWN)


@router.get("/checklist.csv")
def checklist_list(desk: SignedIn, q: str = "", party: uuid.UUID | None = None, page: int = 0) -> Response:
    """What is missing of the products of a page as a list for Excel: a line a gap."""
    asked = _party(desk, party)
    found = overview(desk.db, desk.person, desk.today, q[:100], asked, page)
    headers = {"Content-Disposition": f'attachment; filename="con-thieu-{desk.today:%Y%m%d}.csv"'}
    return Response(_csv(desk, found), media_type="text/csv; charset=utf-8", headers=headers)


def _party(desk: Desk, party_id: uuid.UUID | None) -> Party | None:
    return queries.find_party(desk.db, desk.person, party_id) if party_id else None


def _csv(desk: Desk, found: Overview) -> bytes:
    """UTF-8 with BOM, comma, CRLF (RFC 4180); no field that a spreadsheet would compute."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\r\n")
    heads = ("maker", "code", "product", "lot", "law", "item", "state", "gap", "who", "where")
    rows.writerow([desk.words(f"checklist.col.{head}") for head in heads])
    address = f"{desk.services.settings.scheme.lower()}://{desk.services.settings.host}"
    for line in found.lines:
        facts = line.facts
        about = [facts.maker.name, facts.code, facts.name, facts.batch.lot if facts.batch else ""]
        for checklist in (line.circular, line.passport):
            for item, gap in checklist.gaps:
                where = f"{gap.where.said.of(desk.lang)} ({address}{link_of(gap, facts)})"
                said = (checklist.law, item.title, text(f"state.{item.state}"), gap.what, gap.by)
                row = [*about, *(both.of(desk.lang) for both in said), where]
                rows.writerow([harmless(field) for field in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()
