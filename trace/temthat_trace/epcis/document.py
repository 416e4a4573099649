"""EPCIS 2.0 JSON documents, query documents and single events: read within bounds, written back equal."""

import json
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from temthat_trace.epcis.context import Context
from temthat_trace.epcis.events import EVENT_CLASSES, Event, Json
from temthat_trace.epcis.problems import EpcisError, Level, Problem, step
from temthat_trace.epcis.reading import read_event

CONTEXT_URL = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
_DOCUMENT = frozenset(
    {"@context", "id", "type", "schemaVersion", "creationDate", "instanceIdentifier", "sender", "receiver",
     "epcisHeader", "epcisBody"}
)  # fmt: skip
_MOST_WARNINGS = 100
_CONTAINERS = (dict, list)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is read at all: bytes of JSON, levels of nesting, single values, events.

    The number of values bounds memory: small text can hold very many empty lists.
    """

    size: int = 32 * 2**20
    depth: int = 48
    values: int = 3_000_000
    events: int = 20_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of a document: where it stands, as it came, and as an event, or why it is none."""

    pointer: str
    raw: Any
    event: Event | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A document (`EPCISDocument`, `EPCISQueryDocument`), or one event standing alone (its type then).

    `members`: the document's other members as they came, without its events. `warnings`: what was read though doubtful.
    """

    type: str
    context: Any
    entries: tuple[Entry, ...]
    members: Json = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()

    @property
    def names(self) -> Context:
        """What its compact names mean."""
        return Context(self.context)

    @property
    def events(self) -> tuple[Event, ...]:
        """All its events; raises EpcisError when one of them is none."""
        problems = [p for entry in self.entries for p in entry.problems]
        if problems:
            raise EpcisError(problems)
        return tuple(entry.event for entry in self.entries if entry.event is not None)

    def to_json(self) -> Json:
        """The document as JSON; equal to what was read, whatever it held."""
        listed = [entry.raw if entry.event is None else entry.event.to_json() for entry in self.entries]
        if self.type in EVENT_CLASSES or ":" in self.type:
            return dict(listed[0])
        found: Json = {"@context": self.context, "type": self.type, **self.members}
        body = dict(found.get("epcisBody", {}))
        if self.type == "EPCISQueryDocument":
            results = dict(body["queryResults"])
            results["resultsBody"] = {**results["resultsBody"], "eventList": listed}
            body["queryResults"] = results
        else:
            body["eventList"] = listed
        return {**found, "epcisBody": body}


def read_document(data: bytes | str, limits: Limits | None = None) -> Document:
    """A document from JSON text. Raises EpcisError when it is no EPCIS document at all.

    An event that cannot be read does not spoil the others: it stands in `entries` with its problems.
    """
    limits = limits or Limits()
    warnings: list[Problem] = []
    document = document_of(parse_json(data, limits, warnings), limits)
    return replace(document, warnings=tuple(warnings)) if warnings else document


def document_of(value: Any, limits: Limits | None = None) -> Document:
    """A document from JSON already parsed; raises EpcisError as `read_document` does."""
    kind, events, pointer = envelope(value, limits or Limits())
    context = value["@context"]
    if events is None:
        return Document(kind, context, (_entry(value, "", context),))
    members = {k: v for k, v in value.items() if k not in ("@context", "type")}
    entries = tuple(_entry(event, f"{pointer}/{i}", context) for i, event in enumerate(events))
    return Document(kind, context, entries, _without_events(members, kind))


def envelope(value: Any, limits: Limits) -> tuple[str, list[Any] | None, str]:
    """The type of a document, its list of events and where that stands; None for an event standing alone.

    Raises EpcisError when it is no EPCIS document.
    """
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str):
        raise _error(
            "/type", "required",
            "Không phải tài liệu EPCIS: thiếu “type” (EPCISDocument, EPCISQueryDocument hoặc loại sự kiện).",
            "No EPCIS document: “type” is missing (EPCISDocument, EPCISQueryDocument or an event type).",
        )  # fmt: skip
    problems = _context_problems(value.get("@context"))
    if kind not in ("EPCISDocument", "EPCISQueryDocument"):
        if problems:
            raise EpcisError(problems)
        return kind, None, ""
    problems += _envelope_problems(value, kind)
    events, pointer = _event_list(value, kind, problems)
    if len(events) > limits.events:
        problems.append(_too_many(pointer, limits.events))
    if problems:
        raise EpcisError(problems)
    return kind, events, pointer


def _without_events(members: Json, kind: str) -> Json:
    body = members["epcisBody"]
    if kind == "EPCISDocument":
        return {**members, "epcisBody": {k: v for k, v in body.items() if k != "eventList"}}
    results = body["queryResults"]
    inner = {k: v for k, v in results["resultsBody"].items() if k != "eventList"}
    return {**members, "epcisBody": {**body, "queryResults": {**results, "resultsBody": inner}}}


def _entry(raw: Any, pointer: str, context: Any) -> Entry:
    event, problems = read_event(raw, pointer, bare_terms(context))
    return Entry(pointer, raw, event, tuple(problems))


def bare_terms(context: Any) -> frozenset[str]:
    """Names without a prefix that a document's own context defines."""
    entries = context if isinstance(context, list) else [context]
    return frozenset(
        k for entry in entries if isinstance(entry, dict) for k in entry if not k.startswith("@")
    )


def _event_list(value: Json, kind: str, problems: list[Problem]) -> tuple[list[Any], str]:
    """The raw events and where they stand; problems when there is no such list."""
    at: Any = value
    pointer = ""
    path = ["epcisBody", "eventList"]
    if kind == "EPCISQueryDocument":
        path = ["epcisBody", "queryResults", "resultsBody", "eventList"]
    for name in path:
        pointer += step(name)
        at = at.get(name) if isinstance(at, dict) else None
        if at is None:
            problems.append(Problem(pointer, "required", f"Thiếu “{name}”.", f"“{name}” is missing."))
            return [], pointer
    if not isinstance(at, list):
        problems.append(Problem(pointer, "shape", "Phải là một danh sách […].", "This must be a list […]."))
        return [], pointer
    return at, pointer


def _envelope_problems(value: Json, kind: str) -> list[Problem]:
    found = []
    required = ("schemaVersion", "creationDate") if kind == "EPCISDocument" else ()
    for name in required:
        if name not in value:
            found.append(Problem(step(name), "required", f"Thiếu “{name}”.", f"“{name}” is missing."))
    for name in ("id", "schemaVersion", "creationDate", "instanceIdentifier", "sender", "receiver"):
        if name in value and not isinstance(value[name], str):
            found.append(Problem(step(name), "shape", "Phải là một chuỗi “…”.", "This must be a text “…”."))
    version = value.get("schemaVersion")
    if isinstance(version, str) and version.split(".")[0] != "2":
        found.append(
            Problem(
                "/schemaVersion", "version",
                f"Chỉ đọc EPCIS 2.x; tài liệu này là {version[:20]}.",
                f"Only EPCIS 2.x is read; this is {version[:20]}.",
            )
        )  # fmt: skip
    terms = bare_terms(value.get("@context"))
    for name in value:
        if name not in _DOCUMENT and ":" not in name and name not in terms:
            found.append(
                Problem(
                    step(name),
                    "unknown_member",
                    f"Không có mục “{name[:60]}”.",
                    f"There is no member “{name[:60]}”.",
                )
            )
    return found


def _context_problems(context: Any) -> list[Problem]:
    if isinstance(context, (str, dict)) and context:
        return []
    if isinstance(context, list) and context and all(isinstance(c, (str, dict)) for c in context):
        return []
    return [
        Problem(
            "/@context", "context",
            f"Thiếu “@context”; hãy ghi “{CONTEXT_URL}”.",
            f"“@context” is missing; write “{CONTEXT_URL}”.",
        )
    ]  # fmt: skip


def _too_many(pointer: str, most: int) -> Problem:
    return Problem(
        pointer, "size",
        f"Nhiều hơn {most:,} sự kiện; hãy chia thành nhiều tài liệu.",
        f"More than {most:,} events; split them into several documents.",
    )  # fmt: skip


def _error(pointer: str, rule: str, vi: str, en: str) -> EpcisError:
    return EpcisError([Problem(pointer, rule, vi, en)])


# --- JSON within bounds ---------------------------------------------------------------------------------------


def parse_json(data: bytes | str, limits: Limits | None = None, warnings: list[Problem] | None = None) -> Any:
    """JSON (RFC 8259) in UTF-8, strictly: no NaN, no numbers without end, no half characters. Raises EpcisError.

    A member that stands twice counts as it stood last, as with most readers, and is told in `warnings`: an example of
    the standard itself has one.
    """
    limits = limits or Limits()
    text = json_text(data, limits)
    with json_errors(limits):
        value = (DECODER if warnings is None else telling_decoder(warnings)).decode(text)
    check_json(value, text, limits.depth)
    return value


def json_text(data: bytes | str, limits: Limits) -> str:
    """The text of a JSON document, neither too long nor of too many values. Raises EpcisError."""
    if len(data) > limits.size:
        raise _error("", "size", f"Lớn hơn {limits.size:,} byte.", f"Larger than {limits.size:,} bytes.")
    with json_errors(limits):
        text = data.decode("utf-8") if isinstance(data, bytes) else data
    if text.count(",") + text.count("[") + text.count("{") > limits.values:
        raise _error(
            "",
            "size",
            f"Nhiều hơn {limits.values:,} giá trị; hãy chia nhỏ.",
            f"More than {limits.values:,} values; split the document.",
        )
    return text.removeprefix("\ufeff")


@contextmanager
def json_errors(limits: Limits) -> Iterator[None]:
    """Whatever goes wrong while decoding, as EpcisError with the place."""
    try:
        yield
    except EpcisError:
        raise
    except RecursionError:
        raise _too_deep(limits.depth) from None
    except UnicodeDecodeError as error:
        raise _error(
            "", "json", f"Không phải UTF-8 (byte {error.start}).", f"Not UTF-8 (at byte {error.start})."
        ) from None
    except ValueError as error:
        where = f"dòng {error.lineno}, cột {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise _error(
            "", "json", f"JSON không đúng: {where or error}.", f"This is not JSON: {error}."
        ) from None


def check_json(value: Any, text: str, depth: int) -> None:
    """Raises EpcisError for a value nested too deep or with texts no store takes.

    `text`: what the value was read from, and nothing more.
    """
    # Half characters and NUL can only come out of escapes; what opens few brackets is not deep.
    with_texts = "\\" in text and "\\u" in text
    if with_texts or text.count("{") + text.count("[") > depth:
        _check_depth(value, depth, with_texts=with_texts)


def telling_decoder(warnings: list[Problem]) -> json.JSONDecoder:
    """Reads as `DECODER` does, and tells the members that stand twice."""

    def unique(pairs: list[tuple[str, Any]]) -> Json:
        found = dict(pairs)
        if len(found) != len(pairs):
            seen: set[str] = set()
            tell_twice(next(n for n, _ in pairs if n in seen or seen.add(n)), warnings)  # type: ignore[func-returns-value]
        return found

    return json.JSONDecoder(object_pairs_hook=unique, parse_float=_finite, parse_constant=_no_constant)


def tell_twice(name: str, warnings: list[Problem]) -> None:
    """That a member stands twice, unless very many such are told already."""
    if len(warnings) < _MOST_WARNINGS:
        vi = f"Mục “{name[:60]}” đứng hai lần; lấy lần sau. Hãy bỏ một."
        en = f"The member “{name[:60]}” stands twice; the last one counts. Leave one off."
        warnings.append(Problem("", "duplicate_member", vi, en, Level.WARNING))


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:30]} is too large a number")
    return number


DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_no_constant)
"""Reads one JSON value at a place in a text, as `parse_json` does."""


def _check_depth(value: Any, most: int, *, with_texts: bool) -> None:
    """Raises EpcisError when nesting is too deep or a text holds half a character or a NUL, which no store takes."""
    level = [value]
    for _ in range(most):
        below: list[Any] = []
        for at in level:
            if isinstance(at, dict):
                if with_texts:
                    _check_texts(at)
                inside: Iterable[Any] = at.values()
            elif isinstance(at, list):
                inside = at
            else:
                _check_texts((at,))
                continue
            below += [v for v in inside if isinstance(v, _CONTAINERS) or (with_texts and isinstance(v, str))]
        if not below:
            return
        level = below
    raise _too_deep(most)


def _check_texts(texts: Iterable[Any]) -> None:
    for text in texts:
        if not isinstance(text, str):
            continue
        if text.isascii():
            if "\0" in text:
                raise _error("", "json", "Có ký tự rỗng (U+0000).", "There is a NUL character (U+0000).")
        elif any("\ud800" <= c <= "\udfff" or c == "\0" for c in text):
            raise _error(
                "", "json", "Có ký tự hỏng (nửa cặp UTF-16).", "There is half a character (a lone surrogate)."
            )


def _too_deep(most: int) -> EpcisError:
    return _error("", "depth", f"Lồng sâu quá {most} tầng.", f"Nested deeper than {most} levels.")
