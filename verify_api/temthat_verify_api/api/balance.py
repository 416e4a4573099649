"""GET /api/v1/balance: what went in against what came out in a year, and what is over.

Whose records a key may ask about is as for EPCIS (`epcis.access`).
"""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Annotated

from fastapi import FastAPI, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from temthat_trace import formats
from temthat_trace.balance.account import Account, Row
from temthat_trace.balance.area import PlotLine
from temthat_trace.balance.findings import Finding, Rule
from temthat_trace.balance.repository import season_of
from temthat_trace.events import Step
from temthat_trace.lineage.among import among
from temthat_trace.parties import Party
from temthat_verify_api import errors
from temthat_verify_api.accounts import KeyRole
from temthat_verify_api.api.models import problems
from temthat_verify_api.credentials import Credential
from temthat_verify_api.epcis.access import readable
from temthat_verify_api.errors import Refused
from temthat_verify_api.parts import parts_of
from temthat_verify_api.wiring import Services, services_of

Exact = Annotated[str, Field(description="A decimal number, exact.")]


class RowModel(BaseModel):
    """One line of a batch's table. `part`: a step of the diary, the whole batch, or what was passed on of it."""

    part: str
    product: str = Field(description="The part of a combo it is about; empty for the batch itself.")
    step: Step | None
    at: dt.datetime | None
    unit: str = Field(description="UN/ECE code; lines of different units are never added.")
    went_in: Exact | None
    came_out: Exact | None
    lost: Exact
    difference: Exact | None = Field(
        description="In, less out, less losses stated; null when it cannot be said."
    )


class FindingModel(BaseModel):
    """One thing that does not add up, as a question with its arithmetic. `event`: the diary entry it is about."""

    rule: Rule
    is_excess: bool
    stated: Exact
    possible: Exact
    over: Exact
    unit: str
    event: uuid.UUID | None
    message_vi: str
    message_en: str


class BatchModel(BaseModel):
    """A batch's balance."""

    lot: str
    product: str
    made_on: dt.date
    rows: list[RowModel]
    findings: list[FindingModel]


class PlotModel(BaseModel):
    """A plot in the year, in kilograms; `expected` is null where area or yield are not stated."""

    name: str
    expected: Exact | None
    drawn: Exact


class BalanceModel(BaseModel):
    """`findings` are those of plots and households. `cut`: there are more batches than were looked at."""

    organisation: str
    year: int
    cut: bool
    batches: list[BatchModel]
    plots: list[PlotModel]
    findings: list[FindingModel]


def add_to(app: FastAPI) -> None:
    """Mount the route."""

    @app.get(
        "/api/v1/balance",
        tags=["records"],
        summary="What went in against what came out in a year: batches, plots, households, and what is over",
        responses=problems(401, 403, 404, 422, 503),
    )
    async def balance(
        request: Request,
        organisation: Annotated[
            str, Query(max_length=64, description="The producer's code; its own key may leave it out.")
        ] = "",
        year: Annotated[int | None, Query(ge=2000, le=2200, description="This year, unless said.")] = None,
        every: Annotated[
            bool, Query(description="All batches of the year, not only those with findings.")
        ] = False,
    ) -> BalanceModel:
        credential = await parts_of(request).credentials.find(request)
        if credential is None:
            raise errors.needs_key()
        services = services_of(request)
        asked = year or formats.today(services.now()).year
        return await run_in_threadpool(_answer, services, credential, organisation, asked, every)


def _answer(services: Services, credential: Credential, code: str, year: int, every: bool) -> BalanceModel:
    """Raises `Refused`."""
    parties = readable(services, credential)
    if not parties:
        raise errors.wrong_role(KeyRole.PRODUCER)
    with services.sessions() as session:
        named = Party.code == code if code else Party.id == credential.party_id
        party = session.scalar(select(Party).where(named, among(session, Party.id, parties)))
        if party is None:
            raise Refused(
                404,
                "not_found",
                "Không có đơn vị nào như vậy mà khóa này được xem. Ghi mã đơn vị ở organisation.",
                "There is no such organisation that this key may see. Name its code in organisation.",
            )
        season = season_of(session, Party.id == party.id, year)
        return BalanceModel(
            organisation=party.code,
            year=year,
            cut=season.cut,
            batches=[_batch(account) for account in season.accounts if every or account.findings],
            plots=[_plot(line) for line in season.area.lines],
            findings=[_finding(found) for found in season.area.findings],
        )


def _batch(account: Account) -> BatchModel:
    parts = (("step", account.steps), ("whole", account.whole), ("onward", account.onward))
    return BatchModel(
        lot=account.batch.lot,
        product=account.batch.product,
        made_on=account.batch.made_on,
        rows=[_row(part, row) for part, rows in parts for row in rows],
        findings=[_finding(found) for found in account.findings],
    )


def _row(part: str, row: Row) -> RowModel:
    return RowModel(
        part=part, product=row.what, step=row.step, at=row.at, unit=row.unit, went_in=_number(row.went_in),
        came_out=_number(row.came_out), lost=f"{row.lost:f}", difference=_number(row.difference),
    )  # fmt: skip


def _finding(found: Finding) -> FindingModel:
    return FindingModel(
        rule=found.rule, is_excess=found.is_excess, stated=f"{found.stated.quantity:f}",
        possible=f"{found.possible.quantity:f}", over=f"{found.over.quantity:f}", unit=found.stated.unit,
        event=found.step, message_vi=found.vi, message_en=found.en,
    )  # fmt: skip


def _plot(line: PlotLine) -> PlotModel:
    return PlotModel(name=line.plot.name, expected=_number(line.expected), drawn=f"{line.drawn:f}")


def _number(quantity: Decimal | None) -> str | None:
    return None if quantity is None else f"{quantity:f}"
