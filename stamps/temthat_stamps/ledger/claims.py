"""What the records say of a run's stamps: print files, notices, recorded acts, events of single stamps, reprints."""

from collections.abc import Iterable, Iterator

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from temthat_stamps.copies.records import StampEvent, StampEventKind, StampState, was_at_a_till
from temthat_stamps.ledger.ledger import Claim, Ledger, State, keep
from temthat_stamps.ledger.records import Act, LedgerAct
from temthat_stamps.runs.notices import notices_for_run
from temthat_stamps.runs.records import JobState, PrintJob, Run
from temthat_stamps.verdict import NoticeKind

ON_GOODS = (StampEventKind.APPLIED, StampEventKind.SOLD, StampEventKind.SPOILED, StampEventKind.RETURNED)
"""Events of one stamp that are only possible on goods: a till that tells that a unit is spoiled has the goods."""

_NOTICED = {
    NoticeKind.VOID: State.VOID,
    NoticeKind.REVOCATION: State.VOID,
    NoticeKind.LOST: State.LOST,
    NoticeKind.SPOILED: State.SPOILED,
    NoticeKind.RETURNED: State.RETURNED,
}
"""A hold and a recall speak of goods, not of where a stamp went."""


def ledger_of(session: Session, run: Run) -> Ledger:
    """The ledger of one run as the records have it now."""
    return keep(run.run, run.count, claims_on(session, run))


def claims_on(session: Session, run: Run) -> Iterator[Claim]:
    """Every record's word on the run's stamps. The files planned of an order that is not signed are no files yet."""
    if not run.is_logged:
        return
    for job in session.scalars(select(PrintJob).where(PrintJob.run == run.run)):
        state = State.PRINTED if job.state is JobState.CONFIRMED else State.IN_FILE
        yield Claim(state, job.first, job.last)
    for notice in notices_for_run(session, run):
        if state_noticed := _NOTICED.get(notice.kind):
            yield Claim(state_noticed, notice.first or 1, notice.last or run.count)
    for first, last in applied_stretches(session, run):
        yield Claim(State.APPLIED, first, last)
    replaced = select(Run.replaces_first, Run.replaces_last).where(
        Run.replaces_run == run.run, Run.log_index.is_not(None)
    )
    for start, end in session.execute(replaced):
        yield Claim(State.REPLACED, start or 1, end or run.count)


def applied_stretches(session: Session, run: Run) -> Iterator[tuple[int, int]]:
    """Stamps known to be on goods: recorded so, or rung up at a till; whatever else befell them since."""
    acts = select(LedgerAct.first, LedgerAct.last).where(
        LedgerAct.run == run.run, LedgerAct.act == Act.APPLIED
    )
    yield from ((first, last) for first, last in session.execute(acts))
    events = select(StampEvent.serial).where(StampEvent.run == run.run, StampEvent.event.in_(ON_GOODS))
    states = select(StampState.serial).where(StampState.run == run.run, was_at_a_till())
    yield from _stretches(sorted(session.scalars(union(events, states))))


def _stretches(serials: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Serials in order, neighbours joined."""
    first = last = 0
    for serial in serials:
        if first and serial == last + 1:
            last = serial
            continue
        if first:
            yield first, last
        first = last = serial
    if first:
        yield first, last
