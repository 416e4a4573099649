"""Proofs that go with a dossier: entries of the public log, and what opens the digests in them.

A run's entry binds names (by a salted commitment) and the diary (by the digests of its events) without saying them. The
openings say them, so that whoever holds the dossier can check text against log without asking anybody.
"""

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from temthat_stamps.bundle.proof import enclose_statement
from temthat_stamps.errors import TrustError
from temthat_stamps.log.records import LogEntry
from temthat_stamps.log.told import in_words
from temthat_stamps.logged import read_body
from temthat_stamps.notice import batch_target
from temthat_stamps.runs.book import LogBook
from temthat_stamps.runs.notices import made_from
from temthat_stamps.runs.records import NoticeRecord, NoticeScope, Run
from temthat_stamps.runs.register import names_of
from temthat_stamps.statement import peek
from temthat_verify_api.outgoing.gather import Loaded, runs_of, told_events

_GROUP = 500


@dataclass(frozen=True, slots=True)
class Proof:
    """An entry of the log with what it says in both languages, and its proof; None while it is not published."""

    index: int
    kind: str
    at: dt.datetime
    vi: str
    en: str
    data: bytes | None


def proofs_of(session: Session, book: LogBook, batch_ids: Sequence[uuid.UUID]) -> Iterator[Proof]:
    """The entries about these batches in the log's order: stamp keys, runs, notices on them and their sources."""
    stored: dict[int, bytes | None] = {}
    for first in range(0, len(batch_ids), _GROUP):
        for run in runs_of(session, batch_ids[first : first + _GROUP]):
            stored.setdefault(run.stamp_key.log_index, None)
            stored[run.log_index] = run.proof
    if session.scalar(select(exists().where(NoticeRecord.scope == NoticeScope.BATCH))):
        targets = {batch_target(source) for batch_id in batch_ids for source in made_from(session, batch_id)}
        told = select(NoticeRecord.target, NoticeRecord.log_index).where(
            NoticeRecord.scope == NoticeScope.BATCH
        )
        for target, index in session.execute(told):
            if target in targets:
                stored.setdefault(index, None)
    for index in sorted(stored):
        entry = session.get(LogEntry, index)
        if entry is not None:
            yield _proof(book, entry, stored[index])


def _proof(book: LogBook, entry: LogEntry, stored: bytes | None) -> Proof:
    """The proof made when the run's file was, which never changes, else one under the latest checkpoint."""
    try:
        proof = stored or book.prove(entry.index)
        data = enclose_statement(proof, entry.envelope)
    except TrustError:
        data = None
    vi, en = in_words(read_body(peek(entry.envelope)))
    return Proof(entry.index, entry.kind, entry.at, vi, en, data)


def openings_of(loaded: Loaded) -> dict[str, Any]:
    """What opens the digests in the entries about a batch: names by run, and the sealed records of its events.

    An event that is not told, and one whose line names a trading partner, stays closed: its digest alone is here.
    """
    batch = loaded.batch
    told = {event.id for event in told_events(batch)}
    return {
        "party": batch.party.code,
        "product": batch.product.code,
        "lot": batch.lot,
        "runs": [opening for run in loaded.runs if (opening := _names(run))],
        "events": [
            {
                "id": str(event.id),
                "recorded_at": event.recorded_at.isoformat(timespec="microseconds"),
                "digest": event.digest.hex(),
                "sealed": event.sealed()
                if event.id in told and not any(line.partner for line in event.lines)
                else None,
            }
            for event in sorted(batch.events, key=lambda event: (event.recorded_at, event.id))
        ],
    }


def _names(run: Run) -> dict[str, Any] | None:
    """The opening of a run's commitment; None once it was erased."""
    if run.salt is None:
        return None
    names = names_of(run)
    return {
        "run": run.run,
        "entry": run.log_index,
        "salt": run.salt.hex(),
        "issuer": names.issuer,
        "product": names.product,
        "pack_form": names.pack_form,
        "lot": names.lot,
    }
