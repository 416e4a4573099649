"""Notices: what is withdrawn, held, lost or recalled, and which of them stand.

A notice is one row and one signed statement, never a flag. Notices for one target are numbered from 1 without gaps;
the highest wins, and a lift ends what stood before it.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from temthat_stamps.code import RUN_MAX, SERIAL_MAX
from temthat_stamps.errors import BadStatement
from temthat_stamps.fields import Fields, instant
from temthat_stamps.statement import StatementType, begin
from temthat_stamps.verdict import HANOI, NoticeKind, StandingNotice

REASONS = frozenset(
    {
        "contamination",
        "mislabelled",
        "paper_withdrawn",
        "input_recalled",
        "key_compromised",
        "misprint",
        "spoiled_sheet",
        "lost_in_transit",
        "stolen",
        "returned",
        "under_inspection",
        "complaint",
        "ordered_by_authority",
        "resolved",
        "other",
    }
)
"""Reason codes; there is no free text in a signed notice. Words for people are in texts.json."""

NEEDS_SECOND_SIGNER = frozenset({NoticeKind.RECALL, NoticeKind.LIFT})
"""An issuer alone may void, report lost, spoiled or returned, or hold; these need the province as well."""

_GRAVITY = {
    NoticeKind.LIFT: 0,
    NoticeKind.HOLD: 1,
    NoticeKind.SPOILED: 1,
    NoticeKind.RETURNED: 1,
    NoticeKind.RECALL: 3,
}
"""How grave a notice is; what is not listed (void, lost, revocation) stands between."""


def needs_second_signer(kind: NoticeKind, standing: NoticeKind | None, *, applied: bool = False) -> bool:
    """Whether this kind, after the notice `standing` on the same target, needs the province's signature as well.

    The highest number wins, so a milder notice lifts a graver one in all but name. `applied`: some of the stamps are
    known to be on goods already; to void those is to withdraw goods.
    """
    if kind in NEEDS_SECOND_SIGNER or (kind is NoticeKind.VOID and applied):
        return True
    return standing is not None and _GRAVITY.get(kind, 2) < _GRAVITY.get(standing, 2)


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice. `target` is made by the functions below; `run`, `first`, `last` are set for stamps and runs."""

    target: str
    number: int
    kind: NoticeKind
    reason: str
    at: dt.datetime
    run: int | None = None
    first: int | None = None
    last: int | None = None

    @property
    def scope(self) -> str:
        """What it speaks of: stamps, run, batch or key."""
        return self.target.partition(":")[0]

    @property
    def name(self) -> str:
        """The target without its scope: a batch's or key's id."""
        return self.target.partition(":")[2]

    def body(self, origin: str, issuer: str) -> dict[str, Any]:
        """The statement's JSON object."""
        return begin(StatementType.NOTICE, origin) | {
            "issuer": issuer,
            "target": self.target,
            "number": self.number,
            "kind": self.kind.value,
            "reason": self.reason,
            "at": instant(self.at),
        }


@dataclass(frozen=True, slots=True)
class IssuedNotice:
    """A notice as its statement gives it: into which log, by whom."""

    origin: str
    issuer: str
    notice: Notice

    @property
    def at(self) -> dt.datetime:
        """When it was stated."""
        return self.notice.at

    def body(self) -> dict[str, Any]:
        """The statement's JSON object."""
        return self.notice.body(self.origin, self.issuer)

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a body. Raises `BadStatement`."""
        f = Fields(body)
        target = f.text("target")
        reason = f.text("reason")
        if reason not in REASONS:
            raise BadStatement(f"there is no reason code “{reason}”")
        run, first, last = _parse_target(target)
        notice = Notice(
            target,
            f.count("number", 1),
            f.word("kind", NoticeKind),
            reason,
            f.instant("at"),
            run,
            first,
            last,
        )
        return cls(f.text("origin"), f.identity("issuer"), notice)


_TARGET = re.compile(
    r"stamps:(?P<of>[1-9][0-9]{0,8}):(?P<first>[1-9][0-9]{0,7})-(?P<last>[1-9][0-9]{0,7})"
    r"|run:(?P<run>[1-9][0-9]{0,8})"
    r"|batch:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|key:[0-9a-f]{64}",
    re.ASCII,
)


def _parse_target(target: str) -> tuple[int | None, int | None, int | None]:
    """Run, first and last serial of a target, as far as it has them; one spelling for each target."""
    match = _TARGET.fullmatch(target)
    if match is None:
        raise BadStatement(f"“{target}” is no target of a notice")
    run = int(match["of"] or match["run"] or 0) or None
    if match["of"] is None:
        first = last = None
        right = run is None or run <= RUN_MAX
    else:
        first, last = int(match["first"]), int(match["last"])
        right = int(match["of"]) <= RUN_MAX and first <= last <= SERIAL_MAX
    if not right:
        raise BadStatement(f"“{target}” is no target of a notice")
    return run, first, last


def stamps_target(run: int, first: int, last: int) -> str:
    """A stretch of serials of one run, both ends included."""
    return f"stamps:{run}:{first}-{last}"


def run_target(run: int) -> str:
    """A whole run."""
    return f"run:{run}"


def batch_target(batch_id: object) -> str:
    """A batch, and with it everything made from it."""
    return f"batch:{batch_id}"


def key_target(key_id: str) -> str:
    """A stamp key and every stamp it signed."""
    return f"key:{key_id}"


def in_force(notices: Iterable[Notice]) -> list[Notice]:
    """The notices that stand: the highest of each target, unless it is a lift. In order of time."""
    highest: dict[str, Notice] = {}
    for notice in notices:
        known = highest.get(notice.target)
        if known is None or notice.number > known.number:
            highest[notice.target] = notice
    return sorted(
        (n for n in highest.values() if n.kind is not NoticeKind.LIFT), key=lambda n: (n.at, n.target)
    )


def standing(notices: Iterable[Notice], serial: int) -> tuple[StandingNotice, ...]:
    """Of notices in force that concern a run, those that apply to one of its serials."""
    return tuple(
        StandingNotice(n.kind, n.reason, n.at.astimezone(HANOI).date())
        for n in notices
        if n.first is None or n.last is None or n.first <= serial <= n.last
    )
