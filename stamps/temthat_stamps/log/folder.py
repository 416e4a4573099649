"""The writer of a log's public folder: entries become tiles, so that nothing published is ever incomplete or changed.

The tiles are a function of the entries; the entries come from a database that has them durably, in order. One group:

    1  write all new files under `.unfinished/`, flush each to the disk
    2  move them to their names, entry bundles first; flush the folders
    3  the caller signs a checkpoint, has it witnessed, and `write_checkpoint` replaces the old one the same way

Killed anywhere in between, the published checkpoint still names complete tiles. What stands beyond it is found again
by its bundles, missing hash tiles are made from them, and the same entries are taken in again without a difference. An
entry that differs from one already there is a fork, and nothing is written.
"""

import base64
import binascii
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from temthat_stamps.errors import Fault, TrustError
from temthat_stamps.log.merkle import EMPTY_ROOT, HASH_SIZE, leaf_hash, root_of
from temthat_stamps.log.reader import CHECKPOINT, FolderReader
from temthat_stamps.log.tiles import (
    ENTRIES,
    HEIGHT,
    WIDTH,
    BadTile,
    NotInLog,
    Tile,
    TiledTree,
    decode_bundle,
    edge_tiles,
    encode_bundle,
    last_bundle,
    rows_of,
)

_STEP = 64 * WIDTH
"""Entries taken in before full tiles are written, so that a long call needs no more memory than a short one."""
_FILES = 64
"""Files written at a time: each is open until it is flushed."""
_THREADS = 16

File = tuple[Path, bytes]


class LogForked(TrustError):
    """What should be added differs from what the log has, or would take something back."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            Fault.OPERATOR,
            f"Sổ công khai trên đĩa khác với dữ liệu của dịch vụ ({detail}). Không công bố gì thêm: khôi phục cơ sở dữ "
            "liệu và thư mục sổ từ cùng một bản sao mới nhất rồi chạy lại.",
            f"the public log on disk and the service's data differ ({detail}). Nothing more is published: restore the "
            "database and the log's folder from the same latest copy, then start again.",
        )


class CannotWrite(TrustError):
    """The disk is full, or does not take what is written. Everything published stands; trying again loses nothing."""

    def __init__(self, path: Path, error: OSError) -> None:
        reason = error.strerror or type(error).__name__
        super().__init__(
            Fault.STORE,
            f"Không ghi được sổ công khai vào {path} ({reason}). Giải phóng ổ đĩa hoặc sửa quyền truy cập rồi "
            "chạy lại; không có gì bị mất.",
            f"cannot write the public log in {path} ({reason}). Make room on the disk or mend its permissions, "
            "then try again; nothing is lost.",
        )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that is a file, made if need be; wait for whoever holds it. It ends with the process at the latest.

    Where the system has no such locks (Windows), nothing keeps a second writer away.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


class LogFolder(FolderReader):
    """The public folder of a log, for its one writer; any number may read. Methods that write wait for other writers.

    Each of them raises `LogForked`, `CannotWrite`, or `BadTile` if what is published is damaged.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._unfinished = path / ".unfinished"
        self._edge: _Edge | None = None
        self._firm: set[Path] = set()  # folders that are certainly on the disk

    def integrate(self, first: int, entries: Sequence[bytes]) -> tuple[int, bytes]:
        """Take in `entries`, the first of which has index `first`; the size and root of the tree then.

        Entries that are there already are compared. Raises ValueError if some are left out before `first`.
        """
        with self._alone() as edge:
            if first > edge.size:
                raise ValueError(f"entries {edge.size} to {first - 1} of the log are missing")
            known = edge.size - first
            self._compare(edge, first, entries[:known])
            self._extend(edge, entries[known:])
            self._store(edge)
            return edge.size, edge.root

    def size(self) -> int:
        """How many entries are complete on the disk, published or not; mends what a crash left undone."""
        with self._alone() as edge:
            self._store(edge)
            return edge.size

    def entries(self, start: int, end: int) -> Iterator[bytes]:
        """The entries [start, end), checked against the tiles, one bundle in memory at a time. Raises `BadProof`."""
        return TiledTree(self, self.size()).entries(start, end)

    def read_checkpoint(self) -> bytes | None:
        """The published checkpoint; None before the first."""
        try:
            return self.read(CHECKPOINT)
        except NotInLog:
            return None

    def write_checkpoint(self, data: bytes) -> None:
        """Publish a signed checkpoint: its signatures are the caller's, its size and root are compared here."""
        with self._alone() as edge:
            self._store(edge)
            size, root = _head(data)
            published, _ = self._published()
            if not published <= size <= edge.size:
                raise LogForked(
                    f"a checkpoint of {size} entries, {published} are published, {edge.size} are there"
                )
            if root != (edge.root if size == edge.size else TiledTree(self, size).root):
                raise LogForked(f"a checkpoint with another root for {size} entries")
            self._write([(self.path / CHECKPOINT, data)], [self.path])

    def prune_partials(self) -> int:
        """Remove partial tiles that full, published ones have replaced; how many."""
        with self._alone():
            published, _ = self._published()
            removed = 0
            for folder in sorted(self.path.glob("tile/**/*.p")):
                full = folder.with_suffix("")
                end = Tile.parse(full.relative_to(self.path).as_posix()).end
                if end <= published and full.is_file():
                    for file in folder.iterdir():
                        file.unlink()
                        removed += 1
                    folder.rmdir()
                    self._firm.discard(folder)
            return removed

    @contextmanager
    def _alone(self) -> Iterator["_Edge"]:
        """The right edge as it is on the disk, while no one else writes."""
        try:
            with locked(self._unfinished / "lock"):
                edge = self._edge if self._edge and self._stands(self._edge) else self._open()
                self._edge = None  # what memory says holds again when all has gone well
                self._catch_up(edge)
                yield edge
                self._edge = edge
        except OSError as error:
            raise CannotWrite(self.path, error) from error

    def _stands(self, edge: "_Edge") -> bool:
        """Whether the disk still has what memory says: someone may have restored the folder from a copy."""
        last = last_bundle(edge.size) or [Tile(ENTRIES, edge.size // WIDTH - 1)]
        return not edge.size or (self.path / last[0].path).exists()

    def _open(self) -> "_Edge":
        for left_over in self._unfinished.iterdir():
            if left_over.name != "lock":
                left_over.unlink()
        self._firm.clear()
        return _Edge(TiledTree(self, *self._published()))

    def _published(self) -> tuple[int, bytes]:
        data = self.read_checkpoint()
        return (0, EMPTY_ROOT) if data is None else _head(data)

    def _catch_up(self, edge: "_Edge") -> None:
        """Take in what stands on the disk beyond the edge: written by another process, or by one that was killed."""
        while (bundle := self._wider_bundle(edge)) is not None:
            known = edge.size % WIDTH
            if bundle[:known] != edge.bundle:
                raise LogForked(f"two different entries before {edge.size}")
            self._extend(edge, bundle[known:])

    def _wider_bundle(self, edge: "_Edge") -> list[bytes] | None:
        """The entries of the widest whole bundle that reaches beyond the edge."""
        index, known = divmod(edge.size, WIDTH)
        full = Tile(ENTRIES, index)
        widths: list[int] = []
        with suppress(FileNotFoundError):
            names = os.listdir(self.path / f"{full.path}.p")  # noqa: PTH208 - asked for every group
            widths = sorted((int(name) for name in names if name.isdecimal()), reverse=True)
        for width in (WIDTH, *widths):
            if width > known:
                with suppress(NotInLog, BadTile):
                    return decode_bundle(self.read(Tile(ENTRIES, index, width).path), width)
        return None

    def _compare(self, edge: "_Edge", first: int, entries: Sequence[bytes]) -> None:
        if not entries:
            return
        self._store(edge)
        tree = TiledTree(self, edge.size, edge.root)
        there = tree.entries(first, first + len(entries))
        for index, (mine, theirs) in enumerate(zip(entries, there, strict=True), first):
            if mine != theirs:
                raise LogForked(f"entry {index} is another")

    def _extend(self, edge: "_Edge", entries: Sequence[bytes]) -> None:
        for at in range(0, len(entries), _STEP):
            if len(edge.full) > 2 * _FILES:
                self._write_tiles(edge.full)
                edge.full.clear()
            edge.extend(entries[at : at + _STEP])

    def _store(self, edge: "_Edge") -> None:
        if edge.size != edge.stored:
            self._write_tiles(edge.full + edge.partials())
            edge.full.clear()
            edge.stored = edge.size

    def _write_tiles(self, tiles: Sequence[tuple[Tile, bytes]]) -> None:
        # Bundles first: whatever of a group is on the disk can then be found, and compared, by its entries.
        ordered = sorted(tiles, key=lambda each: each[0].level != ENTRIES)
        files = [(self.path / tile.path, data) for tile, data in ordered]
        self._write([file for file in files if not _is_there(*file)], [path.parent for path, _ in files])

    def _write(self, files: Sequence[File], folders: Iterable[Path]) -> None:
        """Put files in place, each whole or not at all; they and the folders are on the disk when this returns."""
        changed = dict.fromkeys(folders)
        for folder in list(changed):
            self._make_folder(folder, changed)
        for at in range(0, len(files), _FILES):
            self._replace(files[at : at + _FILES])
        with _opened(changed, os.O_RDONLY) as opened:
            _flush(opened)
        self._firm.update(changed)

    def _replace(self, files: Sequence[File]) -> None:
        unfinished = [self._unfinished / str(number) for number in range(len(files))]
        with _opened(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as opened:
            for file, (_, data) in zip(opened, files, strict=True):
                _put(file, data)
            _flush(opened)
        for at, (path, _) in zip(unfinished, files, strict=True):
            os.replace(at, path)  # noqa: PTH105

    def _make_folder(self, folder: Path, changed: dict[Path, None]) -> None:
        """A folder and those it stands in; one that is not certainly on the disk yet changes the one it stands in."""
        if folder in self._firm or folder == self.path:
            return
        self._make_folder(folder.parent, changed)
        folder.mkdir(exist_ok=True)
        changed[folder.parent] = None


class _Edge:
    """The right edge of a tree that grows: the rows of its partial tiles, and what grew full and is not written yet."""

    def __init__(self, tree: TiledTree) -> None:
        self.size = self.stored = tree.size
        self.full: list[tuple[Tile, bytes]] = []
        self.bundle = list(tree.entries(tree.size - tree.size % WIDTH))
        self._rows: list[bytearray] = [bytearray()]
        for tile in edge_tiles(tree.size):
            self._row(tile.level).extend(tree.row(tile.level, tile.index))

    @property
    def root(self) -> bytes:
        """The root over all entries so far."""
        above: list[bytes] = []
        for row in self._rows:
            hashes = [bytes(row[at : at + HASH_SIZE]) for at in range(0, len(row), HASH_SIZE)] + above
            above = [root_of(hashes)] if hashes else []
        return above[0] if above else EMPTY_ROOT

    def extend(self, entries: Sequence[bytes]) -> None:
        """Take the next entries."""
        at = 0
        while at < len(entries):
            some = entries[at : at + WIDTH - self.size % WIDTH]
            self.bundle += some
            self._rows[0] += b"".join([leaf_hash(entry) for entry in some])
            at += len(some)
            self.size += len(some)
            if self.size % WIDTH == 0:
                self._carry()

    def partials(self) -> list[tuple[Tile, bytes]]:
        """The files that stand at the edge."""
        bundles = [(tile, encode_bundle(self.bundle)) for tile in last_bundle(self.size)]
        return bundles + [(tile, bytes(self._row(tile.level))) for tile in edge_tiles(self.size)]

    def _carry(self) -> None:
        """A bundle is full: it and every tile that is full with it are complete."""
        self.full.append((Tile(ENTRIES, self.size // WIDTH - 1), encode_bundle(self.bundle)))
        self.bundle.clear()
        level = 0
        while len(row := bytes(self._row(level))) == WIDTH * HASH_SIZE:
            self.full.append((Tile(level, (self.size >> HEIGHT * (level + 1)) - 1), row))
            self._row(level).clear()
            level += 1
            self._row(level).extend(rows_of(row)[HEIGHT])

    def _row(self, level: int) -> bytearray:
        while len(self._rows) <= level:
            self._rows.append(bytearray())
        return self._rows[level]


def _head(checkpoint: bytes) -> tuple[int, bytes]:
    """Size and root, the second and third lines of a checkpoint (C2SP tlog-checkpoint). Raises `BadTile`."""
    try:
        _, size, root, _ = checkpoint.decode().split("\n", 3)
        return int(size), base64.b64decode(root, validate=True)
    except (ValueError, binascii.Error) as error:
        raise BadTile(CHECKPOINT, "it is no checkpoint") from error


def _is_there(path: Path, data: bytes) -> bool:
    """Whether a tile is there already; one that was torn is written anew. Raises `LogForked` if it is another."""
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        return False
    if not data.startswith(found):
        raise LogForked(f"another {path}")
    return found == data


@contextmanager
def _opened(paths: Iterable[Path], flags: int) -> Iterator[list[int]]:
    with ExitStack() as closing:
        files = []
        for path in paths:
            files.append(os.open(path, flags, 0o644))
            closing.callback(os.close, files[-1])
        yield files


def _put(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _flush(files: Sequence[int]) -> None:
    """Wait until open files, or folders, are on the disk: all at once, for then the disk waits once for all of them."""
    if len(files) == 1:
        os.fsync(files[0])
    else:
        list(_threads(os.getpid()).map(os.fsync, files))


@lru_cache(1)
def _threads(_process: int) -> ThreadPoolExecutor:
    """Kept, for starting them takes long; for one process, for threads do not survive a fork."""
    return ThreadPoolExecutor(_THREADS, "flush")
