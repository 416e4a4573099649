"""The public record kept up with the database: trust files into the log, the log into tiles, the log into the bundle.

The bundle is made by the very rules an audit applies, from the log's entries alone, so that both get the same bytes.
Only names and contacts come from the database, where they can be erased.
"""

import datetime as dt
import logging
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, sessionmaker

from temthat_stamps.bundle.build import BundleBuilder
from temthat_stamps.bundle.contacts import Contact, write_contacts
from temthat_stamps.bundle.listing import (
    CONTACTS_FILE,
    LISTING_FILE,
    PROOF_FILE,
    Listed,
    Listing,
    ShardFile,
    shard_file,
)
from temthat_stamps.bundle.proof import enclose_statement, enclosed_statement
from temthat_stamps.bundle.publish import Opening, write_bundle
from temthat_stamps.bundle.publish import names_of as names_file
from temthat_stamps.bundle.shard import Shard
from temthat_stamps.errors import TrustError
from temthat_stamps.fields import instant
from temthat_stamps.log.entries import entries_from, entry
from temthat_stamps.log.finding import Finding
from temthat_stamps.log.reader import FolderReader
from temthat_stamps.log.replay import Replay
from temthat_stamps.log.trust_files import trust_file
from temthat_stamps.logged import AppPublished, BundlePublished, Delegation
from temthat_stamps.manifest import RunManifest
from temthat_stamps.runs.book import LogBook
from temthat_stamps.runs.custody import close_due_keys, due_keys
from temthat_stamps.runs.enrolment import publish_delegation
from temthat_stamps.runs.records import Run
from temthat_stamps.runs.register import names_of
from temthat_stamps.runs.registry import Registry
from temthat_stamps.runs.revision import bump_revision
from temthat_stamps.statement import peek
from temthat_stamps.trust.online import OnlineKeys
from temthat_stamps.trust.repository import TrustRepository
from temthat_trace.batches import Batch
from temthat_trace.parties import Member, Party

log = logging.getLogger(__name__)

FRESH = dt.timedelta(hours=6)
"""A bundle that nothing changed in is stated anew this often: its date is what tells scanners that it is fresh."""
AT_LEAST = dt.timedelta(seconds=30)
"""No more than one bundle in this time, however much is registered."""


class PublicRecord:
    """Everything that is public, of one database into one folder. One thread of one process calls `publish`."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        registry: Registry,
        book: LogBook,
        folder: Path,
        online: OnlineKeys,
        hosts: Iterable[str],
    ) -> None:
        self._sessions = sessions
        self._registry = registry
        self._book = book
        self._folder = folder
        self._online = online
        self._hosts = tuple(sorted(hosts))
        self.app = ""
        """The digest of the phone app that is served, hex; whoever serves one says so before `publish`."""
        self._repository = TrustRepository(folder / "trust")
        self._replay = Replay(registry.origin, trust_file(FolderReader(folder)), check_signatures=False)
        self._builder = BundleBuilder(registry.origin)
        self._names: dict[str, tuple[str, bytes]] = {}

    def publish(self, *, bundle_now: bool = False) -> None:
        """Bring it all up to date. Raises `TrustError`, `OSError`; the next call goes on where this one stopped."""
        self._publish_trust()
        self._book.publish()
        if self._repository.founded:
            self._catch_up()
            self._publish_app()
            self._publish_bundle(bundle_now)
        self._close_keys()

    def _close_keys(self) -> None:
        """Stamp keys past their month are closed in the log and destroyed, though nobody prints any more."""
        with self._sessions() as session:
            if due_keys(session, self._registry.now()):
                bump_revision(session)
                close_due_keys(session, self._registry)
                session.commit()

    def _publish_trust(self) -> None:
        """Trust files that a ceremony brought become known to log and database; the online roles stay fresh."""
        if not self._repository.founded:
            return
        self._repository.freshen(self._online, self._registry.now())
        with self._sessions() as session:
            if publish_delegation(session, self._registry, self._repository.folder):
                session.commit()

    def _publish_app(self) -> None:
        """The app that is served, when the log knows another: whoever was given yet another one can prove it."""
        if not self.app or self.app == self._replay.app:
            return
        with self._sessions() as session:
            stated = AppPublished(
                self._registry.origin, self.app, self._registry.now().replace(microsecond=0)
            )
            self._registry.state(session, stated, None)
            session.commit()
        self._book.publish()
        self._catch_up()

    def _catch_up(self) -> None:
        """Replay what was published since the last time."""
        latest = self._book.latest()
        if latest is None:
            return
        with self._sessions() as session:
            start = self._replay.size
            for index, envelope in enumerate(entries_from(session, start, latest.checkpoint.size), start):
                self._apply(index, envelope)

    def _apply(self, index: int, envelope: bytes) -> None:
        stated = self._replay.apply(index, envelope)
        if isinstance(stated, Finding):
            log.warning("entry %s of the log does not count: %s", index, stated.en)
            return
        assert self._replay.log_time is not None, "an accepted entry is dated"
        self._builder.apply(index, stated, self._replay.log_time)
        if isinstance(stated, Delegation):
            self._builder.delegate(index, self._replay.changed_keys, self._replay.taken_back)

    def _publish_bundle(self, now_at_once: bool) -> None:
        now = self._registry.now().replace(microsecond=0)
        published = self._published()
        with self._sessions() as session:
            files = dict(self._builder.files())
            unlogged = self._unlogged(session, files)
        listed = {name: Listed(len(data), sha256(data).hexdigest()) for name, data in unlogged.items()}
        if published is not None and not now_at_once and not self._is_due(published, files, listed, now):
            return
        listing = self._builder.listing(self._replay.size, now, self._allowed_hosts(), listed)
        stated = BundlePublished(
            self._registry.origin,
            self._replay.size,
            sha256(listing).hexdigest(),
            self._builder.complete_to_run,
            now,
        )
        with self._sessions() as session:
            bump_revision(session)
            index = self._registry.state(session, stated, None)
            session.commit()
            self._book.publish()
            proof = enclose_statement(self._book.prove(index), entry(session, index))
        write_bundle(self._folder / "bundle", files | unlogged, listing, proof)
        log.info("bundle of %s entries, %s", self._replay.size, instant(self._registry.now()))

    def _published(self) -> Listing | None:
        """The bundle that lies there, if it is whole: a publication cut short is made again."""
        folder = self._folder / "bundle"
        try:
            listing = (folder / LISTING_FILE).read_bytes()
            stated = peek(enclosed_statement((folder / PROOF_FILE).read_bytes()))
            return Listing.parse(listing) if stated["sha256"] == sha256(listing).hexdigest() else None
        except (FileNotFoundError, TrustError, KeyError):
            return None

    def _is_due(
        self, published: Listing, files: dict[str, bytes], unlogged: dict[str, Listed], now: dt.datetime
    ) -> bool:
        age = now - published.at
        if age >= FRESH:
            return True
        same = {name: len(data) for name, data in files.items()}
        changed = any(
            name not in published.files or published.files[name].length != length
            for name, length in same.items()
        ) or any(
            name not in published.files or published.files[name].sha256 != file.sha256
            for name, file in unlogged.items()
        )
        return changed and age >= AT_LEAST

    def _allowed_hosts(self) -> tuple[str, ...]:
        """What the alliance signed; what the settings say only before it signed anything."""
        trust = self._replay.log_trust
        return tuple(sorted(trust.hosts)) if trust is not None else self._hosts

    def _unlogged(self, session: Session, files: dict[str, bytes]) -> dict[str, bytes]:
        """Names and contacts: what is not in the log because it must be erasable."""
        made = {CONTACTS_FILE: self._contacts(session)}
        erased = session.scalar(select(func.max(Member.erased_at)))
        for name, data in files.items():
            shard = shard_file(name)
            if shard is not None:
                made[shard.names] = self._names_of(session, name, shard, data, erased)
        return made

    def _names_of(
        self, session: Session, name: str, file: ShardFile, data: bytes, erased: dt.datetime | None
    ) -> bytes:
        """Made again only for a shard that grew, or after somebody was erased."""
        digest = f"{sha256(data).hexdigest()} {erased}"
        known = self._names.get(name)
        if known is not None and known[0] == digest:
            return known[1]
        query = (
            select(Run)
            .where(Run.run.in_(Shard(data, file.province, file.month).runs))
            .options(
                joinedload(Run.party),
                joinedload(Run.pack_form),
                joinedload(Run.batch).joinedload(Batch.product),
            )
        )
        runs = {run.run: run for run in session.scalars(query)}
        made = names_file(file, data, lambda number: _opening(session, runs.get(number)))
        self._names[name] = (digest, made)
        return made

    def _contacts(self, session: Session) -> bytes:
        parties = session.scalars(select(Party).where(Party.id.in_(select(Run.party_id))))
        return write_contacts({str(party.id): Contact(party.name, party.hotline) for party in parties})


def _opening(session: Session, run: Run | None) -> Opening:
    """What opens a run's commitment. Of a run that a restored database lost nothing is known."""
    if run is None:
        return bytes(32)
    manifest = RunManifest.parse(peek(entry(session, run.log_index)))
    names = names_of(run)
    # A name that was changed since does not open the commitment any more: then it is as if it were erased.
    if run.salt is not None and names.commitment(run.salt) == manifest.commitment:
        return names, run.salt
    return bytes.fromhex(manifest.commitment)
