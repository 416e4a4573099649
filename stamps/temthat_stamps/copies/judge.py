"""The copy judge: facts about one stamp's history in, an opinion out. The judge of this version has none.

`suspect_copy` comes from here and from nowhere else. A judge speaks of the code, never of the pack in hand; it never
sees an address, and it may not write: what it needs later is added to the stamp's own constant-size state.
"""

import datetime as dt
from typing import Protocol

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


class CopyJudge(Protocol):
    """Judges whether a history fits copying better than ordinary use."""

    def judge(self, history: CheckHistory, run: RunOutline) -> CopyOpinion:
        """The opinion; pure and quick, it stands in the way of every answer."""
        ...


class NoJudge:
    """Never suspects: the honest answer while nothing has been measured."""

    def judge(self, history: CheckHistory, run: RunOutline) -> CopyOpinion:
        """No opinion."""
        return _NONE
