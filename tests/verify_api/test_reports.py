"""Reference numbers, and how long reports keep what tells of people."""

import datetime as dt
import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.errors import Mistyped
from temthat_stamps.number import ALPHABET
from temthat_stamps.runs.records import Run
from temthat_trace.papers import Attachment
from temthat_verify_api.reports import reference
from temthat_verify_api.reports.records import ReportContact, ReportState, ReportStep, SuspectReport
from temthat_verify_api.reports.retention import CONTACT, PHOTO, WORDS, Expired, expire_reports

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

NUMBERS = st.builds(lambda _: reference.draw(), st.integers())


@given(NUMBERS)
def test_property_a_number_is_read_as_it_is_written(number: str) -> None:
    """In any case, grouped or not, with o, i and l for 0 and 1."""
    spoken = reference.grouped(number).lower().replace("0", "o").replace("1", "i")
    assert reference.parse(number) == reference.parse(f" {spoken} ") == number
    assert reference.grouped(number).count("-") == 2


@given(NUMBERS, st.integers(0, 8), st.sampled_from(ALPHABET))
def test_property_a_slip_is_noticed(number: str, place: int, wrong: str) -> None:
    """Every single wrong character, and every swap of two neighbours."""
    slips = {number[:place] + wrong + number[place + 1 :]}
    slips.add(
        number[: place - 1] + number[place] + number[place - 1] + number[place + 1 :] if place else number
    )
    for slip in slips - {number}:
        with pytest.raises(Mistyped):
            reference.parse(slip)


@pytest.mark.parametrize("text", ["", "7K3M", "7K3M-9QX2-V1", "7K3M-9QX2-U", "ééééééééé"])
def test_what_is_no_number_is_mistyped(text: str) -> None:
    """Too short, too long, a letter that does not exist."""
    with pytest.raises(Mistyped):
        reference.parse(text)


def file(world: "World", name: str, age: dt.timedelta, state: ReportState = ReportState.OPEN) -> None:
    """A report of that age with a photo of its own."""
    data = name.encode()
    digest = hashlib.sha256(data).hexdigest()
    with world.services.sessions() as session:
        session.add(Attachment(digest=digest, media_type="image/webp", data=data))
        session.flush()
        at = world.now - age
        session.add(
            SuspectReport(
                reference=name, at=at, state_at=at, state=state, photo=digest, told="kể", shop="chợ", code="x",
                contact=ReportContact(contact="0912", text="2026-11", given_at=at),
            )
        )  # fmt: skip
        session.commit()


def kept(world: "World") -> dict[str, tuple[bool, bool, bool]]:
    """Of each report: whether contact, photo and words are there."""
    with world.services.sessions() as session:
        return {
            r.reference: (r.contact is not None, r.photo is not None, bool(r.told or r.shop or r.code))
            for r in session.query(SuspectReport)
        }


def test_what_tells_of_people_goes_in_time(any_world: "World") -> None:
    """Contact, photo and words each after their own time, or when the report is done; repeating it changes nothing."""
    world, day = any_world, dt.timedelta(days=1)
    file(world, "fresh", day)
    file(world, "contact", CONTACT + day)
    file(world, "photo", PHOTO + day, ReportState.CONFIRMED)
    file(world, "words", WORDS + day)
    file(world, "done", day, ReportState.EXPLAINED)
    with world.services.sessions() as session:
        assert expire_reports(session, world.now) == Expired(4, 3, 1)
        assert expire_reports(session, world.now) == Expired(0, 0, 0)
        session.commit()
        assert session.query(Attachment).count() == 2
    assert kept(world) == {
        "fresh": (True, True, True),
        "contact": (False, True, True),
        "photo": (False, False, True),
        "words": (False, False, False),
        "done": (False, False, True),
    }


def test_the_desks_notes_go_with_the_words(world: "World") -> None:
    """Also on a report that told nothing but what struck somebody."""
    at, run = world.now - WORDS - dt.timedelta(days=1), world.run()
    with world.services.sessions() as session:
        issuer = session.get_one(Run, run).party_id
        step = ReportStep(at=at, state=ReportState.CLOSED, note="Đã gọi bà Sáu", by_party_id=issuer)
        session.add(
            SuspectReport(
                reference="odd", at=at, state_at=at, state=ReportState.CLOSED, odd="weight", steps=[step]
            )
        )
        session.flush()
        assert expire_reports(session, world.now) == Expired(0, 0, 0)
        session.refresh(step)
        assert step.note == ""
