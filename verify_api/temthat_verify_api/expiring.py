"""Papers that run out, with whose they are: one query for the desk and for the command."""

import csv
import datetime as dt
import io
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from temthat_stamps.printing.listing import harmless
from temthat_trace.expiry import Alert, Urgency, alerts
from temthat_trace.lineage.among import among
from temthat_trace.papers import Paper
from temthat_trace.parties import Party
from temthat_trace.products import Product


@dataclass(frozen=True, slots=True)
class ExpiringPaper:
    """A paper that runs out or did: `days` left, its holder, and the product it speaks of (None: of the holder)."""

    paper: Paper
    party: Party
    product: Product | None
    urgency: Urgency
    days: int


class _Dates(NamedTuple):
    """As much of a paper as decides whether it is told of."""

    id: uuid.UUID
    party_id: uuid.UUID
    product_id: uuid.UUID | None
    kind: str
    valid_until: dt.date | None


def find_alerts(db: Session, holders: ColumnElement[bool], today: dt.date) -> list[Alert]:
    """What to tell of the papers of these holders, the nearest end first. `holders` is a condition on Party."""
    columns = (Paper.id, Paper.party_id, Paper.product_id, Paper.kind, Paper.valid_until)
    rows = db.execute(select(*columns).join(Party, Party.id == Paper.party_id).where(holders))
    return alerts((_Dates(*row) for row in rows), today)


def count_alerts(found: Iterable[Alert]) -> dict[Urgency, int]:
    """How many of each urgency, the most urgent first; only those there are."""
    said = [alert.urgency for alert in found]
    return {word: said.count(word) for word in Urgency if word in said}


def expiring_papers(db: Session, found: Sequence[Alert]) -> list[ExpiringPaper]:
    """The same with their records."""
    query = (
        select(Paper, Party, Product)
        .join(Party, Party.id == Paper.party_id)
        .outerjoin(Product, Product.id == Paper.product_id)
        .where(among(db, Paper.id, [alert.paper_id for alert in found]))
    )
    rows = {paper.id: (paper, party, product) for paper, party, product in db.execute(query)}
    return [
        ExpiringPaper(*rows[alert.paper_id], alert.urgency, alert.days)
        for alert in found
        if alert.paper_id in rows
    ]


COLUMNS = ("party_code", "maker", "hotline", "product", "kind", "number", "authority", "valid_until", "days")


def as_csv(lines: Iterable[ExpiringPaper], heads: Sequence[str], kind: Callable[[str], str]) -> bytes:
    """One line a paper under `heads` (one for each of `COLUMNS`); days are negative for what ran out.

    UTF-8 with BOM, comma, CRLF (RFC 4180); no field that a spreadsheet would compute.
    """
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\r\n")
    rows.writerow(heads)
    for line in lines:
        paper, party = line.paper, line.party
        until = paper.valid_until.isoformat() if paper.valid_until else ""
        name = line.product.name if line.product else ""
        texts = (party.code, party.name, party.hotline, name, kind(paper.kind), paper.number, paper.authority)
        rows.writerow([*map(harmless, texts), until, line.days])
    return b"\xef\xbb\xbf" + out.getvalue().encode()
