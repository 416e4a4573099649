"""Who is told of a step of an alert: the producer, the offices that look after it, and inspectors.

A message is written in the transaction of its step, so that none is lost, and one step is one message: scans make none.
"""

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_trace.parties import Party, PartyKind, looks_after
from temthat_verify_api.alerts.records import (
    TOLD,
    Alert,
    AlertMessage,
    AlertSignal,
    AlertStep,
    AlertSubscription,
)


def tell(session: Session, alert: Alert, step: AlertStep) -> int:
    """Queue one message for each subscription that the step concerns, paused ones too; how many."""
    if step.what not in TOLD:
        return 0
    owner = session.get_one(Party, alert.party_id)
    found = [
        subscription.id
        for subscription, party in session.execute(
            select(AlertSubscription, Party).join(Party, Party.id == AlertSubscription.party_id)
        )
        if concerns(session, party, owner, alert.id)
    ]
    session.add_all(AlertMessage(subscription_id=number, step_id=step.id) for number in found)
    return len(found)


def concerns(session: Session, party: Party, owner: Party, alert: uuid.UUID) -> bool:
    """Whether an organisation is told of an alert about that owner's goods.

    Inspectors of a province are told of what its producers make and of what came to light there; the page shows them
    every alert all the same.
    """
    if party.id == owner.id or looks_after(party, owner):
        return True
    if party.kind is not PartyKind.INSPECTOR:
        return False
    return party.province in (None, owner.province) or party.province in _provinces(session, alert)


def _provinces(session: Session, alert: uuid.UUID) -> set[str | None]:
    return set(session.scalars(select(AlertSignal.province).where(AlertSignal.alert_id == alert)))
