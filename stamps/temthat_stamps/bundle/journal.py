"""What stands at which entry of the log, so that entries found out later not to count can be taken back."""

from array import array
from bisect import bisect_left
from enum import IntEnum


class What(IntEnum):
    """What an entry stated; the number filed with it names the run, or the notice by its number in the file."""

    RUN = 0
    NOTICE = 1
    ACTIVATION = 2


class Journal:
    """Entries in log order: 17 bytes each, in flat arrays."""

    def __init__(self) -> None:
        self._index = array("Q")
        self._what = array("B")
        self._which = array("I")
        self._issuer = array("I")

    def add(self, index: int, what: What, which: int, issuer: int = 0) -> None:
        """File an entry; each index is higher than the one before. `issuer` is told of runs only."""
        self._index.append(index)
        self._what.append(what)
        self._which.append(which)
        self._issuer.append(issuer)

    def find(self, index: int) -> tuple[What, int, int] | None:
        """(what, run or notice, issuer's number) at an index; None where nothing of that kind stands."""
        place = bisect_left(self._index, index)
        if place == len(self._index) or self._index[place] != index:
            return None
        return What(self._what[place]), self._which[place], self._issuer[place]
