"""Counting checks: a page view by a person counts once, when the page loads its own small picture.

The picture's address carries everything to be recorded, sealed by a MAC and good for a few minutes. The event's id is
in it, so that loading it twice records one check. Nothing is recorded for HEAD, prefetch or link previews.

A receipt that was only just given out is recorded if it comes along with the picture. A client that keeps no cookies
would be another phone at each look; like this it is one that is not known.
"""

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import re
import struct
import uuid
from dataclasses import dataclass, replace

from starlette.requests import Request

from temthat_stamps.copies.records import StampEventKind
from temthat_stamps.verdict import Asker, Word
from temthat_trace.ids import uuid7
from temthat_verify_api.facts import Answer
from temthat_verify_api.store import NewEvent

LIFE = dt.timedelta(minutes=10)
"""How long after the page was sent its picture may be loaded and still count."""

_BODY = struct.Struct(">16sI3sB2s16s")
_MAC_SIZE = 16
_WORDS = tuple(Word)
_PREVIEWS = re.compile(
    r"^(?:whatsapp|viber|skypeuripreview)|facebookexternalhit|facebot|embedly"
    r"|(?:twitter|telegram|slack|linkedin|discord|google|bing|apple|pinterest|yandex|coccoc|zalo)(?:bot|crawler)",
    re.IGNORECASE,
)
"""Programs that open a link to show a card of it; not the browsers inside such apps, which people look with. A hint
only: who lies here gains one counted check."""


_FRESH = 0x80
"""Beside the word: the receipt was given out with this page."""


@dataclass(frozen=True, slots=True)
class View:
    """What the address of a counting picture says. `fresh`: whether the phone keeps its receipt is still to be seen."""

    event: NewEvent
    fresh: bool

    def seen_with(self, receipt: bytes | None) -> NewEvent:
        """The event to record when the picture was asked for with this receipt (hashed), or none."""
        if self.fresh and receipt != self.event.receipt:
            return replace(self.event, receipt=None)
        return self.event


class StaleView(Exception):
    """The picture's address is altered, or older than `LIFE`: nothing is recorded."""


class ViewSeal:
    """Writes and reads the addresses of the counting picture. `key` is a secret of this installation."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(self, answer: Answer, receipt: bytes | None, province: str, *, fresh: bool = False) -> str:
        """The last part of the picture's address: 79 URL-safe characters. `fresh`: the receipt goes out with it."""
        assert answer.header is not None, "only stamps of ours are counted"
        body = _BODY.pack(
            uuid7(int(answer.at.timestamp() * 1000)).bytes,
            answer.header.run,
            answer.header.serial.to_bytes(3),
            _WORDS.index(answer.verdict.word) | (_FRESH if fresh else 0),
            province.encode().ljust(2, b"\0"),
            receipt or bytes(16),
        )
        return base64.urlsafe_b64encode(body + self._mac(body)).decode().rstrip("=")

    def open(self, text: str, now: dt.datetime) -> View:
        """What is to be recorded. Raises `StaleView`."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise StaleView("not an address of ours") from error
        body, mac = raw[: _BODY.size], raw[_BODY.size :]
        if len(body) != _BODY.size or not hmac.compare_digest(mac, self._mac(body)):
            raise StaleView("not sealed by us")
        event_id, run, serial, word, province, receipt = _BODY.unpack(body)
        at = dt.datetime.fromtimestamp(int.from_bytes(event_id[:6]) / 1000, dt.UTC)
        if not dt.timedelta(0) <= now - at + dt.timedelta(seconds=1) <= LIFE:
            raise StaleView("too old")
        place = province.rstrip(b"\0").decode() or None
        event = NewEvent(
            run=run,
            serial=int.from_bytes(serial),
            id=uuid.UUID(bytes=event_id),
            at=at,
            event=StampEventKind.CHECK,
            kind=Asker.CONSUMER,
            verdict=_WORDS[word & ~_FRESH].value,
            place=place,
            province=place,
            receipt=receipt if any(receipt) else None,
        )
        return View(event, bool(word & _FRESH))

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, hashlib.sha256)[:_MAC_SIZE]


def check_of(answer: Answer, kind: Asker, place: str | None, province: str | None) -> NewEvent:
    """The event of a check by POST."""
    assert answer.header is not None, "only stamps of ours are counted"
    assert answer.run is not None, "only stamps of ours are counted"
    return NewEvent(
        run=answer.header.run,
        serial=answer.header.serial,
        id=uuid7(int(answer.at.timestamp() * 1000)),
        at=answer.at,
        event=StampEventKind.CHECK,
        kind=kind,
        verdict=answer.verdict.word.value,
        place=place,
        province=province,
        scoring=answer.run.scoring,
        has_score=answer.history is not None and answer.history.copying is not None,
    )


def is_a_view(request: Request) -> bool:
    """Whether a person looks: a GET that is no prefetch and no link preview."""
    if request.method != "GET":
        return False
    headers = request.headers
    purpose = " ".join(headers.get(name, "") for name in ("sec-purpose", "purpose", "x-purpose", "x-moz"))
    if "prefetch" in purpose.lower() or "preview" in purpose.lower():
        return False
    return not _PREVIEWS.search(headers.get("user-agent", ""))
