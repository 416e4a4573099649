"""A public folder on a real web server of this machine, with the faults that real ones have."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self


class Site:
    """Serves `folder` below /log. `ranges` False: answers whole files only, as simple servers do.

    `fault` gets a path (`/bundle/notices`) and the bytes to answer with, and gives others, or None to hang up;
    `requests` are the paths asked for, `sent` counts the bytes of bodies.
    """

    def __init__(self, folder: Path, *, ranges: bool = True) -> None:
        self.folder = folder
        self.ranges = ranges
        self.fault: Callable[[str, bytes], bytes | None] = lambda _, data: data
        self.requests: list[str] = []
        self.sent = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.removeprefix("/log")
                site.requests.append(path)
                file = site.folder / path.lstrip("/")
                if not self.path.startswith("/log/") or not file.is_file():
                    self.send_error(404)
                    return
                data = site.fault(path, file.read_bytes())
                if data is None:
                    self.close_connection = True
                    return
                self._answer(data, self.headers.get("Range") if site.ranges else None)

            def _answer(self, data: bytes, wanted: str | None) -> None:
                if wanted is not None:
                    first, _, last = wanted.removeprefix("bytes=").partition("-")
                    data = data[int(first) : int(last) + 1]
                    if not data:
                        self.send_error(416)
                        return
                self.send_response(206 if wanted is not None else 200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
                site.sent += len(data)

            def log_message(self, *_: object) -> None:
                pass

        return Handler
