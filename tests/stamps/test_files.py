"""Files that are there whole or not at all."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from temthat_stamps.files import replace_file, whole_file


def test_two_who_replace_one_file_at_once(tmp_path: Path) -> None:
    """Each writes a whole one; the later stays, and nothing is left beside it."""
    path, both = tmp_path / "file", Barrier(2, timeout=60)

    def write(data: bytes) -> None:
        with whole_file(path) as fresh:
            both.wait()
            fresh.write_bytes(data)
            both.wait()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, (b"a" * 9, b"b" * 9)))
    assert path.read_bytes() in (b"a" * 9, b"b" * 9)
    assert list(tmp_path.iterdir()) == [path]


def test_where_anything_is_raised_the_old_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "file"
    replace_file(path, b"old")

    def write_half() -> None:
        with whole_file(path) as fresh:
            fresh.write_bytes(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
