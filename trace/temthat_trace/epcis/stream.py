"""A document read event by event, so that a long one never stands in memory as a whole.

The text is gone through once, which finds where each event begins and ends and that all of it is JSON; the values of
the events are kept only while the text is short, and read again one by one otherwise.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from temthat_trace.collecting import uncollected
from temthat_trace.epcis.document import (
    DECODER,
    Limits,
    check_json,
    envelope,
    json_errors,
    json_text,
    tell_twice,
    telling_decoder,
)
from temthat_trace.epcis.problems import Problem

KEPT = 2**21
"""Characters up to which the values of a document's events are kept from the first time they are read."""
_SPACE = re.compile(r"[ \t\n\r]*")
# Behind these members lie the events; whatever else a document has is read whole.
_WAY = frozenset({"epcisBody", "queryResults", "resultsBody"})
_OPEN = {"{": "}", "[": "]"}


class Raw(NamedTuple):
    """One event as it came: where it stands, its JSON text and value."""

    pointer: str
    text: str
    value: Any


@dataclass(frozen=True, slots=True)
class Stream:
    """A document whose events are read when asked for. `context` is None for an event standing alone."""

    type: str
    context: Any
    pointer: str
    warnings: tuple[Problem, ...]
    _text: str
    _spans: list[tuple[int, int, Any]]

    def __len__(self) -> int:
        return len(self._spans)

    def events(self) -> Iterator[Raw]:
        """Each event in turn."""
        is_alone = self.context is None
        text, pointer = self._text, self.pointer
        for i, (start, end, kept) in enumerate(self._spans):
            value = DECODER.raw_decode(text, start)[0] if kept is None else kept
            yield Raw("" if is_alone else f"{pointer}/{i}", text[start:end], value)


@uncollected()
def open_document(data: bytes | str, limits: Limits | None = None) -> Stream:
    """A document or single event from JSON text. Raises EpcisError when it is none, or no JSON to its end."""
    limits = limits or Limits()
    text = json_text(data, limits)
    warnings: list[Problem] = []
    with json_errors(limits):
        value = _Scan(text, limits, warnings).document()
    kind, spans, pointer = envelope(value, limits)
    if spans is None:
        start = _space(text, 0)
        return Stream(kind, None, "", tuple(warnings), text, [(start, len(text.rstrip(" \t\n\r")), value)])
    return Stream(kind, value["@context"], pointer, tuple(warnings), text, spans)


def _space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


class _Scan:
    """Goes through a text once."""

    def __init__(self, text: str, limits: Limits, warnings: list[Problem]) -> None:
        self.text = text
        self.limits = limits
        self.warnings = warnings
        self.keeps = len(text) <= KEPT
        self.read = telling_decoder(warnings).raw_decode

    def document(self) -> Any:
        """The value of the text; in place of each event (where it begins, where it ends, its value while kept)."""
        start = _space(self.text, 0)
        value, end = self._object(start, 0) if self.text[start : start + 1] == "{" else self._value(start, 0)
        end = _space(self.text, end)
        if end != len(self.text):
            raise json.JSONDecodeError("Extra data", self.text, end)
        return value

    def _value(self, start: int, depth: int) -> tuple[Any, int]:
        value, end = self.read(self.text, start)
        if isinstance(value, (dict, list, str)):
            check_json(value, self.text[start:end], self.limits.depth - depth)
        return value, end

    def _object(self, start: int, depth: int) -> tuple[dict[str, Any], int]:
        """An object on the way to the events, or the outermost one."""
        text = self.text
        found: dict[str, Any] = {}
        at = _space(text, start + 1)
        if text[at : at + 1] == "}":
            return found, at + 1
        while True:
            if text[at : at + 1] != '"':
                raise json.JSONDecodeError("Expecting property name enclosed in double quotes", text, at)
            name, at = self.read(text, at)
            check_json(name, name, 1)
            at = _space(text, at)
            if text[at : at + 1] != ":":
                raise json.JSONDecodeError("Expecting ':' delimiter", text, at)
            at = _space(text, at + 1)
            if name in found:
                tell_twice(name, self.warnings)
            found[name], at = self._member(name, at, depth)
            at = _space(text, at)
            if text[at : at + 1] == "}":
                return found, at + 1
            if text[at : at + 1] != ",":
                raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
            at = _space(text, at + 1)

    def _member(self, name: str, at: int, depth: int) -> tuple[Any, int]:
        begins = self.text[at : at + 1]
        if name in _WAY and begins == "{" and depth < len(_WAY):
            return self._object(at, depth + 1)
        if name == "eventList" and begins == "[" and depth:
            return self._events(at, depth + 1)
        return self._value(at, depth + 1)

    def _events(self, start: int, depth: int) -> tuple[list[tuple[int, int, Any]], int]:
        """The list of events; a second list of that name takes the place of the first."""
        text, most, depth = self.text, self.limits.events, self.limits.depth - depth - 1
        spans: list[tuple[int, int, Any]] = []
        at = _space(text, start + 1)
        if text[at : at + 1] == "]":
            return spans, at + 1
        while True:
            value, end = self.read(text, at)
            check_json(value, text[at:end], depth)
            # One too many is enough to know that there are too many.
            if len(spans) <= most:
                spans.append((at, end, value if self.keeps or value is None else None))
            at = _space(text, end)
            if text[at : at + 1] == "]":
                return spans, at + 1
            if text[at : at + 1] != ",":
                raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
            at = _space(text, at + 1)
