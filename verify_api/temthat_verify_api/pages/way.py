"""A pack's own way from field to shelf, as its page draws it: stages of batches, what was done between them.

Of another organisation's batches a shopper learns one step back: product, lot, day and maker. Further away it is
“another organisation's batch”. Of households what they agreed to be shown as (`lineage.growers`).
"""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from temthat_trace import formats
from temthat_trace.batches import Batch
from temthat_trace.events import Event, Step
from temthat_trace.lineage.among import among
from temthat_trace.lineage.repository import Lineage, lineage
from temthat_trace.lineage.steps import StepKind
from temthat_trace.lineage.walk import Bounds, Direction
from temthat_trace.products import Product
from temthat_trace.purchases import PurchaseSlip

BOUNDS = Bounds(nodes=300, depth=30)
STOPS = 3
"""Batches of one stage that the picture shows before it counts the rest."""
NEAR, FAR = 3, 1
"""Stages the picture shows next to the pack and at the far end, before it counts those between."""
ROWS = 40
"""Lines of the page's table: the nearest batches."""
_MILESTONES = (
    Step.SOWING,
    Step.HARVEST,
    Step.PURCHASE,
    Step.PRELIMINARY,
    Step.PROCESSING,
    Step.TESTING,
    Step.PACKING,
)
Amount = dict[str, str]
"""An amount in words, by language."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One batch on the way. `others`: another organisation's, further than one step back, of which nothing is told.

    `grower`: the household as it may be shown, with its plot; `maker`: the organisation, if it is not the issuer.
    `milestones`: kind of step and its first day. `taken`: how much of it went into the next stage, where that is one.
    """

    product: str = ""
    product_en: str = ""
    lot: str = ""
    quantity: Amount | None = None
    made_on: dt.date | None = None
    grower: str = ""
    place: str = ""
    maker: str = ""
    taken: Amount | None = None
    how: StepKind | None = None
    milestones: tuple[tuple[str, dt.date], ...] = ()
    households: int = 0
    others: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """Batches equally far back. `how`: what was done to get from the stage before to this one; `of`: from how many.

    `more`: how many the picture leaves out; `skipped`: stages left out here.
    """

    stops: tuple[Stop, ...] = ()
    more: int = 0
    how: StepKind | None = None
    of: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Way:
    """From the first batches known to the one in the pack. `cut`: there is more before the first stage.

    `left_out`: batches before those of `rows`.
    """

    stages: tuple[Stage, ...]
    rows: tuple[Stop, ...]
    cut: bool
    left_out: int

    @property
    def is_long(self) -> bool:
        """Whether there is more to it than the batch itself."""
        return len(self.stages) > 1


def way_of(session: Session, batch: Batch, most: int = ROWS) -> Way:
    """The way of one batch, in at most three queries a step and a few for what is shown. `most`: of `rows`."""
    up = lineage(session, [batch.id], Direction.UP, BOUNDS)
    levels = [
        tuple(_in_order(up, batch, [node for node in level if node in up.facts])) for level in up.walk.levels
    ]
    told = _Told(session, up, batch)
    stages = []
    for number, level in enumerate(levels):
        before = levels[number + 1] if number + 1 < len(levels) else ()
        stops = [told.stop(node) for node in level]
        hidden = [stop for stop in stops if stop.others]
        shown = [stop for stop in stops if not stop.others][:STOPS] + hidden[:1]
        kinds = {stop.how for stop in stops if stop.how}
        how = kinds.pop() if len(kinds) == 1 and not hidden else None
        stages.append(Stage(tuple(shown), len(stops) - len(shown), how, len(before)))
    nodes = [node for level in reversed(levels) for node in level]
    rows = tuple(map(told.stop, nodes[-most:]))
    stages.reverse()
    if len(stages) > NEAR + FAR + 1:
        stages = [*stages[:FAR], Stage(skipped=len(stages) - NEAR - FAR), *stages[-NEAR:]]
    return Way(tuple(stages), rows, cut=up.walk.cut is not None, left_out=len(nodes) - len(rows))


def _in_order(up: Lineage, batch: Batch, nodes: list[uuid.UUID]) -> list[uuid.UUID]:
    """The issuer's own first, then by what they are."""
    facts = up.facts
    return sorted(
        nodes,
        key=lambda n: (facts[n].party_id != batch.party_id, facts[n].product, facts[n].made_on, facts[n].lot),
    )


class _Told:
    """What may be told of each batch of a walk up."""

    def __init__(self, session: Session, up: Lineage, batch: Batch) -> None:
        self._up = up
        self._issuer = batch.party_id
        self._near = {node for level in up.walk.levels[:2] for node in level}
        own = [node for node, facts in up.facts.items() if facts.party_id == self._issuer]
        self._milestones = _milestones(session, own)
        self._households = _households(session, own)
        products = {up.facts[node].product_id for node in up.facts}
        query = select(Product.id, Product.name_en).where(among(session, Product.id, products))
        self._english = {row.id: row.name_en for row in session.execute(query)}
        self._taken: dict[uuid.UUID, Amount] = {}
        used: set[uuid.UUID] = set()
        for link in up.walk.links:
            if link.amount is not None and link.source not in used:
                self._taken[link.source] = _words(link.amount, link.unit)
            else:
                self._taken.pop(link.source, None)
            used.add(link.source)

    def stop(self, node: uuid.UUID) -> Stop:
        """A batch of the issuer whole, of others as much as the rule allows."""
        facts = self._up.facts[node]
        mine = facts.party_id == self._issuer
        if not mine and node not in self._near:
            return Stop(others=True)
        return Stop(
            product=facts.product,
            product_en=self._english.get(facts.product_id, ""),
            lot=facts.lot,
            quantity=_words(facts.quantity, facts.unit) if mine else None,
            made_on=facts.made_on,
            grower=", ".join(filter(None, (facts.member, facts.plot))) if mine else "",
            place=facts.place if mine else "",
            maker="" if mine else facts.party,
            taken=self._taken.get(node),
            how=self._up.kinds.get(node) if mine else None,
            milestones=self._milestones.get(node, ()),
            households=self._households.get(node, 0),
        )


def _words(amount: Decimal, unit: str) -> Amount:
    return {lang: formats.quantity(amount, unit, lang) for lang in ("vi", "en")}


def _milestones(
    session: Session, batches: Iterable[uuid.UUID]
) -> dict[uuid.UUID, tuple[tuple[str, dt.date], ...]]:
    """The first day of each kind of work that tells the way, in order of time; nothing erased, nothing withdrawn."""
    query = (
        select(Event.batch_id, Event.step, Event.at)
        .where(
            among(session, Event.batch_id, batches),
            Event.step.in_(_MILESTONES),
            Event.text.is_not(None),
            Event.withdrawn_at.is_(None),
        )
        .order_by(Event.at, Event.id)
    )
    first: dict[uuid.UUID, dict[str, dt.date]] = {}
    for batch, step, at in session.execute(query):
        first.setdefault(batch, {}).setdefault(step, formats.today(at))
    return {batch: tuple(days.items()) for batch, days in first.items()}


def _households(session: Session, batches: Iterable[uuid.UUID]) -> dict[uuid.UUID, int]:
    """How many households delivered what a batch was bought from."""
    query = (
        select(PurchaseSlip.batch_id, func.count(PurchaseSlip.member_id.distinct()))
        .where(among(session, PurchaseSlip.batch_id, batches), PurchaseSlip.withdrawn_at.is_(None))
        .group_by(PurchaseSlip.batch_id)
    )
    return {batch: count for batch, count in session.execute(query) if batch is not None}
