"""Reads a log's public folder from the disk or from a web site. Whoever publishes it is a stranger.

Names are checked before anything is opened, nothing is read beyond the size its name allows, and an answer that never
ends is cut off. What is read is not to be believed yet: that takes a checkpoint and `tiles.TiledTree`.
"""

import re
import time
import zlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from temthat_stamps.errors import Fault, TrustError
from temthat_stamps.log.merkle import HASH_SIZE
from temthat_stamps.log.tiles import ENTRIES, MAX_ENTRY, BadTile, NotInLog, Tile

if TYPE_CHECKING:
    import httpx

CHECKPOINT = "checkpoint"
MAX_CHECKPOINT = 1_000_000
MAX_FILE = 64_000_000
"""Bytes of the largest file that is neither tile nor checkpoint: trust metadata, a shard of the bundle."""

_NAME = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,128}(?:/(?!\.)[A-Za-z0-9._-]{1,128}){0,8}")
_PAUSE = 0.3
"""Seconds before the second attempt, twice that before the third."""


class Unreachable(TrustError):
    """The log's web site does not answer, or not as it should."""

    def __init__(self, url: str, detail: str) -> None:
        super().__init__(
            Fault.NETWORK,
            f"Không tải được {url} ({detail}). Kiểm tra mạng và địa chỉ rồi thử lại; dữ liệu đã có vẫn dùng được.",
            f"cannot fetch {url} ({detail}). Check the network and the address and try again; what you have "
            "still counts.",
        )


class Unreadable(TrustError):
    """A file of the log is on this disk and cannot be read."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(
            Fault.STORE,
            f"Không đọc được tệp {path} ({detail}). Kiểm tra ổ đĩa và quyền truy cập rồi thử lại.",
            f"cannot read the file {path} ({detail}). Check the disk and the permissions, then try again.",
        )


class LogReader(Protocol):
    """A `TileReader` that also reads the other files of the public folder."""

    def read(self, path: str, limit: int | None = None) -> bytes:
        """The whole file, at most `limit` bytes (by default what its name allows).

        Raises `NotInLog`, `BadTile` if it is longer, `Unreachable` or `Unreadable`.
        """
        ...

    def close(self) -> None:
        """Let go of connections, if there are any."""
        ...

    def __hash__(self) -> int:
        """A reader is itself and no other: proofs remember the tree by it."""
        return id(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_log(where: str | Path) -> LogReader:
    """A reader of the public folder at a path, or under an http(s) address."""
    if isinstance(where, str) and re.match(r"https?://", where, re.IGNORECASE):
        return SiteReader(where)
    return FolderReader(Path(where))


def limit_of(path: str) -> int:
    """Bytes the file of that name may have at most. Raises `NotInLog` for what is no name of a public file."""
    if _NAME.fullmatch(path) is None:
        raise NotInLog(path)
    if path == CHECKPOINT:
        return MAX_CHECKPOINT
    if not path.startswith("tile/"):
        return MAX_FILE
    tile = Tile.parse(path)
    return tile.width * (2 + MAX_ENTRY if tile.level == ENTRIES else HASH_SIZE)


class FolderReader(LogReader):
    """A public folder on this disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, path: str, limit: int | None = None) -> bytes:
        """See `LogReader`."""
        limit = min(limit_of(path), MAX_FILE if limit is None else limit)
        file = self.path / path
        try:
            if not file.is_file():
                raise NotInLog(path)
            with file.open("rb") as opened:
                data = opened.read(limit + 1)
        except OSError as error:
            raise Unreadable(file, error.strerror or type(error).__name__) from error
        if len(data) > limit:
            raise BadTile(path, f"longer than {limit} bytes")
        return data

    def close(self) -> None:
        """See `LogReader`."""


class SiteReader(LogReader):
    """A public folder on a web site. Keeps its connection and the last 128 hash tiles; redirects are not followed.

    `timeout`: seconds without a byte; `deadline`: seconds for one answer as a whole.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 10.0,
        deadline: float = 60.0,
        attempts: int = 3,
        client: "httpx.Client | None" = None,
    ) -> None:
        import httpx

        self.url = url.rstrip("/")
        self._deadline = deadline
        self._attempts = attempts
        self._client = client or httpx.Client(timeout=timeout, headers={"user-agent": "temthat-log"})
        self._tile = lru_cache(128)(self._fetch)

    def read(self, path: str, limit: int | None = None) -> bytes:
        """See `LogReader`."""
        most = min(limit_of(path), MAX_FILE if limit is None else limit)
        # Hash tiles never change and are asked for again and again; a bundle is read once and may be large.
        is_hashes = path.startswith("tile/") and not path.startswith("tile/entries/")
        return self._tile(path, most) if is_hashes else self._fetch(path, most)

    def close(self) -> None:
        """See `LogReader`."""
        self._client.close()

    def _fetch(self, path: str, limit: int) -> bytes:
        for attempt in range(1, self._attempts):
            try:
                return self._fetch_once(path, limit)
            except Unreachable:
                time.sleep(_PAUSE * attempt)
        return self._fetch_once(path, limit)

    def _fetch_once(self, path: str, limit: int) -> bytes:
        import httpx

        url = f"{self.url}/{path}"
        begun = time.monotonic()
        try:
            with self._client.stream("GET", url, headers={"accept-encoding": "gzip, identity"}) as answer:
                if answer.status_code in (404, 410):
                    raise NotInLog(path)
                if answer.status_code != 200:
                    raise Unreachable(url, f"HTTP {answer.status_code}")
                body = _Body(path, limit, answer.headers.get("content-encoding", "identity"))
                for chunk in answer.iter_raw():
                    body.take(chunk)
                    if time.monotonic() - begun > self._deadline:
                        raise Unreachable(url, f"not finished after {self._deadline:.0f} s")
                return body.finished()
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise Unreachable(url, str(error) or type(error).__name__) from error


class _Body:
    """An answer's bytes, unpacked as they come and never more of them than allowed."""

    def __init__(self, path: str, limit: int, encoding: str) -> None:
        if encoding.lower() not in ("identity", "gzip", "x-gzip"):
            raise BadTile(path, f"packed as {encoding[:20]!r}, which no log may do unasked")
        self._path = path
        self._limit = limit
        self._gzip = None if encoding.lower() == "identity" else zlib.decompressobj(31)
        self._data = bytearray()

    def take(self, chunk: bytes) -> None:
        """Raises `BadTile` as soon as there is too much, or it cannot be unpacked."""
        if self._gzip is None:
            self._data += chunk
        else:
            try:
                self._data += self._gzip.decompress(chunk, self._limit + 1 - len(self._data))
            except zlib.error as error:
                raise BadTile(self._path, "it cannot be unpacked") from error
        if len(self._data) > self._limit:
            raise BadTile(self._path, f"longer than {self._limit} bytes")

    def finished(self) -> bytes:
        """All of it."""
        if self._gzip is not None and (not self._gzip.eof or self._gzip.unused_data):
            raise BadTile(self._path, "it cannot be unpacked")
        return bytes(self._data)
