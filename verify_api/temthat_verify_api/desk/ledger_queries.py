"""The desk's questions about ledgers, reprints and quotas. What a person may not see or decide is not found."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_stamps.ledger.records import Reprint
from temthat_stamps.ledger.reprint import Signatory, find_reprint
from temthat_stamps.ledger.sheets import sheet_count
from temthat_stamps.printing.errors import PrintingError
from temthat_stamps.printing.layout import find_layout
from temthat_stamps.runs.produce import PrintSettings
from temthat_stamps.runs.records import PrintJob
from temthat_trace.parties import Party
from temthat_trace.products import Product, ProductKind
from temthat_verify_api.accounts import Person
from temthat_verify_api.desk.errors import NotFound
from temthat_verify_api.permissions import Action, may


@dataclass(frozen=True, slots=True)
class PrintedFile:
    """A print file that came out sheet by sheet: the clerk finds the number at the top of each."""

    job: PrintJob
    settings: PrintSettings
    sheets: int


def printed_files(jobs: Sequence[PrintJob]) -> list[PrintedFile]:
    """Those of a run's files that have numbered sheets; rolls, pictures and lists have none."""
    found = []
    for job in jobs:
        try:
            settings = PrintSettings(**json.loads(job.settings))
            if find_layout(settings.layout).medium == "sheet" and (
                sheets := sheet_count(settings, job.first, job.last)
            ):
                found.append(PrintedFile(job, settings, sheets))
        except (PrintingError, TypeError, ValueError):  # an own layout of long ago: stamps can still be named
            continue
    return found


def signatory(person: Person) -> Signatory:
    """A person as the ledger knows them."""
    return Signatory(
        id=person.id,
        name=person.name,
        phone=person.phone,
        party=person.party,
        since=person.created_at,
        opened_by=person.created_by,
        active=person.disabled_at is None,
    )


def own_reprint(db: Session, person: Person, reprint_id: uuid.UUID) -> Reprint:
    """A request of one's own organisation. Raises `NotFound`: others need the link."""
    reprint = db.get(Reprint, reprint_id)
    if reprint is None or reprint.run_record.party_id != person.party_id:
        raise NotFound
    return _decidable(person, reprint)


def linked_reprint(db: Session, person: Person, token: str) -> Reprint:
    """The request of a link that this person may decide. Raises `NotFound`."""
    reprint = find_reprint(db, token)
    if reprint is None:
        raise NotFound
    return _decidable(person, reprint)


def _decidable(person: Person, reprint: Reprint) -> Reprint:
    if not may(person, Action.AGREE, reprint.run_record.party):
        raise NotFound
    return reprint


def products_of(db: Session, party: Party) -> Sequence[Product]:
    """An organisation's goods, by name."""
    query = select(Product).where(Product.party_id == party.id, Product.kind == ProductKind.GOODS)
    return db.scalars(query.order_by(Product.name)).all()


def find_product(db: Session, party_id: uuid.UUID, product_id: str) -> Product | None:
    """A product of that organisation by the id a form sent; None for "all products". Raises `NotFound`."""
    if not product_id:
        return None
    try:
        product = db.get(Product, uuid.UUID(product_id))
    except ValueError:
        product = None
    if product is None or product.party_id != party_id:
        raise NotFound
    return product
