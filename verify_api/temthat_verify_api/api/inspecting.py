"""GET /api/v1/inspect: all that the records hold of one stamp's run and batch, for who inspects; it counts as no check.

Whose records a key may ask about is as for EPCIS (`epcis.access`). Of members and plots there is here what the page of
the stamp shows, who wrote the diary is left out.
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Annotated

from fastapi import FastAPI, Query, Request
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from temthat_stamps.ledger.ledger import Ledger, State, state_words
from temthat_stamps.ledger.reconcile import Finding, ledgers_of, reconcile_batch
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.records import Run
from temthat_stamps.verdict import Asker
from temthat_trace import formats, repository
from temthat_trace.approvals.paperlook import refusals
from temthat_trace.balance.account import Account, Row
from temthat_trace.balance.amounts import Amount
from temthat_trace.balance.findings import step_name
from temthat_trace.balance.repository import balance_of
from temthat_trace.batches import Batch
from temthat_trace.completeness.repository import facts_of_batch
from temthat_trace.emitting.repository import SOURCE
from temthat_trace.lineage.among import among
from temthat_trace.lineage.joined import Trace, trace
from temthat_trace.lineage.repository import lineage
from temthat_trace.lineage.things import Thing, keepers
from temthat_trace.lineage.walk import Bounds, Direction
from temthat_trace.origin import StepShown, origin_of
from temthat_trace.papers import Paper
from temthat_trace.parties import Party
from temthat_trace.units import UnitError
from temthat_verify_api import errors
from temthat_verify_api.accounts import KeyRole
from temthat_verify_api.answers import answer_json
from temthat_verify_api.api.checklists import BothModel, checklist_model
from temthat_verify_api.api.inspected import (
    EventModel,
    FlowModel,
    InspectAnswer,
    InspectedPaper,
    QuestionModel,
    RecordModel,
    RunModel,
    StateModel,
)
from temthat_verify_api.api.models import VerifyAnswer, problems
from temthat_verify_api.api.verify import source_of
from temthat_verify_api.checklists import checked
from temthat_verify_api.epcis.access import readable
from temthat_verify_api.errors import Refused
from temthat_verify_api.facts import Answer, Asking
from temthat_verify_api.pages.render import LANGS, words
from temthat_verify_api.pages.way import BOUNDS, Stop, way_of
from temthat_verify_api.parts import parts_of
from temthat_verify_api.questions import read_question
from temthat_verify_api.recall.customers import customers_of
from temthat_verify_api.runfacts import find_run
from temthat_verify_api.wiring import Services, services_of

MOST_EVENTS = 200
"""Events of one answer, the newest."""
EVENTS_BOUNDS = Bounds(nodes=1_000, depth=8)
"""How far partners' events are followed: from a batch to packs, cases and pallets."""
_USES = Bounds(nodes=MOST_EVENTS + 2, depth=1)
"""The batch, as many made of it as one answer holds, and one by which it is seen that there are more."""


def add_to(app: FastAPI) -> None:
    """Mount the route."""

    @app.get(
        "/api/v1/inspect",
        tags=["records"],
        summary="One stamp against ledger, batch, events, balance and papers; counts as no check",
        responses=problems(401, 403, 404, 422, 429, 503),
    )
    async def inspect(
        request: Request,
        code: Annotated[
            str, Query(max_length=2_000, description="The stamp's URL, its bare code, or the printed number.")
        ],
    ) -> InspectAnswer:
        parts = parts_of(request)
        credential = await parts.credentials.find(request)
        if credential is None:
            raise errors.needs_key()
        parties = await run_in_threadpool(readable, parts.services, credential)
        if not parties:
            raise errors.wrong_role(KeyRole.INSPECTOR)
        question = read_question(code)
        source = source_of(request) if question.number else ""
        answer = await parts.judging.ask(question, Asking(Asker.INSPECTOR, source))
        record = await run_in_threadpool(_record, services_of(request), parties, answer)
        return InspectAnswer(
            **VerifyAnswer.model_validate_json(answer_json(answer)).model_dump(), record=record
        )


def _record(services: Services, parties: tuple[uuid.UUID, ...], answer: Answer) -> RecordModel | None:
    """Raises `Refused`."""
    if not answer.counts or answer.header is None:
        return None
    with services.sessions() as session:
        run = find_run(session, answer.header.run)
        batch = repository.batch(session, run.batch_id) if run else None
        if run is None or batch is None:
            return None
        if run.party_id not in parties:
            raise Refused(
                404,
                "not_found",
                "Tem này của đơn vị mà khóa này không được xem hồ sơ.",
                "This stamp is of an organisation whose records this key may not see.",
            )
        partners = _handed_over(session, parties, services.settings.hosts, batch)
        return _model(session, run, batch, answer.header.serial, answer.at, partners)


def _model(
    session: Session, run: Run, batch: Batch, serial: int, now: dt.datetime, partners: Trace
) -> RecordModel:
    today = formats.today(now)
    ledgers = ledgers_of(session, batch)
    state = next(ledger.at(serial) for one, ledger in ledgers if one.run == run.run)
    account = _account(session, batch)
    papers = repository.papers_of(session, batch.product)
    way = way_of(session, batch, BOUNDS.nodes)
    own = (batch.product.name, batch.lot)
    earlier = [stop for stop in way.rows if stop.others or stop.maker or (stop.product, stop.lot) != own]
    told = [
        *_diary(batch, today),
        *_earlier(earlier),
        *_onward(session, batch),
        *_received(session, batch, partners),
    ]
    events = sorted(told, key=lambda event: event.on)
    return RecordModel(
        at=now.replace(microsecond=0),
        batch=batch.id,
        quantity=_amount(batch.quantity, batch.unit),
        state=state,
        state_words=_state(state),
        runs=[_run(one, ledger) for one, ledger in ledgers],
        questions=list(_questions(session, batch, ledgers, account, now)),
        balance=_flows(account),
        events=events[-MOST_EVENTS:],
        hidden=sum(stop.others for stop in earlier),
        cut=way.cut or partners.cut is not None or len(events) > MOST_EVENTS,
        papers=_papers(session, papers, batch, today),
        checklists=[
            checklist_model(one)
            for line in checked(session, [facts_of_batch(session, batch, today)])
            for one in line.lists
        ],
    )


def _run(run: Run, ledger: Ledger) -> RunModel:
    return RunModel(
        run=run.run,
        pack_form=run.pack_form.name,
        ordered=run.count,
        registered_on=formats.today(run.registered_at),
        logged=run.is_logged,
        reason=run.override_reason or None,
        states=[
            StateModel(state=state, count=ledger.totals[state], words=_state(state))
            for state in reversed(State)
            if ledger.totals[state]
        ],
    )


def _state(state: State) -> BothModel:
    return BothModel(vi=state_words(state), en=state_words(state, "en"))


# --- does it add up? ----------------------------------------------------------------------------------------


def _account(session: Session, batch: Batch) -> Account | None:
    """None also where a unit is unknown here, so that nothing can be compared."""
    try:
        return balance_of(session, batch.id)
    except UnitError:
        return None


def _questions(
    session: Session,
    batch: Batch,
    ledgers: Sequence[tuple[Run, Ledger]],
    account: Account | None,
    now: dt.datetime,
) -> Iterator[QuestionModel]:
    found: tuple[Finding, ...] = ()
    try:
        stamps = reconcile_batch(session, batch, now, ledgers)
        found = (*stamps.over_ordered, *stamps.findings)
    except RunRefused as unknown:  # a pack form that does not say what it holds
        yield QuestionModel(rule="content_unknown", words=BothModel(vi=unknown.vi, en=unknown.en))
    for one in found:
        yield QuestionModel(rule=one.question, words=BothModel(vi=one.vi, en=one.en))
    for other in account.findings if account else ():
        yield QuestionModel(rule=other.rule, words=BothModel(vi=other.text("vi"), en=other.text("en")))


def _flows(account: Account | None) -> list[FlowModel]:
    if account is None or account.is_empty:
        return []
    named = [
        *((row, "") for row in account.steps),
        *((row, "balance_whole") for row in account.whole),
        *((row, "balance_onward") for row in account.onward),
    ]
    return [
        FlowModel(
            title=_flow_title(row, key),
            went_in=_flow(row.went_in, row),
            came_out=_flow(row.came_out, row),
            lost=_flow(row.lost or None, row),
        )
        for row, key in named
    ]


def _flow_title(row: Row, key: str) -> BothModel:
    if row.step is not None and row.at is not None:
        vi, en = step_name(row.step, row.at), step_name(row.step, row.at, "en")
        return BothModel(vi=f"{vi[:1].upper()}{vi[1:]}", en=f"{en[:1].upper()}{en[1:]}")
    title = _words(key)
    return BothModel(vi=f"{title.vi}: {row.what}", en=f"{title.en}: {row.what}") if row.what else title


def _flow(quantity: Decimal | None, row: Row) -> BothModel | None:
    if quantity is None:
        return None
    amount = Amount(quantity, row.unit)
    return BothModel(vi=amount.text("vi"), en=amount.text("en"))


# --- the way, and the papers --------------------------------------------------------------------------------


def _diary(batch: Batch, today: dt.date) -> Iterator[EventModel]:
    for step in origin_of(batch, (), None, today).steps:
        yield EventModel(
            on=step.on,
            title=_words(f"step_{step.step}"),
            text=step.text,
            place=step.place,
            amounts=list(_made(step)),
            vouching=step.vouching,
        )


def _made(step: StepShown) -> Iterator[BothModel]:
    for made in step.made:
        if made.amount:
            vi, en = (f"{made.what} {made.amount[lang]}".strip() for lang in LANGS)
            yield BothModel(vi=vi, en=en)


def _earlier(stops: Iterable[Stop]) -> Iterator[EventModel]:
    """Of the batches it was made from: the first day of each kind of work, and the day they were made."""
    for stop in stops:
        if stop.others or stop.made_on is None:
            continue
        for step, on in stop.milestones:
            yield _of(stop, on, f"step_{step}")
        amounts = [BothModel(**stop.quantity)] if stop.quantity else []
        yield _of(stop, stop.made_on, "batch_made", stop.place, amounts)


def _onward(session: Session, batch: Batch) -> Iterator[EventModel]:
    """One step forward: the batches made of it, and what was delivered, all customers together and none by name."""
    down = lineage(session, [batch.id], Direction.DOWN, _USES)
    for link in down.walk.links:
        facts = down.facts.get(link.made)
        if facts is None or link.source != batch.id:
            continue
        yield EventModel(
            on=facts.made_on,
            title=_words("batch_used"),
            lot=facts.lot,
            product=facts.product,
            organisation="" if facts.party_id == batch.party_id else facts.party,
            amounts=[] if link.amount is None else [_amount(link.amount, link.unit)],
        )
    customers = customers_of(session, {batch.id: down.facts[batch.id]}, ())
    if not customers:
        return
    amounts: defaultdict[str, Decimal] = defaultdict(Decimal)
    for quantity, unit in (amount for customer in customers for amount in customer.amounts):
        amounts[unit] += quantity
    count = sum(customer.deliveries for customer in customers)
    yield EventModel(
        on=formats.today(max(customer.last for customer in customers)),
        title=_numbered("batch_sent", count),
        amounts=[_amount(quantity, unit) for unit, quantity in amounts.items()],
    )


def _handed_over(session: Session, parties: Iterable[uuid.UUID], hosts: Iterable[str], batch: Batch) -> Trace:
    """Where the goods went by EPCIS events that these parties captured."""
    return trace(
        session, [batch.id], Direction.DOWN, EVENTS_BOUNDS,
        keepers=keepers(session, among(session, Party.id, parties)), hosts=sorted(hosts), without=SOURCE,
    )  # fmt: skip


def _received(session: Session, batch: Batch, found: Trace) -> Iterator[EventModel]:
    """To whom they were handed over, each receiver once."""
    things = [
        (Thing(one.name), one) for node, one in found.handovers if isinstance(node, Thing) or node == batch.id
    ]
    for receiver in customers_of(session, {}, things):
        yield EventModel(
            on=formats.today(receiver.last),
            title=_numbered("batch_handed", receiver.deliveries),
            place=receiver.name,
        )


def _numbered(key: str, count: int) -> BothModel:
    said = _words(key)
    return BothModel(vi=said.vi.format(n=count), en=said.en.format(n=count))


def _of(stop: Stop, on: dt.date, key: str, place: str = "", amounts: Sequence[BothModel] = ()) -> EventModel:
    return EventModel(
        on=on,
        title=_words(key),
        lot=stop.lot,
        product=stop.product,
        organisation=stop.maker,
        place=place,
        amounts=list(amounts),
    )


def _papers(session: Session, papers: Iterable[Paper], batch: Batch, today: dt.date) -> list[InspectedPaper]:
    found = list(papers)
    refused = refusals(session, found) if found else {}
    told = [
        InspectedPaper(
            kind=paper.kind,
            title=_words(f"paper_{paper.kind}"),
            number=paper.number,
            authority=paper.authority,
            issued_on=paper.issued_on,
            valid_until=paper.valid_until,
            stars=paper.stars,
            in_force=paper.is_valid(today),
            vouching=paper.vouching(batch.product_id),
            refused=paper.id in refused,
        )
        for paper in found
    ]
    return sorted(told, key=lambda paper: (not paper.in_force, paper.kind, paper.number))


def _amount(quantity: Decimal, unit: str) -> BothModel:
    return BothModel(vi=formats.quantity(quantity, unit), en=formats.quantity(quantity, unit, "en"))


def _words(key: str) -> BothModel:
    return BothModel(vi=words("vi")[key], en=words("en")[key])
