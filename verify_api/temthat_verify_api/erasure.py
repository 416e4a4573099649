"""Erasing a member across the whole service: its records, the words behind its runs, uploads that still name it.

What was erased is also noted in a file of the data folder, by opaque ids: a backup that is older than an erasure brings
the member back, and a restore erases again what stands in that file.
"""

import datetime as dt
import json
import os
import threading
import uuid
from pathlib import Path

from sqlalchemy import delete, event
from sqlalchemy.orm import Session

from temthat_stamps.files import replace_file
from temthat_stamps.runs.forgetting import forget_names
from temthat_stamps.runs.revision import bump_revision
from temthat_trace.parties import Member
from temthat_trace.privacy.erasing import Diary, Erased, erase
from temthat_verify_api.accounts import WorkbookImport

JOURNAL = "erased.jsonl"
"""In the data folder: one line of JSON for each member erased, with what was asked for."""
_writing = threading.Lock()


def erase_member(
    session: Session, member: Member, by: str, now: dt.datetime, diary: Diary, data_dir: Path, *,
    run_names: bool = False,
) -> Erased:  # fmt: skip
    """Erase a member as `privacy.erasing.erase` does, and what the service itself keeps of it; the caller commits.

    Workbooks that its party uploaded go with their reports, which may quote its cells; what was applied stays applied.
    `run_names`: forget the words behind the runs of its batches too. Raises `TraceRefused` if it was done before.
    """
    line = {"member": str(member.id), "at": now.isoformat(), "diary": diary.value, "run_names": run_names}
    done = _erase(session, member, by, now, diary, run_names=run_names)
    _note_at_commit(session, member, data_dir / JOURNAL, json.dumps(line))
    return done


def erase_again(session: Session, data_dir: Path) -> int:
    """After a restore: erase whom the journal names and the backup brought back; gives how many. The caller commits."""
    count = 0
    for line in read_journal(data_dir / JOURNAL):
        said = json.loads(line)
        member = session.get(Member, uuid.UUID(said["member"]))
        if member is not None and member.erased_at is None:
            at = dt.datetime.fromisoformat(said["at"])
            _erase(session, member, "restore", at, Diary(said["diary"]), run_names=said["run_names"])
            count += 1
    session.flush()
    return count


def read_journal(path: Path) -> list[str]:
    """The whole lines of a journal; one that a crash or a full disk cut off is left out."""
    if not path.exists():
        return []
    return [line for line in path.read_text("utf-8").splitlines() if _is_whole(line)]


def _is_whole(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def merge_journal(path: Path, place: Path) -> None:
    """Bring a backup's journal together with the one that is there: nobody's erasure is forgotten."""
    with _writing:
        there = read_journal(place)
        fresh = [line for line in read_journal(path) if line not in there]
        if fresh:
            place.parent.mkdir(parents=True, exist_ok=True)
            _replace(place, [*there, *fresh])


def _erase(
    session: Session, member: Member, by: str, now: dt.datetime, diary: Diary, *, run_names: bool
) -> Erased:
    done = erase(session, member, by, now, diary)
    session.execute(delete(WorkbookImport).where(WorkbookImport.party_id == member.party_id))
    bump_revision(session)  # so that the very next page of a stamp tells nothing of it
    if run_names:
        forget_names(session, member.id)
    return done


def _note_at_commit(session: Session, member: Member, journal: Path, line: str) -> None:
    """Write the line just before the erasure is committed, so that a full disk keeps both from happening.

    A commit that fails takes the line back; an erasure that was rolled back leaves none. Savepoints are neither.
    """
    is_waiting, is_written = True, False

    def write(_: Session) -> None:
        nonlocal is_waiting, is_written
        if is_waiting and not session.in_nested_transaction():
            is_waiting = False
            if member.erased_at is not None:
                _append(journal, line)
                is_written = True

    def settle(_: Session) -> None:
        nonlocal is_written
        if not session.in_nested_transaction():
            is_written = False

    def forget(_: Session) -> None:
        nonlocal is_waiting, is_written
        if session.in_nested_transaction():
            return
        is_waiting = False
        if is_written:
            is_written = False
            with _writing:
                _replace(journal, [kept for kept in read_journal(journal) if kept != line])

    event.listen(session, "before_commit", write)
    event.listen(session, "after_commit", settle)
    event.listen(session, "after_rollback", forget)


def _append(journal: Path, line: str) -> None:
    with _writing, journal.open("a+b") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":  # what was cut off stays a line of its own
                file.write(b"\n")
        file.write(f"{line}\n".encode())
        file.flush()
        os.fsync(file.fileno())


def _replace(journal: Path, lines: list[str]) -> None:
    replace_file(journal, "".join(f"{line}\n" for line in lines).encode())
