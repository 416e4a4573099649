"""Which reports a person at the desk looks after, and what stands behind one. What they may not see is not found."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, false, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from temthat_stamps.copies.records import StampState
from temthat_stamps.errors import Mistyped
from temthat_stamps.runs.records import Run
from temthat_trace.batches import Batch
from temthat_trace.parties import Party
from temthat_verify_api.accounts import Person, Role
from temthat_verify_api.desk.queries import visible
from temthat_verify_api.permissions import ALLIANCES, Action, may, may_answer_others
from temthat_verify_api.reports import reference
from temthat_verify_api.reports.records import ReportState, ReportStep, SuspectReport
from temthat_verify_api.store import History, mark

PAGE = 30


@dataclass(frozen=True, slots=True)
class Line:
    """A report in a list, with the run it is about; `alike`: other reports about the same stamp."""

    report: SuspectReport
    run: Run | None
    alike: int


def looked_after(person: Person) -> ColumnElement[bool]:
    """`looks_after` as a condition on reports; a test holds the two together."""
    others = SuspectReport.party_id.is_(None) if may_answer_others(person) else false()
    if person.role is Role.OPERATOR or (person.role is Role.OFFICER and person.party.kind not in ALLIANCES):
        return others
    return or_(others, SuspectReport.party_id.in_(select(Party.id).where(visible(person))))


def looks_after(person: Person, report: SuspectReport) -> bool:
    """Whether this person may read this report and answer it."""
    if report.party is None:
        return may_answer_others(person)
    return may(person, Action.REPORTS, report.party)


def counts(session: Session, person: Person) -> dict[ReportState, int]:
    """How many reports stand in each state."""
    query = select(SuspectReport.state, func.count()).where(looked_after(person))
    found = {state: n for state, n in session.execute(query.group_by(SuspectReport.state))}  # noqa: C416
    return {state: found.get(state, 0) for state in ReportState}


def count_open(session: Session, person: Person, party: Party | None = None) -> int:
    """How many nobody has answered yet, of one party's stamps or of all looked after."""
    query = select(func.count()).where(looked_after(person), SuspectReport.state == ReportState.OPEN)
    if party is not None:
        query = query.where(SuspectReport.party_id == party.id)
    return session.scalar(query) or 0


def in_state(state: ReportState) -> ColumnElement[bool]:
    """Reports that stand there."""
    return SuspectReport.state == state


def about(run: int, serial: int) -> ColumnElement[bool]:
    """Reports about one stamp, in whatever state."""
    return (SuspectReport.run == run) & (SuspectReport.serial == serial)


def lines(
    session: Session, person: Person, wanted: ColumnElement[bool], page: int
) -> tuple[list[Line], bool]:
    """A page of the reports that are `wanted`, the newest first, and whether there are more."""
    query = (
        select(SuspectReport)
        .where(looked_after(person), wanted)
        .options(joinedload(SuspectReport.party))
        .order_by(SuspectReport.id.desc())
        .offset(PAGE * page)
        .limit(PAGE + 1)
    )
    found = session.scalars(query).all()
    shown = found[:PAGE]
    runs = _runs(session, {report.run for report in shown if report.run is not None})
    alike = _alike(session, set(runs))
    return [
        Line(report, runs.get(report.run or 0), alike.get((report.run, report.serial), 1) - 1)
        for report in shown
    ], len(found) > PAGE


def _runs(session: Session, numbers: set[int]) -> dict[int, Run]:
    query = select(Run).where(Run.run.in_(numbers)).options(joinedload(Run.batch).joinedload(Batch.product))
    return {run.run: run for run in session.scalars(query)}


def _alike(session: Session, runs: set[int]) -> dict[tuple[int | None, int | None], int]:
    stamp = (SuspectReport.run, SuspectReport.serial)
    query = select(*stamp, func.count()).where(SuspectReport.run.in_(runs)).group_by(*stamp)
    return {(run, serial): n for run, serial, n in session.execute(query)}


def find_report(session: Session, person: Person, report_id: uuid.UUID) -> SuspectReport | None:
    """A report this person looks after, with what was done about it."""
    options = (
        joinedload(SuspectReport.party),
        joinedload(SuspectReport.contact),
        selectinload(SuspectReport.steps).joinedload(ReportStep.by_party),
    )
    report = session.get(SuspectReport, report_id, options=options)
    return report if report is not None and looks_after(person, report) else None


def find_by_reference(session: Session, person: Person, typed: str) -> SuspectReport | None:
    """A report this person looks after, by its reference number as it was told them."""
    try:
        number = reference.parse(typed)
    except Mistyped:
        return None
    query = select(SuspectReport).where(SuspectReport.reference == number, looked_after(person))
    return session.scalars(query).first()


def run_of(session: Session, report: SuspectReport) -> Run | None:
    """The run of the stamp that was reported."""
    return _runs(session, {report.run}).get(report.run) if report.run is not None else None


def history_of(session: Session, report: SuspectReport) -> History | None:
    """The history of its checks."""
    if report.run is None or report.serial is None:
        return None
    state = session.get(StampState, (report.run, report.serial))
    if state is None:
        return History(0)
    return History(
        0,
        state.checks,
        mark(state.first_at, state.first_province),
        mark(state.last_at, state.last_province),
        mark(state.sold_at, state.sold_province),
    )


def others_on_stamp(session: Session, person: Person, report: SuspectReport) -> Sequence[SuspectReport]:
    """Other reports about the same stamp, the newest first."""
    if report.run is None or report.serial is None:
        return ()
    query = select(SuspectReport).where(
        looked_after(person), about(report.run, report.serial), SuspectReport.id != report.id
    )
    return session.scalars(query.order_by(SuspectReport.id.desc()).limit(PAGE)).all()
