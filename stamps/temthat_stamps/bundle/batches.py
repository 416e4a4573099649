"""Which runs a notice on a batch touches: those of the batch, and of everything made from it however far.

Kept in flat arrays, because a log of a million runs names a million batches.
"""

import uuid
from array import array
from collections.abc import Iterator

_START = 1024


class IdTable:
    """Numbers filed under opaque ids (UUIDs as text), several to an id: about 28 bytes an entry.

    A hash table whose chains run through an array; a `dict` of the same would take five times as much.
    """

    def __init__(self) -> None:
        self._ids = bytearray()
        self._values = array("I")
        self._next = array("I")
        self._heads = array("I", bytes(4 * _START))

    def add(self, key: str, value: int) -> None:
        """File a number below 2^32 under an id."""
        raw = uuid.UUID(key).bytes
        if len(self._values) >= len(self._heads):
            self._grow()
        self._ids += raw
        self._values.append(value)
        self._link(len(self._values), raw)

    def get(self, key: str) -> list[int]:
        """The numbers under an id, in the order they were filed."""
        raw = uuid.UUID(key).bytes
        found, entry = [], self._heads[self._bucket(raw)]
        while entry:
            at = 16 * (entry - 1)
            if self._ids[at : at + 16] == raw:
                found.append(self._values[entry - 1])
            entry = self._next[entry - 1]
        return found[::-1]

    def _bucket(self, raw: bytes | bytearray) -> int:
        # Ids made here end in random bits; one who chooses his own to fill a bucket slows his own batches' notices.
        return int.from_bytes(raw[8:]) % len(self._heads)

    def _link(self, entry: int, raw: bytes | bytearray) -> None:
        bucket = self._bucket(raw)
        self._next.append(self._heads[bucket])
        self._heads[bucket] = entry

    def _grow(self) -> None:
        self._heads = array("I", bytes(8 * len(self._heads)))
        self._next = array("I")
        for entry in range(1, len(self._values) + 1):
            self._link(entry, self._ids[16 * (entry - 1) : 16 * entry])


class Batches:
    """Batches, their runs, and what was made from what; tells which runs the notices on a batch touch."""

    def __init__(self) -> None:
        self._runs = IdTable()
        self._made_into = IdTable()
        self._made = bytearray()
        self._notified: dict[str, set[str]] = {}
        """For each batch a notice reaches: the batches notified that it is, or is made from."""

    def add_run(self, batch: str, run: int) -> list[str]:
        """A run of a batch; gives the notified batches whose notices speak of it."""
        self._runs.add(batch, run)
        return sorted(self._notified.get(batch, ()))

    def add_sources(self, batch: str, sources: tuple[str, ...]) -> list[tuple[int, str]]:
        """A batch was made from others; gives (run, notified batch) for each run that a notice now reaches."""
        place = len(self._made)
        self._made += uuid.UUID(batch).bytes
        fresh: list[tuple[int, str]] = []
        for source in sources:
            self._made_into.add(source, place)
            for notified in sorted(self._notified.get(source, ())):
                fresh += self._reach(batch, notified)
        return fresh

    def notify(self, batch: str) -> list[tuple[int, str]]:
        """A notice on a batch; gives (run, batch) for each run it reaches that no earlier one on it reached."""
        return list(self._reach(batch, batch))

    def _reach(self, batch: str, notified: str) -> Iterator[tuple[int, str]]:
        """Depth first, in the order of the log; cycles in what people state are survived."""
        waiting = [batch]
        while waiting:
            here = waiting.pop()
            reached = self._notified.setdefault(here, set())
            if notified in reached:
                continue
            reached.add(notified)
            for run in self._runs.get(here):
                yield run, notified
            made = (self._made[place : place + 16] for place in reversed(self._made_into.get(here)))
            waiting += [str(uuid.UUID(bytes=bytes(raw))) for raw in made]
