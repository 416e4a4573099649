"""The receipt a phone may keep: a random value for one stamp, so that the same phone's second look is no second check.

First-party, sent back only to the page of that one stamp and its counting picture, and a different one for every
stamp, so that two stamps can never be linked through it. The database holds a keyed hash of it. A phone may refuse: by
its "do not track" settings, by the link on the page, or by not keeping cookies.
"""

import base64
import binascii
import hashlib
import hmac
import os

from starlette.requests import Request
from starlette.responses import Response

COOKIE = "receipt"
REFUSE = "nosave"
"""Query parameter by which a person asks that nothing be stored."""

KEPT_SECONDS = 90 * 24 * 3600
_SIZE = 16


class Receipts:
    """Makes and recognises receipts. `key` is a secret of this installation."""

    def __init__(self, key: bytes, *, secure: bool) -> None:
        self._key = key
        self._secure = secure

    def hashed(self, value: bytes, run: int, serial: int) -> bytes:
        """What the database keeps: 16 bytes that tell nothing without the key, and differ for every stamp."""
        message = value + run.to_bytes(4) + serial.to_bytes(3)
        return hmac.digest(self._key, message, hashlib.sha256)[:_SIZE]

    def read(self, request: Request) -> bytes | None:
        """The receipt this phone sent, if it is one. Who refuses it now is still the phone that was counted before."""
        text = request.cookies.get(COOKIE, "")
        if len(text) != 22:
            return None
        try:
            value = base64.urlsafe_b64decode(text + "==")
        except (binascii.Error, ValueError):
            return None
        return value if len(value) == _SIZE else None

    @staticmethod
    def draw() -> bytes:
        """A new receipt's value."""
        return os.urandom(_SIZE)

    def give(self, response: Response, value: bytes, path: str) -> None:
        """Let the phone keep a receipt for the page at `path`."""
        self._set(response, base64.urlsafe_b64encode(value).decode().rstrip("="), KEPT_SECONDS, path)

    def try_out(self, response: Response, value: bytes, path: str, seconds: int) -> None:
        """Send a new receipt once more, for this view's picture: it comes back from a phone that keeps receipts."""
        self._set(response, base64.urlsafe_b64encode(value).decode().rstrip("="), seconds, path)

    def take_back(self, response: Response, path: str) -> None:
        """Make the phone forget its receipt for that page."""
        self._set(response, "", 0, path)

    def _set(self, response: Response, value: str, seconds: int, path: str) -> None:
        response.set_cookie(
            COOKIE, value, max_age=seconds, path=path, secure=self._secure, httponly=True, samesite="lax"
        )


def refuses(request: Request) -> bool:
    """Whether this request asks not to be remembered: the page's link, Global Privacy Control, Do Not Track."""
    headers = request.headers
    return REFUSE in request.query_params or headers.get("sec-gpc") == "1" or headers.get("dnt") == "1"
