"""Writing a file so that it is there whole or not at all."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def replace_file(path: Path, data: bytes) -> None:
    """Write a file in one step: after a crash there is the old one or the new one."""
    with whole_file(path) as fresh, fresh.open("wb") as out:
        out.write(data)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """The name of a new file beside it, for what is written bit by bit: at the end it takes the place of the old one.

    Where anything is raised the old one stays.
    """
    # Two who replace it at once write two files; the later one stays.
    fresh = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.new")
    try:
        yield fresh
        with fresh.open("r+b") as written:
            os.fsync(written.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
