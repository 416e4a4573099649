"""`--trust`: a trust pack or a folder, kept up to date, the root of trust pinned at first use."""

import datetime as dt
import hashlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from temthat_stamps.bundle.installed import NotInstalled
from temthat_stamps.bundle.listing import LISTING_FILE, path_of
from temthat_stamps.bundle.pack import PACK_FILE, parse_pack, read_pack_bytes
from temthat_stamps.bundle.source import BundleSource, open_source
from temthat_stamps.bundle.store import ROOT_FILE, TrustStore
from temthat_stamps.bundle.view import TrustView
from temthat_stamps.errors import Fault, TrustError
from temthat_stamps.log.reader import Unreadable

Tell = Callable[[str, str], None]
"""Something to say that stops nothing, in Vietnamese and English."""


def open_trust(
    path: Path, update: str | None, provinces: Collection[str] | None, root: Path | None, tell: Tell
) -> TrustView:
    """The trust data at a path: a pack, or a folder that holds one or was filled before; what is newer is taken first.

    `update`: also from there (address, folder, pack). What cannot be taken is told, and what is there is used. Raises
    `TrustError` where nothing is.
    """
    with _readable(path):
        is_pack = path.is_file()
    folder, pack = (path.parent, path) if is_pack else (path, path / PACK_FILE)
    store = TrustStore(folder, _read_root(root))
    problems: list[TrustError] = []
    takes: list[Callable[[], None]] = [lambda: _take_pack(store, pack, provinces, tell)]
    if update is not None:
        takes.append(lambda: _take(store, update, provinces, tell))
    for take in takes:
        try:
            with _readable(path):
                take()
        except TrustError as error:
            problems.append(error)
    try:
        trust = store.load()
    except NotInstalled as error:
        if problems:
            raise problems[-1] from error
        if (folder / path_of(LISTING_FILE)).is_file():
            raise _public_folder(folder) from error
        raise
    for problem in problems:
        tell(
            f"Chưa cập nhật được dữ liệu tin cậy; dùng dữ liệu đang có. {problem.vi}",
            f"The trust data was not updated; what is here is used. {problem.en}",
        )
    return trust


def renew_trust(path: Path, update: str, tell: Tell) -> TrustView:
    """The same folder once more, after an update from a source: for data that is in use. Raises `TrustError` where the
    update failed, and what is there stays.
    """
    with _readable(path):
        store = TrustStore(path.parent if path.is_file() else path)
        _take(store, update, None, tell)
    return store.load()


def _take_pack(store: TrustStore, pack: Path, provinces: Collection[str] | None, tell: Tell) -> None:
    """A pack that lies there, unless it is the one looked at last."""
    if not pack.is_file():
        return
    data = read_pack_bytes(pack)
    digest = hashlib.sha256(data).hexdigest()
    try:
        if store.installed().pack == digest and provinces is None and store.is_whole():
            return
    except TrustError:
        pass  # nothing there, or damaged: the pack is what mends it
    _install(store, parse_pack(data), provinces, tell, digest)


def _take(store: TrustStore, update: str, provinces: Collection[str] | None, tell: Tell) -> None:
    with open_source(update) as source:
        _install(store, source, provinces, tell)


def _install(
    store: TrustStore, source: BundleSource, provinces: Collection[str] | None, tell: Tell, pack: str = ""
) -> None:
    """Update; at first use with the root of trust that the source has, which is told, because it proves nothing."""
    if store.has_root:
        store.update(source, dt.datetime.now(dt.UTC), provinces, pack)
        return
    from temthat_stamps.trust.accepted import fingerprint

    first = source.first_root()
    TrustStore(store.folder, first).update(source, dt.datetime.now(dt.UTC), provinces, pack)
    shown = fingerprint(first)
    tell(
        f"Lần đầu dùng dữ liệu tin cậy này: đã ghim gốc tin cậy vào {store.folder / ROOT_FILE}. Hãy so dấu vân tay với "
        f"giấy khai khóa mà liên minh công bố: {shown}",
        "First use: the root of trust was pinned. Compare its fingerprint with the founding paper that the alliance "
        f"publishes: {shown}",
    )


def _read_root(root: Path | None) -> bytes | None:
    if root is None:
        return None
    with _readable(root):
        return root.read_bytes()


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Whether a file is there cannot be told in a folder that is somebody else's."""
    try:
        yield
    except OSError as error:
        raise Unreadable(Path(error.filename or path), error.strerror or type(error).__name__) from error


def _public_folder(folder: Path) -> TrustError:
    return TrustError(
        Fault.STORE,
        f"{folder} là bản sao thư mục công khai của máy chủ. Dùng --update {folder} và --trust với một thư mục khác.",
        f"{folder} is a copy of a service's public folder. Use --update {folder}, and --trust with another folder.",
    )
