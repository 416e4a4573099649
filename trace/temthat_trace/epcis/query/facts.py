"""What conditions ask of an event: its members as sets of normal forms, worked out when first asked for.

Normal forms: an identifier is its canonical Digital Link, a word of the CBV is bare, a compact name or value is
expanded by the context of its document. So an event and a query meet however each was written.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Any

from temthat_trace.epcis import events as ev
from temthat_trace.epcis import vocabulary as cbv
from temthat_trace.epcis.context import Context
from temthat_trace.epcis.identifiers import identify
from temthat_trace.epcis.terms import MAX_DEPTH, leaf, word
from temthat_trace.epcis.texts import is_time
from temthat_trace.gs1.identity import identity

GS1_VOCABULARIES = tuple(
    f"{scheme}://{host}/voc/"
    for scheme in ("https", "http")
    for host in ("gs1.org", "www.gs1.org", "ref.gs1.org")
)


class Field(StrEnum):
    """What an equality condition can be about. The words are also the names of fields in an index."""

    TYPE = "type"
    ACTION = "action"
    BIZ_STEP = "bizStep"
    DISPOSITION = "disposition"
    PERSISTENT_SET = "persistentDisposition.set"
    PERSISTENT_UNSET = "persistentDisposition.unset"
    READ_POINT = "readPoint"
    BIZ_LOCATION = "bizLocation"
    TRANSACTION = "bizTransaction"
    SOURCE = "source"
    DESTINATION = "destination"
    TRANSFORMATION = "transformationID"
    EVENT_ID = "eventID"
    EPC = "epc"
    PARENT = "parentID"
    INPUT = "inputEPC"
    OUTPUT = "outputEPC"
    EPC_CLASS = "epcClass"
    INPUT_CLASS = "inputEPCClass"
    OUTPUT_CLASS = "outputEPCClass"
    ERROR_REASON = "errorReason"
    CORRECTIVE = "correctiveEventID"
    SENSOR_TYPE = "sensor.type"
    DEVICE = "deviceID"
    METHOD = "dataProcessingMethod"
    MICROORGANISM = "microorganism"
    SUBSTANCE = "chemicalSubstance"
    RULES = "bizRules"
    STRING = "stringValue"
    BOOLEAN = "booleanValue"
    HEX = "hexBinaryValue"
    URI = "uriValue"


class Scope(StrEnum):
    """Where an extension field stands."""

    EVENT = ""
    ILMD = "ILMD"
    ERROR = "ERROR_DECLARATION"
    SENSOR_ELEMENT = "SENSORELEMENT"
    SENSOR_METADATA = "SENSORMETADATA"
    SENSOR_REPORT = "SENSORREPORT"
    READ_POINT = "readPoint"
    BIZ_LOCATION = "bizLocation"


class Facts:
    """An event, what its compact names mean, and when this repository recorded it."""

    def __init__(
        self,
        event: ev.Event,
        names: Context | None = None,
        *,
        record_time: dt.datetime | None = None,
        event_id: str | None = None,
    ) -> None:
        names = names or Context()
        self.event = event
        self.names = names.extended(event.context) if event.context is not None else names
        self.record_time = record_time or instant(event.record_time)
        self.event_id = event_id or event.event_id
        self._texts: dict[Field, frozenset[tuple[str, str]]] = {}

    def texts(self, field: Field) -> frozenset[tuple[str, str]]:
        """The values of a field in their normal form, each with its type (of a business document, source,
        destination) or an empty text."""
        found = self._texts.get(field)
        if found is None:
            found = self._texts[field] = frozenset(_READERS[field](self))
        return found

    def levels(self, field: Field) -> Iterator[tuple[str, ...]]:
        """For each identifier of a field, every identity it answers to: its own, and those of lot, class, GLN above."""
        for text in self.identifiers(field):
            known = identify(text)
            yield (known.canonical, *known.above)

    def identifiers(self, field: Field) -> list[str]:
        """The identifiers of a field as they were written."""
        event = self.event
        if field is Field.READ_POINT:
            return _ids(event.read_point)
        if field is Field.BIZ_LOCATION:
            return _ids(event.biz_location)
        return [text for name in _EPCS[field] for text in _listed(getattr(event, name, None))]

    def quantities(self) -> Iterator[ev.QuantityElement]:
        """Every quantity element of the event."""
        for name in ("quantities", "child_quantities", "input_quantities", "output_quantities"):
            yield from getattr(self.event, name, None) or ()

    def reports(self) -> Iterator[ev.Json]:
        """Every sensor report."""
        for element in self.event.sensor_elements or ():
            yield from element.reports or ()

    def metadata(self) -> Iterator[ev.Json]:
        """The metadata of every sensor element."""
        for element in self.event.sensor_elements or ():
            if element.metadata is not None:
                yield element.metadata

    def attributes(self, name: str, *, with_metadata: bool = False) -> Iterator[Any]:
        """The values of an attribute of sensor reports, and of sensor metadata if it may stand there too."""
        for members in self.reports():
            if name in members:
                yield members[name]
        if with_metadata:
            for members in self.metadata():
                if name in members:
                    yield members[name]

    def containers(self, scope: Scope) -> Iterator[ev.Json]:
        """The objects in which extension fields of a scope stand."""
        event = self.event
        match scope:
            case Scope.EVENT:
                yield event.extensions
            case Scope.ILMD:
                yield getattr(event, "ilmd", None) or {}
            case Scope.ERROR:
                yield event.error_declaration.extensions if event.error_declaration else {}
            case Scope.SENSOR_ELEMENT:
                yield from (element.extensions for element in event.sensor_elements or ())
            case Scope.SENSOR_METADATA:
                yield from self.metadata()
            case Scope.SENSOR_REPORT:
                yield from self.reports()
            case Scope.READ_POINT:
                yield event.read_point.extensions if event.read_point else {}
            case Scope.BIZ_LOCATION:
                yield event.biz_location.extensions if event.biz_location else {}

    def extensions(self, scope: Scope, inner: bool) -> Iterator[tuple[str, Any]]:
        """Extension fields with their full names: those of a scope itself, or those nested in them."""
        for container in self.containers(scope):
            if inner:
                for value in container.values():
                    yield from self._nested(value, MAX_DEPTH)
            else:
                for name, value in container.items():
                    yield self.names.name(name), value

    def _nested(self, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
        if isinstance(value, list):
            for item in value:
                yield from self._nested(item, depth)
        elif isinstance(value, dict) and depth:
            for name, item in value.items():
                if not name.startswith("@"):
                    yield self.names.name(name), item
                yield from self._nested(item, depth - 1)


def leaves(value: Any) -> Iterator[Any]:
    """The single values of an extension field: of a list each."""
    if isinstance(value, list):
        for item in value:
            yield from leaves(item)
    elif value is not None and not isinstance(value, dict):
        yield value


def instant(text: Any) -> dt.datetime | None:
    """The instant, or None for what is none."""
    try:
        return dt.datetime.fromisoformat(text) if is_time(text) else None
    except (ValueError, OverflowError):
        return None


def measured(text: str, names: Context) -> str:
    """What a sensor measured: the bare word of the GS1 web vocabulary, or a URI."""
    text = names.value(text)
    return next((text[len(p) :] for p in GS1_VOCABULARIES if text.startswith(p)), text)


def _ids(place: ev.Place | None) -> list[str]:
    return [place.id] if place is not None and place.id is not None else []


def _listed(value: Any) -> Iterable[str]:
    """A list of EPCs, a single one, or the classes of a list of quantities."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    return (v if isinstance(v, str) else v.epc_class for v in value if isinstance(v, str) or v.epc_class)


_EPCS: dict[Field, tuple[str, ...]] = {
    Field.EPC: ("epcs", "child_epcs"),
    Field.PARENT: ("parent_id",),
    Field.INPUT: ("input_epcs",),
    Field.OUTPUT: ("output_epcs",),
    Field.EPC_CLASS: ("quantities", "child_quantities"),
    Field.INPUT_CLASS: ("input_quantities",),
    Field.OUTPUT_CLASS: ("output_quantities",),
}
Pairs = Iterator[tuple[str, str]]


def _plain(values: Iterable[str | None]) -> Pairs:
    return ((value, "") for value in values if value is not None)


def _words(
    vocabulary: cbv.Vocabulary, pick: Callable[[Facts], Iterable[str | None]]
) -> Callable[[Facts], Pairs]:
    return lambda f: _plain(word(v, vocabulary, f.names) for v in pick(f) if v is not None)


def _attribute(
    name: str, read: Callable[[Any, Context], str], *, with_metadata: bool = False
) -> Callable[[Facts], Pairs]:
    return lambda f: _plain(
        read(v, f.names)
        for v in f.attributes(name, with_metadata=with_metadata)
        if isinstance(v, bool if name == "booleanValue" else str)
    )


def _typed(parts: Iterable[Any], vocabulary: cbv.Vocabulary, names: Context) -> Pairs:
    return (
        (identity(p.id), word(p.type, vocabulary, names) if p.type else "") for p in parts if p.id is not None
    )


def _persistent(name: str) -> Callable[[Facts], Iterable[str | None]]:
    def pick(facts: Facts) -> Iterable[str | None]:
        value: ev.PersistentDisposition | None = getattr(facts.event, "persistent_disposition", None)
        return (getattr(value, name) if value is not None else None) or ()

    return pick


def _error(facts: Facts) -> ev.ErrorDeclaration:
    return facts.event.error_declaration or ev.ErrorDeclaration()


def _identities(field: Field) -> Callable[[Facts], Pairs]:
    return lambda f: _plain(map(identity, f.identifiers(field)))


_READERS: dict[Field, Callable[[Facts], Iterable[tuple[str, str]]]] = {
    Field.TYPE: lambda f: _plain([f.names.value(f.event.type)]),
    Field.ACTION: lambda f: _plain([f.event.action]),
    Field.BIZ_STEP: _words(cbv.BIZ_STEP, lambda f: [f.event.biz_step]),
    Field.DISPOSITION: _words(cbv.DISPOSITION, lambda f: [f.event.disposition]),
    Field.PERSISTENT_SET: _words(cbv.DISPOSITION, _persistent("set")),
    Field.PERSISTENT_UNSET: _words(cbv.DISPOSITION, _persistent("unset")),
    Field.TRANSACTION: lambda f: _typed(f.event.biz_transactions or (), cbv.TRANSACTION_TYPE, f.names),
    Field.SOURCE: lambda f: _typed(f.event.sources or (), cbv.SOURCE_TYPE, f.names),
    Field.DESTINATION: lambda f: _typed(f.event.destinations or (), cbv.SOURCE_TYPE, f.names),
    Field.TRANSFORMATION: lambda f: _plain(
        identity(t) for t in [getattr(f.event, "transformation_id", None)] if t is not None
    ),
    Field.EVENT_ID: lambda f: _plain([f.event_id]),
    Field.ERROR_REASON: _words(cbv.ERROR_REASON, lambda f: [_error(f).reason]),
    Field.CORRECTIVE: lambda f: _plain(_error(f).corrective_event_ids or ()),
    Field.SENSOR_TYPE: _attribute("type", measured),
    Field.DEVICE: _attribute("deviceID", leaf, with_metadata=True),
    Field.METHOD: _attribute("dataProcessingMethod", leaf, with_metadata=True),
    Field.MICROORGANISM: _attribute("microorganism", leaf),
    Field.SUBSTANCE: _attribute("chemicalSubstance", leaf),
    Field.RULES: _attribute("bizRules", leaf, with_metadata=True),
    Field.STRING: _attribute("stringValue", lambda v, _: v),
    Field.BOOLEAN: _attribute("booleanValue", lambda v, _: "true" if v else "false"),
    Field.HEX: _attribute("hexBinaryValue", lambda v, _: v.upper()),
    Field.URI: _attribute("uriValue", leaf),
    **{field: _identities(field) for field in (Field.READ_POINT, Field.BIZ_LOCATION, *_EPCS)},
}
