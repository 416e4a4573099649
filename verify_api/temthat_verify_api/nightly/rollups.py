"""A run's stamps in four counts: what neighbours and the page of suspects look at."""

import datetime as dt
from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from temthat_stamps.copies.campaigns import SignalKind
from temthat_stamps.copies.records import CopySignal, StampState
from temthat_verify_api.nightly.records import RunCopies

SERIALS = 100_000
"""Serials counted in one statement."""

PHYSICAL = (SignalKind.SALES, SignalKind.PINS, SignalKind.GONE)
"""What takes a pack or a till; whoever photographs stamps cannot make it. An inspector's look is no evidence."""


def serial_ranges(count: int) -> Iterator[tuple[int, int]]:
    """First and last serial of each part of a run."""
    for first in range(1, count + 1, SERIALS):
        yield first, min(first + SERIALS - 1, count)


def count_checked(session: Session, run: int, first: int, last: int) -> tuple[int, int]:
    """(Stamps that were checked, their checks) of a range of serials."""
    query = select(func.count(), func.coalesce(func.sum(StampState.checks), 0)).where(
        StampState.run == run, StampState.serial.between(first, last), StampState.checks > 0
    )
    stamps, checks = session.execute(query).one()
    return int(stamps), int(checks)


def put_counts(session: Session, run: int, scanned: int, checks: int, now: dt.datetime) -> bool:
    """Store a run's counts, if they are others than the last time; suspects and evidence are few and counted here."""
    signals = select(func.count(CopySignal.serial.distinct())).where(CopySignal.run == run)
    suspect = session.scalars(signals.where(CopySignal.kind == SignalKind.SUSPECT)).one()
    evident = session.scalars(signals.where(CopySignal.kind.in_(PHYSICAL))).one()
    found = {"scanned": scanned, "suspect": suspect, "evident": evident, "checks": checks}
    known = session.get(RunCopies, run)
    if known is not None and all(getattr(known, name) == value for name, value in found.items()):
        return False
    session.merge(RunCopies(run=run, updated_at=now, **found))
    return True
