"""Builds the offline bundle from the log's accepted statements, in log order and from nothing else.

The service publishes with it and an audit rebuilds with it: the same statements give the same bytes. Every file is a
stream that only grows, so that yesterday's file is the beginning of today's.
"""

import datetime as dt
import hashlib
from bisect import insort
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from temthat_stamps.bundle.batches import Batches
from temthat_stamps.bundle.encoding import Month, Stream, seconds
from temthat_stamps.bundle.index import IndexWriter, index_name
from temthat_stamps.bundle.issuers import ISSUERS_FILE, KINDS, IssuersWriter
from temthat_stamps.bundle.journal import Journal, What
from temthat_stamps.bundle.listing import Listed, Listing, lent
from temthat_stamps.bundle.notices import NOTICES_FILE, NoticesWriter
from temthat_stamps.bundle.shard import NOWHERE, ShardWriter, shard_name
from temthat_stamps.keys import HINT_SIZE, key_id
from temthat_stamps.logged import Block, Stated
from temthat_stamps.manifest import Activated, KeyClosed, KeyOpened, RunManifest, Sources
from temthat_stamps.notice import IssuedNotice

if TYPE_CHECKING:
    from temthat_stamps.trust.delegates import DelegatedKey


OTHER = "other"


class BundleBuilder:
    """Feed it every accepted statement in log order; ask for the files at any time.

    It judges nothing: what replay did not accept must not come here. State is flat: some 75 bytes a run besides the
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

    def apply(self, index: int, stated: Stated, log_time: dt.datetime) -> None:
        """An accepted statement: entry `index`, at which the log's time is `log_time`."""
        self._advance(log_time)
        match stated:
            case RunManifest():
                self._run(index, stated)
            case KeyOpened():
                name = key_id(stated.public_key)
                self._keys[name] = stated
                self._hold_key(name)
            case KeyClosed():
                self._close(stated)
            case IssuedNotice():
                self._notice(index, stated)
            case Activated():
                self._notices.activated(stated.run)
                self._journal.add(index, What.ACTIVATION, stated.run)
            case Sources():
                for run, batch in self._batches.add_sources(stated.batch, stated.sources):
                    self._notices.touched(run, batch)
            case Block():
                insort(self._blocks, (stated.first, stated.last))

    def delegate(self, index: int, keys: Iterable["DelegatedKey"], lapsed: Iterable[int] = ()) -> None:
        """What the `delegation` statement at `index` brought; the statement itself was applied just before.

        `keys`: those delegated to now, all of them or those of the changed files; what is not new is passed over.
        `lapsed`: entries accepted before that count no more, because their signer is revoked with an earlier last good
        entry (or, older than the log, never signed them).
        """
        assert self._time is not None
        reasons: dict[int, str] = {}
        for key in sorted(keys, key=lambda k: (k.province, k.issuer, k.key_id)):
            if self._issuers.write(key, self._time):
                if key.kind.value == KINDS[0]:
                    self._province[key.issuer] = key.province
                if key.reason is not None:
                    reasons[self._issuers.number(key.issuer)] = key.reason
        for place in sorted(lapsed):
            self._take_back(place, reasons)

    @property
    def complete_to_run(self) -> int:
        """The highest run number the files speak about, lent blocks apart."""
        return self._last_run

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

    def _run(self, index: int, manifest: RunManifest) -> None:
        name, shard = self._hold_key(manifest.stamp_key)
        shard.run(manifest)
        self._commitments[name].update(bytes.fromhex(manifest.commitment))
        for batch in self._batches.add_run(manifest.batch, manifest.run):
            self._notices.touched(manifest.run, batch)
        if not lent(self._blocks, manifest.run):
            self._last_run = max(self._last_run, manifest.run)
        self._journal.add(index, What.RUN, manifest.run, self._issuers.number(manifest.issuer))

    def _hold_key(self, key: str) -> tuple[str, ShardWriter]:
        """This month's shard of a key's issuer, by its name, with the key's record in it."""
        assert self._month is not None
        assert self._index is not None
        opened = self._keys[key]
        province = self._province.get(opened.issuer, NOWHERE)
        name = shard_name(province, self._month)
        shard = self._shards.get(province)
        if shard is None:
            shard = self._shards[province] = ShardWriter(province, self._month, self._last_run)
            self._streams[name] = shard.stream
            self._commitments[name] = hashlib.sha256()
        if not shard.has_key(key):
            shard.key(key, self._issuers.number(opened.issuer), opened)
            self._index.add(bytes.fromhex(key[: 2 * HINT_SIZE]), province)
            if key in self._closed:
                shard.closed(key, self._closed[key])
        return name, shard

    def _close(self, stated: KeyClosed) -> None:
        """In the shards of this month; later ones get the closing with the key, should it be needed again."""
        if stated.stamp_key in self._keys:
            self._closed[stated.stamp_key] = stated.at
        for shard in self._shards.values():
            if shard.has_key(stated.stamp_key):
                shard.closed(stated.stamp_key, stated.at)

    def _notice(self, index: int, stated: IssuedNotice) -> None:
        number = self._notices.notice(stated.notice)
        self._journal.add(index, What.NOTICE, number)
        if stated.notice.scope == "batch":
            for run, batch in self._batches.notify(stated.notice.name):
                self._notices.touched(run, batch)

    def _take_back(self, index: int, reasons: Mapping[int, str]) -> None:
        entry = self._journal.find(index)
        if entry is None:
            return
        what, which, issuer = entry
        if what is What.RUN:
            assert self._time is not None
            self._notices.revoke_run(which, reasons.get(issuer, OTHER), seconds(self._time))
        elif what is What.NOTICE:
            self._notices.revoke_notice(which)
        else:
            self._notices.revoke_activation(which)
