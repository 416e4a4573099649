"""A small world that states things in a log: an operator, the national alliance, provinces, issuers with their keys.

Everything is signed for real; `World.log` appends whatever it is given, whoever signed it, as a hacked operator would.
"""

import base64
import datetime as dt
import hashlib
import itertools
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner, Key  # type: ignore[attr-defined]
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    Role,
    Root,
    TargetFile,
    Targets,
)

from temthat_stamps.keys import key_id
from temthat_stamps.log.finding import Finding, FindingCode
from temthat_stamps.log.note import NoteSigner
from temthat_stamps.log.replay import Replay
from temthat_stamps.log.trust_files import trust_path
from temthat_stamps.logged import Block, BundlePublished, Delegation, LogOpened, PublishedFile, Stated
from temthat_stamps.manifest import (
    Activated,
    Custody,
    KeyClosed,
    KeyOpened,
    RunManifest,
    Sources,
)
from temthat_stamps.notice import IssuedNotice, Notice
from temthat_stamps.signer import KeySigner, Signer
from temthat_stamps.statement import sign_statement
from temthat_stamps.trust.delegates import DelegatedKey, IssuerKind
from temthat_stamps.trust.logtrust import LogTrust
from temthat_stamps.trust.roles import NATIONAL, key_path, path_pattern, province_role
from temthat_stamps.verdict import NoticeKind

ORIGIN = "tem.example.vn/log"
MAY = dt.datetime(2026, 5, 4, 2, tzinfo=dt.UTC)
_FAR = dt.timedelta(days=300)


def _private(dice: random.Random) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(dice.randbytes(32))


@dataclass
class StampKey:
    """A stamp key and its period."""

    signer: KeySigner
    opens: dt.datetime
    closes: dt.datetime

    @property
    def id(self) -> str:
        return key_id(self.signer.public_key)


@dataclass
class Issuer:
    """A party with an issuer key. What it states is signed with its key and logged, unless told otherwise."""

    world: "World"
    id: str
    kind: IssuerKind
    province: str
    signer: KeySigner
    delegated: DelegatedKey

    @property
    def key_id(self) -> str:
        return key_id(self.signer.public_key)

    def open_key(self, signer: KeySigner | None = None, **changes: Any) -> StampKey:
        """Announce a stamp key for the rest of the month."""
        now = self.world.now
        month_end = (now.replace(day=1) + dt.timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0)
        key = StampKey(signer or self.world.new_signer(), now, month_end - dt.timedelta(seconds=1))
        opened = KeyOpened(ORIGIN, self.id, key.signer.public_key, key.opens, key.closes, Custody.HOSTED)
        opened = replace(opened, **changes)
        self.world.log(opened, self.signer)
        return StampKey(key.signer, opened.opens, opened.closes)

    def run(self, key: StampKey, *, signer: Signer | None = None, **changes: Any) -> RunManifest:
        """Log a manifest of 100 stamps for a new batch that fills 100 packs."""
        manifest = replace(self.manifest(key), **changes)
        self.world.log(manifest, signer or self.signer)
        return manifest

    def manifest(self, key: StampKey) -> RunManifest:
        """The next manifest, not logged."""
        return RunManifest(
            origin=ORIGIN,
            run=next(self.world.runs),
            count=100,
            stamp_key=key.id,
            issuer=self.id,
            pack_form=self.world.new_id(),
            batch=self.world.new_id(),
            gtin=None,
            gs1=False,
            made_on=dt.date(2026, 5, 1),
            expires_on=None,
            needs_activation=False,
            packs=100,
            beyond=False,
            replaces=None,
            commitment="00" * 32,
            events="00" * 32,
            registered_at=self.world.now,
        )

    def notice(
        self,
        target: str,
        kind: NoticeKind = NoticeKind.VOID,
        number: int = 1,
        *also: "Issuer",
        reason: str = "misprint",
    ) -> int:
        """Log a notice, signed by this party and others."""
        notice = Notice(target, number, kind, reason, self.world.now)
        signers = [self.signer, *(other.signer for other in also)]
        return self.world.log(IssuedNotice(ORIGIN, self.id, notice), *signers)

    def sources(self, batch: str, *sources: str, part: int = 1, parts: int = 1) -> int:
        """Log sources of a batch."""
        stated = Sources(ORIGIN, self.id, batch, sources, part, parts, self.world.now)
        return self.world.log(stated, self.signer)

    def close_key(self, key: StampKey) -> int:
        """Log that a stamp key is closed."""
        return self.world.log(KeyClosed(ORIGIN, self.id, key.id, self.world.now), self.signer)

    def activate(self, run: int) -> int:
        """Log an activation."""
        return self.world.log(Activated(ORIGIN, self.id, run, self.world.now), self.signer)


@dataclass
class Holders:
    """The holders of one TUF role, and its newest version."""

    signers: list[CryptoSigner]
    version: int = 0


@dataclass
class World:
    """The log's entries, and everybody who states something in it. Time moves a minute with each entry."""

    origin: str = ORIGIN
    now: dt.datetime = MAY
    seed: int = 7
    hosts: tuple[str, ...] = ("tem.example.vn",)
    witnesses: tuple[str, ...] = ()
    quorum: int = 0
    entries: list[bytes] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    runs: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.operator = self.new_signer()
        self.log_signer = NoteSigner(self.origin, self.new_signer())
        self.roles = {
            name: Holders([CryptoSigner(_private(self.dice)) for _ in range(count)])
            for name, count in (("root", 3), ("targets", 3), ("snapshot", 1), ("timestamp", 1))
        }
        self.provinces: dict[str, Holders] = {}
        self.keys: dict[str, dict[str, DelegatedKey]] = {NATIONAL: {}}

    # -- makers --

    def new_signer(self) -> KeySigner:
        """A new Ed25519 key."""
        return KeySigner(_private(self.dice))

    def new_id(self) -> str:
        """A new opaque id."""
        return str(uuid.UUID(int=self.dice.getrandbits(128), version=4))

    # -- the log --

    def log(self, stated: Stated | Mapping[str, Any], *signers: Signer) -> int:
        """Append a statement signed by these keys, by the operator if there are none; its index."""
        body = dict(stated) if isinstance(stated, Mapping) else stated.body()
        return self.append(sign_statement(body, *(signers or (self.operator,))))

    def append(self, entry: bytes) -> int:
        """Append any bytes."""
        self.entries.append(entry)
        self.now += dt.timedelta(minutes=1)
        return len(self.entries) - 1

    def open(self, backfill: int = 0) -> None:
        """Entry 0."""
        self.log(LogOpened(self.origin, self.operator.public_key, backfill, self.now))

    def block(self, issuer: str, first: int, last: int) -> int:
        """Reserve run numbers."""
        return self.log(Block(self.origin, issuer, first, last, self.now))

    def bundle(self, size: int, run: int, sha256: str = "0" * 64) -> int:
        """State a bundle."""
        return self.log(BundlePublished(self.origin, size, sha256, run, self.now))

    # -- delegation --

    def log_trust(self) -> LogTrust:
        """`log.json` as it is now."""
        return LogTrust(
            self.origin,
            self.log_signer.vkey,
            self.witnesses,
            self.quorum,
            (self.operator.public_key,),
            self.hosts,
        )

    def found(self, *provinces: str, log: bool = True) -> int:
        """Root, national alliance and some provinces, published; the delegation's index."""
        self.provinces |= {
            code: Holders([CryptoSigner(_private(self.dice)) for _ in range(2)]) for code in provinces
        }
        for code in provinces:
            self.keys.setdefault(code, {})
        files = {
            "root": self.sign_root(),
            "targets": self.sign_targets(),
            "log.json": self.log_trust().format(),
        }
        files |= {province_role(code): self.sign_province(code) for code in provinces}
        return self.publish(files) if log else -1

    def enrol(
        self, province: str, kind: IssuerKind = IssuerKind.PRODUCER, *, publish: bool = True, **changes: Any
    ) -> Issuer:
        """A new party whose key is delegated to from now on. `NATIONAL` is a province here."""
        issuer, signer = self.new_id(), self.new_signer()
        key = DelegatedKey(
            issuer=issuer,
            kind=kind,
            province=province,
            public_key=signer.public_key,
            custody=Custody.HOSTED,
            delegated_from=len(self.entries),
            until=self.now.replace(second=0, microsecond=0) + _FAR,
            last_good=None,
            reason=None,
            enrolment=hashlib.sha256(signer.public_key).hexdigest(),
        )
        key = replace(key, **changes)
        self.keys[province][key.key_id] = key
        if publish:
            self.republish(province)
        return Issuer(self, key.issuer, kind, province, signer, key)

    def revoke(self, issuer: Issuer, last_good: int, reason: str = "key_compromised") -> int:
        """Publish that an issuer's key is good up to an entry only."""
        keys = self.keys[issuer.province]
        keys[issuer.key_id] = replace(keys[issuer.key_id], last_good=last_good, reason=reason)
        return self.republish(issuer.province)

    def republish(self, province: str) -> int:
        """A new version of a province's (or the nation's) metadata."""
        if province == NATIONAL:
            return self.publish({"targets": self.sign_targets()})
        return self.publish({province_role(province): self.sign_province(province)})

    def publish(self, files: Mapping[str, bytes], *signers: Signer) -> int:
        """Log a delegation of these files, which lie in the public folder from now on."""
        named = {}
        for name, data in files.items():
            version = self._version(name)
            named[name] = PublishedFile(version, len(data), hashlib.sha256(data).hexdigest())
            self.files[trust_path(name, named[name])] = data
        return self.log(Delegation(self.origin, named, self.now), *signers)

    def _version(self, name: str) -> int:
        if name == "log.json":
            return self.roles["targets"].version
        role = self.roles.get(name) or self.provinces[name.removesuffix("-issuers")]
        return role.version

    def sign_root(self) -> bytes:
        """The next version of root."""
        role = self.roles["root"]
        role.version += 1
        keys: dict[str, Key] = {
            s.public_key.keyid: s.public_key for r in self.roles.values() for s in r.signers
        }
        roles = {
            name: Role([s.public_key.keyid for s in r.signers], 2 if len(r.signers) > 1 else 1)
            for name, r in self.roles.items()
        }
        root = Root(
            version=role.version, expires=self.now + _FAR, keys=keys, roles=roles, consistent_snapshot=True
        )
        return self._signed(root, role.signers[:2])

    def sign_targets(self) -> bytes:
        """The next version of the national metadata."""
        role = self.roles["targets"]
        role.version += 1
        targets = {
            key.path: self._target(key) for key in sorted(self.keys[NATIONAL].values(), key=lambda k: k.path)
        }
        targets["log.json"] = TargetFile.from_data("log.json", self.log_trust().format(), ["sha256"])
        roles = {
            province_role(code): DelegatedRole(
                province_role(code),
                [s.public_key.keyid for s in holders.signers],
                2,
                True,
                paths=[path_pattern(code)],
            )
            for code, holders in self.provinces.items()
        }
        keys: dict[str, Key] = {
            s.public_key.keyid: s.public_key for r in self.provinces.values() for s in r.signers
        }
        delegations = Delegations(keys, roles) if roles else None
        signed = Targets(
            version=role.version, expires=self.now + _FAR, targets=targets, delegations=delegations
        )
        return self._signed(signed, role.signers[:2])

    def sign_province(self, code: str, signers: "list[CryptoSigner] | None" = None) -> bytes:
        """The next version of a province's metadata."""
        role = self.provinces[code]
        role.version += 1
        targets = {key.path: self._target(key) for key in self.keys[code].values()}
        signed = Targets(version=role.version, expires=self.now + _FAR, targets=targets)
        return self._signed(signed, role.signers if signers is None else signers)

    def _target(self, key: DelegatedKey) -> TargetFile:
        path = key_path(key.province, key.issuer, key.key_id)
        return TargetFile(1, {"sha256": key.enrolment}, path, {"custom": key.custom()})

    def _signed(self, signed: Any, signers: list[CryptoSigner]) -> bytes:
        signed.expires = signed.expires.replace(microsecond=0)
        metadata: Metadata[Any] = Metadata(signed)
        for signer in signers:
            metadata.sign(signer, append=True)
        data: bytes = metadata.to_bytes()
        return data

    # -- replaying it --

    def trust_file(self, name: str, file: PublishedFile) -> bytes:
        """As the public folder would give it. Raises FileNotFoundError."""
        try:
            return self.files[trust_path(name, file)]
        except KeyError:
            raise FileNotFoundError(2, "not found") from None

    def replay(self, **options: Any) -> "Replayed":
        """What becomes of every entry."""
        replay = Replay(self.origin, self.trust_file, **options)
        seen = Replayed(replay)
        for index, entry in enumerate(self.entries):
            seen.outcomes.append(replay.apply(index, entry))
            seen.remarks += replay.remarks
            seen.taken_back.update(replay.taken_back)
        return seen


@dataclass
class Replayed:
    """The outcome of each entry, and what was said beside."""

    replay: Replay
    outcomes: list[Stated | Finding] = field(default_factory=list)
    remarks: list[Finding] = field(default_factory=list)
    taken_back: set[int] = field(default_factory=set)

    @property
    def findings(self) -> list[Finding]:
        return [outcome for outcome in self.outcomes if isinstance(outcome, Finding)]

    def code(self, index: int) -> FindingCode | None:
        """What is wrong with an entry; None if it counted when it came."""
        outcome = self.outcomes[index]
        return outcome.code if isinstance(outcome, Finding) else None

    @property
    def last(self) -> FindingCode | None:
        """The same of the last entry."""
        return self.code(-1)


def base64_of(data: bytes) -> str:
    """Standard base64."""
    return base64.b64encode(data).decode()


def founded(*provinces: str, **options: Any) -> World:
    """A world whose log is open, with these provinces (31 by default)."""
    world = World(**options)
    world.open()
    world.found(*(provinces or ("31",)))
    return world
