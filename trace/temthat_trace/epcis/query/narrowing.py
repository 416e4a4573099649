"""Which terms of the index an event must have to answer a condition (`epcis/terms.py`).

Never too few: whatever a condition holds for has at least one of its terms. It may be too many, so the whole query is
asked of what is found.
"""

from collections.abc import Callable, Iterable

from temthat_trace.epcis import vocabulary as cbv
from temthat_trace.epcis.context import Context
from temthat_trace.epcis.query.conditions import Among, Condition, ExtensionAmong, Has, Matches
from temthat_trace.epcis.query.facts import GS1_VOCABULARIES, Field, Scope
from temthat_trace.epcis.terms import condition as written
from temthat_trace.epcis.terms import leaf
from temthat_trace.gs1.key import STEM

Terms = frozenset[str]
_PLACES = (Field.READ_POINT, Field.BIZ_LOCATION)
_SCOPES = {
    Scope.EVENT: "x",
    Scope.ILMD: "ilmd",
    Scope.ERROR: "errorx",
    Scope.SENSOR_ELEMENT: "sensorx",
    Scope.SENSOR_METADATA: "sensorx",
    Scope.SENSOR_REPORT: "sensorx",
}


EVERY: Terms = frozenset(written("type", kind) for kind in (*cbv.EVENT_TYPES, ""))
"""Terms of which every event has one."""


def narrow(condition: Condition) -> Terms | None:
    """The terms of which an event has at least one if the condition holds; None when any event might."""
    match condition:
        case Among(field=field, wanted=wanted, type=kind):
            write = _FIELDS.get(field)
            return None if write is None else write(wanted, kind)
        case Matches(fields=fields, wanted=wanted, patterns=()) if fields[0] in _PLACES:
            return frozenset(_places(fields[0], wanted))
        case Matches(wanted=wanted, patterns=()):
            return frozenset(_things(wanted))
        case ExtensionAmong(place=place, wanted=wanted) if place.scope in _SCOPES:
            field_name = _SCOPES[place.scope] + ("i" if place.inner else "")
            return frozenset(written(field_name, name, value) for name in place.names for value in wanted)
        case Has(member="errorDeclaration"):
            return frozenset((written("error", ""),))
    return None


def _places(field: Field, wanted: Iterable[str]) -> Iterable[str]:
    for identity in wanted:
        yield written(field.value, identity)
        yield written("within", field.value, identity)


def _things(wanted: Iterable[str]) -> Iterable[str]:
    for identity in wanted:
        yield written("epc", identity)
        if identity.startswith(STEM) and "/21/" not in identity:  # nothing lies under a serial
            yield written("under", identity)


Write = Callable[[Terms, str], Terms]


def _typed(field: str) -> Write:
    return lambda wanted, kind: frozenset(written(field, kind, w) for w in wanted)


def _plain(field: str) -> Write:
    return lambda wanted, _: frozenset(written(field, w) for w in wanted)


def _sensor(member: str) -> Write:
    return lambda wanted, _: frozenset(written("sensor", member, leaf(w, Context())) for w in wanted)


def _measured(wanted: Terms, _: str) -> Terms:
    return frozenset(
        written("sensor", "type", form)
        for w in wanted
        for form in (w, *(voc + w for voc in GS1_VOCABULARIES))
    )


_FIELDS: dict[Field, Write] = {
    Field.TYPE: _plain("type"),
    Field.ACTION: _plain("action"),
    Field.BIZ_STEP: _plain("bizStep"),
    Field.DISPOSITION: _plain("disposition"),
    Field.PERSISTENT_SET: _plain("set"),
    Field.PERSISTENT_UNSET: _plain("unset"),
    Field.ERROR_REASON: _plain("reason"),
    Field.READ_POINT: _plain("readPoint"),
    Field.BIZ_LOCATION: _plain("bizLocation"),
    Field.TRANSACTION: _typed("bizTransaction"),
    Field.SOURCE: _typed("source"),
    Field.DESTINATION: _typed("destination"),
    Field.TRANSFORMATION: _plain("transformationID"),
    Field.CORRECTIVE: _plain("correctiveEventID"),
    Field.SENSOR_TYPE: _measured,
    Field.DEVICE: _sensor("deviceID"),
    Field.METHOD: _sensor("dataProcessingMethod"),
    Field.MICROORGANISM: _sensor("microorganism"),
    Field.SUBSTANCE: _sensor("chemicalSubstance"),
    Field.RULES: _sensor("bizRules"),
    Field.STRING: _sensor("stringValue"),
    Field.BOOLEAN: _sensor("booleanValue"),
    Field.URI: _sensor("uriValue"),
}
