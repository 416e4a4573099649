"""A document read event by event says exactly what the whole read at once says."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.epcis import stream
from temthat_trace.epcis.document import CONTEXT_URL, Limits, read_document
from temthat_trace.epcis.problems import EpcisError

from .conformance import EXAMPLES, needs_data

EVENT = {"type": "ObjectEvent", "ex:a": [1.50, {"b": "“]}”, \\"}], "ex:c": None}
letters = st.characters(codec="utf-8", exclude_characters="\0")
names = st.text(letters, max_size=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(letters, max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


def text_of(*events: Any, indent: int | None = None, **more: Any) -> str:
    whole = {
        "@context": CONTEXT_URL,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-03-04T10:00:30Z",
        "epcisBody": {"eventList": list(events)},
        **more,
    }
    return json.dumps(whole, ensure_ascii=False, indent=indent)


@needs_data
@pytest.mark.parametrize("kept", [0, stream.KEPT])
def test_conformance_every_example_is_read_the_same(monkeypatch: pytest.MonkeyPatch, kept: int) -> None:
    """Pointers and values of the events, whether values are kept or read again; the text is that of the value."""
    monkeypatch.setattr(stream, "KEPT", kept)
    for path in EXAMPLES:
        data = path.read_bytes()
        whole, found = read_document(data), list(stream.open_document(data).events())
        assert [(e.pointer, e.raw) for e in whole.entries] == [(r.pointer, r.value) for r in found]
        assert [json.loads(r.text) for r in found] == [r.value for r in found]


@given(st.lists(values, max_size=4), st.sampled_from([None, 1]), st.booleans())
def test_property_whatever_the_events_are_they_are_told_apart(
    events: list[Any], indent: int | None, context_last: bool
) -> None:
    """Any JSON values as events, in any spacing, the context before or behind them."""
    text = text_of(*events, indent=indent)
    if context_last:
        value = json.loads(text)
        value["@context"] = value.pop("@context")
        text = json.dumps(value, indent=indent)
    found = stream.open_document(text)
    assert [r.value for r in found.events()] == events
    assert len(found) == len(events)
    assert found.context == CONTEXT_URL


def test_a_torn_document_is_no_document() -> None:
    """Cut anywhere, or with something behind its end: an error with the place, never fewer events."""
    text = text_of(EVENT, EVENT)
    for end in range(len(text)):
        with pytest.raises(EpcisError) as caught:
            stream.open_document(text[:end])
        assert caught.value.problems[0].rule == "json"
    for more in ("x", "}", "{}", ","):
        with pytest.raises(EpcisError):
            stream.open_document(text + more)
    assert len(stream.open_document(text + "\n ")) == 2


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "json"),
        ("[]", "required"),
        ('"EPCISDocument"', "required"),
        ('{"type": "EPCISDocument", }', "json"),
        ('{"type" "EPCISDocument"}', "json"),
        (text_of(EVENT).replace("[{", "[,{", 1), "json"),
        (text_of(EVENT).replace("1.5", "NaN", 1), "json"),
        (text_of(EVENT).replace("1.5", "1e999", 1), "json"),
        (text_of(EVENT).replace("“", "\\ud800", 1), "json"),
        (text_of("x").replace('"x"', "[" * 60 + "]" * 60), "depth"),
        (text_of("x").replace('"x"', "[" * 200_000), "depth"),
        (text_of(EVENT, epcisBody={}), "required"),
        (text_of(EVENT, epcisBody={"eventList": {}}), "shape"),
        (text_of(EVENT, epcisBody=[]), "required"),
        (text_of(EVENT, schemaVersion="1.2"), "version"),
        (text_of(EVENT, surprise=1), "unknown_member"),
    ],
    ids=str,
)
def test_what_is_no_document_is_told(text: str, rule: str) -> None:
    """Each with the rule it breaks."""
    with pytest.raises(EpcisError) as caught:
        stream.open_document(text)
    assert caught.value.problems[0].rule == rule


def test_bounds_hold_while_it_is_read() -> None:
    """Bytes, values and events; a list one longer than allowed is refused, one as long is not."""
    text = text_of(*[EVENT] * 4)
    for limits in (Limits(size=len(text) - 1), Limits(values=10), Limits(events=3)):
        with pytest.raises(EpcisError) as caught:
            stream.open_document(text, limits)
        assert caught.value.problems[0].rule == "size"
    assert len(stream.open_document(text, Limits(events=4))) == 4
    with pytest.raises(EpcisError, match="UTF-8"):
        stream.open_document(b"\xff" + text.encode())


def test_what_stands_twice_counts_last_and_is_told() -> None:
    """A member of an event, of the document, and a list of events."""
    once = '{"type": "ObjectEvent", "action": "ADD"}'
    twice = once.replace("}", ', "action": "OBSERVE"}')
    text = text_of("x").replace('"x"', twice)
    found = stream.open_document(text)
    assert [r.value["action"] for r in found.events()] == ["OBSERVE"]
    assert [w.rule for w in found.warnings] == ["duplicate_member"]
    text = text_of(EVENT).replace('"epcisBody"', '"epcisBody": {"eventList": [1, 2]}, "epcisBody"')
    found = stream.open_document(text)
    assert [r.value for r in found.events()] == [EVENT]
    assert [w.rule for w in found.warnings] == ["duplicate_member"]
    many = text_of(EVENT).replace('"epcisBody"', '"id": "urn:x:1", ' * 5_000 + '"epcisBody"')
    assert len(stream.open_document(many).warnings) == 100


def test_an_event_standing_alone_is_its_whole_text() -> None:
    """Its pointer is empty, its context its own; blanks around it are not part of it."""
    text = '\n {"@context": "x:y", "type": "ObjectEvent", "epcisBody": {"eventList": []}} \n'
    found = stream.open_document("\ufeff" + text)
    assert found.context is None
    [raw] = found.events()
    assert (raw.pointer, raw.text) == ("", text.strip())
