"""GS1's own example events, as many as are wanted: copies of each with serials, lots and times nobody had before."""

import datetime as dt
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "shared" / "conformance" / "epcis" / "examples"
"""Where the examples lie, which are not ours to hand on; without them nothing is measured."""
_STANDARD = frozenset({"cbv", "cbvmda", "epcis", "gs1", "rdfs"})
"""Prefixes of the EPCIS context, which no other may define again."""
_SERIAL = re.compile(
    r'("urn:epc:(?:id:(?:sgtin|giai|grai|gdti)|class:lgtin):[^"]*?)"'
    r'|("https?://[^"/]+/(?:01/\d{14}/(?:10|21)|253|8003|8004)/[^"]*?)"'
    r'|("urn:epc:id:sscc:\d+\.\d)(\d+)"'
    r'|("https?://[^"/]+/00/)(\d{17})\d"'
)


_LONG = 8


@cache
def examples() -> tuple[tuple[str, ...], dict[str, str]]:
    """The events as JSON text, and the prefixes of all their contexts; no events when the folder is not there.

    Left out: an example that gives a prefix another meaning than one before it, and events with a paper of no type, at
    which the reference generator fails.
    """
    found: list[str] = []
    prefixes: dict[str, str] = {}
    for path in sorted(FOLDER.rglob("*.jsonld")):
        document = json.loads(path.read_text("utf-8"))
        own = {
            name: meaning
            for part in _contexts(document)
            if isinstance(part, dict)
            for name, meaning in part.items()
            if isinstance(meaning, str) and name not in _STANDARD
        }
        if any(prefixes.get(name, meaning) != meaning for name, meaning in own.items()):
            continue
        prefixes |= own
        body = document["epcisBody"]
        events = (
            body["eventList"] if "eventList" in body else body["queryResults"]["resultsBody"]["eventList"]
        )
        found += [json.dumps(e) for e in events if all("type" in t for t in e.get("bizTransactionList", ()))]
    return tuple(found), prefixes


def _contexts(document: dict[str, Any]) -> list[Any]:
    context = document["@context"]
    return context if isinstance(context, list) else [context]


def fresh(example: str, n: int) -> dict[str, Any]:
    """A copy of an example that names other things: `n` stands in every serial and lot, the time and the id."""

    def renamed(match: re.Match[str]) -> str:
        urn, link, unit, digits, unit_link, key = match.groups()
        if unit:
            return f'{unit}{n:0{len(digits)}d}"'
        if unit_link:
            body = f"{key[:8]}{n:09d}"
            return f'{unit_link}{body}{_check(body)}"'
        start, number = urn or link, str(n)
        cut = max(start.rfind("."), start.rfind("/")) + 1
        # A serial has 20 characters. That of a paper or crate (17, 16) has no stroke before it.
        if len(start) - cut > _LONG and not start[:cut].endswith(("/253/", "/8003/")):
            return f'{start[:cut]}{number}{start[cut + len(number) :]}"'
        return f'{start}{number}"'

    event: dict[str, Any] = json.loads(_SERIAL.sub(renamed, example))
    at = dt.datetime.fromisoformat(event["eventTime"]) + dt.timedelta(seconds=n)
    event["eventTime"] = at.isoformat(timespec="milliseconds")
    if "eventID" in event:
        event["eventID"] = f"urn:uuid:00000000-0000-4000-8000-{n:012d}"
    return event


def _check(body: str) -> int:
    return -sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(body))) % 10
