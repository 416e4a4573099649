"""Capture into a real repository: what is stored, told, taken back, found again; on SQLite and PostgreSQL."""

import datetime as dt
import json
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from temthat_trace.database import make_engine
from temthat_trace.epcis import capture as capturing
from temthat_trace.epcis import store
from temthat_trace.epcis.answering import query_document
from temthat_trace.epcis.capture import capture, close_unfinished
from temthat_trace.epcis.document import CONTEXT_URL
from temthat_trace.epcis.levels import levels_of
from temthat_trace.epcis.outcome import Behaviour, Captured, Fate
from temthat_trace.epcis.problems import EpcisError
from temthat_trace.epcis.tables import CaptureJob, EpcisEvent, EpcisTerm
from temthat_trace.epcis.terms import condition, term, thing
from temthat_trace.parties import Party, PartyKind

from .conformance import EXAMPLES, needs_data

NOW = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
PROCEED = Behaviour.PROCEED
GTIN = "urn:epc:id:sgtin:8934567.011111."


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    engine = make_engine(database_url)
    with Session(engine, expire_on_commit=False) as opened:
        yield opened
    engine.dispose()


@pytest.fixture
def party(session: Session) -> uuid.UUID:
    return new_party(session, "HTX1")


def new_party(session: Session, code: str) -> uuid.UUID:
    made = Party(code=code, kind=PartyKind.COOPERATIVE, name=code)
    session.add(made)
    session.commit()
    return made.id


def numbers(session: Session, party: uuid.UUID, asked: str) -> list[int]:
    """The events of a party that meet a condition."""
    key = term(party, asked)
    return store.numbers_by_term(session, [key]).get(key, [])


def an_event(n: int = 1, **members: Any) -> dict[str, Any]:
    return {
        "type": "ObjectEvent",
        "eventTime": f"2026-11-{n % 28 + 1:02d}T08:00:00.000+07:00",
        "eventTimeZoneOffset": "+07:00",
        "epcList": [f"{GTIN}S{n}"],
        "action": "ADD",
        "bizStep": "commissioning",
        **members,
    }


def a_document(*events: Any, **members: Any) -> dict[str, Any]:
    return {
        "@context": [CONTEXT_URL, {"ex": "https://ex.vn/"}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-11-20T00:00:00Z",
        "epcisBody": {"eventList": list(events)},
        **members,
    }


def take(session: Session, party: uuid.UUID, *events: Any, **options: Any) -> Captured:
    _, captured = capture(session, party, a_document(*events), now=options.pop("now", NOW), **options)
    session.commit()
    return captured


def fates(captured: Captured) -> list[str]:
    return [result.fate.value for result in captured.results]


def rules(captured: Captured) -> list[list[str]]:
    return [[p.rule for p in result.problems] for result in captured.results]


def held(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(EpcisEvent)) or 0


def test_what_is_captured_is_found_and_equal(session: Session, party: uuid.UUID) -> None:
    """By its id, by the things it names in either way of writing, by its words; the text is what was sent."""
    one = an_event(1, eventID="urn:uuid:5b1b0a36-4a1a-4b7c-9d6c-0f0f0f0f0f0f", **{"ex:weight": 12.50})
    text = json.dumps(a_document(one, an_event(2)), indent=2).replace("12.5", "12.500")
    job, captured = capture(session, party, text, now=NOW)
    session.commit()
    assert fates(captured) == ["accepted", "accepted"]
    assert (job.running, job.success, job.accepted) == (False, True, 2)
    for result, sent in zip(captured.results, (one, an_event(2)), strict=True):
        [found] = store.events_by_id(session, [party], result.event_id or "")
        assert found.value == sent
        assert found.row.event_id == result.event_id
        assert found.row.job_id == job.id
    assert "12.500" in store.events_by_id(session, [party], one["eventID"])[0].row.body
    for asked in (
        thing(f"{GTIN}S1"),
        thing("HTTPS://VI.DU/01/08934567111119/10/L/21/S1"),
        condition("x", "{https://ex.vn/}weight", "12.5"),
    ):
        assert len(numbers(session, party, asked)) == 1
    for asked in (condition("bizStep", "commissioning"), condition("type", "ObjectEvent")):
        assert [s.value for s in store.events_of(session, numbers(session, party, asked))] == [
            one,
            an_event(2),
        ]


def test_a_second_capture_is_a_duplicate(session: Session, party: uuid.UUID) -> None:
    """Of the whole, of one among new ones, of two in one document, however it is written; nothing is an error."""
    first = take(session, party, an_event(1), an_event(2))
    again = take(session, party, an_event(2), an_event(3), an_event(3))
    assert fates(again) == ["duplicate", "accepted", "duplicate"]
    assert again.success
    assert rules(again) == [[], [], []]
    other = an_event(1, epcList=["https://vi.du/01/08934567111119/21/S1"], eventTime="2026-11-02T01:00:00Z")
    told = take(session, party, {**other, "eventTimeZoneOffset": "+07:00"})
    assert fates(told) == ["duplicate"]
    assert told.results[0].event_id == first.results[0].event_id
    assert rules(told) == [["duplicate_differs"]]
    assert held(session) == 3


def test_a_duplicate_that_differs_says_in_what(session: Session, party: uuid.UUID) -> None:
    """The hash leaves out certificates; the first event stays, and its id is told."""
    first = take(session, party, an_event(1, eventID="urn:x:1"))
    told = take(session, party, an_event(1, eventID="urn:x:2", certificationInfo="https://vi.du/cert"))
    assert fates(told) == ["duplicate"]
    [result] = told.results
    assert result.event_id == first.results[0].event_id == "urn:x:1"
    assert [p.rule for p in result.problems] == ["duplicate_differs"]
    assert "certificationInfo" in result.problems[0].vi
    assert store.events_by_id(session, [party], "urn:x:2") == []


def test_one_bad_event_rolls_all_back_or_not(session: Session, party: uuid.UUID) -> None:
    """Rollback by default and nothing stays; proceed stores the good ones. Each event is told either way."""
    bad = an_event(2, action="add")
    rolled = take(session, party, an_event(1), bad, "nonsense", an_event(3))
    assert fates(rolled) == ["rolled_back", "rejected", "rejected", "rolled_back"]
    assert rules(rolled) == [[], ["action"], ["shape"], []]
    assert rolled.results[1].problems[0].pointer == "/epcisBody/eventList/1/action"
    assert held(session) == 0
    assert session.scalar(select(func.count()).select_from(EpcisTerm)) == 0
    job = session.scalars(select(CaptureJob)).one()
    assert (job.running, job.success, job.accepted, job.rejected) == (False, False, 0, 2)
    going_on = take(session, party, an_event(1), bad, an_event(3), behaviour=PROCEED)
    assert fates(going_on) == ["accepted", "rejected", "accepted"]
    assert held(session) == 2


def test_a_rolled_back_capture_leaves_the_callers_own_work(session: Session, party: uuid.UUID) -> None:
    """Only what the capture stored is taken back."""
    session.add(Party(code="BESIDE", kind=PartyKind.COOPERATIVE, name="x"))
    take(session, party, an_event(1), "nonsense")
    assert held(session) == 0
    assert session.scalar(select(func.count()).where(Party.code == "BESIDE")) == 1


def test_what_is_no_document_stores_nothing_at_all(session: Session, party: uuid.UUID) -> None:
    """No event and no job."""
    for data in (
        b"",
        b"{",
        json.dumps(a_document(an_event(1))).encode()[:-3],
        b"\xff\xfe",
        {"type": "EPCISDocument"},
    ):
        with pytest.raises(EpcisError):
            capture(session, party, data, now=NOW)
    session.commit()
    assert held(session) == 0
    assert session.scalar(select(func.count()).select_from(CaptureJob)) == 0


def test_an_id_names_one_event(session: Session, party: uuid.UUID) -> None:
    """Another event under a taken id is refused, in the store and within one document; so says the setting."""
    take(session, party, an_event(1, eventID="urn:x:1"))
    told = take(session, party, an_event(2, eventID="urn:x:1"), behaviour=PROCEED)
    assert rules(told) == [["event_id_taken"]]
    assert told.results[0].problems[0].pointer == "/epcisBody/eventList/0/eventID"
    twice = take(
        session, party, an_event(3, eventID="urn:x:3"), an_event(4, eventID="urn:x:3"), behaviour=PROCEED
    )
    assert fates(twice) == ["accepted", "rejected"]
    lenient = levels_of({"event_id_taken": "warning"})
    assert fates(take(session, party, an_event(2, eventID="urn:x:1"), levels=lenient)) == ["accepted"]
    assert len(store.events_by_id(session, [party], "urn:x:1")) == 2


def test_a_declaration_stands_beside_its_event(session: Session, party: uuid.UUID) -> None:
    """Same id, both answered, the older first; again it is a duplicate; a copy that differs is told."""
    declared = {"declarationTime": "2026-11-20T00:00:00Z", "reason": "incorrect_data"}
    for event in (an_event(1, eventID="urn:x:1"), an_event(2)):
        take(session, party, event)
        wrong = {**event, "errorDeclaration": declared}
        first = take(session, party, wrong)
        assert fates(first) == ["accepted"]
        assert fates(take(session, party, wrong)) == ["duplicate"]
        assert fates(take(session, party, event)) == ["duplicate"]
        found = store.events_by_id(session, [party], first.results[0].event_id or "")
        assert [one.value for one in found] == [event, wrong]
    told = take(session, party, an_event(3, eventID="urn:x:1", errorDeclaration=declared))
    assert (fates(told), rules(told)) == (["accepted"], [["declaration_differs"]])
    # The declaration may come first.
    take(session, party, an_event(5, eventID="urn:x:5", errorDeclaration=declared))
    assert fates(take(session, party, an_event(5, eventID="urn:x:5"))) == ["accepted"]


def test_an_id_that_is_a_wrong_hash_is_told(session: Session, party: uuid.UUID) -> None:
    """The right hash as id says nothing, that of another event does; it is stored all the same."""
    right = take(session, party, an_event(1)).results[0].event_id or ""
    other = new_party(session, "HTX2")
    assert rules(take(session, other, an_event(1, eventID=right))) == [[]]
    assert rules(take(session, party, an_event(2, eventID=right))) == [["hash_differs"]]
    assert len(store.events_by_id(session, [party], right)) == 2


def test_lives_are_followed_across_captures_and_groups(
    session: Session, party: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made, packed, packed again elsewhere, ended, seen after its end: told as warnings, refused where set so."""
    monkeypatch.setattr(capturing, "GROUP", 2)
    box = {"type": "AggregationEvent", "childEPCs": [f"{GTIN}S1"], "bizStep": "packing", "epcList": None}
    box.pop("epcList")

    def packed(day: int, parent: str) -> dict[str, Any]:
        return {
            **box,
            "parentID": f"urn:epc:id:sscc:8934567.{parent:0>10}",
            "action": "ADD",
            "eventTime": f"2026-11-{day:02d}T00:00:00Z",
            "eventTimeZoneOffset": "+07:00",
        }

    seen = an_event(8, epcList=[f"{GTIN}S1"], action="OBSERVE", bizStep="inspecting")
    end = an_event(6, epcList=[f"{GTIN}S1"], action="DELETE", bizStep="destroying")
    told = take(session, party, an_event(1), packed(3, "1"), packed(4, "2"), end, seen)
    assert rules(told) == [[], [], ["two_parents"], [], ["after_end"]]
    assert told.success
    late = an_event(5, epcList=[f"{GTIN}S1"], action="OBSERVE", bizStep="inspecting")
    assert rules(take(session, party, late)) == [["late"]]
    strict = levels_of({"life": "error"})
    again = an_event(9, epcList=[f"{GTIN}S1"], action="OBSERVE", bizStep="inspecting")
    assert fates(take(session, party, again, levels=strict)) == ["rejected"]


def test_a_member_that_stands_twice_is_told_or_keeps_the_document_out(
    session: Session, party: uuid.UUID
) -> None:
    """By the level of its rule."""
    text = json.dumps(a_document(an_event())).replace('"action"', '"action": "OBSERVE", "action"')
    with pytest.raises(EpcisError, match="stands twice"):
        capture(session, party, text, now=NOW, levels=levels_of({"duplicate_member": "error"}))
    _, captured = capture(session, party, text, now=NOW)
    assert (fates(captured), [w.rule for w in captured.warnings]) == (["accepted"], ["duplicate_member"])


def test_a_thing_with_very_many_events_is_told(
    session: Session, party: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the latest are looked at, and that is said."""
    monkeypatch.setattr(capturing, "MOST_OF_A_THING", 3)
    seen = [an_event(n, epcList=[f"{GTIN}S1"], action="OBSERVE", bizStep="holding") for n in range(2, 7)]
    take(session, party, an_event(1), *seen)
    told = take(session, party, an_event(9, epcList=[f"{GTIN}S1"], action="OBSERVE", bizStep="holding"))
    assert rules(told) == [["long_history"]]


def test_numbers_rise_whatever_the_clock_does(session: Session, party: uuid.UUID) -> None:
    """A clock that goes back does not put later events before earlier ones; the record time is in the number."""
    take(session, party, an_event(1), an_event(2))
    take(session, party, an_event(3), now=NOW - dt.timedelta(days=1))
    take(session, party, an_event(4), now=NOW + dt.timedelta(days=1))
    rows = list(session.scalars(select(EpcisEvent).order_by(EpcisEvent.id)))
    assert [json.loads(r.body)["epcList"] for r in rows] == [[f"{GTIN}S{n}"] for n in (1, 2, 3, 4)]
    assert [r.record_time for r in rows] == [NOW, NOW, NOW, NOW + dt.timedelta(days=1)]


def test_repositories_do_not_see_each_other(session: Session, party: uuid.UUID) -> None:
    """The same event in two repositories is twice accepted; ids and things are found in one's own only."""
    other = new_party(session, "HTX2")
    event = an_event(1, eventID="urn:x:1")
    for one in (party, other):
        assert fates(take(session, one, event)) == ["accepted"]
        assert len(store.events_by_id(session, [one], "urn:x:1")) == 1
        assert len(numbers(session, one, thing(f"{GTIN}S1"))) == 1
    assert len(store.events_by_id(session, [party, other], "urn:x:1")) == 2


def test_events_go_out_with_the_context_they_need(session: Session, party: uuid.UUID) -> None:
    """One context for all: at the top. Several: each event has its own, and its extensions mean what they meant."""
    for n, url in ((1, "https://a.vn/"), (2, "https://b.vn/")):
        document = {**a_document(an_event(n, **{"ex:x": 1.0})), "@context": [CONTEXT_URL, {"ex": url}]}
        capture(session, party, document, now=NOW)
    alone = {"@context": [CONTEXT_URL, {"ex": "https://c.vn/"}], **an_event(3, **{"ex:x": 1})}
    capture(session, party, alone, now=NOW)
    session.commit()
    every = store.events_of(session, numbers(session, party, condition("type", "ObjectEvent")))
    whole = json.loads(query_document(every, NOW))
    listed = whole["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert [e["@context"][1]["ex"] for e in listed] == ["https://a.vn/", "https://b.vn/", "https://c.vn/"]
    assert whole["@context"] == CONTEXT_URL
    first = json.loads(query_document(every[:1], NOW))
    assert first["@context"] == [CONTEXT_URL, {"ex": "https://a.vn/"}]
    assert first["epcisBody"]["queryResults"]["resultsBody"]["eventList"] == [an_event(1, **{"ex:x": 1.0})]
    # What went out can be captured again, and is the same.
    again = new_party(session, "HTX2")
    assert capture(session, again, whole, now=NOW)[1].success
    assert {r.hash for r in session.scalars(select(EpcisEvent).where(EpcisEvent.party_id == again))} == {
        e.row.hash for e in every
    }


@needs_data
def test_conformance_every_example_is_captured_and_equal(session: Session) -> None:
    """Each into a repository of its own: no error, and its events come back as they were."""
    for n, path in enumerate(EXAMPLES):
        party = new_party(session, f"EX{n}")
        value = json.loads(path.read_text("utf-8"))
        body = value["epcisBody"]
        sent = (body.get("queryResults", {}).get("resultsBody") or body)["eventList"]
        _, captured = capture(session, party, path.read_bytes(), now=NOW)
        assert captured.success, (path.stem, captured.results)
        found = store.events_of(
            session,
            session.scalars(select(EpcisEvent.id).where(EpcisEvent.party_id == party)).all(),
        )
        assert [one.value for one in found] == sent
        session.commit()
    assert n == 46


letters = st.characters(codec="utf-8", exclude_characters="\0")
leaves = (
    st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(letters, max_size=12)
)
extensions = st.dictionaries(
    st.text("abcxyz", min_size=1, max_size=4).map("ex:".__add__),
    st.recursive(
        leaves, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text("ab", max_size=2), x, max_size=2)
    ),
    max_size=3,
)


@settings(max_examples=40)
@given(members=extensions, ilmd=extensions, indent=st.sampled_from([None, 1]))
def test_property_what_is_captured_comes_back_equal(
    sqlite_url: str, members: dict[str, Any], ilmd: dict[str, Any], indent: int | None
) -> None:
    """Whatever extensions an event has, in any spacing; and a second time it is a duplicate."""
    engine = make_engine(sqlite_url)
    with Session(engine) as session:
        party = new_party(session, uuid.uuid4().hex)
        event = an_event(1, ilmd=ilmd, **members)
        text = json.dumps(a_document(event), indent=indent, ensure_ascii=indent is None)
        _, captured = capture(session, party, text, now=NOW)
        session.commit()
        [result] = captured.results
        assert result.fate is Fate.ACCEPTED, result
        [found] = store.events_by_id(session, [party], result.event_id or "")
        assert json.dumps(found.value) == json.dumps(event)
        assert fates(capture(session, party, a_document(event), now=NOW)[1]) == ["duplicate"]
    engine.dispose()


KILLED = """
import datetime as dt, json, sys, uuid
from sqlalchemy.orm import Session
import temthat_trace.tables
from temthat_trace.database import make_engine
from temthat_trace.epcis import capture as capturing
from temthat_trace.epcis.tables import CaptureJob
url, party, path = sys.argv[1:]
settle = capturing._Work.settle
def told(self, group, context):
    found = settle(self, group, context)
    print("stored a group", flush=True)
    return found
capturing._Work.settle = told
now = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
with Session(make_engine(url), expire_on_commit=False) as session:
    job = CaptureJob(party_id=uuid.UUID(party), created_at=now)
    session.add(job)
    session.commit()
    capturing.capture(session, job.party_id, open(path, "rb").read(), now=now, job=job, behaviour="proceed")
    session.commit()
"""


def test_a_process_killed_while_it_captures_leaves_nothing(
    session: Session, party: uuid.UUID, tmp_path: Path
) -> None:
    """Killed after it stored two groups: no event is there, the job is closed as failed, and the document goes in."""
    path = tmp_path / "long.json"
    path.write_text(json.dumps(a_document(*[an_event(n) for n in range(4_000)])))
    url = session.get_bind().engine.url.render_as_string(hide_password=False)
    session.rollback()
    command = [sys.executable, "-c", KILLED, url, str(party), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(2):
            assert process.stdout.readline() == "stored a group\n"
        process.kill()
    for _ in range(600):  # a server takes a moment to notice that its client is gone
        job = session.scalars(select(CaptureJob)).one()
        if held(session) == 0 and job.running:
            break
        session.rollback()
        time.sleep(0.1)
    assert (held(session), job.running) == (0, True)
    assert close_unfinished(session, NOW) == 1
    session.commit()
    assert (job.running, job.success) == (False, False)
    assert "interrupted" in job.outcome
    assert take(session, party, an_event(1)).success


def test_two_captures_at_once_store_an_event_once(session: Session, party: uuid.UUID) -> None:
    """Each event is accepted by one of them and a duplicate for the other; numbers are all different."""
    engine = session.get_bind().engine
    session.rollback()
    document = a_document(*[an_event(n) for n in range(60)])
    start = threading.Barrier(3)

    def one(turn: int) -> list[str]:
        with Session(engine, expire_on_commit=False) as own:
            start.wait(60)
            _, captured = capture(own, party, document, now=NOW)
            own.commit()
            return fates(captured)

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(one, range(3)))
    assert sorted(found) == [["accepted"] * 60, ["duplicate"] * 60, ["duplicate"] * 60]
    assert held(session) == 60
