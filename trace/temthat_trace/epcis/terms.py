"""What an event can be found by: one short hash for each condition of equality it meets.

A condition is a field and a value in normal form, written `field NUL value`; a *term* is a hash of it together with the
party whose repository it is in. One index from terms to events answers every question of equality; what it finds is
then looked at by the whole question, so a term may lead to an event too many, never to one too few. That is why 64 bits
do: they are an integer, which both databases write and compare three times as fast as sixteen bytes.

| field | value |
|---|---|
| `epc` | identity of a thing or class the event names, in whatever role |
| `under` | each coarser identity above one of these: lot, GTIN, asset type, GLN |
| `type`, `action`, `bizStep`, `disposition`, `set`, `unset`, `reason` | the word, one's own expanded |
| `type` | empty: a type somebody else defined |
| `readPoint`, `bizLocation` | identity of the place; `within`: each coarser identity above it |
| `bizTransaction`, `source`, `destination` | type, NUL, identity |
| `transformationID`, `certificationInfo`, `correctiveEventID` | identity |
| `eventID` | as given |
| `error` | empty: an error is declared |
| `sensor` | member of a report or of its metadata, NUL, text |
| `x`, `ilmd`, `errorx`, `sensorx` | `{namespace}name`, NUL, leaf: extensions; `xi`, `ilmdi`: deeper |
"""

import hashlib
import struct
import uuid
from collections.abc import Iterable
from typing import Any

from temthat_trace.epcis import events as ev
from temthat_trace.epcis import vocabulary as cbv
from temthat_trace.epcis.context import Context
from temthat_trace.epcis.eventhash import canonical_value, utc_millis
from temthat_trace.epcis.identifiers import identify
from temthat_trace.gs1.identity import identity
from temthat_trace.gs1.remember import remembered

MAX_DEPTH = 8
"""How deep inside an extension leaves are indexed."""
_SENSOR_TEXTS = frozenset(
    {"type", "exception", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules",
     "microorganism", "chemicalSubstance", "coordinateReferenceSystem", "stringValue", "booleanValue",
     "hexBinaryValue", "uriValue", "component"}
)  # fmt: skip
_EPCS: dict[str, tuple[str, ...]] = {
    "ObjectEvent": ("epcs",),
    "AggregationEvent": ("child_epcs",),
    "AssociationEvent": ("child_epcs",),
    "TransactionEvent": ("epcs",),
    "TransformationEvent": ("input_epcs", "output_epcs"),
}
_QUANTITIES: dict[str, tuple[str, ...]] = {
    "ObjectEvent": ("quantities",),
    "AggregationEvent": ("child_quantities",),
    "AssociationEvent": ("child_quantities",),
    "TransactionEvent": ("quantities",),
    "TransformationEvent": ("input_quantities", "output_quantities"),
}
_WITH_PARENT = frozenset({"AggregationEvent", "AssociationEvent", "TransactionEvent"})
_WITH_ILMD = frozenset({"ObjectEvent", "TransformationEvent"})


def condition(field: str, *values: str) -> str:
    """A field and its value in normal form as one text."""
    return "\0".join((field, *values))


def term(party_id: uuid.UUID, asked: str) -> int:
    """The number by which events of a party that meet a condition are found: BLAKE2b, 64 bits, signed."""
    return terms(party_id, (asked,))[0]


def terms(party_id: uuid.UUID, asked: Iterable[str]) -> tuple[int, ...]:
    """The terms of several conditions, in their order."""
    party, blake2b = party_id.bytes, hashlib.blake2b
    digests = [blake2b(party + text.encode(), digest_size=8).digest() for text in asked]
    return struct.unpack(f">{len(digests)}q", b"".join(digests))


def thing(text: str) -> str:
    """The condition that an event names this thing or class, however it is written."""
    return "epc\0" + identity(text)


def leaf(value: Any, names: Context) -> str:
    """A value of an extension in normal form: times in UTC, numbers shortened, identifiers as one identity."""
    text = canonical_value(value, names)
    return utc_millis(text) if len(text) > 18 and text[10] in "Tt " and text[:1].isdigit() else text


def conditions(event: ev.Event, names: Context) -> set[str]:
    """All conditions of equality an event meets. `names`: what the compact names of its document mean."""
    if event.context is not None:
        names = names.extended(event.context)
    kind = event.type
    found = {"type\0" + kind} if kind in ev.EVENT_CLASSES else {"type\0" + names.value(kind), "type\0"}
    for attribute in _EPCS.get(kind, ()):
        for text in getattr(event, attribute) or ():
            _add_thing(text, found)
    for attribute in _QUANTITIES.get(kind, ()):
        for element in getattr(event, attribute) or ():
            if element.epc_class:
                _add_thing(element.epc_class, found)
    if kind in _WITH_PARENT and event.parent_id:  # type: ignore[attr-defined]
        _add_thing(event.parent_id, found)  # type: ignore[attr-defined]
    _add_words(event, names, found)
    _add_places(event, found)
    _add_lists(event, names, found)
    if event.event_id is not None:
        found.add("eventID\0" + event.event_id)
    _add_rare(event, names, found)
    if event.extensions:
        _add_leaves("x", event.extensions, names, found)
    if kind in _WITH_ILMD and event.ilmd:  # type: ignore[attr-defined]
        _add_leaves("ilmd", event.ilmd, names, found)  # type: ignore[attr-defined]
    return found


def _add_thing(text: str, found: set[str]) -> None:
    """A named thing or class, and what is above it."""
    known = identify(text)
    found.add("epc\0" + known.canonical)
    for above in known.above:
        found.add("under\0" + above)


def _add_words(event: ev.Event, names: Context, found: set[str]) -> None:
    if event.action:
        found.add("action\0" + event.action)
    if event.biz_step:
        found.add("bizStep\0" + word(event.biz_step, cbv.BIZ_STEP, names))
    if event.disposition:
        found.add("disposition\0" + word(event.disposition, cbv.DISPOSITION, names))


def word(text: str, vocabulary: cbv.Vocabulary, names: Context) -> str:
    """A standard word bare, however it is written; a word of somebody's own expanded."""
    return text if text in vocabulary.words else vocabulary.word(text) or names.value(text)


def _add_places(event: ev.Event, found: set[str]) -> None:
    for place, field in ((event.read_point, "readPoint"), (event.biz_location, "bizLocation")):
        if place is not None and place.id:
            found.update(_place(place.id, field))


@remembered(4096)
def _place(text: str, field: str) -> tuple[str, ...]:
    known = identify(text)
    return (f"{field}\0{known.canonical}", *(f"within\0{field}\0{above}" for above in known.above))


def _add_lists(event: ev.Event, names: Context, found: set[str]) -> None:
    for transaction in event.biz_transactions or ():
        _add_typed("bizTransaction", transaction.type, transaction.id, cbv.TRANSACTION_TYPE, names, found)
    for source in event.sources or ():
        _add_typed("source", source.type, source.id, cbv.SOURCE_TYPE, names, found)
    for destination in event.destinations or ():
        _add_typed("destination", destination.type, destination.id, cbv.SOURCE_TYPE, names, found)


def _add_typed(
    field: str,
    kind: str | None,
    value: str | None,
    vocabulary: cbv.Vocabulary,
    names: Context,
    found: set[str],
) -> None:
    if value:
        own = identify(value).canonical
        found.add(f"{field}\0{word(kind, vocabulary, names) if kind else ''}\0{own}")


def _add_rare(event: ev.Event, names: Context, found: set[str]) -> None:
    """Members few events have."""
    persistent = getattr(event, "persistent_disposition", None)
    if persistent is not None:
        for field, texts in (("set", persistent.set), ("unset", persistent.unset)):
            found.update(f"{field}\0{word(t, cbv.DISPOSITION, names)}" for t in texts or ())
    transformation = getattr(event, "transformation_id", None)
    if transformation:
        found.add("transformationID\0" + identity(transformation))
    certificates = event.certification_info
    if certificates:
        texts = (certificates,) if isinstance(certificates, str) else certificates
        found.update("certificationInfo\0" + identity(t) for t in texts)
    declared = event.error_declaration
    if declared is not None:
        found.add("error\0")
        if declared.reason:
            found.add("reason\0" + word(declared.reason, cbv.ERROR_REASON, names))
        found.update("correctiveEventID\0" + t for t in declared.corrective_event_ids or ())
        _add_leaves("errorx", declared.extensions, names, found)
    for element in event.sensor_elements or ():
        for part in (element.metadata or {}, *(element.reports or ())):
            for member, value in part.items():
                if member in _SENSOR_TEXTS:
                    found.add(f"sensor\0{member}\0{leaf(value, names)}")
                elif ":" in member:
                    _add_leaves("sensorx", {member: value}, names, found)
        _add_leaves("sensorx", element.extensions, names, found)


def _add_leaves(field: str, members: ev.Json, names: Context, found: set[str]) -> None:
    """Every leaf below these members, under the name of the member it stands in."""
    for member, value in members.items():
        if isinstance(value, (dict, list)):
            _add_inner(field, member, value, names, found, 0)
        elif value is not None:
            found.add(f"{field}\0{names.name(member)}\0{leaf(value, names)}")


def _add_inner(field: str, member: str, value: Any, names: Context, found: set[str], depth: int) -> None:
    if depth > MAX_DEPTH:
        return
    if isinstance(value, dict):
        for below, inner in value.items():
            _add_inner(field, below, inner, names, found, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _add_inner(field, member, inner, names, found, depth)
    elif value is not None and not member.startswith("@"):
        mark = field + "i" if depth else field
        found.add(f"{mark}\0{names.name(member)}\0{leaf(value, names)}")
