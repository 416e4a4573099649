"""Times, places, ids and roles that cannot be are refused with a reason; small slips of clocks are set right."""

import datetime as dt
import uuid

import pytest

from temthat_stamps.copies.errors import BadEvent
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.verdict import Asker
from temthat_verify_api.errors import as_refused
from temthat_verify_api.possible import CLOCKS, require_possible

BEGUN = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 5, 26, 3, 0, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


def id_of(at: dt.datetime) -> uuid.UUID:
    return uuid.UUID(int=int(at.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62)


def ask(
    at: dt.datetime | None = NOW,
    *,
    kind: Asker = Asker.CONSUMER,
    event: StampEventKind = StampEventKind.CHECK,
    place: str | None = None,
    made_at: dt.datetime = NOW,
) -> dt.datetime:
    return require_possible(kind, event, event_id=id_of(made_at), at=at, place=place, begun=BEGUN, now=NOW)


@pytest.mark.parametrize(
    ("at", "kept"),
    [
        (None, NOW),
        (NOW, NOW),
        (BEGUN, BEGUN),
        (NOW + CLOCKS, NOW),
        (BEGUN - CLOCKS, BEGUN),
        (dt.datetime(2026, 5, 20, 10, 0, tzinfo=dt.timezone(dt.timedelta(hours=7))), None),
    ],
)
def test_what_can_be_keeps_its_time(at: dt.datetime | None, kept: dt.datetime | None) -> None:
    """Between registration and now; a clock that is off by less than an hour is set right."""
    assert ask(at) == (kept or at)


@pytest.mark.parametrize(
    ("at", "made_at"),
    [
        (NOW + CLOCKS + SECOND, NOW),
        (BEGUN - CLOCKS - SECOND, NOW),
        (dt.datetime.min.replace(tzinfo=dt.timezone(dt.timedelta(hours=14))), NOW),
        (dt.datetime.max.replace(tzinfo=dt.timezone(-dt.timedelta(hours=12))), NOW),
        (NOW, NOW - dt.timedelta(days=1) - SECOND),
    ],
)
def test_impossible_times_are_refused(at: dt.datetime, made_at: dt.datetime) -> None:
    """In the future, before there was a stamp, beyond the calendar, named by an id made the day before."""
    with pytest.raises(BadEvent) as refused:
        ask(at, made_at=made_at)
    assert refused.value.rule in ("time", "id")
    answer = as_refused(refused.value)
    assert answer is not None
    assert (answer.status, answer.error) == (400, "impossible_event")
    assert answer.vi
    assert answer.en


@pytest.mark.parametrize("place", ["00", "99", "8ffffffffffffff", "HN"])
def test_places_that_are_none_are_refused(place: str) -> None:
    """A province never numbered, a cell that is none."""
    with pytest.raises(BadEvent, match="place"):
        ask(place=place)


@pytest.mark.parametrize("place", ["01", "27", "8565a8c3fffffff"])
def test_places_that_are_or_were_are_taken(place: str) -> None:
    """Today's provinces, those before July 2025, cells."""
    assert ask(place=place) == NOW


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        (Asker.CONSUMER, StampEventKind.SOLD),
        (Asker.INSPECTOR, StampEventKind.SOLD),
        (Asker.TILL, StampEventKind.APPLIED),
        (Asker.PACKER, StampEventKind.PIN),
    ],
)
def test_roles_report_what_they_can_do(kind: Asker, event: StampEventKind) -> None:
    """A shopper sells nothing, an inspector neither."""
    with pytest.raises(BadEvent, match="cannot report"):
        ask(kind=kind, event=event)
