"""Forgetting the words behind runs: their commitments stay in the log, and nothing opens them any more."""

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_stamps.runs.records import Run
from temthat_trace.batches import Batch


def forget_names(session: Session, member: uuid.UUID) -> int:
    """Drop the salts of all logged runs of a member's own batches; gives how many runs lost theirs.

    Issuer, product, pack form and lot of these runs are then missing from the next offline bundle: a scanner still
    judges their stamps and no longer tells these words. Log, audit and shards are untouched. Two kinds of run keep
    theirs: an order that its issuer has not signed yet, for the signature needs it; and a run of the GS1 form, for the
    lot is printed on every stamp and offline the printed address is compared with it.
    """
    query = (
        select(Run)
        .join(Batch, Batch.id == Run.batch_id)
        .where(Batch.member_id == member, Run.salt.is_not(None), Run.log_index.is_not(None), ~Run.gs1)
    )
    runs = session.scalars(query).all()
    for run in runs:
        run.salt = None
    session.flush()
    return len(runs)
