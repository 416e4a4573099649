"""What the public log says in one's name: every run, notice and key, told to the cooperative and its alliance."""

import uuid
from dataclasses import dataclass

from fastapi import Response
from sqlalchemy import select

from temthat_stamps.log.records import LogEntry
from temthat_stamps.logged import read_body
from temthat_stamps.manifest import RunManifest
from temthat_stamps.notice import IssuedNotice, Notice
from temthat_stamps.statement import peek
from temthat_trace.batches import Batch
from temthat_trace.parties import Party
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.queries import visible
from temthat_verify_api.desk.route import desk_router

router = desk_router()

PAGE = 50
LATEST = 3


@dataclass(frozen=True, slots=True)
class Line:
    """One entry in words: its place, its organisation, a text key with its values."""

    index: int
    party: Party
    entry: LogEntry
    key: str
    values: dict[str, str]


@router.get("/log")
def log_page(desk: SignedIn, before: int | None = None) -> Response:
    """All of it, the newest first."""
    lines = latest_lines(desk, PAGE + 1, before)
    return desk.page(
        "log.html", lines=lines[:PAGE], more=lines[PAGE - 1].index if len(lines) > PAGE else None
    )


def latest_lines(
    desk: Desk, most: int = LATEST, before: int | None = None, party_id: uuid.UUID | None = None
) -> list[Line]:
    """The newest entries in the name of those this person may see, or of one of them."""
    query = select(LogEntry, Party).join(Party, Party.id == LogEntry.party_id).where(visible(desk.person))
    if before is not None:
        query = query.where(LogEntry.index < min(max(before, 0), 2**62))
    if party_id is not None:
        query = query.where(Party.id == party_id)
    rows = desk.db.execute(query.order_by(LogEntry.index.desc()).limit(most))
    return [_line(desk, entry, party) for entry, party in rows]


def _line(desk: Desk, entry: LogEntry, party: Party) -> Line:
    stated = read_body(peek(entry.envelope))
    values: dict[str, str] = {}
    if isinstance(stated, RunManifest):
        values = {"run": str(stated.run), "count": desk.words.number(stated.count)}
    elif isinstance(stated, IssuedNotice):
        kind = desk.words(f"notice.{stated.notice.kind.value}")
        values = {"kind": kind, "target": _target(desk, stated.notice)}
    return Line(entry.index, party, entry, f"log.{entry.kind}", values)


def _target(desk: Desk, notice: Notice) -> str:
    """What a notice speaks of, as people say it."""
    words = desk.words
    if notice.run is not None and notice.first is not None and notice.last is not None:
        first, last = words.number(notice.first), words.number(notice.last)
        return words("log.target.stamps", first=first, last=last, run=notice.run)
    if notice.run is not None:
        return words("log.target.run", run=notice.run)
    if notice.scope == "batch":
        batch = desk.db.get(Batch, uuid.UUID(notice.name))
        return words("log.target.batch", lot=batch.lot if batch else notice.name)
    return words("log.target.key", name=notice.name[:8])
