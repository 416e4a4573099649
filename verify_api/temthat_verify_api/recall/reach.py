"""What a recall reaches: every batch made from the suspects, its stamps, containers, and whom to call. Few queries."""

import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from temthat_stamps.copies.records import StampState
from temthat_stamps.notice import batch_target
from temthat_stamps.runs.records import NoticeRecord, Run
from temthat_stamps.verdict import NoticeKind
from temthat_trace.batches import Batch
from temthat_trace.collecting import uncollected
from temthat_trace.emitting.repository import SOURCE
from temthat_trace.lineage.among import among
from temthat_trace.lineage.joined import Node, Trace, trace
from temthat_trace.lineage.repository import BatchFacts
from temthat_trace.lineage.suspects import Suspicion, find_suspects
from temthat_trace.lineage.things import Thing, keepers
from temthat_trace.lineage.walk import Direction, Walk, sources_of_all
from temthat_trace.parties import Party
from temthat_verify_api.recall.customers import Customer, customers_of


@dataclass(frozen=True, slots=True)
class RunCount:
    """A run's stamps: how many there are, how many were ever checked, how many were sold."""

    run: int
    stamps: int
    checked: int
    sold: int


@dataclass(frozen=True, slots=True)
class Affected:
    """One batch the recall reaches, `steps` after a suspect (0: itself suspect), with its runs.

    `standing`: the notice in force on it, by its own or by what it was recorded as made from.
    """

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
    """What a suspicion reaches among what may be seen. `unseen`: batches of others made from it.

    `things`: lots, items and containers that only EPCIS events tell of, with their steps. `roots`: the batches on which
    a notice speaks for all the rest. `cut`: there is more than is told here.
    """

    affected: tuple[Affected, ...]
    things: tuple[tuple[Thing, int], ...]
    roots: tuple[uuid.UUID, ...]
    unseen: int
    cut: bool
    seconds: float
    contacts: tuple[Contact, ...]
    customers: tuple[Customer, ...]

    def __bool__(self) -> bool:
        """Whether anything was found."""
        return bool(self.affected or self.things)

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


@uncollected()
def reach_of(
    db: Session, within: ColumnElement[bool], suspicion: Suspicion, hosts: Iterable[str] = ()
) -> Reach:
    """Every batch, run and customer that the suspicion reaches, and how long finding them took.

    `within`: a condition on `Party`: whose batches may be named and whose EPCIS events be read. `hosts`: under which
    our internal codes are addresses.
    """
    began = time.perf_counter()
    suspects = find_suspects(db, suspicion, within)
    starts: list[Node] = [*suspects.batches, *([Thing(suspicion.thing)] if suspicion.thing else [])]
    # What was told from records is walked by the records; ten thousand batches have a hundred thousand such events.
    read = keepers(db, within)
    found = trace(db, starts, Direction.DOWN, keepers=read, hosts=sorted(hosts), without=SOURCE)
    seen = seen_parties(db, within, found.facts.values())
    runs = runs_of(db, found.facts)
    standing = _followed(standing_on(db, found.facts), found)
    affected: list[Affected] = []
    things: list[tuple[Thing, int]] = []
    for steps, level in enumerate(found.walk.levels):
        for node in level:
            if isinstance(node, Thing):
                # What was asked for and is nowhere told of was not found.
                if steps or found.walk.links or found.handovers:
                    things.append((node, steps))
            elif node in found.facts and found.facts[node].party_id in seen:
                affected.append(
                    Affected(found.facts[node], steps, tuple(runs.get(node, ())), standing.get(node))
                )
    mine = {line.facts.id for line in affected}
    return Reach(
        tuple(affected),
        tuple(things),
        tuple(root for root in _roots(found) if root in mine),
        unseen=len(found.facts) - len(affected),
        cut=suspects.cut or found.cut is not None,
        contacts=_contacts(affected),
        customers=customers_of(db, {line.facts.id: line.facts for line in affected}, found.handovers),
        seconds=time.perf_counter() - began,
    )


def _roots(found: Trace) -> list[uuid.UUID]:
    """The fewest batches whose notices speak for all: those not recorded as made from another one.

    What events alone tell of carries no notice, and a notice does not follow them.
    """
    batches = tuple(found.batches)
    recorded = tuple(
        link
        for link in found.walk.links
        if not link.event and isinstance(link.source, uuid.UUID) and isinstance(link.made, uuid.UUID)
    )
    alone: Walk[Node] = Walk(Direction.DOWN, (batches,), recorded)
    return [node for node in sources_of_all(alone) if isinstance(node, uuid.UUID)]


def _followed(own: dict[uuid.UUID, NoticeKind], found: Trace) -> dict[uuid.UUID, NoticeKind]:
    """The gravest notice on each batch, from its own and those that follow the records down to it."""
    made: dict[uuid.UUID, list[uuid.UUID]] = {}
    for link in found.walk.links if own else ():
        if not link.event and isinstance(link.source, uuid.UUID) and isinstance(link.made, uuid.UUID):
            made.setdefault(link.source, []).append(link.made)
    standing = dict(own)
    for kind in (NoticeKind.HOLD, NoticeKind.RECALL):  # the graver one last, over the milder
        reached = {batch for batch, said in own.items() if said is kind}
        waiting = list(reached)
        while waiting:
            further = [batch for batch in made.get(waiting.pop(), ()) if batch not in reached]
            reached.update(further)
            waiting += further
        standing.update(dict.fromkeys(reached, kind))
    return standing


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
    query = select(NoticeRecord.target, NoticeRecord.kind).where(NoticeRecord.scope == "batch")
    rows = db.execute(query.order_by(NoticeRecord.number)).all()
    if not rows:
        return {}
    wanted = {batch_target(batch): batch for batch in batches}
    standing = {wanted[target]: kind for target, kind in rows if target in wanted}
    return {batch: kind for batch, kind in standing.items() if kind is not NoticeKind.LIFT}


def batches_by_id(db: Session, ids: Sequence[uuid.UUID]) -> list[Batch]:
    """The batches in the order asked for."""
    found = {batch.id: batch for batch in db.scalars(select(Batch).where(among(db, Batch.id, ids)))}
    return [found[batch] for batch in ids if batch in found]


def seen_parties(db: Session, within: ColumnElement[bool], facts: Iterable[BatchFacts]) -> set[uuid.UUID]:
    """Of the parties these batches belong to, those that may be seen. `within`: a condition on `Party`."""
    ids = {fact.party_id for fact in facts}
    return set(db.scalars(select(Party.id).where(among(db, Party.id, ids), within)))


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
