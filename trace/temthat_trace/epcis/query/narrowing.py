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


Write = Callable[[Terms, str], Terms | None]


def _word(field: str, words: Iterable[str]) -> Write:
    """Words of the standard. One of somebody's own may stand in an event as a compact URI of any prefix."""
    known = frozenset(words)
    return lambda wanted, _: frozenset(written(field, w) for w in wanted) if wanted <= known else None


def _typed(field: Field, vocabulary: cbv.Vocabulary) -> Write:
    return lambda wanted, kind: (
        frozenset(written(field.value, kind, w) for w in wanted) if kind in vocabulary.words else None
    )


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
    Field.TYPE: _word("type", cbv.EVENT_TYPES),
    Field.ACTION: _word("action", cbv.ACTIONS),
    Field.BIZ_STEP: _word("bizStep", cbv.BIZ_STEP.words),
    Field.DISPOSITION: _word("disposition", cbv.DISPOSITION.words),
    Field.PERSISTENT_SET: _word("set", cbv.DISPOSITION.words),
    Field.PERSISTENT_UNSET: _word("unset", cbv.DISPOSITION.words),
    Field.ERROR_REASON: _word("reason", cbv.ERROR_REASON.words),
    Field.READ_POINT: _plain("readPoint"),
    Field.BIZ_LOCATION: _plain("bizLocation"),
    Field.TRANSACTION: _typed(Field.TRANSACTION, cbv.TRANSACTION_TYPE),
    Field.SOURCE: _typed(Field.SOURCE, cbv.SOURCE_TYPE),
    Field.DESTINATION: _typed(Field.DESTINATION, cbv.SOURCE_TYPE),
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
