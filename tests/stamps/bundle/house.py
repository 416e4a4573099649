"""A small service on disk, without any database: a log with witnesses, delegations, and bundles published beside it.

Everything is made and signed by the real code; statements go through the same replay as an audit's.
"""

import datetime as dt
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]

from temthat_stamps.bundle.build import BundleBuilder
from temthat_stamps.bundle.contacts import Contact, write_contacts
from temthat_stamps.bundle.listing import CONTACTS_FILE, Listed, shard_file
from temthat_stamps.bundle.proof import enclose_statement
from temthat_stamps.bundle.publish import Opening, names_of, write_bundle
from temthat_stamps.code import stamp_url
from temthat_stamps.keys import key_id
from temthat_stamps.log.checkpoint import Checkpoint, sign_checkpoint
from temthat_stamps.log.cosignature import Cosigner
from temthat_stamps.log.finding import Finding
from temthat_stamps.log.folder import LogFolder
from temthat_stamps.log.note import Note, NoteSigner
from temthat_stamps.log.proof import TlogProof
from temthat_stamps.log.reader import FolderReader
from temthat_stamps.log.replay import Replay
from temthat_stamps.log.tiles import TiledTree, inclusion_proof
from temthat_stamps.log.trust_files import trust_file
from temthat_stamps.logged import Block, BundlePublished, Delegation, LogOpened, PublishedFile, Stated
from temthat_stamps.manifest import Activated, Custody, KeyClosed, KeyOpened, Names, RunManifest, Sources
from temthat_stamps.notice import IssuedNotice, Notice, _parse_target
from temthat_stamps.signer import KeySigner
from temthat_stamps.signing import sign_code
from temthat_stamps.statement import sign_statement
from temthat_stamps.trust.delegates import IssuerKind
from temthat_stamps.trust.enrolment import Enrolment, sign_enrolment
from temthat_stamps.trust.house import HouseCeremony
from temthat_stamps.trust.logtrust import LogTrust
from temthat_stamps.trust.online import OnlineKeys
from temthat_stamps.verdict import NoticeKind

HOST = "qr.temthat.example"
ORIGIN = "qr.temthat.example/log"
NAMES = Names("HTX Mẫu", "Mật ong bạc hà (mẫu)", "Chai 500 ml", "L01")
SALT = b"salt" * 4


@dataclass
class Producer:
    """A cooperative with its issuer key and the stamp key it uses now."""

    id: str
    province: str
    signer: KeySigner
    stamp: Ed25519PrivateKey
    closes: dt.datetime

    @property
    def stamp_id(self) -> str:
        return key_id(KeySigner(self.stamp).public_key)


def new_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@dataclass
class House:
    """The service. `public` is what it serves; time moves a second with each statement, or as it is told."""

    folder: Path
    now: dt.datetime
    quorum: int = 2
    entries: list[bytes] = field(default_factory=list)
    names: dict[int, Opening] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.public = self.folder / "public"
        self.operator = KeySigner(new_key())
        self.log_signer = NoteSigner(ORIGIN, KeySigner(new_key()))
        self.witnesses = [Cosigner(f"witness-{n}.example", KeySigner(new_key())) for n in (1, 2)]
        online = OnlineKeys(CryptoSigner(new_key()), CryptoSigner(new_key()))
        self.ceremony = HouseCeremony(self.folder / "keys", self.public / "trust", online, mode="demo")
        self.log = LogFolder(self.public)
        self.replay = Replay(ORIGIN, trust_file(FolderReader(self.public)))
        self.builder = BundleBuilder(ORIGIN)
        self.runs = count(1)
        self.state(LogOpened(ORIGIN, self.operator.public_key, 0, self.now))
        self.delegate(self.ceremony.found(self.log_trust(), ["24", "31", "96"], self.now))

    def log_trust(self) -> LogTrust:
        return LogTrust(
            ORIGIN,
            self.log_signer.vkey,
            tuple(witness.vkey for witness in self.witnesses),
            self.quorum,
            (self.operator.public_key,),
            (HOST,),
        )

    # -- statements --

    def state(self, stated: Stated, *signers: KeySigner) -> int:
        """Log a statement that has to be accepted; its index."""
        return self.log_entry(sign_statement(stated.body(), *(signers or (self.operator,))))

    def log_entry(self, entry: bytes) -> int:
        index = len(self.entries)
        outcome = self.replay.apply(index, entry)
        assert not isinstance(outcome, Finding), outcome
        assert self.replay.log_time is not None
        self.builder.apply(index, outcome, self.replay.log_time)
        if isinstance(outcome, Delegation):
            self.builder.delegate(index, self.replay.changed_keys, self.replay.taken_back)
        self.entries.append(entry)
        self.now += dt.timedelta(seconds=1)
        return index

    def delegate(self, files: dict[str, PublishedFile]) -> int:
        return self.state(Delegation(ORIGIN, files, self.now))

    def producer(self, province: str = "96", kind: IssuerKind = IssuerKind.PRODUCER) -> Producer:
        """Enrolled, delegated to, and with an open stamp key."""
        signer, issuer = KeySigner(new_key()), str(uuid.uuid4())
        asked = Enrolment(ORIGIN, issuer, kind, province, signer.public_key, Custody.HOSTED, self.now)
        request = sign_enrolment(asked, signer)
        self.delegate(self.ceremony.approve([request], len(self.entries), self.now))
        made = Producer(issuer, province, signer, new_key(), self.now)
        self.contacts[issuer] = Contact("HTX Mẫu", "1900 0000")
        if kind is IssuerKind.PRODUCER:
            self.open_key(made)
        return made

    def open_key(self, producer: Producer) -> None:
        producer.stamp = new_key()
        month_end = (self.now.replace(day=1) + dt.timedelta(days=32)).replace(
            day=1, hour=0, minute=0, second=0
        )
        producer.closes = month_end - dt.timedelta(seconds=1)
        public = KeySigner(producer.stamp).public_key
        opened = KeyOpened(ORIGIN, producer.id, public, self.now, producer.closes, Custody.HOSTED)
        self.state(opened, producer.signer)

    def close_key(self, producer: Producer) -> int:
        return self.state(KeyClosed(ORIGIN, producer.id, producer.stamp_id, self.now), producer.signer)

    def run(self, by: Producer, names: Names = NAMES, **changes: Any) -> RunManifest:
        """A run of a hundred stamps of a new batch."""
        values: dict[str, Any] = {
            "origin": ORIGIN,
            "run": changes.pop("run", None) or next(self.runs),
            "count": 100,
            "stamp_key": by.stamp_id,
            "issuer": by.id,
            "pack_form": str(uuid.uuid4()),
            "batch": str(uuid.uuid4()),
            "gtin": None,
            "gs1": False,
            "made_on": self.now.date(),
            "expires_on": dt.date(2100, 1, 1),
            "needs_activation": False,
            "packs": 100,
            "beyond": False,
            "replaces": None,
            "commitment": names.commitment(SALT),
            "events": "00" * 32,
            "registered_at": self.now,
        } | changes
        manifest = RunManifest(**values)
        self.state(manifest, by.signer)
        self.names[manifest.run] = (names, SALT)
        return manifest

    def notice(
        self,
        by: Producer,
        target: str,
        kind: NoticeKind,
        *also: Producer,
        number: int = 1,
        reason: str = "misprint",
    ) -> int:
        notice = Notice(target, number, kind, reason, self.now, *_parse_target(target))
        signers = [by.signer, *(other.signer for other in also)]
        return self.state(IssuedNotice(ORIGIN, by.id, notice), *signers)

    def activate(self, by: Producer, run: int) -> int:
        return self.state(Activated(ORIGIN, by.id, run, self.now), by.signer)

    def sources(self, by: Producer, batch: str, *sources: str) -> int:
        return self.state(Sources(ORIGIN, by.id, batch, sources, 1, 1, self.now), by.signer)

    def block(self, by: Producer, first: int, last: int) -> int:
        self.runs = count(last + 1)
        return self.state(Block(ORIGIN, by.id, first, last, self.now))

    def revoke(self, producer: Producer, last_good: int, reason: str = "key_compromised") -> int:
        name = key_id(producer.signer.public_key)
        return self.delegate(self.ceremony.revoke(name, last_good, reason, self.now))

    def rebuilt(self, keep: Callable[[Stated], bool] = lambda _: True) -> BundleBuilder:
        """The bundle of the log so far, made by somebody who reads it anew; without what `keep` refuses."""
        replay, builder = Replay(ORIGIN, trust_file(FolderReader(self.public))), BundleBuilder(ORIGIN)
        for index, entry in enumerate(self.entries):
            stated = replay.apply(index, entry)
            assert not isinstance(stated, Finding), stated
            assert replay.log_time is not None
            if keep(stated):
                builder.apply(index, stated, replay.log_time)
                if isinstance(stated, Delegation):
                    builder.delegate(index, replay.changed_keys, replay.taken_back)
        return builder

    # -- publishing --

    def rewrite(self, index: int) -> None:
        """Put other bytes in place of an entry, and the log's files to go with it: another history."""
        self.entries[index] += b" "
        for name in ("tile", "checkpoint", ".unfinished"):
            path = self.public / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        self.log = LogFolder(self.public)

    def checkpoint(self) -> bytes:
        """Everything stated so far in the tiles; the witnessed checkpoint over it."""
        size, root = self.log.integrate(0, self.entries)
        text = Checkpoint(ORIGIN, size, root)
        signed = Note.parse(sign_checkpoint(text, self.log_signer))
        at = int(self.now.timestamp())
        data = bytes(signed.with_lines([witness.cosign(text.text, at) for witness in self.witnesses]))
        self.log.write_checkpoint(data)
        return data

    def unlogged(self) -> dict[str, bytes]:
        """Names by shard, and contacts."""
        files = {CONTACTS_FILE: write_contacts(self.contacts)}
        for name, data in self.builder.files().items():
            if shard := shard_file(name):
                files[shard.names] = names_of(shard, data, self.names.__getitem__)
        return files

    def publish(self, at: dt.datetime | None = None, **changes: Any) -> None:
        """State the bundle of everything so far, and put all of it into the public folder."""
        at = self.now if at is None else at
        unlogged = self.unlogged()
        files = {**self.builder.files(), **unlogged, **changes.pop("files", {})}
        listed = {name: listed_of(data) for name, data in unlogged.items()}
        listing = changes.pop("listing", None) or self.builder.listing(len(self.entries), at, [HOST], listed)
        self.publish_files(files, listing, at, **changes)

    def publish_files(self, files: dict[str, bytes], listing: bytes, at: dt.datetime, **changes: Any) -> None:
        """The same for any files and any list: what a hacked operator can do."""
        complete = changes.pop("complete_to_run", self.builder.complete_to_run)
        size = changes.pop("size", len(self.entries))
        stated = BundlePublished(ORIGIN, size, listed_of(listing).sha256, complete, at)
        entry = sign_statement(stated.body(), changes.pop("operator", self.operator))
        index = len(self.entries)
        self.replay.apply(index, entry)
        self.entries.append(entry)
        checkpoint = self.checkpoint()
        self.ceremony.repository.freshen(self.ceremony._online, self.now)
        write_bundle(self.public / "bundle", files, listing, self.prove(index, checkpoint))

    def prove(self, index: int, checkpoint: bytes) -> bytes:
        """`bundle.proof` of an entry."""
        hashes = tuple(inclusion_proof(self.log, index, len(self.entries)))
        proof = TlogProof(index, hashes, checkpoint).format()
        return enclose_statement(proof, self.entries[index])

    def tree(self) -> TiledTree:
        return TiledTree(FolderReader(self.public), len(self.entries))


def listed_of(data: bytes) -> Listed:
    """A file as the list names it."""
    import hashlib

    return Listed(len(data), hashlib.sha256(data).hexdigest())


def url(by: Producer, run: int, serial: int, host: str = HOST) -> str:
    """A printed stamp."""
    return stamp_url(host, sign_code(by.stamp, run, serial))
