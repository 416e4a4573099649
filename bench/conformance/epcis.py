"""EPCIS: the examples, what is broken, the event hashes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from bench.conformance.broken import BROKEN, TAKEN
from bench.conformance.findings import DATA, Count, Json, Refusal, validator
from temthat_trace.epcis.document import CONTEXT_URL, document_of
from temthat_trace.epcis.eventhash import document_hashes
from temthat_trace.epcis.problems import EpcisError, Level
from temthat_trace.epcis.rules import check_document
from temthat_trace.parties import Party, PartyKind
from temthat_verify_api.accounts import KeyRole, issue_api_key
from temthat_verify_api.epcis.headers import BASE
from temthat_verify_api.wiring import Services


def new_key(services: Services, code: str) -> dict[str, str]:
    """The headers of a fresh cooperative: a repository of its own."""
    with services.sessions() as session:
        party = Party(code=code, kind=PartyKind.COOPERATIVE, name=code)
        session.add(party)
        session.flush()
        token = issue_api_key(session, party, KeyRole.PRODUCER, "conformance")
        session.commit()
    return {"Authorization": f"Bearer {token}"}


def example_files() -> list[Path]:
    """GS1's examples."""
    return sorted((DATA / "epcis" / "examples").rglob("*.jsonld"))


def events_of(document: Json) -> list[Any]:
    """The events of a document or query document."""
    body = document["epcisBody"]
    found: list[Any] = (body.get("queryResults", {}).get("resultsBody") or body)["eventList"]
    return found


async def examples(services: Services, asking: httpx.AsyncClient) -> list[Count]:
    """Each example into a repository of its own, its events asked for one by one."""
    schema = validator("epcis/EPCIS-JSON-Schema.json")
    files = example_files()
    stored: list[str] = []
    equal, total, answers, valid = 0, 0, 0, 0
    unequal: list[str] = []
    for n, path in enumerate(files):
        key = new_key(services, f"EX-{n}")
        sent = events_of(json.loads(path.read_text("utf-8")))
        headers = {**key, "Content-Type": "application/json"}
        taken = await asking.post(f"{BASE}/capture", content=path.read_bytes(), headers=headers)
        job = (await asking.get(taken.headers["location"], headers=key)).json() if taken.is_success else {}
        if job.get("success"):
            stored.append(path.stem)
        total += len(sent)
        for event, told in zip(sent, job.get("events", ()), strict=False):
            address = f"{BASE}/events/{told['eventID'].replace('?', '%3F')}"
            answer = (await asking.get(address, headers=key)).json()
            answers += 1
            valid += schema.is_valid(answer)
            if event in events_of(answer):
                equal += 1
            else:
                unequal.append(f"{path.stem}{told['pointer']}")
    missed = tuple(path.stem for path in files if path.stem not in stored)
    return [
        Count("EPCIS examples of GS1 captured through the service", len(stored), len(files), missed),
        Count("their events answered under their ids, equal to what was sent", equal, total, tuple(unequal)),
        Count("those answers valid by GS1's JSON schema", valid, answers),
    ]


def spoilt() -> Count:
    """Examples with one member of the first event missing, of another type or misnamed, if the schema refuses them."""
    schema = validator("epcis/EPCIS-JSON-Schema.json")
    files = example_files()
    refused, misses = 0, []
    for path in [*files[::7], *(p for p in files if "all_possible" in p.name)]:
        for what, value in _spoils(json.loads(path.read_text("utf-8"))):
            if schema.is_valid(value):
                continue
            refused += 1
            if not _errors(value):
                misses.append(f"{path.stem}: {what}")
    what = "spoilt examples that GS1's JSON schema refuses, refused here with place and words"
    return Count(what, refused - len(misses), refused, tuple(misses))


_CHANGES: tuple[Any, ...] = ("gone", 7, [], "misnamed")


def _spoils(document: Json) -> Iterator[tuple[str, Json]]:
    text = json.dumps(document)
    for name in events_of(document)[0]:
        for change in _CHANGES:
            spoilt = json.loads(text)
            event = events_of(spoilt)[0]
            if change in ("gone", "misnamed"):
                value = event.pop(name)
                if change == "misnamed":
                    event[name + "s"] = value
            else:
                event[name] = change
            yield f"{name} {change}", spoilt


def _errors(document: Json) -> list[Any]:
    try:
        found = check_document(document_of(document))
    except EpcisError as error:
        return list(error.problems)
    return [p for p in found if p.level is Level.ERROR and p.vi and p.en]


async def broken(services: Services, asking: httpx.AsyncClient) -> tuple[Count, list[Refusal]]:
    """Documents that break a rule each, through the service; and an id that is taken."""
    key = new_key(services, "BROKEN")
    found, misses = [], []
    first, other = TAKEN
    await asking.post(f"{BASE}/events", json={"@context": CONTEXT_URL, **first}, headers=key)
    changes = (*BROKEN, other)
    for what, event, pointer, rule in changes:
        document = {
            "@context": CONTEXT_URL, "type": "EPCISDocument", "schemaVersion": "2.0",
            "creationDate": "2026-05-05T00:00:00Z", "epcisBody": {"eventList": [event]},
        }  # fmt: skip
        answer = await asking.post(f"{BASE}/capture", json=document, headers=key)
        job = (await asking.get(answer.headers["location"], headers=key)).json()
        said = {(p["pointer"].removeprefix("/epcisBody/eventList/0"), p["rule"]): p for p in job["errors"]}
        problem = said.get((pointer, rule))
        if job["success"] or problem is None:
            misses.append(what)
        else:
            found.append(Refusal(what, pointer, rule, problem["message_vi"].partition(": ")[2]))
    what = "documents that break a rule, refused by the service at the place and by the rule"
    return Count(what, len(found), len(changes), tuple(misses)), found


def hashes() -> Count:
    """The published event hashes."""
    right, total, misses = 0, 0, []
    for path in sorted((DATA / "eventhash").glob("*.jsonld")):
        expected = path.with_suffix(".hashes").read_text("utf-8").split()
        found = document_hashes(json.loads(path.read_text("utf-8")))
        total += len(expected)
        same = sum(a == b for a, b in zip(found, expected, strict=False))
        right += same
        if same != len(expected):
            misses.append(path.stem)
    return Count("event hashes equal to those published (CBV 2.0)", right, total, tuple(misses))
