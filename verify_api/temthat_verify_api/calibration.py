"""How often the copy model speaks, and how often it was right: figures for the page of alerts, by month and by chance.

Two questions. Suspects and alerts per million checks: EMVS, which checks Europe's medicines, counted 2,100 alerts per
million in 2021, nearly all false. And of the stamps that the model gave a chance, how many people found to be copied.
"""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from temthat_stamps.copies.calibration import Bin, Outcome, bins, outcome, per_million
from temthat_stamps.copies.campaigns import AlertState, SignalKind
from temthat_stamps.copies.habits import priors
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.copies.records import CopySignal, StampState
from temthat_stamps.copies.state import BadState, State
from temthat_stamps.runs.records import Run
from temthat_trace.formats import VIETNAM
from temthat_verify_api.alerts.records import Alert, AlertSignal
from temthat_verify_api.nightly.records import StampDay

EMVS_PER_MILLION = 2_100
"""Alerts per million checks, 2021: 0.21 %."""

Parties = Collection[uuid.UUID] | None
"""Whose stamps; None: everybody's."""


@dataclass(frozen=True, slots=True)
class Month:
    """A month in Vietnam by its first day, as of the last night: checks of every kind, stamps that became suspect,
    alerts that were raised and what people found (`states`)."""

    first: dt.date
    checks: int
    suspects: int
    alerts: int
    states: dict[AlertState, int]

    @property
    def alerts_per_million(self) -> float | None:
        """Next to `EMVS_PER_MILLION`; None in a month without checks."""
        return rate.value if (rate := per_million(self.alerts, self.checks)) else None


def by_month(session: Session, parties: Parties = None) -> list[Month]:
    """Every month with a check, a suspect or an alert, the newest first."""
    checks, suspects = _checks(session, parties), _suspects(session, parties)
    alerts = _alerts(session, parties)
    return [
        Month(first, checks[first], suspects[first], alerts[first].total(), dict(alerts[first]))
        for first in sorted({*checks, *suspects, *alerts}, reverse=True)
    ]


def by_chance(session: Session, parties: Parties = None) -> list[Bin]:
    """Stamps in alerts that people have decided on: the chance the model gives them now, and what was found."""
    return bins(_outcomes(session, parties))


def _outcomes(session: Session, parties: Parties) -> Iterator[Outcome]:
    thresholds = priors().thresholds
    for live, found in _decided(session, parties):
        with suppress(BadState):  # of another version: its stamp begins anew with its next check
            yield outcome(State.decode(live), thresholds, found is AlertState.CONFIRMED)


def _checks(session: Session, parties: Parties) -> Counter[dt.date]:
    total = func.sum(StampDay.kept + StampDay.gone)
    query = select(StampDay.day, total).where(StampDay.event == StampEventKind.CHECK).group_by(StampDay.day)
    if parties is not None:
        query = query.join(Run, Run.run == StampDay.run).where(Run.party_id.in_(parties))
    months: Counter[dt.date] = Counter()
    for day, checks in session.execute(query):
        months[day.replace(day=1)] += int(checks)
    return months


def _suspects(session: Session, parties: Parties) -> Counter[dt.date]:
    query = select(CopySignal.at).where(CopySignal.kind == SignalKind.SUSPECT)
    if parties is not None:
        query = query.join(Run, Run.run == CopySignal.run).where(Run.party_id.in_(parties))
    return Counter(_month(at) for at in session.scalars(query))


def _alerts(session: Session, parties: Parties) -> defaultdict[dt.date, Counter[AlertState]]:
    """Alerts by the month they were raised; one that was merged into another is not one more."""
    query = select(Alert.opened_at, Alert.state).where(Alert.merged_into.is_(None))
    if parties is not None:
        query = query.where(Alert.party_id.in_(parties))
    months: defaultdict[dt.date, Counter[AlertState]] = defaultdict(Counter)
    for at, state in session.execute(query):
        months[_month(at)][state] += 1
    return months


def _decided(session: Session, parties: Parties) -> Iterator[tuple[bytes, AlertState]]:
    """Each stamp with a score that is evidence of an alert which was explained or confirmed, and which of the two."""
    found = func.coalesce(Alert.outcome, Alert.state)
    query = (
        select(StampState.copy_live, found)
        .join(AlertSignal, (AlertSignal.run == StampState.run) & (AlertSignal.serial == StampState.serial))
        .join(Alert, Alert.id == AlertSignal.alert_id)
        .where(found.in_((AlertState.EXPLAINED, AlertState.CONFIRMED)))
        .where(AlertSignal.is_evidence)
        .group_by(StampState.run, StampState.serial, StampState.copy_live, found)
    )
    if parties is not None:
        query = query.where(Alert.party_id.in_(parties))
    for live, state in session.execute(query):
        if live is not None:
            yield live, state


def _month(at: dt.datetime) -> dt.date:
    return at.astimezone(VIETNAM).date().replace(day=1)
