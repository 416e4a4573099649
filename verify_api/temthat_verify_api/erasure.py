"""Erasing a member across the whole service: its records, the words behind its runs, uploads that still name it."""

import datetime as dt

from sqlalchemy import delete
from sqlalchemy.orm import Session

from temthat_stamps.runs.forgetting import forget_names
from temthat_stamps.runs.revision import bump_revision
from temthat_trace.parties import Member
from temthat_trace.privacy.erasing import Diary, Erased, erase
from temthat_verify_api.accounts import WorkbookImport


def erase_member(
    session: Session, member: Member, by: str, now: dt.datetime, diary: Diary, *, run_names: bool = False
) -> Erased:
    """Erase a member as `privacy.erasing.erase` does, and what the service itself keeps of it; the caller commits.

    Workbooks that its party uploaded go with their reports, which may quote its cells; what was applied stays applied.
    `run_names`: forget the words behind the runs of its batches too. Raises `TraceRefused` if it was done before.
    """
    done = erase(session, member, by, now, diary)
    session.execute(delete(WorkbookImport).where(WorkbookImport.party_id == member.party_id))
    bump_revision(session)  # so that the very next page of a stamp tells nothing of it
    if run_names:
        forget_names(session, member.id)
    return done
