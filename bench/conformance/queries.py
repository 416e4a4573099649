"""The REST bindings and the query language: what of them is served."""

import re
from typing import Any

from fastapi import FastAPI
from starlette.routing import Match, Route

from bench.conformance.findings import Count, Json, read
from temthat_trace.epcis.query.errors import QueryParameterError
from temthat_trace.epcis.query.query import read_query
from temthat_verify_api.epcis.headers import BASE

METHODS = ("GET", "POST", "PUT", "DELETE", "OPTIONS")


def operations(app: FastAPI) -> Count:
    """The operations of GS1's OpenAPI document that have a route."""
    paths = read("epcis/openapi.json")["paths"]
    routes = [r for r in app.routes if isinstance(r, Route) and r.path.startswith(BASE)]
    misses, total = [], 0
    for path, found in paths.items():
        for method in (m.upper() for m in found if m.upper() in METHODS):
            total += 1
            scope = {"type": "http", "method": method, "path": BASE + re.sub(r"\{\w+\}", "x", path)}
            if not any(route.matches(scope)[0] is Match.FULL for route in routes):
                misses.append(f"{method} {path}")
    what = "operations of GS1's OpenAPI document served ([which](epcis.md#operations))"
    return Count(what, total - len(misses), total, tuple(misses))


def parameters() -> list[Count]:
    """The parameters of the query language that are read, by fixed name and by family."""
    schema = read("epcis/query-schema.json")["definitions"]["EPCIS-Query"]
    fixed = {name: kind for name, kind in schema["properties"].items() if name != "@context"}
    families = {_member(pattern): kind for pattern, kind in schema["patternProperties"].items()}
    return [
        _read("query parameters of a fixed name read", fixed),
        _read("families of query parameters read", families),
    ]


def _read(what: str, names: dict[str, Json]) -> Count:
    misses = []
    for name, kind in names.items():
        query = {"@context": {"ex": "https://ex.vn/"}, name: _value(name, kind)}
        if name == "eventCountLimit":
            query["orderBy"] = "eventTime"
        try:
            read_query(query)
        except QueryParameterError:
            misses.append(f"`{name}`")  # with a reason: this repository keeps no master data
    return Count(what, len(names) - len(misses), len(names), tuple(misses))


_STAND_INS = (
    (r"[a-z][a-zA-Z0-9]*\\:\\w+", "ex:field"),
    (r"[a-z][a-zA-Z0-9]*\:\w+", "ex:field"),
    ("[A-Z0-9]{2,4}", "CEL"),
    (r"\\w+_\\w+", "a_b"),
    (r"\w+_\w+", "a_b"),
)
_WORDS = {
    "eventType": "ObjectEvent", "EQ_action": "ADD", "EQ_bizStep": "shipping", "EQ_disposition": "active",
    "EQ_persistentDisposition_set": "active", "EQ_persistentDisposition_unset": "active",
    "EQ_errorReason": "incorrect_data", "EQ_type": "Temperature", "orderBy": "eventTime", "orderDirection": "ASC",
}  # fmt: skip


def _member(pattern: str) -> str:
    """A name of the family."""
    name = pattern.strip("^$")
    name = name.replace("[a-z][a-zA-Z0-9_]+", "po" if "bizTransaction" in name else "location")
    for part, stand_in in _STAND_INS:
        name = name.replace(part, stand_in)
    return name


def _value(name: str, kind: Json) -> Any:
    """A value the schema takes."""
    word = _WORDS.get(name)
    wanted = kind.get("type")
    if wanted == "array":
        is_number = kind["items"].get("$ref", "").endswith("decimal") or kind["items"].get("type") == "number"
        return [word or (5 if is_number else "urn:x:y")]
    if wanted is not None:
        return {"string": word, "integer": 1, "number": 1, "boolean": True}[wanted]
    if kind["$ref"].endswith("string-array-or-date-string-or-number"):
        return ["a"]
    return "2026-05-01T00:00:00Z" if kind["$ref"].endswith("/time") else 5
