"""The thread that sends subscribers what their queries find. One delivery after the other, at least once each.

Subscriptions are taken in turns (`receivers`). No transaction is open while the receiver is waited for. The cursor
moves when the receiver answered 2xx and never before: what was acknowledged is not sent again, what was not is.
"""

import datetime as dt
import json
import logging
import uuid
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from temthat_stamps.errors import SealBroken
from temthat_trace.epcis.answering import query_document
from temthat_trace.epcis.query.errors import QueryError
from temthat_trace.epcis.query.query import read_query
from temthat_trace.epcis.query.schedule import read_schedule
from temthat_trace.epcis.query.search import search_new
from temthat_trace.epcis.query.statements import Statements
from temthat_verify_api.accounts import ApiKey
from temthat_verify_api.credentials import Credential
from temthat_verify_api.epcis.access import readable
from temthat_verify_api.epcis.headers import ALWAYS, JSON
from temthat_verify_api.epcis.queries import by_every_name
from temthat_verify_api.epcis.subscriptions import purpose
from temthat_verify_api.epcis.tables import Subscription, SubscriptionState
from temthat_verify_api.metrics import Metrics
from temthat_verify_api.receivers import LEASE, Turns
from temthat_verify_api.rounds import Rounds
from temthat_verify_api.webhooks import SIGNATURE, UndeliverableError, read_target, send, signature
from temthat_verify_api.wiring import Services

log = logging.getLogger("temthat")

EVERY_SECONDS = 2.0
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class _Delivery:
    """What is to be sent, and what becomes of the subscription when it was. `body` None: nothing to send."""

    subscription: uuid.UUID
    dest: str
    body: bytes | None
    headers: dict[str, str]
    count: int
    cursor: int
    due_at: dt.datetime
    more: bool
    lease: dt.datetime


class _Paused(Exception):
    """The subscription cannot go on."""


class Deliverer(Rounds):
    """Delivers what is due, every few seconds, until it is closed."""

    def __init__(self, services: Services, metrics: Metrics | None = None) -> None:
        super().__init__("epcis-deliverer", EVERY_SECONDS)
        self._services = services
        self._metrics = metrics or Metrics()
        self._turns = Turns(services.sessions, Subscription)

    def round(self) -> None:
        """Deliver until nobody has more to get at once."""
        while self.deliver() and not self.is_over:
            pass

    def deliver(self) -> bool:
        """One delivery of each subscription that is due; whether some have more to send already."""
        more = False
        for subscription in self._due():
            if self.is_over:
                break
            try:
                more |= self._one(subscription)
            except Exception:
                log.exception("delivering to EPCIS subscription %s", subscription)
                self._failed(subscription, "Hệ thống gặp lỗi / A fault of this system", self._services.now())
        return more

    def _due(self) -> list[uuid.UUID]:
        with self._services.sessions() as session:
            newest = Statements(session).newest()
            query = (
                select(Subscription.id)
                .where(
                    Subscription.state == SubscriptionState.ACTIVE,
                    Subscription.due_at <= self._services.now(),
                    or_(Subscription.cursor < newest, Subscription.schedule.is_not(None)),
                )
                .order_by(Subscription.due_at)
                .limit(_AT_ONCE)
            )
            return list(session.scalars(query))

    def _one(self, subscription: uuid.UUID) -> bool:
        """Whether there is more for it already."""
        now = self._services.now()
        if not self._turns.claim(subscription, now):
            return False
        try:
            with self._services.sessions() as session:
                delivery = self._prepare(session, session.get_one(Subscription, subscription), now)
        except _Paused as error:
            self._pause(subscription, str(error))
            return False
        if delivery.body is None:
            self._settle(delivery)
            return delivery.more
        return self._send(delivery, delivery.body, now)

    def _prepare(self, session: Session, subscription: Subscription, now: dt.datetime) -> _Delivery:
        """What is to be sent now. Raises _Paused."""
        parties = self._parties(session, subscription)
        try:
            query = read_query(json.loads(subscription.query.definition))
            secret = self._services.sealer.open(purpose(subscription.id), subscription.sealed_secret)
        except (QueryError, SealBroken) as error:
            raise _Paused(str(error)) from error
        query = by_every_name(session, self._services, query)
        events, cursor, more = search_new(session, parties, query, subscription.cursor, subscription.batch)
        is_run_over = not more
        due_at = subscription.due_at
        is_empty_run = is_run_over and not events and not _was_told(subscription)
        body: bytes | None = None
        if events or (is_empty_run and subscription.schedule is not None and subscription.report_if_empty):
            body = query_document(
                events, now, query=subscription.query.name, subscription=str(subscription.id)
            ).encode()
        if is_run_over and subscription.schedule is not None:
            due_at = read_schedule(json.loads(subscription.schedule)).next_after(now)
        headers = {}
        if body is not None:
            headers = {
                **ALWAYS,
                "Content-Type": JSON,
                SIGNATURE: signature(secret, int(now.timestamp()), body),
                "TemThat-Subscription": str(subscription.id),
            }
        return _Delivery(
            subscription.id, subscription.dest, body, headers, len(events), cursor, due_at, more, now + LEASE
        )

    def _parties(self, session: Session, subscription: Subscription) -> tuple[uuid.UUID, ...]:
        """Whose events the subscriber may read today. Raises _Paused when no key of theirs is in force any more."""
        in_force = session.scalars(
            select(ApiKey.id)
            .where(
                ApiKey.party_id == subscription.party_id,
                ApiKey.role == subscription.role,
                ApiKey.revoked_at.is_(None),
            )
            .limit(1)
        ).first()
        credential = Credential(subscription.role, subscription.party_id, subscription.party.kind)
        parties = readable(self._services, credential) if in_force is not None else ()
        if not parties:
            raise _Paused(
                "Không còn khóa API nào được đọc các sự kiện này / No API key in force may read these events"
            )
        return parties

    def _send(self, delivery: _Delivery, body: bytes, now: dt.datetime) -> bool:
        try:
            target = read_target(delivery.dest, is_demo=self._services.settings.mode == "demo")
            status = send(target, body, delivery.headers)
        except UndeliverableError as error:
            self._failed(delivery.subscription, f"{error.vi} / {error.en}", now)
            return False
        if 200 <= status < 300:
            self._settle(delivery, last_notified_at=now, failures=0, problem="")
            self._metrics.delivered("received")
            return delivery.more
        said = f"Bên nhận trả lời {status} / The receiver answered {status}"
        if status == 410:
            self._pause(delivery.subscription, said)
        elif status == 413 and delivery.count > 1:
            self._turns.change(
                delivery.subscription, batch=delivery.count // 2, problem=said, lease_until=None
            )
            return True
        else:
            self._failed(delivery.subscription, said, now)
        return False

    def _settle(self, delivery: _Delivery, **values: object) -> None:
        """Go on behind what was delivered or did not match, unless the claim ran out on the way."""
        mine = Subscription.lease_until == delivery.lease
        values |= {"cursor": delivery.cursor, "due_at": delivery.due_at, "lease_until": None}
        if not self._turns.change(delivery.subscription, mine, **values):
            log.warning(
                "EPCIS subscription %s ended, or was taken over, while it was served", delivery.subscription
            )

    def _pause(self, subscription: uuid.UUID, problem: str) -> None:
        self._turns.pause(subscription, problem)
        self._metrics.delivered("paused")

    def _failed(self, subscription: uuid.UUID, problem: str, now: dt.datetime) -> None:
        is_over = self._turns.failed(subscription, problem, now)
        self._metrics.delivered("paused" if is_over else "failed")


def _was_told(subscription: Subscription) -> bool:
    """Whether something went out already in the run that is due."""
    last = subscription.last_notified_at
    return last is not None and last >= subscription.due_at
