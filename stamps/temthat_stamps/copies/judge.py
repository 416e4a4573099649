"""The copy judge: facts about one stamp's history in, an opinion out. The judge of this version has none.

`suspect_copy` comes from here and from nowhere else. A judge speaks of the code, never of the pack in hand; it never
sees an address, and it may not write: what it needs later is added to the stamp's own constant-size state.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from temthat_stamps.verdict import CopyOpinion, Mark


@dataclass(frozen=True, slots=True)
class CheckHistory:
    """What is known of one stamp's checks before this one; days and provinces only."""

    checks: int = 0
    first: Mark | None = None
    last: Mark | None = None
    sold: Mark | None = None


@dataclass(frozen=True, slots=True)
class RunOutline:
    """What a judge may know of the run: how large it is, when and where it began its way."""

    run: int
    count: int
    registered_at: dt.datetime
    province: str = ""


class CopyJudge(Protocol):
    """Judges whether a history fits copying better than ordinary use."""

    def judge(self, history: CheckHistory, run: RunOutline) -> CopyOpinion:
        """The opinion; pure and quick, it stands in the way of every answer."""
        ...


class NoJudge:
    """Never suspects: the honest answer while nothing has been measured."""

    def judge(self, history: CheckHistory, run: RunOutline) -> CopyOpinion:
        """No opinion."""
        return CopyOpinion()
