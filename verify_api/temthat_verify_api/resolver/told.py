"""One batch as an EPCIS document that everybody may read: what its page shows, in the standard's form.

The whole of it, with amounts, materials and purchases, is in the party's repository under /epcis/v2, for who has a key.
"""

import datetime as dt
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_trace.approvals.rule import is_public
from temthat_trace.batches import Batch
from temthat_trace.emitting.repository import facts_of
from temthat_trace.emitting.telling import document, public, tell
from temthat_trace.parties import Party
from temthat_trace.products import Product
from temthat_verify_api.resolver.addresses import Codes

LAST = "epcis"
"""The last segment of its address; no printed number of a stamp is this word."""
MEDIA_TYPE = "application/ld+json"


def public_document(session: Session, codes: Codes, base: str, now: dt.datetime) -> dict[str, Any] | None:
    """The document of the batch with these codes; None if there is none. `base`: scheme and host of this service."""
    query = (
        select(Batch.id)
        .join(Product, Batch.product_id == Product.id)
        .join(Party, Product.party_id == Party.id)
        .where(Party.code == codes.party, Product.code == codes.product, Batch.lot == codes.lot, is_public())
    )
    batch_id = session.scalar(query)
    found = facts_of(session, [batch_id], base, goods_only=False).get(batch_id) if batch_id else None
    if found is None:
        return None
    return document((told.as_json() for told in tell(public(found[1]))), now)
