"""What the database answers is what the pure query answers, on both databases, page by page."""

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from temthat_trace.database import make_engine
from temthat_trace.epcis.query import search as searching
from temthat_trace.epcis.query.errors import QueryTooComplexError, QueryTooLargeError
from temthat_trace.epcis.query.ordering import event_time
from temthat_trace.epcis.query.query import Query, read_query
from temthat_trace.epcis.query.search import Position, facts_of, search, search_new
from temthat_trace.epcis.query.statements import LARGE
from temthat_trace.epcis.store import Stored, stored
from temthat_trace.epcis.tables import EpcisEvent

from .repository import NOW, new_party, put
from .strategies import CONTEXT, EPCS, events, queries

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = make_engine(database_url)
    yield made
    made.dispose()


def every(session: Session, parties: list[uuid.UUID]) -> list[Stored]:
    rows = session.query(EpcisEvent).filter(EpcisEvent.party_id.in_(parties)).order_by(EpcisEvent.id)
    return stored(session, rows)


def pages(session: Session, parties: list[uuid.UUID], query: Query, size: int) -> list[int]:
    """All pages of a query; each position goes through its JSON, as in a token."""
    found: list[int] = []
    position: Position | None = None
    for _ in range(200):
        page = search(session, parties, query, size, position)
        assert len(page.events) <= size
        found += [one.row.id for one in page.events]
        if page.next is None:
            return found
        position = Position.from_json(page.next.to_json())
    raise AssertionError("the pages do not end")


orders = st.sampled_from(
    [
        {},
        *(
            {"orderBy": by, "orderDirection": way}
            for by in ("eventTime", "recordTime")
            for way in ("ASC", "DESC")
        ),
        {"orderBy": "eventTime", "orderDirection": "DESC", "eventCountLimit": 4},
    ]
)


def expected(held: list[Stored], query: Query) -> list[int]:
    """The pure answer."""
    hits = [one for one in held if query.holds(facts_of(one))]
    if query.order.by == "eventTime":
        hits.sort(key=lambda one: (event_time(facts_of(one)) or EPOCH, one.row.id))
    if not query.order.ascending:
        hits.reverse()
    return [one.row.id for one in hits][: query.limit]


@pytest.mark.parametrize(
    "place", ["https://x.vn/414/4012345000009/254/12", "urn:epc:id:sgln:4012345.00000.12"]
)
@pytest.mark.parametrize("asked", ["MATCH_anyEPC", "WD_readPoint"])
def test_what_lies_in_a_place_is_found_by_its_gln(engine: Engine, place: str, asked: str) -> None:
    """Among the things of an event and where it happened; the index knows what the pure query knows."""
    about = {"eventTime": "2026-05-01T00:00:00Z", "eventTimeZoneOffset": "+07:00", "action": "OBSERVE"}
    query = read_query({asked: ["https://id.gs1.org/414/4012345000009"]})
    with Session(engine) as session:
        party = new_party(session, "HTX1")
        put(
            session, party, [{"type": "ObjectEvent", **about, "epcList": [place], "readPoint": {"id": place}}]
        )
        [held] = every(session, [party])
        assert query.holds(facts_of(held))
        assert pages(session, [party], query, 5) == [held.row.id]


def test_the_database_answers_as_the_pure_query_does(engine: Engine) -> None:
    @settings(max_examples=20)
    @given(
        st.lists(events(), min_size=15, max_size=30),
        st.lists(events(), max_size=5),
        st.lists(st.tuples(queries(), orders, st.integers(1, 6)), min_size=10, max_size=14),
    )
    def check(ours: list[dict[str, Any]], theirs: list[dict[str, Any]], asked: list[Any]) -> None:
        with Session(engine) as session:
            us, them = new_party(session, "A"), new_party(session, "B")
            put(session, us, ours[:8])
            put(session, them, theirs)
            put(session, us, ours[8:])
            for n, (document, order, size) in enumerate(asked):
                parties = [us, them] if n % 3 == 0 else [us]
                query = read_query(document | order)
                assert pages(session, parties, query, size) == expected(every(session, parties), query), (
                    document,
                    order,
                )

    check()


@pytest.fixture
def filled(engine: Engine) -> Iterator[tuple[Session, uuid.UUID]]:
    """Sixty events a minute apart, two to each minute of recording."""
    with Session(engine) as session:
        party = new_party(session, "A")
        for n in range(30):
            two = [
                {
                    "type": "ObjectEvent",
                    "action": "OBSERVE",
                    "eventTime": f"2026-05-01T00:{m:02}:00Z",
                    "eventTimeZoneOffset": "+00:00",
                    "bizStep": "packing" if m % 10 else "shipping",
                    "epcList": [EPCS[m % 6]],
                    "ex:n": (m * 7) % 60,
                }
                for m in (n, 59 - n)
            ]
            put(session, party, two, NOW + dt.timedelta(minutes=n))
        session.flush()
        yield session, party


def test_pages_are_the_same_while_others_write(filled: tuple[Session, uuid.UUID]) -> None:
    session, party = filled
    for order in ({}, {"orderBy": "eventTime"}, {"orderBy": "eventTime", "orderDirection": "ASC"},
                  {"orderBy": "ex:n", "orderDirection": "ASC"}):  # fmt: skip
        query = read_query({"@context": CONTEXT, "EQ_bizStep": ["packing"], **order})
        before = pages(session, [party], query, 100)
        first = search(session, [party], query, 10)
        more = {"type": "ObjectEvent", "action": "OBSERVE", "eventTime": "2026-05-01T00:30:30Z",
                "eventTimeZoneOffset": "+00:00", "bizStep": "packing", "ex:n": 30}  # fmt: skip
        put(session, party, [more], NOW + dt.timedelta(days=1))
        found, position = [one.row.id for one in first.events], first.next
        while position is not None:
            page = search(session, [party], query, 10, position)
            found, position = found + [one.row.id for one in page.events], page.next
        assert found == before
        assert len(pages(session, [party], query, 100)) == len(before) + 1


def test_times_narrow_and_meet_their_bounds(filled: tuple[Session, uuid.UUID]) -> None:
    session, party = filled
    query = read_query({"GE_eventTime": "2026-05-01T00:10:00Z", "LT_eventTime": "2026-05-01T07:20:00+07:00"})
    assert len(pages(session, [party], query, 7)) == 10
    query = read_query({"GE_recordTime": "2026-05-10T00:05:00Z", "LT_recordTime": "2026-05-10T00:08:00.000Z"})
    assert len(pages(session, [party], query, 4)) == 6


@pytest.mark.parametrize("far", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_times_far_away(filled: tuple[Session, uuid.UUID], far: str) -> None:
    session, party = filled
    for name in ("eventTime", "recordTime"):
        for order in ({}, {"orderBy": "eventTime"}):
            for word in ("GE", "LT"):
                query = read_query({f"{word}_{name}": far} | order)
                assert pages(session, [party], query, 60) == expected(every(session, [party]), query)


def test_ordered_by_an_extension(filled: tuple[Session, uuid.UUID]) -> None:
    session, party = filled
    query = read_query({"@context": CONTEXT, "EQ_bizStep": ["shipping"], "orderBy": "ex:n"})
    found = [one.value["ex:n"] for one in search(session, [party], query, 100).events]
    assert found == sorted(found, reverse=True)
    assert len(found) == 6
    page = search(session, [party], query, 4)
    assert page.next is not None
    assert [one.value["ex:n"] for one in search(session, [party], query, 4, page.next).events] == found[4:]


def test_limits(filled: tuple[Session, uuid.UUID], monkeypatch: pytest.MonkeyPatch) -> None:
    session, party = filled
    assert len(pages(session, [party], read_query({"maxEventCount": 60}), 50)) == 60
    with pytest.raises(QueryTooLargeError, match="59"):
        search(session, [party], read_query({"maxEventCount": 59}), 50)
    newest = read_query({"orderBy": "eventTime", "eventCountLimit": 5})
    assert len(pages(session, [party], newest, 2)) == 5
    monkeypatch.setattr(searching, "MOST_COUNTED", 20)
    with pytest.raises(QueryTooComplexError):
        search(session, [party], read_query({"@context": CONTEXT, "orderBy": "ex:n"}), 5)


def test_a_page_is_short_when_enough_was_looked_at(
    filled: tuple[Session, uuid.UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Conditions no index knows: every event is read, some for each page; in the end none is missed."""
    session, party = filled
    monkeypatch.setattr(searching, "MOST_READ", 7)
    for order in ({}, {"orderBy": "eventTime"}):
        query = read_query({"@context": CONTEXT, "GE_ex:n": 55, **order})
        assert len(search(session, [party], query, 50).events) < 5
        assert pages(session, [party], query, 50) == expected(every(session, [party]), query)
    monkeypatch.setattr(searching, "MOST_LOOKED_AT", 5)
    query = read_query({"EQ_bizStep": ["shipping"], "MATCH_epc": [EPCS[0]]})
    assert pages(session, [party], query, 50) == expected(every(session, [party]), query)


def test_long_lists(filled: tuple[Session, uuid.UUID]) -> None:
    session, party = filled
    many = [f"urn:epc:id:sgtin:9999999.000001.{n}" for n in range(1_500)] + EPCS[:3]
    for order in ({}, {"orderBy": "eventTime"}):
        query = read_query(
            {"MATCH_anyEPC": many, "EQ_bizStep": ["packing"], "EQ_action": ["OBSERVE"]} | order
        )
        assert pages(session, [party], query, 10) == expected(every(session, [party]), query)


def test_large_events_are_read_when_their_turn_comes(
    filled: tuple[Session, uuid.UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    session, party = filled
    large = {"type": "ObjectEvent", "action": "OBSERVE", "eventTime": "2026-05-02T00:00:00Z", "bizStep": "packing",
             "eventTimeZoneOffset": "+00:00", "ex:text": "ẩ" * LARGE}  # fmt: skip
    put(session, party, [large, {**large, "eventTime": "2026-05-02T00:00:01Z"}], NOW + dt.timedelta(days=1))
    query = read_query(
        {"@context": CONTEXT, "EXISTS_ex:text": 1, "EQ_bizStep": ["packing"], "orderBy": "recordTime"}
    )
    found = search(session, [party], query, 10).events
    assert [one.value["ex:text"] == large["ex:text"] for one in found] == [True, True]
    monkeypatch.setattr(searching, "MOST_BYTES", LARGE)
    assert len(search(session, [party], query, 10).events) == 1
    assert len(pages(session, [party], query, 10)) == 2


def test_events_by_their_id(filled: tuple[Session, uuid.UUID]) -> None:
    session, party = filled
    some = every(session, [party])[10:13]
    query = read_query({"EQ_eventID": [one.row.event_id for one in some], "orderBy": "eventTime"})
    assert sorted(pages(session, [party], query, 2)) == [one.row.id for one in some]
    assert pages(session, [new_party(session, "B")], query, 2) == []


def test_new_events_since_a_number(filled: tuple[Session, uuid.UUID]) -> None:
    session, party = filled
    held = every(session, [party])
    query = read_query({"EQ_bizStep": ["packing"], "orderBy": "eventTime", "eventCountLimit": 1})
    found, at, more = search_new(session, [party], query, held[9].row.id, 5)
    assert [one.row.id for one in found] == [o.row.id for o in held[10:] if o.value["bizStep"] == "packing"][
        :5
    ]
    assert more
    rest: list[int] = []
    while more:
        some, at, more = search_new(session, [party], query, at, 20)
        rest += [one.row.id for one in some]
    assert len(rest) + 5 == sum(o.value["bizStep"] == "packing" for o in held[10:])
    assert at == held[-1].row.id
    assert search_new(session, [party], query, at, 20) == ([], at, False)


def test_many_parties(engine: Engine) -> None:
    with Session(engine) as session:
        parties = [new_party(session, f"P{n}") for n in range(70)]
        event = {"type": "ObjectEvent", "action": "ADD", "eventTime": "2026-05-01T00:00:00Z",
                 "eventTimeZoneOffset": "+00:00", "epcList": [EPCS[0]]}  # fmt: skip
        for n, party in enumerate(parties):
            put(session, party, [event], NOW + dt.timedelta(minutes=n))
        for order in ({}, {"orderBy": "eventTime"}, {"orderBy": "recordTime"}):
            for condition in ({}, {"MATCH_anyEPC": [EPCS[6]]}, {"EQ_action": ["ADD"]}):
                query = read_query(condition | order)
                assert pages(session, parties[:65], query, 30) == expected(
                    every(session, parties[:65]), query
                )
