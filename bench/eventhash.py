"""The CBV event hash against the published reference generator, on the same documents. Goal: at least 10.

The second figure is what capturing does before it stores: read the JSON text, check every rule, hash.
"""

import copy
import json
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from temthat_trace.epcis.document import read_document
from temthat_trace.epcis.eventhash import document_hashes, event_hash
from temthat_trace.epcis.rules import check_document

CONTEXT = [
    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    {"ex": "https://ns.example.com/epcis/"},
]
TURNS = 3


def document(count: int, start: int) -> dict[str, Any]:
    """A document of `count` events as a packing house writes them; no two events or serials are alike."""
    events = [_packing(start + n) if n % 2 else _shipping(start + n) for n in range(count)]
    return {
        "@context": CONTEXT,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-11-28T00:00:00Z",
        "epcisBody": {"eventList": events},
    }


def _packing(n: int) -> dict[str, Any]:
    return {
        "type": "ObjectEvent",
        "eventTime": f"2026-11-28T{n % 24:02d}:{n % 60:02d}:00.000+07:00",
        "eventTimeZoneOffset": "+07:00",
        "epcList": [f"urn:epc:id:sgtin:8934567.011111.{n}A", f"urn:epc:id:sgtin:8934567.011111.{n}B"],
        "quantityList": [
            {"epcClass": f"urn:epc:class:lgtin:8934567.022222.L{n}", "quantity": 12.5, "uom": "KGM"}
        ],
        "action": "ADD",
        "bizStep": "packing",
        "disposition": "active",
        "readPoint": {"id": "urn:epc:id:sgln:8934567.00001.0"},
        "ilmd": {"ex:harvest": "2026-11-20", "ex:plot": f"T{n % 40}"},
        "ex:worker": f"w{n % 30}",
    }


def _shipping(n: int) -> dict[str, Any]:
    return {
        "type": "AggregationEvent",
        "eventTime": f"2026-11-28T{n % 24:02d}:{n % 60:02d}:30.000+07:00",
        "eventTimeZoneOffset": "+07:00",
        "parentID": f"urn:epc:id:sscc:8934567.1{n:09d}",
        "childEPCs": [f"https://id.gs1.org/01/08934567111119/10/L{n}/21/{n}{c}" for c in "CD"],
        "action": "ADD",
        "bizStep": "shipping",
        "disposition": "in_transit",
        "bizLocation": {"id": "https://id.gs1.org/414/8934567000017"},
        "bizTransactionList": [{"type": "po", "bizTransaction": f"urn:epc:id:gdti:8934567.00001.{n}"}],
        "destinationList": [{"type": "owning_party", "destination": "urn:epc:id:pgln:8934567.00002"}],
    }


def reference() -> Callable[[dict[str, Any]], list[str]]:
    """The reference generator, from a parsed document to its hashes; what it logs would cost it time and is off."""
    from epcis_event_hash_generator import hash_generator, json_to_py  # type: ignore[import-untyped]

    def run(parsed: dict[str, Any]) -> list[str]:
        events = json_to_py.event_list_from_epcis_document_json(parsed)
        return list(hash_generator.epcis_hashes_from_events(events))

    return run


def figures(small: bool) -> list[dict[str, Any]]:
    """Events a CPU-second, ours and the reference's in turns, fresh serials each time so that no cache helps."""
    count = 20 if small else 400
    hash_all = reference()
    theirs: list[float] = []
    ours: list[float] = []
    whole: list[float] = []
    logging.disable(logging.CRITICAL)
    try:
        for turn in range(1 if small else TURNS):
            parsed, text = (
                document(count, 2 * turn * count),
                json.dumps(document(count, (2 * turn + 1) * count)),
            )
            for_them = copy.deepcopy(parsed)  # it writes into what it is given
            expected = _timed(partial(hash_all, for_them), theirs)
            if _timed(partial(document_hashes, parsed), ours) != expected:
                raise ValueError("the two hashes differ")
            _timed(partial(read_check_hash, text), whole)
    finally:
        logging.disable(logging.NOTSET)
    baseline = f"reference generator, hash alone: {count / min(theirs):,.0f}/CPU-s"
    return [
        {
            "name": name,
            "value": count / min(spent),
            "unit": "events/CPU-s",
            "baseline": baseline,
            "ratio": min(theirs) / min(spent),
        }
        for name, spent in (("CBV event hash", ours), ("EPCIS events read, checked and hashed", whole))
    ]


def read_check_hash(text: str) -> list[str]:
    """From JSON text to hashes, every rule kept."""
    found = read_document(text)
    problems = check_document(found)
    if problems:
        raise ValueError(problems[0])
    names = found.names
    return [event_hash(entry.raw, names) for entry in found.entries]


def _timed(action: Callable[[], list[str]], spent: list[float]) -> list[str]:
    start = time.process_time()
    result = action()
    spent.append(time.process_time() - start)
    return result
