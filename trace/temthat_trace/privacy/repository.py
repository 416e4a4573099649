"""Queries on members, their requests, and who looked. Whoever opened the session commits it."""

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from temthat_trace import formats
from temthat_trace.consent import Purpose, in_force
from temthat_trace.parties import Member
from temthat_trace.privacy.records import Ask, Handling, PersonalLook, PersonalRequest
from temthat_trace.privacy.working_days import due_day
from temthat_trace.repository import TraceRefused
from temthat_trace.search import fold

LISTED = 200
LOOKS = 50
LONGEST_ANSWER = 400


def members_of(session: Session, party: uuid.UUID, search: str = "") -> Sequence[Member]:
    """A party's members by code, those not erased; `search` needs no diacritics and looks at code and alias."""
    query = select(Member).where(Member.party_id == party, Member.erased_at.is_(None)).order_by(Member.code)
    wanted = fold(search)
    if not wanted:
        return session.scalars(query.limit(LISTED)).all()
    found = [m for m in session.scalars(query) if wanted in fold(f"{m.code} {m.alias} {m.full_name or ''}")]
    return found[:LISTED]


def alias_of_unnamed(session: Session, party: uuid.UUID, name: str) -> str | None:
    """The alias to use instead, if this is the full name of a member who did not agree to its being shown."""
    wanted = fold(name)
    if not wanted:
        return None
    named = select(Member).where(Member.party_id == party, Member.full_name.is_not(None))
    for member in session.scalars(named):
        if fold(member.full_name or "") == wanted and Purpose.SHOW_NAME not in in_force(member.consents):
            return member.alias
    return None


def count_members(session: Session, party: uuid.UUID) -> int:
    """How many members a party has, erased ones left out."""
    query = select(func.count(Member.id)).where(Member.party_id == party, Member.erased_at.is_(None))
    return session.scalar(query) or 0


def member_by_code(session: Session, party: uuid.UUID, code: str) -> Member | None:
    """The member with this code."""
    return session.scalar(select(Member).where(Member.party_id == party, Member.code == code))


def note(session: Session, member: Member, by: str, handling: Handling, now: dt.datetime) -> None:
    """Record that somebody looked at, exported or changed a member's data; a look once a day and person."""
    if handling is Handling.SEEN:
        day = dt.datetime.combine(formats.today(now), dt.time(), formats.VIETNAM)
        same = select(PersonalLook.id).where(
            PersonalLook.member_id == member.id,
            PersonalLook.at >= day,
            PersonalLook.by == by[:100],
            PersonalLook.act == Handling.SEEN,
        )
        if session.scalar(same.limit(1)) is not None:
            return
    session.add(PersonalLook(member_id=member.id, at=now, by=by[:100], act=handling))
    session.flush()


def looks_at(session: Session, member: Member, most: int = LOOKS) -> Sequence[PersonalLook]:
    """Who looked at or changed a member's data, the newest first."""
    query = select(PersonalLook).where(PersonalLook.member_id == member.id)
    return session.scalars(query.order_by(PersonalLook.at.desc(), PersonalLook.id.desc()).limit(most)).all()


def ask(
    session: Session, member: Member, what: Ask, asked_on: dt.date, by: str, now: dt.datetime
) -> PersonalRequest:
    """Record a member's request; the same one that is still open is not recorded twice.

    Raises `TraceRefused` for a day to come.
    """
    if asked_on > formats.today(now):
        raise TraceRefused(
            "Ngày yêu cầu không được ở sau hôm nay.", "The day of the request cannot be after today."
        )
    waiting = select(PersonalRequest).where(
        PersonalRequest.member_id == member.id,
        PersonalRequest.ask == what,
        PersonalRequest.answered_at.is_(None),
    )
    found = session.scalar(waiting)
    if found is not None:
        return found
    request = PersonalRequest(
        party_id=member.party_id, member_id=member.id, ask=what, asked_on=asked_on, due_on=due_day(asked_on),
        recorded_at=now, recorded_by=by[:100],
    )  # fmt: skip
    session.add(request)
    session.flush()
    return request


def answer(request: PersonalRequest, said: str, by: str, now: dt.datetime) -> None:
    """Close a request; one that is closed stays as it was answered."""
    if request.answered_at is None:
        request.answered_at, request.answered_by, request.answer = now, by[:100], said[:LONGEST_ANSWER]


def answer_all(session: Session, member: Member, what: Ask, said: str, by: str, now: dt.datetime) -> None:
    """Close a member's open requests of one kind: what they asked for was done."""
    query = select(PersonalRequest).where(PersonalRequest.member_id == member.id, PersonalRequest.ask == what)
    for request in session.scalars(query.where(PersonalRequest.answered_at.is_(None))):
        answer(request, said, by, now)


def open_requests(session: Session, party: uuid.UUID) -> Sequence[PersonalRequest]:
    """A party's requests that wait for an answer, those due first first."""
    query = select(PersonalRequest).where(
        PersonalRequest.party_id == party, PersonalRequest.answered_at.is_(None)
    )
    query = query.order_by(PersonalRequest.due_on, PersonalRequest.id)
    return session.scalars(query.options(joinedload(PersonalRequest.member))).all()


def requests_of(session: Session, member: Member) -> Sequence[PersonalRequest]:
    """Everything a member asked for, the newest first."""
    query = select(PersonalRequest).where(PersonalRequest.member_id == member.id)
    return session.scalars(query.order_by(PersonalRequest.id.desc())).all()
