"""The online verdict: what judging, and recording durably, add to a route that only decodes and verifies.

Every measurement puts three routes of one server against each other in turns, with codes that are all different:

    bare       decode the code, verify its signature, answer (mounted here only, as GET and as POST)
    judged     GET /T/{code} as JSON: history, run, notices, verdict; nothing recorded; against bare GET
    recorded   POST /api/v1/verify: the same, and the check is on disk before the answer goes; against bare POST

"Without scores" are the same two without the copy judge: no state is read or written. "Again" are stamps that were
checked on the days before, each time somewhere else.

Once by calling the application in this process, once over real connections to uvicorn in another; on SQLite and on
PostgreSQL. Goals (docs/performance.md): judged 0.75 x bare; recorded 0.5 x on SQLite and 0.3 x on PostgreSQL; with
scores at most 1.15 x the cost of without.
"""

import asyncio
import datetime as dt
import json
import multiprocessing
import socket
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI, Request, Response
from sqlalchemy.orm import Session

from bench.measuring import Figure
from bench.postgresql import postgresql
from temthat_stamps import signing
from temthat_stamps.code import decode, encode
from temthat_stamps.copies.judge import NoJudge
from temthat_stamps.copies.stored import Scoring
from temthat_stamps.custody.wrapping import unwrap_stamp_key
from temthat_stamps.runs.custody import ISSUER_KEY_LIFE, request_issuer_key, wrapped_stamp_key
from temthat_stamps.runs.records import Run
from temthat_stamps.runs.register import register_run
from temthat_stamps.runs.registry import Registry
from temthat_stamps.sealing import Sealer
from temthat_trace.batches import Batch
from temthat_trace.parties import Party, PartyKind
from temthat_trace.products import PackForm, Product
from temthat_verify_api.api.models import VerifyQuestion
from temthat_verify_api.api.routing import add_raw
from temthat_verify_api.api.verify import verify
from temthat_verify_api.app import create_app
from temthat_verify_api.bodies import parse_json, read_body
from temthat_verify_api.commands.serve import settled_memory
from temthat_verify_api.connections import BoundedProtocol
from temthat_verify_api.facts import Judging
from temthat_verify_api.migrate import upgrade
from temthat_verify_api.pages.consumer import stamp
from temthat_verify_api.runfacts import RunFacts
from temthat_verify_api.settings import Settings, load_master_key
from temthat_verify_api.wiring import EMBEDDED_SIGNER, Services, build_services, utc_now

HOST = "tem.example.vn"
AT_ONCE = 64
ROUNDS = 5
BARE_GET, JUDGED, PLAIN_GET = "bare GET", "judged", "judged without scores"
BARE_POST, RECORDED, PLAIN_POST = "bare POST", "recorded", "recorded without scores"
NAMES = (BARE_GET, JUDGED, PLAIN_GET, BARE_POST, RECORDED, PLAIN_POST)
_PATHS = {
    BARE_GET: "/bench/bare/{code}",
    JUDGED: "/T/{code}",
    PLAIN_GET: "/bench/plain/{code}",
    BARE_POST: "/bench/bare",
    RECORDED: "/api/v1/verify",
    PLAIN_POST: "/bench/plain",
}
_PLACES = ("01", "79", "48", "92", "66", "31", "38")

Ask = Callable[[bytes, str, bytes], Awaitable[None]]
"""Method, path, body; raises unless the answer is 200."""


def figures(small: bool) -> list[Figure]:
    """All figures; `small` only sees that everything runs."""
    count = 200 if small else 2_000
    rounds = 1 if small else ROUNDS
    found: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        found += _measure(f"sqlite:///{folder}/temthat.db", Path(folder), "SQLite", count, rounds)
    with postgresql() as url, tempfile.TemporaryDirectory() as folder:
        if url:
            found += _measure(url, Path(folder), "PostgreSQL", count, rounds)
    return found


def _measure(url: str, folder: Path, name: str, count: int, rounds: int) -> list[Figure]:
    settings = Settings(mode="demo", database_url=url, data_dir=folder, host=HOST, secure_cookies=False)
    load_master_key(settings, create=True)
    upgrade(url)
    supply = Supply(settings, (count * rounds + AT_ONCE) * len(NAMES) * 2 + count * rounds * 4)
    found = asyncio.run(_in_process(settings, supply, name, count, rounds))
    with _server(settings, supply.public_key) as (port, clock):
        found += asyncio.run(_over_http(port, supply, name, count, rounds, clock))
    return found


class Supply:
    """Signed codes of one run, each used once."""

    def __init__(self, settings: Settings, count: int) -> None:
        services = build_services(settings)
        with services.sessions() as session:
            run = _register(session, services.registry, count)
            session.commit()
            # The keys' keeper gives stamps under a witnessed proof only; here it is the verdict that is measured.
            signer = Sealer(services.sealer.derive(EMBEDDED_SIGNER))
            key = unwrap_stamp_key(signer, str(run.party_id), wrapped_stamp_key(run.stamp_key)).key
            self.public_key = run.stamp_key.public_key
            self._codes = [
                encode(h, s) for _, h, s in signing.sign_serials(key, run.run, range(1, count + 1))
            ]
        services.close()

    def take(self, count: int) -> list[str]:
        """The next codes."""
        taken, self._codes = self._codes[:count], self._codes[count:]
        assert len(taken) == count, "the supply is too small"
        return taken


def _register(session: Session, registry: Registry, count: int) -> Run:
    now = registry.now()
    party = Party(
        code="HTX", kind=PartyKind.COOPERATIVE, name="HTX mẫu", province="01", hotline="0900 000 000"
    )
    session.add(party)
    session.flush()
    issuer_key = request_issuer_key(session, registry, party)
    issuer_key.delegated_from, issuer_key.valid_until = 0, now + ISSUER_KEY_LIFE
    product = Product(party_id=party.id, code="CHE", name="Chè", base_unit="KGM")
    session.add(product)
    session.flush()
    form = PackForm(product_id=product.id, code="G", name="Gói", net_content=Decimal("0.1"), net_unit="KGM")
    batch = Batch(
        party_id=party.id,
        product_id=product.id,
        lot="L1",
        quantity=Decimal(count),
        unit="KGM",
        made_on=now.date(),
        expires_on=now.date() + dt.timedelta(days=300),
    )
    session.add_all([form, batch])
    session.flush()
    return register_run(session, registry, batch, form, count)


class _Plain(Judging):
    """Judges as if there were no copy scores: nobody is suspected, and no event is scored."""

    def __init__(self, services: Services) -> None:
        super().__init__(services, NoJudge())

    def _load_run(self, number: int, today: dt.date) -> RunFacts | None:
        facts = super()._load_run(number, today)
        return replace(facts, scoring=cast(Scoring, None)) if facts else None


def _application(settings: Settings, public_key: bytes, now: Callable[[], dt.datetime] = utc_now) -> FastAPI:
    """The service with the bare routes added, and those without scores."""
    services = build_services(settings, now)
    app = create_app(services)
    plain = FastAPI()
    plain.state.parts = replace(app.state.parts, judging=_Plain(services))

    def bare(text: str) -> Response:
        header = decode(f"https://{HOST}/T/{text}").header
        signing.verify(decode(text), [public_key])
        return Response(
            b'{"run":%d,"serial":%d}' % (header.run, header.serial), media_type="application/json"
        )

    async def bare_get(request: Request) -> Response:
        return bare(request.path_params["code"])

    async def bare_post(request: Request) -> Response:
        return bare(parse_json(VerifyQuestion, await read_body(request, 1_000_000)).code)

    async def plain_get(request: Request) -> Response:
        request.scope["app"] = plain
        return await stamp(request)

    async def plain_post(request: Request) -> Response:
        request.scope["app"] = plain
        return await verify(request)

    add_raw(app, "GET", "/bench/bare/{code}", bare_get)
    add_raw(app, "POST", "/bench/bare", bare_post)
    add_raw(app, "GET", "/bench/plain/{code}", plain_get)
    add_raw(app, "POST", "/bench/plain", plain_post)
    # As near the front as the verdict's own routes, for routes are looked up one after the other.
    app.router.routes[2:2] = [app.router.routes.pop() for _ in range(4)][::-1]
    return app


async def _in_process(settings: Settings, supply: Supply, name: str, count: int, rounds: int) -> list[Figure]:
    clock = _clock()
    app = _application(settings, supply.public_key, partial(_now, clock))
    async with app.router.lifespan_context(app):
        ask = _asgi_client(app)
        with settled_memory():
            found = await _turns(ask, supply, f"online, {name}, in process", count, rounds)
            return found + await _again(ask, supply, f"online, {name}, in process", count, rounds, clock)


async def _again(ask: Ask, supply: Supply, name: str, count: int, rounds: int, clock: Any) -> list[Figure]:
    """The same stamps every three days, by the server's clock: the second check, and the third and fourth."""
    second: dict[str, list[float]] = {RECORDED: [], PLAIN_POST: []}
    further: dict[str, list[float]] = {RECORDED: [], PLAIN_POST: []}
    for _ in range(rounds):
        codes = {route: supply.take(count) for route in second}
        for turn in range(4):
            clock.value += 3
            for route, mine in codes.items():
                begun = time.perf_counter()
                await _drive(ask, route, mine, _PLACES[turn])
                if turn:
                    rates = second if turn == 1 else further
                    rates[route].append(count / (time.perf_counter() - begun))
    return [
        _cost(f"{name}, checked a second time", second, RECORDED, PLAIN_POST),
        _cost(f"{name}, checked a third time and more", further, RECORDED, PLAIN_POST),
    ]


def _cost(name: str, rates: dict[str, list[float]], scored: str, plain: str) -> Figure:
    """What scores add to one request: the ratio is of its cost with them to its cost without."""
    return {
        "name": f"{name}: cost with scores",
        "value": 1e6 / statistics.median(rates[scored]),
        "unit": "us",
        "baseline": f"without: {1e6 / statistics.median(rates[plain]):,.1f} us",
        "ratio": statistics.median(b / a for a, b in zip(rates[scored], rates[plain], strict=True)),
    }


def _asgi_client(app: FastAPI) -> Ask:
    headers = [
        (b"host", HOST.encode()),
        (b"accept", b"application/json"),
        (b"content-type", b"application/json"),
    ]

    async def ask(method: bytes, path: str, body: bytes) -> None:
        statuses: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method.decode(),
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "scheme": "https",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        await app(scope, receive, send)
        assert statuses == [200], f"{path}: {statuses}"

    return ask


async def _over_http(
    port: int, supply: Supply, name: str, count: int, rounds: int, clock: Any
) -> list[Figure]:
    client = _HttpClient(port)
    await client.open(AT_ONCE)
    try:
        found = await _turns(client.ask, supply, f"online, {name}, uvicorn", count, rounds)
        return found + await _again(client.ask, supply, f"online, {name}, uvicorn", count, rounds, clock)
    finally:
        client.close()


async def _turns(ask: Ask, supply: Supply, name: str, count: int, rounds: int) -> list[Figure]:
    """Requests per second of each route, the median of rounds in which they take turns."""
    rates: dict[str, list[float]] = {route: [] for route in NAMES}
    for route in NAMES:
        await _drive(ask, route, supply.take(AT_ONCE))
    for _ in range(rounds):
        for route in NAMES:
            codes = supply.take(count)
            begun = time.perf_counter()
            await _drive(ask, route, codes)
            rates[route].append(count / (time.perf_counter() - begun))
    found = []
    for route, baseline in ((BARE_GET, ""), (JUDGED, BARE_GET), (BARE_POST, ""), (RECORDED, BARE_POST)):
        ratio = (
            statistics.median(a / b for a, b in zip(rates[route], rates[baseline], strict=True))
            if baseline
            else None
        )
        value = statistics.median(rates[route])
        found.append(
            {
                "name": f"{name}, {route}",
                "value": value,
                "unit": "requests/s",
                "baseline": baseline,
                "ratio": ratio,
            }
        )
    found.append(_cost(f"{name}, judged", rates, JUDGED, PLAIN_GET))
    found.append(_cost(f"{name}, recorded", rates, RECORDED, PLAIN_POST))
    return found


async def _drive(ask: Ask, route: str, codes: Sequence[str], place: str = "01") -> None:
    """Ask about every code once, `AT_ONCE` at a time."""
    waiting, path = iter(codes), _PATHS[route]

    async def worker() -> None:
        for code in waiting:
            if "{code}" in path:
                await ask(b"GET", path.format(code=code), b"")
            else:
                await ask(b"POST", path, json.dumps({"code": code, "place": place}).encode())

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))


class _Connection(asyncio.Protocol):
    """One keep-alive connection with one request under way; as little work as the load client can do."""

    def __init__(self) -> None:
        self.transport: Any = None
        self._answer: asyncio.Future[bytes] | None = None
        self._data = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, gap, body = self._data.partition(b"\r\n\r\n")
        if not gap or self._answer is None:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) >= length:
            self._data = b""
            self._answer.set_result(head)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("closed"))

    async def ask(self, request: bytes) -> bytes:
        """The answer's head."""
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._answer


class _HttpClient:
    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[_Connection] = []

    async def open(self, count: int) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(count):
            _, connection = await loop.create_connection(_Connection, "127.0.0.1", self._port)
            self._free.append(connection)

    async def ask(self, method: bytes, path: str, body: bytes) -> None:
        connection = self._free.pop()
        head = f"{path} HTTP/1.1\r\nHost: {HOST}\r\nAccept: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        answer = await connection.ask(method + b" " + head.encode() + body)
        assert answer.startswith(b"HTTP/1.1 200"), answer[:200]
        self._free.append(connection)

    def close(self) -> None:
        for connection in self._free:
            connection.transport.close()


@contextmanager
def _server(settings: Settings, public_key: bytes) -> Iterator[tuple[int, Any]]:
    """The same application under uvicorn in a process of its own; its port and its clock."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(settings.model_dump(), public_key, port, clock := _clock()), daemon=True
    )
    process.start()
    try:
        wait_for(port)
        yield port, clock
    finally:
        process.terminate()
        process.join(20)


def _clock() -> Any:
    """How many days a server's clock is ahead, shared with its process."""
    return multiprocessing.get_context("spawn").Value("d", 0.0)


def _now(clock: Any) -> dt.datetime:
    return utc_now() + dt.timedelta(days=clock.value)


def _serve(settings: dict[str, Any], public_key: bytes, port: int, clock: Any) -> None:
    import uvicorn

    app = _application(Settings(**settings), public_key, partial(_now, clock))
    with settled_memory():
        uvicorn.run(
            app,
            host="127.0.0.1",
            port=port,
            loop="uvloop",
            http=BoundedProtocol,
            access_log=False,
            log_level="warning",
        )


def wait_for(port: int) -> None:
    """Until something listens there."""
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not start")
