"""Papers that run out: 180, 90 and 30 days before, and those that did."""

import uuid

from fastapi import Response
from sqlalchemy import and_

from temthat_trace.parties import Party
from temthat_verify_api.desk import queries
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.expiring import (
    COLUMNS,
    ExpiringPaper,
    as_csv,
    count_alerts,
    expiring_papers,
    find_alerts,
)

router = desk_router()

SHOWN = 300


@router.get("/expiring")
def expiring_page(desk: SignedIn, party: uuid.UUID | None = None) -> Response:
    """Papers of every organisation this person may see, or of one, the nearest end first."""
    asked = queries.find_party(desk.db, desk.person, party) if party else None
    lines = _lines(desk, asked)
    return desk.page("expiring.html", lines=lines[:SHOWN], more=len(lines) > SHOWN, party=asked, shown=SHOWN)


@router.get("/expiring.csv")
def expiring_list(desk: SignedIn, party: uuid.UUID | None = None) -> Response:
    """The same as a list for Excel."""
    asked = queries.find_party(desk.db, desk.person, party) if party else None
    heads = [desk.words(f"expiring.col.{column}") for column in COLUMNS]
    data = as_csv(_lines(desk, asked), heads, lambda kind: desk.words(f"paper.kind.{kind}"))
    headers = {"Content-Disposition": f'attachment; filename="giay-to-het-han-{desk.today:%Y%m%d}.csv"'}
    return Response(data, media_type="text/csv; charset=utf-8", headers=headers)


def _lines(desk: Desk, party: Party | None) -> list[ExpiringPaper]:
    holders = queries.visible(desk.person)
    if party is not None:
        holders = and_(holders, Party.id == party.id)
    return expiring_papers(desk.db, find_alerts(desk.db, holders, desk.today))


def alerts_of(desk: Desk, party: Party) -> list[ExpiringPaper]:
    """One organisation's, for its first page."""
    return expiring_papers(desk.db, find_alerts(desk.db, Party.id == party.id, desk.today))


def counts_for(desk: Desk) -> dict[str, int]:
    """How many papers of those an office looks after run out, by urgency."""
    found = find_alerts(desk.db, and_(queries.visible(desk.person), Party.id != desk.party.id), desk.today)
    return {str(word): count for word, count in count_alerts(found).items()}
