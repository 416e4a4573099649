"""Which runs a notice on a batch touches: those of the batch, and of everything made from it however far.

Kept in flat arrays, because a log of a million runs names a million batches.
"""

import uuid
from collections.abc import Iterator

from temthat_stamps.log.rules.tables import Chains, IdTable


class Batches:
    """Batches, their runs, and what was made from what; about 50 bytes a batch of one run."""

    def __init__(self) -> None:
        self._ids = IdTable(16)
        self._runs = Chains()
        self._made_into = Chains()
        self._reached: dict[int, set[int]] = {}
        """For each batch that a notice reaches: the batches notified that it is, or is made from."""

    def add_run(self, batch: str, run: int) -> list[str]:
        """A run of a batch; gives the notified batches whose notices speak of it."""
        number = self._number(batch)
        self._runs.add(number, run)
        return [self._name(notified) for notified in sorted(self._reached.get(number, ()))]

    def add_sources(self, batch: str, sources: tuple[str, ...]) -> list[tuple[int, str]]:
        """A batch was made from others; gives (run, notified batch) for each run that a notice now reaches."""
        made = self._number(batch)
        fresh: list[tuple[int, str]] = []
        for source in map(self._number, sources):
            self._made_into.add(source, made)
            for notified in sorted(self._reached.get(source, ())):
                fresh += self._reach(made, notified)
        return fresh

    def notify(self, batch: str) -> list[tuple[int, str]]:
        """A notice on a batch; gives (run, batch) for each run that no earlier notice on it reached."""
        number = self._number(batch)
        return list(self._reach(number, number))

    def _reach(self, start: int, notified: int) -> Iterator[tuple[int, str]]:
        """Depth first, in the order of the log; cycles in what people state are survived."""
        waiting, name = [start], self._name(notified)
        while waiting:
            here = waiting.pop()
            reached = self._reached.setdefault(here, set())
            if notified in reached:
                continue
            reached.add(notified)
            for run in self._runs.get(here):
                yield run, name
            waiting += reversed(self._made_into.get(here))

    def _number(self, batch: str) -> int:
        return self._ids.add(uuid.UUID(batch).bytes)

    def _name(self, number: int) -> str:
        return str(uuid.UUID(bytes=self._ids[number]))
