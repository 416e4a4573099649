"""A whole log from its first entry to its checkpoint: every hash, every signature, every rule, and the bundle.

Whoever audits needs the log's public folder (on disk or by its address), its name and its public key; nothing of the
operator's and no one's leave. Entries are streamed: memory grows by some 60 bytes for each run, not with the entries.
"""

import base64
import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from temthat_stamps.errors import BadStatement, TrustError
from temthat_stamps.fields import instant
from temthat_stamps.log.bundle_audit import BundleAudit
from temthat_stamps.log.checkpoint import open_checkpoint
from temthat_stamps.log.finding import Breach, Finding, FindingCode
from temthat_stamps.log.note import BadNote, VerifierKey
from temthat_stamps.log.policy import Policy, TooFewWitnesses
from temthat_stamps.log.reader import CHECKPOINT, LogReader
from temthat_stamps.log.replay import Replay
from temthat_stamps.log.tiles import TiledTree
from temthat_stamps.log.trust_files import trust_file
from temthat_stamps.manifest import RunManifest
from temthat_stamps.statement import StatementType, open_envelope

FINDINGS_KEPT = 1000
"""Findings a report holds; more are only counted."""
_STEP = 256

Progress = Callable[[int, int], None]
"""Told (entries done, entries in all)."""


@dataclass
class Ledger:
    """What was issued, added up from the manifests that count."""

    runs: int = 0
    stamps: int = 0
    replaced: int = 0
    """Stamps that stand in for void ones."""
    beyond: int = 0
    """Runs for which somebody gave a reason to print more than the batch fills."""
    over_issued: int = 0
    """Runs beyond it without a reason; each is a finding."""
    backfilled: int = 0
    """Runs older than the log."""

    def add(self, stated: RunManifest, remarks: Sequence[Finding], *, backfilled: bool) -> None:
        """Count a run."""
        self.runs += 1
        self.stamps += stated.count
        self.replaced += stated.replaces.count if stated.replaces else 0
        self.beyond += stated.beyond
        self.over_issued += any(remark.code is FindingCode.OVER_ISSUE for remark in remarks)
        self.backfilled += backfilled


@dataclass
class Report:
    """What an audit found. Its hashes and signatures are right, or `audit` would have raised.

    `foreign`: the log is other software's; its entries were hashed and not read. `root` is 32 bytes.
    """

    origin: str
    size: int
    root: bytes
    cosigned: Mapping[str, int]
    foreign: bool = False
    known: int = 0
    by_type: Counter[str] = field(default_factory=Counter)
    by_code: Counter[FindingCode] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    app: str = ""
    """The phone app published last: its digest, hex; empty if none was."""
    bundle_size: int | None = None
    bundle_logged_at: int | None = None
    bundle_files: int = 0
    taken_back: int = 0
    newest: dt.datetime | None = None
    """The newest date of a statement that counts: a log that is kept from its readers stays at an old one."""
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Entries a second."""
        return self.size / self.seconds if self.seconds else 0.0

    @property
    def unknown(self) -> int:
        """Entries that say nothing an audit knows."""
        return self.size - self.known

    def find(self, *findings: Finding) -> None:
        """Note findings."""
        for finding in findings:
            self.by_code[finding.code] += 1
            if len(self.findings) < FINDINGS_KEPT:
                self.findings.append(finding)

    def body(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "origin": self.origin,
            "size": self.size,
            "root": base64.b64encode(self.root).decode(),
            "checkpoint": {"origin": self.origin, "size": self.size, "cosigned": dict(self.cosigned)},
            "hashes": "ok",
            "entries": "unknown"
            if self.foreign
            else {"known": self.known, "unknown": self.unknown, "by_type": dict(self.by_type)},
            "findings": [_finding_body(finding) for finding in self.findings],
            "findings_total": sum(self.by_code.values()),
            "findings_by_code": {code.value: count for code, count in self.by_code.items()},
            "taken_back": self.taken_back,
            "newest": instant(self.newest) if self.newest is not None else None,
            "ledger": vars(self.ledger),
            "bundles": {
                "published": self.bundle_size is not None,
                "size": self.bundle_size,
                "logged_at": self.bundle_logged_at,
                "files_rebuilt": self.bundle_files,
            },
            "app": self.app or None,
            "seconds": round(self.seconds, 3),
            "entries_per_second": round(self.rate, 1),
        }


def audit(
    reader: LogReader,
    origin: str,
    vkey: str,
    *,
    witnesses: Sequence[str] = (),
    first_root: bytes | None = None,
    now: dt.datetime | None = None,
    progress: Progress | None = None,
) -> Report:
    """Audit the log that `reader` reads, by its name and verifier key (C2SP signed-note).

    Each of `witnesses` (verifier keys) should have cosigned the checkpoint. `first_root`, if known from elsewhere, is
    version 1 of root; without it a log that does not open as ours does is taken for other software's.
    Statements dated after `now` are told of. What breaks a rule is a finding of the report.

    Raises:
        BadNote, BadPolicy, BadTile, BadProof: the log itself is broken; nothing in it can be relied on.
        NotInLog, Unreachable, Unreadable: it could not be read.
    """
    begun = time.perf_counter()
    bundle = BundleAudit(reader, origin)  # before the checkpoint: what states it is then below it
    policy = _policy(origin, vkey, witnesses)
    data = reader.read(CHECKPOINT)
    witnessed = open_checkpoint(data, policy)
    head = witnessed.checkpoint
    report = Report(origin, head.size, head.root, witnessed.cosigned)
    report.find(*_silent(policy, witnessed.cosigned))
    replay = Replay(origin, trust_file(reader), first_root=first_root, now=now)
    tree = TiledTree(reader, head.size, head.root)
    for index, entry in enumerate(tree.entries()):
        if index == 0:
            # Whoever names our first root means a log of ours, whatever it begins with.
            report.foreign = first_root is None and not _opens_a_log_of_ours(entry)
        if not report.foreign:
            _take(index, entry, replay, bundle, report)
        if progress is not None and (index + 1) % _STEP == 0:
            progress(index + 1, head.size)
    if not report.foreign:
        _finish(data, replay, policy, report, bundle)
    if progress is not None:
        progress(head.size, head.size)
    report.seconds = time.perf_counter() - begun
    return report


def _policy(origin: str, vkey: str, witnesses: Sequence[str]) -> Policy:
    """Who has not cosigned is told of, so that none needs to. Raises `BadNote`, `BadPolicy`."""
    return Policy.parse(origin, vkey, witnesses, 0)


def _silent(policy: Policy, cosigned: Mapping[str, int]) -> Iterator[Finding]:
    """The witnesses asked for that did not cosign."""
    for name in sorted({key.name for key in policy.witnesses} - set(cosigned)):
        words = {"vi": f"“{name}” chưa xác nhận.", "en": f"“{name}” has not cosigned it."}
        yield Breach(FindingCode.WITNESSES_MISSING, **words).finding(None)


def _opens_a_log_of_ours(entry: bytes) -> bool:
    """Whether entry 0 is, or claims to be, the opening of a log of statements."""
    try:
        return open_envelope(entry).body.get("type") == StatementType.LOG_OPENED
    except BadStatement:
        return False


def _take(index: int, entry: bytes, replay: Replay, bundle: BundleAudit, report: Report) -> None:
    stated = replay.apply(index, entry)
    report.find(*replay.remarks)
    report.taken_back += len(replay.taken_back)
    if isinstance(stated, Finding):
        report.find(stated)
        report.known += stated.code is not FindingCode.UNREADABLE
        return
    report.known += 1
    report.by_type[str(replay.kind)] += 1
    if isinstance(stated, RunManifest):
        report.ledger.add(stated, replay.remarks, backfilled=replay.backfilled)
    bundle.apply(index, entry, stated, replay)


def _finish(data: bytes, replay: Replay, policy: Policy, report: Report, bundle: BundleAudit) -> None:
    """What only the end shows: witnesses the alliance asks for, statements nobody vouched for, the bundle."""
    report.find(*replay.finish())
    report.newest = replay.log_time
    trust = replay.log_trust
    if trust is not None:
        try:
            theirs = VerifierKey.parse(trust.log_key)
            named = Policy.parse(trust.origin, trust.log_key, trust.witnesses, trust.quorum)
        except TrustError as error:
            report.find(Breach(FindingCode.TRUST_REFUSED, vi=error.vi, en=error.en).finding(None))
        else:
            if theirs != policy.log_key:
                report.find(Breach(FindingCode.LOG_KEY_DIFFERS, theirs=trust.log_key).finding(None))
            else:
                policy = named
    try:
        report.cosigned = {**report.cosigned, **open_checkpoint(data, policy).cosigned}
    except (BadNote, TooFewWitnesses) as error:
        report.find(Breach(FindingCode.WITNESSES_MISSING, vi=error.vi, en=error.en).finding(None))
    report.app = replay.app
    report.find(*bundle.finish(policy))
    if bundle.listing is not None:
        report.bundle_size = bundle.listing.size
        report.bundle_logged_at = bundle.logged_at
        report.bundle_files = bundle.compared


def _finding_body(finding: Finding) -> dict[str, Any]:
    return {
        "index": finding.index,
        "fault": finding.fault.value,
        "code": finding.code.value,
        "vi": finding.vi,
        "en": finding.en,
        "stands": finding.stands,
    }
