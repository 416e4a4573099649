"""A client without manners: any bytes as path, header and body, straight into the application of this process."""

import html
import json
import os
import re
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, settings

from temthat_stamps.texts import texts
from temthat_verify_api.guesses import Guesses

VERIFY = "/api/v1/verify"
BULK = "/api/v1/verify/bulk"
EVENTS = "/api/v1/events"
HTML = {"accept": "text/html"}
JSON = {"accept": "application/json"}


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body, which is UTF-8."""
        return self.body.decode()

    def json(self) -> Any:
        """The body, which is JSON."""
        return json.loads(self.body)


class Client:
    """Calls the application as uvicorn would, without checking what it is told to send."""

    def __init__(self, portal: BlockingPortal, app: FastAPI) -> None:
        self._portal = portal
        self._app = app

    def ask(
        self,
        method: str,
        target: str | bytes,
        body: bytes | Iterable[bytes] = b"",
        headers: dict[str, Any] | None = None,
        host: str = "tem.example.vn",
    ) -> Reply:
        """One request. `target` is sent as it is; what is no ASCII never gets past uvicorn's own parser."""
        reply: Reply = self._portal.call(self._ask, method, target, body, {"host": host, **(headers or {})})
        return reply

    def forgive(self) -> None:
        """Let the service forget wrong numbers typed before: a test is no shopper, and has to ask on."""
        self._app.state.parts.judging._guesses = Guesses()

    def post(self, target: str, value: Any, **headers: str) -> Reply:
        """POST of JSON."""
        return self.ask(
            "POST", target, json.dumps(value).encode(), {"content-type": "application/json", **headers}
        )

    async def _ask(
        self, method: str, target: str | bytes, body: bytes | Iterable[bytes], headers: dict[str, Any]
    ) -> Reply:
        raw = target if isinstance(target, bytes) else target.encode("ascii")
        path, _, query = raw.partition(b"?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": unquote(path.decode("ascii")),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": [(_raw(name).lower(), _raw(value)) for name, value in headers.items()],
            "client": ("203.0.113.77", 50_000),
            "server": ("tem.example.vn", 443),
            "state": {},
        }
        pieces = iter([body] if isinstance(body, bytes) else body)
        answer: dict[str, Any] = {"body": []}
        ended = False

        async def receive() -> MutableMapping[str, Any]:
            nonlocal ended
            if ended:
                await anyio.sleep_forever()  # the caller stays on the line
            piece = next(pieces, None)
            ended = piece is None
            return {"type": "http.request", "body": piece or b"", "more_body": not ended}

        async def send(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                answer.update(status=message["status"], headers=message["headers"])
            else:
                answer["body"].append(message.get("body", b""))

        try:
            await self._app(scope, receive, send)
        except Exception:  # noqa: BLE001 - Starlette answers 500 and then raises, for the server to log
            assert answer["status"] == 500
        decoded = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer["headers"]
        }
        return Reply(answer["status"], decoded, b"".join(answer["body"]))


def _raw(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")


@contextmanager
def asking(app: FastAPI) -> Iterator[Client]:
    """A client of the application while its lifespan lasts, on an event loop of its own."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(app.router.lifespan_context(app)),
    ):
        yield Client(portal, app)


TITLES: dict[str, str] = {
    words["vi"]["title"]: verdict
    for verdict, entry in texts()["verdicts"].items()
    for words in entry["variants"].values()
}
"""The title of a page in Vietnamese, and the verdict it stands for; "mistyped" among them."""


def verdict_of_page(reply: Reply) -> str:
    """The word a shopper is told."""
    found = re.search(r"<title>(.*?)(?: · TemThật)?</title>", reply.text)
    assert found, reply.text[:500]
    return TITLES[html.unescape(found[1])]


def verdict_of_json(reply: Reply) -> str:
    """The word a program is told; "mistyped" is no verdict."""
    answer = reply.json()
    assert reply.status == (200 if "verdict" in answer else 422), answer
    return str(answer.get("verdict") or answer["error"])


def check_sound(reply: Reply) -> None:
    """What holds for every answer to whatever was sent: no fault, no story of one, no script, nothing kept."""
    assert reply.status < 500, (reply.status, reply.body[:500])
    assert b"Traceback" not in reply.body
    # One block of data (JSON-LD) is no script; nothing that was sent can begin another element of that name.
    assert b"<script" not in reply.body.lower().replace(b'<script type="application/ld+json">', b"", 1)
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in reply.headers["content-security-policy"]


def examples(count: int) -> settings:
    """So many examples, always the same ones; with HYPOTHESIS_PROFILE=fuzz thirty times as many, and new each time."""
    fuzz = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"
    return settings(
        max_examples=count * 30 if fuzz else count,
        derandomize=not fuzz,
        phases=[Phase.explicit, Phase.generate],
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
