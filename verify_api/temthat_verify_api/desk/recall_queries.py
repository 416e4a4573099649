"""What a recall reaches: every batch made from the suspects, its stamps, and whom to call. Asked in few queries."""

import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from temthat_stamps.copies.records import StampState
from temthat_stamps.notice import batch_target
from temthat_stamps.runs.records import NoticeRecord, Run
from temthat_stamps.verdict import NoticeKind
from temthat_trace.batches import Batch
from temthat_trace.lineage.among import among
from temthat_trace.lineage.repository import BatchFacts, lineage
from temthat_trace.lineage.suspects import Suspicion, find_suspects
from temthat_trace.lineage.walk import Direction, sources_of_all
from temthat_trace.parties import Party
from temthat_verify_api.accounts import Person
from temthat_verify_api.desk.queries import visible


@dataclass(frozen=True, slots=True)
class RunCount:
    """A run's stamps: how many there are, how many were ever checked, how many were sold."""

    run: int
    stamps: int
    checked: int
    sold: int


@dataclass(frozen=True, slots=True)
class Affected:
    """One batch the recall reaches, `steps` after a suspect (0: itself suspect), with its runs."""

    facts: BatchFacts
    steps: int
    runs: tuple[RunCount, ...]
    standing: NoticeKind | None


@dataclass(frozen=True, slots=True)
class Contact:
    """A producer to call, with how many of its batches and stamps are meant."""

    party_id: uuid.UUID
    name: str
    hotline: str
    batches: int
    stamps: int


@dataclass(frozen=True, slots=True)
class Reach:
    """What a suspicion reaches among what this person may see. `unseen`: batches of others made from it.

    `roots`: the suspects on which a notice speaks for all the rest. `cut`: there is more than is told here.
    """

    affected: tuple[Affected, ...]
    roots: tuple[uuid.UUID, ...]
    unseen: int
    cut: bool
    seconds: float
    contacts: tuple[Contact, ...] = field(default=())

    @property
    def stamps(self) -> int:
        """Stamps of all runs."""
        return sum(run.stamps for line in self.affected for run in line.runs)

    @property
    def checked(self) -> int:
        """Stamps that somebody checked."""
        return sum(run.checked for line in self.affected for run in line.runs)

    @property
    def sold(self) -> int:
        """Stamps known to be sold."""
        return sum(run.sold for line in self.affected for run in line.runs)


def reach_of(db: Session, person: Person, suspicion: Suspicion) -> Reach:
    """Every batch and run that the suspicion reaches, and how long finding them took."""
    began = time.perf_counter()
    suspects = find_suspects(db, suspicion, visible(person))
    found = lineage(db, suspects.batches, Direction.DOWN)
    seen = seen_parties(db, person, found.facts.values())
    runs = runs_of(db, found.facts)
    standing = standing_on(db, found.facts)
    affected = tuple(
        Affected(found.facts[batch], steps, tuple(runs.get(batch, ())), standing.get(batch))
        for steps, level in enumerate(found.walk.levels)
        for batch in level
        if batch in found.facts and found.facts[batch].party_id in seen
    )
    return Reach(
        affected,
        tuple(sources_of_all(found.walk)),
        unseen=len(found.facts) - len(affected),
        cut=suspects.cut or found.walk.cut is not None,
        seconds=time.perf_counter() - began,
        contacts=_contacts(affected),
    )


def runs_of(db: Session, batches: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[RunCount]]:
    """The runs of batches with what became of their stamps, in one query."""
    counts = (
        select(
            StampState.run,
            func.count().filter(StampState.checks > 0).label("checked"),
            func.count(StampState.sold_at).label("sold"),
        )
        .where(StampState.run.in_(select(Run.run).where(among(db, Run.batch_id, batches))))
        .group_by(StampState.run)
        .subquery()
    )
    query = (
        select(Run.batch_id, Run.run, Run.count, counts.c.checked, counts.c.sold)
        .outerjoin(counts, counts.c.run == Run.run)
        .where(among(db, Run.batch_id, batches), Run.log_index.is_not(None))
        .order_by(Run.run)
    )
    found: dict[uuid.UUID, list[RunCount]] = {}
    for batch, run, stamps, checked, sold in db.execute(query):
        found.setdefault(batch, []).append(RunCount(run, stamps, checked or 0, sold or 0))
    return found


def standing_on(db: Session, batches: Iterable[uuid.UUID]) -> dict[uuid.UUID, NoticeKind]:
    """The notice in force on each of these batches itself."""
    wanted = {batch_target(batch): batch for batch in batches}
    query = select(NoticeRecord.target, NoticeRecord.kind).where(NoticeRecord.scope == "batch")
    standing = {
        wanted[target]: kind
        for target, kind in db.execute(query.order_by(NoticeRecord.number))
        if target in wanted
    }
    return {batch: kind for batch, kind in standing.items() if kind is not NoticeKind.LIFT}


def batches_by_id(db: Session, ids: Sequence[uuid.UUID]) -> list[Batch]:
    """The batches in the order asked for."""
    found = {batch.id: batch for batch in db.scalars(select(Batch).where(among(db, Batch.id, ids)))}
    return [found[batch] for batch in ids if batch in found]


def seen_parties(db: Session, person: Person, facts: Iterable[BatchFacts]) -> set[uuid.UUID]:
    """Of the parties these batches belong to, those this person may see."""
    ids = {fact.party_id for fact in facts}
    return set(db.scalars(select(Party.id).where(among(db, Party.id, ids), visible(person))))


def _contacts(affected: Iterable[Affected]) -> tuple[Contact, ...]:
    """The producers, whoever has most stamps first."""
    by_party: dict[uuid.UUID, list[Affected]] = {}
    for line in affected:
        by_party.setdefault(line.facts.party_id, []).append(line)
    contacts = [
        Contact(
            party,
            lines[0].facts.party,
            lines[0].facts.hotline,
            len(lines),
            sum(run.stamps for line in lines for run in line.runs),
        )
        for party, lines in by_party.items()
    ]
    return tuple(sorted(contacts, key=lambda contact: (-contact.stamps, contact.name)))
