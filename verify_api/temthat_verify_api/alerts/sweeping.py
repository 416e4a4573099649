"""Signals that nobody looked at yet become alerts, product by product. The caller commits after each product.

The only input is `copy_signal`, where each signal stands once. A signal that was looked at has a row in `alert_signal`,
also when it raised nothing, so that products without new signals are passed over.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Select, and_, insert, select, update
from sqlalchemy.orm import Session

from temthat_stamps.copies.campaigns import AlertState, Campaign, Decision, Key, Signal, Standing, decide
from temthat_stamps.copies.records import CopySignal
from temthat_stamps.runs.records import Run
from temthat_trace.batches import Batch
from temthat_trace.products import Product
from temthat_verify_api.alerts.records import Alert, AlertSignal, AlertStep, What
from temthat_verify_api.alerts.telling import tell

By = tuple[uuid.UUID, str]
"""Somebody at the desk: the organisation and the person's name."""
AT_ONCE = 10_000
"""New signals that are looked for in one go; the next round goes on."""


@dataclass(frozen=True, slots=True, order=True)
class Goods:
    """One producer's product: what a campaign is about."""

    party: uuid.UUID
    product: uuid.UUID


@dataclass(slots=True)
class Swept:
    """What a sweep did: alerts opened, reopened, and signals that joined one that was there."""

    opened: int = 0
    reopened: int = 0
    joined: int = 0

    def __iadd__(self, other: "Swept") -> "Swept":
        self.opened += other.opened
        self.reopened += other.reopened
        self.joined += other.joined
        return self


def waiting(session: Session) -> list[Goods]:
    """Products with signals that nobody looked at, in a fixed order."""
    seen = and_(
        AlertSignal.run == CopySignal.run,
        AlertSignal.serial == CopySignal.serial,
        AlertSignal.kind == CopySignal.kind,
    )
    runs = set(
        session.scalars(
            select(CopySignal.run)
            .outerjoin(AlertSignal, seen)
            .where(AlertSignal.run.is_(None))
            .limit(AT_ONCE)
        )
    )
    query = select(Run.party_id, Batch.product_id).join(Batch, Batch.id == Run.batch_id).distinct()
    return sorted(Goods(*row) for row in session.execute(query.where(Run.run.in_(runs))))


def sweep_goods(session: Session, goods: Goods, now: dt.datetime) -> Swept:
    """Look at all signals of one product. Two processes that do it at once wait for each other (PostgreSQL)."""
    session.scalar(select(Product.id).where(Product.id == goods.product).with_for_update())
    known = _known(session, goods)
    signals = {one.key: one for one in _signals(session, goods)} | {
        k: kept.signal for k, kept in known.items()
    }
    swept = Swept()
    homes: dict[Key, tuple[uuid.UUID | None, bool]] = {}
    happened: list[tuple[Alert, What]] = []
    for decision in decide(signals.values(), _standing(session, goods, known)):
        alert, what = _settle(session, goods, decision, now)
        if what is not None:
            happened.append((alert, what))
        swept.opened += what is What.OPENED
        swept.reopened += what is What.REOPENED
        swept.joined += len(decision.fresh) if decision.alert is not None else 0
        homes |= {one.key: (alert.id, True) for one in decision.campaign.raising}
        homes |= {one.key: (alert.id, False) for one in decision.campaign.beside}
    session.flush()
    _keep(session, signals, known, homes)
    for alert, what in happened:  # last: who is told depends on where the evidence came from
        step(session, alert, what, now)
    return swept


def _keep(
    session: Session,
    signals: Mapping[Key, Signal],
    known: Mapping[Key, "_Kept"],
    homes: Mapping[Key, tuple[uuid.UUID | None, bool]],
) -> None:
    """Write the signals that are new and those that belong elsewhere now."""
    new, moved = [], []
    for key, one in signals.items():
        alert, is_evidence = homes.get(key, (None, False))
        row = {
            "run": one.run,
            "serial": one.serial,
            "kind": one.kind,
            "alert_id": alert,
            "is_evidence": is_evidence,
        }
        if key not in known:
            new.append(row | {"at": one.at, "province": one.province})
        elif (known[key].alert, known[key].is_evidence) != (alert, is_evidence):
            moved.append(row)
    if new:
        session.execute(insert(AlertSignal), new)
    if moved:
        session.execute(update(AlertSignal), moved)


def _settle(
    session: Session, goods: Goods, decision: Decision, now: dt.datetime
) -> tuple[Alert, What | None]:
    """The alert of one campaign as it is now, and what happened to it that people are told of."""
    campaign = decision.campaign
    if decision.alert is None:
        alert = Alert(
            party_id=goods.party, product_id=goods.product, state=AlertState.OPEN, state_at=now, opened_at=now,
            first_at=campaign.first, last_at=campaign.last,
        )  # fmt: skip
        session.add(alert)
        session.flush()
        return alert, What.OPENED
    alert = session.get_one(Alert, decision.alert)
    _stretch(alert, campaign)
    for number in decision.merged:
        _merge(session, session.get_one(Alert, number), alert, now)
    if not decision.reopens:
        return alert, None
    alert.move(AlertState.OPEN, now)
    return alert, What.REOPENED


def _stretch(alert: Alert, campaign: Campaign) -> None:
    alert.first_at = min(alert.first_at, campaign.first)
    alert.last_at = max(alert.last_at, campaign.last)


def _merge(session: Session, younger: Alert, older: Alert, now: dt.datetime) -> None:
    """Two alerts were one campaign: the younger one ends, and its page leads to the older one."""
    younger.merged_into = older.id
    younger.move(AlertState.CLOSED, now)
    session.add(AlertStep(alert_id=younger.id, at=now, what=What.MERGED, state=AlertState.CLOSED))
    session.add(AlertStep(alert_id=older.id, at=now, what=What.MERGED, state=older.state))


def step(
    session: Session,
    alert: Alert,
    what: What,
    now: dt.datetime,
    note: str = "",
    by: By | None = None,
) -> AlertStep:
    """Write down what happened and queue the messages about it. `by`: organisation and person; None is the service."""
    made = AlertStep(
        alert_id=alert.id,
        at=now,
        what=what,
        state=alert.state,
        note=note,
        by_party_id=by[0] if by else None,
        by_person=by[1] if by else "",
    )
    session.add(made)
    session.flush()
    tell(session, alert, made)
    return made


def _signals(session: Session, goods: Goods) -> Iterable[Signal]:
    query = (
        select(CopySignal.run, CopySignal.serial, CopySignal.kind, CopySignal.at, CopySignal.province)
        .where(CopySignal.run.in_(_runs(goods)))
    )  # fmt: skip
    return (Signal(*row) for row in session.execute(query))


@dataclass(frozen=True, slots=True)
class _Kept:
    """A signal that was looked at, and where it belongs so far."""

    signal: Signal
    alert: uuid.UUID | None
    is_evidence: bool


def _known(session: Session, goods: Goods) -> dict[Key, _Kept]:
    row = AlertSignal
    query = select(row.run, row.serial, row.kind, row.at, row.province, row.alert_id, row.is_evidence)
    kept = (
        _Kept(Signal(run, serial, kind, at, province), alert, is_evidence)
        for run, serial, kind, at, province, alert, is_evidence in session.execute(
            query.where(row.run.in_(_runs(goods)))
        )
    )
    return {one.signal.key: one for one in kept}


def _runs(goods: Goods) -> Select[int]:
    return (
        select(Run.run)
        .join(Batch, Batch.id == Run.batch_id)
        .where(Run.party_id == goods.party, Batch.product_id == goods.product)
    )


def _standing(session: Session, goods: Goods, known: Mapping[Key, _Kept]) -> list[Standing]:
    keys: dict[uuid.UUID, set[Key]] = {}
    for key, kept in known.items():
        if kept.alert is not None and kept.is_evidence:
            keys.setdefault(kept.alert, set()).add(key)
    query = select(Alert).where(
        Alert.party_id == goods.party, Alert.product_id == goods.product, Alert.merged_into.is_(None)
    )
    return [
        Standing(alert.id, alert.state, frozenset(keys.get(alert.id, ()))) for alert in session.scalars(query)
    ]
