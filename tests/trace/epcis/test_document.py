"""Documents are read within bounds, told what is wrong where, and written back equal."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.epcis.document import CONTEXT_URL, Limits, document_of, parse_json, read_document
from temthat_trace.epcis.events import EVENT_CLASSES, AggregationEvent, ObjectEvent, QuantityElement
from temthat_trace.epcis.problems import EpcisError

from .conformance import EXAMPLES, needs_data

EVENT: dict[str, Any] = {
    "type": "ObjectEvent",
    "eventTime": "2026-03-04T10:00:30Z",
    "eventTimeZoneOffset": "+07:00",
    "epcList": [],
    "quantityList": [{"epcClass": "urn:epc:class:lgtin:4012345.012345.A", "quantity": 2.50, "uom": "KGM"}],
    "action": "ADD",
    "readPoint": {"id": "urn:epc:id:sgln:4012345.00005.0", "ex:row": {"a": [1, None]}},
    "ilmd": {"ex:x": None},
    "ex:by": {"ex:name": "An"},
}


def document(*events: Any, **more: Any) -> dict[str, Any]:
    return {
        "@context": [CONTEXT_URL, {"ex": "https://ex.vn/"}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-03-04T10:00:30Z",
        "epcisBody": {"eventList": list(events)},
        **more,
    }


def problems_of(value: Any, limits: Limits | None = None) -> list[tuple[str, str]]:
    text = value if isinstance(value, (str, bytes)) else json.dumps(value)
    try:
        found = read_document(text, limits)
    except EpcisError as error:
        return [(p.pointer, p.rule) for p in error.problems]
    return [(p.pointer, p.rule) for entry in found.entries for p in entry.problems]


@needs_data
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_conformance_examples_are_read_and_written_back_equal(path: Path) -> None:
    found = read_document(path.read_bytes())
    assert {type(e).__name__ for e in found.events} <= set(EVENT_CLASSES)
    assert found.to_json() == json.loads(path.read_bytes())


def test_members_become_typed_and_empty_is_not_absent() -> None:
    event = read_document(json.dumps(document(EVENT))).events[0]
    assert isinstance(event, ObjectEvent)
    assert event.epcs == ()
    assert event.quantities == (
        QuantityElement(epc_class="urn:epc:class:lgtin:4012345.012345.A", quantity=2.5, uom="KGM"),
    )
    assert event.sources is None
    assert event.extensions == {"ex:by": {"ex:name": "An"}}
    assert event.at().isoformat() == "2026-03-04T10:00:30+00:00"
    assert event.to_json() == EVENT


def test_an_event_made_here_is_written_as_the_standard_says() -> None:
    event = AggregationEvent(
        type="AggregationEvent", parent_id="urn:x:1", child_epcs=("urn:x:2",), action="ADD"
    )
    assert event.to_json() == {
        "type": "AggregationEvent",
        "action": "ADD",
        "parentID": "urn:x:1",
        "childEPCs": ["urn:x:2"],
    }


def test_a_single_event_and_a_query_document_are_read_and_written_back() -> None:
    single = {"@context": CONTEXT_URL, **EVENT}
    assert read_document(json.dumps(single)).to_json() == single
    query = {
        "@context": CONTEXT_URL,
        "type": "EPCISQueryDocument",
        "epcisBody": {
            "queryResults": {"queryName": "q", "resultsBody": {"eventList": [EVENT], "vocabularyList": []}}
        },
    }
    assert read_document(json.dumps(query)).to_json() == query
    header = document(EVENT, epcisHeader={"epcisMasterData": {"vocabularyList": []}}, **{"ex:own": 1})
    assert read_document(json.dumps(header)).to_json() == header


def test_one_bad_event_does_not_spoil_the_others() -> None:
    found = read_document(json.dumps(document(EVENT, {**EVENT, "epcList": "x", "bizstep": "y"}, EVENT)))
    assert [entry.event is not None for entry in found.entries] == [True, False, True]
    assert [(p.pointer, p.rule) for p in found.entries[1].problems] == [
        ("/epcisBody/eventList/1/epcList", "shape"),
        ("/epcisBody/eventList/1/bizstep", "unknown_member"),
    ]
    assert "bizStep" in found.entries[1].problems[1].vi
    with pytest.raises(EpcisError):
        _ = found.events


AT = "/epcisBody/eventList/0"
MISSING = [("/schemaVersion", "required"), ("/creationDate", "required"), ("/epcisBody", "required")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"\xff", [("", "json")]),
        ("", [("", "json")]),
        ("{", [("", "json")]),
        ('{"a": NaN}', [("", "json")]),
        ('{"a": 1e999}', [("", "json")]),
        ('{"a": ' + "9" * 5000 + "}", [("", "json")]),
        ('{"type": "\\ud800"}', [("", "json")]),
        ('{"type": ["\\u0000"]}', [("", "json")]),
        ("[" * 100_000, [("", "depth")]),
        ("[" * 60 + "]" * 60, [("", "depth")]),
        ("[]", [("/type", "required")]),
        ({"type": "EPCISDocument", "@context": []}, [("/@context", "context"), *MISSING]),
        (document(EVENT, schemaVersion="1.2"), [("/schemaVersion", "version")]),
        (document(EVENT, nonsense=1), [("/nonsense", "unknown_member")]),
        (document(EVENT, epcisBody={"eventList": {}}), [("/epcisBody/eventList", "shape")]),
        ({"type": "ObjectEvent"}, [("/@context", "context")]),
        (document({}), [(AT + "/type", "required")]),
        (document({"type": "ObjectEvnt"}), [(AT + "/type", "event_type")]),
        (document("x"), [(AT, "shape")]),
        (document({**EVENT, "readPoint": "x"}), [(AT + "/readPoint", "shape")]),
        (document({**EVENT, "action": None}), [(AT + "/action", "shape")]),
        (document({**EVENT, "quantityList": [{"quantity": "2"}]}), [(AT + "/quantityList/0/quantity", "shape")]),
        (document({**EVENT, "quantityList": [{"quantity": True}]}), [(AT + "/quantityList/0/quantity", "shape")]),
        (document({**EVENT, "epcList": ["x:1", 2]}), [(AT + "/epcList/1", "shape")]),
        (document({**EVENT, "a/b~c": 1}), [(AT + "/a~1b~0c", "unknown_member")]),
    ],
)  # fmt: skip
def test_each_fault_is_named_with_its_place(value: Any, expected: list[tuple[str, str]]) -> None:
    assert problems_of(value) == expected


def test_bounds_on_bytes_values_and_events() -> None:
    assert problems_of(document(EVENT), Limits(size=50)) == [("", "size")]
    assert problems_of("[" + "[]," * 1000 + "[]]", Limits(values=1500)) == [("", "size")]
    assert problems_of(document(EVENT, EVENT), Limits(events=1)) == [("/epcisBody/eventList", "size")]


def test_a_member_that_stands_twice_is_told_and_the_last_counts() -> None:
    text = json.dumps(document(EVENT)).replace('"action": "ADD"', '"action": "DELETE", "action": "ADD"')
    found = read_document(text)
    assert found.events[0].action == "ADD"
    assert [w.rule for w in found.warnings] == ["duplicate_member"]


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(
    [*EVENT, "parentID", "childEPCs", "sensorElementList", "errorDeclaration", "sourceList"]
)


@given(
    st.sampled_from([*EVENT_CLASSES, "ex:Own"]),
    st.dictionaries(names | st.text(max_size=6), json_values, max_size=6),
)
def test_hostile_events_are_read_whole_or_refused_with_a_place(kind: str, members: dict[str, Any]) -> None:
    value = document({**members, "type": kind})
    found = document_of(value)
    entry = found.entries[0]
    assert (entry.event is None) == bool(entry.problems)
    assert all(p.pointer.startswith(AT) and p.vi and p.en for p in entry.problems)
    assert found.to_json() == value


@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:0\\utype', max_size=60).map(str.encode))
def test_hostile_bytes_are_refused_by_name(data: bytes) -> None:
    try:
        parse_json(data)
        read_document(data)
    except EpcisError as error:
        assert error.vi  # noqa: PT017 - either outcome is right, a crash is not
