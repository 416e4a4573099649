"""The conditions of a query. All must hold; within one, any of its values is enough (EPCIS 2.0, section 8.2.7.1)."""

import datetime as dt
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from temthat_trace.epcis.query.facts import Facts, Field, Scope, instant, leaves
from temthat_trace.epcis.query.patterns import Wide, key_of
from temthat_trace.epcis.query.uom import comparable
from temthat_trace.epcis.terms import leaf
from temthat_trace.gs1.identity import identity


class Comparison(StrEnum):
    """How a value stands to a bound."""

    EQ = "EQ"
    GT = "GT"
    GE = "GE"
    LT = "LT"
    LE = "LE"

    def holds(self, value: Any, bound: Any) -> bool:
        """Whether `value` stands so to `bound`; both numbers or both instants."""
        return _OPERATORS[self](value, bound)


_OPERATORS: dict[Comparison, Callable[[Any, Any], bool]] = {
    Comparison.EQ: operator.eq,
    Comparison.GT: operator.gt,
    Comparison.GE: operator.ge,
    Comparison.LT: operator.lt,
    Comparison.LE: operator.le,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One parameter of a query."""

    parameter: str

    def holds(self, facts: Facts) -> bool:
        """Whether it is so for an event."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Among(Condition):
    """A field has one of the values; of documents, sources and destinations, one of that `type`."""

    field: Field
    wanted: frozenset[str]
    type: str = ""

    def holds(self, facts: Facts) -> bool:
        """Any of its values is wanted."""
        return any(
            value in self.wanted and self.type in ("", kind) for value, kind in facts.texts(self.field)
        )


@dataclass(frozen=True, slots=True)
class Matches(Condition):
    """An identifier in one of the fields is one of the wanted, belongs to a wanted lot or class, or fits a pattern."""

    fields: tuple[Field, ...]
    wanted: frozenset[str]
    patterns: tuple[Wide, ...] = ()

    def holds(self, facts: Facts) -> bool:
        """Any identifier of any of the fields."""
        for field in self.fields:
            for found in facts.levels(field):
                if not self.wanted.isdisjoint(found):
                    return True
            if self.patterns and any(self._fits(text) for text in facts.identifiers(field)):
                return True
        return False

    def called(self, others: Mapping[str, frozenset[str]]) -> "Matches":
        """The same for things that have other names as well."""
        return replace(self, wanted=self.wanted.union(*(others.get(name, ()) for name in self.wanted)))

    def _fits(self, text: str) -> bool:
        key, canonical = key_of(text), identity(text)
        return any(pattern.matches(canonical, key) for pattern in self.patterns)


class Moment(StrEnum):
    """What has a time."""

    EVENT = "eventTime"
    RECORD = "recordTime"
    ERROR = "errorDeclarationTime"
    SENSOR = "time"
    START = "startTime"
    END = "endTime"


@dataclass(frozen=True, slots=True)
class When(Condition):
    """A time is at or after, or before, an instant."""

    moment: Moment
    comparison: Comparison
    bound: dt.datetime

    def holds(self, facts: Facts) -> bool:
        """Any such time of the event."""
        return any(self.comparison.holds(at, self.bound) for at in moments(facts, self.moment))


def moments(facts: Facts, moment: Moment) -> Iterator[dt.datetime]:
    """Every time of that kind in an event; what cannot be read is none."""
    event = facts.event
    match moment:
        case Moment.EVENT:
            texts = iter((event.event_time,))
        case Moment.RECORD:
            if facts.record_time is not None:
                yield facts.record_time
            return
        case Moment.ERROR:
            texts = iter((event.error_declaration.declaration_time if event.error_declaration else None,))
        case Moment.SENSOR:
            texts = facts.attributes("time", with_metadata=True)
        case _:
            texts = (members.get(moment.value) for members in facts.metadata())
    for text in texts:
        at = instant(text)
        if at is not None:
            yield at


@dataclass(frozen=True, slots=True)
class Amount(Condition):
    """A number of a sensor report, or a quantity, compared; with a unit, after conversion into it."""

    attribute: str
    comparison: Comparison
    bounds: tuple[Decimal, ...]
    uom: str | None = None

    def holds(self, facts: Facts) -> bool:
        """Any such number of the event."""
        return any(self._fits(value, uom) for value, uom in self._values(facts))

    def _values(self, facts: Facts) -> Iterator[tuple[Any, Any]]:
        if self.attribute == "quantity":
            return ((q.quantity, q.uom) for q in facts.quantities())
        return ((r.get(self.attribute), r.get("uom")) for r in facts.reports())

    def _fits(self, value: Any, uom: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        number = Decimal(repr(value))
        if self.uom is None:
            return any(self.comparison.holds(number, bound) for bound in self.bounds)
        if not isinstance(uom, str):
            return False
        dimension, number = comparable(number, uom)
        bounds = [comparable(bound, self.uom) for bound in self.bounds]
        return any(d == dimension and self.comparison.holds(number, b) for d, b in bounds)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an extension field is looked for: its scope, whether nested in other extensions, its full names."""

    scope: Scope
    inner: bool
    names: frozenset[str]

    def values(self, facts: Facts) -> Iterator[Any]:
        """The values of the fields of that name."""
        return (value for name, value in facts.extensions(self.scope, self.inner) if name in self.names)


@dataclass(frozen=True, slots=True)
class ExtensionAmong(Condition):
    """An extension field has one of the values; `wanted` are leaves in normal form."""

    place: Place
    wanted: frozenset[str]

    def holds(self, facts: Facts) -> bool:
        """Any of its values is wanted."""
        return any(
            leaf(found, facts.names) in self.wanted
            for value in self.place.values(facts)
            for found in leaves(value)
        )


@dataclass(frozen=True, slots=True)
class ExtensionCompared(Condition):
    """An extension field, a number or a time, compared."""

    place: Place
    comparison: Comparison
    bound: Decimal | dt.datetime

    def holds(self, facts: Facts) -> bool:
        """Any of its values of the bound's kind."""
        read = _number if isinstance(self.bound, Decimal) else instant
        found = (read(v) for value in self.place.values(facts) for v in leaves(value))
        return any(value is not None and self.comparison.holds(value, self.bound) for value in found)


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except ArithmeticError:
        return None
    return number if number.is_finite() else None


@dataclass(frozen=True, slots=True)
class ExtensionExists(Condition):
    """An extension field is there, whatever its value."""

    place: Place

    def holds(self, facts: Facts) -> bool:
        """It stands there at all."""
        return next(self.place.values(facts), _NOTHING) is not _NOTHING


_NOTHING = object()


@dataclass(frozen=True, slots=True)
class Has(Condition):
    """A member of the standard is there: `errorDeclaration` or `sensorElementList`."""

    member: str

    def holds(self, facts: Facts) -> bool:
        """It is not empty."""
        if self.member == "errorDeclaration":
            return facts.event.error_declaration is not None
        return bool(facts.event.sensor_elements)
