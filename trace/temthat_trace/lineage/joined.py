"""One walk through both: batches recorded here, and what stored EPCIS events tell of lots, things and containers.

A lot that an event names is the batch recorded here under the same GTIN and lot, or under the same internal codes.
"""

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_trace.batches import Batch
from temthat_trace.collecting import uncollected
from temthat_trace.gs1.key import STEM, escape
from temthat_trace.lineage.among import among
from temthat_trace.lineage.repository import BatchFacts, facts_of, kinds_of, recorded
from temthat_trace.lineage.steps import StepKind
from temthat_trace.lineage.things import EventGraph, Handover, Thing
from temthat_trace.lineage.walk import USUAL, Bounds, Cut, Direction, Link, Neighbours, Walk, walk
from temthat_trace.parties import Party
from temthat_trace.products import PackForm, Product

Node = uuid.UUID | Thing
_LOT = re.compile(r"https://id\.gs1\.org/01/(\d{14})/10/([^/?#]+)", re.ASCII)
_CODES = re.compile(r"https?://([^/?#]+)/x/([^/?#]+)/([^/?#]+)/([^/?#]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Trace:
    """A walk with what each batch of it is, how each was made (on the way up), and, on the way down, to whom things
    went. `cut` says why it is not everything; `has_met`, that some event names what was walked.
    """

    walk: Walk[Node]
    facts: dict[uuid.UUID, BatchFacts]
    kinds: dict[uuid.UUID, StepKind]
    handovers: tuple[tuple[Node, Handover], ...]
    cut: Cut | None
    has_met: bool = False

    @property
    def batches(self) -> list[uuid.UUID]:
        """The batches, the nearest first."""
        return [node for node in self.walk.nodes if isinstance(node, uuid.UUID)]

    @property
    def things(self) -> list[Thing]:
        """What events alone tell of, the nearest first."""
        return [node for node in self.walk.nodes if isinstance(node, Thing)]


@uncollected()
def trace(
    session: Session,
    starts: Iterable[Node],
    direction: Direction,
    bounds: Bounds = USUAL,
    *,
    keepers: Sequence[uuid.UUID] = (),
    hosts: Sequence[str] = (),
    without: str = "",
) -> Trace:
    """Everything some batches and things were made from (`up`), or that was made from them (`down`).

    `keepers`: the parties whose EPCIS events are read; `hosts`: under which our internal codes are addresses.
    `without`: see `EventGraph`.
    """
    graph = EventGraph(session, keepers, without=without)
    names = Names(session, hosts)
    found = walk(names.nodes(starts), _joined(session, graph, names), direction, bounds)
    facts = facts_of(session, (node for node in found.nodes if isinstance(node, uuid.UUID)))
    kinds = kinds_of(session, found, facts)
    handovers = tuple((names.node(Thing(h.name)), h) for h in graph.handovers)
    return Trace(
        found, facts, kinds, handovers, found.cut or (Cut.EVENTS if graph.cut else None), graph.has_met
    )


class Names:
    """Which names in events mean which batches recorded here. Remembers what it was asked."""

    def __init__(self, session: Session, hosts: Sequence[str]) -> None:
        self._session = session
        self._hosts = tuple(hosts)
        self._batch: dict[str, uuid.UUID | None] = {}

    def of(self, batches: Iterable[uuid.UUID]) -> dict[str, uuid.UUID]:
        """All names of some batches: by the GTIN of the product and of each pack form, and by internal codes."""
        form = select(PackForm.product_id, PackForm.gtin).where(PackForm.gtin.is_not(None)).distinct()
        query = (
            select(Batch.id, Batch.lot, Batch.product_id, Product.gtin, Product.code, Party.code)
            .join(Product, Product.id == Batch.product_id)
            .join(Party, Party.id == Product.party_id)
            .where(among(self._session, Batch.id, batches))
        )
        rows = self._session.execute(query).all()
        products = {row[2] for row in rows}
        gtins: dict[uuid.UUID, set[str]] = {}
        forms = form.where(among(self._session, PackForm.product_id, products))
        for product, gtin in self._session.execute(forms) if products else ():
            if gtin:
                gtins.setdefault(product, set()).add(gtin)
        found: dict[str, uuid.UUID] = {}
        for batch, lot, product, gtin, code, party in rows:
            for number in {gtin, *gtins.get(product, ())} - {None}:
                found[f"{STEM}/01/{number}/10/{escape(lot)}"] = batch
            path = "/".join(quote(text, safe="") for text in (party, code, lot))
            found.update((f"https://{host}/x/{path}", batch) for host in self._hosts)
        self._batch.update(found)
        return found

    def nodes(self, nodes: Iterable[Node]) -> list[Node]:
        """The same nodes, a lot that is a batch of ours as the batch."""
        given = list(nodes)
        self.learn(node.name for node in given if isinstance(node, Thing))
        return [self.node(node) for node in given]

    def node(self, node: Node) -> Node:
        """One, of a name learnt before. A container stays a container."""
        if isinstance(node, uuid.UUID) or node.carries:
            return node
        return self._batch.get(node.name) or node

    def learn(self, names: Iterable[str]) -> None:
        """Look up names not met before. A lot that two producers have recorded under one GTIN is neither's."""
        fresh = [name for name in dict.fromkeys(names) if name not in self._batch]
        self._batch.update(dict.fromkeys(fresh))
        fresh = [name for name in fresh if unquote(name).isprintable()]  # no database takes a NUL
        named = [name for name in fresh if "/10/" in name and "/21/" not in name]
        lots = {(m[1], unquote(m[2])): name for name in named if (m := _LOT.fullmatch(name))}
        met: dict[str, set[uuid.UUID]] = {}
        for gtin, lot, batch in self._with_gtin(lots):
            if (gtin, lot) in lots:
                met.setdefault(lots[gtin, lot], set()).add(batch)
        codes = {
            (unquote(m[2]), unquote(m[3]), unquote(m[4])): name
            for name in fresh
            if "/x/" in name and (m := _CODES.fullmatch(name)) and m[1] in self._hosts
        }
        for party, product, lot, batch in self._with_codes(codes):
            if (party, product, lot) in codes:
                met.setdefault(codes[party, product, lot], set()).add(batch)
        self._batch.update({name: found.pop() for name, found in met.items() if len(found) == 1})

    def _with_gtin(self, lots: Mapping[tuple[str, str], str]) -> list[tuple[str, str, uuid.UUID]]:
        if not lots:
            return []
        session, gtins, numbers = self._session, {gtin for gtin, _ in lots}, {lot for _, lot in lots}
        by_product = select(Product.gtin, Batch.lot, Batch.id).join(Product, Product.id == Batch.product_id)
        by_form = select(PackForm.gtin, Batch.lot, Batch.id).join(
            PackForm, PackForm.product_id == Batch.product_id
        )
        queries = (
            by_product.where(among(session, Product.gtin, gtins), among(session, Batch.lot, numbers)),
            by_form.where(among(session, PackForm.gtin, gtins), among(session, Batch.lot, numbers)),
        )
        return [
            (gtin, lot, batch) for query in queries for gtin, lot, batch in session.execute(query) if gtin
        ]

    def _with_codes(self, codes: Mapping[tuple[str, str, str], str]) -> list[tuple[str, str, str, uuid.UUID]]:
        if not codes:
            return []
        query = (
            select(Party.code, Product.code, Batch.lot, Batch.id)
            .join(Product, Product.party_id == Party.id)
            .join(Batch, Batch.product_id == Product.id)
            .where(
                among(self._session, Party.code, {code for code, _, _ in codes}),
                among(self._session, Batch.lot, {lot for _, _, lot in codes}),
            )
        )
        return [(party, product, lot, batch) for party, product, lot, batch in self._session.execute(query)]


def _joined(session: Session, graph: EventGraph, names: Names) -> Neighbours[Node]:
    by_records = recorded(session)

    def neighbours(level: Sequence[Node], direction: Direction) -> list[Link[Node]]:
        batches = [node for node in level if isinstance(node, uuid.UUID)]
        links: list[Link[Node]] = []
        if batches:
            links += by_records(batches, direction)  # type: ignore[arg-type]  # a link is read only
        if not graph.is_open:
            return links
        things = [node for node in level if isinstance(node, Thing)]
        things += map(Thing, names.of(batches) if batches else ())
        told = graph.neighbours(things, direction)
        names.learn(end.name for link in told for end in (link.source, link.made))
        known = {(link.source, link.made) for link in links}
        for link in told:
            source, made = names.node(link.source), names.node(link.made)
            # Not a batch and its own name, nor what the records told already.
            if source != made and (source, made) not in known:
                links.append(Link(source, made, link.amount, link.unit, link.tie, link.event))
        return links

    return neighbours
