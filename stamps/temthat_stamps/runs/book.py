"""The log as a whole: entries from the database become tiles, a checkpoint, its witnesses' cosignatures, proofs.

The order of things is what makes it safe. Entries are durable and ordered in the database first. Tiles are a function
of them, so making them twice is harmless. A checkpoint is signed only for a tree that extends the last one published,
and replaces it only when enough witnesses have signed. Whatever breaks in between, the next call carries on.
"""

import logging
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from threading import RLock
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from temthat_stamps.errors import Fault, TrustError
from temthat_stamps.log.checkpoint import Checkpoint, Witnessed, open_checkpoint, sign_checkpoint
from temthat_stamps.log.entries import ensure_open, entries_from, entry, size
from temthat_stamps.log.folder import LogFolder, locked
from temthat_stamps.log.note import NoteSigner
from temthat_stamps.log.policy import Policy
from temthat_stamps.log.proof import TlogProof
from temthat_stamps.log.records import LogEntry
from temthat_stamps.log.tiles import consistency_proof, inclusion_proof, root
from temthat_stamps.log.witness_client import Witness, collect
from temthat_stamps.logged import read_body
from temthat_stamps.manifest import RunManifest
from temthat_stamps.runs.records import Run, RunBlock
from temthat_stamps.runs.registry import Registry
from temthat_stamps.runs.revision import bump_revision
from temthat_stamps.statement import StatementType, peek
from temthat_trace.parties import Party

log = logging.getLogger(__name__)
T = TypeVar("T")

GROUP = 1_000
"""Entries turned into tiles at a time: memory stays flat however far behind the tiles are."""


class LogBook:
    """Publishes the log of one database into one folder. One process at a time does; any number may read."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        registry: Registry,
        folder: Path,
        signer: NoteSigner,
        policy: Policy,
        witnesses: Sequence[Witness],
    ) -> None:
        self._sessions = sessions
        self._registry = registry
        self._signer = signer
        self._witnesses = witnesses
        self._lock = RLock()
        self._known: tuple[bytes, Witnessed] | None = None
        self.policy = policy
        self.folder = LogFolder(folder)

    def close(self) -> None:
        """Give the witnesses' connections back."""
        for witness in self._witnesses:
            witness.close()

    def latest(self) -> Witnessed | None:
        """The published checkpoint; None before the first. Raises `TrustError` if it is damaged."""
        data = self.folder.read_checkpoint()
        return None if data is None else self._opened(data)

    def open(self) -> None:
        """Write the log's first entry if the database has none, and take back what the database lost, if anything."""
        with self._alone(), self._sessions() as session:
            latest = self.latest()
            bump_revision(session)
            if latest is not None and size(session) < latest.checkpoint.size:
                known, published = size(session), latest.checkpoint.size
                log.warning(
                    "the database lost entries %s to %s: taken back from the log", known, published - 1
                )
                _take_back(session, known, self.folder.entries(known, published))
            ensure_open(session, self._registry.origin, self._registry.operator, self._registry.now())
            session.commit()

    def publish(self) -> Witnessed:
        """Make everything committed so far public: tiles, witnessed checkpoint. Does nothing if that is done already.

        Raises `TooFewWitnesses`, `DatabaseFellBack`, `TrustError`, `OSError`; the last checkpoint then stands, and
        nothing is lost: the next call goes on from there.
        """
        with self._alone(), self._sessions() as session:
            total = size(session)
            latest = self.latest()
            if latest is not None:
                self._require_same_database(session, latest.checkpoint.size, total)
                if latest.checkpoint.size == total:
                    return latest
            entries = entries_from(session, self.folder.size(), total)
            for group in _groups(entries, GROUP):
                self.folder.integrate(self.folder.size(), group)
            checkpoint = Checkpoint(self._registry.origin, total, root(self.folder, total))
            if latest is not None:
                self._require_growth(latest.checkpoint, total)
            signed = sign_checkpoint(checkpoint, self._signer)
            data = collect(
                signed,
                total,
                self._witnesses,
                self.policy.quorum,
                lambda known: consistency_proof(self.folder, known, total),
            )
            self.folder.write_checkpoint(data)
            return open_checkpoint(data, self.policy)

    def prove(self, index: int) -> bytes:
        """The tlog-proof of an entry under the published checkpoint. Raises `NotPublished`."""
        data = self.folder.read_checkpoint()
        published = self._opened(data).checkpoint.size if data is not None else 0
        if data is None or index >= published:
            raise NotPublished(
                Fault.OPERATOR,
                f"Mục {index} chưa được công bố trong sổ công khai; hãy thử lại sau ít phút.",
                f"Entry {index} is not published yet; try again in a few minutes.",
            )
        return TlogProof(index, tuple(inclusion_proof(self.folder, index, published)), data).format()

    def _opened(self, data: bytes) -> Witnessed:
        """A checkpoint verified; the same bytes are verified once, since every proof is made under them."""
        known = self._known
        if known is None or known[0] != data:
            known = self._known = (data, open_checkpoint(data, self.policy))
        return known[1]

    def prove_run(self, number: int) -> None:
        """Store a run's proof with it, publishing the log first if need be. Raises as `publish` does."""
        with self._sessions() as session:
            run = session.get_one(Run, number)
            if run.proof is None:
                self.publish()
                run.proof = self.prove(run.log_index)
                session.commit()

    def _require_same_database(self, session: Session, published: int, total: int) -> None:
        """The newest published entry is the database's own. (`open` sees to that; here it may have changed since.)"""
        if published > total or [entry(session, published - 1)] != list(
            self.folder.entries(published - 1, published)
        ):
            raise DatabaseFellBack(
                Fault.STORE,
                "Cơ sở dữ liệu không còn đúng các mục đã công bố của sổ: nó được khôi phục từ bản cũ khi dịch vụ đang "
                "chạy. Dừng dịch vụ, khôi phục lại bản sao lưu (temthat restore --replace), rồi khởi động lại.",
                "The database no longer has the entries that the log published: it was put back to an older state "
                "while the service ran. Stop the service, restore the backup again (temthat restore --replace), "
                "start it.",
            )

    def _require_growth(self, before: Checkpoint, total: int) -> None:
        if total < before.size or root(self.folder, before.size) != before.root:
            raise TrustError(
                Fault.STORE,
                "Sổ công khai trên đĩa không nối tiếp điểm mốc đã công bố. Không công bố gì thêm; khôi phục thư mục sổ "
                "từ bản sao rồi chạy lại.",
                "The log on disk does not extend the published checkpoint. Nothing more is published; restore the "
                "log's folder from a copy, then start again.",
            )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Only one thread of one process publishes; the others wait and find it done."""
        self.folder.path.mkdir(parents=True, exist_ok=True)
        with self._lock, locked(self.folder.path / ".publishing"):
            yield


class DatabaseFellBack(TrustError):
    """The database was put back under a running service: other entries stand where the published ones were."""


class NotPublished(TrustError):
    """The entry is in the database but under no published checkpoint yet."""


def is_lost(session: Session, run: int) -> bool:
    """Whether a run stands in the log but its row went with the database: nothing can be said of its stamps here."""
    query = (
        select(RunBlock.first)
        .join(LogEntry, LogEntry.index == RunBlock.log_index)
        .where(RunBlock.first == run, RunBlock.last == run, LogEntry.kind == StatementType.RUN.value)
    )
    return session.scalar(query) is not None


def _take_back(session: Session, start: int, envelopes: Iterable[bytes]) -> None:
    """Entries that the published log has and the database lost, because it was restored from an older backup.

    What they made (runs, notices) does not come back by that; but no run number of theirs is ever given again.
    """
    newest = session.scalar(select(func.max(LogEntry.at)))
    for index, envelope in enumerate(envelopes, start):
        body = peek(envelope)
        stated = read_body(body)
        newest = max(newest or stated.at, stated.at)
        session.add(LogEntry(index=index, kind=body["type"], at=newest, envelope=envelope))
        if isinstance(stated, RunManifest) and session.get(Party, uuid.UUID(stated.issuer)) is not None:
            session.add(
                RunBlock(
                    first=stated.run,
                    last=stated.run,
                    party_id=uuid.UUID(stated.issuer),
                    reserved_at=stated.at,
                    log_index=index,
                )
            )
    session.flush()


def _groups(items: Iterable[T], most: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while group := list(islice(iterator, most)):
        yield group
