"""How often the copy model speaks, and how often it was right: figures for the page of alerts, by month and by chance.

Two questions. Suspects and alerts per million checks: EMVS, which checks Europe's medicines, counted 2,100 alerts per
million in 2021, nearly all false. And of the stamps that the model gave a chance, how many people found to be copied.
"""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from temthat_stamps.copies.campaigns import AlertState, SignalKind
from temthat_stamps.copies.habits import Thresholds, priors
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.copies.opinion import opinion
from temthat_stamps.copies.records import CopySignal, StampState
from temthat_stamps.copies.state import BadState, State
from temthat_stamps.runs.records import Run
from temthat_trace.formats import VIETNAM
from temthat_verify_api.alerts.records import Alert, AlertSignal
from temthat_verify_api.nightly.records import StampDay

EMVS_PER_MILLION = 2_100
"""Alerts per million checks, 2021: 0.21 %."""

BANDS = (0.5, 0.8, 0.95, 0.99, 1.0)
"""Where one band of chances ends and the next begins; the first begins at 0."""

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
    def suspects_per_million(self) -> float | None:
        """None in a month without checks."""
        return 1_000_000 * self.suspects / self.checks if self.checks else None

    @property
    def alerts_per_million(self) -> float | None:
        """Next to `EMVS_PER_MILLION`."""
        return 1_000_000 * self.alerts / self.checks if self.checks else None


@dataclass(frozen=True, slots=True)
class Band:
    """Stamps in alerts that people have decided on, which the model gives a chance in [at_least, below) now.

    `expected`: how many of them the model thinks are copied; `confirmed`: how many are. Far apart, with many stamps:
    the model is wrong.
    """

    at_least: float
    below: float
    stamps: int
    expected: float
    confirmed: int


def by_month(session: Session, parties: Parties = None) -> list[Month]:
    """Every month with a check, a suspect or an alert, the newest first."""
    checks, suspects = _checks(session, parties), _suspects(session, parties)
    alerts = _alerts(session, parties)
    return [
        Month(first, checks[first], suspects[first], alerts[first].total(), dict(alerts[first]))
        for first in sorted({*checks, *suspects, *alerts}, reverse=True)
    ]


def by_chance(session: Session, parties: Parties = None, thresholds: Thresholds | None = None) -> list[Band]:
    """What the model gave and what people found, from the lowest chance to the highest; bands without stamps too."""
    known = thresholds or priors().thresholds
    found: list[list[tuple[float, bool]]] = [[] for _ in BANDS]
    for live, state in _decided(session, parties):
        try:
            chance = opinion(State.decode(live), known).score
        except BadState:
            continue
        band = next((n for n, end in enumerate(BANDS) if chance < end), len(BANDS) - 1)
        found[band].append((chance, state is AlertState.CONFIRMED))
    return [
        Band(start, end, len(stamps), sum(c for c, _ in stamps), sum(is_copied for _, is_copied in stamps))
        for start, end, stamps in zip((0.0, *BANDS), BANDS, found, strict=False)
    ]


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
