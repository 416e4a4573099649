"""The writer of the public folder: the files are those of the specification, whatever stops it, and never a fork."""

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from temthat_stamps.errors import Fault
from temthat_stamps.log.folder import CannotWrite, LogFolder, LogForked
from temthat_stamps.log.merkle import EMPTY_ROOT, BadProof
from temthat_stamps.log.reader import FolderReader
from temthat_stamps.log.tiles import BadTile, TiledTree

from .killing import LOG, OPERATIONS, checkpoint, root_of
from .published import ForeignLog

SIZES = (1, 200, 255, 256, 257, 512, 513, 520)


def files(folder: Path) -> dict[str, bytes]:
    """Everything public, by name."""
    found = (file for file in folder.rglob("*") if file.is_file() and ".unfinished" not in file.parts)
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in found}


def tiles(folder: Path) -> dict[str, bytes]:
    """The tiles and bundles among them."""
    return {name: data for name, data in files(folder).items() if name.startswith("tile/")}


def publish(log: LogFolder, size: int) -> None:
    """Bring a log to that size and publish it."""
    there = log.size()
    log.integrate(there, LOG[there:size])
    log.write_checkpoint(checkpoint(size, root_of(size)))


def test_the_files_are_those_of_another_writer(tmp_path: Path) -> None:
    """Byte for byte what a writer made from the specification leaves, partial tiles of every size between."""
    theirs = ForeignLog(tmp_path / "theirs", LOG[:520], *SIZES)
    log = LogFolder(tmp_path / "ours")
    for size in SIZES:
        assert log.integrate(log.size(), LOG[log.size() : size]) == (size, theirs._root(0, size))
    assert tiles(log.path) == tiles(theirs.folder)


def test_a_long_group_is_taken_in_at_once(tmp_path: Path) -> None:
    """More full tiles than are written at a time."""
    entries = [b"%d" % number for number in range(40_000)]
    theirs = ForeignLog(tmp_path / "theirs", entries)
    log = LogFolder(tmp_path / "ours")
    assert log.integrate(0, entries) == (40_000, theirs.root)
    assert tiles(log.path) == tiles(theirs.folder)
    assert list(log.entries(39_990, 40_000)) == entries[-10:]


def test_an_empty_log(tmp_path: Path) -> None:
    log = LogFolder(tmp_path)
    assert (log.size(), log.integrate(0, []), log.read_checkpoint()) == (0, (0, EMPTY_ROOT), None)
    with pytest.raises(BadProof):
        list(log.entries(0, 1))


def test_entries_taken_in_again_change_nothing(tmp_path: Path) -> None:
    log = LogFolder(tmp_path)
    log.integrate(0, LOG[:300])
    before = files(tmp_path)
    assert log.integrate(100, LOG[100:300]) == (300, root_of(300))
    assert LogFolder(tmp_path).integrate(0, LOG[:300]) == (300, root_of(300))
    assert files(tmp_path) == before
    assert log.integrate(290, LOG[290:310]) == (310, root_of(310))


def test_another_entry_is_a_fork_and_nothing_is_written(tmp_path: Path) -> None:
    log = LogFolder(tmp_path)
    publish(log, 300)
    before = files(tmp_path)
    for changed in ([b"other"], [LOG[299], b"new", b"newer"]):
        with pytest.raises(LogForked, match="entry 298 is another") as refused:
            log.integrate(298, changed)
        assert refused.value.fault is Fault.OPERATOR
    assert files(tmp_path) == before
    assert log.integrate(300, LOG[300:301]) == (301, root_of(301))


def test_no_entry_is_left_out(tmp_path: Path) -> None:
    log = LogFolder(tmp_path)
    log.integrate(0, LOG[:5])
    with pytest.raises(ValueError, match="entries 5 to 6"):
        log.integrate(7, LOG[7:9])


def test_a_checkpoint_is_of_what_is_there_and_never_goes_back(tmp_path: Path) -> None:
    log = LogFolder(tmp_path)
    publish(log, 300)
    log.integrate(300, LOG[300:310])
    log.integrate(310, LOG[310:320])
    log.write_checkpoint(checkpoint(310, root_of(310)))
    for size, root in ((321, root_of(321)), (309, root_of(309)), (320, root_of(319)), (310, root_of(309))):
        with pytest.raises(LogForked):
            log.write_checkpoint(checkpoint(size, root))
    for garbage in (b"", b"no checkpoint", b"a\nb\nc\nd\n", b"log\n310\n!!\n\n"):
        with pytest.raises(BadTile):
            log.write_checkpoint(garbage)
    assert log.read_checkpoint() == checkpoint(310, root_of(310))


def test_partial_tiles_go_when_full_ones_are_published(tmp_path: Path) -> None:
    log = LogFolder(tmp_path)
    publish(log, 200)
    log.integrate(200, LOG[200:300])
    assert log.prune_partials() == 0  # the checkpoint still names them
    log.write_checkpoint(checkpoint(300, root_of(300)))
    assert log.prune_partials() == 2
    assert list(TiledTree(FolderReader(tmp_path), 300, root_of(300)).entries()) == LOG[:300]
    publish(log, 301)
    assert list(TiledTree(FolderReader(tmp_path), 200, root_of(200)).entries()) == LOG[:200]


def test_two_writers_take_turns_and_never_fork(tmp_path: Path) -> None:
    """Two processes of one service that both believe to be the publisher."""
    one, two = LogFolder(tmp_path), LogFolder(tmp_path)
    one.integrate(0, LOG[:100])
    assert two.integrate(100, LOG[100:257]) == (257, root_of(257))
    assert one.integrate(200, LOG[200:300]) == (300, root_of(300))
    with pytest.raises(LogForked):
        two.integrate(257, [b"another face"])
    assert two.size() == 300


def test_writers_at_once_make_one_log(tmp_path: Path) -> None:
    failed: list[BaseException] = []

    def write() -> None:
        try:
            log = LogFolder(tmp_path)
            for size in range(20, 521, 20):
                first = min(log.size(), size)
                log.integrate(first, LOG[first:size])
                log.size()
        except BaseException as error:  # noqa: BLE001 - told by the test
            failed.append(error)

    writers = [Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failed == []
    log = LogFolder(tmp_path)
    log.write_checkpoint(checkpoint(520, root_of(520)))
    assert list(TiledTree(FolderReader(tmp_path), 520, root_of(520)).entries()) == LOG[:520]


def test_a_folder_put_back_from_a_copy_is_noticed(tmp_path: Path) -> None:
    """The writer's memory is ahead of the disk: it reads again instead of writing a log with holes."""
    log = LogFolder(tmp_path / "log")
    publish(log, 200)
    shutil.copytree(log.path, tmp_path / "copy")
    publish(log, 300)
    shutil.rmtree(log.path)
    shutil.copytree(tmp_path / "copy", log.path)
    assert log.size() == 200
    assert log.integrate(200, LOG[200:300]) == (300, root_of(300))
    log.write_checkpoint(checkpoint(300, root_of(300)))
    assert list(TiledTree(FolderReader(log.path), 300, root_of(300)).entries()) == LOG[:300]


def test_a_torn_file_beyond_the_checkpoint_is_mended_and_a_changed_one_is_a_fork(tmp_path: Path) -> None:
    log = LogFolder(tmp_path)
    publish(log, 100)
    log.integrate(100, LOG[100:300])
    tile = tmp_path / "tile/0/001.p/44"
    whole = tile.read_bytes()
    tile.write_bytes(whole[:-7])
    assert LogFolder(tmp_path).size() == 300
    assert tile.read_bytes() == whole
    tile.write_bytes(bytes(len(whole)))
    with pytest.raises(LogForked, match="44"):
        LogFolder(tmp_path).size()


def test_a_damaged_published_log_is_not_written_on(tmp_path: Path) -> None:
    log = LogFolder(tmp_path)
    publish(log, 300)
    bundle = tmp_path / "tile/entries/001.p/44"
    bundle.write_bytes(bundle.read_bytes()[:-1])
    with pytest.raises(BadTile, match="44"):
        LogFolder(tmp_path).integrate(300, LOG[300:])


# -- what stops it --


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL and fork")
@pytest.mark.timeout(240)
def test_a_writer_killed_at_any_step_loses_nothing_and_never_forks() -> None:
    """See killing.py: killed before each of its file operations in turn, every other one half done."""
    # In memory where there is such a place: what is killed is a process, not the machine.
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        script = Path(__file__).with_name("killing.py")
        done = subprocess.run([sys.executable, script, folder], capture_output=True, text=True, timeout=230)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout) > 80


@contextmanager
def full_at(number: int) -> Iterator[Callable[[], bool]]:
    """From operation `number` on the disk takes nothing more; a write is cut in half first. Tells if it came to it."""
    done, real = count(1), {name: getattr(os, name) for name in OPERATIONS}
    hit = False

    def wrap(name: str) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            nonlocal hit
            if name != "unlink" and next(done) >= number:
                if name == "write" and not hit:
                    real[name](args[0], args[1][: len(args[1]) // 2])
                hit = True
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real[name](*args, **kwargs)

        return wrapped

    try:
        for name in OPERATIONS:
            setattr(os, name, wrap(name))
        yield lambda: hit
    finally:
        for name, operation in real.items():
            setattr(os, name, operation)


def refusal(work: Callable[[], None]) -> CannotWrite | None:
    """How it refused to write, if it did."""
    try:
        work()
    except CannotWrite as refused:
        return refused
    return None


def test_a_disk_full_at_any_step_loses_nothing(tmp_path: Path) -> None:
    """The refusal is typed, the published log stands whole, and the same call again goes through."""
    reference = LogFolder(tmp_path / "reference")
    for size in (200, 300):
        publish(reference, size)
    start = LogFolder(tmp_path / "start")
    publish(start, 200)
    for number in count(1):
        log = LogFolder(tmp_path / str(number))
        shutil.copytree(start.path, log.path)
        log.size()
        with full_at(number) as was_full:
            refused = refusal(partial(publish, log, 300))
        assert (refused is not None) is was_full()
        if refused is not None:
            assert refused.fault is Fault.STORE
            assert "No space left" in refused.en
            assert "Giải phóng ổ đĩa" in refused.vi
        published = log.read_checkpoint()
        assert published in (checkpoint(200, root_of(200)), checkpoint(300, root_of(300)))
        size = 300 if published == checkpoint(300, root_of(300)) else 200
        assert list(TiledTree(FolderReader(log.path), size, root_of(size)).entries()) == LOG[:size]
        publish(log, 300)
        assert files(log.path) == files(reference.path)
        shutil.rmtree(log.path)
        if not was_full():
            break
    assert number > 15
