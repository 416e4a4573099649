"""Which batches' records a session changed: told when it commits, so that no form has to know of events.

Lines are not looked at: they are written and changed together with their diary entry.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import Session, sessionmaker

from temthat_trace.batches import Batch, BatchSource
from temthat_trace.events import Event
from temthat_trace.purchases import PurchaseSlip

_TOUCHED = "temthat touched batches"
Tell = Callable[[frozenset[uuid.UUID]], None]
BatchOf = Callable[[Any], uuid.UUID | None]
_RECORDS: Mapping[type, BatchOf] = {
    Batch: lambda batch: batch.id,
    BatchSource: lambda link: link.batch_id,
    Event: lambda entry: entry.batch_id,
    PurchaseSlip: lambda slip: slip.batch_id,
}


def watch(sessions: sessionmaker[Session], tell: Tell, more: Mapping[type, BatchOf] | None = None) -> None:
    """Call `tell` with the batches whose records a session of these changed, after each commit that did.

    `more`: other records that belong to a batch. Statements that go around the session's records are not seen.
    """
    kinds = {**_RECORDS, **(more or {})}

    def flushed(session: Session, _: Any) -> None:
        changed = set(_batches([*session.new, *session.dirty, *session.deleted], kinds))
        session.info.setdefault(_TOUCHED, set()).update(changed)

    def committed(session: Session) -> None:
        if not session.in_nested_transaction() and (touched := session.info.pop(_TOUCHED, None)):
            tell(frozenset(touched))

    def rolled_back(session: Session) -> None:
        session.info.pop(_TOUCHED, None)

    event.listen(sessions, "after_flush", flushed)
    event.listen(sessions, "after_commit", committed)
    event.listen(sessions, "after_rollback", rolled_back)


def pending(session: Session) -> frozenset[uuid.UUID]:
    """The batches a watched session flushed changes of and has not committed yet."""
    return frozenset(session.info.get(_TOUCHED, ()))


def _batches(changed: Iterable[Any], kinds: Mapping[type, BatchOf]) -> Iterable[uuid.UUID]:
    for one in changed:
        batch_of = kinds.get(type(one))
        if batch_of is None:
            continue
        if (batch := batch_of(one)) is not None:
            yield batch
        # A slip put on another batch is gone from the first.
        if isinstance(one, PurchaseSlip):
            yield from (old for old in inspect(one).attrs.batch_id.history.deleted if old is not None)
