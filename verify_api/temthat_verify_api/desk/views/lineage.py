"""The lineage of a batch: its way from field to shelf as a picture, and the tables behind it, up and down."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fastapi import Response

from temthat_trace.batches import Batch
from temthat_trace.lineage.joined import Node, Trace, trace
from temthat_trace.lineage.repository import BatchFacts, Lineage, kinds_made, lineage
from temthat_trace.lineage.steps import StepKind
from temthat_trace.lineage.things import Thing, keepers
from temthat_trace.lineage.walk import Bounds, Direction, Line, Tie, outline
from temthat_verify_api.desk import queries
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.recall.naming import thing_words
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
    """One line of a table: a batch or a thing of EPCIS events, how deep, how it hangs together with the one above, by
    which amount, and what may be told.
    """

    facts: BatchFacts | None
    thing: str
    depth: int
    how: str
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
    read = keepers(desk.db, queries.visible(desk.person))
    hosts = sorted(desk.services.settings.hosts)
    walks = [
        trace(desk.db, [batch.id], way, bounds, keepers=read, hosts=hosts)
        for way in (Direction.UP, Direction.DOWN)
    ]
    return desk.page(
        "lineage.html",
        batch=batch,
        way=_way(desk, batch, lineage(desk.db, [batch.id], Direction.UP, bounds)),
        tables=[_table(desk, found) for found in walks],
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


def _table(desk: Desk, found: Trace) -> Table:
    seen = seen_parties(desk.db, queries.visible(desk.person), found.facts.values())
    lines, more = outline(found.walk, LINES)
    near = {node for level in found.walk.levels[:2] for node in level}
    is_up = found.walk.direction is Direction.UP
    kinds = found.kinds or kinds_made(desk.db, [n.node for n in lines if isinstance(n.node, uuid.UUID)])
    above: list[Node] = [lines[0].node] if lines else []
    rows = []
    for line in lines[1:]:
        del above[line.depth :]
        made = above[-1] if is_up else line.node
        above.append(line.node)
        facts = None if isinstance(line.node, Thing) else found.facts[line.node]
        mine = facts is not None and facts.party_id in seen
        made_by = found.facts[made].party_id if isinstance(made, uuid.UUID) else None
        rows.append(
            Row(
                facts,
                thing_words(line.node.name) if isinstance(line.node, Thing) else "",
                line.depth,
                _how(
                    desk, line, kinds.get(made) if made_by in seen and isinstance(made, uuid.UUID) else None
                ),
                desk.words.quantity(line.link.amount, line.link.unit)
                if line.link and line.link.amount is not None
                else "",
                mine,
                line.node in near,
                line.abbreviated,
            )
        )
    cut = more or found.cut is not None
    return Table(found.walk.direction, tuple(rows), len(found.walk.nodes) - 1, cut)


def _how(desk: Desk, line: Line[Node], kind: StepKind | None) -> str:
    """What was done, in a word: split, mixed, packed anew; or inside, or one of a lot."""
    if line.link is None:
        return ""
    if line.link.tie is not Tie.MADE:
        return desk.words(f"lineage.tie.{line.link.tie}")
    return desk.words(f"lineage.kind.{kind or StepKind.MADE}")


def _first(levels: Sequence[Sequence[uuid.UUID]]) -> Iterable[uuid.UUID]:
    """Batches one step away: whose they are is told to everybody who sees the batch itself."""
    return [node for level in levels[:2] for node in level]
