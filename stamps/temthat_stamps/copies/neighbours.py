"""What a run's other stamps say about one of them: a small, bounded change of the prior odds. Pure.

Copying comes in runs: who copied one stamp of a roll often copied several. But whoever can photograph a few stamps can
also make them suspect, so only stamps with physical evidence count, and all of them together change little.
"""

import math
from dataclasses import dataclass

from temthat_stamps.copies.habits import Thresholds

MOST = 1.0
"""Nats: at most e times as likely as a stamp of a run of which nothing is known."""
FEWEST = 3
"""Below this many stamps with physical evidence neighbours say nothing."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """A run in two counts, made each night: stamps checked at all, and those with physical evidence."""

    scanned: int = 0
    evident: int = 0

    def shift(self, thresholds: Thresholds) -> int:
        """Thousandths of a nat to add to the score of another stamp of the run: 0 to 1,000 times `MOST`."""
        if self.evident < FEWEST:
            return 0
        expected = self.scanned / thresholds.one_in
        surplus = math.log((self.evident + 1) / (expected + 1))
        return round(1_000 * min(MOST, max(0.0, surplus)))
