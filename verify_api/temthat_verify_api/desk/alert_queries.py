"""What the pages of alerts ask the database. Of an alert only what a person may see is found."""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session, joinedload, selectinload

from temthat_stamps.code import Header
from temthat_stamps.copies.campaigns import AlertState, SignalKind
from temthat_stamps.copies.records import StampEvent
from temthat_stamps.notice import Notice
from temthat_stamps.runs.custody import run_secret
from temthat_stamps.runs.notices import notices_for_run
from temthat_stamps.runs.records import Run
from temthat_stamps.sealing import Sealer
from temthat_stamps.signing import RunSecrets
from temthat_trace import formats
from temthat_trace.batches import Batch
from temthat_trace.parties import Party
from temthat_verify_api.accounts import Person
from temthat_verify_api.alerts.records import Alert, AlertSignal, AlertStep
from temthat_verify_api.desk.errors import NotFound
from temthat_verify_api.desk.provincemap import by_current
from temthat_verify_api.desk.queries import visible
from temthat_verify_api.nightly.days import province_of
from temthat_verify_api.permissions import Action, may

MOST_LINES = 300
MOST_STAMPS = 200
"""Stamps that one page shows and counts the checks of; there it says that there are more."""
_KINDS = {kind: n for n, kind in enumerate(
    (SignalKind.INSPECTOR, SignalKind.SALES, SignalKind.GONE, SignalKind.PINS, SignalKind.MANY_GROUPS,
     SignalKind.REPORT, SignalKind.SUSPECT))}  # fmt: skip
"""The weightiest first."""


@dataclass(frozen=True, slots=True)
class AlertLine:
    """An alert with its signals. `evidence`: how many stamps have each kind; `stamps`: all that it concerns."""

    alert: Alert
    signals: Sequence[AlertSignal]
    evidence: list[tuple[str, int]]
    stamps: int
    provinces: list[str]


def alert_lines(db: Session, person: Person, states: Sequence[AlertState]) -> list[AlertLine]:
    """Alerts in these states about goods of every organisation this person may see, the newest evidence first."""
    query = (
        select(Alert)
        .join(Party, Party.id == Alert.party_id)
        .where(visible(person), Alert.merged_into.is_(None), Alert.state.in_(states))
        .options(joinedload(Alert.party), joinedload(Alert.product))
        .order_by(Alert.last_at.desc(), Alert.id.desc())
        .limit(MOST_LINES)
    )
    alerts = db.scalars(query).all()
    signals = signals_of(db, [alert.id for alert in alerts])
    return [line_of(alert, signals.get(alert.id, [])) for alert in alerts]


def line_of(alert: Alert, signals: Sequence[AlertSignal]) -> AlertLine:
    """An alert with its signals summed up."""
    evidence = Counter(one.kind for one in signals if one.is_evidence)
    where = by_current((one.province, 1) for one in signals if one.province)
    return AlertLine(
        alert,
        signals,
        sorted(evidence.items(), key=lambda item: rank(item[0])),
        len({(one.run, one.serial) for one in signals}),
        sorted(where, key=lambda code: (-where[code], code)),
    )


def rank(kind: str) -> int:
    """The weightier a kind of signal, the smaller."""
    return _KINDS.get(SignalKind(kind), 99) if kind in set(SignalKind) else 99


def open_count(db: Session, person: Person, party: Party | None = None) -> int:
    """How many alerts wait for somebody to look; about one organisation's goods, or of all this person may see."""
    query = (
        select(func.count())
        .select_from(Alert)
        .join(Party, Party.id == Alert.party_id)
        .where(visible(person), Alert.merged_into.is_(None), Alert.state == AlertState.OPEN)
    )
    if party is not None:
        query = query.where(Alert.party_id == party.id)
    return db.scalar(query) or 0


def find_alert(db: Session, person: Person, alert_id: uuid.UUID) -> Alert:
    """An alert about the goods of an organisation this person may see. Raises `NotFound`."""
    alert = db.get(
        Alert,
        alert_id,
        options=[
            joinedload(Alert.party),
            joinedload(Alert.product),
            selectinload(Alert.steps).joinedload(AlertStep.by_party),
        ],
    )
    if alert is None or not may(person, Action.SEE, alert.party):
        raise NotFound
    return alert


def signals_of(db: Session, alerts: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[AlertSignal]]:
    """The signals of these alerts, by time."""
    found: dict[uuid.UUID, list[AlertSignal]] = {}
    query = select(AlertSignal).where(AlertSignal.alert_id.in_(alerts))
    for one in db.scalars(query.order_by(AlertSignal.at, AlertSignal.run, AlertSignal.serial)):
        if one.alert_id is not None:
            found.setdefault(one.alert_id, []).append(one)
    return found


@dataclass(slots=True)
class StampLine:
    """A stamp that an alert concerns. `hold`: a notice in force on just this stamp or on more than it."""

    run: Run
    serial: int
    number: str
    kinds: list[str] = field(default_factory=list)
    provinces: list[str] = field(default_factory=list)
    last: dt.datetime | None = None
    notice: Notice | None = None


def stamp_lines(db: Session, sealer: Sealer, signals: Sequence[AlertSignal]) -> list[StampLine]:
    """The stamps of these signals: with evidence first, then the newest; at most `MOST_STAMPS`."""
    stamps: dict[tuple[int, int], list[AlertSignal]] = {}
    for one in signals:
        stamps.setdefault((one.run, one.serial), []).append(one)

    def weight(item: tuple[tuple[int, int], list[AlertSignal]]) -> tuple[int, float]:
        return min(rank(s.kind) for s in item[1]), -max(s.at.timestamp() for s in item[1])

    chosen = sorted(stamps.items(), key=weight)[:MOST_STAMPS]
    query = select(Run).where(Run.run.in_({run for (run, _), _ in chosen}))
    loaded = query.options(joinedload(Run.batch).joinedload(Batch.product), joinedload(Run.stamp_key))
    runs = {run.run: run for run in db.scalars(loaded)}
    secrets = {number: RunSecrets(run_secret(sealer, run)) for number, run in runs.items()}
    notices = {number: notices_for_run(db, run) for number, run in runs.items()}
    return [
        StampLine(
            runs[run],
            serial,
            secrets[run].number(Header(runs[run].stamp_key.hint, run, serial)).grouped,
            sorted((one.kind for one in found), key=rank),
            list(by_current((one.province, 1) for one in found if one.province)),
            max(one.at for one in found),
            next((n for n in notices[run] if covers(n, serial)), None),
        )
        for (run, serial), found in chosen
    ]


def covers(notice: Notice, serial: int) -> bool:
    """Whether a notice that touches a stamp's run speaks of this stamp."""
    return notice.first is None or notice.last is None or notice.first <= serial <= notice.last


def checks_by_province(db: Session, stamps: Iterable[tuple[int, int]]) -> dict[str, int]:
    """How often these stamps' codes were checked, entered a PIN for or rung up in each province; "" where unknown.

    Of checks that are still kept; only sums over all these stamps, so that no single check is told.
    """
    keys = list(stamps)
    if not keys:
        return {}
    query = (
        select(StampEvent.place, func.count())
        .where(tuple_(StampEvent.run, StampEvent.serial).in_(keys))
        .group_by(StampEvent.place)
    )
    found: dict[str, int] = {}
    for place, count in db.execute(query):
        code = province_of(place)
        found[code] = found.get(code, 0) + count
    return found


@dataclass(frozen=True, slots=True)
class Moment:
    """What came on one day: a kind of signal of so many stamps in these provinces, or a step somebody took."""

    day: dt.date
    kind: str = ""
    stamps: int = 0
    provinces: tuple[str, ...] = ()
    step: AlertStep | None = None


def time_line(alert: Alert, signals: Sequence[AlertSignal]) -> list[Moment]:
    """By days of Vietnam, the newest first; of one day steps stand above the signals."""
    days: dict[tuple[dt.date, str], list[AlertSignal]] = {}
    for one in signals:
        days.setdefault((formats.today(one.at), one.kind), []).append(one)
    moments = [
        Moment(day, kind, len(found), tuple(by_current((s.province, 1) for s in found if s.province)))
        for (day, kind), found in days.items()
    ]
    moments.sort(key=lambda moment: rank(moment.kind))
    moments = [Moment(formats.today(s.at), step=s) for s in _steps(alert)] + moments
    return sorted(moments, key=lambda moment: moment.day, reverse=True)


def _steps(alert: Alert) -> list[AlertStep]:
    return sorted(alert.steps, key=lambda step: (step.at, step.id), reverse=True)
