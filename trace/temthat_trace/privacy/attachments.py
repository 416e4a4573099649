"""Attachments that nothing refers to any more."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from temthat_trace.database import Base
from temthat_trace.papers import Attachment


def references() -> list[sa.Column[str]]:
    """Every column of the house that names an attachment; read from the tables, so that none is ever forgotten."""
    return [
        column
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if any(key.target_fullname == "attachment.digest" for key in column.foreign_keys)
    ]


def drop_unused(session: Session, digests: Iterable[str]) -> int:
    """Delete those of these attachments that no record names; gives how many. The session must have been flushed."""
    wanted = sorted(set(digests))
    if not wanted:
        return 0
    used = {
        digest
        for column in references()
        for digest in session.scalars(sa.select(column).where(column.in_(wanted)).distinct())
    }
    unused = [digest for digest in wanted if digest not in used]
    if unused:
        session.execute(sa.delete(Attachment).where(Attachment.digest.in_(unused)))
    return len(unused)
