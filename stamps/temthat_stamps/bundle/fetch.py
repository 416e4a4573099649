"""Fetching the files of one bundle: only what has grown, and nothing that is not on the list."""

import hashlib
from dataclasses import dataclass
from typing import Protocol

from temthat_stamps.bundle.check import check_file
from temthat_stamps.bundle.encoding import BadBundle
from temthat_stamps.bundle.installed import Installed
from temthat_stamps.bundle.listing import Listed, Listing, path_of
from temthat_stamps.bundle.proof import WrongListing
from temthat_stamps.bundle.source import BundleSource


class Keeper(Protocol):
    """Where fetched files go, each under its digest."""

    def whole(self, listed: Listed) -> bytes | None:
        """A file's bytes if it is here and whole."""
        ...

    def keep(self, listed: Listed, data: bytes) -> None:
        """A file that was checked, under its digest."""
        ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to update. `provinces` None: all; `last`: there is no further attempt."""

    source: BundleSource
    before: Installed | None
    provinces: tuple[str, ...] | None
    pack: str
    last: bool = False


class Fetching:
    """The files of one bundle, into the store."""

    def __init__(self, keeper: Keeper, attempt: Attempt, listing: Listing, old: Listing | None) -> None:
        self._keeper = keeper
        self._attempt = attempt
        self._listing = listing
        self._old = old
        self.bytes = 0
        self.nameless: list[str] = []

    def all(self) -> None:
        """All that are wanted. Raises `TrustError`; what was fetched by then is used by the next attempt."""
        for name in self._listing.required(self._attempt.provinces):
            self._one(name)
        for name in self._listing.optional(self._attempt.provinces):
            try:
                self._one(name)
            except BadBundle as error:
                if isinstance(error, WrongListing) and not self._attempt.last:
                    raise
                self.nameless.append(name)

    def _one(self, name: str) -> None:
        """A file: the rest of what is here, or all of it; checked before it has its name."""
        wanted = self._listing.files[name]
        if self._keeper.whole(wanted) is not None:
            return
        known = self._beginning(name, wanted)
        data = known + self._read(name, wanted.length - len(known), len(known))
        if known and not _fits(data, wanted):
            data = self._read(name, wanted.length, 0)
        if not _fits(data, wanted):
            raise WrongListing(
                f"tệp {name} không phải tệp trong danh sách", f"the file {name} is not the one on the list"
            )
        check_file(name, data, self._listing)
        self._keeper.keep(wanted, data)

    def _beginning(self, name: str, wanted: Listed) -> bytes:
        """What is here of a file that has only grown since."""
        old = self._old.files.get(name) if self._old else None
        return (self._keeper.whole(old) or b"") if old and old.length < wanted.length else b""

    def _read(self, name: str, length: int, start: int) -> bytes:
        data = self._attempt.source.read(path_of(name), length, start)
        self.bytes += len(data)
        return data


def _fits(data: bytes, listed: Listed) -> bool:
    return len(data) == listed.length and hashlib.sha256(data).hexdigest() == listed.sha256
