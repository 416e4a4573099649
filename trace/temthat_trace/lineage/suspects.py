"""Where a recall begins: the batches that a suspicion speaks of, by what is recorded of them and nothing else."""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Executable, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from temthat_trace.batches import Batch
from temthat_trace.events import Event
from temthat_trace.lineage.among import among
from temthat_trace.papers import Paper
from temthat_trace.parties import Member, Party, Plot
from temthat_trace.products import Product
from temthat_trace.search import fold

MOST = 2_000
"""Batches a suspicion may begin with; more are told, and the suspicion has to be made narrower."""
MOST_TEXTS = 300_000
"""Diary entries read for one suspicion; more are told."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What went bad; every field that is set narrows it. `since` and `until`: the days on which a batch was made.

    `words` all stand in one diary entry of the batch, whatever their case and diacritics. `member`, `plot` and `paper`
    are named by code, by name, or by the number on the paper. `province` and `commune` are today's codes.
    """

    batch: uuid.UUID | None = None
    lot: str = ""
    words: str = ""
    member: str = ""
    plot: str = ""
    province: str = ""
    commune: str = ""
    paper: str = ""
    since: dt.date | None = None
    until: dt.date | None = None

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return any(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True, slots=True)
class Suspects:
    """The batches, the newest first. `cut`: there are more, or more diary entries than were read."""

    batches: tuple[uuid.UUID, ...]
    cut: bool = False


def find_suspects(session: Session, suspicion: Suspicion, within: ColumnElement[bool]) -> Suspects:
    """The batches meant. `within`: a condition on `Party`, whose batches may be looked at. Nothing said: none."""
    if not suspicion:
        return Suspects(())
    lot = _lot(session, suspicion.lot.strip(), within) if suspicion.lot.strip() else []
    query = (
        select(Batch.id)
        .outerjoin(Plot, Plot.id == Batch.plot_id)
        .where(*lot, *_plain(suspicion), *_named(session, suspicion, within))
    )
    if lot:
        # The lot's few batches first, and whose each is: joined, SQLite goes through all batches of the party.
        query = query.where(exists().where(Party.id == Batch.party_id, within))
    else:
        query = query.join(Party, Party.id == Batch.party_id).where(within)
    if suspicion.words.strip():
        return _with_words(session, query, suspicion.words)
    found = session.scalars(query.order_by(Batch.made_on.desc(), Batch.id.desc()).limit(MOST + 1)).all()
    return Suspects(tuple(found[:MOST]), cut=len(found) > MOST)


def _lot(session: Session, lot: str, within: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    """Batches of that lot: as written or in one case, which the index of lots by product finds; else in any case."""
    products = select(Product.id).join(Party, Party.id == Product.party_id).where(within)
    exact = select(Batch.id).where(
        Batch.lot.in_({lot, lot.upper(), lot.lower()}), Batch.product_id.in_(products)
    )
    if found := session.scalars(exact.limit(MOST + 1)).all():
        return [among(session, Batch.id, found)]
    return [func.lower(Batch.lot) == lot.lower()]


def _plain(suspicion: Suspicion) -> list[ColumnElement[bool]]:
    """The conditions that are columns."""
    asked: list[ColumnElement[bool]] = []
    if suspicion.batch:
        asked.append(Batch.id == suspicion.batch)
    if suspicion.province:
        asked.append(func.coalesce(Batch.province, Plot.province, Party.province) == suspicion.province)
    if suspicion.commune:
        asked.append(func.coalesce(Batch.commune, Plot.commune, Party.commune) == suspicion.commune)
    if suspicion.since:
        asked.append(Batch.made_on >= suspicion.since)
    if suspicion.until:
        asked.append(Batch.made_on <= suspicion.until)
    return asked


def _named(session: Session, suspicion: Suspicion, within: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    """The conditions on things that people name in their own spelling."""
    asked = []
    if suspicion.member:
        members = select(Member.id, Member.code, Member.alias).join(Party, Party.id == Member.party_id)
        ids = _called(session, members.where(within), suspicion.member)
        asked.append(or_(among(session, Batch.member_id, ids), among(session, Plot.member_id, ids)))
    if suspicion.plot:
        plots = select(Plot.id, Plot.code, Plot.name, Plot.growing_area_code)
        plots = plots.join(Party, Party.id == Plot.party_id).where(within)
        asked.append(among(session, Batch.plot_id, _called(session, plots, suspicion.plot)))
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
    """Those of the batches with a diary entry that has all the words.

    Compared here and not in the database: neither SQLite nor PostgreSQL knows that “Đạm” and “dam” are one word.
    """
    wanted = fold(words).split()
    query = (
        batches.add_columns(Event.text)
        .join(Event, Event.batch_id == Batch.id)
        .where(Event.text.is_not(None))
        .order_by(Batch.made_on.desc(), Batch.id.desc())
        .limit(MOST_TEXTS + 1)
    )
    fits: dict[str, bool] = {}  # diaries repeat themselves
    found: dict[uuid.UUID, None] = {}
    read = 0
    for batch_id, text in session.execute(query):
        read += 1
        if text not in fits:
            folded = fold(text)
            fits[text] = bool(wanted) and all(word in folded for word in wanted)
        if fits[text]:
            found[batch_id] = None
    chosen = tuple(found)
    return Suspects(chosen[:MOST], cut=len(chosen) > MOST or read > MOST_TEXTS)
