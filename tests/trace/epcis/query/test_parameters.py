"""Every parameter of the standard is read or refused with a reason; nothing is passed over."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.epcis.query.errors import QueryError, QueryParameterError, QueryValidationError
from temthat_trace.epcis.query.parameters import CONTROLS, FIXED
from temthat_trace.epcis.query.query import Query, matches, read_query, read_url
from temthat_trace.epcis.reading import read_event

from ..conformance import FOLDER, needs_data
from .strategies import CONTEXT

TIME = "2026-05-01T00:00:00Z"


def schema() -> dict[str, Any]:
    text = (FOLDER / "epcis" / "query-schema.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)["definitions"]["EPCIS-Query"]
    return found


def fitting(name: str, kind: dict[str, Any]) -> Any:
    """A value the schema would take."""
    word = {
        "eventType": "ObjectEvent", "EQ_action": "ADD", "EQ_bizStep": "shipping", "EQ_disposition": "active",
        "EQ_persistentDisposition_set": "active", "EQ_persistentDisposition_unset": "active",
        "EQ_errorReason": "incorrect_data", "EQ_type": "Temperature", "orderBy": "eventTime", "orderDirection": "ASC",
    }.get(name)  # fmt: skip
    if kind.get("type") == "array":
        return [
            word
            or (
                5
                if kind["items"].get("$ref", "").endswith("decimal") or kind["items"].get("type") == "number"
                else "urn:x:y"
            )
        ]
    if kind.get("type") == "string":
        return word
    if kind.get("type") in ("integer", "number"):
        return 1
    if kind.get("type") == "boolean":
        return True
    if kind.get("$ref", "").endswith("string-array-or-date-string-or-number"):
        return ["a"]
    return TIME if kind["$ref"].endswith("/time") else 5


@needs_data
def test_conformance_every_fixed_name_of_the_schema_is_read() -> None:
    names = [name for name in schema()["properties"] if name != "@context"]
    assert len(names) >= 54
    for name, kind in schema()["properties"].items():
        if name == "@context":
            continue
        query = {name: fitting(name, kind)} | ({"orderBy": "eventTime"} if name == "eventCountLimit" else {})
        read = read_query(query)
        if name not in CONTROLS:
            assert [c.parameter for c in read.conditions] == [name]


@needs_data
def test_conformance_every_family_of_the_schema_is_read_or_refused_with_a_reason() -> None:
    patterns = schema()["patternProperties"]
    assert len(patterns) == 108
    refused = []
    for pattern, kind in patterns.items():
        name = pattern.strip("^$")
        for part, stand_in in (
            (r"[a-z][a-zA-Z0-9]*\\:\\w+", "ex:field"),
            (r"[a-z][a-zA-Z0-9]*\:\w+", "ex:field"),
            ("[a-z][a-zA-Z0-9_]+", "location" if "bizTransaction" not in name else "po"),
            ("[A-Z0-9]{2,4}", "CEL"),
            (r"\\w+_\\w+", "a_b"),
            (r"\w+_\w+", "a_b"),
        ):
            name = name.replace(part, stand_in)
        assert re.fullmatch(r"[A-Za-z_:]+", name), (pattern, name)
        query = {"@context": CONTEXT, name: fitting(name, kind)}
        try:
            assert [c.parameter for c in read_query(query).conditions] == [name]
        except QueryParameterError as error:
            refused.append((name, error.parameter, error.vi != error.en))
    assert sorted(refused) == [(name, name, True) for name in ("EQ_ATTR_a_b", "HASATTR_ex:field")]


@pytest.mark.parametrize(
    ("query", "about"),
    [
        ({"EQ_bizstep": ["shipping"]}, "EQ_bizStep"),
        ({"EQ_bizStep": ["shiping"]}, "shipping"),
        ({"EQ_bizStep": []}, "EQ_bizStep"),
        ({"EQ_bizStep": [7]}, "EQ_bizStep"),
        ({"EQ_action": ["add"]}, "EQ_action"),
        ({"eventType": ["Object"]}, "ObjectEvent"),
        ({"GE_eventTime": "2026-05-01"}, "GE_eventTime"),
        ({"GE_eventTime": ["2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z"]}, "GE_eventTime"),
        ({"LE_eventTime": "2026-05-01T00:00:00Z"}, "LT_eventTime"),
        ({"MATCH_anyEPC": ["4012345"]}, "MATCH_anyEPC"),
        ({"MATCH_anyEPC": ["urn:epc:idpat:sgtin:*.011111.*"]}, "stars"),
        ({"MATCH_anyEPC": ["urn:epc:idpat:sgtin:4012345.*"]}, "stars"),
        ({"MATCH_anyEPC": ["urn:epc:pat:sgtin-96:3.4012345.011111.*"]}, "tag patterns"),
        ({"EQ_nobody:a": ["1"]}, "nobody"),
        ({"EQ_ex:a": ["1"]}, "GS1-Extensions"),
        ({"GE_value": 5}, "GE_value_CEL"),
        ({"GE_quantity": "much"}, "number"),
        ({"GE_quantity": "1e999999999"}, "number"),
        ({"GE_quantity": "NaN"}, "number"),
        ({"eventCountLimit": 5}, "orderBy"),
        ({"orderBy": "eventTime", "eventCountLimit": 5, "maxEventCount": 5}, "eventCountLimit"),
        ({"orderBy": "eventTime", "eventCountLimit": 0}, "at least 1"),
        ({"orderBy": "quantity"}, "orderBy"),
        ({"orderBy": "eventTime", "orderDirection": "asc"}, "orderDirection"),
        ({"GE_errorDeclarationTime": TIME, "GE_errorDeclaration_Time": TIME}, "once more"),
        ({"EXISTS_errorDeclaration": "maybe"}, "true or false"),
        ({"HASATTR_ex:field": ["a"]}, "master data"),
        ({"": ["a"]}, "no parameter"),
        ({"MATCH_anyEPC": ["urn:x:y"] * 2001}, "More than"),
    ],
    ids=lambda v: v if isinstance(v, str) else str(sorted(v))[:40],
)
def test_what_is_refused_says_what_and_how_to_mend_it(query: dict[str, Any], about: str) -> None:
    with pytest.raises(QueryParameterError) as caught:
        read_query(query)
    assert about in str(caught.value)
    assert caught.value.vi
    assert caught.value.exception == "QueryParameterException"


@pytest.mark.parametrize("document", [[], "a", None, 7])
def test_a_query_is_an_object(document: Any) -> None:
    with pytest.raises(QueryValidationError):
        read_query(document)


def test_a_url_asks_the_same_as_json() -> None:
    url = read_url(
        [
            ("EQ_bizStep", "shipping|receiving"), ("GE_eventTime", "2026-05-01T07:00:00 07:00"),
            ("MATCH_epc", "urn:epc:id:sgtin:4012345.011111.9"), ("MATCH_epc", "urn:epc:id:sgtin:4012345.011111.8"),
            ("EXISTS_errorDeclaration", "true"), ("GE_quantity", "5"), ("EQ_ex:a", "7|abc"),
            ("EQ_booleanValue", "false"),
        ],
        {"ex": "https://ns.example.com/epcis/"},
    )  # fmt: skip
    same = read_query(
        {
            "@context": CONTEXT,
            "EQ_bizStep": ["shipping", "receiving"], "GE_eventTime": "2026-05-01T07:00:00+07:00",
            "MATCH_epc": ["urn:epc:id:sgtin:4012345.011111.9", "https://id.gs1.org/01/04012345111118/21/8"],
            "EXISTS_errorDeclaration": None, "GE_quantity": 5, "EQ_ex:a": ["7", "abc"], "EQ_booleanValue": False,
        }
    )  # fmt: skip
    assert url == same
    assert read_query(url.source) == url
    assert read_query(json.loads(json.dumps(same.source))) == same


def test_every_fixed_name_is_refused_without_a_fitting_value() -> None:
    for name in FIXED:
        if not name.startswith(("EXISTS_", "EQ_boolean")):
            with pytest.raises(QueryError):
                read_query({name: [None]})


_PIECES = [
    "EQ", "GE", "LT", "EXISTS", "HASATTR", "MATCH", "WD", "INNER", "ILMD", "SENSORREPORT", "readPoint", "quantity",
    "value",
    "CEL", "epc", "bizTransaction", "po", "ex:a", "https://x.vn/a#b", "urn:epcglobal:cbv:mda:lotNumber", "orderBy",
    "eventCountLimit", "maxEventCount", "orderDirection", "eventTime", "time", "@context", "é", ":", "",
]  # fmt: skip
_VALUES = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["urn:epc:idpat:sgtin:*.*.*", "urn:epc:idpat:gid:*", "https://id.gs1.org/01/0", "2026-05-01T00:00:00Z", "1e99",
         "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "ASC", "true", "-0", "inf", "ex:a",
         "urn:epc:idpat:cpi:1.*.*"]
    ),
)  # fmt: skip


@given(st.lists(st.sampled_from(_PIECES), min_size=1, max_size=4).map("_".join), _VALUES)
def test_whatever_a_url_says_is_read_or_refused(name: str, value: str) -> None:
    with refusable():
        query = read_url([(name, value)], {"ex": "https://ns.example.com/"})
        event, _ = read_event({"type": "ObjectEvent", "eventTime": "0001-01-01T00:00:00Z", "epcList": ["urn:x:y"],
                               "action": "ADD", "ex:a": {"ex:b": [1, None, {"ex:c": 1e300}]}})  # fmt: skip
        assert event is not None
        assert matches(event, query) in (True, False)


@given(
    st.dictionaries(
        st.lists(st.sampled_from(_PIECES), min_size=1, max_size=3).map("_".join),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
            ),
            max_leaves=4,
        ),
        max_size=3,
    )
)
def test_whatever_json_says_is_read_or_refused(document: dict[str, Any]) -> None:
    with refusable():
        assert isinstance(read_query(document), Query)


@contextmanager
def refusable() -> Iterator[None]:
    """A refusal with words is as good as an answer; anything else is a fault."""
    with suppress(QueryError):
        yield
