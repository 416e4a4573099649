"""A ZIP whose bytes depend on its contents alone, with the SHA-256 of each file; and names safe on every disk. Pure.

manifest.json   {"files": {name: sha256}}, the last file
"""

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from typing import BinaryIO, cast

from temthat_trace.search import fold

MANIFEST = "manifest.json"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""When every file says it was made: the earliest time that a ZIP knows."""

_LONGEST = 60
_IN_MEMORY = 1 << 20
_CHUNK = 1 << 16
_ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "application/pdf": ".pdf"}
_STORED = (".jpg", ".webp", ".png", ".pdf")
"""Compressed already."""


class Pack:
    """Writes files one after the other; names given twice get a number. Call `finish` once."""

    def __init__(self, out: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED)
        self.digests: dict[str, str] = {}

    def add(self, name: str, chunks: Iterable[bytes]) -> str:
        """One file, written as its chunks come; the name it got."""
        name = self._free(name)
        info = zipfile.ZipInfo(name, EPOCH)
        info.create_system = 3
        info.external_attr = 0o100644 << 16
        info.compress_type = zipfile.ZIP_STORED if name.endswith(_STORED) else zipfile.ZIP_DEFLATED
        digest = hashlib.sha256()
        with self._zip.open(info, "w", force_zip64=True) as part:
            for chunk in chunks:
                digest.update(chunk)
                part.write(chunk)
        self.digests[name] = digest.hexdigest()
        return name

    def add_json(self, name: str, body: object) -> str:
        """One small JSON file."""
        text = json.dumps(body, ensure_ascii=False, indent=1)
        return self.add(name, [text.encode(), b"\n"])

    def add_file(self, name: str, file: BinaryIO) -> str:
        """A file read from its beginning."""
        return self.add(name, chunks_of(file))

    def finish(self) -> None:
        """The manifest, and the end of the ZIP."""
        self.add_json(MANIFEST, {"files": dict(self.digests)})
        self._zip.close()

    def _free(self, name: str) -> str:
        stem, dot, ending = name.rpartition(".")
        number, free = 1, name
        while free in self.digests:
            number += 1
            free = f"{stem}-{number}{dot}{ending}"
        return free


def slug(text: str, otherwise: str = "khong-ten") -> str:
    """A text as part of a file's name: a-z, 0-9 and "-"; two texts may give the same."""
    bare = "".join(c if c.isascii() and c.isalnum() else " " for c in fold(text))
    return "-".join(bare.split())[:_LONGEST].strip("-") or otherwise


def ending_of(media_type: str) -> str:
    """The ending of a file of that type."""
    return _ENDINGS.get(media_type, ".bin")


def spool() -> BinaryIO:
    """A temporary file: in memory while small, on the disk once it grows, gone when closed."""
    return cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))


def chunks_of(file: BinaryIO) -> Iterator[bytes]:
    """The whole file from its beginning, in pieces."""
    file.seek(0)
    yield from iter(lambda: file.read(_CHUNK), b"")


def read_through(file: BinaryIO) -> Iterator[bytes]:
    """The same; the file is closed at the end, also when nobody reads on."""
    try:
        yield from chunks_of(file)
    finally:
        file.close()
