"""One event has one hash, however it is written; another event has another."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.epcis.context import Context
from temthat_trace.epcis.eventhash import (
    HashError,
    document_hashes,
    document_pre_hashes,
    event_hash,
    pre_hash,
    utc_millis,
)

from .conformance import HASHES, needs_data

URN = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
EVENT: dict[str, Any] = {
    "type": "ObjectEvent",
    "eventTime": "2026-03-04T10:00:30Z",
    "eventTimeZoneOffset": "+07:00",
    "epcList": ["urn:epc:id:sgtin:4012345.011111.2", "urn:epc:id:sgtin:4012345.011111.10"],
    "quantityList": [{"epcClass": "urn:epc:class:lgtin:4012345.012345.A", "quantity": 2.50, "uom": "KGM"}],
    "action": "ADD",
    "bizStep": "commissioning",
    "readPoint": {"id": "urn:epc:id:sgln:4012345.00005.0", "ex:row": "7"},
    "sourceList": [{"type": "owning_party", "source": "urn:epc:id:pgln:4012345.00000"}],
    "ilmd": {"cbvmda:lotNumber": "A", "ex:plot": ["T2", "T1"]},
    "ex:by": {"ex:name": "An", "ex:age": 30},
}
CONTEXT = Context([URN, {"ex": "https://ex.vn/e/"}])


@needs_data
@pytest.mark.parametrize("path", HASHES, ids=lambda p: p.stem)
def test_conformance_hashes_are_those_published(path: Path) -> None:
    document = json.loads(path.read_text("utf-8"))
    before = copy.deepcopy(document)
    assert document_hashes(document) == path.with_suffix(".hashes").read_text().split()
    assert document == before


def test_the_pre_hash_string_in_full() -> None:
    assert pre_hash(EVENT, CONTEXT) == (
        "eventType=ObjectEvent"
        "eventTime=2026-03-04T10:00:30.000Z"
        "eventTimeZoneOffset=+07:00"
        "epcListepc=https://id.gs1.org/01/04012345111118/21/10epc=https://id.gs1.org/01/04012345111118/21/2"
        "quantityListquantityElementepcClass=https://id.gs1.org/01/04012345123456/10/Aquantity=2.5uom=KGM"
        "action=ADD"
        "bizStep=https://ref.gs1.org/cbv/BizStep-commissioning"
        "readPointid=https://id.gs1.org/414/4012345000054{https://ex.vn/e/}row=7"
        "ilmd{https://ex.vn/e/}plot=T1{https://ex.vn/e/}plot=T2{urn:epcglobal:cbv:mda}lotNumber=A"
        "sourceListtype=https://ref.gs1.org/cbv/SDT-owning_partysource=https://id.gs1.org/417/4012345000009"
        "{https://ex.vn/e/}by{https://ex.vn/e/}age=30{https://ex.vn/e/}name=An"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"eventTime": "2026-03-04T17:00:30.0000+07:00"},
        {
            "epcList": [
                "https://x.vn/a/01/04012345111118/10/L/21/10?17=270101",
                "HTTP://X/01/04012345111118/21/2",
            ]
        },
        {"bizStep": "urn:epcglobal:cbv:bizstep:commissioning"},
        {"bizStep": "https://ref.gs1.org/cbv/BizStep-commissioning"},
        {"bizStep": "cbv:BizStep-commissioning"},
        {
            "eventID": "urn:uuid:1",
            "recordTime": "2027-01-01T00:00:00Z",
            "certificationInfo": "https://x.vn/c",
        },
        {"errorDeclaration": {"declarationTime": "2027-01-01T00:00:00Z"}, "rdfs:comment": "x"},
        {"readPoint": {"ex:row": " 007.0 ", "id": " https://x.vn/414/4012345000054"}},
        {"sourceList": [{"source": "https://x.vn/417/4012345000009", "type": "cbv:SDT-owning_party"}]},
        {
            "quantityList": [
                {"uom": "KGM", "quantity": "2.500", "epcClass": "https://x.vn/01/04012345123456/10/A"}
            ]
        },
        {"epcClass": None, "childEPCs": []},
    ],
)
def test_the_same_event_written_otherwise_has_the_same_hash(change: dict[str, Any]) -> None:
    assert event_hash({**EVENT, **change}, CONTEXT) == event_hash(EVENT, CONTEXT)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "TransactionEvent"},
        {"eventTime": "2026-03-04T10:00:30.001Z"},
        {"eventTimeZoneOffset": "+08:00"},
        {"epcList": EVENT["epcList"][:1]},
        {"action": "OBSERVE"},
        {"disposition": "active"},
        {"ilmd": {"cbvmda:lotNumber": "B", "ex:plot": ["T2", "T1"]}},
        {"ex:new": ""},
        {"ex:by": {"ex:name": "An"}},
    ],
)
def test_another_event_has_another_hash(change: dict[str, Any]) -> None:
    assert event_hash({**EVENT, **change}, CONTEXT) != event_hash(EVENT, CONTEXT)


def test_members_stand_in_the_order_of_the_standard_and_lists_behind_the_sensors() -> None:
    """A transaction's parent stands behind its EPCs (CBV 2.0, canonical property order)."""
    event = {
        "ex:z": "1",
        "destinationList": [{"destination": "urn:x:d", "type": "location"}],
        "bizTransactionList": [{"bizTransaction": "urn:x:2", "type": "po"}, {"bizTransaction": "urn:x:1"}],
        "sensorElementList": [{"sensorReport": {"type": "Mass"}, "ex:s": "2"}],
        "parentID": "urn:x:p",
        "epcList": ["urn:x:e"],
        "type": "TransactionEvent",
    }
    assert pre_hash(event, CONTEXT) == (
        "eventType=TransactionEventepcListepc=urn:x:eparentID=urn:x:p"
        "sensorElementListsensorElementsensorReporttype=https://gs1.org/voc/Mass{https://ex.vn/e/}s=2"
        "bizTransactionListbizTransaction=urn:x:1type=https://ref.gs1.org/cbv/BTT-pobizTransaction=urn:x:2"
        "destinationListtype=https://ref.gs1.org/cbv/SDT-locationdestination=urn:x:d"
        "{https://ex.vn/e/}z=1"
    )


def test_a_term_of_the_documents_own_context_is_an_extension_like_a_prefixed_one() -> None:
    own = Context([URN, {"plot": {"@id": "https://ex.vn/e/plot"}}])
    assert pre_hash({"type": "X", "plot": "T1"}, own) == pre_hash({"type": "X", "ex:plot": "T1"}, CONTEXT)
    assert "{" not in pre_hash({"type": "X", "lạ:plot": "T1", "http://x": "2"}, CONTEXT)


def test_a_prefix_by_another_name_is_the_same_namespace_and_an_event_may_bring_its_own() -> None:
    text = json.dumps(EVENT).replace("ex:", "khac:")
    other = {**json.loads(text), "@context": {"khac": "https://ex.vn/e/"}}
    assert event_hash(other, Context(URN)) == event_hash(EVENT, CONTEXT)


def test_the_web_vocabulary_moved_with_a_later_context() -> None:
    event = {
        **EVENT,
        "sensorElementList": [{"sensorReport": [{"type": "Temperature", "value": 26, "booleanValue": True}]}],
    }
    assert "type=https://gs1.org/voc/Temperaturevalue=26booleanValue=true" in pre_hash(event, CONTEXT)
    later = Context(
        ["https://ref.gs1.org/standards/epcis/2.0.1/epcis-context.jsonld", {"ex": "https://ex.vn/e/"}]
    )
    assert "type=https://ref.gs1.org/voc/Temperature" in pre_hash(event, later)


def test_fields_a_repository_added_are_left_out_when_it_says_so() -> None:
    contexts = [URN, {"ex": "https://ex.vn/e/", "r": "https://repository-x.example.com/"}]
    document = {"@context": contexts, "epcisBody": {"eventList": [{**EVENT, "r:stored": "1"}]}}
    assert document_pre_hashes({**document, "r:ignoreFields": ["r:stored"]}) == [pre_hash(EVENT, CONTEXT)]
    assert document_pre_hashes(document) != [pre_hash(EVENT, CONTEXT)]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-01-01T00:00:00+07:00", "2025-12-31T17:00:00.000Z"),
        ("2026-01-01T00:00:00.1415Z", "2026-01-01T00:00:00.142Z"),
        ("2026-01-01T00:00:00.1405Z", "2026-01-01T00:00:00.141Z"),
        ("2026-01-01T00:00:00.1414999Z", "2026-01-01T00:00:00.141Z"),
        ("2026-12-31T23:59:59.9995Z", "2027-01-01T00:00:00.000Z"),
        ("2026-01-01T00:00:00.5-00:30", "2026-01-01T00:30:00.500Z"),
        ("2026-13-01T00:00:00Z", "2026-13-01T00:00:00Z"),
        ("2026-01-01T00:00:00", "2026-01-01T00:00:00"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_times_go_to_utc_with_halves_rounded_up(text: str, utc: str) -> None:
    assert utc_millis(text) == utc


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("+00012.500", "12.5"),
        (-0.0, "0"),
        ("1e3", "1000"),
        ("1E-5", "0.00001"),
        ("12345678901234567890123456789012.10", "12345678901234567890123456789012.1"),
        ("1e9999999", "1e9999999"),
        ("١٢", "١٢"),
        ("-", "-"),
        (".5", "0.5"),
    ],
)
def test_numbers_lose_needless_zeros_and_no_digit(value: Any, shown: str) -> None:
    assert pre_hash({"type": "X", "ex:n": value}, CONTEXT) == f"eventType=X{{https://ex.vn/e/}}n={shown}"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8) | st.just("type"), inner, max_size=3)
    ),
    max_leaves=12,
)
members = st.sampled_from(
    [*EVENT, "sensorElementList", "childEPCs", "persistentDisposition", "bizTransactionList", "@context"]
)


@given(st.dictionaries(members | st.text(max_size=8), json_values, max_size=8))
def test_hostile_events_get_a_hash_or_a_typed_error(event: dict[str, Any]) -> None:
    try:
        assert event_hash(event, CONTEXT).startswith("ni:///sha-256;")
    except HashError as error:
        assert error.vi  # noqa: PT017 - both ends are right, neither is a crash


@given(st.permutations(list(EVENT)), st.randoms())
def test_property_the_order_of_members_and_of_lists_says_nothing(order: list[str], random: Any) -> None:
    event = {key: copy.deepcopy(EVENT[key]) for key in order}
    random.shuffle(event["epcList"])
    random.shuffle(event["ilmd"]["ex:plot"])
    assert event_hash(event, CONTEXT) == event_hash(EVENT, CONTEXT)


def test_hostile_nesting_is_refused_before_the_stack_ends() -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = {"ex:a": [deep]}
    with pytest.raises(HashError):
        event_hash({"type": "ObjectEvent", "ex:deep": deep}, CONTEXT)
    with pytest.raises(HashError):
        document_hashes({"epcisBody": {}})
