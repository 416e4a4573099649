"""Other names of the lots and products a question names, as far as batches recorded here tell.

A batch keeps the name under which it was first told of. Its product may get a GTIN later, and whoever scans that asks
by the GTIN; or asks by our internal address of a batch that was told of under its GTIN. Both mean the same goods.
"""

import re
import uuid
from collections.abc import Iterable, Sequence

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from temthat_trace.batches import Batch
from temthat_trace.gs1.key import STEM
from temthat_trace.lineage.among import among
from temthat_trace.lineage.joined import Names
from temthat_trace.lineage.things import Thing
from temthat_trace.products import PackForm, Product

MOST_LOTS = 1_000
"""Batches of one product, the newest, that are asked for by their internal addresses."""
_GTIN = re.compile(re.escape(f"{STEM}/01/") + r"(\d{14})", re.ASCII)


def other_names(session: Session, hosts: Sequence[str], asked: Iterable[str]) -> dict[str, frozenset[str]]:
    """For each canonical identity asked for that has any: the names the same goods may have in events.

    `hosts`: under which our internal codes are addresses. A number that two producers state is neither's.
    """
    given = sorted(set(asked))
    names = Names(session, hosts)
    nodes = names.nodes([Thing(name) for name in given])
    batches = {name: {node} for name, node in zip(given, nodes, strict=True) if isinstance(node, uuid.UUID)}
    batches |= _of_products(session, given)
    if not batches:
        return {}
    called: dict[uuid.UUID, set[str]] = {}
    for name, batch in names.of({b for own in batches.values() for b in own}).items():
        called.setdefault(batch, set()).add(name)
    found: dict[str, frozenset[str]] = {}
    for name, own in batches.items():
        found[name] = frozenset(other for batch in own for other in called.get(batch, ()) if other != name)
    return found


def _of_products(session: Session, given: Sequence[str]) -> dict[str, set[uuid.UUID]]:
    """The batches of each product asked for by a GTIN that is its own alone."""
    gtins = {match[1]: name for name in given if (match := _GTIN.fullmatch(name))}
    if not gtins:
        return {}
    stated = union(
        select(Product.gtin, Product.id).where(among(session, Product.gtin, gtins)),
        select(PackForm.gtin, PackForm.product_id).where(among(session, PackForm.gtin, gtins)),
    )
    products: dict[str, list[uuid.UUID]] = {}
    for gtin, product in session.execute(stated):
        if gtin:
            products.setdefault(gtin, []).append(product)
    found: dict[str, set[uuid.UUID]] = {}
    for gtin, own in products.items():
        if len(own) == 1:
            newest = select(Batch.id).where(Batch.product_id == own[0]).order_by(Batch.id.desc())
            found[gtins[gtin]] = set(session.scalars(newest.limit(MOST_LOTS)))
    return found
