"""Checklists with what only the runs know: how many stamps were ordered for a batch. For the desk and the API."""

import uuid
from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from temthat_stamps.runs.records import Run
from temthat_trace.completeness.checklist import Checked, check
from temthat_trace.completeness.facts import Facts

_CHUNK = 400


def checked(session: Session, found: Iterable[Facts]) -> list[Checked]:
    """The lists of these facts, in their order."""
    facts = list(found)
    ids = [f.batch.id for f in facts if f.batch]
    ordered: dict[uuid.UUID, int] = {}
    for start in range(0, len(ids), _CHUNK):
        some = Run.batch_id.in_(ids[start : start + _CHUNK])
        query = select(Run.batch_id, func.sum(Run.count)).where(some).group_by(Run.batch_id)
        ordered |= {batch_id: int(count) for batch_id, count in session.execute(query)}
    return [
        check(replace(f, batch=replace(f.batch, stamps=ordered.get(f.batch.id, 0))) if f.batch else f)
        for f in facts
    ]
