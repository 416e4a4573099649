"""Who stated what since when, so that a key's revocation can take back what it stated after its last good entry."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from enum import IntEnum


class What(IntEnum):
    """Kinds of statements that are taken back; the number filed with each names the run or notice."""

    RUN = 0
    NOTICE = 1
    ACTIVATION = 2


class Journal:
    """Statements in log order by the keys that were needed for them: 17 bytes each, in flat arrays."""

    def __init__(self) -> None:
        self._index = array("Q")
        self._signer = array("I")
        self._what = array("B")
        self._which = array("I")
        self._signers: dict[str, int] = {}

    def add(self, index: int, signer: str, what: What, which: int) -> None:
        """A statement at `index` that counts only while the key `signer` does."""
        self._index.append(index)
        self._signer.append(self._signers.setdefault(signer, len(self._signers)))
        self._what.append(what)
        self._which.append(which)

    def after(self, index: int, signer: str) -> Iterator[tuple[int, What, int]]:
        """(index, kind, run or notice) of what a key stated after `index`."""
        number = self._signers.get(signer)
        for place in range(bisect_right(self._index, index), len(self._index)):
            if self._signer[place] == number:
                yield self._index[place], What(self._what[place]), self._which[place]
