"""Tills that are measured, each in a process of its own, and a service that they ask."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.online import HOST, Supply, wait_for
from temthat_scanner.judging import OfflineJudge
from temthat_scanner.pos import PosServer, Till
from temthat_scanner.queue import Queue
from temthat_scanner.scanning import Output, scan_all
from temthat_scanner.selling import Mark, Seller
from temthat_scanner.sending import Sender
from temthat_scanner.sources import typed
from temthat_stamps.bundle.view import TrustView
from temthat_stamps.code import stamp_url
from temthat_stamps.verdict import Asker
from temthat_trace.parties import Party
from temthat_verify_api.accounts import KeyRole, issue_api_key
from temthat_verify_api.migrate import upgrade
from temthat_verify_api.settings import Settings, load_master_key
from temthat_verify_api.wiring import build_services

TOKEN = "a token of the measurement"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class ByHttp:
    """A till that is asked over its local HTTP interface."""

    pid: int
    connection: http.client.HTTPConnection
    token: str

    def ask(self, text: str) -> dict[str, Any]:
        """The verdict; nothing is told."""
        return self._post("/v1/ask", {"code": text})

    def sell(self, text: str) -> dict[str, Any]:
        """The verdict, with the sale told or kept."""
        return self._post("/v1/mark", {"code": text, "mark": "sold"})

    def state(self) -> dict[str, Any]:
        """What waits, and the like."""
        return self._send("GET", "/v1/state", None)

    def _post(self, path: str, question: dict[str, str]) -> dict[str, Any]:
        return self._send("POST", path, json.dumps(question).encode())

    def _send(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        self.connection.request(method, path, body, {"Authorization": f"Bearer {self.token}"})
        answer: dict[str, Any] = json.loads(self.connection.getresponse().read())
        return answer


@dataclass
class ByLines:
    """A till that reads codes from its standard input and sells each: a line in, a line out."""

    pid: int
    codes: Any
    answers: Any

    def sell(self, text: str) -> dict[str, Any]:
        """The verdict, with the sale told or kept."""
        self.codes.write(text + "\n")
        self.codes.flush()
        answer: dict[str, Any] = json.loads(self.answers.readline())
        return answer


@dataclass(frozen=True)
class Service:
    """A running service and signed codes of one of its runs."""

    url: str
    key: str
    codes: list[str]


@contextmanager
def service(folder: Path, count: int) -> Iterator[Service]:
    """`temthat serve` on SQLite, with the key of a till and as many stamps."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = Settings(
        mode="demo",
        database_url=f"sqlite:///{folder}/temthat.db",
        data_dir=folder,
        host=HOST,
        secure_cookies=False,
    )
    load_master_key(settings, create=True)
    upgrade(settings.database_url)
    codes = Supply(settings, count).take(count)
    services = build_services(settings)
    with services.sessions() as session:
        key = issue_api_key(session, session.query(Party).one(), KeyRole.TILL, "till")
        session.commit()
    services.close()
    names = ("mode", "database_url", "data_dir", "host", "secure_cookies")
    environment = {f"TEMTHAT_{name.upper()}": str(getattr(settings, name)) for name in names}
    command = [sys.executable, "-m", "temthat", "serve", "--port", str(port)]
    with subprocess.Popen(command, env={**os.environ, **environment}) as process:
        try:
            wait_for(port)
            yield Service(f"http://127.0.0.1:{port}", key, [stamp_url(HOST, code) for code in codes])
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


@contextmanager
def online_by_http(asked: Service, queue: Path) -> Iterator[ByHttp]:
    """`temthat scan --listen`, which asks the service."""
    command = [*_command(asked, queue), "--listen", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        said = ""
        while not (found := re.search(r"http://127\.0\.0\.1:(\d+)", said)):
            said += process.stderr.readline()
        threading.Thread(target=process.stderr.read, daemon=True).start()
        token = queue.with_name("pos.token").read_text("ascii").strip()
        with closing(http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=60)) as connection:
            try:
                yield ByHttp(process.pid, connection, token)
            finally:
                process.kill()


@contextmanager
def online_by_lines(asked: Service, queue: Path) -> Iterator[ByLines]:
    """`temthat scan --json --mark sold`, which asks the service."""
    command = [*_command(asked, queue), "--json", "--mark", "sold"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield ByLines(process.pid, process.stdin, process.stdout)
        finally:
            process.kill()


def _command(asked: Service, queue: Path) -> list[str]:
    options = ("--server", asked.url, "--api-key", asked.key, "--kind", "till", "--place", "01")
    return [sys.executable, "-m", "temthat", "scan", *options, "--queue", str(queue)]


@contextmanager
def offline_by_http(trust: TrustView, queue: Path) -> Iterator[ByHttp]:
    """The same two with trust data alone, which is made in memory: forked, since it lies on no disk."""
    ours, theirs = get_context("fork").Pipe()
    with _forked(_listen, trust, queue, theirs) as pid, closing(_connect(ours.recv())) as connection:
        yield ByHttp(pid, connection, TOKEN)


@contextmanager
def offline_by_lines(trust: TrustView, queue: Path) -> Iterator[ByLines]:
    """See `offline_by_http`."""
    (codes_in, codes_out), (answers_in, answers_out) = os.pipe(), os.pipe()
    with (
        os.fdopen(codes_out, "w") as codes,
        os.fdopen(answers_in) as answers,
        _forked(_read_lines, trust, queue, codes_in, answers_out) as pid,
    ):
        yield ByLines(pid, codes, answers)


def _connect(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=60)


@contextmanager
def _forked(target: Any, *arguments: Any) -> Iterator[int]:
    process = get_context("fork").Process(target=target, args=arguments)
    process.start()
    try:
        yield process.pid or 0
    finally:
        process.kill()
        process.join()


def _seller(trust: TrustView, queue: Path) -> Seller:
    sender = Sender(Queue(queue), None, "vi", lambda done: None)
    return Seller(Mark.SOLD, sender, OfflineJudge(trust, Asker.TILL, "vi"), "vi")


def _listen(trust: TrustView, queue: Path, ready: Connection) -> None:
    seller = _seller(trust, queue)
    till = Till(seller.offline, seller)
    server = PosServer("127.0.0.1", 0, TOKEN, till)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ready.send(server.server_port)
    till.run()


def _read_lines(trust: TrustView, queue: Path, codes: int, answers: int) -> None:
    sys.stdin, sys.stdout = TextIOWrapper(os.fdopen(codes, "rb")), os.fdopen(answers, "w")
    console = Console()
    scan_all(typed(), _seller(trust, queue), Output(True, False, console, console, "vi"))


def keep_sales(queue: Path, codes: list[str]) -> None:
    """What a till sold while its line was down."""
    with closing(Queue(queue)) as kept:
        seller = Seller(
            Mark.SOLD, Sender(kept, None, "vi", lambda done: None), OfflineJudge(None, Asker.TILL, "vi"), "vi"
        )
        for code in codes:
            seller.tell(code, Mark.SOLD)


def resident(pid: int) -> float:
    """Megabytes of a process's own memory, as Linux counts them."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    [kilobytes] = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
    return int(kilobytes) / 1000


def cpu_seconds(pid: int) -> float:
    """What a process has worked, itself and the system for it."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
