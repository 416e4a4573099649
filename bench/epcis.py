"""EPCIS capture against PyPI's reference event-hash generator, on the same JSON text in one run. Goal: at least 10.

Ours reads the text, keeps every rule, hashes, and stores durably in a database of its own; the reference hashes. Both
as a service runs them: what was imported before is out of the garbage collector's sight (`temthat serve` does so too),
and the reference logs at its usual level, where it says nothing. Three documents: *whole* events, with the members
GS1's own examples have (measurements, parties, papers, master data), *bare* ones, with little to hash and much to
store, and GS1's examples themselves with fresh serials, where they are at hand.
"""

import datetime as dt
import gc
import json
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

import temthat_trace.tables  # noqa: F401 - so that the metadata is whole
from bench.epcis_events import WHOLE, Kinds, document
from bench.epcis_examples import examples, fresh
from bench.eventhash import reference
from bench.postgresql import postgresql
from temthat_trace.database import Base, make_engine
from temthat_trace.epcis.capture import capture
from temthat_trace.epcis.document import Limits
from temthat_trace.epcis.outcome import Fate
from temthat_trace.parties import Party, PartyKind

TURNS = 5
NOW = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
LONG = 10_000


@contextmanager
def repository(url: str | None) -> Iterator[tuple[Engine, uuid.UUID]]:
    """An empty repository; on SQLite in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(url or f"sqlite:///{folder}/bench.db")
        Base.metadata.create_all(engine)
        with Session(engine, expire_on_commit=False) as session:
            party = Party(code="BENCH", kind=PartyKind.COOPERATIVE, name="Bench")
            session.add(party)
            session.commit()
        yield engine, party.id
        Base.metadata.drop_all(engine)
        engine.dispose()


def store(engine: Engine, party: uuid.UUID, text: str) -> None:
    """Capture and commit; every event must be stored. (Of GS1's examples the first use of some things is missing.)"""
    with Session(engine, expire_on_commit=False) as session:
        _, captured = capture(session, party, text, now=NOW, limits=Limits(events=1_000_000))
        session.commit()
    refused = [result for result in captured.results if result.fate is not Fate.ACCEPTED]
    if refused:
        raise ValueError(refused[0])


def figures(small: bool) -> list[dict[str, Any]]:
    """Events a CPU-second in turns with the reference, fresh serials each time; and the memory of a long document."""
    found = _speeds("SQLite", None, small)
    with postgresql() as url:
        if url is not None:
            found += _speeds("PostgreSQL (its own time apart)", url, small)
    return [*found, *_memory(small)]


def _speeds(name: str, url: str | None, small: bool) -> list[dict[str, Any]]:
    """Of each kind of document, on one database."""
    found = [_speed("whole", name, url, WHOLE, small), _speed("bare", name, url, None, small)]
    texts, prefixes = examples()
    if texts:
        copies = [partial(fresh, text) for text in texts]
        found.insert(1, _speed("GS1's example", name, url, copies, small, prefixes))
    return found


def _speed(
    events: str,
    name: str,
    url: str | None,
    kinds: Kinds | None,
    small: bool,
    prefixes: dict[str, str] | None = None,
) -> dict[str, Any]:
    """The reference and ours in turns on the same text; on PostgreSQL the server's own time is not in ours."""
    a_round = len(kinds or "ab")
    count = max((40 if small else 1_000) // a_round, 1) * a_round
    theirs: list[float] = []
    ours: list[float] = []
    hash_all = reference()
    with repository(url) as (engine, party):
        store(engine, party, document(count, 0, kinds, prefixes))  # once, so that both are warm
        hash_all(json.loads(document(20, 0, kinds, prefixes)))
        gc.collect()
        gc.freeze()
        for turn in range(1, 2 if small else TURNS + 1):
            text = document(count, turn * count, kinds, prefixes)
            _timed(lambda text=text: hash_all(json.loads(text)), theirs)  # type: ignore[misc]
            _timed(lambda text=text: store(engine, party, text), ours)  # type: ignore[misc]
        gc.unfreeze()
    return {
        "name": f"EPCIS capture of {events} events: read, rules, hash, stored on {name}",
        "value": count / min(ours),
        "unit": "events/CPU-s",
        "baseline": f"reference generator, hash alone: {count / min(theirs):,.0f}/CPU-s",
        "ratio": min(theirs) / min(ours),
    }


def _timed(action: Callable[[], Any], spent: list[float]) -> None:
    gc.collect()
    start = time.process_time()
    action()
    spent.append(time.process_time() - start)


def _memory(small: bool) -> list[dict[str, Any]]:
    """The most memory a process of its own ever has, by one long document and by one of 20 events."""
    count = 100 if small else LONG
    short, long_ = (_peak(n) for n in (20, count))
    size = len(document(count, 0)) / 2**20
    return [
        {
            "name": f"EPCIS capture: most memory of a process, one document of {count:,} events",
            "value": long_,
            "unit": "MiB",
            "baseline": f"20 events: {short:.0f} MiB; the long text alone: {size:.1f} MiB",
            "ratio": None,
        }
    ]


def _peak(count: int) -> float:
    """Peak memory, in MiB, of a process that captures one document."""
    code = f"import bench.epcis as b; b.one({count})"
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=root)
    return float(done.stdout) / 1024


def one(count: int) -> None:
    """Capture one document and print the peak memory of this process in KiB."""
    text = document(count, 0).encode()
    with repository(None) as (engine, party), Session(engine, expire_on_commit=False) as session:
        capture(session, party, text, now=NOW)
        session.commit()
    # Not getrusage: that begins with what the process had that started this one.
    status = Path("/proc/self/status").read_text("utf-8")
    print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")))
