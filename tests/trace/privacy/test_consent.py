"""What may be kept and shown of a member follows from the consents on record and nothing else."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from temthat_trace import formats
from temthat_trace.consent import (
    FIELDS,
    NEEDS,
    How,
    Purpose,
    fallen,
    former_code,
    in_force,
    lost_fields,
    may_keep,
    shown,
    shown_name,
)
from temthat_trace.ids import uuid7
from temthat_trace.parties import Consent, Member
from temthat_trace.privacy.consenting import EMPTY, give, set_fields, withdraw
from temthat_trace.privacy.texts import VERSION, asked, versions
from temthat_trace.repository import TraceRefused

START = dt.datetime(2026, 11, 20, 3, tzinfo=dt.UTC)
FULL = {"full_name": "Trần Thị Tư", "phone": "0912 345 678", "photo": "ab" * 32, "story": "Ba đời nuôi ong."}


def a_member(**more: Any) -> Member:
    return Member(id=uuid7(), code="TV01", alias="Hộ bà Tư", commune_text="Xã Xuân Lương", story="", **more)


@dataclass(frozen=True)
class Given:
    purpose: Purpose
    withdrawn_at: dt.datetime | None = None


@dataclass(frozen=True)
class Whole:
    """Somebody of whom everything is kept, whether or not that was agreed to."""

    consents: list[Given] = field(default_factory=list)
    alias: str = "Hộ bà Tư"
    commune_text: str = "Xã Xuân Lương"
    full_name: str | None = FULL["full_name"]
    photo: str | None = FULL["photo"]
    story: str = FULL["story"]


RECORDS = st.lists(st.builds(Given, st.sampled_from(Purpose), st.sampled_from([None, START])), max_size=12)


def test_silence_is_no_consent() -> None:
    """Without a record only the name used and the commune are shown, even if more were kept by mistake."""
    seen = shown(Whole())
    assert (seen.name, seen.commune, seen.photo, seen.story) == ("Hộ bà Tư", "Xã Xuân Lương", None, "")
    assert not seen.exact_plot
    assert seen.grower == "Hộ bà Tư, Xã Xuân Lương"
    assert shown_name(None) == ""


@given(RECORDS)
def test_each_thing_is_shown_only_under_its_own_consent(records: list[Given]) -> None:
    """Name, photo, story and plot: each by itself, and none by another's consent."""
    live = {r.purpose for r in records if r.withdrawn_at is None}
    seen = shown(Whole(records))
    assert (seen.name == FULL["full_name"]) == ({Purpose.STORE, Purpose.SHOW_NAME} <= live)
    assert (seen.photo is not None) == (Purpose.SHOW_PHOTO in live)
    assert bool(seen.story) == (Purpose.STORY in live)
    assert seen.exact_plot == (Purpose.SHOW_PLOT in live)


@given(RECORDS, st.sampled_from(Purpose))
def test_a_withdrawal_takes_and_never_gives(records: list[Given], purpose: Purpose) -> None:
    """Taking one purpose back ends it and what rests on it, and nothing else; nothing new is in force."""
    before = in_force(records)
    gone = fallen(purpose)
    after = in_force([Given(r.purpose, START) if r.purpose in gone else r for r in records])
    assert after == before - gone


def test_the_words_of_every_version_are_there() -> None:
    """A consent names the words it was given to: each purpose has them in both languages in each version."""
    assert VERSION in versions()
    for version in versions():
        for purpose in Purpose:
            vi, en = asked(purpose, "vi", version), asked(purpose, "en", version)
            assert vi.name != en.name
            assert len(vi.text) > len(vi.name)


def test_nothing_is_kept_without_consent() -> None:
    """Each personal field is refused with a message until its purpose was agreed to."""
    member = a_member()
    for name, value in FULL.items():
        with pytest.raises(TraceRefused, match="no consent") as caught:
            set_fields(member, **{name: value})
        assert "Chưa có đồng ý" in caught.value.vi
        assert getattr(member, name) in (None, "")


@pytest.mark.parametrize(
    ("how", "given_on", "witness", "said"),
    [
        (How.PAPER, dt.date(2026, 11, 21), "", "after today"),
        (How.WITNESS, dt.date(2026, 11, 20), "", "witness"),
    ],
    ids=["tomorrow", "no witness"],
)
def test_a_consent_says_when_and_before_whom(how: How, given_on: dt.date, witness: str, said: str) -> None:
    """A day to come is refused, and a spoken word without a witness."""
    with pytest.raises(TraceRefused, match=said):
        give(a_member(), Purpose.STORE, how, given_on, "Lan", START, witness)


def test_showing_a_name_needs_keeping_it() -> None:
    """The one purpose that rests on another is refused without it."""
    with pytest.raises(TraceRefused, match="first needs"):
        give(a_member(), Purpose.SHOW_NAME, How.PAPER, START.date(), "Lan", START)


def test_giving_twice_is_one_consent() -> None:
    """The second record of what is in force changes nothing."""
    member = a_member()
    first = give(member, Purpose.STORE, How.PAPER, START.date(), "Lan", START)
    assert give(member, Purpose.STORE, How.WITNESS, START.date(), "Hoa", START, "Ông Ba") is first
    assert len(member.consents) == 1


def test_an_old_paper_does_not_undo_a_withdrawal() -> None:
    """After a withdrawal only a later consent counts."""
    member = a_member()
    give(member, Purpose.STORE, How.PAPER, START.date(), "Lan", START)
    later = START + dt.timedelta(days=10)
    withdraw(member, Purpose.STORE, "Lan", later)
    with pytest.raises(TraceRefused, match="withdrew consent on 30 Nov 2026"):
        give(member, Purpose.STORE, How.PAPER, START.date(), "Lan", later)
    give(member, Purpose.STORE, How.PAPER, dt.date(2026, 12, 1), "Lan", later + dt.timedelta(days=1))


def test_old_codes_are_told_again_only_under_their_own_member() -> None:
    """The same code of two members leaves nothing in common; case and blanks at the ends do not matter."""
    first, second = uuid7(), uuid7()
    assert former_code(first, " tv01 ") == former_code(first, "TV01")
    assert former_code(first, "TV01") != former_code(second, "TV01")


class Consenting(RuleBasedStateMachine):
    """A member gives and takes back whatever it likes; a model says what must then be kept and shown."""

    def __init__(self) -> None:
        super().__init__()
        self.member = a_member()
        self.agreed: set[Purpose] = set()
        self.kept: dict[str, str] = {}
        self.now = START

    @rule(purpose=st.sampled_from(Purpose))
    def gives(self, purpose: Purpose) -> None:
        """A consent of a fresh day."""
        self.now += dt.timedelta(days=2)
        ground = NEEDS.get(purpose)
        if ground and ground not in self.agreed:
            with pytest.raises(TraceRefused):
                give(self.member, purpose, How.PAPER, formats.today(self.now), "Lan", self.now)
            return
        give(self.member, purpose, How.PAPER, formats.today(self.now), "Lan", self.now)
        self.agreed.add(purpose)

    @rule(purpose=st.sampled_from(Purpose))
    def takes_back(self, purpose: Purpose) -> None:
        """A withdrawal, of something given or not."""
        ended = withdraw(self.member, purpose, "Lan", self.now)
        assert ended == fallen(purpose) & self.agreed
        self.agreed -= ended
        for name in lost_fields(ended):
            self.kept.pop(name, None)

    @rule(name=st.sampled_from(sorted(FIELDS)))
    def is_written_down(self, name: str) -> None:
        """Somebody types a personal field."""
        if FIELDS[name] in self.agreed:
            set_fields(self.member, **{name: FULL[name]})
            self.kept[name] = FULL[name]
        else:
            with pytest.raises(TraceRefused):
                set_fields(self.member, **{name: FULL[name]})

    @invariant()
    def only_what_was_agreed_to_is_kept_and_shown(self) -> None:
        """The records say what the model says."""
        assert in_force(self.member.consents) == self.agreed
        for name in FIELDS:
            assert getattr(self.member, name) == self.kept.get(name, EMPTY[name])
            assert name not in self.kept or may_keep(name, self.agreed)
        named = Purpose.SHOW_NAME in self.agreed and "full_name" in self.kept
        assert shown_name(self.member) == (FULL["full_name"] if named else self.member.alias)

    @invariant()
    def nothing_given_is_forgotten(self) -> None:
        """Every consent stays on record, the withdrawn ones with their moment and at most one of a kind in force."""
        live = [c.purpose for c in self.member.consents if c.withdrawn_at is None]
        assert len(live) == len(set(live))
        assert all(isinstance(c, Consent) and c.text == VERSION for c in self.member.consents)


Consenting.TestCase.settings = Consenting.TestCase.settings.__class__(max_examples=30, stateful_step_count=20)
TestConsenting = Consenting.TestCase
