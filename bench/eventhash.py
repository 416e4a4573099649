"""The CBV event hash against the published reference generator, on the same documents. Goal: at least 10.

The second figure is what capturing does before it stores: read the JSON text, check every rule, hash.
"""

import json
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from bench.epcis_events import document
from temthat_trace.epcis.document import read_document
from temthat_trace.epcis.eventhash import document_hashes, event_hash
from temthat_trace.epcis.rules import check_document

TURNS = 3


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
            first, text = (document(count, (2 * turn + n) * count) for n in (0, 1))
            parsed, for_them = json.loads(first), json.loads(first)  # it writes into what it is given
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
