"""Checklists with what only the runs know: how many stamps were ordered for a batch. For the desk and the API."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from temthat_stamps.runs.records import Run
from temthat_trace.completeness.checklist import Checked, check
from temthat_trace.completeness.facts import Facts
from temthat_trace.lineage.among import among


def checked(session: Session, found: Iterable[Facts]) -> list[Checked]:
    """The lists of these facts, in their order."""
    facts = list(found)
    ids = [f.batch.id for f in facts if f.batch]
    query = select(Run.batch_id, func.sum(Run.count)).where(among(session, Run.batch_id, ids))
    rows = session.execute(query.group_by(Run.batch_id))
    ordered = {batch_id: int(count) for batch_id, count in rows}
    return [
        check(replace(f, batch=replace(f.batch, stamps=ordered.get(f.batch.id, 0))) if f.batch else f)
        for f in facts
    ]
