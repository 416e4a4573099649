"""Whatever stands in an address, the resolver answers within its own vocabulary and never sends anybody away."""

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from temthat_verify_api.app import create_app

from .records import add_batch

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

GTIN = b"08938505974194"
PIECES = st.sampled_from(
    [b"/", b"//", b"%2F", b"%2f", b"%00", b"%0d%0aX:1", b"\r\n", b"\\", b"..", b"%2e%2e", b"@evil.example", b"01",
     b"10", b"21", b"22", b"235", GTIN, b"L01", b"%", b"%F", b"%FF", b"%E1%BB%91", b"\xff", b"#", b";", b"HTX-MAU",
     b"CHE", b"<script>", b"'", b'"', b"A" * 5000]
)  # fmt: skip
OUR_OWN = (b"/p/HTX-MAU/CHE", b"/o/HTX-MAU", b"/api/v1/products/HTX-MAU/CHE", b"/T/")
PATHS = st.tuples(
    st.sampled_from(
        [b"/01/", b"/01/" + GTIN + b"/10/", b"/x/", b"/x/HTX-MAU/", b"/p/HTX-MAU/CHE/", b"/api/v1/products/"]
    ),
    st.lists(PIECES | st.binary(max_size=6), max_size=6).map(b"".join),
).map(b"".join)
QUERIES = st.lists(
    st.sampled_from(
        [b"&", b"=", b"linkType=", b"linkset", b"gs1:pip", b"lang=en", b"lang=//evil.example", b"t=", b"17=", b"#",
         b"%0d%0a", b"\r\n", b"http://evil.example", b"\xff", b"context=x", b"a" * 3000]
    ) | st.binary(max_size=6),
    max_size=5,
).map(b"".join)  # fmt: skip
HEADERS = st.sampled_from(
    [b"text/html", b"*/*", b"application/json", b"application/linkset+json", b"\xff;q=x", b""]
)


async def call(
    app: Any, path: bytes, query: bytes, accept: bytes, method: str
) -> tuple[int, dict[bytes, bytes], bytes]:
    """One request straight into the application, with bytes that no client would send."""
    sent: list[Any] = []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https",
        "path": unquote(path.decode("latin-1")), "raw_path": path, "query_string": query, "root_path": "",
        "headers": [(b"host", b"tem.example.vn"), (b"accept", accept), (b"accept-language", accept)],
        "client": ("203.0.113.77", 1), "server": ("tem.example.vn", 443), "state": {},
    }  # fmt: skip

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    body = b"".join(m.get("body", b"") for m in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), body


def test_no_address_breaks_it_or_leads_away(world: "World") -> None:
    """200, 204, 300, 307, 400, 404 or 405 (422 and 429 from stamps), a clean header, and only our own paths."""
    add_batch(world, "L01")
    app = create_app(world.services)
    loop = asyncio.new_event_loop()

    @settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(PATHS, QUERIES, HEADERS, st.sampled_from(["GET", "HEAD"]))
    def ask(path: bytes, query: bytes, accept: bytes, method: str) -> None:
        status, headers, body = loop.run_until_complete(call(app, path, query, accept, method))
        assert status in (200, 300, 307, 400, 404, 405), (status, path, query)
        for name, value in headers.items():
            assert b"\r" not in value, name
            assert b"\n" not in value, name
        if status == 307:
            where = headers[b"location"]
            assert where.startswith(OUR_OWN), where
        assert b"Traceback" not in body
        # One block of data (JSON-LD) is no script.
        assert b"<script" not in body.replace(b'<script type="application/ld+json">', b"", 1)

    try:
        ask()
    finally:
        loop.close()
