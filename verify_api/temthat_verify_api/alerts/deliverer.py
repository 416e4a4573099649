"""The thread that sends what organisations are told of their alerts: each message at least once, in order.

The same turns, waits and signatures as for EPCIS subscribers (`receivers`, `webhooks`). No transaction is open while
the other side is waited for; a message is marked as sent when it was taken and never before.
"""

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from temthat_stamps.errors import SealBroken
from temthat_verify_api.alerts.messages import as_json, as_mail, told
from temthat_verify_api.alerts.records import AlertMessage, AlertStep, AlertSubscription, Way
from temthat_verify_api.alerts.telling import concerns
from temthat_verify_api.mail import MailError, send_mail
from temthat_verify_api.metrics import Metrics
from temthat_verify_api.receivers import LEASE, SubscriptionState, Turns
from temthat_verify_api.rounds import Rounds
from temthat_verify_api.webhooks import SIGNATURE, UndeliverableError, read_target, send, signature
from temthat_verify_api.wiring import Services

log = logging.getLogger("temthat")

EVERY_SECONDS = 5.0
_AT_ONCE = 500


def purpose(subscription: uuid.UUID) -> str:
    """What the secret of a subscription is sealed for."""
    return f"alert-subscription:{subscription}"


class _Refused(Exception):
    """The other side did not take it. `for_good`: it will not take the next one either."""

    def __init__(self, said: str, *, for_good: bool = False) -> None:
        super().__init__(said)
        self.for_good = for_good


@dataclass(frozen=True, slots=True)
class _Parcel:
    """One message as it goes out: `send` raises _Refused. None: whom it was for is not told of this alert any more."""

    step: uuid.UUID
    send: Callable[[], None] | None


class AlertDeliverer(Rounds):
    """Delivers what is due, every few seconds, until it is closed."""

    def __init__(self, services: Services, metrics: Metrics | None = None) -> None:
        super().__init__("alert-deliverer", EVERY_SECONDS)
        self._services = services
        self._turns = Turns(services.sessions, AlertSubscription)
        self._metrics = metrics or Metrics()

    def round(self) -> None:
        """Deliver until nobody has more to get at once."""
        while self.deliver() and not self.is_over:
            pass

    def deliver(self) -> bool:
        """One message to each subscription that is due; whether one was done with, so that there may be more."""
        taken = False
        for subscription in self._due():
            if self.is_over:
                break
            try:
                taken |= self._one(subscription)
            except Exception:
                log.exception("telling alert subscription %s", subscription)
                said = "Hệ thống gặp lỗi / A fault of this system"
                self._turns.failed(subscription, said, self._services.now())
        return taken

    def _due(self) -> list[uuid.UUID]:
        waiting = exists().where(
            AlertMessage.subscription_id == AlertSubscription.id, AlertMessage.sent_at.is_(None)
        )
        query = select(AlertSubscription.id).where(
            AlertSubscription.state == SubscriptionState.ACTIVE,
            AlertSubscription.due_at <= self._services.now(),
            waiting,
        )
        with self._services.sessions() as session:
            return list(session.scalars(query.order_by(AlertSubscription.due_at).limit(_AT_ONCE)))

    def _one(self, subscription: uuid.UUID) -> bool:
        now = self._services.now()
        if not self._turns.claim(subscription, now):
            return False
        lease = now + LEASE
        with self._services.sessions() as session:
            parcel = self._prepare(session, session.get_one(AlertSubscription, subscription))
        if parcel is None:
            self._turns.change(subscription, AlertSubscription.lease_until == lease, lease_until=None)
            return False
        try:
            if parcel.send is not None:
                parcel.send()
        except _Refused as refused:
            is_over = refused.for_good or self._turns.failed(subscription, str(refused), now)
            if refused.for_good:
                self._turns.pause(subscription, str(refused))
            self._metrics.alerted("paused" if is_over else "failed")
            return False
        with self._services.sessions() as session:
            session.execute(
                update(AlertMessage)
                .where(AlertMessage.subscription_id == subscription, AlertMessage.step_id == parcel.step)
                .values(sent_at=now)
            )
            session.commit()
        mine = AlertSubscription.lease_until == lease
        if parcel.send is None:
            self._turns.change(subscription, mine, lease_until=None)
            return True
        self._turns.change(subscription, mine, lease_until=None, last_notified_at=now, failures=0, problem="")
        self._metrics.alerted("received")
        return True

    def _prepare(self, session: Session, subscription: AlertSubscription) -> _Parcel | None:
        """The oldest message that was not sent."""
        step = session.scalars(
            select(AlertStep)
            .join(AlertMessage, AlertMessage.step_id == AlertStep.id)
            .where(AlertMessage.subscription_id == subscription.id, AlertMessage.sent_at.is_(None))
            .order_by(AlertStep.at, AlertStep.id)
            .limit(1)
        ).first()
        if step is None:
            return None
        settings = self._services.settings
        if not concerns(session, subscription.party, step.alert.party, step.alert_id):
            return _Parcel(step.id, None)
        said = told(session, step, settings)
        if subscription.way is Way.EMAIL:
            subject, text = as_mail(said, subscription.party.name, settings)
            key = f"{step.id}.{subscription.id}"
            return _Parcel(step.id, partial(self._mail, subscription.dest, subject, text, key))
        body = as_json(said)
        return _Parcel(step.id, partial(self._post, subscription, subscription.dest, body))

    def _mail(self, dest: str, subject: str, text: str, key: str) -> None:
        try:
            send_mail(self._services.settings, dest, subject, text, self._services.now(), key)
        except MailError as error:
            raise _Refused(f"{error.vi} / {error.en}", for_good=error.for_good) from error

    def _post(self, subscription: AlertSubscription, dest: str, body: bytes) -> None:
        try:
            secret = self._services.sealer.open(purpose(subscription.id), subscription.sealed_secret or b"")
        except SealBroken as error:
            raise _Refused(str(error), for_good=True) from error
        headers = {
            "Content-Type": "application/json",
            SIGNATURE: signature(secret, int(self._services.now().timestamp()), body),
            "TemThat-Subscription": str(subscription.id),
        }
        try:
            target = read_target(dest, is_demo=self._services.settings.mode == "demo")
            status = send(target, body, headers)
        except UndeliverableError as error:
            raise _Refused(f"{error.vi} / {error.en}") from error
        if not 200 <= status < 300:
            said = f"Bên nhận trả lời {status} / The receiver answered {status}"
            raise _Refused(said, for_good=status == 410)
