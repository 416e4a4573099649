"""A log as files, after C2SP tlog-tiles: hash tiles of height 8, entry bundles, and what can be computed from them.

    tile/<L>/<N>[.p/<W>]         256 (or W) hashes of perfect subtrees of 256^L leaves each, 32 bytes a hash
    tile/entries/<N>[.p/<W>]     256 (or W) entries, each after its length in two bytes, big-endian

    N is written in groups of three digits, all but the last after an x: 1234067 is x001/x234/067.

A full tile is one hash in the tile above it, up to the partial tiles at the right edge, and those give the root. So one
root vouches for every tile and every entry, and `TiledTree` hands out nothing that it does not vouch for.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, Self

from temthat_stamps.errors import Fault, TrustError
from temthat_stamps.log import merkle
from temthat_stamps.log.merkle import HASH_SIZE, MAX_SIZE, BadProof, leaf_hash, parents, range_hash

HEIGHT = 8
WIDTH = 1 << HEIGHT
MAX_ENTRY = 65_535
"""Bytes of the longest entry: its length is written in two bytes."""
ENTRIES = -1
"""The level of an entry bundle."""

_PATH = re.compile(r"tile/(0|[1-9][0-9]?|entries)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")

Rows = tuple[bytes, ...]
"""A tile's own hashes, joined, then the rows of those above them, as far as they are complete."""


class NotInLog(TrustError):
    """A file the log should have is not there."""

    def __init__(self, path: str) -> None:
        super().__init__(
            Fault.OPERATOR,
            f"Sổ công khai thiếu tệp {path}. Thử lại sau hoặc đọc từ bản sao khác; nếu vẫn thiếu thì báo đơn vị "
            "vận hành.",
            f"the public log has no file {path}. Try later or read another copy; if it stays away tell the "
            "operator.",
        )
        self.path = path


class BadTile(TrustError):
    """A file of the log is damaged or was changed."""

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(
            Fault.OPERATOR,
            f"Tệp {path} của sổ công khai bị hỏng hoặc bị sửa ({detail}). Không dùng; đơn vị vận hành cần khôi "
            "phục từ bản sao, người kiểm tra nên đọc một bản sao khác.",
            f"the public log's file {path} is damaged or was changed ({detail}). Do not use it: the operator "
            "restores it from a copy, an auditor reads another copy.",
        )
        self.path = path


class TileReader(Protocol):
    """Where a log's files come from: a folder, a web site, a test."""

    def read(self, path: str) -> bytes:
        """The whole file. Raises `NotInLog` if there is none, another `TrustError` if it cannot be had."""
        ...

    def __hash__(self) -> int:
        """Proofs remember the tree by its reader."""
        ...


@dataclass(frozen=True, slots=True)
class Tile:
    """The name of a hash tile or, at the level `ENTRIES`, of an entry bundle."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """As the specification writes it, without a leading slash."""
        digits = str(self.index)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [f"x{digits[at : at + 3]}/" for at in range(0, len(digits) - 3, 3)]
        partial = f".p/{self.width}" if self.width < WIDTH else ""
        level = "entries" if self.level == ENTRIES else self.level
        return f"tile/{level}/{''.join(groups)}{digits[-3:]}{partial}"

    @classmethod
    def parse(cls, path: str) -> Self:
        """Only the one way to write a name is read. Raises `NotInLog`: no log has a file of another name."""
        found = _PATH.fullmatch(path)
        if found is None:
            raise NotInLog(path)
        level, index, width = found.groups()
        tile = cls(
            ENTRIES if level == "entries" else int(level),
            int(re.sub("[x/]", "", index)),
            int(width) if width else WIDTH,
        )
        if tile.path != path or tile.end > MAX_SIZE:
            raise NotInLog(path)
        return tile

    @property
    def end(self) -> int:
        """The size a tree has at least if it has this tile."""
        unit = 1 << HEIGHT * max(self.level, 0)
        return (self.index * WIDTH + self.width) * unit

    @property
    def full(self) -> Self:
        """The tile this one grows to."""
        return type(self)(self.level, self.index)


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """The bytes of an entry bundle. Raises `BadTile` for an entry over 65,535 bytes."""
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise BadTile("tile/entries", f"an entry is longer than {MAX_ENTRY} bytes")
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def decode_bundle(data: bytes, width: int, path: str = "tile/entries") -> list[bytes]:
    """Exactly `width` entries and nothing more. Raises `BadTile`."""
    entries, at = [], 0
    for _ in range(width):
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        entries.append(data[start:at])
    if at != len(data):
        raise BadTile(path, f"it does not hold exactly {width} entries")
    return entries


def edge_tiles(size: int) -> list[Tile]:
    """The partial hash tiles of a tree, lowest level first."""
    tiles = []
    for level in range(64 // HEIGHT):
        index, width = divmod(size >> HEIGHT * level, WIDTH)
        if width:
            tiles.append(Tile(level, index, width))
    return tiles


def last_bundle(size: int) -> list[Tile]:
    """The partial entry bundle of a tree, if there is one."""
    index, width = divmod(size, WIDTH)
    return [Tile(ENTRIES, index, width)] if width else []


def rows_of(row: bytes) -> Rows:
    """A tile's hashes and those above them; nine rows for a full tile, the last of one hash."""
    rows = [row]
    while len(rows[-1]) > HASH_SIZE:
        rows.append(parents(rows[-1]))
    return tuple(rows)


class TiledTree:
    """The tree of one size as its tiles give it: root, proofs and entries, each tile checked against those above it.

    With `root` given (from a checkpoint) all that is handed out is what that root stands for. Keeps `keep` full
    tiles in memory, 17 kB each. Every method raises `BadTile`, or whatever the reader raises.
    """

    def __init__(self, reader: TileReader, size: int, root: bytes | None = None, keep: int = 64) -> None:
        if not 0 <= size <= MAX_SIZE:
            raise BadTile("checkpoint", f"no log has {size} entries")
        self._reader = reader
        self.size = size
        self._full = lru_cache(keep)(self._read_full)
        self._edge = {tile.level: rows_of(self._read_row(tile)) for tile in edge_tiles(size)}
        self.root = range_hash(0, size, self.hash_at)
        if root is not None and root != self.root:
            raise BadTile("checkpoint", f"its root is not that of the tiles of size {size}")

    def hash_at(self, level: int, index: int) -> bytes:
        """The hash of the perfect subtree over leaves [index * 2^level, (index + 1) * 2^level), all below `size`."""
        tile_level, row = divmod(level, HEIGHT)
        tile, at = divmod(index, WIDTH >> row)
        return self._rows(tile_level, tile)[row][at * HASH_SIZE : (at + 1) * HASH_SIZE]

    def inclusion_proof(self, index: int) -> list[bytes]:
        """See `merkle.inclusion_proof`."""
        return merkle.inclusion_proof(index, self.size, self.hash_at)

    def consistency_proof(self, old_size: int) -> list[bytes]:
        """See `merkle.consistency_proof`."""
        return merkle.consistency_proof(old_size, self.size, self.hash_at)

    def consistency_path(self, old_size: int) -> list[bytes]:
        """See `merkle.consistency_path`."""
        return merkle.consistency_path(old_size, self.size, self.hash_at)

    def entries(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The entries [start, end) in order, one bundle in memory at a time. Raises `BadProof` outside the tree."""
        end = self.size if end is None else end
        if not 0 <= start <= end <= self.size:
            raise BadProof(f"no entries {start} to {end} in a tree of {self.size}")
        for index in range(start // WIDTH, -(-end // WIDTH)):
            first = index * WIDTH
            yield from self._bundle(index)[max(start - first, 0) : end - first]

    def row(self, level: int, index: int) -> bytes:
        """The hashes of one of its hash tiles, joined."""
        return self._rows(level, index)[0]

    def _bundle(self, index: int) -> list[bytes]:
        tile = Tile(ENTRIES, index, min(self.size - index * WIDTH, WIDTH))
        data, found = self._read(tile)
        entries = decode_bundle(data, found.width, found.path)[: tile.width]
        if b"".join([leaf_hash(entry) for entry in entries]) != self.row(0, index):
            raise BadTile(found.path, "its entries do not have the hashes in the tile")
        return entries

    def _rows(self, level: int, index: int) -> Rows:
        at_edge = index == self.size >> HEIGHT * (level + 1)
        return self._edge[level] if at_edge else self._full(level, index)

    def _read_full(self, level: int, index: int) -> Rows:
        tile = Tile(level, index)
        rows = rows_of(self._read_row(tile))
        if rows[HEIGHT] != self.hash_at(HEIGHT * (level + 1), index):
            raise BadTile(tile.path, "it does not have the hash in the tile above")
        return rows

    def _read_row(self, tile: Tile) -> bytes:
        data, found = self._read(tile)
        if len(data) != found.width * HASH_SIZE:
            raise BadTile(found.path, f"{len(data)} bytes, not {found.width * HASH_SIZE}")
        return data[: tile.width * HASH_SIZE]

    def _read(self, tile: Tile) -> tuple[bytes, Tile]:
        """A tile's file or, since a partial one may be gone once it grew full, the full one's."""
        try:
            return self._reader.read(tile.path), tile
        except NotInLog:
            if tile.width == WIDTH:
                raise
        try:
            return self._reader.read(tile.full.path), tile.full
        except NotInLog as error:
            raise NotInLog(tile.path) from error


def root(reader: TileReader, size: int) -> bytes:
    """The root of the tree of `size`, from the tiles at its right edge. Raises `BadTile`, or what the reader raises."""
    return TiledTree(reader, size).root


def inclusion_proof(reader: TileReader, index: int, size: int) -> list[bytes]:
    """See `merkle.inclusion_proof`. Raises `BadProof`, `BadTile`, or what the reader raises."""
    return _tree(reader, size).inclusion_proof(index)


def consistency_proof(reader: TileReader, old_size: int, new_size: int) -> list[bytes]:
    """See `merkle.consistency_proof`. Raises `BadProof`, `BadTile`, or what the reader raises."""
    return _tree(reader, new_size).consistency_proof(old_size)


@lru_cache(4)
def _tree(reader: TileReader, size: int) -> TiledTree:
    """Proofs are asked for many at a time under one checkpoint: its tree is read once."""
    return TiledTree(reader, size)
