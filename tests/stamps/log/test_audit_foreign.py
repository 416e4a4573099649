"""Logs of other software are hashed to their last entry; what is damaged in them is told."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from temthat_stamps.errors import Fault
from temthat_stamps.log.audit import audit
from temthat_stamps.log.reader import FolderReader
from temthat_stamps.log.tiles import BadTile, NotInLog

from .published import ForeignLog

SIZES = (1, 2, 255, 256, 257, 511, 512, 513, 1000)


@pytest.mark.parametrize("size", SIZES)
def test_a_foreign_log_is_hashed_to_its_last_entry(size: int, tmp_path: Path) -> None:
    """Written from the specification by other code, with partial tiles of sizes before."""
    entries = [b"\x00\xffentry %d" % number * (number % 5) for number in range(size)]
    log = ForeignLog(tmp_path, entries, *(s for s in SIZES if s <= size))
    report = audit(FolderReader(tmp_path), log.name, log.vkey)
    assert (report.size, report.root, report.foreign) == (size, log.root, True)
    body = report.body()
    assert (body["entries"], body["hashes"], body["findings"]) == ("unknown", "ok", [])


def test_a_foreign_log_whose_partial_tiles_are_pruned(tmp_path: Path) -> None:
    """A reader must take the full tile where the partial one is gone: here the checkpoint is older than the tiles."""
    log = ForeignLog(tmp_path, [b"%d" % number for number in range(600)], 300, 600)
    log.sign(300, log._root(0, 300))
    shutil.rmtree(tmp_path / "tile" / "0" / "001.p")
    shutil.rmtree(tmp_path / "tile" / "entries" / "001.p")
    assert audit(FolderReader(tmp_path), log.name, log.vkey).size == 300


def damages(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Ways to break a log of 513 entries."""
    tile, other = folder / "tile" / "0" / "000", folder / "tile" / "0" / "001"
    entries, last = folder / "tile" / "entries" / "000", folder / "tile" / "entries" / "002.p" / "1"
    top = folder / "tile" / "1" / "000.p" / "2"

    def swap(one: Path, two: Path) -> None:
        first, second = one.read_bytes(), two.read_bytes()
        one.write_bytes(second)
        two.write_bytes(first)

    def flip(path: Path, at: int) -> None:
        data = bytearray(path.read_bytes())
        data[at] ^= 1
        path.write_bytes(data)

    yield "truncated tile", lambda: tile.write_bytes(tile.read_bytes()[:-32])
    yield "reordered tiles", lambda: swap(tile, other)
    yield (
        "hashes within a tile reordered",
        lambda: tile.write_bytes(tile.read_bytes()[32:64] + tile.read_bytes()[:32] + tile.read_bytes()[64:]),
    )
    yield "entry changed", lambda: flip(entries, 5)
    yield "entry's length changed", lambda: flip(entries, 1)
    yield "last entry changed", lambda: flip(last, 3)
    yield "bundles reordered", lambda: swap(entries, folder / "tile" / "entries" / "001")
    yield "bundle cut", lambda: entries.write_bytes(entries.read_bytes()[:-1])
    yield "upper tile changed", lambda: flip(top, 7)
    yield "tile gone", tile.unlink
    yield "bundle gone", entries.unlink


@pytest.mark.parametrize("number", range(11))
def test_a_foreign_log_that_is_damaged_is_broken(number: int, tmp_path: Path) -> None:
    log = ForeignLog(tmp_path, [b"entry %d" % at for at in range(513)])
    assert audit(FolderReader(tmp_path), log.name, log.vkey).size == 513
    _, damage = list(damages(tmp_path))[number]
    damage()
    with pytest.raises(NotInLog if number > 8 else BadTile) as broken:
        audit(FolderReader(tmp_path), log.name, log.vkey)
    assert broken.value.fault is Fault.OPERATOR


def test_a_foreign_checkpoint_may_have_extensions_and_must_have_the_root(tmp_path: Path) -> None:
    log = ForeignLog(tmp_path, [b"one", b"two"])
    log.sign(2, log.root, "an extension line\n")
    assert audit(FolderReader(tmp_path), log.name, log.vkey).size == 2
    log.sign(2, bytes(32))
    with pytest.raises(BadTile, match="root"):
        audit(FolderReader(tmp_path), log.name, log.vkey)
