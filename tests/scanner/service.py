"""The real service behind a line that a test can cut: before a request arrives, or before its answer gets back."""

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from temthat_stamps.copies.records import StampEvent, StampState
from temthat_verify_api.accounts import KeyRole
from temthat_verify_api.app import create_app

from ..hostile.asking import Client, asking
from ..verify_api.conftest import World, build_world


@dataclass
class Service:
    """A running service. `line`: `up`, `cut` (nothing gets through) or `deaf` (answers get lost)."""

    world: World = field(repr=False)
    codes: list[str] = field(repr=False)
    key: str
    url: str = ""
    line: str = "up"
    requests: list[str] = field(default_factory=list)
    """Paths that reached the service."""

    def events(self) -> list[tuple[int, str]]:
        """What the service has: serial and kind of each event, in order."""
        with self.world.services.sessions() as session:
            query = session.query(StampEvent.serial, StampEvent.event).order_by(
                StampEvent.serial, StampEvent.id
            )
            return [(serial, event.value) for serial, event in query]

    def sold(self) -> list[int]:
        """Serials that are sold now."""
        with self.world.services.sessions() as session:
            query = session.query(StampState.serial).filter(StampState.sold_at.is_not(None))
            return [serial for (serial,) in query.order_by(StampState.serial)]


@contextmanager
def served(sqlite_url: str, folder: Path, count: int = 30) -> Iterator[Service]:
    """A service with one run of stamps and the key of a till."""
    world = build_world(sqlite_url, folder)
    now = dt.datetime.now(dt.UTC)
    world.clock[0] = now - dt.timedelta(hours=3)
    run = world.run(count, expires_on=None)
    codes = [world.code(run, serial) for serial in range(1, count + 1)]
    key = world.api_key(KeyRole.TILL)
    world.clock[0] = now
    service = Service(world, codes, key)
    with asking(create_app(world.services)) as client:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(service, client))
        service.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield service
        server.shutdown()
        server.server_close()
        thread.join()
    world.services.close()


def _handler(service: Service, client: Client) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if service.line == "cut":
                self.close_connection = True
                return
            service.world.clock[0] = dt.datetime.now(dt.UTC)
            reply = client.ask("POST", self.path, body, dict(self.headers))
            service.requests.append(self.path)
            if service.line == "deaf":
                self.close_connection = True
                return
            self.send_response(reply.status)
            self.send_header("content-type", reply.headers["content-type"])
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    return Handler
