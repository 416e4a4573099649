"""The lineage of a batch: its way from field to shelf as a picture, and the tables behind it, up and down."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fastapi import Response

from temthat_trace.batches import Batch
from temthat_trace.lineage.repository import BatchFacts, Lineage, lineage
from temthat_trace.lineage.steps import StepKind
from temthat_trace.lineage.walk import Bounds, Direction, outline
from temthat_verify_api.desk import queries
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.recall.reach import RunCount, runs_of, seen_parties

router = desk_router()

BOUNDS = Bounds(nodes=2_000, depth=100)
LINES = 400
"""Lines of a table before it says that there are more."""
CARDS = 4
"""Batches of one stage that the picture shows before it counts the rest."""
NEAR, FAR = 3, 1
"""Stages the picture shows next to the batch and at the far end, before it counts those between."""


@dataclass(frozen=True, slots=True)
class Card:
    """A batch in the picture: what it is, how it was made (None: nothing is recorded before it), and of how much.

    Of what is neither `seen` nor `near` nothing is told but that it is another's.
    """

    facts: BatchFacts
    seen: bool
    near: bool
    how: StepKind | None
    taken: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """Batches that are equally far back. `more`: how many the picture leaves out; `skipped`: stages left out here."""

    cards: tuple[Card, ...] = ()
    more: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Way:
    """The way of a batch from the field to its stamps. `cut`: what lies before the first stage is not all told."""

    stages: tuple[Stage, ...]
    runs: tuple[RunCount, ...]
    cut: bool

    @property
    def stamps(self) -> int:
        """Stamps printed or to be printed for the batch."""
        return sum(run.stamps for run in self.runs)

    @property
    def sold(self) -> int:
        """Of these, known to be sold."""
        return sum(run.sold for run in self.runs)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: a batch, how deep, the amount that links it to the one above, and what may be told."""

    facts: BatchFacts
    depth: int
    amount: str
    seen: bool
    near: bool
    abbreviated: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A walk as lines. `cut`: there is more than is told."""

    direction: Direction
    rows: tuple[Row, ...]
    batches: int
    cut: bool


@router.get("/batches/{batch_id}/lineage")
def lineage_page(desk: SignedIn, batch_id: uuid.UUID, depth: int = BOUNDS.depth) -> Response:
    """Where a batch comes from and where it went, `depth` steps both ways."""
    batch = queries.find_batch(desk.db, desk.person, batch_id)
    bounds = Bounds(BOUNDS.nodes, min(max(depth, 1), BOUNDS.depth))
    up = lineage(desk.db, [batch.id], Direction.UP, bounds)
    down = lineage(desk.db, [batch.id], Direction.DOWN, bounds)
    return desk.page(
        "lineage.html",
        batch=batch,
        way=_way(desk, batch, up),
        tables=[_table(desk, up), _table(desk, down)],
    )


def way_of(desk: Desk, batch: Batch) -> Way:
    """The picture of a batch's way, for its own page."""
    return _way(desk, batch, lineage(desk.db, [batch.id], Direction.UP, BOUNDS))


def _way(desk: Desk, batch: Batch, up: Lineage) -> Way:
    seen = seen_parties(desk.db, queries.visible(desk.person), up.facts.values())
    taken: dict[uuid.UUID, list[str]] = {}
    for link in up.walk.links:
        if link.source in up.facts and link.amount is not None:
            words = f"{up.facts[link.source].lot}: {desk.words.quantity(link.amount, link.unit)}"
            taken.setdefault(link.made, []).append(words)

    near = set(_first(up.walk.levels))

    def told(node: uuid.UUID) -> tuple[str, ...]:
        """What of each source went in, of batches one may see; some are enough for a picture."""
        if up.facts[node].party_id not in seen:
            return ()
        words = taken.get(node, [])
        more = [f"+ {desk.words.number(len(words) - CARDS)}…"] if len(words) > CARDS else []
        return (*words[:CARDS], *more)

    def card(node: uuid.UUID) -> Card:
        facts = up.facts[node]
        return Card(
            facts,
            facts.party_id in seen,
            node in near,
            up.kinds.get(node) if facts.party_id in seen else None,
            told(node),
        )

    stages = [
        Stage(tuple(map(card, level[:CARDS])), more=max(len(level) - CARDS, 0))
        for level in reversed(up.walk.levels)
    ]
    if len(stages) > NEAR + FAR + 1:
        skipped = Stage(skipped=len(stages) - NEAR - FAR)
        stages = [*stages[:FAR], skipped, *stages[-NEAR:]]
    runs = runs_of(desk.db, [batch.id]).get(batch.id, [])
    return Way(tuple(stages), tuple(runs), cut=up.walk.cut is not None)


def _table(desk: Desk, found: Lineage) -> Table:
    seen = seen_parties(desk.db, queries.visible(desk.person), found.facts.values())
    lines, more = outline(found.walk, LINES)
    near = set(_first(found.walk.levels))
    rows = []
    for line in lines[1:]:
        facts, link = found.facts[line.node], line.link
        amount = desk.words.quantity(link.amount, link.unit) if link and link.amount is not None else ""
        mine = facts.party_id in seen
        rows.append(Row(facts, line.depth, amount, mine, line.node in near, line.abbreviated))
    cut = more or found.walk.cut is not None
    return Table(found.walk.direction, tuple(rows), len(found.walk.nodes) - 1, cut)


def _first(levels: Sequence[Sequence[uuid.UUID]]) -> Iterable[uuid.UUID]:
    """Batches one step away: whose they are is told to everybody who sees the batch itself."""
    return [node for level in levels[:2] for node in level]
