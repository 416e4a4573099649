"""ZIP files that somebody sent: one way to open them, and all that `zipfile` raises for damaged bytes."""

import zipfile
import zlib
from typing import BinaryIO

DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,  # an unknown way of packing
    OSError,  # a directory that points before the file's beginning
    RuntimeError,  # a password
    ValueError,
)
"""What opening such a file and reading its members may raise, apart from KeyError for a member that is not there."""


def open_zip(file: BinaryIO) -> zipfile.ZipFile:
    """A ZIP whose members are stored or deflated, as those of office programs and our own are.

    Raises one of `DAMAGED`, also where a member is packed otherwise: decoders of other kinds have errors of their own.
    """
    archive = zipfile.ZipFile(file)
    for info in archive.infolist():
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise NotImplementedError(f"{info.filename} is packed in a way that is not read here")
    return archive
