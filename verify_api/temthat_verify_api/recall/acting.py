"""Holding and recalling what a drill found: one signed notice on each root, or a file for whoever signs at home."""

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from temthat_stamps.custody.order import Request
from temthat_stamps.manifest import Custody
from temthat_stamps.notice import batch_target
from temthat_stamps.runs.custody import delegated_key
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.notices import notify_batch
from temthat_stamps.runs.own_notices import notice_request
from temthat_stamps.runs.records import NoticeRecord
from temthat_stamps.runs.registry import Registry
from temthat_stamps.verdict import NoticeKind
from temthat_trace.batches import Batch
from temthat_trace.parties import Party
from temthat_verify_api.recall.reach import Reach, batches_by_id, standing_on

REASONS = ("contamination", "input_recalled", "paper_withdrawn", "mislabelled", "complaint", "under_inspection",
           "ordered_by_authority", "other")  # fmt: skip
MOST_NOTICES = 100
"""Notices of one yes; a suspicion with more roots than that has to be made narrower."""


def left_to_tell(db: Session, reach: Reach, kind: NoticeKind) -> list[Batch]:
    """The roots on which such a notice says something new. Raises `RunRefused` if there is none, or too many.

    A hold after a recall would be milder, and the same once more says nothing.
    """
    if not 0 < len(reach.roots) <= MOST_NOTICES or reach.cut:
        raise RunRefused(
            f"Nhiều hơn {MOST_NOTICES} lô gốc, hoặc danh sách chưa đủ. Hãy thu hẹp rồi làm từng phần. Chưa có gì thay "
            "đổi.",
            f"More than {MOST_NOTICES} roots, or the list is not whole. Make it narrower and do it in parts. Nothing "
            "was changed.",
        )
    standing = standing_on(db, reach.roots)
    left = [root for root in reach.roots if standing.get(root) not in (kind, NoticeKind.RECALL)]
    if not left:
        raise RunRefused(
            "Các lô này đã có thông báo như vậy hoặc nặng hơn.",
            "These batches have such a notice already, or a graver one.",
        )
    return batches_by_id(db, left)


def give_notice(
    db: Session, registry: Registry, roots: Sequence[Batch], kind: NoticeKind, reason: str, by: Party
) -> list[NoticeRecord]:
    """A notice on each of these. Raises `RunRefused`; the caller commits, all or none."""
    return [notify_batch(db, registry, batch, kind, reason, by) for batch in roots]


def ask_to_sign(
    db: Session, registry: Registry, roots: Sequence[uuid.UUID], kind: NoticeKind, reason: str, by: Party
) -> Request:
    """The same for an issuer that keeps its own key, to be signed at home in one file. Raises `RunRefused`."""
    first, *more = map(batch_target, roots)
    return notice_request(db, registry, by, first, kind, reason, more)


def signs_at_home(db: Session, party: Party, now: dt.datetime) -> bool:
    """Whether the service cannot sign for that party."""
    key = delegated_key(db, party, now)
    return key is not None and key.custody is Custody.OWN
