"""The event hash of CBV 2.0 (section 8.9): one id for an event, however it was written.

The pre-hash string joins `name=value` of all members in a fixed order, with identifiers as canonical Digital Links,
times in UTC to the millisecond, standard words as URIs, numbers without needless zeros and lists sorted. `eventID`,
`recordTime`, `errorDeclaration`, `certificationInfo` and comments take no part. The order of the lists of business
transactions, sources and destinations, which stand with the extensions behind the sensor data, is that of the published
test vectors.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from temthat_trace.epcis import vocabulary as cbv
from temthat_trace.epcis.context import Context
from temthat_trace.epcis.identifiers import identify
from temthat_trace.gs1.identity import identity
from temthat_trace.gs1.remember import remembered

Event = Mapping[str, Any]
_IGNORED = frozenset({"recordTime", "eventID", "type", "errorDeclaration", "certificationInfo", "@context"})
_COMMENTS = frozenset({"comment", "rdfs:comment"})
_LEFT_OUT = _IGNORED | _COMMENTS
_TIME = re.compile(r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:[.,](\d+))?([Zz]|[+-]\d\d(?::?\d\d)?)")
# Lengths of the usual forms of a time, which need no rounding, and where their zone begins.
_USUAL = {20: 19, 24: 23, 25: 19, 29: 23}
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_URNS = {
    v.urn: v.web
    for v in (cbv.BIZ_STEP, cbv.DISPOSITION, cbv.TRANSACTION_TYPE, cbv.SOURCE_TYPE, cbv.ERROR_REASON)
}
_REPOSITORY = "https://repository-x.example.com/"
MAX_DEPTH = 64
_ID_BEGINS, _ID_ENDS = "ni:///sha-256;", "?ver=CBV2.0"
_GS1 = ("urn:epc:", "https://", "http://")


class HashError(ValueError):
    """The event cannot be hashed; says why in both languages."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en


def event_hash(event: Event, context: Context | None = None) -> str:
    """`ni:///sha-256;…?ver=CBV2.0` of one event, whose compact names `context` explains. Raises HashError."""
    return digest(pre_hash(event, context))


def digest(text: str) -> str:
    """The named-information URI (RFC 6920, with the hexadecimal digest of CBV) of a pre-hash string."""
    try:
        return hash_id(hashlib.sha256(text.encode("utf-8")).digest())
    except UnicodeEncodeError:
        raise HashError("Sự kiện có ký tự hỏng.", "The event has broken characters.") from None


def hash_id(digest: bytes) -> str:
    """The event id made of the 32 bytes of a hash."""
    return f"{_ID_BEGINS}{digest.hex()}{_ID_ENDS}"


def is_hash_id(event_id: str) -> bool:
    """Whether an event id has the form of a hash."""
    return event_id.startswith(_ID_BEGINS) and event_id.endswith(_ID_ENDS)


def hash_in(event_id: str) -> bytes | None:
    """The 32 bytes of an event id that is a hash; None for any other."""
    if not is_hash_id(event_id):
        return None
    try:
        found = bytes.fromhex(event_id[len(_ID_BEGINS) : -len(_ID_ENDS)])
    except ValueError:
        return None
    return found if len(found) == 32 else None


def document_hashes(document: Mapping[str, Any]) -> list[str]:
    """The hashes of all events of a document, a query document or a single event, in their order."""
    return [digest(text) for text in document_pre_hashes(document)]


def document_pre_hashes(document: Mapping[str, Any]) -> list[str]:
    """The pre-hash strings of all events of a document, a query document or a single event, in their order.

    A repository that adds fields of its own may name them in `repository-x:ignoreFields`; they are left out.
    """
    context = Context(document.get("@context"))
    holder = document
    body = document.get("epcisBody")
    if isinstance(body, dict):
        results = body.get("queryResults")
        if isinstance(results, dict):
            holder, body = results, results.get("resultsBody")
        events = _events(body)
    else:
        events = [document]
    ignored: Collection[str] = ()
    for key, value in holder.items():
        if key.endswith(":ignoreFields") and context.namespace(key.split(":")[0]) == _REPOSITORY:
            ignored = frozenset(v for v in value if isinstance(v, str) and ":" in v)
    return [pre_hash(event, context, ignored) for event in events]


def _events(body: Any) -> list[Event]:
    if isinstance(body, dict):
        found = body.get("eventList", body.get("event"))
        if isinstance(found, dict):
            return [found]
        if isinstance(found, list):
            return found
    raise HashError("Tài liệu không có eventList.", "The document has no eventList.")


def pre_hash(event: Event, context: Context | None = None, ignored: Collection[str] = ()) -> str:
    """The pre-hash string of one event; `ignored` names members to leave out. Raises HashError."""
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise HashError("Sự kiện thiếu “type”.", "The event has no “type”.")
    context = context or Context()
    if "@context" in event:
        context = context.extended(event["@context"])
    placed, others = _EVENT.of(event)
    rest: list[str] = []
    for key in others:
        if key not in _LEFT_OUT and key not in ignored:
            write_list = _TYPED.get(key)
            if write_list:
                rest.append(write_list(key, event[key], context))
            else:
                rest += _member(key, event[key], context, 0)
    rest.sort()
    texts = [write(key, event[key], context) for key, write in placed]
    return "".join([f"eventType={context.value(event['type'])}", *texts, *rest])


# --- values ---------------------------------------------------------------------------------------------------


def _text(value: Any) -> str:
    """A scalar as XML would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.strip() if isinstance(value, str) else str(value)


def canonical_value(value: Any, context: Context) -> str:
    """Any value: standard words as web URIs, numbers shortened, GS1 identifiers as Digital Links."""
    if value.__class__ is str:
        known = context.canonical.get(value)
        if known is not None:
            return known
        if value.startswith(_GS1) and value[-1] > " ":
            return identify(value).canonical
        text = _canonical(value.strip(), context)
        context.remember(value, text)
        return text
    return str(value) if value.__class__ is int else _canonical(_text(value), context)


def _canonical(text: str, context: Context) -> str:
    if ":" in text:
        if text.startswith(_GS1):
            return identify(text).canonical
        text = context.value(text)
        if text.startswith("urn:epcglobal:cbv:"):
            for urn, web in _URNS.items():
                if text.startswith(urn):
                    return web + text[len(urn) :]
        return identity(text)
    return _number(text) if text[:1] in "+-.0123456789" and text else text


@remembered(8192)
def _number(text: str) -> str:
    """A number without sign of plus, exponent or needless zeros, every digit kept; any other text as it is."""
    if not text.isascii() or not _NUMBER.fullmatch(text):
        return text
    plain = format(Decimal(text), "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    sign, digits = ("-", plain[1:]) if plain.startswith("-") else ("", plain)
    digits = digits.lstrip("0") or "0"
    if digits.startswith("."):
        digits = "0" + digits
    return digits if digits == "0" else sign + digits


@remembered(8192)
def utc_millis(text: str) -> str:
    """A time in UTC with three decimals, halves rounded up; a text that is no time with a zone comes back as it is."""
    place = _USUAL.get(len(text))
    if (
        place is not None
        and text[place] in "Z+-"
        and text[4] == text[7] == "-"
        and text[13] == text[16] == ":"
    ):
        try:
            at = datetime.fromisoformat(text)
            if at.tzinfo is not None:
                return at.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
        except (ValueError, OverflowError):
            pass
    match = _TIME.fullmatch(text)
    if not match:
        return text
    whole, fraction, zone = match.groups()
    millis = (int((fraction + "000")[:4].ljust(4, "0")) + 5) // 10 if fraction else 0
    try:
        at = datetime.fromisoformat(whole.replace(" ", "T").upper()).replace(tzinfo=UTC)
        if zone not in ("Z", "z"):
            hours, minutes = int(zone[1:3]), int(zone[-2:]) if len(zone) > 3 else 0
            offset = timedelta(hours=hours, minutes=minutes)
            at = at - offset if zone[0] == "+" else at + offset
        at += timedelta(milliseconds=millis)
    except (ValueError, OverflowError):
        return text
    return at.isoformat(timespec="milliseconds")[:-6] + "Z"


def _word(vocabulary: cbv.Vocabulary) -> Callable[[Any, Context], str]:
    words, web = vocabulary.words, vocabulary.web

    def write(value: Any, context: Context) -> str:
        text = value.strip() if isinstance(value, str) else _text(value)
        return web + text if text in words else canonical_value(text, context)

    return write


def _gs1_word(words: frozenset[str]) -> Callable[[Any, Context], str]:
    def write(value: Any, context: Context) -> str:
        text = value.strip() if isinstance(value, str) else _text(value)
        return context.gs1 + text if text in words else canonical_value(text, context)

    return write


def _time(value: Any, _: Context) -> str:
    return utc_millis(_text(value))


# --- members --------------------------------------------------------------------------------------------------

Write = Callable[[str, Any, Context], str]


def _leaf(canonical: Callable[[Any, Context], str]) -> Write:
    """`name=value`, once for each value of a list."""

    def write(name: str, value: Any, context: Context) -> str:
        if value.__class__ is str or isinstance(value, (float, int)):
            text = canonical(value, context)
            return f"{name}={text}" if text else ""
        if isinstance(value, dict):
            return "".join(_member(name, value, context, 0))
        values = value if isinstance(value, list) else [value]
        texts = [canonical(v, context) for v in values if v is not None and not isinstance(v, (dict, list))]
        return "".join(sorted(f"{name}={text}" for text in texts if text))

    return write


def _member(key: str, value: Any, context: Context, depth: int) -> list[str]:
    """An extension and all below it: `{namespace}name=value`, or the name and its sorted members."""
    if depth > MAX_DEPTH:
        raise HashError("Phần mở rộng lồng quá sâu.", "The extensions are nested too deep.")
    if value is None or key in _COMMENTS:
        return []
    name = context.name(key)
    if value.__class__ is str:
        text = canonical_value(value, context)
        return [f"{name}={text}" if text else name]
    if isinstance(value, list):
        return [text for element in value for text in _element(name, element, context, depth)]
    return _element(name, value, context, depth)


def _element(name: str, value: Any, context: Context, depth: int) -> list[str]:
    if value is None:
        return []
    if isinstance(value, dict):
        if "@context" in value:
            context = context.extended(value["@context"])
        inner: list[str] = []
        for key, below in value.items():
            if key not in ("#text", "@context"):
                inner += _member(key, below, context, depth + 1)
        own = canonical_value(value["#text"], context) if isinstance(value.get("#text"), str) else ""
        return [name + (f"={own}" if own else "") + "".join(sorted(inner))]
    if isinstance(value, list):
        if depth > MAX_DEPTH:
            raise HashError("Phần mở rộng lồng quá sâu.", "The extensions are nested too deep.")
        return [name + "".join(sorted(t for v in value for t in _element("", v, context, depth + 1)))]
    text = canonical_value(value, context)
    return [f"{name}={text}" if text else name]


class _Order:
    """Members in the order they are written in. What a shape of object means is worked out once: most are alike."""

    def __init__(self, order: Mapping[str, Write]) -> None:
        self.order = order
        self.places = {key: place for place, key in enumerate(order)}
        self.known: dict[tuple[str, ...], tuple[list[tuple[str, Write]], list[str]]] = {}

    def of(self, value: Mapping[str, Any]) -> tuple[list[tuple[str, Write]], list[str]]:
        """The members an object has, in order and with how each is written; then its other members."""
        shape = tuple(value)
        found = self.known.get(shape)
        if found is None:
            placed = sorted((key for key in shape if key in self.places), key=self.places.__getitem__)
            found = [(key, self.order[key]) for key in placed], [k for k in shape if k not in self.places]
            if sum(map(len, shape)) <= _LONGEST_SHAPE:
                if len(self.known) >= _MOST_SHAPES:
                    self.known.clear()
                self.known[shape] = found
        return found


_LONGEST_SHAPE, _MOST_SHAPES = 2_000, 512
"""Characters of all names of a shape that is kept; how many are."""


def _object(order: Mapping[str, Write]) -> Write:
    """The name, the members in their order, then extensions sorted; nothing at all when all are empty."""
    members = _Order(order)

    def write(name: str, value: Any, context: Context) -> str:
        if not isinstance(value, dict):
            return "".join(_element(name, value, context, 0))
        placed, others = members.of(value)
        text = "".join([write_member(key, value[key], context) for key, write_member in placed])
        if others:
            rest: list[str] = []
            for key in others:
                if key != "@context":
                    rest += _member(key, value[key], context, 1)
            text += "".join(sorted(rest))
        return name + text if text else ""

    return write


def _each(child: str, write_child: Write, *, wrapped: bool = True) -> Write:
    """A list: its name once (when wrapped), then the children sorted."""

    def write(name: str, value: Any, context: Context) -> str:
        values: Iterable[Any] = value if isinstance(value, list) else [value]
        texts = [write_child(child, v, context) for v in values if v is not None]
        text = "".join(sorted(texts)) if len(texts) > 1 else "".join(texts)
        return (name + text if text else "") if wrapped else text

    return write


_value = _leaf(canonical_value)


def _epcs(name: str, value: Any, context: Context) -> str:
    """A list of EPCs. A serial in it is nearly always text, which goes the short way."""
    values = value if isinstance(value, list) else [value]
    texts = [
        f"epc={canonical_value(v, context)}" if isinstance(v, str) else _value("epc", v, context)
        for v in values
    ]
    return name + "".join(sorted(texts)) if any(len(t) > 4 for t in texts) else ""


_quantities = _each("quantityElement", _object({"epcClass": _value, "quantity": _value, "uom": _value}))
_dispositions = _leaf(_word(cbv.DISPOSITION))
_place = _object({"id": _value})
_SENSOR_METADATA: dict[str, Write] = {
    "time": _leaf(_time),
    "startTime": _leaf(_time),
    "endTime": _leaf(_time),
    "deviceID": _value,
    "deviceMetadata": _value,
    "rawData": _value,
    "dataProcessingMethod": _value,
    "bizRules": _value,
}
_SENSOR_REPORT: dict[str, Write] = {
    "type": _leaf(_gs1_word(cbv.MEASUREMENT)),
    "exception": _leaf(_gs1_word(cbv.ALERT)),
    "deviceID": _value,
    "deviceMetadata": _value,
    "rawData": _value,
    "dataProcessingMethod": _value,
    "time": _leaf(_time),
    "microorganism": _value,
    "chemicalSubstance": _value,
    "value": _value,
    "component": _leaf(_word(cbv.COMPONENT)),
    "stringValue": _value,
    "booleanValue": _value,
    "hexBinaryValue": _value,
    "uriValue": _value,
    "minValue": _value,
    "maxValue": _value,
    "meanValue": _value,
    "sDev": _value,
    "percRank": _value,
    "percValue": _value,
    "uom": _value,
    "coordinateReferenceSystem": _value,
}
_sensor_element = _object(
    {
        "sensorMetadata": _object(_SENSOR_METADATA),
        "sensorReport": _each("sensorReport", _object(_SENSOR_REPORT), wrapped=False),
    }
)
_ORDER: dict[str, Write] = {
    "eventTime": _leaf(_time),
    "eventTimeZoneOffset": _value,
    "epcList": _epcs,
    "parentID": _value,
    "inputEPCList": _epcs,
    "childEPCs": _epcs,
    "quantityList": _quantities,
    "childQuantityList": _quantities,
    "inputQuantityList": _quantities,
    "outputEPCList": _epcs,
    "outputQuantityList": _quantities,
    "action": _value,
    "transformationID": _value,
    "bizStep": _leaf(_word(cbv.BIZ_STEP)),
    "disposition": _leaf(_word(cbv.DISPOSITION)),
    "persistentDisposition": _object({"set": _dispositions, "unset": _dispositions}),
    "readPoint": _place,
    "bizLocation": _place,
    "sensorElementList": _each("sensorElement", _sensor_element),
}

_EVENT = _Order(_ORDER)


def _typed_list(member: str, vocabulary: cbv.Vocabulary) -> Write:
    """Business transactions, sources, destinations: `type=…` then the value, entries sorted."""
    return _each("", _object({"type": _leaf(_word(vocabulary)), member: _value}))


_TYPED: dict[str, Write] = {
    "bizTransactionList": _typed_list("bizTransaction", cbv.TRANSACTION_TYPE),
    "sourceList": _typed_list("source", cbv.SOURCE_TYPE),
    "destinationList": _typed_list("destination", cbv.SOURCE_TYPE),
}
