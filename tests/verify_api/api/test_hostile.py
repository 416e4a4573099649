"""Whatever is sent: an answer in words, never a fault, never a traceback, never more memory than the limits."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

Send = Callable[..., httpx.Response]
property_settings = settings(max_examples=60)
JSON_PATHS = st.sampled_from(
    ["/api/v1/verify", "/api/v1/verify/bulk", "/api/v1/events", "/api/v1/reports", "/check", "/place"]
)


@pytest.fixture
def send(world: "World") -> Iterator[Send]:
    """One running application; requests from plain functions, as hypothesis needs them."""
    with asyncio.Runner() as runner:
        context = world.client()
        client = runner.run(context.__aenter__())

        def request(method: str, url: str, **more: Any) -> httpx.Response:
            return runner.run(client.request(method, url, **more))

        yield request
        runner.run(context.__aexit__(None, None, None))


def check_is_an_answer(response: httpx.Response) -> None:
    """200, a redirect, or a refusal of the documented shape."""
    assert response.status_code < 500 or response.status_code == 501, response.text
    assert "Traceback" not in response.text
    if response.status_code >= 400 and response.headers["content-type"] == "application/json":
        assert {"error", "message_vi", "message_en"} <= set(response.json())


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda v: st.lists(v) | st.dictionaries(st.text(), v),
)


@property_settings
@given(path=JSON_PATHS, body=st.binary(max_size=300) | json_values.map(lambda v: json.dumps(v).encode()))
@example(path="/api/v1/verify", body=b"[" * 100_000)
@example(path="/api/v1/verify", body=b'{"code":' * 50_000)
@example(path="/api/v1/verify", body=b'{"code": ' + b"9" * 100_000 + b"}")
@example(path="/api/v1/verify", body=b'{"code": "\\ud800"}')
@example(path="/api/v1/verify", body='{"code": "é"}'.encode("utf-16"))
@example(path="/api/v1/verify", body=b'{"code": "\xff\xfe"}')
@example(path="/api/v1/verify", body=b'{"code": "a", "code": "b"}')
@example(path="/api/v1/verify", body=b'{"code": NaN}')
@example(path="/api/v1/events", body=b'{"id": 1e999, "at": 1e999, "code": "", "event": "check"}')
@example(path="/api/v1/verify/bulk", body=b'{"code": "x"}\n' * 200 + b"{" * 15_000)
@example(path="/check", body=b"&" * 5_000)
@example(path="/check", body=b"code=%ff%00%zz")
def test_property_hostile_bodies(send: Send, path: str, body: bytes) -> None:
    """Random, nested, huge, mis-encoded: an answer in words."""
    check_is_an_answer(send("POST", path, content=body, headers={"Content-Type": "application/json"}))


@property_settings
@given(text=st.text(max_size=200), accept=st.sampled_from(["text/html", "application/json", "*/*", "\x7f;q"]))
@example(text="A" * 20_000, accept="text/html")
@example(text="%", accept="text/html")
@example(text="\x00", accept="text/html")
@example(text="../../etc/passwd", accept="text/html")
def test_property_hostile_codes(send: Send, text: str, accept: str) -> None:
    """Any text as a code, in the path, in the body and in the form: the same verdict or the same refusal."""
    headers = {"Accept": accept}
    check_is_an_answer(send("GET", f"/T/{quote(text, safe='', errors='replace')}", headers=headers))
    posted = send("POST", "/api/v1/verify", json={"code": text})
    check_is_an_answer(posted)
    assert posted.status_code == 422 or posted.json()["verdict"] in ("not_ours", "cannot_tell")
    check_is_an_answer(send("POST", "/check", data={"code": text.encode("utf-8", "replace").decode()}))
    check_is_an_answer(
        send(
            "GET", f"/01/{quote(text[:50], safe='')}/10/{quote(text[:20], safe='')}/21/x?t={quote(text[:50])}"
        )
    )


@property_settings
@given(
    names=st.lists(
        st.sampled_from(
            ["accept-language", "cookie", "host", "authorization", "sec-purpose", "user-agent", "accept"]
        ),
        unique=True,
    ),
    value=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=100),
    query=st.text(max_size=60),
)
def test_property_hostile_headers(
    send: Send, world: "World", names: list[str], value: str, query: str
) -> None:
    """Any header and query on a genuine stamp's page."""
    headers = [(name, value.strip().encode("latin-1")) for name in names]
    url = f"/T/{_code(world)}?{quote(query, safe='=&')}"
    check_is_an_answer(send("GET", url, headers=headers))


def _code(world: "World") -> str:
    """One genuine code, made once."""
    if not hasattr(world, "genuine"):
        world.genuine = world.code(world.run())  # type: ignore[attr-defined]
    code: str = world.genuine  # type: ignore[attr-defined]
    return code


def test_a_body_is_refused_while_it_arrives(send: Send, world: "World") -> None:
    """Too long by its own word, or by what comes: 413 before it is read whole."""
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        for _ in range(10_000):
            sent += 100_000
            yield b"x" * 100_000

    limit = world.services.settings.body_limit
    assert send("POST", "/api/v1/verify", content=b"x" * (limit + 1)).status_code == 413
    assert send("POST", "/api/v1/verify", content=endless()).status_code == 413
    assert (
        send("POST", "/api/v1/verify", content=b"", headers={"Content-Length": "9" * 30}).status_code == 413
    )
    assert sent < 10 * limit
