"""Where trust data comes from: a folder or stick, a web address, or files in hand. Nothing of it is believed here.

Each is a fetcher for `tuf`'s client. A source can be slow, endless or gone; it is cut off by size, by time, and by
kind (never a device or a pipe in place of a file).
"""

import stat
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tuf.api.exceptions import DownloadError, DownloadHTTPError, SlowRetrievalError
from tuf.ngclient import FetcherInterface

if TYPE_CHECKING:
    import httpx

Source = Path | str | Mapping[str, bytes] | FetcherInterface
"""A folder, an address (http or https), files by their public names, or any fetcher."""

BASE = "trust:/"
"""What `tuf` is told as the address; the rest of each URL is the public name of a file."""

_CHUNK = 65_536
_WAIT = 10.0


@contextmanager
def opened(source: Source) -> Iterator[FetcherInterface]:
    """The fetcher for a source."""
    if isinstance(source, FetcherInterface):
        yield source
    elif isinstance(source, Mapping):
        yield _HandFetcher(source)
    elif isinstance(source, str) and source.startswith(("https://", "http://")):
        import httpx

        with httpx.Client(timeout=_WAIT, follow_redirects=False) as client:
            yield WebFetcher(source, client)
    else:
        yield _FolderFetcher(Path(source))


def _missing(name: str) -> DownloadHTTPError:
    # For `tuf` a missing file is a 404, wherever it is missing: that is how the chain of roots ends.
    return DownloadHTTPError(f"{name} is not there", 404)


class _HandFetcher(FetcherInterface):
    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = url.removeprefix(BASE)
        if name not in self._files:
            raise _missing(name)
        return iter((self._files[name],))


class _FolderFetcher(FetcherInterface):
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = url.removeprefix(BASE)
        path = self._folder / name
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                raise DownloadError(f"{name} is no plain file")
        except FileNotFoundError:
            raise _missing(name) from None
        return self._chunks(path)

    @staticmethod
    def _chunks(path: Path) -> Iterator[bytes]:
        try:
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    yield chunk
        except OSError as error:
            raise DownloadError(f"cannot read {path.name}: {error.strerror}") from error


class WebFetcher(FetcherInterface):
    """Files below a web address; each must arrive whole within `deadline` seconds."""

    def __init__(self, address: str, client: "httpx.Client", deadline: float = 60.0) -> None:
        self._address = address.rstrip("/") + "/"
        self._client = client
        self._deadline = deadline

    def _fetch(self, url: str) -> Iterator[bytes]:
        return self._chunks(self._address + url.removeprefix(BASE))

    def _chunks(self, url: str) -> Iterator[bytes]:
        import httpx

        deadline = time.monotonic() + self._deadline
        # A head that drips never returns to us: the line is cut from outside.
        cut = threading.Timer(self._deadline, self._client.close)
        cut.daemon = True
        cut.start()
        try:
            # Bytes as sent: a small packed answer must not unfold into a large one.
            with self._client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise DownloadHTTPError(f"{url} answers {answer.status_code}", answer.status_code)
                for (
                    chunk
                ) in answer.iter_raw():  # as it comes: collecting a chunk would wait for one that drips
                    if time.monotonic() > deadline:
                        raise SlowRetrievalError(f"{url} takes longer than {self._deadline:.0f} s")
                    yield chunk
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, UnicodeError, OSError) as error:
            if time.monotonic() > deadline:
                raise SlowRetrievalError(f"{url} takes longer than {self._deadline:.0f} s") from error
            raise DownloadError(f"cannot fetch {url}: {error or type(error).__name__}") from error
        finally:
            cut.cancel()
