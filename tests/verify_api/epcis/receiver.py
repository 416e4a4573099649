"""A receiver of webhooks on a real socket: it answers as it is told and keeps what came."""

import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "a-secret-of-the-receiver"


@dataclass
class Receiver:
    """`answers`: statuses to give, one after the other, the last one for ever; -1 hangs up, -2 never answers."""

    url: str = ""
    answers: list[int] = field(default_factory=lambda: [200])
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)

    def documents(self) -> list[dict[str, Any]]:
        """What came, as JSON."""
        return [json.loads(body) for _, body in self.came]

    def events(self) -> list[list[dict[str, Any]]]:
        """The events of each delivery."""
        return [d["epcisBody"]["queryResults"]["resultsBody"]["eventList"] for d in self.documents()]

    def check_signatures(self, secret: str = SECRET) -> None:
        """As docs/epcis-queries.md tells a receiver to."""
        for headers, body in self.came:
            parts = dict(part.split("=", 1) for part in headers["gs1-signature"].split(","))
            signed = parts["t"].encode() + b"." + body
            expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
            assert hmac.compare_digest(expected, parts["v1"])


@contextmanager
def receiving(*answers: int, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver that listens on this machine."""
    receiver = Receiver(answers=list(answers) or [200])
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.came.append(({k.lower(): v for k, v in self.headers.items()}, body))
            receiver.arrived.set()
            status = receiver.answers.pop(0) if len(receiver.answers) > 1 else receiver.answers[0]
            if status == -2:
                over.wait()
            if status < 0:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Location", receiver.url + "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()
