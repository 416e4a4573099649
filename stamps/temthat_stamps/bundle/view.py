"""An accepted bundle, ready to judge with: files are read when a stamp first needs them, and kept.

What is read was checked against the list of files by whoever reads it (`store`); here it only has to make sense.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from temthat_stamps.bundle.contacts import Contact, read_contacts
from temthat_stamps.bundle.encoding import Month, missing
from temthat_stamps.bundle.index import Index, index_name
from temthat_stamps.bundle.issuers import ISSUERS_FILE, Issuers
from temthat_stamps.bundle.listing import CONTACTS_FILE, Listing, ShardFile, lent
from temthat_stamps.bundle.names import NamesFile
from temthat_stamps.bundle.notices import NOTICES_FILE, Issued, Notices
from temthat_stamps.bundle.shard import Shard, ShardRun, shard_name
from temthat_stamps.keys import key_hint, key_id
from temthat_stamps.manifest import Names
from temthat_stamps.verdict import Coverage

Read = Callable[[str], bytes | None]
"""A file of the bundle by its name; None if it is not on this device."""

_REMEMBERED = 65_536


@dataclass(frozen=True, slots=True)
class FoundRun:
    """A run and the shard it stands in."""

    run: ShardRun
    shard: ShardFile


@dataclass(frozen=True, slots=True)
class BundleIssuer:
    """Who stands behind a run. `name` and `hotline` are the operator's word and may be empty."""

    id: str
    province: str
    name: str
    hotline: str


@dataclass(frozen=True, slots=True)
class KnownRun:
    """All that a bundle says of a run. `names` None: not on this device, or erased."""

    run: ShardRun
    names: Names | None
    issuer: BundleIssuer | None
    issued: Issued


class Signers(NamedTuple):
    """The shards that hold a stamp key with some hint, the raw keys as far as they are at hand, and whether all are."""

    files: list[ShardFile]
    keys: list[bytes]
    whole: bool


class TrustView:
    """What a bundle says. `floor`: the earliest time it can be now, by what was signed and accepted; `hosts`: those of
    the alliance's trust data, where they are known.

    Methods raise `BadBundle` where a file is damaged, or whatever `read` raises.
    """

    def __init__(
        self,
        listing: Listing,
        read: Read,
        floor: dt.datetime | None = None,
        hosts: Iterable[str] | None = None,
    ) -> None:
        self.listing = listing
        self.as_of = listing.at
        self.floor = max(listing.at, floor) if floor is not None else listing.at
        self.hosts = frozenset(listing.hosts if hosts is None else hosts)
        self._read = read
        self._months = listing.months()
        self._indexes: dict[Month, Index] = {}
        self._shards: dict[str, Shard | None] = {}
        self._names: dict[str, NamesFile | None] = {}
        self._signers: dict[bytes, Signers] = {}
        self._known: dict[tuple[int, bytes], KnownRun] = {}

    def with_hint(self, hint: bytes) -> list[ShardFile]:
        """The shards that hold a stamp key with this hint (4 bytes), wherever they are; the newest first."""
        return [
            ShardFile(shard_name(province, month), province, month)
            for month in self._months
            for province in self._index(month).provinces(hint)
        ]

    def signers(self, hint: bytes) -> Signers:
        """The stamp keys with this hint (4 bytes). Remembered."""
        known = self._signers.get(hint)
        if known is None:
            files = self.with_hint(hint)
            shards = [self.shard(file) for file in files]
            keys = [key.public_key for shard in shards if shard is not None for key in shard.with_hint(hint)]
            if len(self._signers) >= _REMEMBERED:
                self._signers.clear()
            known = self._signers[hint] = Signers(files, list(dict.fromkeys(keys)), None not in shards)
        return known

    def shard(self, file: ShardFile) -> Shard | None:
        """A shard; None if it is not on this device."""
        if file.name not in self._shards:
            data = self._read(file.name)
            self._shards[file.name] = None if data is None else Shard(data, file.province, file.month)
        return self._shards[file.name]

    def known(self, run: int, signer: bytes) -> KnownRun | None:
        """A run of the stamp key (raw) that signed a stamp; None if no shard at hand has it. Remembered."""
        known = self._known.get((run, signer))
        if known is None:
            for file in self.signers(key_hint(signer)).files:
                shard = self.shard(file)
                found = shard.run(run) if shard is not None else None
                if found is not None and found.key.public_key == signer:
                    known = self._all_about(FoundRun(found, file))
                    if len(self._known) >= _REMEMBERED:
                        self._known.clear()
                    self._known[run, signer] = known
                    break
        return known

    def _all_about(self, found: FoundRun) -> KnownRun:
        run = found.run
        issued = self.notices.of(run.run, key_id(run.key.public_key))
        return KnownRun(run, self.names(found), self.issuer(found), issued)

    def look_for(self, run: int) -> tuple[FoundRun | None, bool]:
        """A run by its number alone, and whether every shard it could be in was there to look at."""
        complete = True
        for file in self._may_hold(run):
            shard = self.shard(file)
            complete = complete and shard is not None
            found = shard.run(run) if shard is not None else None
            if found is not None:
                return FoundRun(found, file), True
        return None, complete

    def reaches(self, run: int) -> Coverage:
        """Whether the data speaks of a run that is not in it: numbers lent to somebody may be used any time."""
        if run > self.listing.complete_to_run or lent(self.listing.blocks, run):
            return Coverage.NEWER_THAN_DATA
        return Coverage.COVERED

    @cached_property
    def notices(self) -> Notices:
        """What became of runs."""
        return Notices(self._need(NOTICES_FILE))

    @cached_property
    def issuers(self) -> Issuers:
        """Everybody who was ever delegated to."""
        return Issuers(self._need(ISSUERS_FILE))

    def names(self, found: FoundRun) -> Names | None:
        """Issuer, product, pack form and lot in words; None where they are not on this device or were erased."""
        file = found.shard
        if file.name not in self._names:
            data = self._read(file.names)
            self._names[file.name] = None if data is None else NamesFile(data, file.province, file.month)
        names = self._names[file.name]
        return None if names is None else names.get(found.run.place)

    def issuer(self, found: FoundRun) -> BundleIssuer | None:
        """Who registered a run."""
        number = found.run.key.issuer
        if number >= len(self.issuers):
            return None
        name = self.issuers.id_of(number)
        contact = self._contacts.get(name, Contact("", ""))
        return BundleIssuer(name, self.issuers.province_of(number), contact.name, contact.hotline)

    @cached_property
    def _contacts(self) -> dict[str, Contact]:
        data = self._read(CONTACTS_FILE)
        return {} if data is None else read_contacts(data)

    def _index(self, month: Month) -> Index:
        if month not in self._indexes:
            self._indexes[month] = Index(self._need(index_name(month)), month)
        return self._indexes[month]

    def _need(self, name: str) -> bytes:
        data = self._read(name)
        if data is None:
            raise missing(name)
        return data

    def _may_hold(self, run: int) -> Iterator[ShardFile]:
        """Shards of the month in which numbers came to this one; of a lent one, of all months since."""
        shards = self.listing.shards()
        since = [month for month in self._months if self._index(month).base_run < run]
        months = set(since if lent(self.listing.blocks, run) else since[:1])
        yield from (shard for shard in shards if shard.month in months)
