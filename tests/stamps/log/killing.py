"""Kills the writer of a log at every file operation in turn, and looks what it left. Run by test_folder.py.

    killing.py FOLDER

For each k a child process builds the log in groups and is killed (SIGKILL) as it is about to do its k-th file
operation, every other time after writing half of what it was to write. Another child then looks at what is published,
opens the log again and finishes it. Ends when a child gets through; prints how many were killed. Exit code 1: something
was lost.
"""

import base64
import os
import shutil
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

from temthat_stamps.log.folder import LogFolder
from temthat_stamps.log.merkle import Frontier, leaf_hash
from temthat_stamps.log.reader import FolderReader
from temthat_stamps.log.tiles import TiledTree

SIZES = (200, 257, 520)
LOG = [b"entry %d" % number * (number % 7) for number in range(SIZES[-1])]
OPERATIONS = ("open", "write", "fsync", "replace", "mkdir", "unlink")


def root_of(size: int) -> bytes:
    """What the root must be."""
    frontier = Frontier()
    frontier.extend(leaf_hash(entry) for entry in LOG[:size])
    return frontier.root


def checkpoint(size: int, root: bytes) -> bytes:
    """A checkpoint as far as the folder reads it."""
    return b"log\n%d\n%s\n\nsignature\n" % (size, base64.b64encode(root))


def build(folder: Path, acknowledged: int) -> None:
    """Take in what is missing, group by group; each published size goes to the descriptor `acknowledged`."""
    log = LogFolder(folder)
    for size in SIZES:
        there = log.size()
        if there < size:
            found, root = log.integrate(there, LOG[there:size])
            assert (found, root) == (size, root_of(size))
        if len(log.read_checkpoint() or b"") == 0 or published(folder) < size:
            log.write_checkpoint(checkpoint(size, root_of(size)))
        os.write(acknowledged, size.to_bytes(2, "big"))
    log.prune_partials()


def published(folder: Path) -> int:
    """The published size; everything it names is checked."""
    data = FolderReader(folder).read("checkpoint")
    size = int(data.split(b"\n")[1])
    assert list(TiledTree(FolderReader(folder), size, root_of(size)).entries()) == LOG[:size]
    return size


def look(folder: Path, acknowledged: bytes, reference: Path) -> None:
    """What was acknowledged is published; the log goes on, and every file is as if nothing had happened."""
    sizes = [int.from_bytes(acknowledged[at : at + 2], "big") for at in range(0, len(acknowledged), 2)]
    assert not sizes or published(folder) >= sizes[-1]
    with open(os.devnull, "wb") as sink:  # noqa: PTH123
        build(folder, sink.fileno())
    assert published(folder) == SIZES[-1]
    for file in reference.rglob("*"):
        if file.is_file() and file.name != "lock":
            assert (folder / file.relative_to(reference)).read_bytes() == file.read_bytes(), file


def kill_at(number: int) -> None:
    """From now on, this process dies at its operation `number`."""
    lock, done = Lock(), count(1)

    def wrap(name: str, operation: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with lock:
                if next(done) == number:
                    if name == "write" and number % 2:
                        operation(args[0], args[1][: len(args[1]) // 2])
                    os.kill(os.getpid(), signal.SIGKILL)
            return operation(*args, **kwargs)

        return wrapped

    for name in OPERATIONS:
        setattr(os, name, wrap(name, getattr(os, name)))


def in_child(work: Callable[[], None]) -> int:
    """The exit status of a forked child that does `work`."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - told by the exit code
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(folder: Path) -> int:
    """See the module's text."""
    reference = folder / "reference"
    with open(os.devnull, "wb") as sink:  # noqa: PTH123
        assert in_child(lambda: build(reference, sink.fileno())) == 0
    for number in count(1):
        public = folder / str(number)
        receiving, acknowledging = os.pipe()

        def killed(number: int = number, public: Path = public, to: int = acknowledging) -> None:
            kill_at(number)
            build(public, to)

        status = in_child(killed)
        os.close(acknowledging)
        with os.fdopen(receiving, "rb") as pipe:
            acknowledged = pipe.read()
        if status not in (0, -signal.SIGKILL):
            return 1
        if in_child(lambda: look(public, acknowledged, reference)) != 0:  # noqa: B023 - done before the next
            print(f"killed at operation {number}")  # noqa: T201
            return 1
        if status == 0:
            print(number - 1)  # noqa: T201
            return 0
        shutil.rmtree(public)
    return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
