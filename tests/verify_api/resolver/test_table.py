"""The table of docs/resolver.md is true: every test that it names exists, and every SHALL of the lists has its row."""

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[3] / "docs" / "resolver.md").read_text("utf-8")
LISTS = sorted((Path(__file__).parents[4] / "shared" / "conformance" / "gs1").glob("Conform*.txt"))
ROWS = {
    "GET, HEAD and OPTIONS": "GET, HEAD, OPTIONS over HTTP 1.1",
    "HTTP Over TLS": "HTTPS",
    "support CORS": "CORS",
    "decompress": "decompress a compressed URI",
    "uncompressed URI in the Link": "decompress a compressed URI",
    "syntactically validate": "validate the syntax",
    "NOT use a 200": "no 200 with a resource",
    "linkType set to": "linkset for `linkType=linkset`",
    "as per RFC": "linkset for `linkType=linkset`",
    "each level up": "every level up to the primary key",
    "subject of facts": "its subjects are uncompressed",
    "include the target URL": "each link with target, type and title",
    "media type is defined": "media types are those of IANA",
    "defaultLinkMulti SHALL": "a default link is also described",
    "optional attributes": "the default link has no optional attributes",
    "one available link as the default": "one link is the default",
    "entry level or higher": "one link is the default",
    "redirect to the default link": "redirect to the default unless",
    "requested linkType": "redirect to the requested link type",
    "requested type of link": "redirect to the requested link type",
    "404": "404 if there is no link",
    "pass on all": "pass on the query",
    "/.well-known/gs1resolver": "description at `/.well-known/gs1resolver`",
    "supported primary identifiers": "description at `/.well-known/gs1resolver`",
    "Web vocabulary": "recognise the GS1 Web vocabulary",
    "handledBy": "`gs1:handledBy`",
    "all key qualifiers": "all key qualifiers",
}
"""A part of each SHALL as GS1 words it, and the beginning of its row."""


def test_every_test_of_the_table_exists() -> None:
    """No row names a test that is gone."""
    current = ""
    missing = []
    for name, test in re.findall(r"(test_[a-z]+\.py)?::(test_[a-z0-9_]+)", PAGE):
        current = name or current
        if f"def {test}(" not in Path(__file__).with_name(current).read_text("utf-8"):
            missing.append(f"{current}::{test}")
    assert missing == []


@pytest.mark.skipif(not LISTS, reason="no conformance lists beside the project")
def test_every_shall_has_its_row() -> None:
    """Each line with a SHALL in GS1's lists is one of those the table answers."""
    lines = {line for path in LISTS for line in path.read_text("utf-8").splitlines() if "SHALL" in line}
    assert lines
    assert [line for line in lines if not any(part in line for part in ROWS)] == []
    assert [row for row in ROWS.values() if f"| {row}" not in PAGE] == []
