"""Putting statements into the log's table: in the caller's transaction, one after the other, never dated back."""

import datetime as dt
import uuid
from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from temthat_stamps.errors import Fault, TrustError
from temthat_stamps.log.records import LogEntry
from temthat_stamps.logged import LogOpened, Stated
from temthat_stamps.signer import Signer
from temthat_stamps.statement import StatementType, sign_statement

BACKDATED = dt.timedelta(days=7)
"""How far behind the newest date in the log a statement's own date may lie: time to carry a file from a village."""
AHEAD = dt.timedelta(minutes=10)
"""How far a statement's date may lie ahead of the service's clock."""


class BadDate(TrustError):
    """A statement is dated too far back or ahead; order in the log is what counts, dates must not contradict it."""


def append(
    session: Session,
    stated: Stated,
    envelope: bytes,
    operator: Signer,
    now: dt.datetime,
    party_id: uuid.UUID | None,
) -> int:
    """Add an entry; its index. The caller holds the lock that puts writers in order, and commits.

    Opens the log with the operator's first entry if nobody did. Raises `BadDate`.
    """
    ensure_open(session, stated.origin, operator, now)
    newest, index = _end(session)
    check_date(stated.at, newest, now)
    session.add(
        LogEntry(
            index=index,
            kind=stated.body()["type"],
            party_id=party_id,
            at=max(newest, stated.at),
            envelope=envelope,
        )
    )
    session.flush()
    return index


def ensure_open(session: Session, origin: str, operator: Signer, now: dt.datetime) -> None:
    """Write entry 0 if it is not there: whose log this is, and how many entries are older than it."""
    if session.get(LogEntry, 0) is not None:
        return
    older = session.scalar(select(func.count()).select_from(LogEntry)) or 0
    opened = LogOpened(origin, operator.public_key, older, now)
    envelope = sign_statement(opened.body(), operator)
    session.add(LogEntry(index=0, kind=StatementType.LOG_OPENED.value, at=now, envelope=envelope))
    session.flush()


def check_date(at: dt.datetime, newest: dt.datetime, now: dt.datetime) -> None:
    """Raise `BadDate` for a statement that would contradict the order it is logged in."""
    if at < newest.replace(microsecond=0) - BACKDATED:
        raise BadDate(
            Fault.CLOCK,
            f"Văn bản ghi ngày {at:%d/%m/%Y}, sớm hơn quá {BACKDATED.days} ngày so với sổ công khai. Xem lại đồng hồ "
            "của máy rồi ký lại.",
            f"The statement is dated {at:%Y-%m-%d}, more than {BACKDATED.days} days before the log. Set the clock "
            "right and sign it again.",
        )
    if at > now + AHEAD:
        raise BadDate(
            Fault.CLOCK,
            "Văn bản ghi ngày giờ ở tương lai. Chỉnh lại đồng hồ của máy rồi ký lại.",
            "The statement is dated in the future. Set the clock right and sign it again.",
        )


def entry(session: Session, index: int) -> bytes:
    """An entry's bytes."""
    return session.get_one(LogEntry, index).envelope


def entries_from(session: Session, start: int, end: int | None = None) -> Iterator[bytes]:
    """Entries from `start` on, in order, streamed. Raises `TrustError` (our store) where one is missing."""
    query = select(LogEntry.index, LogEntry.envelope).where(LogEntry.index >= start).order_by(LogEntry.index)
    if end is not None:
        query = query.where(LogEntry.index < end)
    for expected, (index, envelope) in enumerate(
        session.execute(query.execution_options(yield_per=1000)), start
    ):
        if index != expected:
            raise TrustError(
                Fault.STORE,
                f"Sổ công khai thiếu mục {expected}: khôi phục cơ sở dữ liệu từ bản sao lưu.",
                f"Entry {expected} of the log is missing: restore the database from the backup.",
            )
        yield envelope


def size(session: Session) -> int:
    """How many entries there are; 0 while the log is not open."""
    return _end(session)[1] if session.get(LogEntry, 0) is not None else 0


def _end(session: Session) -> tuple[dt.datetime, int]:
    newest, last = session.execute(
        select(LogEntry.at, LogEntry.index).order_by(LogEntry.index.desc()).limit(1)
    ).one()
    return newest, last + 1
