"""Records to resolve, beyond those of the small world: batches without stamps, a second producer."""

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

from temthat_trace.batches import Batch
from temthat_trace.parties import Party, PartyKind
from temthat_trace.products import Product

if TYPE_CHECKING:
    from tests.verify_api.conftest import World


def add_batch(world: "World", *lots: str, party: str = "HTX-MAU", product: str = "CHE") -> None:
    """Batches of a product, without stamps."""
    with world.services.sessions() as session:
        owner = session.query(Party).filter_by(code=party).one()
        made = session.query(Product).filter_by(code=product, party_id=owner.id).one()
        session.add_all(
            Batch(
                party_id=owner.id,
                product_id=made.id,
                lot=lot,
                quantity=Decimal(100),
                unit="KGM",
                made_on=dt.date(2026, 5, 2),
            )
            for lot in lots
        )
        session.commit()


def add_product(world: "World", party: str, code: str, gtin: str | None, name: str = "Mật ong") -> None:
    """A product, and its party if there is none with that code."""
    with world.services.sessions() as session:
        owner = session.query(Party).filter_by(code=party).one_or_none()
        if owner is None:
            owner = Party(code=party, kind=PartyKind.COOPERATIVE, name=f"HTX {party}", province="01")
            session.add(owner)
            session.flush()
        session.add(Product(party_id=owner.id, code=code, name=name, gtin=gtin, base_unit="KGM"))
        session.commit()


def set_gtin(world: "World", code: str, gtin: str | None) -> None:
    """A producer gets a GTIN for a product, or has none."""
    with world.services.sessions() as session:
        session.query(Product).filter_by(code=code).one().gtin = gtin
        session.commit()
