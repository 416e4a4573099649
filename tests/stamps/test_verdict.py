"""The verdict as a total function: whatever is true of a code, one word comes out, and the rules of the table hold."""

import dataclasses
import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.notice import REASONS
from temthat_stamps.verdict import (
    FRESH,
    USABLE,
    Asker,
    CopyOpinion,
    Coverage,
    Facts,
    Mark,
    NoticeKind,
    PathMatch,
    Proof,
    Registration,
    StandingNotice,
    Verdict,
    Word,
    is_past,
    judge,
)

NOW = dt.datetime(2026, 5, 26, 3, tzinfo=dt.UTC)
RANK = {word: rank for rank, word in enumerate(Word)}

now = st.integers(-6 * 366 * 86_400, 6 * 366 * 86_400).map(
    lambda seconds: NOW + dt.timedelta(seconds=seconds)
)
days = st.dates(dt.date(2020, 1, 1), dt.date(2035, 1, 1))
marks = st.builds(Mark, days, st.sampled_from(["", "01", "96"]))
notices = st.builds(StandingNotice, st.sampled_from(NoticeKind), st.sampled_from(sorted(REASONS)), days)
opinions = st.builds(
    CopyOpinion,
    st.booleans(),
    st.floats(),
    st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9)), max_size=3).map(tuple),
)
facts = st.builds(
    Facts,
    proof=st.sampled_from(Proof),
    coverage=st.sampled_from(Coverage),
    registration=st.sampled_from(Registration),
    path=st.sampled_from(PathMatch),
    notices=st.lists(notices, max_size=4).map(tuple),
    not_activated=st.booleans(),
    expires_on=st.none() | days,
    copy=opinions,
    sold=st.none() | marks,
    claimed=st.none() | marks,
    checks=st.integers(0, 10**9),
    last_check=st.none() | marks,
    online=st.booleans(),
    data_as_of=st.none() | now,
    clock_behind=st.booleans(),
    foreign_host=st.none() | st.text(min_size=1, max_size=20),
)
askers = st.sampled_from(Asker)


@given(facts, askers, now)
def test_property_any_facts_have_a_verdict(f: Facts, asker: Asker, at: dt.datetime) -> None:
    """It never raises, always answers with a word of the vocabulary, and says no reason twice."""
    verdict = judge(f, asker, at)
    assert isinstance(verdict.word, Word)
    assert len(set(verdict.reasons)) == len(verdict.reasons) or f.copy.reasons
    assert judge(f, asker, at) == verdict


@given(facts, askers, now)
def test_property_genuine_needs_everything(f: Facts, asker: Asker, at: dt.datetime) -> None:
    """A good word is said only with a good signature, in a logged run, on covering data that is not too old."""
    word = judge(f, asker, at).word
    if word in (Word.GENUINE, Word.GENUINE_OFFLINE):
        assert f.proof is Proof.GOOD
        assert f.coverage is Coverage.COVERED
        assert f.registration is Registration.IN_RUN
        assert f.path in (PathMatch.NONE, PathMatch.MATCH)
        assert not f.not_activated
        assert not f.copy.suspect
        assert f.claimed is None
        assert all(n.kind is NoticeKind.LIFT for n in f.notices)
        assert f.expires_on is None or not is_past(f.expires_on, at)
        assert (word is Word.GENUINE) is f.online
        if not f.online:
            assert f.data_as_of is not None
            assert at - f.data_as_of <= USABLE


@given(facts, askers, now)
def test_property_forged_needs_proof(f: Facts, asker: Asker, at: dt.datetime) -> None:
    """`forged` rests on a wrong signature or a false address, or on data that covers the run; never on a gap."""
    if judge(f, asker, at).word is Word.FORGED:
        assert (
            f.proof is Proof.WRONG
            or f.path is PathMatch.MISMATCH
            or (f.coverage is Coverage.COVERED and f.proof is Proof.UNKNOWN_KEY)
            or (f.coverage is Coverage.COVERED and f.registration is not Registration.IN_RUN)
        )
        assert f.proof is not Proof.NEWER_FORMAT


@given(facts, askers, now)
def test_property_no_graver_fact_is_ignored(f: Facts, asker: Asker, at: dt.datetime) -> None:
    """Taking away all that is lower never changes the word, and every fact of a higher word decides."""
    verdict = judge(f, asker, at)
    if f.proof is Proof.NOT_OURS:
        assert verdict == Verdict(Word.NOT_OURS)
        return
    for word, true in truths(f, asker, at):
        if true:
            assert RANK[verdict.word] <= RANK[word], word


def truths(f: Facts, asker: Asker, at: dt.datetime) -> list[tuple[Word, bool]]:
    """The table's rows, each stated on its own."""
    kinds = {n.kind for n in f.notices}
    too_old = not f.online and (f.data_as_of is None or at - f.data_as_of > USABLE)
    return [
        (Word.FORGED, f.proof is Proof.WRONG),
        (Word.RECALLED, NoticeKind.RECALL in kinds),
        (Word.REVOKED, bool(kinds & {NoticeKind.VOID, NoticeKind.LOST, NoticeKind.REVOCATION})),
        (Word.CANNOT_TELL, f.coverage is not Coverage.COVERED),
        (Word.CANNOT_TELL, too_old),
        (Word.CANNOT_TELL, f.proof in (Proof.NEWER_FORMAT, Proof.UNVERIFIABLE)),
        (Word.NOT_APPLIED, f.not_activated),
        (Word.NOT_APPLIED, bool(kinds & {NoticeKind.HOLD, NoticeKind.SPOILED, NoticeKind.RETURNED})),
        (Word.EXPIRED, f.expires_on is not None and is_past(f.expires_on, at)),
        (Word.SUSPECT_COPY, f.copy.suspect),
        (Word.SOLD, f.sold is not None and asker is Asker.TILL),
        (Word.CLAIMED, f.claimed is not None),
    ]


@given(facts, askers, now)
def test_property_recall_and_expiry_are_always_told(f: Facts, asker: Asker, at: dt.datetime) -> None:
    """Whatever decides, a recall, an expiry, a sale and every other notice are among the reasons."""
    if f.proof is Proof.NOT_OURS:
        return
    keys = judge(f, asker, at).keys
    for notice in f.notices:
        assert notice.kind.value in keys
    assert ("expired" in keys) is (f.expires_on is not None and is_past(f.expires_on, at))
    assert ("rung_up" in keys) is (f.sold is not None)
    assert ("pin_entered" in keys) is (f.claimed is not None)
    assert ("foreign_host" in keys) is (f.foreign_host is not None)
    assert ("checked_before" in keys) is (f.checks > 0)


@given(facts, askers, now)
def test_property_only_a_till_hears_sold(f: Facts, asker: Asker, at: dt.datetime) -> None:
    """For everybody else a sale changes no word; who asks changes nothing but that."""
    verdict = judge(f, asker, at)
    assert verdict.word is not Word.SOLD or asker is Asker.TILL
    others = {judge(f, other, at) for other in Asker if other is not Asker.TILL}
    assert len(others) == 1
    unsold = dataclasses.replace(f, sold=None)
    assert judge(unsold, Asker.TILL, at) == judge(unsold, Asker.CONSUMER, at)


@given(facts, askers, now, st.integers(1, 10**6))
def test_property_checks_never_decide(f: Facts, asker: Asker, at: dt.datetime, checks: int) -> None:
    """How often a stamp was checked is told and never counts against it."""
    more = dataclasses.replace(f, checks=checks, last_check=Mark(at.date()))
    assert judge(more, asker, at).word is judge(f, asker, at).word


@given(st.integers(0, 60 * 86_400))
def test_property_age_bands(seconds: int) -> None:
    """Offline: up to seven days plain, up to thirty with a warning, then nothing can be told."""
    age = dt.timedelta(seconds=seconds)
    verdict = judge(Facts(Proof.GOOD, online=False, data_as_of=NOW - age), Asker.INSPECTOR, NOW)
    assert (verdict.word is Word.CANNOT_TELL) is (age > USABLE)
    assert ("data_old" in verdict.keys) is (FRESH < age <= USABLE)


@given(days, st.integers(-2 * 86_400, 2 * 86_400))
def test_property_a_date_ends_at_midnight_in_vietnam(day: dt.date, offset: int) -> None:
    """Not at midnight of the machine that asks, whatever zone its clock has."""
    midnight = dt.datetime.combine(day, dt.time(17), dt.UTC)
    at = midnight + dt.timedelta(seconds=offset)
    for zone in (dt.UTC, dt.timezone(dt.timedelta(hours=-10)), dt.timezone(dt.timedelta(hours=14))):
        assert is_past(day, at.astimezone(zone)) is (offset >= 0)


def test_vocabulary_and_its_order_are_for_ever() -> None:
    """The words of the design in their order of precedence."""
    assert " ".join(Word) == (
        "not_ours forged recalled revoked cannot_tell not_applied expired suspect_copy sold claimed "
        "genuine_offline genuine"
    )
