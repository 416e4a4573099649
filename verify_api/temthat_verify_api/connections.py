"""What one connection may cost outside the application: bytes of head, and time for head and body.

uvicorn's fast parser sets no bound to either; the application sees a request only when its head is whole, and waits
for a body as long as it takes. A silent line between two requests is uvicorn's own business (`timeout_keep_alive`).
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT = 32 * 1024
"""Most bytes of request line and headers together; browsers send about one kilobyte."""

PATIENCE = 20.0
"""Seconds in which a head must be whole, and a body either whole or `PACE` further."""

PACE = 20_000
"""Bytes: a kilobyte a second, less than a bad line in the mountains carries."""

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with these bounds. Given to uvicorn as `http`."""

    _in_head = True
    _ended = False
    """Whether the bytes that came last held the end of a request."""

    _begun = False
    """Whether a request has begun and not ended."""

    _bytes = 0
    """Of the head at hand, or of the body since somebody looked."""

    _watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start the clock."""
        super().connection_made(transport)
        self._watch = self.loop.call_later(PATIENCE, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop it."""
        self._stop_watching()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count, and watch the clock while a request is coming in; most come in one piece."""
        self._bytes += len(data)
        self._ended = False
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head and self._bytes > HEAD_LIMIT:
            self.transport.write(_TOO_LARGE)
            self.transport.close()
        elif self._ended and not self._begun:
            self._stop_watching()
        elif self._watch is None:
            self._watch = self.loop.call_later(PATIENCE, self._look)

    def on_message_begin(self) -> None:
        """A new request."""
        super().on_message_begin()
        self._begun = True

    def on_headers_complete(self) -> None:
        """Its head is whole: the body has its own time."""
        self._stop_watching()
        self._in_head = False
        self._bytes = 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Whatever comes next begins another head."""
        super().on_message_complete()
        self._in_head, self._begun, self._ended = True, False, True
        self._bytes = 0

    def _look(self) -> None:
        """Time is up for a head; a body goes on if it keeps the pace and somebody still waits for it."""
        self._watch = None
        answered = self.cycle is None or self.cycle.response_complete
        if self._in_head or answered or (self._bytes < PACE and not self.flow.read_paused):
            self.transport.close()
            return
        self._bytes = 0
        self._watch = self.loop.call_later(PATIENCE, self._look)

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
