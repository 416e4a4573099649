"""Tiles, entry bundles and proofs of the service over HTTP, against the same server's plain static files.

One uvicorn in a process of its own; the baseline is Starlette's `StaticFiles` on the same folder, behind the same
middleware. All are asked in turns, over as many connections, for files and entries drawn at random. Goal
(docs/performance.md): 0.5 x.
"""

import asyncio
import datetime as dt
import multiprocessing
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import insert

from temthat_stamps.log.records import LogEntry
from temthat_stamps.log.witness_client import LocalWitness
from temthat_stamps.runs.operator import log_signer
from temthat_stamps.sealing import Sealer
from temthat_verify_api.app import create_app
from temthat_verify_api.migrate import upgrade
from temthat_verify_api.settings import Settings, load_master_key
from temthat_verify_api.wiring import build_services

ENTRIES = 100_000
AT_ONCE = 8
_STATIC = "/bench/static"

Figure = dict[str, Any]


def figures(small: bool) -> list[Figure]:
    """Answers a second of each kind, and how they stand to plain files of the same size."""
    entries, count, rounds = (2_000, 100, 1) if small else (ENTRIES, 1_500, 7)
    with tempfile.TemporaryDirectory() as folder:
        settings = _publish(Path(folder), entries)
        with _server(settings) as port:
            return asyncio.run(_measure(port, entries, count, rounds))


def _publish(folder: Path, entries: int) -> Settings:
    """A published log of that many entries with two witnesses; only that they are bytes counts here."""
    settings = Settings(
        mode="demo",
        database_url=f"sqlite:///{folder}/temthat.db",
        data_dir=folder,
        host="tem.example.vn",
        secure_cookies=False,
    )
    log_key = log_signer(Sealer(load_master_key(settings, create=True)), settings.origin).key
    places = [folder / name for name in ("w1", "w2")]
    witnesses = [f"{LocalWitness.new(place, place.name, [log_key]).key} local:{place}" for place in places]
    settings = settings.model_copy(update={"witnesses": tuple(witnesses)})
    upgrade(settings.database_url)
    services = build_services(settings)
    services.book.open()
    random, at = Random(5), dt.datetime.now(dt.UTC)
    with services.sessions() as session:
        for first in range(1, entries, 1_000):
            rows = [
                {
                    "index": index,
                    "kind": "run",
                    "party_id": None,
                    "at": at,
                    "envelope": random.randbytes(1_200),
                }
                for index in range(first, min(first + 1_000, entries))
            ]
            session.execute(insert(LogEntry), rows)
        session.commit()
    assert services.book.publish().checkpoint.size == entries
    services.close()
    return settings


async def _measure(port: int, entries: int, count: int, rounds: int) -> list[Figure]:
    random = Random(6)
    tiles = [f"tile/0/{random.randrange(entries // 256):03}" for _ in range(count)]
    bundles = [f"tile/entries/{random.randrange(entries // 256):03}" for _ in range(count // 3)]
    kinds: dict[str, tuple[list[str], str]] = {
        "static file, 8 kB": ([f"{_STATIC}/{name}" for name in tiles], ""),
        "hash tile": ([f"/log/{name}" for name in tiles], "static file, 8 kB"),
        "static file, 300 kB": ([f"{_STATIC}/{name}" for name in bundles], ""),
        "entry bundle": ([f"/log/{name}" for name in bundles], "static file, 300 kB"),
        "static file, checkpoint": ([f"{_STATIC}/checkpoint"] * count, ""),
        "proof": (
            [f"/log/proof/{random.randrange(entries)}" for _ in range(count)],
            "static file, checkpoint",
        ),
    }
    rates: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(rounds + 1):
        for kind, (paths, _) in kinds.items():
            rate = await _rate(port, paths)
            if number:  # the first round only warms up
                rates[kind].append(rate)
    return [
        {
            "name": f"log over HTTP, {kind}",
            "value": statistics.median(rates[kind]),
            "unit": "answers/s",
            "baseline": baseline,
            "ratio": statistics.median(a / b for a, b in zip(rates[kind], rates[baseline], strict=True))
            if baseline
            else None,
        }
        for kind, (_, baseline) in kinds.items()
    ]


async def _rate(port: int, paths: Sequence[str]) -> float:
    """Answers a second, `AT_ONCE` connections kept open."""
    waiting = iter(paths)

    async def worker() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        for path in waiting:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: tem.example.vn\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            assert head.startswith(b"http/1.1 200"), (path, head)
            await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n")[0]))
        writer.close()
        await writer.wait_closed()

    begun = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return len(paths) / (time.perf_counter() - begun)


@contextmanager
def _server(settings: Settings) -> Iterator[int]:
    """The service in a process of its own; its port."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(settings.model_dump(), port), daemon=True
    )
    process.start()
    try:
        for _ in range(600):
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.join(20)


def _serve(settings: dict[str, Any], port: int) -> None:
    import uvicorn
    from starlette.staticfiles import StaticFiles

    made = Settings(**settings)
    app = create_app(build_services(made))
    app.mount(_STATIC, StaticFiles(directory=made.public_dir))
    # Without its lifespan: the publisher has nothing to do here and must not be measured.
    uvicorn.run(
        app, host="127.0.0.1", port=port, loop="uvloop", access_log=False, log_level="warning", lifespan="off"
    )
