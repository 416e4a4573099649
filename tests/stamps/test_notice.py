"""Notices: the highest number of a target wins, a lift ends it, and a stretch touches its own serials only."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.notice import (
    NEEDS_SECOND_SIGNER,
    Notice,
    batch_target,
    in_force,
    key_target,
    run_target,
    stamps_target,
    standing,
)
from temthat_stamps.verdict import NoticeKind

AT = dt.datetime(2026, 5, 26, 18, tzinfo=dt.UTC)
notices = st.lists(
    st.builds(
        Notice,
        target=st.sampled_from(["run:1", "run:2", "batch:x"]),
        number=st.integers(1, 9),
        kind=st.sampled_from(NoticeKind),
        reason=st.just("other"),
        at=st.integers(0, 5).map(lambda hours: AT + dt.timedelta(hours=hours)),
    ),
    unique_by=lambda n: (n.target, n.number),
)


@given(notices, st.randoms())
def test_property_the_highest_number_wins_in_any_order(given_notices: list[Notice], random: object) -> None:
    """One notice at most stands for each target: the one with the highest number, unless it lifts."""
    found = in_force(given_notices)
    assert found == in_force(reversed(given_notices))
    assert len({n.target for n in found}) == len(found)
    for target in {n.target for n in given_notices}:
        highest = max((n for n in given_notices if n.target == target), key=lambda n: n.number)
        assert (highest in found) is (highest.kind is not NoticeKind.LIFT)


@given(st.integers(1, 50), st.integers(0, 20), st.integers(1, 80))
def test_property_a_stretch_touches_its_own_serials(first: int, more: int, serial: int) -> None:
    """Both ends belong to it; a notice without a stretch touches every serial."""
    stretch = Notice(
        stamps_target(1, first, first + more), 1, NoticeKind.VOID, "misprint", AT, 1, first, first + more
    )
    whole = Notice(run_target(1), 1, NoticeKind.HOLD, "complaint", AT, 1)
    assert bool(standing([stretch], serial)) is (first <= serial <= first + more)
    assert standing([whole], serial)


def test_the_day_of_a_notice_is_vietnams() -> None:
    """18:00 UTC is the next day there."""
    [notice] = standing([Notice(run_target(1), 1, NoticeKind.RECALL, "contamination", AT, 1)], 1)
    assert notice.on == dt.date(2026, 5, 27)


def test_targets_of_different_things_are_different() -> None:
    """A run, its first stamps, a batch and a key never share numbers by accident."""
    targets = {
        run_target(1),
        stamps_target(1, 1, 1),
        stamps_target(11, 1, 1),
        batch_target("1"),
        key_target("1"),
    }
    assert len(targets) == 5


def test_who_needs_a_second_signer() -> None:
    """A recall, and ending any notice."""
    assert {NoticeKind.RECALL, NoticeKind.LIFT} == NEEDS_SECOND_SIGNER


def test_a_notice_has_no_free_text() -> None:
    """Its statement holds a reason code and opaque ids, nothing a person could be named in."""
    body = Notice(run_target(1), 3, NoticeKind.VOID, "misprint", AT, 1).body("o", "issuer-id")
    assert set(body) == {"v", "type", "origin", "issuer", "target", "number", "kind", "reason", "at"}
