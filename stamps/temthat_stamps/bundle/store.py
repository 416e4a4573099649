"""A scanner's own trust data: taken from anywhere, proved before it is kept, never older than it was.

    root.json        the root of trust (TUF) that was pinned here
    tuf/ accepted.json   the trust client's
    data/<sha256>    files of bundles, by what they are
    installed.json   which bundle is in use; replaced last and in one step

An update that is interrupted anywhere leaves the last good bundle in use: what it fetched lies in `data` under its own
digest, where nobody looks for it until `installed.json` says so, and the next update finds it there.
"""

import datetime as dt
import hashlib
import json
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from temthat_stamps.bundle.built import built_at
from temthat_stamps.bundle.check import check_file
from temthat_stamps.bundle.encoding import BadBundle
from temthat_stamps.bundle.files import replace_file
from temthat_stamps.bundle.listing import LISTING_FILE, LISTING_LIMIT, PROOF_FILE, Listed, Listing, path_of
from temthat_stamps.bundle.proof import ProvedBundle, WrongListing, open_proof
from temthat_stamps.bundle.source import BundleSource
from temthat_stamps.bundle.view import TrustView
from temthat_stamps.errors import BadStatement, Fault, TrustError
from temthat_stamps.fields import Fields, instant
from temthat_stamps.log.checkpoint import Checkpoint
from temthat_stamps.log.merkle import BadProof, verify_consistency
from temthat_stamps.log.policy import Policy
from temthat_stamps.log.proof import PROOF_LIMIT
from temthat_stamps.log.tiles import NotInLog, TiledTree

if TYPE_CHECKING:
    from temthat_stamps.trust.logtrust import LogTrust

ROOT_FILE = "root.json"
INSTALLED_FILE = "installed.json"
DATA = "data"
_STRAY = 86_400
"""Seconds after which a file of an update that was never finished is swept away."""


class NotInstalled(TrustError):
    """There is no trust data in this folder yet."""


class OlderBundle(TrustError):
    """The source offers a bundle from before the one in use."""


class ForkedLog(TrustError):
    """The log in the source is not the one known here, continued: somebody shows different logs to different people."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What `installed.json` says. `index` is where the log states the bundle; `tree` is the newest tree head accepted.

    `floor`: the newest time signed in anything accepted. `pack`: SHA-256 of the pack it came from, if it did.
    """

    listing: str
    index: int
    tree: Checkpoint
    floor: dt.datetime
    provinces: tuple[str, ...] | None
    pack: str = ""

    def format(self) -> bytes:
        """The file's bytes."""
        body = {
            "v": 1,
            "listing": self.listing,
            "index": self.index,
            "tree": self.tree.text,
            "floor": instant(self.floor),
            "provinces": None if self.provinces is None else list(self.provinces),
            "pack": self.pack,
        }
        return json.dumps(body, indent=1).encode()

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the file. Raises ValueError and its like, `BadStatement`, `TrustError`."""
        body: dict[str, Any] = json.loads(data)
        f = Fields(body)
        f.equal("v", 1)
        provinces = body["provinces"]
        return cls(
            f.hex("listing", 32),
            f.count("index"),
            Checkpoint.parse(f.text("tree", 10_000)),
            f.instant("floor"),
            None if provinces is None else tuple(map(str, provinces)),
            f.text("pack"),
        )


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update did. `fetched`: bytes; `compared`: whether the log was proved to continue the one known."""

    listing: Listing
    fetched: int
    compared: bool
    nameless: tuple[str, ...] = ()
    """Files of names that were not there or not what the manifests commit to; no verdict needs them."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One attempt to update. `last`: there is no further one."""

    source: BundleSource
    before: Installed | None
    provinces: tuple[str, ...] | None
    pack: str
    last: bool = False


class _Fetch:
    """The files of one bundle, into the store."""

    def __init__(self, store: "TrustStore", step: _Step, listing: Listing, old: Listing | None) -> None:
        self._store = store
        self._step = step
        self._listing = listing
        self._old = old
        self.bytes = 0
        self.nameless: list[str] = []

    def all(self) -> None:
        """All that are wanted. Raises `TrustError`; what was fetched by then is used by the next attempt."""
        for name in self._listing.required(self._step.provinces):
            self._one(name)
        for name in self._listing.optional(self._step.provinces):
            try:
                self._one(name)
            except BadBundle as error:
                if isinstance(error, WrongListing) and not self._step.last:
                    raise
                self.nameless.append(name)

    def _one(self, name: str) -> None:
        """A file: the rest of what is here, or all of it; checked before it has its name."""
        wanted = self._listing.files[name]
        if self._store.whole(wanted) is not None:
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
        self._store.keep(wanted, data)

    def _beginning(self, name: str, wanted: Listed) -> bytes:
        """What is here of a file that has only grown since."""
        old = self._old.files.get(name) if self._old else None
        return (self._store.whole(old) or b"") if old and old.length < wanted.length else b""

    def _read(self, name: str, length: int, start: int) -> bytes:
        data = self._step.source.read(path_of(name), length, start)
        self.bytes += len(data)
        return data


def _fits(data: bytes, listed: Listed) -> bool:
    return len(data) == listed.length and hashlib.sha256(data).hexdigest() == listed.sha256


class TrustStore:
    """The trust data in a folder. `root`: a root of trust brought along; the first one given is pinned there."""

    def __init__(self, folder: Path, root: bytes | None = None) -> None:
        self.folder = folder
        self._root = root

    def installed(self) -> Installed:
        """What is in use. Raises `NotInstalled`; `TrustError` (our store) if the file is damaged."""
        path = self.folder / INSTALLED_FILE
        try:
            return Installed.parse(path.read_bytes())
        except FileNotFoundError:
            raise NotInstalled(
                Fault.STORE,
                f"Thư mục {self.folder} chưa có dữ liệu tin cậy. Tải từ máy chủ (/api/v1/trust), hoặc chạy với "
                "--update.",
                f"The folder {self.folder} has no trust data yet. Fetch it (/api/v1/trust), or run with --update.",
            ) from None
        except (ValueError, KeyError, TypeError, OSError, BadStatement, TrustError) as error:
            raise _damaged(path.name) from error

    def load(self) -> TrustView:
        """The bundle in use, ready to judge with. Raises as `installed` does; nothing is asked of any network."""
        installed = self.installed()
        data = self._data(Listed(LISTING_LIMIT, installed.listing), LISTING_FILE)
        if data is None:
            raise _damaged(LISTING_FILE)
        listing = Listing.parse(data)
        wanted = set(listing.required(installed.provinces)) | set(listing.optional(installed.provinces))

        def read(name: str) -> bytes | None:
            return self._data(listing.files[name], name) if name in wanted else None

        return TrustView(listing, read, max(built_at(), installed.floor))

    def update(
        self,
        source: BundleSource,
        now: dt.datetime,
        provinces: Collection[str] | None = None,
        pack: str = "",
    ) -> Updated:
        """Take the newest bundle of a source, with the shards of these provinces (None: as before, or all).

        Raises `TrustError`: of the trust client (`BadTrustData`, `TrustExpired`, …), `BadBundle`, `OlderBundle`,
        `ForkedLog`, `BadNote`, `TooFewWitnesses`, of the network and of this disk. What was in use then stays in use.
        """
        from temthat_stamps.trust.client import TrustClient

        before = self._before()
        floor = max([built_at(), *([before.floor] if before else [])])
        try:
            (self.folder / DATA).mkdir(parents=True, exist_ok=True)
            log = (
                TrustClient(self.folder, self._root).update(source.trust, now, floor=floor, provinces=()).log
            )
            step = _Step(source, before, _chosen(source, before, provinces), pack)
            try:
                return self._install(step, log)
            except WrongListing:
                # Whoever publishes may be replacing the files at this moment; names are not worth a third attempt.
                return self._install(replace(step, last=True), log)
        except OSError as error:
            raise TrustError(
                Fault.STORE,
                f"Không ghi được dữ liệu tin cậy vào {self.folder} ({error.strerror}). Giải phóng ổ đĩa hoặc chọn thư "
                "mục khác.",
                f"Cannot write the trust data to {self.folder} ({error.strerror}). Make room, or choose another "
                "folder.",
            ) from error

    def _before(self) -> Installed | None:
        """What is in use, if anything is; a damaged note of it is as good as none."""
        try:
            return self.installed()
        except TrustError:
            return None

    def _install(self, step: "_Step", log: "LogTrust") -> Updated:
        policy = Policy.parse(log.origin, log.log_key, log.witnesses, log.quorum)
        proved = open_proof(step.source.read(path_of(PROOF_FILE), PROOF_LIMIT), policy, log.operator)
        compared = self._check_growth(step.source, step.before, proved)
        listed = Listed(LISTING_LIMIT, proved.stated.sha256)
        data = self.whole(listed) or step.source.read(path_of(LISTING_FILE), LISTING_LIMIT)
        listing = proved.read(data)
        if not set(listing.hosts) <= set(log.hosts):
            raise BadBundle(
                "danh sách tên miền không phải của liên minh", "it names hosts that the alliance does not"
            )
        old = self.whole(Listed(LISTING_LIMIT, step.before.listing)) if step.before else None
        fetch = _Fetch(self, step, listing, Listing.parse(old) if old else None)
        fetch.all()
        self.keep(listed, data)
        floor = max([listing.at, *([step.before.floor] if step.before else [])])
        in_use = Installed(listed.sha256, proved.index, proved.checkpoint, floor, step.provinces, step.pack)
        replace_file(self.folder / INSTALLED_FILE, in_use.format())
        self._sweep(listing, listed.sha256)
        return Updated(listing, fetch.bytes, compared, tuple(fetch.nameless))

    def _check_growth(self, source: BundleSource, before: Installed | None, proved: ProvedBundle) -> bool:
        """Never back, and never to another log: whether the source's tiles showed the one to continue the other."""
        if before is None:
            return False
        old, new = before.tree, proved.checkpoint
        if new.origin != old.origin:
            raise ForkedLog(
                Fault.OPERATOR,
                f"Dữ liệu này là của sổ “{new.origin}”; thư mục này giữ sổ “{old.origin}”. Dùng thư mục khác.",
                f"This is about the log “{new.origin}”; the folder holds “{old.origin}”. Use another folder.",
            )
        if proved.index < before.index or new.size < old.size:
            raise OlderBundle(
                Fault.OPERATOR,
                "Nguồn đưa dữ liệu cũ hơn dữ liệu đang dùng. Dữ liệu đang dùng được giữ; lấy từ nguồn khác.",
                "The source offers older data than is in use. What is in use is kept; fetch it from elsewhere.",
            )
        try:
            proof: list[bytes] = []
            if new.size > old.size:
                if source.tiles is None:
                    return False
                proof = TiledTree(source.tiles, new.size, new.root).consistency_proof(old.size)
            verify_consistency(old.size, new.size, old.root, new.root, proof)
        except NotInLog:
            return False  # tiles are not there, as in a pack; what witnesses have seen has to do
        except BadProof as error:
            raise ForkedLog(
                Fault.OPERATOR,
                "Sổ công khai ở nguồn này KHÔNG nối tiếp sổ mà máy đã biết. Giữ nguyên thư mục làm bằng chứng và báo "
                "liên minh hợp tác xã.",
                "The public log at this source does NOT continue the one known here. Keep the folder as evidence and "
                "tell the alliance of cooperatives.",
            ) from error
        return True

    def keep(self, listed: Listed, data: bytes) -> None:
        """A file that was checked, under its digest."""
        replace_file(self.folder / DATA / listed.sha256, data)

    def whole(self, listed: Listed) -> bytes | None:
        """A file's bytes if it is here and whole."""
        try:
            return self._data(listed, "")
        except TrustError:
            return None

    def _data(self, listed: Listed, name: str) -> bytes | None:
        """A file's bytes if it is here, and what it should be. Raises `TrustError` (our store)."""
        try:
            with (self.folder / DATA / listed.sha256).open("rb") as file:
                data = file.read(listed.length + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _damaged(name) from error
        if hashlib.sha256(data).hexdigest() != listed.sha256:
            raise _damaged(name)
        return data

    def _sweep(self, listing: Listing, sha256: str) -> None:
        """Take away what no bundle in use needs; what another update may be fetching right now stays a day."""
        needed = {sha256, *(file.sha256 for file in listing.files.values())}
        for path in self._strays(needed):
            path.unlink(missing_ok=True)

    def _strays(self, needed: set[str]) -> Iterator[Path]:
        for path in (self.folder / DATA).iterdir():
            if path.name not in needed and path.stat().st_mtime < time.time() - _STRAY:
                yield path


def _chosen(
    source: BundleSource, before: Installed | None, provinces: Collection[str] | None
) -> tuple[str, ...] | None:
    """Which provinces to install: those asked for, else as before, and no others than the source has."""
    wanted = provinces if provinces is not None else (before.provinces if before else None)
    if source.provinces is not None:
        wanted = source.provinces if wanted is None else source.provinces & set(wanted)
    return None if wanted is None else tuple(sorted(wanted))


def _damaged(name: str) -> TrustError:
    return TrustError(
        Fault.STORE,
        f"Dữ liệu tin cậy trên máy bị hỏng ({name}). Chạy lại với --update, hoặc tải lại từ máy chủ (/api/v1/trust).",
        f"The trust data on this device is damaged ({name}). Run with --update, or fetch it again (/api/v1/trust).",
    )
