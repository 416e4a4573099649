"""Requests of members: due in working days, one of a kind open, answered once; a look is noted once a day."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from temthat_trace.parties import Member, Party, PartyKind
from temthat_trace.privacy.records import Ask, Handling, PersonalLook
from temthat_trace.privacy.repository import answer, ask, looks_at, members_of, note, open_requests
from temthat_trace.privacy.working_days import due_day
from temthat_trace.repository import TraceRefused

NOW = dt.datetime(2026, 11, 20, 3, tzinfo=dt.UTC)  # a Friday, ten in the morning in Vietnam


@pytest.fixture
def member(session: Session) -> Member:
    """A member of a cooperative."""
    party = Party(code="HTX", kind=PartyKind.COOPERATIVE, name="HTX")
    session.add(party)
    session.flush()
    made = Member(party_id=party.id, code="TV1", alias="Hộ bà Tư", full_name="Trần Thị Tư")
    session.add(made)
    session.flush()
    return made


@pytest.mark.parametrize(
    ("asked", "due"),
    [("2026-11-16", "2026-11-18"), ("2026-11-19", "2026-11-23"), ("2026-11-20", "2026-11-24"),
     ("2026-11-21", "2026-11-24"), ("2026-11-22", "2026-11-24"), ("2026-12-31", "2027-01-04")],
)  # fmt: skip
def test_two_working_days(asked: str, due: str) -> None:
    """Monday to Friday; the day of asking does not count, a weekend between does not either."""
    assert due_day(dt.date.fromisoformat(asked)).isoformat() == due


@given(st.dates(dt.date(2026, 1, 1), dt.date(2036, 1, 1)), st.integers(1, 30))
def test_the_due_day_is_a_working_day_with_that_many_before_it(asked: dt.date, days: int) -> None:
    """Counted back, there are exactly so many working days after the asking."""
    due = due_day(asked, days)
    between = [asked + dt.timedelta(days=n) for n in range(1, (due - asked).days + 1)]
    assert due.weekday() < 5
    assert sum(day.weekday() < 5 for day in between) == days


def test_the_same_request_is_open_once(session: Session, member: Member) -> None:
    """Asked twice it is one; after its answer it may be asked again; the first answer stands."""
    first = ask(session, member, Ask.COPY, NOW.date(), "Lan", NOW)
    assert ask(session, member, Ask.COPY, NOW.date(), "Hoa", NOW) is first
    other = ask(session, member, Ask.ERASE, NOW.date(), "Lan", NOW)
    assert open_requests(session, member.party_id) == [first, other]
    answer(first, "đã đưa", "Lan", NOW)
    answer(first, "khác", "Hoa", NOW)
    assert (first.answer, first.answered_by) == ("đã đưa", "Lan")
    assert open_requests(session, member.party_id) == [other]
    assert ask(session, member, Ask.COPY, NOW.date(), "Lan", NOW) is not first
    with pytest.raises(TraceRefused, match="after today"):
        ask(session, member, Ask.CORRECT, dt.date(2026, 11, 21), "Lan", NOW)


def test_a_look_is_noted_once_a_day_and_person(session: Session, member: Member) -> None:
    """By the days of Vietnam; what changes something is noted each time."""
    for by, hours in (("Lan", 0), ("Lan", 5), ("Hoa", 5), ("Lan", 14), ("Lan", 15)):
        note(session, member, by, Handling.SEEN, NOW + dt.timedelta(hours=hours))
    assert (
        session.scalar(select(func.count(PersonalLook.id))) == 3
    )  # midnight in Vietnam is fourteen hours away
    for _ in range(2):
        note(session, member, "Lan", Handling.EXPORTED, NOW)
    assert len(looks_at(session, member)) == 5


def test_members_are_found_without_diacritics(session: Session, member: Member) -> None:
    """By code, name used and the full name that is kept; erased ones are not listed."""
    for text in ("tv1", "ba tu", "TRAN THI"):
        assert members_of(session, member.party_id, text) == [member]
    assert members_of(session, member.party_id, "ong bay") == []
    member.erased_at = NOW
    assert members_of(session, member.party_id) == []
