"""Records told as EPCIS events: a thread that does it a moment after they were committed, and catching up with all.

Nothing waits for the thread and nothing is lost by it: events are made from records, so what a crash kept back is told
at the next start (recent records) or by `temthat epcis emit` (all of them).
"""

import datetime as dt
import logging
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, joinedload, sessionmaker

from temthat_stamps.runs.records import Run
from temthat_trace.batches import Batch
from temthat_trace.emitting.repository import Emitted, StampRun, emit
from temthat_trace.emitting.touched import Tell, watch
from temthat_trace.events import Event
from temthat_trace.lineage.among import among
from temthat_trace.purchases import PurchaseSlip
from temthat_verify_api.settings import Settings
from temthat_verify_api.wiring import Services

log = logging.getLogger(__name__)

AT_ONCE = 200
"""Batches told in one transaction."""
RECENT = dt.timedelta(days=7)
"""Records made since then are looked at when the service starts."""
AGAIN_AFTER = 30.0
"""Seconds before what failed is tried again."""


class Emitter:
    """Tells whatever the service's sessions commit, until it is closed."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._waiting: dict[uuid.UUID, None] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="epcis-emitter", daemon=True)
        self.problem: Exception | None = None
        """Why the last try failed; None when it did not."""

    def start(self) -> None:
        """Begin, with the records that a stop may have kept back."""
        watch_all(self._services.sessions, self.touched)
        self._thread.start()

    def close(self) -> None:
        """Finish the batches at hand and end; the rest is told at the next start."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def touched(self, batches: frozenset[uuid.UUID]) -> None:
        """Tell these soon."""
        with self._changed:
            self._waiting.update(dict.fromkeys(batches))
            self._changed.notify()

    def _run(self) -> None:
        self._recent()
        while batches := self._next():
            self._tell(batches)

    def _recent(self) -> None:
        try:
            with self._services.sessions() as session:
                found = recent_batches(session, self._services.now() - RECENT)
        except Exception:
            log.exception("looking for records that no event tells of yet")
        else:
            self.touched(frozenset(found))

    def _next(self) -> list[uuid.UUID]:
        """The next batches to tell, waiting for some; none when it is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._waiting)
            if self._stopping:
                return []
            chosen = list(self._waiting)[:AT_ONCE]
            for batch in chosen:
                del self._waiting[batch]
            return chosen

    def _tell(self, batches: list[uuid.UUID]) -> None:
        """One round; never raises. What failed waits for another."""
        failed, self.problem = self._try(batches)
        if failed:
            with self._changed:
                self._waiting = {**dict.fromkeys(failed), **self._waiting}
                self._changed.wait_for(lambda: self._stopping, AGAIN_AFTER)

    def _try(self, batches: list[uuid.UUID]) -> tuple[list[uuid.UUID], Exception | None]:
        """Tell them; which could not be told, and why. One that cannot be told keeps none of the others back."""
        try:
            outcome = tell(self._services.sessions, batches, self._services.settings, self._services.now)
            for result in outcome.refused:
                log.error("an event of our own was refused: %s", [p.en for p in result.errors])
        except Exception as error:
            # A database or disk that is not there is not there for each of them alone either.
            if len(batches) > 1 and not isinstance(error, OperationalError | OSError):
                half = len(batches) // 2
                first, why = self._try(batches[:half])
                second, why_too = self._try(batches[half:])
                return first + second, why or why_too
            if str(error) != str(self.problem):
                log.exception("telling records as events")
            return batches, error
        return [], None


def watch_all(sessions: sessionmaker[Session], told: Tell) -> None:
    """Call `told` with the batches whose records, or runs of stamps, these sessions commit."""
    watch(sessions, told, {Run: lambda run: run.batch_id})


def tell(
    sessions: sessionmaker[Session],
    batches: Sequence[uuid.UUID],
    settings: Settings,
    now: Callable[[], dt.datetime],
) -> Emitted:
    """Make the repositories tell what is recorded of these batches; committed when this returns."""
    outcome = Emitted()
    for start in range(0, len(batches), AT_ONCE):
        with sessions() as session:
            done = tell_in(session, batches[start : start + AT_ONCE], settings, now())
            session.commit()
        outcome.add(done)
    return outcome


def tell_in(session: Session, batches: Iterable[uuid.UUID], settings: Settings, now: dt.datetime) -> Emitted:
    """The same inside a transaction of the caller's, who commits."""
    ids = sorted(batches)
    return emit(session, ids, base_of(settings), now, stamp_runs(session, ids))


def base_of(settings: Settings) -> str:
    """Scheme and host of the service, as printed on stamps."""
    return f"{settings.scheme.lower()}://{settings.host}"


def stamp_runs(session: Session, batches: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[StampRun]]:
    """The runs of batches that are in the public log, by batch."""
    query = select(Run).where(among(session, Run.batch_id, batches), Run.log_index.is_not(None))
    found: dict[uuid.UUID, list[StampRun]] = {}
    for run in session.scalars(query.options(joinedload(Run.pack_form)).order_by(Run.run)):
        told = StampRun(run.run, run.registered_at, run.pack_form.gtin, 1, run.count)
        found.setdefault(run.batch_id, []).append(told)
    return found


def recent_batches(session: Session, since: dt.datetime) -> list[uuid.UUID]:
    """Batches that were recorded since then, or got or lost an entry or a slip, or got a run of stamps.

    What was recorded is found by the time that is in its id.
    """
    first = uuid.UUID(int=int(since.timestamp() * 1000) << 80)
    queries: tuple[Any, ...] = (
        select(Batch.id).where(Batch.id >= first),
        select(Event.batch_id).where(Event.id >= first),
        select(Event.batch_id).where(Event.withdrawn_at >= since),
        select(PurchaseSlip.batch_id).where(
            or_(PurchaseSlip.id >= first, PurchaseSlip.withdrawn_at >= since)
        ),
        select(Run.batch_id).where(Run.registered_at >= since),
    )
    found = dict.fromkeys(batch for query in queries for batch in session.scalars(query.distinct()))
    return [batch for batch in found if batch is not None]


def all_batches(session: Session, party_id: uuid.UUID | None = None) -> Iterator[list[uuid.UUID]]:
    """Every batch, or those of one party, in the order of their ids, `AT_ONCE` at a time."""
    after = uuid.UUID(int=0)
    while True:
        query = select(Batch.id).where(Batch.id > after).order_by(Batch.id).limit(AT_ONCE)
        if party_id is not None:
            query = query.where(Batch.party_id == party_id)
        found = list(session.scalars(query))
        if not found:
            return
        yield found
        after = found[-1]
