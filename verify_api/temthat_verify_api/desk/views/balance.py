"""Mass balance: a batch's table on its own page, and for an organisation or an office what is over in a year."""

import uuid
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from fastapi import Response
from sqlalchemy import ColumnElement, select

from temthat_trace import formats
from temthat_trace.balance.account import Row
from temthat_trace.balance.amounts import Amount
from temthat_trace.balance.findings import Finding
from temthat_trace.balance.repository import Season, balance_of, season_of
from temthat_trace.batches import Batch
from temthat_trace.parties import PRODUCERS, Party
from temthat_trace.units import UnitError
from temthat_verify_api.desk import queries
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.errors import NotFound
from temthat_verify_api.desk.route import desk_router

router = desk_router()

YEARS = 5
"""How many years back a page may look."""
SHOWN = 200
"""Batches of the table, and findings, before a page says that there are more."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row as people read it. `over`: more came out than went in."""

    title: str
    when: str
    went_in: str
    came_out: str
    lost: str
    difference: str
    over: bool


@dataclass(frozen=True, slots=True)
class BatchBalance:
    """A batch's table and what does not add up. `problem`: why there is no table.

    `apart`: goods that came in are on record, but in units that do not compare with the batch's.
    """

    lines: tuple[Line, ...] = ()
    findings: tuple[Finding, ...] = ()
    problem: str = ""
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """A finding with where it leads: its batch or its organisation."""

    finding: Finding
    link: str
    title: str
    party: str


@router.get("/balance")
def balance_page(desk: SignedIn, year: int | None = None) -> Response:
    """What is over in a year among everything this person may see."""
    return _page(desk, queries.visible(desk.person), None, year)


@router.get("/organisations/{party_id}/balance")
def organisation_page(desk: SignedIn, party_id: uuid.UUID, year: int | None = None) -> Response:
    """One organisation's year: what is over, and every batch with what went in and came out."""
    party = queries.find_party(desk.db, desk.person, party_id)
    if party.kind not in PRODUCERS:
        raise NotFound
    return _page(desk, Party.id == party.id, party, year)


def balance_for(desk: Desk, batch: Batch) -> BatchBalance:
    """The balance of a batch, for its own page."""
    try:
        account = balance_of(desk.db, batch.id)
    except UnitError as error:
        return BatchBalance(problem=desk.words.of(error))
    if account is None or account.is_empty:
        return BatchBalance(apart=account is not None and bool(account.batch.sources or account.batch.slips))
    told = Counter(row.event for row in account.steps)
    lines = [_line(desk, row, alone=told[row.event] == 1) for row in account.steps]
    lines += [_line(desk, row, alone=len(account.whole) == 1) for row in account.whole]
    lines += [_line(desk, row, onward=True) for row in account.onward]
    return BatchBalance(tuple(lines), account.findings)


def _page(desk: Desk, within: ColumnElement[bool], party: Party | None, year: int | None) -> Response:
    this_year = desk.today.year
    shown = year if year is not None and this_year - YEARS <= year <= this_year else this_year
    season = season_of(desk.db, within, shown)
    found = _named(desk, season, party)
    accounts = season.accounts if party else ()
    return desk.page(
        "balance.html",
        party=party,
        year=shown,
        years=[this_year - 1, this_year],
        season=season,
        found=found[:SHOWN],
        more=len(found) - SHOWN,
        batches=[
            (account.batch, [_line(desk, row, alone=len(account.whole) == 1) for row in account.whole])
            for account in accounts[:SHOWN]
        ],
        more_batches=len(accounts) - SHOWN,
    )


def _named(desk: Desk, season: Season, party: Party | None) -> list[Named]:
    """Plots and households first, then batches, the newest first."""
    ids = {season.owners[f.subject] for f in season.area.findings}
    ids |= {season.owners[account.batch.id] for account, _ in season.excesses}
    names: dict[uuid.UUID, str] = {}
    if party is None and ids:
        names = {
            row.id: row.name for row in desk.db.execute(select(Party.id, Party.name).where(Party.id.in_(ids)))
        }
    batches = {account.batch.id: account.batch for account in season.accounts}
    found = []
    for finding in (*season.area.findings, *(finding for _, finding in season.excesses)):
        owner = season.owners[finding.subject]
        batch = batches.get(finding.subject)
        if batch is not None:
            link, title = f"/desk/batches/{batch.id}#balance", f"{batch.product} · {batch.lot}"
        else:
            link, title = (
                f"/desk/organisations/{owner}/quotas?year={season.year}#area",
                desk.words("balance.area"),
            )
        found.append(Named(finding, link, title, names.get(owner, "")))
    return found


def _line(desk: Desk, row: Row, *, onward: bool = False, alone: bool = False) -> Line:
    """`onward`: what was passed on of a batch; `alone`: the only row of its step, or of the batch as a whole."""
    if row.step is not None and row.at is not None:
        title, when = desk.words(f"step.{row.step}"), desk.words.date(formats.today(row.at))
    else:
        title, when = desk.words("balance.onward" if onward else "balance.whole"), row.what
    return Line(
        title=title,
        when=when,
        went_in=_amount(desk, row.went_in, row.unit),
        came_out=_amount(desk, row.came_out, row.unit),
        lost=_amount(desk, row.lost or None, row.unit),
        difference=_difference(desk, row, is_left=onward or bool(row.what), alone=alone),
        over=row.difference is not None and row.difference < 0,
    )


def _amount(desk: Desk, quantity: Decimal | None, unit: str) -> str:
    return "–" if quantity is None else Amount(quantity, unit).text(desk.lang)


def _difference(desk: Desk, row: Row, *, is_left: bool, alone: bool) -> str:
    if row.difference is None and alone:  # one side was not stated, as with goods that are only sent
        return desk.words("balance.no_in") if row.step is None else "–"
    if row.difference is None:
        return desk.words("balance.cannot")
    if row.difference == 0:
        return desk.words("balance.fits")
    words = Amount(abs(row.difference), row.unit).text(desk.lang)
    if row.difference < 0:
        return desk.words("balance.more", amount=words)
    return desk.words("balance.left" if is_left else "balance.less", amount=words)
