"""Where a bundle comes from: a folder or stick as it is served, a web address, a trust pack. Strangers, all of them.

Nothing is read beyond the length asked for, however much is there or is sent.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self
from urllib.parse import urlsplit

from temthat_stamps.bundle.encoding import BadBundle
from temthat_stamps.log.reader import FolderReader, SiteReader, Unreachable, Unreadable
from temthat_stamps.log.tiles import TileReader

if TYPE_CHECKING:
    import httpx

TRUST, TILES = "trust", "tile"
FIRST_ROOT = f"{TRUST}/1.root.json"
_ROOT_LIMIT = 200_000
_PATIENCE = 60.0
"""Seconds in which one file has to arrive."""
_ATTEMPTS = 2


class NotThere(BadBundle):
    """The source has no such file."""

    def __init__(self, name: str) -> None:
        super().__init__(f"nguồn không có tệp {name}", f"the source has no file {name}")
        self.name = name


class BundleSource(Protocol):
    """The public folder of a service, wherever it is."""

    trust: Path | str | Mapping[str, bytes]
    """Its trust files, as `trust.client` takes them."""

    tiles: TileReader | None
    """Its log; None where that is not there."""

    def read(self, path: str, length: int, start: int = 0) -> bytes:
        """At most `length` bytes of a file from `start` on. Raises `NotThere`, another `TrustError`."""
        ...

    def first_root(self) -> bytes:
        """The first root of trust it has: whose it is, nothing in the source can prove. Raises as `read` does."""
        return self.read(FIRST_ROOT, _ROOT_LIMIT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class FolderSource(BundleSource):
    """A public folder on this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.trust = folder / TRUST
        self.tiles = FolderReader(folder) if (folder / TILES).is_dir() else None

    def read(self, path: str, length: int, start: int = 0) -> bytes:
        """See `BundleSource`."""
        file = self._folder / path
        try:
            if not file.is_file():
                raise NotThere(path)
            with file.open("rb") as opened:
                opened.seek(start)
                return opened.read(length)
        except OSError as error:
            raise Unreadable(file, error.strerror or type(error).__name__) from error


class SiteSource(BundleSource):
    """A public folder on a web site; of the service's own address, the one below /log. Raises `Unreachable`."""

    def __init__(self, url: str, client: "httpx.Client | None" = None) -> None:
        import httpx

        base = url.rstrip("/")
        try:
            self._base = base if urlsplit(base).path else f"{base}/log"
        except ValueError as error:
            raise Unreachable(url, str(error)) from error
        self._client = client or httpx.Client(timeout=10.0, follow_redirects=False)
        self.trust = f"{self._base}/{TRUST}"
        self.tiles = SiteReader(self._base, client=self._client)

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def read(self, path: str, length: int, start: int = 0) -> bytes:
        """See `BundleSource`."""
        for _ in range(1, _ATTEMPTS):
            try:
                return self._fetch(path, length, start)
            except Unreachable:
                time.sleep(0.3)
        return self._fetch(path, length, start)

    def _fetch(self, path: str, length: int, start: int) -> bytes:
        import httpx

        if not length:
            return b""
        url = f"{self._base}/{path}"
        # Bytes as they are: a small packed answer must not unfold into a large one, and a range is of the file's own.
        headers = {"Range": f"bytes={start}-{start + length - 1}", "Accept-Encoding": "identity"}
        try:
            with self._client.stream("GET", url, headers=headers) as answer:
                if answer.status_code in (404, 410):
                    raise NotThere(path)
                if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                    return b""
                if answer.status_code == httpx.codes.PARTIAL_CONTENT:
                    return _collect(url, answer, 0, length)
                if answer.status_code != httpx.codes.OK:
                    raise Unreachable(url, f"HTTP {answer.status_code}")
                return _collect(url, answer, start, length)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise Unreachable(url, str(error) or type(error).__name__) from error


class PackSource(BundleSource):
    """The files of a trust pack, by their paths in the public folder; with the shards of `provinces`, None for all."""

    def __init__(self, files: Mapping[str, bytes], provinces: frozenset[str] | None) -> None:
        self._files = files
        self.trust = {
            path.removeprefix(f"{TRUST}/"): data
            for path, data in files.items()
            if path.startswith(f"{TRUST}/")
        }
        self.tiles = None
        self.provinces = provinces

    def read(self, path: str, length: int, start: int = 0) -> bytes:
        """See `BundleSource`."""
        data = self._files.get(path)
        if data is None:
            raise NotThere(path)
        return data[start : start + length]


def open_source(where: str | Path) -> BundleSource:
    """A source by its place: an http(s) address, a public folder, or a trust pack's file. Raises `TrustError`."""
    from temthat_stamps.bundle.pack import parse_pack, read_pack_bytes

    text = str(where)
    if text.lower().startswith(("https://", "http://")):
        return SiteSource(text)
    path = Path(where)
    return FolderSource(path) if path.is_dir() else parse_pack(read_pack_bytes(path))


def _collect(url: str, answer: "httpx.Response", skip: int, length: int) -> bytes:
    """Bytes [skip, skip + length) of an answer; what comes after them is not waited for."""
    end = time.monotonic() + _PATIENCE
    data = bytearray()
    for chunk in answer.iter_raw(65_536):
        data += chunk
        if len(data) >= skip + length:
            break
        if time.monotonic() > end:
            raise Unreachable(url, f"not finished after {_PATIENCE:.0f} s")
    return bytes(data[skip : skip + length])
