"""GET /api/v1/checklists: what the law asks to be recorded of a producer's products, what is there and what is not.

A producer's key asks about itself, an officer's about those its office looks after, an inspector's and the operator's
about every producer, as for the records themselves (`epcis.access`).
"""

import datetime as dt
from typing import Annotated

from fastapi import FastAPI, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from temthat_trace import formats
from temthat_trace.batches import Batch
from temthat_trace.completeness.checklist import Checked
from temthat_trace.completeness.item import Checklist, Gap, Item, State, Supplier
from temthat_trace.completeness.repository import facts_of_batch, facts_of_products
from temthat_trace.parties import Party
from temthat_trace.products import Product
from temthat_verify_api import errors
from temthat_verify_api.accounts import KeyRole
from temthat_verify_api.api.models import problems
from temthat_verify_api.checklists import checked
from temthat_verify_api.credentials import Credential
from temthat_verify_api.epcis.access import readable
from temthat_verify_api.errors import Refused
from temthat_verify_api.parts import parts_of
from temthat_verify_api.wiring import Services, services_of

MOST = 200
"""Products of one answer; `after` asks for the next."""

Code = Annotated[str, Query(max_length=64)]


class BothModel(BaseModel):
    """A text in Vietnamese and English."""

    vi: str
    en: str


class GapModel(BaseModel):
    """One thing that is missing, who can supply it, and where it is entered."""

    what: BothModel
    who: list[Supplier]
    where: BothModel
    sheet: str | None = Field(None, description="The workbook's sheet by its key, and the column's key.")
    column: str | None = None


class ItemModel(BaseModel):
    """One item. `undeclared`: asked for “if any”, and nothing was declared."""

    key: str
    number: int
    title: BothModel
    state: State
    value: BothModel | None = None
    why: BothModel | None = Field(None, description="Why it does not apply.")
    gaps: list[GapModel] = Field(default_factory=list)


class ChecklistModel(BaseModel):
    """One law's list. `done` of `counted` items are complete; what does not apply is not counted."""

    key: str
    law: BothModel
    done: int
    counted: int
    missing: int
    items: list[ItemModel]


class ProductModel(BaseModel):
    """A product with the batch its lists speak of: the one asked for, else the newest; null without any."""

    code: str
    name: str
    lot: str | None
    lists: list[ChecklistModel]


class ChecklistsModel(BaseModel):
    """`next`: the product code to send as `after` for the rest, or null."""

    organisation: str
    day: dt.date
    products: list[ProductModel]
    next: str | None


def add_to(app: FastAPI) -> None:
    """Mount the route."""

    @app.get(
        "/api/v1/checklists",
        tags=["records"],
        summary="What the law asks to be recorded: what is there, what is missing, who supplies it and where",
        responses=problems(401, 403, 404, 422, 503),
    )
    async def checklists(
        request: Request,
        organisation: Annotated[
            Code, Query(description="The producer's code; a producer's own key may leave it out.")
        ] = "",
        product: Annotated[Code, Query(description="One product by its code.")] = "",
        lot: Annotated[Code, Query(description="One batch of that product.")] = "",
        after: Annotated[Code, Query(description="Products whose code comes after this one.")] = "",
    ) -> ChecklistsModel:
        credential = await parts_of(request).credentials.find(request)
        if credential is None:
            raise errors.needs_key()
        asked = (organisation, product, lot, after)
        return await run_in_threadpool(_answer, services_of(request), credential, *asked)


def _answer(
    services: Services, credential: Credential, organisation: str, product: str, lot: str, after: str
) -> ChecklistsModel:
    """Raises `Refused`."""
    parties = readable(services, credential)
    if not parties:
        raise errors.wrong_role(KeyRole.PRODUCER)
    today = formats.today(services.now())
    with services.sessions() as session:
        own = organisation or (credential.role is KeyRole.PRODUCER and _code(session, credential)) or ""
        party = session.scalar(select(Party).where(Party.code == own))
        if party is None or party.id not in parties:
            raise _unknown()
        if lot:
            lines, more = _batch(session, party, product, lot, today), False
        else:
            lines, more = _products(session, party, product, after, today)
        return ChecklistsModel(
            organisation=party.code,
            day=today,
            products=[_product(line) for line in lines],
            next=lines[-1].facts.code if more else None,
        )


def _code(session: Session, credential: Credential) -> str:
    return session.get_one(Party, credential.party_id).code


def _products(
    session: Session, party: Party, product: str, after: str, today: dt.date
) -> tuple[list[Checked], bool]:
    query = select(Product).where(Product.party_id == party.id, Product.code > after).order_by(Product.code)
    if product:
        query = query.where(Product.code == product)
    found = session.scalars(query.limit(MOST + 1)).all()
    if product and not found:
        raise _unknown()
    return checked(session, facts_of_products(session, found[:MOST], today)), len(found) > MOST


def _batch(session: Session, party: Party, product: str, lot: str, today: dt.date) -> list[Checked]:
    query = select(Batch).join(Batch.product).where(Product.party_id == party.id, Product.code == product)
    batch = session.scalar(query.where(Batch.lot == lot))
    if batch is None:
        raise _unknown()
    return checked(session, [facts_of_batch(session, batch, today)])


def _unknown() -> Refused:
    return Refused(
        404,
        "not_found",
        "Không có đơn vị, sản phẩm hay lô nào như vậy mà khóa này được xem.",
        "There is no such organisation, product or batch that this key may see.",
    )


def _product(line: Checked) -> ProductModel:
    facts = line.facts
    lot = facts.batch.lot if facts.batch else None
    return ProductModel(
        code=facts.code, name=facts.name, lot=lot, lists=[checklist_model(one) for one in line.lists]
    )


def checklist_model(checklist: Checklist) -> ChecklistModel:
    """One law's list as the API tells it."""
    return ChecklistModel(
        key=checklist.key,
        law=_both(checklist.law.vi, checklist.law.en),
        done=checklist.done,
        counted=checklist.counted,
        missing=checklist.missing,
        items=[_item(item) for item in checklist.items],
    )


def _item(item: Item) -> ItemModel:
    return ItemModel(
        key=item.key,
        number=item.number,
        title=_both(item.title.vi, item.title.en),
        state=item.state,
        value=_both(item.value.vi, item.value.en) if item.value.vi else None,
        why=_both(item.why.vi, item.why.en) if item.why.vi else None,
        gaps=[_gap(gap) for gap in item.gaps],
    )


def _gap(gap: Gap) -> GapModel:
    return GapModel(
        what=_both(gap.what.vi, gap.what.en),
        who=list(gap.who),
        where=_both(gap.where.said.vi, gap.where.said.en),
        sheet=gap.where.sheet or None,
        column=gap.where.column or None,
    )


def _both(vi: str, en: str) -> BothModel:
    return BothModel(vi=vi, en=en)
