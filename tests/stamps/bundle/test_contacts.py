"""Names and numbers for display: read as written, and never more than that."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.bundle.contacts import TEXT_LIMIT, Contact, read_contacts, write_contacts
from temthat_stamps.bundle.encoding import BadBundle

texts = st.text(st.characters(codec="utf-8"), max_size=20)


@given(st.dictionaries(texts, st.builds(Contact, texts, texts)))
def test_property_contacts_are_read_as_written(contacts: dict[str, Contact]) -> None:
    assert read_contacts(write_contacts(contacts)) == contacts


def test_what_is_of_another_kind_is_passed_over() -> None:
    """It is only for display; a verdict never fails for it."""
    body = {"a": {"name": "A", "hotline": "1"}, "b": {"name": 7, "hotline": "1"}, "c": [], "d": {"name": "D"}}
    assert read_contacts(json.dumps(body).encode()) == {"a": Contact("A", "1")}
    long = {"a": {"name": "x" * 10_000, "hotline": "1"}}
    assert len(read_contacts(json.dumps(long).encode())["a"].name) == TEXT_LIMIT
    for data in (b"[]", b"", b"{", b'{"a":{},"a":{}}', b"\xff"):
        with pytest.raises(BadBundle):
            read_contacts(data)
