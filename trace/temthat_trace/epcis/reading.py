"""From JSON values to typed events: the shape of every member is checked, its meaning is for `rules.py`.

Nothing is repaired and nothing dropped: what does not fit is a Problem with its place.
"""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from temthat_trace.epcis import events as ev
from temthat_trace.epcis.problems import Problem, step

Problems = list[Problem]
Read = Callable[[Any, str, Problems], Any]


def read_event(
    value: Any, pointer: str = "", terms: frozenset[str] = frozenset()
) -> tuple[ev.Event | None, Problems]:
    """A typed event and what is wrong with its shape; None when there is anything.

    `terms`: bare member names the document's own context defines, which are extensions like prefixed ones.
    """
    problems: Problems = []
    if not isinstance(value, dict):
        return None, [_wrong(pointer, "một đối tượng JSON {…}", "a JSON object {…}")]
    kind = value.get("type")
    if not isinstance(kind, str):
        return None, [
            Problem(
                pointer + "/type",
                "required",
                "Thiếu “type”; ví dụ: ObjectEvent.",
                "“type” is missing; for example: ObjectEvent.",
            )
        ]
    made = ev.EVENT_CLASSES.get(kind)
    if made is None and ":" not in kind:
        said = ", ".join(ev.EVENT_CLASSES)
        return None, [
            Problem(
                pointer + "/type",
                "event_type",
                f"Không có loại sự kiện “{kind[:60]}”; hãy dùng: {said}.",
                f"There is no event type “{kind[:60]}”; use: {said}.",
            )
        ]
    event = _parts(made or ev.ExtendedEvent, value, pointer, problems, terms, is_open=made is None)
    return (None if problems else event), problems


def _readers(kind: type[Any]) -> dict[str, tuple[str, Read]]:
    """For each JSON name of a class: the field and how it is read."""
    found = _known.get(kind)
    if found is None:
        named = [(f.metadata["json"], f.name) for f in fields(kind) if "json" in f.metadata]
        found = _known[kind] = {name: (attribute, _READ.get(name, _text)) for name, attribute in named}
    return found


_known: dict[type[Any], dict[str, tuple[str, Read]]] = {}


def _parts(
    kind: type[ev.Parts],
    value: Any,
    pointer: str,
    problems: Problems,
    terms: frozenset[str] = frozenset(),
    *,
    is_open: bool = False,
) -> Any:
    if not isinstance(value, dict):
        problems.append(_wrong(pointer, "một đối tượng JSON {…}", "a JSON object {…}"))
        return None
    readers = _readers(kind)
    extensions: ev.Json = {}
    known: dict[str, Any] = {"extensions": extensions}
    for name, member in value.items():
        reader = readers.get(name)
        if reader is not None:
            attribute, read = reader
            if read is _text and member.__class__ is str:
                known[attribute] = member  # most members, and they need no pointer
            elif member is None:
                problems.append(_null(f"{pointer}/{name}"))
            else:
                known[attribute] = read(member, f"{pointer}/{name}", problems)
        elif ":" in name or name in terms or is_open:
            extensions[name] = member
        else:
            problems.append(_unknown(pointer + step(name), name, readers))
    return kind.of(known)


def _text(value: Any, pointer: str, problems: Problems) -> Any:
    if not isinstance(value, str):
        problems.append(_wrong(pointer, "một chuỗi “…”", "a text “…”"))
    return value


def _number(value: Any, pointer: str, problems: Problems) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        problems.append(_wrong(pointer, "một số, không có dấu nháy", "a number, without quotes"))
    return value


def _object(value: Any, pointer: str, problems: Problems) -> Any:
    if not isinstance(value, dict):
        problems.append(_wrong(pointer, "một đối tượng JSON {…}", "a JSON object {…}"))
    return value


def _anything(value: Any, pointer: str, problems: Problems) -> Any:
    return value


def _list(read: Read) -> Read:
    def run(value: Any, pointer: str, problems: Problems) -> Any:
        if not isinstance(value, list):
            problems.append(_wrong(pointer, "một danh sách […]", "a list […]"))
            return None
        return tuple([read(v, f"{pointer}/{i}", problems) for i, v in enumerate(value)])

    return run


def _of(kind: type[Any]) -> Read:
    return lambda value, pointer, problems: _parts(kind, value, pointer, problems)


def _texts_or_text(value: Any, pointer: str, problems: Problems) -> Any:
    return _texts(value, pointer, problems) if isinstance(value, list) else _text(value, pointer, problems)


def _texts(value: Any, pointer: str, problems: Problems) -> Any:
    if isinstance(value, list) and _ALL_TEXT.issuperset(map(type, value)):
        return tuple(value)
    return _each_text(value, pointer, problems)


def _objects(value: Any, pointer: str, problems: Problems) -> Any:
    if isinstance(value, list) and _ALL_OBJECTS.issuperset(map(type, value)):
        return tuple(value)
    return _each_object(value, pointer, problems)


_ALL_TEXT, _ALL_OBJECTS = frozenset({str}), frozenset({dict})
_each_text = _list(_text)
_each_object = _list(_object)
_quantities = _list(_of(ev.QuantityElement))
_READ: dict[str, Read] = {
    "@context": _anything,
    "certificationInfo": _texts_or_text,
    "errorDeclaration": _of(ev.ErrorDeclaration),
    "correctiveEventIDs": _texts,
    "readPoint": _of(ev.Place),
    "bizLocation": _of(ev.Place),
    "bizTransactionList": _list(_of(ev.BizTransaction)),
    "sourceList": _list(_of(ev.Source)),
    "destinationList": _list(_of(ev.Destination)),
    "sensorElementList": _list(_of(ev.SensorElement)),
    "sensorMetadata": _object,
    "sensorReport": _objects,
    "persistentDisposition": _of(ev.PersistentDisposition),
    "set": _texts,
    "unset": _texts,
    "ilmd": _object,
    "quantity": _number,
    **dict.fromkeys(("epcList", "childEPCs", "inputEPCList", "outputEPCList"), _texts),
    **dict.fromkeys(
        ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"), _quantities
    ),
}


def _wrong(pointer: str, vi: str, en: str) -> Problem:
    return Problem(pointer, "shape", f"Chỗ này phải là {vi}.", f"This must be {en}.")


def _null(pointer: str) -> Problem:
    return Problem(
        pointer,
        "shape",
        "Không được để null; hãy bỏ mục này đi.",
        "It may not be null; leave the member out.",
    )


def _unknown(pointer: str, name: str, readers: dict[str, Any]) -> Problem:
    near = next((k for k in readers if k.lower() == name.lower()), None)
    hint_vi = f"có phải “{near}”?" if near else "phần mở rộng phải có tiền tố, như “vd:ten”."
    hint_en = f"did you mean “{near}”?" if near else "an extension needs a prefix, such as “ex:name”."
    return Problem(
        pointer,
        "unknown_member",
        f"Không có mục “{name[:60]}” ở đây; {hint_vi}",
        f"There is no member “{name[:60]}” here; {hint_en}",
    )
