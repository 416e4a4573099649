"""Pages of answers: how many, and tokens that say where the next one begins.

A token holds the question and the place, sealed for whoever asked: nothing is kept here for it. It works for an hour.
"""

import base64
import datetime as dt
import hashlib
import hmac
import json
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request, Response

from temthat_trace.epcis.query.errors import PageTokenError, QueryParameterError
from temthat_verify_api.epcis.access import Reader, reader_of
from temthat_verify_api.epcis.headers import BASE, serve
from temthat_verify_api.epcis.refusals import refused
from temthat_verify_api.wiring import Services

PER_PAGE = 30
MOST_PER_PAGE = 500
LIFE = dt.timedelta(hours=1)
CONTROLS = ("perPage", "nextPageToken")
_MAC = 16
_LONGEST = 16_000
_MOST_ENDED = 10_000


@dataclass(frozen=True, slots=True)
class Paging:
    """How many are asked for, and what the token holds; None on the first page."""

    size: int
    held: Any | None


def paging_of(request: Request, reader: Reader, kind: str) -> Paging:
    """What a request says of pages. `kind`: which list the token must be of. Raises QueryParameterError."""
    asked = request.query_params
    count = asked.get("perPage", str(PER_PAGE))
    if not (count.isascii() and count.isdigit() and len(count) < 10 and int(count)):
        raise QueryParameterError("phải là số nguyên từ 1", "must be a whole number of at least 1", "perPage")
    token = asked.get("nextPageToken")
    held = None if token is None else tokens_of(request).read(token, kind, reader)
    return Paging(min(int(count), MOST_PER_PAGE), held)


def next_page(request: Request, reader: Reader, kind: str, path: str, size: int, held: Any) -> dict[str, str]:
    """The headers that lead to the next page of a list at `path`."""
    token, expires = tokens_of(request).make(kind, reader, held)
    return {
        "Link": f'<{BASE}{path}?perPage={size}&nextPageToken={token}>; rel="next"',
        "GS1-Next-Page-Token-Expires": expires.isoformat(timespec="seconds").replace("+00:00", "Z"),
    }


class Tokens:
    """Makes and reads page tokens."""

    def __init__(self, services: Services) -> None:
        self._key = services.sealer.derive("epcis pages v1")
        self._now = services.now
        self._ended: OrderedDict[bytes, None] = OrderedDict()

    def make(self, kind: str, reader: Reader, held: Any) -> tuple[str, dt.datetime]:
        """The text of a token, and when it stops working."""
        expires = self._now() + LIFE
        body = [kind, f"{reader.party_id}/{reader.role}", int(expires.timestamp()), held]
        packed = zlib.compress(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), 6)
        return base64.urlsafe_b64encode(self._mac(packed) + packed).decode().rstrip("="), expires

    def read(self, token: str, kind: str, reader: Reader) -> Any:
        """What a token holds. Raises PageTokenError when it was altered, is old, or is for another list or asker."""
        mac, packed = self._open(token)
        found_kind, asker, expires, held = json.loads(zlib.decompress(packed))
        if found_kind != kind or asker != f"{reader.party_id}/{reader.role}":
            raise _wrong(
                "thuộc về danh sách khác hoặc khóa API khác", "is of another list or another API key"
            )
        if expires < self._now().timestamp() or mac in self._ended:
            raise _wrong("đã hết hạn; hãy hỏi lại từ trang đầu", "has expired; ask again from the first page")
        return held

    def end(self, token: str) -> None:
        """Let a token work no more, in this process. Raises PageTokenError for what is none."""
        mac, _ = self._open(token)
        self._ended[mac] = None
        while len(self._ended) > _MOST_ENDED:
            self._ended.popitem(last=False)

    def _open(self, token: str) -> tuple[bytes, bytes]:
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True)
        except ValueError:
            raw = b""
        mac, packed = raw[:_MAC], raw[_MAC:]
        if not packed or len(token) > _LONGEST or not hmac.compare_digest(mac, self._mac(packed)):
            raise _wrong(
                "không đúng: hãy dùng nguyên địa chỉ trong đầu thư Link",
                "is not right: use the address in the Link header as it is",
            )
        return mac, packed

    def _mac(self, packed: bytes) -> bytes:
        return hmac.new(self._key, packed, hashlib.sha256).digest()[:_MAC]


def _wrong(vi: str, en: str) -> PageTokenError:
    return PageTokenError(vi, en, "nextPageToken")


def tokens_of(request: Request) -> Tokens:
    """The tokens of the application that answers this request."""
    found: Tokens = request.app.state.page_tokens
    return found


def add_to(app: FastAPI) -> None:
    """Mount `DELETE /nextPageToken/{token}`."""
    app.state.page_tokens = Tokens(app.state.services)
    serve(app, "DELETE", "/nextPageToken/{token}", end_token, allow="DELETE")


async def end_token(request: Request) -> Response:
    """The token works no more. It held nothing here that could be released."""
    await reader_of(request)
    with refused():
        tokens_of(request).end(request.path_params["token"])
    return Response(status_code=204)
