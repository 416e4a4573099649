"""Every field rule speaks up where it is broken, with the place, and is silent where it is kept."""

from datetime import UTC, datetime
from typing import Any

import pytest

from temthat_trace.epcis.context import Context
from temthat_trace.epcis.document import read_document
from temthat_trace.epcis.problems import Level
from temthat_trace.epcis.reading import read_event
from temthat_trace.epcis.rules import check_document, check_event

from .conformance import EXAMPLES, needs_data

SGTIN, SSCC, LOT = (
    "urn:epc:id:sgtin:4012345.011111.1",
    "urn:epc:id:sscc:4012345.0000000333",
    "urn:epc:class:lgtin:4012345.012345.A",
)
COMMON: dict[str, Any] = {"eventTime": "2026-03-04T10:00:30+07:00", "eventTimeZoneOffset": "+07:00"}
OBJECT = {**COMMON, "type": "ObjectEvent", "action": "ADD", "epcList": [SGTIN], "bizStep": "commissioning"}
AGGREGATION = {**COMMON, "type": "AggregationEvent", "action": "ADD", "parentID": SSCC, "childEPCs": [SGTIN]}
ASSOCIATION = {**AGGREGATION, "type": "AssociationEvent"}
TRANSACTION = {
    **COMMON,
    "type": "TransactionEvent",
    "action": "ADD",
    "epcList": [SGTIN],
    "bizTransactionList": [{"type": "po", "bizTransaction": "urn:x:1"}],
}
TRANSFORMATION = {
    **COMMON,
    "type": "TransformationEvent",
    "inputEPCList": [SGTIN],
    "outputQuantityList": [{"epcClass": LOT}],
}
EACH = [OBJECT, AGGREGATION, ASSOCIATION, TRANSACTION, TRANSFORMATION]


def found(value: dict[str, Any], **more: Any) -> list[tuple[str, str, str]]:
    event, problems = read_event(value)
    assert event is not None, problems
    result = check_event(event, **more)
    assert all(p.vi and p.en and p.vi != p.en for p in result)
    return [(p.pointer, p.rule, p.level.value) for p in result]


@needs_data
def test_conformance_examples_break_no_rule() -> None:
    for path in EXAMPLES:
        problems = check_document(read_document(path.read_bytes()))
        assert [p for p in problems if p.level is Level.ERROR] == [], path.stem


@pytest.mark.parametrize("event", EACH, ids=lambda e: e["type"])
def test_plain_events_of_each_type_keep_all_rules(event: dict[str, Any]) -> None:
    assert found(event) == []


def without(event: dict[str, Any], *names: str) -> dict[str, Any]:
    return {k: v for k, v in event.items() if k not in names}


def measured(report: dict[str, Any]) -> dict[str, Any]:
    return {**OBJECT, "sensorElementList": [{"sensorReport": [report]}]}


BOTH = {"set": ["recalled"], "unset": ["recalled"]}
SAME = "https://x.vn/01/04012345111118/10/L/21/1"
QUANTITY = {"epcClass": LOT, "quantity": 1.5, "uom": "KGM"}
BROKEN = [
    (without(OBJECT, "eventTime"), "/eventTime", "required"),
    (without(OBJECT, "eventTimeZoneOffset"), "/eventTimeZoneOffset", "required"),
    (without(OBJECT, "action"), "/action", "required"),
    (without(OBJECT, "epcList"), "/epcList", "required"),
    ({**OBJECT, "eventTime": "2026-03-04T10:00:30"}, "/eventTime", "time"),
    ({**OBJECT, "eventTime": "2026-02-30T10:00:30Z"}, "/eventTime", "time"),
    ({**OBJECT, "eventTime": "04/03/2026"}, "/eventTime", "time"),
    ({**OBJECT, "recordTime": "x"}, "/recordTime", "time"),
    ({**OBJECT, "eventTimeZoneOffset": "7"}, "/eventTimeZoneOffset", "zone"),
    ({**OBJECT, "eventTimeZoneOffset": "+14:30"}, "/eventTimeZoneOffset", "zone"),
    ({**OBJECT, "action": "add"}, "/action", "action"),
    ({**OBJECT, "eventID": "no uri"}, "/eventID", "uri"),
    ({**OBJECT, "certificationInfo": ["urn:x:1", "x"]}, "/certificationInfo/1", "uri"),
    ({**OBJECT, "bizStep": "shiping"}, "/bizStep", "vocabulary"),
    ({**OBJECT, "bizStep": "https://ref.gs1.org/cbv/BizStep-shiping"}, "/bizStep", "vocabulary"),
    ({**OBJECT, "bizStep": "cbv:BizStep-shiping"}, "/bizStep", "vocabulary"),
    ({**OBJECT, "bizStep": "urn:epcglobal:cbv:disp:active"}, "/bizStep", "vocabulary"),
    ({**OBJECT, "bizStep": "urn:epcglobal:cbv:bizstep:shipping"}, "/bizStep", "vocabulary_form"),
    ({**OBJECT, "disposition": "bad"}, "/disposition", "vocabulary"),
    ({**OBJECT, "epcList": [SGTIN, "x"]}, "/epcList/1", "uri"),
    ({**OBJECT, "epcList": [SGTIN, SGTIN]}, "/epcList/1", "duplicate_epc"),
    ({**OBJECT, "epcList": ["https://x.vn/01/04012345111117/21/1"]}, "/epcList/0", "check_digit"),
    ({**OBJECT, "epcList": ["https://x.vn/00/040123450000003337"]}, "/epcList/0", "check_digit"),
    ({**OBJECT, "epcList": ["https://x.vn/01/04012345111118/21/1/10/A"]}, "/epcList/0", "gs1_key"),
    ({**OBJECT, "epcList": ["urn:epc:id:sgtin:4012345.01111.1"]}, "/epcList/0", "gs1_key"),
    ({**OBJECT, "epcList": ["https://x.vn/01/4012345111118/21/1"]}, "/epcList/0", "gs1_key"),
    ({**OBJECT, "epcList": ["https://x.vn/01/04012345111118/21/1/"]}, "/epcList/0", "gs1_key"),
    ({**OBJECT, "readPoint": {}}, "/readPoint/id", "required"),
    ({**OBJECT, "bizLocation": {"id": "https://x.vn/414/4012345000055"}}, "/bizLocation/id", "check_digit"),
    ({**OBJECT, "action": "OBSERVE", "ilmd": {"ex:a": 1}}, "/ilmd", "ilmd"),
    ({**OBJECT, "action": "DELETE", "ilmd": {}}, "/ilmd", "ilmd"),
    ({**OBJECT, "ilmd": {"lot": "A"}}, "/ilmd/lot", "ilmd_namespace"),
    ({**OBJECT, "quantityList": [{}]}, "/quantityList/0/epcClass", "required"),
    ({**OBJECT, "quantityList": [{**QUANTITY, "quantity": -1}]}, "/quantityList/0/quantity", "quantity"),
    ({**OBJECT, "quantityList": [{**QUANTITY, "uom": "kg"}]}, "/quantityList/0/uom", "unit"),
    ({**OBJECT, "quantityList": [{**QUANTITY, "ex:a": 1}]}, "/quantityList/0/ex:a", "unknown_member"),
    ({**OBJECT, "persistentDisposition": {}}, "/persistentDisposition/set", "required"),
    ({**OBJECT, "persistentDisposition": {"set": ["recaled"]}}, "/persistentDisposition/set/0", "vocabulary"),
    ({**OBJECT, "errorDeclaration": {}}, "/errorDeclaration/declarationTime", "required"),
    ({**OBJECT, "errorDeclaration": {"declarationTime": "x"}}, "/errorDeclaration/declarationTime", "time"),
    ({**OBJECT, "sourceList": [{"source": "urn:x:1"}]}, "/sourceList/0/type", "required"),
    ({**OBJECT, "destinationList": [{"type": "location"}]}, "/destinationList/0/destination", "required"),
    ({**OBJECT, "bizTransactionList": [{"type": "po"}]}, "/bizTransactionList/0/bizTransaction", "required"),
    ({**OBJECT, "sensorElementList": [{}]}, "/sensorElementList/0/sensorReport", "required"),
    ({**OBJECT, "sensorElementList": [{"sensorReport": [{}]}]}, "/sensorElementList/0/sensorReport/0/type", "required"),
    (measured({"type": "Temp"}), "/sensorElementList/0/sensorReport/0/type", "sensor"),
    (measured({"type": "Mass", "value": "2"}), "/sensorElementList/0/sensorReport/0/value", "sensor"),
    (measured({"type": "Mass", "booleanValue": 1}), "/sensorElementList/0/sensorReport/0/booleanValue", "sensor"),
    (measured({"type": "Mass", "valu": 1}), "/sensorElementList/0/sensorReport/0/valu", "unknown_member"),
    (without(AGGREGATION, "parentID"), "/parentID", "parent"),
    ({**without(AGGREGATION, "parentID"), "action": "DELETE"}, "/parentID", "parent"),
    ({**without(ASSOCIATION, "parentID"), "action": "OBSERVE"}, "/parentID", "parent"),
    (without(AGGREGATION, "childEPCs"), "/childEPCs", "required"),
    ({**AGGREGATION, "childEPCs": [SGTIN, "https://x.vn/00/040123450000003338"]}, "/childEPCs/1", "own_parent"),
    ({**TRANSACTION, "bizTransactionList": []}, "/bizTransactionList", "required"),
    (without(TRANSACTION, "epcList"), "/epcList", "required"),
    (without(TRANSFORMATION, "inputEPCList"), "/inputEPCList", "required"),
    ({**COMMON, "type": "TransformationEvent", "transformationID": "urn:x:1"}, "/inputEPCList", "required"),
    ({**TRANSFORMATION, "action": "ADD"}, "/action", "unknown_member"),
]  # fmt: skip


@pytest.mark.parametrize(("event", "pointer", "rule"), BROKEN, ids=lambda v: v if isinstance(v, str) else "")
def test_each_broken_rule_is_an_error_at_its_place(event: dict[str, Any], pointer: str, rule: str) -> None:
    assert found(event) == [(pointer, rule, "error")]


@pytest.mark.parametrize(
    ("event", "pointer", "rule"),
    [
        ({**OBJECT, "epcList": []}, "/epcList", "nothing_named"),
        ({**OBJECT, "epcList": [LOT]}, "/epcList/0", "granularity"),
        ({**OBJECT, "epcList": [SGTIN, SAME]}, "/epcList/1", "duplicate_identity"),
        ({**OBJECT, "epcList": ["https://x.vn/gtin/04012345111118/ser/1"]}, "/epcList/0", "old_link"),
        ({**OBJECT, "quantityList": [{"epcClass": SGTIN}]}, "/quantityList/0/epcClass", "granularity"),
        ({**OBJECT, "quantityList": [{**QUANTITY, "uom": "ZZZ"}]}, "/quantityList/0/uom", "unit_unknown"),
        ({**OBJECT, "quantityList": [{"epcClass": LOT, "quantity": 1.5}]}, "/quantityList/0/quantity", "whole_number"),
        ({**OBJECT, "quantityList": [{**QUANTITY, "uom": "H87"}]}, "/quantityList/0/quantity", "whole_number"),
        ({**OBJECT, "quantityList": [{**QUANTITY, "quantity": 0}]}, "/quantityList/0/quantity", "zero_quantity"),
        ({**OBJECT, "persistentDisposition": BOTH}, "/persistentDisposition", "set_and_unset"),
        ({**COMMON, "type": "ex:OwnEvent", "own": 1}, "/type", "event_kind"),
    ],
)  # fmt: skip
def test_doubtful_events_are_warned_of_and_a_repository_may_be_stricter(
    event: dict[str, Any], pointer: str, rule: str
) -> None:
    assert found(event) == [(pointer, rule, "warning")]
    assert found(event, levels={rule: Level.ERROR}, pointer="/epcisBody/eventList/3") == [
        ("/epcisBody/eventList/3" + pointer, rule, "error")
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"bizStep": "https://ref.gs1.org/cbv/BizStep-shipping"},
        {"bizStep": "https://x.vn/buoc/phoi-say"},
        {"epcList": ["https://x.vn/hop/17", "urn:uuid:1", "urn:epc:id:gid:1.2.3"]},
        {"epcList": [], "quantityList": [QUANTITY]},
        {"quantityList": [{"epcClass": LOT}], "ilmd": {"cbvmda:lotNumber": "A"}},
        {"disposition": "in_progress", "persistentDisposition": {"set": ["recalled"]}},
        {
            "sensorElementList": [
                {"sensorReport": [{"type": "Temperature", "value": 4.5, "uom": "CEL", "ex:a": 1}]}
            ]
        },
    ],
)
def test_what_the_standard_allows_is_allowed(change: dict[str, Any]) -> None:
    assert found({**OBJECT, **change}) == []


def test_the_future_is_told_when_the_clock_is_known() -> None:
    now = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)
    assert found(OBJECT, now=now) == []
    assert found({**OBJECT, "eventTime": "2026-03-04T11:00:30+07:00"}, now=now) == [
        ("/eventTime", "future", "warning")
    ]


def test_prefixes_nobody_declared_are_told() -> None:
    event = {**OBJECT, "ex:a": 1, "https://x.vn/b": 2, "ilmd": {"cbvmda:lotNumber": "1", "la:c": 2}}
    context = Context({"ex": "https://ex.vn/"})
    assert found(event, context=context) == [("/ilmd/la:c", "prefix", "warning")]
    assert found({**event, "@context": {"la": "https://la.vn/"}}, context=context) == []


def test_a_wrong_word_is_answered_with_the_likely_ones() -> None:
    event, _ = read_event({**OBJECT, "bizStep": "shiping"})
    assert event is not None
    assert "shipping" in check_event(event)[0].vi
