"""What a query holds for: by the examples of the standard, by hand, and as properties of generated events."""

import json
from typing import Any

import pytest
from hypothesis import given

from temthat_trace.epcis.context import Context
from temthat_trace.epcis.document import document_of, read_document
from temthat_trace.epcis.events import Event
from temthat_trace.epcis.query.facts import Facts, Field
from temthat_trace.epcis.query.narrowing import narrow
from temthat_trace.epcis.query.query import matches, read_query
from temthat_trace.epcis.reading import read_event
from temthat_trace.epcis.terms import conditions

from ..conformance import EXAMPLES, needs_data
from .strategies import CONTEXT, EX, events, queries

NAMES = Context(CONTEXT)


def event_of(value: dict[str, Any]) -> Event:
    event, problems = read_event(value)
    assert event is not None, problems
    return event


def asked(event: dict[str, Any], **parameters: Any) -> bool:
    """Whether an event answers; `__` in a name is a colon."""
    query = {"@context": CONTEXT} | {name.replace("__", ":"): value for name, value in parameters.items()}
    return matches(event_of(event), read_query(query), NAMES)


def made(**members: Any) -> dict[str, Any]:
    return {
        "type": "ObjectEvent",
        "action": "ADD",
        "eventTime": "2026-05-01T07:00:00+07:00",
        "eventTimeZoneOffset": "+07:00",
        **members,
    }


# --- the index never loses what a query holds for ---------------------------------------------------------------


@given(events(), queries())
def test_what_answers_has_a_term_of_each_condition(value: dict[str, Any], document: dict[str, Any]) -> None:
    event, query = event_of(value), read_query(document)
    facts, found = Facts(event, NAMES), conditions(event, NAMES)
    for condition in query.conditions:
        if condition.holds(facts):
            terms = narrow(condition)
            assert terms is None or terms & found, (condition, sorted(found))


@needs_data
def test_conformance_examples_are_found_by_everything_they_hold() -> None:
    """Each value of each member of each example, asked for, finds the event, and so do its terms."""
    count = 0
    for path in EXAMPLES:
        document = read_document(path.read_bytes())
        for event in document.events:
            facts, found = Facts(event, document.names), conditions(event, document.names)
            for parameter, value in questions(facts):
                query = read_query({"@context": document.context, parameter: [value]})
                assert query.holds(facts), (path.stem, parameter, value)
                for condition in query.conditions:
                    terms = narrow(condition)
                    assert terms is None or terms & found, (path.stem, parameter, value)
                count += 1
    assert count > 700


def questions(facts: Facts) -> list[tuple[str, str]]:
    """Parameters that ask for what an event has, in its own words."""
    event = facts.event
    asked = [("eventType", event.type)]
    asked += [
        (name, text)
        for name, text in (
            ("EQ_action", event.action), ("EQ_bizStep", event.biz_step), ("EQ_disposition", event.disposition),
            ("EQ_eventID", event.event_id),
        )
        if text
    ]  # fmt: skip
    for field, names in {
        Field.EPC: ("MATCH_epc", "MATCH_anyEPC"),
        Field.PARENT: ("MATCH_parentID", "MATCH_anyEPC"),
        Field.INPUT: ("MATCH_inputEPC", "MATCH_anyEPC"),
        Field.OUTPUT: ("MATCH_outputEPC", "MATCH_anyEPC"),
        Field.EPC_CLASS: ("MATCH_epcClass", "MATCH_anyEPCClass"),
        Field.INPUT_CLASS: ("MATCH_inputEPCClass", "MATCH_anyEPCClass"),
        Field.OUTPUT_CLASS: ("MATCH_outputEPCClass", "MATCH_anyEPCClass"),
        Field.READ_POINT: ("EQ_readPoint", "WD_readPoint"),
        Field.BIZ_LOCATION: ("EQ_bizLocation", "WD_bizLocation"),
    }.items():
        asked += [(name, text) for text in facts.identifiers(field) for name in names]
    for name in ("type", "deviceID", "dataProcessingMethod", "microorganism", "chemicalSubstance", "bizRules",
                 "stringValue", "hexBinaryValue", "uriValue"):  # fmt: skip
        with_metadata = name != "type"
        asked += [(f"EQ_{name}", v) for v in facts.attributes(name, with_metadata=with_metadata)]
    for t in event.biz_transactions or ():
        if t.type and t.id:
            asked.append((f"EQ_bizTransaction_{t.type}", t.id))
    for s in event.sources or ():
        asked.append((f"EQ_source_{s.type}", s.id or ""))
    for d in event.destinations or ():
        asked.append((f"EQ_destination_{d.type}", d.id or ""))
    for name, value in event.extensions.items():
        if isinstance(value, str | int | float):
            asked.append((f"EQ_{name}", str(value)))
    for name, value in (getattr(event, "ilmd", None) or {}).items():
        if isinstance(value, str | int | float):
            asked.append((f"EQ_ILMD_{name}", str(value)))
    return asked


# --- one identity ------------------------------------------------------------------------------------------------

SAME = ["urn:epc:id:sgtin:4012345.011111.9", "https://id.gs1.org/01/04012345111118/21/9",
        "https://tem.example.vn/01/04012345111118/10/L1/21/9"]  # fmt: skip


@pytest.mark.parametrize("written", range(3))
@pytest.mark.parametrize("asked_as", range(3))
def test_an_epc_is_found_however_it_is_written(written: int, asked_as: int) -> None:
    for name, member in (("MATCH_epc", "epcList"), ("MATCH_anyEPC", "epcList")):
        assert asked(made(**{member: [SAME[written]]}), **{name: [SAME[asked_as]]})
    assert not asked(made(epcList=[SAME[written]]), MATCH_epc=["urn:epc:id:sgtin:4012345.011111.8"])
    assert not asked(made(epcList=[SAME[written]]), MATCH_parentID=[SAME[asked_as]])


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("urn:epc:idpat:sgtin:4012345.011111.*", True),
        ("urn:epc:idpat:sgtin:4012345.*.*", True),
        ("urn:epc:idpat:sgtin:*.*.*", True),
        ("https://id.gs1.org/01/04012345111118", True),
        ("urn:epc:idpat:sgtin:4012346.*.*", False),
        ("urn:epc:idpat:sgtin:4012345.022222.*", False),
        ("urn:epc:idpat:sscc:*.*", False),
    ],
)
def test_patterns(pattern: str, fits: bool) -> None:
    for text in SAME:
        assert asked(made(epcList=[text]), MATCH_epc=[pattern]) is fits


def test_a_lot_has_the_serials_that_name_it_and_the_class_above_it() -> None:
    lot = "urn:epc:class:lgtin:4012345.011111.L1"
    assert asked(made(epcList=[SAME[2]]), MATCH_epc=[lot])
    assert not asked(made(epcList=[SAME[1]]), MATCH_epc=[lot])
    with_lot = made(quantityList=[{"epcClass": "https://id.gs1.org/01/04012345111118/10/L1"}])
    assert asked(with_lot, MATCH_epcClass=[lot])
    assert asked(with_lot, MATCH_anyEPCClass=["urn:epc:idpat:sgtin:4012345.011111.*"])
    assert not asked(with_lot, MATCH_epc=[lot])


def test_other_schemes_match_by_their_parts() -> None:
    event = made(epcList=["urn:epc:id:gid:95100000.12345.400"])
    assert asked(event, MATCH_epc=["urn:epc:idpat:gid:95100000.12345.*"])
    assert asked(event, MATCH_epc=["urn:epc:idpat:gid:95100000.*.*"])
    assert not asked(event, MATCH_epc=["urn:epc:idpat:gid:95100001.*.*"])


def test_a_place_has_its_parts_within_it() -> None:
    event = made(readPoint={"id": "urn:epc:id:sgln:4012345.00001.kho1"})
    gln = "https://id.gs1.org/414/4012345000016"
    assert asked(event, WD_readPoint=[gln])
    assert asked(event, WD_readPoint=[gln + "/254/kho1"])
    assert asked(event, EQ_readPoint=[gln + "/254/kho1"])
    assert not asked(event, EQ_readPoint=[gln])
    assert not asked(event, WD_bizLocation=[gln])


# --- words, amounts, extensions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written", ["shipping", "https://ref.gs1.org/cbv/BizStep-shipping", "cbv:BizStep-shipping"]
)
@pytest.mark.parametrize("said", ["shipping", "urn:epcglobal:cbv:bizstep:shipping"])
def test_words_are_one_however_written(written: str, said: str) -> None:
    assert asked(made(bizStep=written), EQ_bizStep=[said])
    assert not asked(made(bizStep=written), EQ_bizStep=["packing"])


def test_words_of_ones_own_are_expanded_on_both_sides() -> None:
    assert asked(made(bizStep="ex:phoi"), EQ_bizStep=[EX + "phoi"])
    assert asked(made(bizStep=EX + "phoi"), EQ_bizStep=["ex:phoi"])


@pytest.mark.parametrize(
    ("parameter", "bound", "fits"),
    [
        ("GE_value_CEL", 26.6, True), ("GE_value_CEL", 26.7, False), ("GT_value_CEL", 26.6, False),
        ("LE_value_CEL", 26.6, True), ("GE_value_FAH", 79.8, True), ("GE_value_FAH", 80, False),
        ("GE_value_KEL", 299.7, True), ("GE_value_MTR", 1, False), ("EQ_value_CEL", [1, 26.6], True),
        ("GE_maxValue_CEL", 1, False),
    ],
)  # fmt: skip
def test_readings_are_compared_after_conversion(parameter: str, bound: Any, fits: bool) -> None:
    report = {"type": "Temperature", "value": 26.6, "uom": "CEL"}
    event = made(sensorElementList=[{"sensorReport": [report]}])
    assert asked(event, **{parameter: bound}) is fits


def test_quantities() -> None:
    event = made(
        quantityList=[{"epcClass": "urn:epc:class:lgtin:4012345.011111.L1", "quantity": 1.5, "uom": "TNE"}]
    )
    assert asked(event, GE_quantity=1.5)
    assert not asked(event, GT_quantity=1.5)
    assert asked(event, EQ_quantity_KGM=[1500])
    assert asked(event, LT_quantity_KGM=1501)
    assert not asked(event, GE_quantity_LTR=1)
    assert not asked(made(), GE_quantity=0)


def test_extensions_by_scope_and_depth() -> None:
    event = made(
        **{"ex:a": {"ex:b": "sâu", "ex:c": [1, 2.5]}, "ex:d": "nông", "ex:n": 7},
        ilmd={"ex:d": "trong ilmd", "cbvmda:lotNumber": "L1"},
        errorDeclaration={"declarationTime": "2026-05-02T00:00:00Z", "ex:d": "sai"},
        readPoint={"id": "urn:x:y", "ex:d": "cửa"},
    )
    assert asked(event, EQ_ex__d=["nông"])
    assert not asked(event, EQ_ex__d=["sâu"])
    assert asked(event, EQ_INNER_ex__b=["sâu"])
    assert not asked(event, EQ_ex__b=["sâu"])
    assert asked(event, EQ_INNER_ex__c=[2.5])
    assert asked(event, GT_INNER_ex__c=2)
    assert not asked(event, GT_INNER_ex__c=2.5)
    assert asked(event, EQ_ILMD_ex__d=["trong ilmd"])
    assert asked(event, **{"EQ_ILMD_urn:epcglobal:cbv:mda:lotNumber": ["L1"]})
    assert asked(event, **{"EQ_ILMD_urn:epcglobal:cbv:mda#lotNumber": ["L1"]})
    assert asked(event, EQ_ERROR_DECLARATION_ex__d=["sai"])
    assert asked(event, EQ_readPoint_ex__d=["cửa"])
    assert asked(event, EXISTS_ex__a=None)
    assert asked(event, EXISTS_INNER_ex__b=1)
    assert not asked(event, EXISTS_ex__zz=1)
    assert asked(event, **{f"EQ_{EX}n": [7]})
    assert asked(event, **{"EQ_https://ns.example.com/epcis/#n": ["7.0"]})


def test_times_and_errors() -> None:
    event = made(errorDeclaration={"declarationTime": "2026-05-02T00:00:00Z", "reason": "incorrect_data"})
    assert asked(event, GE_eventTime="2026-05-01T00:00:00Z")
    assert not asked(event, LT_eventTime="2026-05-01T00:00:00Z")
    assert asked(event, GE_errorDeclarationTime="2026-05-02T07:00:00+07:00")
    assert asked(event, LT_errorDeclaration_Time="2026-05-02T00:00:01Z")
    assert asked(event, EQ_errorReason=["incorrect_data"], EXISTS_errorDeclaration=None)
    assert not asked(made(), EXISTS_errorDeclaration=True)
    assert asked(made(), EXISTS_errorDeclaration=False)


@given(events(), queries())
def test_all_conditions_must_hold(value: dict[str, Any], document: dict[str, Any]) -> None:
    event, query = event_of(value), read_query(document)
    alone = [read_query({"@context": CONTEXT, name: asked}) for name, asked in document.items()]
    each = [matches(event, one, NAMES) for one in alone]
    assert matches(event, query, NAMES) is all(each)


@given(events())
def test_generated_events_are_events(value: dict[str, Any]) -> None:
    """So that the other properties speak of what can be captured."""
    document = {"@context": CONTEXT, "type": "EPCISDocument", "schemaVersion": "2.0",
                "creationDate": "2026-05-01T00:00:00Z", "epcisBody": {"eventList": [value]}}  # fmt: skip
    assert json.loads(json.dumps(document_of(document).events[0].to_json())) == value
