"""Events and queries that have something to do with each other, for property tests."""

from typing import Any

from hypothesis import strategies as st

from temthat_trace.epcis import vocabulary as cbv

EX = "https://ns.example.com/epcis/"
CONTEXT = ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"ex": EX}]

# Two products, two lots, three serials, each written in the two ways there are.
EPCS = [
    *(f"urn:epc:id:sgtin:4012345.0{product}.{serial}" for product in ("11111", "22222") for serial in "123"),
    *(f"https://id.gs1.org/01/0{gtin}/21/{serial}" for gtin in ("4012345111118", "4012345222225") for serial in "123"),
    "https://example.vn/01/04012345111118/10/L1/21/1",
    "urn:epc:id:sscc:4012345.0111111111",
    "https://id.gs1.org/00/040123451111111115",
    "urn:epc:id:grai:4012345.22222.9",
    "https://htx.example.vn/thung/7",
]  # fmt: skip
CLASSES = [
    "urn:epc:class:lgtin:4012345.011111.L1",
    "https://id.gs1.org/01/04012345111118/10/L1",
    "https://id.gs1.org/01/04012345111118/10/L2",
    "urn:epc:idpat:sgtin:4012345.022222.*",
    "https://id.gs1.org/01/04012345222225",
]
PATTERNS = [
    "urn:epc:idpat:sgtin:4012345.011111.*",
    "urn:epc:idpat:sgtin:4012345.*.*",
    "urn:epc:idpat:sgtin:*.*.*",
    "urn:epc:idpat:sscc:4012345.*",
    "urn:epc:idpat:grai:4012345.22222.*",
]
PLACES = [
    "urn:epc:id:sgln:4012345.00001.0",
    "https://id.gs1.org/414/4012345000016",
    "https://id.gs1.org/414/4012345000016/254/kho1",
    "urn:epc:id:sgln:4012345.00001.kho1",
    "https://htx.example.vn/ruong/3",
]
STEPS = ["shipping", "https://ref.gs1.org/cbv/BizStep-shipping", "packing", "ex:phoi", EX + "phoi"]
STATES = ["in_transit", "active", "https://ref.gs1.org/cbv/Disp-active", "ex:kho"]
DOCUMENTS = [
    "urn:epc:id:gdti:0614141.00001.9",
    "https://id.gs1.org/253/06141410000199",
    "https://htx.example.vn/po/1",
]
LEAVES = [
    "abc",
    "7",
    7,
    7.0,
    7.5,
    True,
    "2026-05-01T07:00:00+07:00",
    "2026-05-01T00:00:00.000Z",
    "ex:gia",
    EX + "gia",
]
TIMES = [
    "2026-05-01T00:00:00Z",
    "2026-05-01T07:00:00+07:00",
    "2026-05-02T00:00:00Z",
    "2026-05-03T12:30:00.5+07:00",
]


def some(values: list[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), unique=True, min_size=1, max_size=3)


def optional(members: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=members)


extensions = optional(
    {
        "ex:a": st.one_of(st.sampled_from(LEAVES), some(LEAVES)),
        "ex:b": optional({"ex:a": st.sampled_from(LEAVES), "ex:c": some(LEAVES)}),
    }
)
quantities = st.lists(
    st.fixed_dictionaries(
        {"epcClass": st.sampled_from(CLASSES)},
        optional={
            "quantity": st.sampled_from([1, 5, 5.5, 200]),
            "uom": st.sampled_from(["KGM", "GRM", "TNE"]),
        },
    ),
    min_size=1,
    max_size=2,
)
reports = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["Temperature", "gs1:Temperature", "RelativeHumidity", "ex:do"])},
        optional={
            "value": st.sampled_from([20, 26.5, 80]),
            "uom": st.sampled_from(["CEL", "FAH", "P1", "ZZ"]),
            "deviceID": st.sampled_from(
                ["urn:epc:id:giai:4000001.111", "https://id.gs1.org/8004/4000001111"]
            ),
            "stringValue": st.sampled_from(["ok", "7"]),
            "booleanValue": st.booleans(),
            "hexBinaryValue": st.sampled_from(["0a", "0A", "12"]),
            "time": st.sampled_from(TIMES),
            "ex:a": st.sampled_from(LEAVES),
        },
    ),
    min_size=1,
    max_size=2,
)
sensors = st.lists(
    st.fixed_dictionaries(
        {"sensorReport": reports},
        optional={
            "sensorMetadata": optional({"time": st.sampled_from(TIMES), "bizRules": st.just("ex:luat")})
        },
    ),
    min_size=1,
    max_size=1,
)
common = {
    "bizStep": st.sampled_from(STEPS),
    "disposition": st.sampled_from(STATES),
    "readPoint": st.fixed_dictionaries({"id": st.sampled_from(PLACES)}, optional={"ex:a": st.sampled_from(LEAVES)}),
    "bizLocation": st.fixed_dictionaries({"id": st.sampled_from(PLACES)}),
    "bizTransactionList": st.lists(
        st.fixed_dictionaries(
            {"bizTransaction": st.sampled_from(DOCUMENTS)}, optional={"type": st.sampled_from(["po", "inv"])}
        ),
        min_size=1, max_size=2,
    ),
    "sourceList": st.lists(
        st.fixed_dictionaries(
            {"type": st.sampled_from(["owning_party", "possessing_party"]), "source": st.sampled_from(PLACES)}
        ),
        min_size=1, max_size=1,
    ),
    "sensorElementList": sensors,
    "errorDeclaration": st.fixed_dictionaries(
        {"declarationTime": st.sampled_from(TIMES)},
        optional={
            "reason": st.sampled_from(["incorrect_data", "did_not_occur"]),
            "correctiveEventIDs": st.just(["urn:uuid:404d95fc-9457-4a51-bd6a-0bba133845a8"]),
            "ex:a": st.sampled_from(LEAVES),
        },
    ),
}  # fmt: skip
ilmd = {"ilmd": optional({"ex:a": st.sampled_from(LEAVES), "cbvmda:lotNumber": st.sampled_from(["L1", "7"])})}
_OWN: dict[str, tuple[bool, dict[str, st.SearchStrategy[Any]]]] = {
    "ObjectEvent": (
        True,
        {
            "epcList": some(EPCS),
            "quantityList": quantities,
            "persistentDisposition": st.just({"set": ["in_transit"], "unset": ["active"]}),
            **ilmd,
        },
    ),
    "AggregationEvent": (
        True,
        {"parentID": st.sampled_from(EPCS), "childEPCs": some(EPCS), "childQuantityList": quantities},
    ),
    "TransactionEvent": (
        True,
        {"parentID": st.sampled_from(EPCS), "epcList": some(EPCS), "quantityList": quantities},
    ),
    "AssociationEvent": (True, {"parentID": st.sampled_from(EPCS), "childEPCs": some(EPCS)}),
    "TransformationEvent": (
        False,
        {
            "inputEPCList": some(EPCS),
            "outputEPCList": some(EPCS),
            "inputQuantityList": quantities,
            "outputQuantityList": quantities,
            "transformationID": st.sampled_from(DOCUMENTS),
            **ilmd,
        },
    ),
}


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    """One event as JSON, within the shapes of the standard."""
    kind = draw(st.sampled_from(sorted(_OWN)))
    has_action, own = _OWN[kind]
    event: dict[str, Any] = {
        "type": kind,
        "eventTime": draw(st.sampled_from(TIMES)),
        "eventTimeZoneOffset": "+07:00",
    }
    if has_action:
        event["action"] = draw(st.sampled_from(cbv.ACTIONS))
    return event | draw(optional(common | own)) | draw(extensions)


_PARAMETERS: dict[str, st.SearchStrategy[Any]] = {
    "eventType": some(list(cbv.EVENT_TYPES)),
    "EQ_action": some(list(cbv.ACTIONS)),
    "EQ_bizStep": some(STEPS),
    "EQ_disposition": some(STATES),
    "EQ_persistentDisposition_set": some(["in_transit", "active"]),
    "EQ_persistentDisposition_unset": some(["in_transit", "active"]),
    **dict.fromkeys(("EQ_readPoint", "WD_readPoint", "EQ_bizLocation", "WD_bizLocation"), some(PLACES)),
    "EQ_bizTransaction_po": some(DOCUMENTS),
    "EQ_source_owning_party": some(PLACES),
    "EQ_transformationID": some(DOCUMENTS),
    **dict.fromkeys(
        ("MATCH_epc", "MATCH_parentID", "MATCH_inputEPC", "MATCH_outputEPC", "MATCH_anyEPC"),
        some(EPCS + CLASSES + PATTERNS),
    ),
    **dict.fromkeys(
        ("MATCH_epcClass", "MATCH_inputEPCClass", "MATCH_outputEPCClass", "MATCH_anyEPCClass"),
        some(CLASSES + PATTERNS),
    ),
    **dict.fromkeys(("GE_eventTime", "LT_eventTime", "GE_time", "LT_errorDeclarationTime"), st.sampled_from(TIMES)),
    **dict.fromkeys(("GE_quantity", "LT_quantity", "LE_quantity_KGM", "GT_quantity_GRM"), st.sampled_from([5, 200])),
    **dict.fromkeys(("GE_value_CEL", "LT_value_FAH"), st.sampled_from([20, 68.5])),
    "EQ_quantity": some([1, 5, 5.5]),
    "EQ_value_CEL": some([20, 26.5]),
    "EXISTS_errorDeclaration": st.sampled_from([None, 1]),
    "EXISTS_sensorElementList": st.just(1),
    "EQ_errorReason": some(["incorrect_data"]),
    "EQ_correctiveEventID": st.just(["urn:uuid:404d95fc-9457-4a51-bd6a-0bba133845a8"]),
    "EQ_type": some(["Temperature", "gs1:Temperature", "https://gs1.org/voc/RelativeHumidity", "ex:do"]),
    "EQ_deviceID": st.just(["urn:epc:id:giai:4000001.111"]),
    "EQ_stringValue": some(["ok", "7"]),
    "EQ_booleanValue": st.booleans(),
    "EQ_hexBinaryValue": some(["0a", "12"]),
    "EQ_bizRules": st.just(["ex:luat"]),
    "EQ_ILMD_cbvmda:lotNumber": some(["L1", "7"]),
    **dict.fromkeys(
        ("EQ_ex:a", "EQ_INNER_ex:a", "EQ_ILMD_ex:a", "EQ_ERROR_DECLARATION_ex:a", "EQ_SENSORREPORT_ex:a",
         "EQ_INNER_ex:c", "EQ_readPoint_ex:a"),
        some(LEAVES),
    ),
    **dict.fromkeys(("GE_ex:a", "LT_INNER_ex:a"), st.sampled_from([7, "2026-05-01T00:00:00Z"])),
    **dict.fromkeys(("EXISTS_ex:b", "EXISTS_INNER_ex:c", "EXISTS_ILMD_ex:a"), st.just(1)),
}  # fmt: skip


@st.composite
def queries(draw: st.DrawFn, most: int = 3) -> dict[str, Any]:
    """A query of one to `most` parameters as its JSON document."""
    names = draw(st.lists(st.sampled_from(sorted(_PARAMETERS)), unique=True, min_size=1, max_size=most))
    return {"@context": CONTEXT, **{name: draw(_PARAMETERS[name]) for name in names}}
