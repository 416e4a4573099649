"""Which batches are held or recalled, by a notice of their own or by one on what they were made from."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from temthat_stamps.notice import batch_target
from temthat_stamps.runs.notices import notices_on_each
from temthat_stamps.verdict import NoticeKind


@dataclass(frozen=True, slots=True)
class Standing:
    """The gravest notice in force. `own`: on the batch itself, else on what it was made from."""

    kind: NoticeKind
    own: bool


def standing_of(db: Session, batches: Iterable[uuid.UUID]) -> dict[uuid.UUID, Standing]:
    """What stands on each of these; batches that nothing stands on are left out."""
    found = {}
    for batch, notices in notices_on_each(db, batches).items():
        recalled = [n for n in notices if n.kind is NoticeKind.RECALL]
        own = any(n.target == batch_target(batch) for n in recalled or notices)
        found[batch] = Standing(NoticeKind.RECALL if recalled else NoticeKind.HOLD, own)
    return found
