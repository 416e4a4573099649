"""Builds the offline bundle from the log's accepted statements, in log order and from nothing else.

The service publishes with it and an audit rebuilds with it: the same statements give the same bytes. Every file is a
stream that only grows, so that yesterday's file is the beginning of today's.
"""

import datetime as dt
import hashlib
from bisect import bisect_right, insort
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from temthat_stamps.bundle.batches import Batches
from temthat_stamps.bundle.encoding import Month, Stream, seconds
from temthat_stamps.bundle.index import IndexWriter, index_name
from temthat_stamps.bundle.issuers import ISSUERS_FILE, KINDS, IssuersWriter
from temthat_stamps.bundle.journal import Journal, What
from temthat_stamps.bundle.listing import Listed, Listing
from temthat_stamps.bundle.notices import NOTICES_FILE, NoticesWriter
from temthat_stamps.bundle.shard import ShardWriter, shard_name
from temthat_stamps.code import RUN_MAX
from temthat_stamps.keys import HINT_SIZE, key_id
from temthat_stamps.logged import Block, Stated
from temthat_stamps.manifest import Activated, KeyClosed, KeyOpened, RunManifest, Sources
from temthat_stamps.notice import IssuedNotice, needs_second_signer
from temthat_stamps.verdict import NoticeKind

if TYPE_CHECKING:
    from temthat_stamps.trust.delegates import DelegatedKey


class BundleBuilder:
    """Feed it every accepted statement in log order; ask for the files at any time.

    It judges nothing: what replay did not accept must not come here. State is flat: some 45 bytes a run besides the
    files themselves.
    """

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._month: Month | None = None
        self._time: dt.datetime | None = None
        self._issuers = IssuersWriter()
        self._notices = NoticesWriter()
        self._streams: dict[str, Stream] = {
            ISSUERS_FILE: self._issuers.stream,
            NOTICES_FILE: self._notices.stream,
        }
        self._commitments: dict[str, Any] = {}
        self._shards: dict[str, ShardWriter] = {}
        self._index: IndexWriter | None = None
        self._province: dict[str, str] = {}
        self._keys: dict[str, KeyOpened] = {}
        self._closed: dict[str, dt.datetime] = {}
        self._blocks: list[tuple[int, int]] = []
        self._last_run = 0
        self._batches = Batches()
        self._journal = Journal()
        self._standing: dict[str, NoticeKind] = {}
        self._cosigned: dict[int, tuple[frozenset[str], bool]] = {}
        self._waiting: list[tuple[int, Stated, frozenset[str]]] = []

    def apply(self, index: int, stated: Stated, log_time: dt.datetime, signed_by: Collection[str]) -> None:
        """An accepted statement: entry `index`, at which the log's time is `log_time`, signed by these key ids."""
        self._advance(log_time)
        signers = frozenset(signed_by)
        if isinstance(stated, (KeyOpened, KeyClosed, RunManifest)) and stated.issuer not in self._province:
            # Older than the log: whose province that is will be said by the first delegation.
            self._waiting.append((index, stated, signers))
            return
        self._take(index, stated, signers)

    def delegate(self, index: int, keys: Iterable["DelegatedKey"]) -> None:
        """The keys delegated to as of the `delegation` statement at `index`, which was applied just before.

        All of them or those of the changed files: what is not new is passed over.
        """
        assert self._time is not None
        for key in sorted(keys, key=lambda k: (k.province, k.issuer, k.key_id)):
            before = self._issuers.known(key.key_id)
            if before == key:
                continue
            self._issuers.write(key, self._time)
            if key.kind.value == KINDS[0]:
                self._province[key.issuer] = key.province
            if key.last_good is not None and (before is None or before.last_good != key.last_good):
                self._take_back(key, seconds(self._time))
        waiting, self._waiting = self._waiting, []
        for place, stated, signers in waiting:
            self.apply(place, stated, self._time, signers)

    @property
    def complete_to_run(self) -> int:
        """The highest run number the files speak about, lent blocks apart."""
        waiting = [stated.run for _, stated, _ in self._waiting if isinstance(stated, RunManifest)]
        return min([self._last_run, *(run - 1 for run in waiting)])

    def files(self) -> Mapping[str, bytes]:
        """Every file that is a function of the log; a file that did not grow is the same object as last time."""
        return {name: stream.data for name, stream in self._streams.items()}

    def listing(
        self, size: int, at: dt.datetime, hosts: Iterable[str], unlogged: Mapping[str, Listed]
    ) -> bytes:
        """`bundle.json` for entries [0, `size`), all of which were seen.

        `unlogged` are the files that are no function of the log: names by shard, and contacts.
        """
        return Listing(
            origin=self._origin,
            size=size,
            complete_to_run=self.complete_to_run,
            at=at,
            hosts=tuple(sorted(hosts)),
            blocks=tuple(self._blocks),
            files={name: self._listed(name, stream) for name, stream in self._streams.items()}
            | dict(unlogged),
        ).format()

    def _listed(self, name: str, stream: Stream) -> Listed:
        commitments = self._commitments.get(name)
        return Listed(stream.length, stream.sha256, commitments.hexdigest() if commitments else None)

    def _advance(self, log_time: dt.datetime) -> None:
        self._time = log_time
        month = Month.of(log_time)
        if month == self._month:
            return
        # A key may still be needed a month after its closing at most; nobody asks for older ones.
        begun = dt.datetime.fromtimestamp(self._month.begins if self._month else 0, dt.UTC)
        self._keys = {name: opened for name, opened in self._keys.items() if opened.closes >= begun}
        self._closed = {name: at for name, at in self._closed.items() if name in self._keys}
        self._month, self._shards = month, {}
        self._index = IndexWriter(month, self._last_run)
        self._streams[index_name(month)] = self._index.stream

    def _take(self, index: int, stated: Stated, signers: frozenset[str]) -> None:
        match stated:
            case RunManifest():
                self._run(index, stated, signers)
            case KeyOpened():
                name = key_id(stated.public_key)
                self._keys[name] = stated
                self._hold_key(name)
            case KeyClosed():
                self._close(stated)
            case IssuedNotice():
                self._notice(index, stated, signers)
            case Activated():
                self._notices.activated(stated.run)
                self._file(index, signers, What.ACTIVATION, stated.run)
            case Sources():
                for run, batch in self._batches.add_sources(stated.batch, stated.sources):
                    self._notices.touched(run, batch)
            case Block():
                insort(self._blocks, (stated.first, stated.last))

    def _run(self, index: int, manifest: RunManifest, signers: frozenset[str]) -> None:
        shard = self._hold_key(manifest.stamp_key)
        shard.run(manifest)
        name = shard_name(self._province[manifest.issuer], self._now())
        self._commitments.setdefault(name, hashlib.sha256()).update(bytes.fromhex(manifest.commitment))
        for batch in self._batches.add_run(manifest.batch, manifest.run):
            self._notices.touched(manifest.run, batch)
        if not self._lent(manifest.run):
            self._last_run = max(self._last_run, manifest.run)
        self._file(index, signers, What.RUN, manifest.run)

    def _hold_key(self, name: str) -> ShardWriter:
        """The shard of a key's issuer, this month's, with the key's record in it."""
        opened = self._keys[name]
        province = self._province[opened.issuer]
        shard = self._shards.get(province)
        if shard is None:
            shard = self._shards[province] = ShardWriter(province, self._now(), self._last_run)
            self._streams[shard_name(province, self._now())] = shard.stream
            self._commitments[shard_name(province, self._now())] = hashlib.sha256()
        if not shard.has_key(name):
            number = self._issuers.number(opened.issuer)
            assert number is not None
            assert self._index is not None
            shard.key(name, number, opened)
            self._index.add(bytes.fromhex(name[: 2 * HINT_SIZE]), province)
            if name in self._closed:
                shard.closed(name, self._closed[name])
        return shard

    def _close(self, stated: KeyClosed) -> None:
        """Where the key stands in this month's shard; later ones get the closing with the key, should it come again."""
        opened = self._keys.get(stated.stamp_key)
        if opened is None:
            return
        self._closed[stated.stamp_key] = stated.at
        shard = self._shards.get(self._province[opened.issuer])
        if shard is not None and shard.has_key(stated.stamp_key):
            shard.closed(stated.stamp_key, stated.at)

    def _notice(self, index: int, stated: IssuedNotice, signers: frozenset[str]) -> None:
        notice = stated.notice
        needed = needs_second_signer(notice.kind, self._standing.get(notice.target))
        self._standing[notice.target] = notice.kind
        number = self._notices.notice(notice)
        if len(signers) > 1:
            self._cosigned[number] = (signers, needed)
        self._file(index, signers, What.NOTICE, number)
        if notice.scope == "batch":
            for run, batch in self._batches.notify(notice.name):
                self._notices.touched(run, batch)

    def _file(self, index: int, signers: frozenset[str], what: What, which: int) -> None:
        for signer in sorted(signers):
            self._journal.add(index, signer, what, which)

    def _take_back(self, key: "DelegatedKey", at: int) -> None:
        """What the key stated after its last good entry never counted, whatever was thought of it then."""
        assert key.last_good is not None
        for index, what, which in self._journal.after(key.last_good, key.key_id):
            if what is What.RUN:
                self._notices.revoke_run(which, key.reason or "other", at)
            elif what is What.ACTIVATION:
                self._notices.revoke_activation(which)
            elif not self._still_signed(index, which):
                self._notices.revoke_notice(which)

    def _still_signed(self, index: int, number: int) -> bool:
        """Whether a notice with several signers has enough of them left."""
        signers, needed = self._cosigned.get(number, (frozenset[str](), True))
        known = [key for name in signers if (key := self._issuers.known(name))]
        left = [key for key in known if key.last_good is None or index <= key.last_good]
        return any(key.kind.value != KINDS[0] for key in left) or (bool(left) and not needed)

    def _lent(self, run: int) -> bool:
        at = bisect_right(self._blocks, (run, RUN_MAX)) - 1
        return at >= 0 and run <= self._blocks[at][1]

    def _now(self) -> Month:
        assert self._month is not None
        return self._month
