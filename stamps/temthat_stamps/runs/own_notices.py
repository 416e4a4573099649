"""Notices that an issuer who keeps its own keys is asked to sign at home, and the void that a reprint needs."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_stamps.custody.order import Request
from temthat_stamps.errors import BadStatement
from temthat_stamps.ledger.claims import ledger_of
from temthat_stamps.ledger.ledger import State
from temthat_stamps.ledger.records import Reprint
from temthat_stamps.notice import IssuedNotice, Notice, stamps_target
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.notices import next_notice
from temthat_stamps.runs.records import Run
from temthat_stamps.runs.registry import Registry
from temthat_stamps.verdict import NoticeKind
from temthat_trace.parties import Party


def notice_request(
    session: Session,
    registry: Registry,
    party: Party,
    target: str,
    kind: NoticeKind,
    reason: str,
    more: Sequence[str] = (),
) -> Request:
    """A notice for a party to sign at home: its turn among those on its target. Raises `RunRefused`.

    `more`: other targets that the same is said of, in one file.
    """
    first, *others = (_asked(session, registry, party, name, kind, reason) for name in (target, *more))
    return Request(first, tuple(others))


def void_for(session: Session, registry: Registry, run: Run) -> IssuedNotice | None:
    """The notice that is signed with a reprint's order; None for a run that replaces nothing. Raises `RunRefused`."""
    if run.replaces_run is None or run.replaces_first is None or run.replaces_last is None:
        return None
    reason = session.scalar(select(Reprint.reason).where(Reprint.new_run == run.run).limit(1))
    target = stamps_target(run.replaces_run, run.replaces_first, run.replaces_last)
    return _asked(session, registry, run.party, target, NoticeKind.VOID, reason or "other")


def are_void(session: Session, run: Run) -> bool:
    """Whether what a run replaces is void, and replaced by nothing else; true of a run that replaces nothing."""
    if run.replaces_run is None or run.replaces_first is None or run.replaces_last is None:
        return True
    old = ledger_of(session, session.get_one(Run, run.replaces_run))
    return all(part.state is State.VOID for part in old.within(run.replaces_first, run.replaces_last))


def _asked(
    session: Session, registry: Registry, party: Party, target: str, kind: NoticeKind, reason: str
) -> IssuedNotice:
    try:
        asked = IssuedNotice.parse(
            Notice(target, 1, kind, reason, registry.now()).body(registry.origin, str(party.id))
        )
    except BadStatement as error:
        raise RunRefused(f"Không ra được thông báo này: {error}.", f"No such notice: {error}.") from error
    return replace(asked, notice=next_notice(session, asked.notice, party))
