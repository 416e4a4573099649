"""A scanner's own trust data: taken from anywhere, proved before it is kept, never older than it was.

    root.json        the root of trust (TUF) that was pinned here
    tuf/ accepted.json   the trust client's
    data/<sha256>    files of bundles, by what they are
    installed.json   which bundle is in use; replaced last and in one attempt
    fork.json        what proves that the log was forked, if it ever was

An update that is interrupted anywhere leaves the last good bundle in use: what it fetched lies in `data` under its own
digest, where nobody looks for it until `installed.json` says so, and the next update finds it there.
"""

import datetime as dt
import hashlib
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from temthat_stamps.bundle.built import built_at
from temthat_stamps.bundle.fetch import Attempt, Fetching
from temthat_stamps.bundle.installed import INSTALLED_FILE, ForkedLog, Installed, NotInstalled, OlderBundle
from temthat_stamps.bundle.listing import LISTING_FILE, LISTING_LIMIT, PROOF_FILE, Listed, Listing, path_of
from temthat_stamps.bundle.proof import ProvedBundle, WrongListing, open_proof
from temthat_stamps.bundle.source import BundleSource, PackSource
from temthat_stamps.bundle.view import TrustView
from temthat_stamps.errors import BadStatement, Fault, TrustError
from temthat_stamps.files import replace_file
from temthat_stamps.log.fork import ForkEvidence
from temthat_stamps.log.merkle import BadProof, verify_consistency
from temthat_stamps.log.policy import Policy
from temthat_stamps.log.proof import PROOF_LIMIT, TlogProof
from temthat_stamps.log.tiles import NotInLog, TiledTree

if TYPE_CHECKING:
    from temthat_stamps.trust.logtrust import LogTrust

ROOT_FILE = "root.json"
FORK_FILE = "fork.json"
DATA = "data"
_PAUSE = 0.2
_STRAY = 86_400
"""Seconds after which a file of an update that was never finished is swept away."""


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update did. `fetched`: bytes; `compared`: whether the log was proved to continue the one known."""

    listing: Listing
    fetched: int
    compared: bool
    nameless: tuple[str, ...] = ()
    """Files of names that were not there or not what the manifests commit to; no verdict needs them."""


class TrustStore:
    """The trust data in a folder. `root`: a root of trust brought along; the first one given is pinned there.

    `built` is when this program was built (as `built_at` knows): no time before it is believed.
    """

    def __init__(self, folder: Path, root: bytes | None = None, built: dt.datetime | None = None) -> None:
        self.folder = folder
        self._root = root
        self._built = built or built_at()

    @property
    def has_root(self) -> bool:
        """Whether somebody brought a root of trust along, or one is pinned."""
        return self._root is not None or (self.folder / ROOT_FILE).exists()

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
        except (OSError, BadStatement, TrustError) as error:
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

        return TrustView(listing, read, max(self._built, installed.floor), installed.hosts)

    def is_whole(self) -> bool:
        """Whether every file of the bundle in use that was fetched is here and undamaged: each is read through."""
        try:
            view, names = self.load(), self.installed().provinces
            wanted = view.listing.required(names)
            return all(self._data(view.listing.files[name], name) is not None for name in wanted)
        except TrustError:
            return False

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
        floor = max([self._built, *([before.floor] if before else [])])
        with self._untouched_if_refused():
            (self.folder / DATA).mkdir(parents=True, exist_ok=True)
            log = (
                TrustClient(self.folder, self._root).update(source.trust, now, floor=floor, provinces=()).log
            )
            attempt = Attempt(source, before, _chosen(source, before, provinces), pack)
            try:
                return self._install(attempt, log)
            except WrongListing:
                # Whoever publishes may be replacing the files at this moment; names are not worth a third attempt.
                time.sleep(_PAUSE)
                return self._install(replace(attempt, last=True), log)

    @contextmanager
    def _untouched_if_refused(self) -> Iterator[None]:
        """What is refused at first use pins nothing; the disk's own errors are told as such."""
        pinned = (self.folder / ROOT_FILE).exists()
        try:
            yield
        except (TrustError, OSError) as error:
            if not pinned:
                for name in (ROOT_FILE, "accepted.json"):
                    (self.folder / name).unlink(missing_ok=True)
                shutil.rmtree(self.folder / "tuf", ignore_errors=True)
            if isinstance(error, TrustError):
                raise
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

    def _install(self, attempt: Attempt, log: "LogTrust") -> Updated:
        policy = Policy.parse(log.origin, log.log_key, log.witnesses, log.quorum)
        proof = attempt.source.read(path_of(PROOF_FILE), PROOF_LIMIT)
        proved = open_proof(proof, policy, log.operator)
        signed = TlogProof.parse(proof).checkpoint
        compared = self._check_growth(attempt.source, attempt.before, proved, signed)
        listed = Listed(LISTING_LIMIT, proved.stated.sha256)
        data = self.whole(listed) or attempt.source.read(path_of(LISTING_FILE), LISTING_LIMIT)
        listing = proved.read(data)
        old = self.whole(Listed(LISTING_LIMIT, attempt.before.listing)) if attempt.before else None
        fetch = Fetching(self, attempt, listing, Listing.parse(old) if old else None)
        fetch.all()
        self.keep(listed, data)
        floor = max([listing.at, *([attempt.before.floor] if attempt.before else [])])
        in_use = Installed(
            listed.sha256,
            proved.index,
            proved.checkpoint,
            floor,
            log.hosts,
            attempt.provinces,
            attempt.pack or (attempt.before.pack if attempt.before else ""),
            signed.decode(),
        )
        replace_file(self.folder / INSTALLED_FILE, in_use.format())
        self._sweep(listing, listed.sha256)
        return Updated(listing, fetch.bytes, compared, tuple(fetch.nameless))

    def _check_growth(
        self, source: BundleSource, before: Installed | None, proved: ProvedBundle, signed: bytes
    ) -> bool:
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
        tree, proof = None, list[bytes]()
        try:
            if new.size > old.size:
                if source.tiles is None:
                    return False
                tree = TiledTree(source.tiles, new.size, new.root)
                proof = tree.consistency_proof(old.size)
            verify_consistency(old.size, new.size, old.root, new.root, proof)
        except NotInLog:
            return False  # tiles are not there, as in a pack; what witnesses have seen has to do
        except BadProof as error:
            path = tree.consistency_path(old.size) if tree else ()
            raise self._forked(ForkEvidence(before.signed.encode(), signed, tuple(path))) from error
        return True

    def _forked(self, evidence: ForkEvidence) -> ForkedLog:
        """The refusal, with what proves it to anybody beside the data."""
        told_vi, told_en = "Giữ nguyên thư mục này", "Keep this folder as it is"
        if evidence.known:
            file = self.folder / FORK_FILE
            with suppress(OSError):  # without room for it the fork is told all the same
                replace_file(file, evidence.format())
                told_vi = f"Bằng chứng giữ ở {file}; ai có khóa của sổ cũng kiểm tra được (temthat log fork)"
                told_en = f"What proves it to anybody is in {file} (temthat log fork)"
        return ForkedLog(
            Fault.OPERATOR,
            f"Sổ công khai ở nguồn này KHÔNG nối tiếp sổ mà máy đã biết. {told_vi}. Hãy báo liên minh hợp tác xã.",
            f"The public log at this source does NOT continue the one known here. {told_en}. Tell the alliance of "
            "cooperatives.",
        )

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
    """Which provinces to install: those asked for, else all that a pack holds, else as before."""
    wanted: Collection[str] | None
    if isinstance(source, PackSource):
        has = source.provinces
        wanted = has if provinces is None else set(provinces) if has is None else has & set(provinces)
    else:
        wanted = provinces if provinces is not None else (before.provinces if before else None)
    return None if wanted is None else tuple(sorted(wanted))


def _damaged(name: str) -> TrustError:
    return TrustError(
        Fault.STORE,
        f"Dữ liệu tin cậy trên máy bị hỏng ({name}). Chạy lại với --update, hoặc tải lại từ máy chủ (/api/v1/trust).",
        f"The trust data on this device is damaged ({name}). Run with --update, or fetch it again (/api/v1/trust).",
    )
