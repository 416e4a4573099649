"""The public log: what publishing entries costs on top of storing them, a million of them, and proofs.

Durable appends are put two ways against each other, group by group in turns, each on a database of its own: rows of
`log_entry` alone, committed; and the same rows committed, then taken into the public folder, a checkpoint signed and
published, all of it on the disk before the next group. Then as the service does it: one thread commits groups, another
publishes whatever is there, until the last is published. Goal (docs/performance.md): 0.5 x the rows alone.

The long log is built and read back in a process of its own, so that its peak memory is its own. How fast the service
gives out tiles and proofs is in `bench.logsite`.
"""

import base64
import datetime as dt
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert, select

from bench import logsite
from temthat_stamps.log.folder import LogFolder
from temthat_stamps.log.merkle import leaf_hash, verify_inclusion
from temthat_stamps.log.reader import FolderReader
from temthat_stamps.log.records import LogEntry
from temthat_stamps.log.tiles import TiledTree
from temthat_trace.database import make_engine
from temthat_verify_api.migrate import upgrade

ENTRY = 1_200
"""Bytes of an entry: a run's statement in its envelope."""
GROUPS = (256, 1_000)
LONG = 1_000_000

Figure = dict[str, Any]


def figures(small: bool) -> list[Figure]:
    """All figures; `small` only sees that everything runs."""
    found: list[Figure] = []
    for group in GROUPS:
        found += _appends(group, 3 if small else 40)
    with tempfile.TemporaryDirectory() as folder:
        context = multiprocessing.get_context("spawn")
        with context.Pool(1) as alone:
            found += alone.apply(_long, (Path(folder), LONG // 100 if small else LONG))
    return found + logsite.figures(small)


def _appends(group: int, rounds: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        found = {
            "one after the other": _one_after_the_other(Path(folder), group, rounds),
            "publisher beside": _side_by_side(Path(folder), group, rounds),
        }
    return [
        _figure(
            f"entries stored and published, SQLite, groups of {group:,}, {name}",
            group / published,
            "entries/s",
            alone / published,
            f"the rows alone: {group / alone:,.0f}/s",
        )
        for name, (alone, published) in found.items()
    ]


def _one_after_the_other(folder: Path, group: int, rounds: int) -> tuple[float, float]:
    """Seconds a group takes: the rows alone, and with everything published. Medians of turns."""
    alone, log = (_Store(folder / name) for name in ("rows", "log"))
    taken: dict[_Store, list[float]] = {alone: [], log: []}
    for number in range(rounds + 1):
        entries = _entries(group, number)
        for store, times in taken.items():
            begun = time.perf_counter()
            store.insert(entries)
            if store is log:
                store.publish(entries)
            times.append(time.perf_counter() - begun)
    for store in taken:
        store.close()
    return statistics.median(taken[alone][1:]), statistics.median(taken[log][1:])


def _side_by_side(folder: Path, group: int, rounds: int) -> tuple[float, float]:
    """Seconds a group takes: the rows alone, and with a thread that publishes all there is. Medians of five turns."""
    stores = [_Store(folder / name) for name in ("rows beside", "log beside")]
    taken: tuple[list[float], list[float]] = ([], [])
    for turn in range(5):
        groups = [_entries(group, turn * rounds + number) for number in range(rounds)]
        for store, times, publishes in zip(stores, taken, (False, True), strict=True):
            begun = time.perf_counter()
            total = store.size + rounds * group
            publisher = Thread(target=store.publish_until, args=(total,))
            if publishes:
                publisher.start()
            for entries in groups:
                store.insert(entries)
            if publishes:
                publisher.join()
                assert store.log.size() == total
            times.append((time.perf_counter() - begun) / rounds)
    for store in stores:
        store.close()
    return statistics.median(taken[0]), statistics.median(taken[1])


class _Store:
    """A database, and the public folder made from it; checkpoints are as large as real ones."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        upgrade(f"sqlite:///{folder}/temthat.db")
        self._database = make_engine(f"sqlite:///{folder}/temthat.db")
        self._key = Ed25519PrivateKey.generate()
        self.log = LogFolder(folder / "public")
        self.size = 0

    def insert(self, entries: list[bytes]) -> None:
        """Store entries; committed, and on the disk, on return."""
        at = dt.datetime.now(dt.UTC)
        rows = [
            {"index": index, "kind": "run", "party_id": None, "at": at, "envelope": entry}
            for index, entry in enumerate(entries, self.size)
        ]
        with self._database.begin() as connection:
            connection.execute(insert(LogEntry), rows)
        self.size += len(entries)

    def publish(self, entries: list[bytes]) -> None:
        """Make tiles of the next entries, and a signed checkpoint; public, and on the disk, on return."""
        size, root = self.log.integrate(self.log.size(), entries)
        text = f"tem.example.vn/log\n{size}\n{base64.b64encode(root).decode()}\n"
        signature = base64.b64encode(bytes(4) + self._key.sign(text.encode())).decode()
        self.log.write_checkpoint(f"{text}\n— tem.example.vn/log {signature}\n".encode())

    def publish_until(self, total: int) -> None:
        """Publish whatever is stored, again and again, until there are `total` entries."""
        while (size := self.log.size()) < total:
            with self._database.connect() as connection:
                query = select(LogEntry.envelope).where(LogEntry.index >= size).order_by(LogEntry.index)
                entries = list(connection.scalars(query))
            if entries:
                self.publish(entries)
            else:
                time.sleep(0.002)

    def close(self) -> None:
        """Let go of the database."""
        self._database.dispose()


def _entries(count: int, seed: int) -> list[bytes]:
    random = Random(seed)
    return [random.randbytes(ENTRY) for _ in range(count)]


def _long(folder: Path, count: int) -> list[Figure]:
    """Build a long log in groups, read it back with every hash checked, make proofs."""
    store = _Store(folder / "long")
    begun = time.perf_counter()
    early = 0.0
    for first in range(0, count, GROUPS[1]):
        store.publish(_entries(GROUPS[1], first))
        early = early or (_peak() if first >= count // 100 else 0)
    built = time.perf_counter() - begun
    root = store.log.integrate(count, ())[1]
    store.close()

    begun = time.perf_counter()
    reader = FolderReader(store.log.path)
    assert sum(1 for _ in TiledTree(reader, count, root).entries()) == count
    walked = time.perf_counter() - begun
    peak = _peak()
    return [
        _figure(f"build a log of {count:,} entries", count / built, "entries/s"),
        _figure(f"read {count:,} entries back, every hash checked", count / walked, "entries/s"),
        _figure(
            f"peak memory building and reading {count:,} entries",
            peak,
            "MB",
            early / peak,
            f"after a hundredth: {early:,.0f} MB",
        ),
        *_proofs(reader, count, root),
    ]


def _proofs(reader: FolderReader, count: int, root: bytes) -> Iterator[Figure]:
    """Proofs of random entries, whose tiles have to be read and checked; and of the newest, under one checkpoint."""
    random = Random(7)
    indexes = [random.randrange(count) for _ in range(2_000)]
    tree = TiledTree(reader, count, root)
    begun = time.perf_counter()
    proofs = [tree.inclusion_proof(index) for index in indexes]
    proving = time.perf_counter() - begun
    verify_inclusion(indexes[0], count, leaf_hash(next(tree.entries(indexes[0]))), proofs[0], root)
    yield _figure("inclusion proofs of random entries", len(indexes) / proving, "proofs/s")

    begun = time.perf_counter()
    for index in range(count - 2_000, count):
        tree.inclusion_proof(index)
    yield _figure("inclusion proofs of the newest 2,000", 2_000 / (time.perf_counter() - begun), "proofs/s")


def _figure(name: str, value: float, unit: str, ratio: float | None = None, baseline: str = "") -> Figure:
    return {"name": name, "value": value, "unit": unit, "baseline": baseline, "ratio": ratio}


def _peak() -> float:
    """Most memory this process has held, in MB; 0 where Linux does not tell."""
    status = Path("/proc/self/status")
    lines = status.read_text("ascii").splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1_000 for line in lines if line.startswith("VmHWM")), 0.0)
