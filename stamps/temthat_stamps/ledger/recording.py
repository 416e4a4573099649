"""Recording what became of stamps: applied, spoiled, returned, lost. Applied is told, the rest are signed notices.

A clerk names stretches as they lie at hand; stamps in them that cannot go that way (a sheet half used before it was
spoiled) are left out, and told so before anything is written.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from temthat_stamps.custody.order import Request
from temthat_stamps.ledger.claims import ledger_of
from temthat_stamps.ledger.ledger import Ledger, State, Stretch, state_words
from temthat_stamps.ledger.records import Act, LedgerAct
from temthat_stamps.ledger.sheets import MOST_PARTS
from temthat_stamps.notice import stamps_target
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.notices import check_logged, notify_stamps
from temthat_stamps.runs.own_notices import notice_request
from temthat_stamps.runs.records import Run
from temthat_stamps.runs.registry import Registry
from temthat_stamps.runs.revision import bump_revision, hold_revision
from temthat_stamps.verdict import NoticeKind
from temthat_trace import formats


class Fate(StrEnum):
    """What a clerk can record."""

    APPLIED = "applied"
    SPOILED = "spoiled"
    RETURNED = "returned"
    LOST = "lost"


_FROM = {
    Fate.APPLIED: frozenset({State.PRINTED, State.IN_FILE}),
    Fate.SPOILED: frozenset({State.PRINTED, State.IN_FILE}),
    Fate.RETURNED: frozenset({State.PRINTED, State.APPLIED}),
    Fate.LOST: frozenset({State.PRINTED, State.IN_FILE, State.APPLIED, State.RETURNED, State.SPOILED}),
}
"""From which states: stamps on goods are not spoiled sheets, and what is void stays void."""

REASONS = {
    Fate.APPLIED: (),
    Fate.SPOILED: ("spoiled_sheet", "misprint"),
    Fate.RETURNED: ("returned",),
    Fate.LOST: ("lost_in_transit", "stolen"),
}
"""Reason codes of the notice, the usual one first."""

_KINDS = {Fate.SPOILED: NoticeKind.SPOILED, Fate.RETURNED: NoticeKind.RETURNED, Fate.LOST: NoticeKind.LOST}


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be recorded of the stamps named, and what of them is left out as it is."""

    fate: Fate
    taken: tuple[Stretch, ...]
    left_out: tuple[Stretch, ...]

    @property
    def count(self) -> int:
        """Stamps to be recorded."""
        return sum(stretch.count for stretch in self.taken)

    @property
    def stretches(self) -> list[tuple[int, int]]:
        """First and last serials, neighbours of different states joined."""
        joined: list[tuple[int, int]] = []
        for stretch in self.taken:
            if joined and joined[-1][1] + 1 == stretch.first:
                joined[-1] = (joined[-1][0], stretch.last)
            else:
                joined.append((stretch.first, stretch.last))
        return joined


def plan(ledger: Ledger, fate: Fate, stretches: Iterable[tuple[int, int]]) -> Plan:
    """Sort the named stamps into those that can go that way and the others. Raises `RunRefused` when none can."""
    taken: list[Stretch] = []
    left_out: list[Stretch] = []
    for first, last in stretches:
        if not 1 <= first <= last <= ledger.count:
            raise RunRefused(
                f"Đợt in {ledger.run} chỉ có tem 1 đến {formats.number(ledger.count)}.",
                f"Run {ledger.run} has stamps 1 to {formats.number(ledger.count, 'en')} only.",
            )
        for part in ledger.within(first, last):
            (taken if part.state in _FROM[fate] else left_out).append(part)
    found = Plan(fate, tuple(taken), tuple(left_out))
    if not taken:
        vi, en = (", ".join(_told(part, lang) for part in left_out[:5]) for lang in ("vi", "en"))
        raise RunRefused(f"Không có tem nào ghi được như vậy: {vi}.", f"No stamp can be recorded so: {en}.")
    if len(found.stretches) > MOST_PARTS:
        raise RunRefused(
            f"Số tem này nằm rải rác thành hơn {MOST_PARTS} khoảng. Hãy ghi làm nhiều lần.",
            f"These stamps lie in more than {MOST_PARTS} stretches. Record them in several goes.",
        )
    return found


def record(
    session: Session,
    registry: Registry,
    run: Run,
    fate: Fate,
    stretches: Sequence[tuple[int, int]],
    by: str,
    reason: str = "",
) -> Plan:
    """Record exactly these stamps, as `plan` gave them. `by`: who, `reason`: a code of `REASONS`. The caller commits.

    Raises `RunRefused` when meanwhile one of them cannot go that way any more; then nothing changed.
    """
    bump_revision(session)  # the ledger is read and written with nobody in between
    found, reason = _exactly(session, run, fate, stretches, reason)
    for first, last in found.stretches:
        if fate is Fate.APPLIED:
            act = LedgerAct(run=run.run, first=first, last=last, act=Act.APPLIED, at=registry.now(), by=by)
            session.add(act)
        else:
            notify_stamps(session, registry, run, first, last, _KINDS[fate], reason, run.party)
    session.flush()
    return found


def note_applied(session: Session, run: Run, serials: Iterable[int], at: dt.datetime, by: str) -> Ledger:
    """Record those of single stamps that can be applied, neighbours as one stretch; the ledger as it was before.

    For what a packing line tells, often: no cache has to know of it. The caller commits. Raises `RunRefused`.
    """
    hold_revision(session)  # the ledger is read and written with nobody in between
    check_logged(run)
    ledger = ledger_of(session, run)
    first = last = 0
    stretches: list[tuple[int, int]] = []
    for serial in sorted(set(serials)):
        if state_of(ledger, serial) not in _FROM[Fate.APPLIED]:
            continue
        if first and serial == last + 1:
            last = serial
            continue
        if first:
            stretches.append((first, last))
        first = last = serial
    if first:
        stretches.append((first, last))
    for first, last in stretches:
        session.add(LedgerAct(run=run.run, first=first, last=last, act=Act.APPLIED, at=at, by=by))
    session.flush()
    return ledger


def state_of(ledger: Ledger, serial: int) -> State:
    """One stamp's state."""
    return next(ledger.within(serial, serial)).state


def can_go(ledger: Ledger, fate: Fate, serial: int) -> bool:
    """Whether a stamp can go that way from the state it is in."""
    return state_of(ledger, serial) in _FROM[fate]


def ask_to_sign(
    session: Session,
    registry: Registry,
    run: Run,
    fate: Fate,
    stretches: Sequence[tuple[int, int]],
    reason: str = "",
) -> Request:
    """The same for an issuer that keeps its own keys: the notices to sign. Nothing counts until they come back signed.

    Raises as `record`; for `Fate.APPLIED`, which nobody signs, ValueError.
    """
    if fate is Fate.APPLIED:
        raise ValueError("that stamps were applied is told, not signed")
    found, reason = _exactly(session, run, fate, stretches, reason)
    target, *more = (stamps_target(run.run, first, last) for first, last in found.stretches)
    return notice_request(session, registry, run.party, target, _KINDS[fate], reason, more)


def _exactly(
    session: Session, run: Run, fate: Fate, stretches: Sequence[tuple[int, int]], reason: str
) -> tuple[Plan, str]:
    """All of these stamps, and the reason code. Raises `RunRefused` if one of them cannot go that way."""
    check_logged(run)
    found = plan(ledger_of(session, run), fate, stretches)
    if found.left_out:
        raise RunRefused(
            "Sổ tem vừa thay đổi. Hãy xem lại những tem sẽ ghi rồi bấm lần nữa.",
            "The ledger has just changed. Look at what will be recorded and confirm again.",
        )
    reason = reason or next(iter(REASONS[fate]), "")
    if reason and reason not in REASONS[fate]:
        raise RunRefused(f"Không có mã lý do “{reason}” ở đây.", f"There is no reason code “{reason}” here.")
    return found, reason


def _told(part: Stretch, lang: str) -> str:
    word = "tem" if lang == "vi" else "stamps"
    return f"{word} {part.label(lang)} {state_words(part.state, lang)}"
