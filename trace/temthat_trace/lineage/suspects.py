"""Where a recall begins: the batches that a suspicion speaks of, by what is recorded of them and nothing else."""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, fields
from itertools import groupby
from typing import Any, Literal

from sqlalchemy import ColumnElement, Executable, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from temthat_trace.batches import Batch
from temthat_trace.events import Event, EventLine, LineRole
from temthat_trace.lineage.among import among
from temthat_trace.papers import Paper
from temthat_trace.parties import Member, Party, Plot
from temthat_trace.products import Product
from temthat_trace.purchases import PurchaseSlip
from temthat_trace.search import fold

MOST = 2_000
"""Batches a suspicion may begin with; more are told, and the suspicion has to be made narrower."""
MOST_TEXTS = 300_000
"""Diary entries read for one suspicion; more are told."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What went bad; every field that is set narrows it. `since` and `until`: the days on which a batch was made.

    `words` all stand in one diary entry of the batch, its materials included, whatever their case and diacritics.
    `material` and `material_lot`: words of the name, and the lot, of one thing that a step used or bought.
    `member`, `plot` and `paper` are named by code, by name, or by the number on the paper. `province` and `commune` are
    today's codes. `thing`: the identity of a container, lot or item in EPCIS events; it stands by itself.
    """

    batch: uuid.UUID | None = None
    lot: str = ""
    material: str = ""
    material_lot: str = ""
    words: str = ""
    member: str = ""
    plot: str = ""
    province: str = ""
    commune: str = ""
    paper: str = ""
    since: dt.date | None = None
    until: dt.date | None = None
    thing: str = ""

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return any(getattr(self, field.name) for field in fields(self))

    @property
    def of_batches(self) -> bool:
        """Whether it says anything about recorded batches."""
        return any(getattr(self, field.name) for field in fields(self) if field.name != "thing")


@dataclass(frozen=True, slots=True)
class Suspects:
    """The batches, the newest first. `cut`: there are more, or more diary entries than were read."""

    batches: tuple[uuid.UUID, ...]
    cut: bool = False


def find_suspects(session: Session, suspicion: Suspicion, within: ColumnElement[bool]) -> Suspects:
    """The batches meant. `within`: a condition on `Party`, whose batches may be looked at. Nothing said: none."""
    if not suspicion.of_batches:
        return Suspects(())
    few: list[ColumnElement[bool]] = []
    lot = _lot(session, suspicion.lot.strip(), within, few) if suspicion.lot.strip() else []
    if suspicion.material.strip() or suspicion.material_lot.strip():
        few.append(among(session, Batch.id, _with_material(session, suspicion, within)))
    query = (
        select(Batch.id)
        .outerjoin(Plot, Plot.id == Batch.plot_id)
        .where(*few, *lot, *_plain(suspicion, within), *_named(session, suspicion, within))
    )
    if few:
        # The few batches first, and whose each is: joined, SQLite goes through all batches of the party.
        query = query.where(exists().where(Party.id == Batch.party_id, within))
    else:
        query = query.join(Party, Party.id == Batch.party_id).where(within)
    if suspicion.words.strip():
        return _with_words(session, query, suspicion.words)
    found = session.scalars(query.order_by(Batch.made_on.desc(), Batch.id.desc()).limit(MOST + 1)).all()
    return Suspects(tuple(found[:MOST]), cut=len(found) > MOST)


def _lot(
    session: Session, lot: str, within: ColumnElement[bool], few: list[ColumnElement[bool]]
) -> list[ColumnElement[bool]]:
    """Batches of that lot: as written or in one case, which the index of lots by product finds; else in any case."""
    products = select(Product.id).join(Party, Party.id == Product.party_id).where(within)
    exact = select(Batch.id).where(
        Batch.lot.in_({lot, lot.upper(), lot.lower()}), Batch.product_id.in_(products)
    )
    if found := session.scalars(exact.limit(MOST + 1)).all():
        few.append(among(session, Batch.id, found))
        return []
    return [func.lower(Batch.lot) == lot.lower()]


def _with_material(session: Session, suspicion: Suspicion, within: ColumnElement[bool]) -> set[uuid.UUID]:
    """Batches of which a step used, or took in from elsewhere, a material of that name and lot.

    However the lot is written: “2609-B”, “2609 b”. The lines keep what they say when their entry is erased.
    """
    lot = fold(suspicion.material_lot)
    wanted = [*fold(suspicion.material).split(), *lot.split()]
    if not wanted:
        return set()
    # The lines first, whose each is after that: joined, SQLite goes through all batches of the party.
    owned = exists().where(Batch.id == Event.batch_id, Party.id == Batch.party_id, within)
    query = (
        select(Event.batch_id, EventLine.lot)
        .join(EventLine, EventLine.event_id == Event.id)
        .where(
            EventLine.role.in_([LineRole.USED, LineRole.IN]),
            *(EventLine.search.contains(word, autoescape=True) for word in wanted),
            Event.withdrawn_at.is_(None),
            owned,
        )
    )
    return {batch for batch, written in session.execute(query) if not lot or fold(written) == lot}


def _plain(suspicion: Suspicion, within: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    """The conditions that are columns."""
    asked: list[ColumnElement[bool]] = []
    if suspicion.batch:
        asked.append(Batch.id == suspicion.batch)
    if suspicion.province:
        asked.append(_from("province", suspicion.province, within))
    if suspicion.commune:
        asked.append(_from("commune", suspicion.commune, within))
    if suspicion.since:
        asked.append(Batch.made_on >= suspicion.since)
    if suspicion.until:
        asked.append(Batch.made_on <= suspicion.until)
    return asked


def _from(
    unit: Literal["province", "commune"], code: str, within: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Batches of a place: their own, else their plot's, else their maker's; or a step, or goods bought, from there."""
    maker, plot = aliased(Party), aliased(Plot)
    own = func.coalesce(getattr(Batch, unit), getattr(Plot, unit), getattr(maker, unit)) == code
    steps = (
        _of_steps(within)
        .outerjoin(plot, plot.id == Event.plot_id)
        .where(or_(getattr(Event, unit) == code, getattr(plot, unit) == code))
    )
    slips = _of_slips(within).join(plot, plot.id == PurchaseSlip.plot_id).where(getattr(plot, unit) == code)
    here = exists().where(maker.id == Batch.party_id, own)
    return or_(here, Batch.id.in_(steps), Batch.id.in_(slips))


def _of_steps(within: ColumnElement[bool]) -> Select[Any]:
    """The batches of steps that stand."""
    query = select(Event.batch_id).join(Batch, Batch.id == Event.batch_id)
    return query.join(Party, Party.id == Batch.party_id).where(within, Event.withdrawn_at.is_(None))


def _of_slips(within: ColumnElement[bool]) -> Select[Any]:
    """The batches that purchase slips went into."""
    query = select(PurchaseSlip.batch_id).join(Party, Party.id == PurchaseSlip.party_id)
    return query.where(within, PurchaseSlip.batch_id.is_not(None), PurchaseSlip.withdrawn_at.is_(None))


def _named(session: Session, suspicion: Suspicion, within: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    """The conditions on things that people name in their own spelling."""
    asked: list[ColumnElement[bool]] = []
    if suspicion.member:
        members = select(Member.id, Member.code, Member.alias).join(Party, Party.id == Member.party_id)
        ids = _called(session, members.where(within), suspicion.member)
        asked.append(
            or_(
                among(session, Batch.member_id, ids),
                among(session, Plot.member_id, ids),
                Batch.id.in_(_of_steps(within).where(among(session, Event.member_id, ids))),
                Batch.id.in_(_of_slips(within).where(among(session, PurchaseSlip.member_id, ids))),
            )
        )
    if suspicion.plot:
        plots = select(Plot.id, Plot.code, Plot.name, Plot.growing_area_code)
        plots = plots.join(Party, Party.id == Plot.party_id).where(within)
        ids = _called(session, plots, suspicion.plot)
        asked.append(
            or_(
                among(session, Batch.plot_id, ids),
                Batch.id.in_(_of_steps(within).where(among(session, Event.plot_id, ids))),
                Batch.id.in_(_of_slips(within).where(among(session, PurchaseSlip.plot_id, ids))),
            )
        )
    if suspicion.paper:
        papers = select(Paper.id, Paper.code, Paper.number).join(Party, Party.id == Paper.party_id)
        ids = _called(session, papers.where(within), suspicion.paper)
        asked.append(_under(session.scalars(select(Paper).where(among(session, Paper.id, ids)))))
    return asked


def _called(session: Session, query: Executable, name: str) -> list[uuid.UUID]:
    """The ids of rows of which one text is that name, whatever its case, diacritics and signs."""
    wanted = fold(name)
    return [row[0] for row in session.execute(query) if wanted and wanted in map(fold, row[1:])]


def _under(papers: Iterable[Paper]) -> ColumnElement[bool]:
    """Batches that rested on one of these papers: of its product or holder, made within its dates."""
    asked = []
    for paper in papers:
        on = [
            Batch.party_id == paper.party_id
            if paper.product_id is None
            else Batch.product_id == paper.product_id
        ]
        if paper.issued_on:
            on.append(Batch.made_on >= paper.issued_on)
        if paper.valid_until:
            on.append(Batch.made_on <= paper.valid_until)
        asked.append(and_(*on))
    return or_(*asked) if asked else Batch.id.is_(None)


def _with_words(session: Session, batches: Select[Any], words: str) -> Suspects:
    """Those of the batches with a diary entry that has all the words, in its text or in its lines.

    Compared here and not in the database: neither SQLite nor PostgreSQL knows that “Đạm” and “dam” are one word.
    """
    wanted = fold(words).split()
    query = (
        batches.add_columns(Event.id, Event.text, EventLine.search)
        .join(Event, Event.batch_id == Batch.id)
        .outerjoin(EventLine, EventLine.event_id == Event.id)
        .where(Event.withdrawn_at.is_(None))
        .order_by(Batch.made_on.desc(), Batch.id.desc(), Event.id)
        .limit(MOST_TEXTS + 1)
    )
    folded: dict[str, str] = {}  # diaries repeat themselves
    found: dict[uuid.UUID, None] = {}
    read = 0
    for (batch_id, _), rows in groupby(session.execute(query), key=lambda row: row[:2]):
        said = ""
        for _, _, text, search in rows:
            read += 1
            if text is not None and not said:
                if text not in folded:
                    folded[text] = fold(text)
                said = folded[text]
            said = f"{said} {search or ''}"
        if wanted and all(word in said for word in wanted):
            found[batch_id] = None
    chosen = tuple(found)
    return Suspects(chosen[:MOST], cut=len(chosen) > MOST or read > MOST_TEXTS)
