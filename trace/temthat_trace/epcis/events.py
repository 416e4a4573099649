"""The events of EPCIS 2.0 as Python values, and back to JSON without loss.

A member that is absent is None, an empty list an empty tuple: the two are different documents. Members that are not the
standard's stand in `extensions` under the name they had. Texts, numbers and times stay as they were written.
"""

# ruff: noqa: RUF009 - `_member` makes a dataclass field, which is what a default may be
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar, Self

Json = dict[str, Any]
Number = int | float


def _member(name: str) -> Any:
    return field(default=None, metadata={"json": name})


def _written(value: Any) -> Any:
    if isinstance(value, Parts):
        return value.to_json()
    return [_written(v) for v in value] if isinstance(value, tuple) else value


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Something made of JSON members: the known ones are fields, the rest is in `extensions`.

    Without slots, so that a member that is absent costs nothing: the class has its None.
    """

    extensions: Json = field(default_factory=dict)

    @classmethod
    def of(cls, members: dict[str, Any]) -> Self:
        """One with these fields, `extensions` among them; the dictionary becomes its own."""
        made = cls.__new__(cls)
        object.__setattr__(made, "__dict__", members)
        return made

    def to_json(self) -> Json:
        """The JSON object, known members in the standard's order."""
        found = {
            f.metadata["json"]: _written(value)
            for f in fields(self)
            if "json" in f.metadata and (value := getattr(self, f.name)) is not None
        }
        return found | self.extensions


@dataclass(frozen=True, kw_only=True)
class QuantityElement(Parts):
    """So much of a class of things; without a quantity, some of it."""

    epc_class: str | None = _member("epcClass")
    quantity: Number | None = _member("quantity")
    uom: str | None = _member("uom")


@dataclass(frozen=True, kw_only=True)
class BizTransaction(Parts):
    """A business document an event belongs to."""

    type: str | None = _member("type")
    id: str | None = _member("bizTransaction")


@dataclass(frozen=True, kw_only=True)
class Source(Parts):
    """Who or where a transfer starts from."""

    type: str | None = _member("type")
    id: str | None = _member("source")


@dataclass(frozen=True, kw_only=True)
class Destination(Parts):
    """Who or where a transfer goes to."""

    type: str | None = _member("type")
    id: str | None = _member("destination")


@dataclass(frozen=True, kw_only=True)
class Place(Parts):
    """A read point or business location."""

    id: str | None = _member("id")


@dataclass(frozen=True, kw_only=True)
class PersistentDisposition(Parts):
    """States that stay with things until they are taken off."""

    set: tuple[str, ...] | None = _member("set")
    unset: tuple[str, ...] | None = _member("unset")


@dataclass(frozen=True, kw_only=True)
class ErrorDeclaration(Parts):
    """Says that an event was wrong, why, and which events put it right."""

    declaration_time: str | None = _member("declarationTime")
    reason: str | None = _member("reason")
    corrective_event_ids: tuple[str, ...] | None = _member("correctiveEventIDs")


@dataclass(frozen=True, kw_only=True)
class SensorElement(Parts):
    """Measurements and what is known of the device; reports and metadata keep all their members."""

    metadata: Json | None = _member("sensorMetadata")
    reports: tuple[Json, ...] | None = _member("sensorReport")


Quantities = tuple[QuantityElement, ...] | None
Epcs = tuple[str, ...] | None


@dataclass(frozen=True, kw_only=True)
class Event(Parts):
    """What all events have: when, which step, where, and with whom."""

    TYPE: ClassVar[str] = ""
    context: Any = _member("@context")
    type: str = field(default="", metadata={"json": "type"})
    event_id: str | None = _member("eventID")
    event_time: str | None = _member("eventTime")
    event_time_zone_offset: str | None = _member("eventTimeZoneOffset")
    record_time: str | None = _member("recordTime")
    certification_info: str | tuple[str, ...] | None = _member("certificationInfo")
    error_declaration: ErrorDeclaration | None = _member("errorDeclaration")
    action: str | None = _member("action")
    biz_step: str | None = _member("bizStep")
    disposition: str | None = _member("disposition")
    read_point: Place | None = _member("readPoint")
    biz_location: Place | None = _member("bizLocation")
    biz_transactions: tuple[BizTransaction, ...] | None = _member("bizTransactionList")
    sources: tuple[Source, ...] | None = _member("sourceList")
    destinations: tuple[Destination, ...] | None = _member("destinationList")
    sensor_elements: tuple[SensorElement, ...] | None = _member("sensorElementList")

    def at(self) -> datetime:
        """The instant it happened; raises ValueError when `eventTime` is missing or has no zone."""
        at = datetime.fromisoformat(self.event_time or "")
        if at.tzinfo is None:
            raise ValueError("eventTime has no zone")
        return at


@dataclass(frozen=True, kw_only=True)
class ObjectEvent(Event):
    """Something happened to things: made, seen, ended."""

    TYPE: ClassVar[str] = "ObjectEvent"
    epcs: Epcs = _member("epcList")
    quantities: Quantities = _member("quantityList")
    persistent_disposition: PersistentDisposition | None = _member("persistentDisposition")
    ilmd: Json | None = _member("ilmd")


@dataclass(frozen=True, kw_only=True)
class AggregationEvent(Event):
    """Things put into or taken out of a parent: packs into a carton."""

    TYPE: ClassVar[str] = "AggregationEvent"
    parent_id: str | None = _member("parentID")
    child_epcs: Epcs = _member("childEPCs")
    child_quantities: Quantities = _member("childQuantityList")


@dataclass(frozen=True, kw_only=True)
class AssociationEvent(Event):
    """Things joined to a parent for good or for a time, such as a sensor to a container."""

    TYPE: ClassVar[str] = "AssociationEvent"
    parent_id: str | None = _member("parentID")
    child_epcs: Epcs = _member("childEPCs")
    child_quantities: Quantities = _member("childQuantityList")


@dataclass(frozen=True, kw_only=True)
class TransactionEvent(Event):
    """Things tied to a business document."""

    TYPE: ClassVar[str] = "TransactionEvent"
    parent_id: str | None = _member("parentID")
    epcs: Epcs = _member("epcList")
    quantities: Quantities = _member("quantityList")


@dataclass(frozen=True, kw_only=True)
class TransformationEvent(Event):
    """Things used up, other things made of them."""

    TYPE: ClassVar[str] = "TransformationEvent"
    input_epcs: Epcs = _member("inputEPCList")
    input_quantities: Quantities = _member("inputQuantityList")
    output_epcs: Epcs = _member("outputEPCList")
    output_quantities: Quantities = _member("outputQuantityList")
    transformation_id: str | None = _member("transformationID")
    persistent_disposition: PersistentDisposition | None = _member("persistentDisposition")
    ilmd: Json | None = _member("ilmd")


@dataclass(frozen=True, kw_only=True)
class ExtendedEvent(Event):
    """An event type somebody else defined; its own members are kept and not understood."""


EVENT_CLASSES: dict[str, type[Event]] = {
    c.TYPE: c
    for c in (ObjectEvent, AggregationEvent, TransactionEvent, TransformationEvent, AssociationEvent)
}
