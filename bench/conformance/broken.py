"""Documents that break a rule each."""

from bench.conformance.findings import Json

GOOD: Json = {
    "type": "ObjectEvent",
    "eventTime": "2026-05-04T10:00:30+07:00",
    "eventTimeZoneOffset": "+07:00",
    "epcList": ["https://id.gs1.org/01/08934567111119/21/1"],
    "action": "ADD",
    "bizStep": "commissioning",
}
BOX = "urn:epc:id:sscc:8934567.0000000111"
PACKED: Json = {
    **{k: v for k, v in GOOD.items() if k != "epcList"},
    "type": "AggregationEvent",
    "bizStep": "packing",
    "parentID": BOX,
    "childEPCs": ["https://id.gs1.org/01/08934567111119/21/1"],
}
Change = tuple[str, Json, str, str]
LOT = {"epcClass": "urn:epc:class:lgtin:8934567.022222.A", "quantity": 1, "uom": "KGM"}
LINK = "https://id.gs1.org"


def _without(event: Json, *names: str) -> Json:
    return {k: v for k, v in event.items() if k not in names}


def _epc(text: str) -> Json:
    return {**GOOD, "epcList": [text]}


def _lot(**members: object) -> Json:
    return {**GOOD, "quantityList": [{**LOT, **members}]}


def _reading(**members: object) -> Json:
    return {**GOOD, "sensorElementList": [{"sensorReport": [{"type": "Temperature", **members}]}]}


_USED = {
    **_without(GOOD, "epcList", "action"),
    "type": "TransformationEvent",
    "inputEPCList": GOOD["epcList"],
}
_SEEN = {**GOOD, "action": "OBSERVE", "ilmd": {"cbvmda:lotNumber": "A"}}
_GLN = {"id": f"{LINK}/414/8934567000018"}
_STEP = "urn:epcglobal:cbv:bizstep:packing"
BROKEN: tuple[Change, ...] = (
    ("a GTIN with a wrong check digit", _epc(f"{LINK}/01/08934567111118/21/1"), "/epcList/0", "check_digit"),
    ("a GLN with a wrong check digit", {**GOOD, "readPoint": _GLN}, "/readPoint/id", "check_digit"),
    ("an EPC URN one digit short", _epc("urn:epc:id:sgtin:8934567.01111.1"), "/epcList/0", "gs1_key"),
    ("a Digital Link in the wrong order", _epc(f"{LINK}/01/08934567111119/21/1/10/A"), "/epcList/0", "gs1_key"),
    ("one EPC twice", {**GOOD, "epcList": GOOD["epcList"] * 2}, "/epcList/1", "duplicate_epc"),
    ("a step that is no word of the CBV", {**GOOD, "bizStep": "comissioning"}, "/bizStep", "vocabulary"),
    ("a disposition that is no word of the CBV", {**GOOD, "disposition": "gone"}, "/disposition", "vocabulary"),
    ("a step as XML writes it", {**GOOD, "bizStep": _STEP}, "/bizStep", "vocabulary_form"),
    ("a time without a zone", {**GOOD, "eventTime": "2026-05-04T10:00:30"}, "/eventTime", "time"),
    ("a day that does not exist", {**GOOD, "eventTime": "2026-02-30T10:00:30Z"}, "/eventTime", "time"),
    ("a zone that is none", {**GOOD, "eventTimeZoneOffset": "7"}, "/eventTimeZoneOffset", "zone"),
    ("an action in small letters", {**GOOD, "action": "add"}, "/action", "action"),
    ("an event without a time", _without(GOOD, "eventTime"), "/eventTime", "required"),
    ("an event id that is no URI", {**GOOD, "eventID": "7"}, "/eventID", "uri"),
    ("lot data with another action than ADD", _SEEN, "/ilmd", "ilmd"),
    ("lot data without a namespace", {**GOOD, "ilmd": {"lot": "A"}}, "/ilmd/lot", "ilmd_namespace"),
    ("a unit that is no UN/ECE code", _lot(uom="kg"), "/quantityList/0/uom", "unit"),
    ("a negative quantity", _lot(quantity=-1), "/quantityList/0/quantity", "quantity"),
    ("a member nobody knows", {**GOOD, "epclist": []}, "/epclist", "unknown_member"),
    ("a reading that is no number", _reading(value="26"), "/sensorElementList/0/sensorReport/0/value", "sensor"),
    ("packing without a parent", _without(PACKED, "parentID"), "/parentID", "parent"),
    ("a box inside itself", {**PACKED, "childEPCs": [BOX]}, "/childEPCs/0", "own_parent"),
    ("a transformation without outputs", _USED, "/outputEPCList", "required"),
    ("an event type nobody knows", {**GOOD, "type": "objectEvent"}, "/type", "event_type"),
)  # fmt: skip
"""What changes, the event, where the problem is and which rule it breaks."""

_ID = "urn:uuid:0e4b0f1e-0000-4000-8000-000000000001"
TAKEN: tuple[Json, Change] = (
    {**GOOD, "eventID": _ID},
    (
        "another event under an id that is taken",
        {**_epc(f"{LINK}/01/08934567111119/21/2"), "eventID": _ID},
        "/eventID",
        "event_id_taken",
    ),
)
"""An event, and another one that takes its id."""
