"""Which events there can be: everything else is refused with the reason, in both languages."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.copies.errors import BadEvent
from temthat_stamps.copies.events import read_event
from temthat_stamps.copies.places import Spot, kilometres, of_province, too_fast
from temthat_stamps.verdict import Asker
from temthat_trace.places import old_provinces, provinces

GOOD: dict[str, Any] = {
    "at": "2026-05-26T08:30:00+07:00",
    "stamp": "s",
    "kind": "consumer",
    "event": "check",
    "visitor": "v",
    "place": "01",
}
WRONG: list[tuple[str, str, list[Any]]] = [
    ("time", "at", [None, 5, "", "2026-05-26", "2026-05-26T08:30:00", "2026-13-01T00:00:00Z"]),
    ("time", "at", ["1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59"]),
    ("time", "at", ["2026-05-26T24:30:00Z", "2026-05-26T08:30:60Z", "20260526T083000Z"]),
    ("kind", "kind", [None, "shopper", 1, [], {}]),
    ("event", "event", [None, "scan", []]),
    ("kind", "event", ["sold", "applied", "spoiled"]),
    ("place", "place", ["99", "", 1, [], [1], [1, 2, 3], ["21", "105"], [91, 105], [21, 181], {}]),
    ("place", "place", [[float("nan"), 105], [float("inf"), 105], [True, 105], [10**400, 1]]),
    ("visitor", "visitor", ["", 7, []]),
    ("id", "id", [7]),
]
BAD = [(rule, name, value) for rule, name, values in WRONG for value in values]


@pytest.mark.parametrize(("rule", "name", "value"), BAD, ids=[f"{n}-{b[1]}" for n, b in enumerate(BAD)])
def test_impossible_events_are_refused(rule: str, name: str, value: Any) -> None:
    """Times, places, kinds that cannot be; both texts say what to do."""
    with pytest.raises(BadEvent) as caught:
        read_event({**GOOD, name: value})
    assert caught.value.rule == rule
    assert caught.value.vi
    assert caught.value.en


def test_a_good_event_is_read() -> None:
    """Any offset, fractions, provinces old and new, points."""
    event = read_event({**GOOD, "at": "2026-05-26T01:30:00.750Z", "place": [21.0285, 105.8542]})
    assert event.at == int(dt.datetime(2026, 5, 26, 1, 30, tzinfo=dt.UTC).timestamp())
    assert event.kind is Asker.CONSUMER
    assert event.spot == Spot(2103, 10585)
    assert read_event({**GOOD, "place": None, "visitor": None}).spot is None
    assert read_event(GOOD).order == read_event(dict(GOOD)).order
    assert read_event({**GOOD, "id": "1"}).order != read_event({**GOOD, "id": "2"}).order
    assert read_event({**GOOD, "visitor": "\ud800"}).tag


@given(
    st.fixed_dictionaries(
        {name: st.none() | st.text(max_size=30) | st.integers() | st.floats() for name in GOOD}
    )
)
def test_property_rubbish_is_only_ever_a_bad_event(row: dict[str, Any]) -> None:
    """No other error leaves the reader."""
    with pytest.raises(BadEvent):
        read_event(row)


def test_every_province_old_and_new_has_a_place() -> None:
    """All within Vietnam; the country is as long as it is."""
    for code in (*provinces(), *old_provinces()):
        spot = of_province(code)
        assert 850 <= spot.lat <= 2_340
        assert 10_210 <= spot.lon <= 10_950
    assert 1_100 < kilometres(of_province("01"), of_province("79")) < 1_200


def test_speed_is_believed_only_beyond_the_places_error() -> None:
    """Neighbours in minutes are nothing; Hà Nội to the south in an hour is no pack; by plane overnight it is."""
    far = kilometres(of_province("01"), of_province("79"))
    assert not too_fast(55, 0)
    assert too_fast(far, 3_600)
    assert not too_fast(far, 6 * 3_600)
