"""One GTIN, several claims: products of different parties that state the same number. At most one of them can be right.

GS1 gives a prefix to one company only. Nothing here can tell to which: the alliance asks GS1 Vietnam or the producers.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import ColumnElement, func, select, union
from sqlalchemy.orm import Session

from temthat_trace.parties import Party
from temthat_trace.products import PackForm, Product

MOST = 200


@dataclass(frozen=True, slots=True)
class Claim:
    """One product that states the GTIN."""

    party_id: uuid.UUID
    party: str
    product_id: uuid.UUID
    product: str


@dataclass(frozen=True, slots=True)
class Disputed:
    """A GTIN and everybody who claims it, in the order in which they were recorded."""

    gtin: str
    claims: tuple[Claim, ...]


def disputed(session: Session, within: ColumnElement[bool]) -> Sequence[Disputed]:
    """The GTINs that more than one party claims, one of them at least `within` (a condition on Party)."""
    stated = union(
        select(Product.gtin.label("gtin"), Product.id.label("product")).where(Product.gtin.is_not(None)),
        select(PackForm.gtin, PackForm.product_id).where(PackForm.gtin.is_not(None)),
    ).subquery()
    of_party = (
        select(stated.c.gtin)
        .join(Product, Product.id == stated.c.product)
        .group_by(stated.c.gtin)
        .having(func.count(func.distinct(Product.party_id)) > 1)
    )
    seen = (
        select(stated.c.gtin)
        .join(Product, Product.id == stated.c.product)
        .join(Party, Party.id == Product.party_id)
        .where(within)
    )
    query = (
        select(stated.c.gtin, Party.id, Party.name, Product.id, Product.name)
        .join(Product, Product.id == stated.c.product)
        .join(Party, Party.id == Product.party_id)
        .where(stated.c.gtin.in_(of_party), stated.c.gtin.in_(seen))
        .order_by(stated.c.gtin, Product.id)
        .limit(MOST)
    )
    rows = session.execute(query).all()
    return [
        Disputed(gtin, tuple(Claim(*row[1:]) for row in group))
        for gtin, group in groupby(rows, lambda r: r[0])
    ]
