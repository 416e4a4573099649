"""The rules of the log: each entry in order either counts, or there is a finding that says why it does not.

Pure: entries go in, statements or findings come out, trust files come through a function. Who audits the log, who
builds the offline bundle and who watches a name all ask this one state machine, so that they agree to the byte.

1. Entry 0 opens the log; the `backfill` entries after it are older than the log (docs/spec/statements.md).
2. A statement names this log, and is dated at most 7 days before the newest date in it. Order is log order.
3. Keys of issuers are those delegated to by the publications logged before; the operator's are in `log.json`.
4. Stamp keys, sources, runs, activations: by a producer's key, in its own name. See `rules` for what each must be.
5. A revocation names the last good entry. What that key stated after it is taken back, also what was accepted.
"""

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING

from temthat_stamps.errors import BadStatement
from temthat_stamps.fields import instant
from temthat_stamps.log.finding import Breach, Finding, FindingCode
from temthat_stamps.log.rules.batches import Batches
from temthat_stamps.log.rules.notices import Notices
from temthat_stamps.log.rules.runs import Runs
from temthat_stamps.log.rules.signers import PRODUCER, Author, Signers, TrustFile
from temthat_stamps.log.rules.stampkeys import StampKeys
from temthat_stamps.logged import (
    AppPublished,
    Block,
    BundlePublished,
    Delegation,
    LogOpened,
    Stated,
    read_body,
)
from temthat_stamps.manifest import Activated, KeyClosed, KeyOpened, RunManifest, Sources
from temthat_stamps.notice import IssuedNotice
from temthat_stamps.statement import Opened, StatementType, open_envelope

if TYPE_CHECKING:
    from temthat_stamps.trust.delegates import DelegatedKey
    from temthat_stamps.trust.logtrust import LogTrust

BACKDATED = dt.timedelta(days=7)
"""How far behind the newest date in the log a statement's own date may lie."""
AHEAD = dt.timedelta(minutes=10)
"""How far a statement may be dated ahead of the clock of who reads it."""


_OPERATORS = frozenset(
    {
        StatementType.LOG_OPENED,
        StatementType.DELEGATION,
        StatementType.BLOCK,
        StatementType.BUNDLE,
        StatementType.APP,
    }
)
_ByProducer = KeyOpened | Sources | RunManifest | Activated
_ByIssuer = _ByProducer | KeyClosed | IssuedNotice


class Replay:
    """The log so far. `apply` takes its entries one after the other, from entry 0.

    `trust_file(name, published)` gives the bytes of a published trust file. `check_signatures=False` is for who wrote
    the entries itself. `first_root` is version 1 of root as known from elsewhere. With `now`, statements dated later
    are told of; they count all the same, because a log alone cannot tell a quiet day from a wrong clock.
    """

    def __init__(
        self,
        origin: str,
        trust_file: TrustFile,
        *,
        check_signatures: bool = True,
        first_root: bytes | None = None,
        now: dt.datetime | None = None,
    ) -> None:
        self._origin = origin
        self._now = now
        self._signers = Signers(origin, trust_file, first_root, check_signatures=check_signatures)
        self._stamp_keys = StampKeys(self._signers)
        self._batches = Batches(self._signers)
        self._runs = Runs(self._signers, self._stamp_keys, self._batches)
        self._notices = Notices(self._signers, self._stamp_keys, self._batches, self._runs)
        self._last_backfilled = -1
        self._bundle_size = 0
        self.size = 0
        """Entries applied so far."""
        self.log_time: dt.datetime | None = None
        """The newest date of an accepted statement; it never goes back. None before the log is opened."""
        self.kind: StatementType | None = None
        """What the last entry states; None if it cannot be read."""
        self.remarks: list[Finding] = []
        """What else the last entry showed: wrong, yet it stands; or about an earlier entry."""
        self.authors: tuple[Author, ...] = ()
        """Which delegated keys the last accepted entry counts as signed by; none for the operator."""
        self.changed_keys: tuple[DelegatedKey, ...] = ()
        """The keys that the last accepted entry, a delegation, brings or changes."""
        self.app = ""
        """The digest of the phone app that was published last, hex; empty if none was."""
        self.taken_back: tuple[int, ...] = ()
        """The entries that counted until the last one, a delegation, took them back."""

    @property
    def backfilled(self) -> bool:
        """Whether the last entry is older than the log: one of the first, and nothing that only the operator states."""
        return 1 < self.size <= self._last_backfilled + 1 and self.kind not in _OPERATORS

    @property
    def keys(self) -> "Mapping[str, DelegatedKey]":
        """Every issuer key delegated to so far, by key id, as the newest publication describes it."""
        return self._signers.keys

    @property
    def log_trust(self) -> "LogTrust | None":
        """The newest `log.json`."""
        return self._signers.chain.log if self._signers.chain is not None else None

    @property
    def highest_run(self) -> int:
        """The highest run number outside reserved blocks: no lower one can be registered any more."""
        return self._runs.blocks.highest

    def apply(self, index: int, entry: bytes) -> Stated | Finding:
        """An accepted statement, or why the entry does not count. Raises ValueError for an entry out of turn."""
        if index != self.size:
            raise ValueError(f"entry {index} where {self.size} comes next")
        self.size += 1
        self.kind, self.remarks, self.authors, self.changed_keys, self.taken_back = None, [], (), (), ()
        try:
            opened, stated = self._read(entry)
            self._judge(index, opened, stated)
        except Breach as breach:
            return breach.finding(index)
        if self._now is not None and stated.at - self._now > AHEAD:
            self._remark(index, Breach(FindingCode.POST_DATED, at=instant(stated.at)))
        return stated

    def finish(self) -> list[Finding]:
        """What only the end of the log shows: back-filled statements whose keys nobody has delegated to."""
        return list(self._signers.unvouched())

    def _read(self, entry: bytes) -> tuple[Opened, Stated]:
        try:
            opened = open_envelope(entry)
            stated = read_body(opened.body)
        except BadStatement as error:
            raise Breach(FindingCode.UNREADABLE, why=str(error)) from error
        self.kind = StatementType(opened.body["type"])
        if stated.origin != self._origin:
            raise Breach(FindingCode.FOREIGN_ORIGIN, origin=stated.origin)
        return opened, stated

    def _judge(self, index: int, opened: Opened, stated: Stated) -> None:
        if index == 0:
            self._open(opened, stated)
            return
        if self.log_time is None:
            raise Breach(FindingCode.NOT_OPENED)
        self._check_date(index, stated.at, self.log_time)
        match stated:
            case LogOpened():
                raise Breach(FindingCode.OPENED_TWICE)
            case Delegation():
                self._delegate(index, opened, stated)
            case Block() | BundlePublished() | AppPublished():
                self._signers.require_operator(opened)
                self._by_operator(index, stated)
            case KeyClosed():
                self._close_key(index, opened, stated)
            case IssuedNotice():
                authors = self._authors(index, opened, stated)
                self._notices.issue(stated, index, authors)
                self.authors = tuple(authors)
            case _:
                author = self._producer(index, opened, stated)
                self._by_producer(index, stated, author)
                self.authors = (author,)
        if not self.backfilled:
            self.log_time = max(self.log_time, stated.at)

    def _open(self, opened: Opened, stated: Stated) -> None:
        if not isinstance(stated, LogOpened):
            raise Breach(FindingCode.NOT_OPENED)
        self._signers.open(stated, opened)
        self._last_backfilled = stated.backfill
        self.log_time = stated.at

    def _check_date(self, index: int, at: dt.datetime, log_time: dt.datetime) -> None:
        if self.backfilled:
            if at > log_time:
                raise Breach(FindingCode.BACKFILL_LATE, at=instant(at))
        elif log_time - at > BACKDATED:
            raise Breach(FindingCode.BACK_DATED, at=instant(at), log_time=instant(log_time))

    def _time_at(self, at: dt.datetime) -> dt.datetime | None:
        """Log time with this statement in it; None for a back-filled one, which says nothing of the log's time."""
        if self.backfilled or self.log_time is None:
            return None
        return max(self.log_time, at)

    def _delegate(self, index: int, opened: Opened, stated: Delegation) -> None:
        changed, refuted = self._signers.accept(stated, opened)
        self._last_backfilled = min(self._last_backfilled, index - 1)
        for key in changed:
            if self._stamp_keys.find(key.key_id) is not None:
                self._remark(index, Breach(FindingCode.KEY_TAKEN, key=key.key_id[:8]))
        self.changed_keys = tuple(changed)
        self.remarks += [breach.finding(at) for at, breach in refuted]
        ends = [key.last_good for key in changed if key.last_good is not None]
        ends += [at - 1 for at, _ in refuted]
        if ends:
            after = min(ends)
            # Stamp keys first: runs stand on them.
            tables = (self._stamp_keys, self._runs, self._notices)
            self.taken_back = tuple(sorted(index for table in tables for index in table.take_back(after)))

    def _by_operator(self, index: int, stated: Block | BundlePublished | AppPublished) -> None:
        if isinstance(stated, AppPublished):
            self.app = stated.sha256
            return
        if isinstance(stated, Block):
            self._runs.blocks.reserve(stated)
            return
        right = self._bundle_size <= stated.size <= index and stated.complete_to_run <= self.highest_run
        if not right:
            raise Breach(FindingCode.BUNDLE_RANGE, size=stated.size, run=stated.complete_to_run)
        self._bundle_size = stated.size

    def _close_key(self, index: int, opened: Opened, stated: KeyClosed) -> None:
        try:
            self.authors = (self._producer(index, opened, stated),)
        except Breach as breach:
            if breach.code is not FindingCode.UNKNOWN_SIGNER:
                raise
            self._signers.require_operator(opened)
        time = self._time_at(stated.at) or stated.at
        self._stamp_keys.close(stated, time, by_operator=not self.authors)

    def _by_producer(self, index: int, stated: _ByProducer, author: Author) -> None:
        match stated:
            case KeyOpened():
                self._stamp_keys.open(stated, index, author, backfilled=self.backfilled)
            case Sources():
                self._batches.state_sources(stated, index, author)
            case RunManifest():
                void = self._notices.void_stamps(stated.replaces.run) if stated.replaces else None
                time = self._time_at(stated.at)
                self._runs.check(stated, time, void, backfilled=self.backfilled)
                too_many = self._runs.register(stated, index, author)
                if too_many is not None:
                    self._remark(index, too_many)
            case Activated():
                self._runs.activate(stated, index, author)

    def _authors(self, index: int, opened: Opened, stated: _ByIssuer) -> list[Author]:
        try:
            return self._signers.authors(opened, index, stated.at, backfilled=self.backfilled)
        except Breach as breach:
            if not self.backfilled or breach.code is not FindingCode.UNKNOWN_SIGNER:
                raise
            return self._signers.on_credit(opened, index, stated.issuer)

    def _producer(self, index: int, opened: Opened, stated: _ByProducer | KeyClosed) -> Author:
        """The one issuer key a producer's statement counts as signed by. Raises `Breach`."""
        authors = self._authors(index, opened, stated)
        for author in authors:
            if author.issuer == stated.issuer:
                if author.kind not in ("", PRODUCER):
                    raise Breach(FindingCode.NOT_A_PRODUCER, issuer=stated.issuer)
                return author
        raise Breach(FindingCode.WRONG_ISSUER, issuer=stated.issuer, signer=authors[0].issuer)

    def _remark(self, index: int, breach: Breach) -> None:
        self.remarks.append(breach.finding(index, stands=True))
