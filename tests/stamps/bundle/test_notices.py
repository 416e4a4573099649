"""The file of notices: what stands on a stamp, a run, its batch and its key, and what was taken back."""

import datetime as dt
import struct
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.bundle.encoding import BadBundle
from temthat_stamps.bundle.notices import KIND_CODES, REASON_CODES, Notices, NoticesWriter
from temthat_stamps.notice import (
    REASONS,
    Notice,
    batch_target,
    in_force,
    key_target,
    run_target,
    stamps_target,
)
from temthat_stamps.verdict import NoticeKind

AT = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
KEY, BATCH = "ab" * 32, str(uuid.UUID(int=7))
RUNS = st.integers(1, 4)


def notice_on(scope: str, run: int, number: int, kind: NoticeKind, reason: str, seconds: int) -> Notice:
    at = AT + dt.timedelta(seconds=seconds)
    match scope:
        case "stamps":
            return Notice(stamps_target(run, 2, 9), number, kind, reason, at, run, 2, 9)
        case "run":
            return Notice(run_target(run), number, kind, reason, at, run)
        case "batch":
            return Notice(batch_target(BATCH), number, kind, reason, at)
        case _:
            return Notice(key_target(KEY), number, kind, reason, at)


notices = st.builds(
    notice_on,
    st.sampled_from(["stamps", "run", "batch", "key"]),
    RUNS,
    st.integers(1, 2**32 - 1),
    st.sampled_from(NoticeKind),
    st.sampled_from(sorted(REASONS)),
    st.integers(0, 10**6),
)


def test_every_kind_and_reason_has_its_byte() -> None:
    """Once each: a notice that could not be written would be a notice that scanners never hear of."""
    assert set(KIND_CODES) == set(NoticeKind)
    assert sorted(REASON_CODES) == sorted(REASONS)


@given(st.lists(notices, max_size=10), st.booleans())
def test_property_what_stands_is_what_was_written(written: list[Notice], touch: bool) -> None:
    """Of each target the highest number, of a batch only where a run is touched, of a key only under its key."""
    writer = NoticesWriter()
    for number, notice in enumerate(written):
        assert writer.notice(notice) == number
    touched = touch and any(notice.scope == "batch" for notice in written)
    if touched:
        writer.touched(1, BATCH)
    read = Notices(writer.stream.data)
    for run in range(1, 5):
        of_run = [n for n in written if n.run == run or (touched and run == 1 and n.scope == "batch")]
        of_key = [n for n in written if n.scope == "key"]
        assert stable(read.of(run, None).notices) == stable(in_force(of_run))
        assert stable(read.of(run, KEY).notices) == stable(in_force(of_run + of_key))
        assert not read.of(run, KEY).activated


def stable(found: list[Notice]) -> list[tuple[str, int]]:
    return sorted((notice.target, notice.number) for notice in found)


@given(st.lists(notices, min_size=1, max_size=6), st.data())
def test_property_a_notice_taken_back_never_counted(written: list[Notice], data: st.DataObject) -> None:
    writer = NoticesWriter()
    for notice in written:
        writer.notice(notice)
    back = data.draw(st.integers(0, len(written) - 1))
    writer.revoke_notice(back)
    read = Notices(writer.stream.data)
    left = [n for place, n in enumerate(written) if place != back and n.scope in ("stamps", "run", "key")]
    for run in range(1, 5):
        expected = in_force([n for n in left if n.run == run or n.scope == "key"])
        assert stable(read.of(run, KEY).notices) == stable(expected)


def test_activation_and_revocation_of_runs() -> None:
    """The last word counts; a revoked run says why and on which day in Vietnam."""
    writer = NoticesWriter()
    for run in (1, 2):
        writer.activated(run)
    writer.revoke_activation(2)
    writer.revoke_run(3, "stolen", int(dt.datetime(2026, 5, 1, 18, tzinfo=dt.UTC).timestamp()))
    read = Notices(writer.stream.data)
    assert [read.of(run, None).activated for run in (1, 2, 3)] == [True, False, False]
    revoked = read.of(3, None).revoked
    assert revoked is not None
    assert (revoked.kind, revoked.reason, revoked.on) == (
        NoticeKind.REVOCATION,
        "stolen",
        dt.date(2026, 5, 2),
    )


@pytest.mark.parametrize(
    "record",
    [
        b"\x00",
        b"\x0a",
        struct.pack(">BIIBBI", 2, 1, 1, 8, 0, 0),
        struct.pack(">BIIBBI", 2, 1, 1, 0, 15, 0),
        struct.pack(">BIIBBI", 2, 1, 1, 0, 0, 0)[:-1],
        struct.pack(">BII", 5, 1, 0),
        struct.pack(">BIBI", 7, 1, 15, 0),
        struct.pack(">BI", 8, 0),
    ],
)
def test_what_the_specification_does_not_allow_is_refused(record: bytes) -> None:
    """Unknown records, kinds and reasons; a batch or notice that did not come before; a cut file."""
    with pytest.raises(BadBundle):
        Notices(NoticesWriter().stream.data + record)
