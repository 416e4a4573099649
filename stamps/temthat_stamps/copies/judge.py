"""The copy judge: facts about one stamp's history in, an opinion out.

`suspect_copy` comes from here and from nowhere else. A judge speaks of the code, never of the pack in hand; it never
sees an address, and it may not write: what it needs later is added to the stamp's own constant-size state.
"""

import datetime as dt
from functools import lru_cache
from typing import Protocol

from temthat_stamps.copies.events import tag_of
from temthat_stamps.copies.opinion import chance, opinion
from temthat_stamps.copies.state import State
from temthat_stamps.copies.stored import Scoring
from temthat_stamps.verdict import CopyOpinion, Mark

_NONE = CopyOpinion()


class CheckHistory(Protocol):
    """What is known of one stamp's checks before this one; days and provinces only."""

    @property
    def checks(self) -> int:
        """How many."""
        ...

    @property
    def first(self) -> Mark | None:
        """The first check."""
        ...

    @property
    def last(self) -> Mark | None:
        """The last one."""
        ...

    @property
    def sold(self) -> Mark | None:
        """The recorded sale."""
        ...

    @property
    def copying(self) -> State | None:
        """What the copy model remembers of them."""
        ...


class RunOutline(Protocol):
    """What a judge may know of the run: how large it is, when and where it began its way."""

    @property
    def run(self) -> int:
        """The run's number."""
        ...

    @property
    def count(self) -> int:
        """How many stamps it has."""
        ...

    @property
    def registered_at(self) -> dt.datetime:
        """When it was registered."""
        ...

    @property
    def province(self) -> str:
        """Where its issuer is; empty if that is not known."""
        ...

    @property
    def scoring(self) -> Scoring:
        """By what its stamps are scored."""
        ...

    @property
    def copy_shift(self) -> int:
        """What its other stamps add to a score now, in thousandths of a nat (`neighbours`)."""
        ...


class CopyJudge(Protocol):
    """Judges whether a history fits copying better than ordinary use."""

    def judge(self, history: CheckHistory, run: RunOutline, receipt: bytes | None = None) -> CopyOpinion:
        """The opinion; pure and quick, it stands in the way of every answer. `receipt`: of the phone that asks."""
        ...


class NoJudge:
    """Never suspects: the answer where no history is kept."""

    def judge(self, history: CheckHistory, run: RunOutline, receipt: bytes | None = None) -> CopyOpinion:
        """No opinion."""
        return _NONE


class ScoreJudge:
    """Suspects by the score that the copy model keeps of each stamp (docs/copies.md).

    Whoever entered the right PIN first has the pack in hand: that phone is told of no suspicion.
    """

    def judge(self, history: CheckHistory, run: RunOutline, receipt: bytes | None = None) -> CopyOpinion:
        """The opinion."""
        state = history.copying
        if state is None:
            return _NONE
        thresholds = run.scoring.model.habits.thresholds
        score = state.score + run.copy_shift
        if not state.suspect_at and score < 1_000 * thresholds.suspect:
            return _unsuspected(score, thresholds.one_in)
        if receipt is not None and state.pin and state.pin == tag_of(receipt.hex()):
            return _unsuspected(score, thresholds.one_in)
        return opinion(state, thresholds, run.copy_shift)


@lru_cache(maxsize=4_000)
def _unsuspected(score: int, one_in: int) -> CopyOpinion:
    """Rounded, so that the many stamps that nothing is held against have one opinion, and one verdict to remember."""
    return CopyOpinion(False, round(chance(score, one_in), 2))
