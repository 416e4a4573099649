"""Every parameter of SimpleEventQuery (EPCIS 2.0, section 8.2.7.1): its name and value into a condition.

A name that is not here, or cannot be served, raises QueryParameterError; nothing is passed over.
"""

import difflib
import re
from collections.abc import Callable
from typing import NoReturn

from temthat_trace.epcis import vocabulary as cbv
from temthat_trace.epcis.context import Context
from temthat_trace.epcis.query import values as read
from temthat_trace.epcis.query.conditions import (
    Among,
    Amount,
    Comparison,
    Condition,
    ExtensionAmong,
    ExtensionCompared,
    ExtensionExists,
    Has,
    Matches,
    Moment,
    Place,
    When,
)
from temthat_trace.epcis.query.errors import QueryParameterError
from temthat_trace.epcis.query.facts import Field, Scope, measured
from temthat_trace.epcis.query.patterns import Wide, read_pattern
from temthat_trace.epcis.query.values import Values, bad
from temthat_trace.epcis.terms import leaf
from temthat_trace.epcis.texts import is_uri
from temthat_trace.gs1.identity import identity

Read = Callable[[str, Values, Context], Condition | None]


def read_parameter(name: str, values: Values, names: Context) -> Condition | None:
    """The condition a parameter stands for; None for one that asks for nothing (`EXISTS_…=false`)."""
    fixed = FIXED.get(name)
    if fixed is not None:
        return fixed(name, values, names)
    for pattern, reader in _FAMILIES:
        match = pattern.fullmatch(name)
        if match:
            return reader(name, match, values, names)
    raise _unknown(name)


# --- parameters with a fixed name ---------------------------------------------------------------------------------


def _event_types(name: str, values: Values, names: Context) -> Condition:
    found = set()
    for text in read.texts(values, name):
        own = names.value(text)
        if text not in cbv.EVENT_TYPES and not is_uri(own):
            raise read.unknown_word(text, name, cbv.EVENT_TYPES)
        found.add(own)
    return Among(name, Field.TYPE, frozenset(found))


def _actions(name: str, values: Values, names: Context) -> Condition:
    found = frozenset(read.texts(values, name))
    if not found <= set(cbv.ACTIONS):
        raise bad(name, "chỉ nhận ADD, OBSERVE, DELETE", "takes ADD, OBSERVE and DELETE only")
    return Among(name, Field.ACTION, found)


def _words(field: Field, vocabulary: cbv.Vocabulary) -> Read:
    return lambda name, values, names: Among(name, field, read.words(values, name, vocabulary, names))


def _uris(field: Field) -> Read:
    return lambda name, values, names: Among(
        name, field, frozenset(identity(text) for text in read.texts(values, name))
    )


def _leaves(field: Field) -> Read:
    return lambda name, values, names: Among(
        name, field, frozenset(leaf(text, names) for text in read.texts(values, name))
    )


def _texts(field: Field, change: Callable[[str], str] = str) -> Read:
    return lambda name, values, _: Among(name, field, frozenset(map(change, read.texts(values, name))))


def _within(field: Field) -> Read:
    """The place, and what lies in it as far as GLNs tell: a GLN has its extensions (AI 254) below it."""

    def make(name: str, values: Values, names: Context) -> Condition:
        wanted = frozenset(identity(text) for text in read.texts(values, name))
        return Matches(name, (field,), wanted)

    return make


def _match(*fields: Field) -> Read:
    def make(name: str, values: Values, names: Context) -> Condition:
        found = [read_pattern(text, name) for text in read.texts(values, name)]
        wanted = frozenset(f for f in found if isinstance(f, str))
        wide: tuple[Wide, ...] = tuple(f for f in found if not isinstance(f, str))
        return Matches(name, fields, wanted, wide)

    return make


def _time(moment: Moment) -> Read:
    return lambda name, values, _: When(name, moment, Comparison(name[:2]), read.time(values, name))


def _has(member: str) -> Read:
    return lambda name, values, _: Has(name, member) if read.flag(values, name) else None


def _measured(name: str, values: Values, names: Context) -> Condition:
    found = set()
    for text in read.texts(values, name):
        kind = measured(text, names)
        if kind not in cbv.MEASUREMENT and not is_uri(kind):
            raise read.unknown_word(text, name, cbv.MEASUREMENT)
        found.add(kind)
    return Among(name, Field.SENSOR_TYPE, frozenset(found))


def _boolean(name: str, values: Values, _: Context) -> Condition:
    return Among(name, Field.BOOLEAN, frozenset(("true" if read.flag(values, name) else "false",)))


FIXED: dict[str, Read] = {
    "eventType": _event_types,
    "EQ_action": _actions,
    "EQ_bizStep": _words(Field.BIZ_STEP, cbv.BIZ_STEP),
    "EQ_disposition": _words(Field.DISPOSITION, cbv.DISPOSITION),
    "EQ_persistentDisposition_set": _words(Field.PERSISTENT_SET, cbv.DISPOSITION),
    "EQ_persistentDisposition_unset": _words(Field.PERSISTENT_UNSET, cbv.DISPOSITION),
    "EQ_readPoint": _uris(Field.READ_POINT),
    "WD_readPoint": _within(Field.READ_POINT),
    "EQ_bizLocation": _uris(Field.BIZ_LOCATION),
    "WD_bizLocation": _within(Field.BIZ_LOCATION),
    "EQ_transformationID": _uris(Field.TRANSFORMATION),
    "MATCH_epc": _match(Field.EPC),
    "MATCH_parentID": _match(Field.PARENT),
    "MATCH_inputEPC": _match(Field.INPUT),
    "MATCH_outputEPC": _match(Field.OUTPUT),
    "MATCH_anyEPC": _match(Field.EPC, Field.PARENT, Field.INPUT, Field.OUTPUT),
    "MATCH_epcClass": _match(Field.EPC_CLASS),
    "MATCH_inputEPCClass": _match(Field.INPUT_CLASS),
    "MATCH_outputEPCClass": _match(Field.OUTPUT_CLASS),
    "MATCH_anyEPCClass": _match(Field.EPC_CLASS, Field.INPUT_CLASS, Field.OUTPUT_CLASS),
    "EQ_eventID": _texts(Field.EVENT_ID),
    "EXISTS_errorDeclaration": _has("errorDeclaration"),
    "EQ_errorReason": _words(Field.ERROR_REASON, cbv.ERROR_REASON),
    "EQ_correctiveEventID": _texts(Field.CORRECTIVE),
    "EXISTS_sensorElementList": _has("sensorElementList"),
    "EQ_type": _measured,
    "EQ_deviceID": _leaves(Field.DEVICE),
    "EQ_dataProcessingMethod": _leaves(Field.METHOD),
    "EQ_microorganism": _leaves(Field.MICROORGANISM),
    "EQ_chemicalSubstance": _leaves(Field.SUBSTANCE),
    "EQ_bizRules": _leaves(Field.RULES),
    "EQ_stringValue": _texts(Field.STRING),
    "EQ_booleanValue": _boolean,
    "EQ_hexBinaryValue": _texts(Field.HEX, str.upper),
    "EQ_uriValue": _leaves(Field.URI),
    **{
        f"{comparison}_{name}": _time(moment)
        for comparison in ("GE", "LT")
        for name, moment in (
            *((m.value, m) for m in Moment),
            ("errorDeclaration_Time", Moment.ERROR),
        )
    },
}
"""Parameters whose name is whole; those of a query schema and of the OpenAPI of EPCIS 2.0 alike."""


# --- families: a name with a part of one's own --------------------------------------------------------------------

_TYPED = {
    "bizTransaction": (Field.TRANSACTION, cbv.TRANSACTION_TYPE),
    "source": (Field.SOURCE, cbv.SOURCE_TYPE),
    "destination": (Field.DESTINATION, cbv.SOURCE_TYPE),
}
_AMOUNTS = "quantity|value|minValue|maxValue|meanValue|sDev|percValue|percRank"
_SCOPES = "|".join(scope.value for scope in Scope if scope.value)
_EXTENSION = rf"(?P<inner>INNER_)?(?:(?P<scope>{_SCOPES})_)?(?P<name>[^\s]+:[^\s]+)"


def _typed(name: str, match: re.Match[str], values: Values, names: Context) -> Condition:
    field, vocabulary = _TYPED[match.group(1)]
    kind = vocabulary.word(match.group(2)) or names.value(match.group(2))
    if kind not in vocabulary.words and not is_uri(kind):
        raise read.unknown_word(match.group(2), name, vocabulary.words)
    wanted = frozenset(identity(text) for text in read.texts(values, name))
    return Among(name, field, wanted, kind)


def _amount(name: str, match: re.Match[str], values: Values, names: Context) -> Condition:
    comparison, attribute, uom = Comparison(match.group(1)), match.group(2), match.group(3)
    if (uom is None) != (attribute == "percRank") and attribute != "quantity":
        raise bad(
            name,
            "cần mã đơn vị ở cuối tên, ví dụ GE_value_CEL" if uom is None else "percRank không có đơn vị",
            "needs a unit at the end of its name, as in GE_value_CEL"
            if uom is None
            else "percRank has no unit",
        )
    found = read.numbers(values, name) if comparison is Comparison.EQ else (read.number(values, name),)
    return Amount(name, attribute, comparison, found, uom)


def _extension(name: str, match: re.Match[str], values: Values, names: Context) -> Condition | None:
    place = _place(match, name, names)
    word = match.group("word")
    if word == "EXISTS":
        return ExtensionExists(name, place) if read.flag(values, name) else None
    if word == "EQ":
        return ExtensionAmong(name, place, read.leaf_texts(values, name, names))
    return ExtensionCompared(name, place, Comparison(word), read.bound(values, name))


def _place(match: re.Match[str], parameter: str, names: Context) -> Place:
    scope = Scope(match.group("scope") or "")
    return Place(scope, bool(match.group("inner")), read.field_names(match.group("name"), parameter, names))


def _needs_master_data(name: str, match: re.Match[str], values: Values, names: Context) -> NoReturn:
    raise bad(
        name,
        "hỏi theo thuộc tính dữ liệu chủ (master data) của địa điểm hoặc mã; kho này không giữ dữ liệu chủ EPCIS nên "
        "không trả lời được",
        "asks by attributes of master data; this repository keeps no EPCIS master data, so it cannot answer",
    )


Family = Callable[[str, re.Match[str], Values, Context], Condition | None]
_FAMILIES: tuple[tuple[re.Pattern[str], Family], ...] = (
    (re.compile(r"EQ_(bizTransaction|source|destination)_([^\s]+)"), _typed),
    (re.compile(rf"(EQ|GT|GE|LT|LE)_({_AMOUNTS})(?:_([A-Z0-9]{{2,4}}))?"), _amount),
    (re.compile(r"(?:HASATTR|EQATTR|EQ_ATTR)_.+"), _needs_master_data),
    (re.compile(rf"(?P<word>EQ|GT|GE|LT|LE|EXISTS)_{_EXTENSION}"), _extension),
)


def read_order_field(text: str, names: Context) -> Place:
    """The extension field named by `orderBy`, written as behind `EQ_`. Raises QueryParameterError."""
    match = re.fullmatch(_EXTENSION, text)
    if match is None:
        raise bad(
            "orderBy",
            "phải là eventTime, recordTime hoặc tên một trường mở rộng như ex:field",
            "must be eventTime, recordTime or the name of an extension field, such as ex:field",
        )
    return _place(match, "orderBy", names)


CONTROLS = ("orderBy", "orderDirection", "eventCountLimit", "maxEventCount")


def _unknown(name: str) -> QueryParameterError:
    near = difflib.get_close_matches(name, [*FIXED, *CONTROLS], 3, 0.6)
    hint_vi = f"; có phải {', '.join(near)}?" if near else "; trường mở rộng cần tiền tố, như EQ_ex:field"
    hint_en = (
        f"; did you mean {', '.join(near)}?" if near else "; an extension needs a prefix, as in EQ_ex:field"
    )
    return QueryParameterError(
        f"không có tham số “{name[:80]}”{hint_vi}", f"there is no parameter “{name[:80]}”{hint_en}"
    )
