"""A query: conditions, order and limits, read from a URL or from JSON, and the pure answer whether an event matches."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from temthat_trace.epcis.context import Context
from temthat_trace.epcis.events import Event, Json
from temthat_trace.epcis.query import values as read
from temthat_trace.epcis.query.conditions import Condition, Matches, Moment, When
from temthat_trace.epcis.query.errors import QueryParameterError, QueryValidationError
from temthat_trace.epcis.query.facts import Facts
from temthat_trace.epcis.query.ordering import Order
from temthat_trace.epcis.query.parameters import CONTROLS, read_order_field, read_parameter
from temthat_trace.epcis.query.values import Values, bad

MOST_PARAMETERS = 60
MOST_VALUES = 2_000
_FREE_TEXTS = ("EQ_stringValue",)


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for. `limit` is `eventCountLimit`, `most` is `maxEventCount`; `source` writes it down again."""

    conditions: tuple[Condition, ...] = ()
    order: Order = field(default_factory=Order)
    limit: int | None = None
    most: int | None = None
    source: Json = field(default_factory=dict, compare=False)

    def holds(self, facts: Facts) -> bool:
        """Whether an event answers it."""
        return all(condition.holds(facts) for condition in self.conditions)

    @property
    def named(self) -> frozenset[str]:
        """The identities of the things, classes and places it asks for by name."""
        return frozenset(name for c in self.conditions if isinstance(c, Matches) for name in c.wanted)

    def called(self, others: Mapping[str, frozenset[str]]) -> "Query":
        """This query where some of what it names has other names as well."""
        if not others:
            return self
        conditions = tuple(c.called(others) if isinstance(c, Matches) else c for c in self.conditions)
        return replace(self, conditions=conditions)

    def also(self, condition: Condition) -> "Query":
        """This query with a condition more."""
        return Query((*self.conditions, condition), self.order, self.limit, self.most, self.source)


def matches(
    event: Event, query: Query, names: Context | None = None, *, record_time: dt.datetime | None = None
) -> bool:
    """Whether an event answers a query; `names` is the context of its document."""
    return query.holds(Facts(event, names, record_time=record_time))


def read_query(document: Any) -> Query:
    """A query from its JSON document (`query-schema.json` of EPCIS 2.0). Raises QueryError."""
    if not isinstance(document, Mapping):
        raise QueryValidationError(
            "Câu hỏi phải là một đối tượng JSON {…}.", "A query must be a JSON object {…}."
        )
    names = Context(document.get("@context"))
    given = [(name, _listed(value)) for name, value in document.items() if name != "@context"]
    return _query(given, names, dict(document))


def read_url(pairs: Iterable[tuple[str, str]], prefixes: Mapping[str, str] | None = None) -> Query:
    """A query from the parameters of a URL, already percent-decoded. Values stand with `|` between them.

    A blank in what can have none (a URI, a time) was a `+` once and is one again. `prefixes`: what compact names mean.
    Raises QueryError.
    """
    given: dict[str, list[Any]] = {}
    for name, text in pairs:
        value = text if ":" in name or name in _FREE_TEXTS else text.replace(" ", "+")
        given.setdefault(name, []).extend(value.split("|"))
    source: Json = {"@context": dict(prefixes)} if prefixes else {}
    return _query(list(given.items()), Context(dict(prefixes or {})), source | given)


def _listed(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _query(given: list[tuple[str, list[Any]]], names: Context, source: Json) -> Query:
    if len(given) > MOST_PARAMETERS or sum(len(values) for _, values in given) > MOST_VALUES:
        raise QueryParameterError(
            f"Nhiều hơn {MOST_PARAMETERS} tham số hoặc {MOST_VALUES} giá trị; hãy chia thành nhiều câu hỏi.",
            f"More than {MOST_PARAMETERS} parameters or {MOST_VALUES} values; ask several questions.",
        )
    controls = {name: values for name, values in given if name in CONTROLS}
    read_ones = (read_parameter(name, values, names) for name, values in given if name not in CONTROLS)
    conditions = tuple(condition for condition in read_ones if condition is not None)
    _check_pairs({name for name, _ in given})
    limit = _whole(controls, "eventCountLimit")
    order = _order(controls, names) or _free_order(conditions)
    return Query(conditions, order, limit, _whole(controls, "maxEventCount"), source)


def _whole(controls: Mapping[str, Values], name: str) -> int | None:
    return read.whole(controls[name], name) if name in controls else None


def _free_order(conditions: Iterable[Condition]) -> Order:
    """The order when none is asked for: of time where a time is, which an index then leads along; else as recorded."""
    by_time = any(isinstance(c, When) and c.moment is Moment.EVENT for c in conditions)
    return Order(Moment.EVENT.value) if by_time else Order()


def _order(controls: Mapping[str, Values], names: Context) -> Order | None:
    directions = controls.get("orderDirection")
    direction = read.one(directions, "orderDirection") if directions is not None else "DESC"
    if direction not in ("ASC", "DESC"):
        raise bad("orderDirection", "chỉ nhận ASC hoặc DESC", "takes ASC or DESC only")
    fields = controls.get("orderBy")
    if fields is None:
        return None if directions is None else Order(ascending=direction == "ASC")
    (by,) = read.texts([read.one(fields, "orderBy")], "orderBy")
    ascending = direction == "ASC"
    if by in (Moment.EVENT.value, Moment.RECORD.value):
        return Order(by, ascending)
    return Order(by, ascending, read_order_field(by, names))


def _check_pairs(given: set[str]) -> None:
    if {"eventCountLimit", "maxEventCount"} <= given:
        raise bad("maxEventCount", "không đi cùng eventCountLimit", "may not stand beside eventCountLimit")
    if "eventCountLimit" in given and "orderBy" not in given:
        raise bad("eventCountLimit", "chỉ dùng cùng orderBy", "may only be used with orderBy")
    for word in ("GE", "LT"):
        twice = (f"{word}_errorDeclarationTime", f"{word}_errorDeclaration_Time")
        if set(twice) <= given:
            raise bad(
                twice[1],
                f"là cách viết khác của {twice[0]}; bỏ một",
                f"is {twice[0]} once more; leave one off",
            )
