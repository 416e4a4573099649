"""Run numbers: rising in log order, but for blocks reserved for issuers that sign without a network."""

from bisect import bisect_left, insort
from operator import itemgetter

from temthat_stamps.log.finding import Breach, FindingCode
from temthat_stamps.logged import Block

AHEAD = 2_000
"""How far beyond the highest number given or lent the next may lie. The service passes over none; without a bound one
statement could use up every number there is, for everybody and for ever."""


class Blocks:
    """The blocks reserved so far, and the highest number given outside them.

    Rising numbers are what lets a bundle say “complete up to run R”: no lower one can appear later.
    """

    def __init__(self) -> None:
        self._blocks: list[tuple[int, int, str]] = []
        self.highest = 0

    def reserve(self, stated: Block) -> None:
        """Take a block. Raises `Breach` where any of its numbers is used, passed over, or reserved."""
        position = bisect_left(self._blocks, stated.first, key=itemgetter(0))
        before = self._blocks[position - 1][1] if position else 0
        after = self._blocks[position][0] if position < len(self._blocks) else stated.last + 1
        if stated.first <= max(self.highest, before) or stated.last >= after:
            raise Breach(FindingCode.BLOCK_TAKEN, first=stated.first, last=stated.last)
        self._check_near(stated.last)
        insort(self._blocks, (stated.first, stated.last, stated.issuer))

    def check(self, run: int, issuer: str) -> None:
        """Raise `Breach` unless this issuer may use the number next."""
        owner = self._owner(run)
        if owner is None and run <= self.highest:
            raise Breach(FindingCode.RUN_OUT_OF_ORDER, run=run, highest=self.highest)
        if owner not in (None, issuer):
            raise Breach(FindingCode.BLOCK_OF_ANOTHER, run=run, owner=owner)
        self._check_near(run)

    def use(self, run: int) -> None:
        """Note that a number is used."""
        if self._owner(run) is None:
            self.highest = run

    def _check_near(self, run: int) -> None:
        highest = max(self.highest, self._blocks[-1][1] if self._blocks else 0)
        if run > highest + AHEAD:
            raise Breach(FindingCode.RUN_FAR_AHEAD, run=run, highest=highest)

    def _owner(self, run: int) -> str | None:
        position = bisect_left(self._blocks, run + 1, key=itemgetter(0)) - 1
        if position < 0 or run > self._blocks[position][1]:
            return None
        return self._blocks[position][2]
