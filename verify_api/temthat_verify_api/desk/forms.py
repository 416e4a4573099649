"""Posted forms: read only as far as allowed, and only from this browser's own pages."""

import re
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.types import Message

from temthat_trace.search import clean
from temthat_verify_api.desk.context import Visitor
from temthat_verify_api.desk.errors import BadForm, FormExpired, TooLarge
from temthat_verify_api.sessions import is_form_token
from temthat_verify_api.wiring import services_of

FIELDS_LIMIT = 64_000
"""Bytes of a form without files."""

_WHOLE = re.compile(r"[0-9]+|[0-9]{1,3}([.,' \u00a0\u202f])[0-9]{3}(\1[0-9]{3})*")
"""Digits, or digits in groups of three: nothing that may mean a fraction is read as a whole number."""
_PATIENCE = 5
"""How many times the limit is still read (and thrown away), so that the browser gets to see why it was refused."""

MAX_FILES = 12

MAX_PHOTOS = 8
PHOTO_FORMS = 3
"""A form of photos may be so many times as large as any other: phones take eight at once, of some megabytes each."""


class Posted:
    """What a form sent."""

    def __init__(self, data: FormData) -> None:
        self._data = data

    def text(self, name: str, limit: int = 400) -> str:
        """A cleaned text field, empty when it was not sent; cut to `limit` characters."""
        value = self._data.get(name, "")
        return clean(value)[:limit] if isinstance(value, str) else ""

    def secret(self, name: str) -> str:
        """A password exactly as typed."""
        value = self._data.get(name, "")
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int | None:
        """A whole number as people type it (1.020 is a thousand and twenty); None if it is none, as 1,5 is."""
        return self.whole(self.text(name, 40))

    def id(self, name: str) -> uuid.UUID | None:
        """The id of a record, None if there is none in the field."""
        try:
            return uuid.UUID(self.text(name, 40))
        except ValueError:
            return None

    @staticmethod
    def whole(text: str) -> int | None:
        """See `number`."""
        if not _WHOLE.fullmatch(text):
            return None
        digits = "".join(c for c in text if c.isdigit())
        return int(digits) if len(digits) <= 9 else None

    def all(self) -> dict[str, str]:
        """Every text field by name, the last one when a name comes twice."""
        return {
            name: clean(value)[:400] for name, value in self._data.multi_items() if isinstance(value, str)
        }

    def texts(self, name: str) -> list[str]:
        """All values of a field that may be sent several times."""
        return [clean(value)[:400] for value in self._data.getlist(name) if isinstance(value, str)]

    def files(self, name: str) -> list[tuple[str, bytes]]:
        """Uploaded files with their names; fields left empty are not there."""
        return list(self.each_file(name))

    def each_file(self, name: str) -> Iterator[tuple[str, bytes]]:
        """The same, each read only when its turn comes: many large ones are never held together."""
        for upload in self._data.getlist(name):
            if isinstance(upload, UploadFile) and upload.filename:
                yield upload.filename, upload.file.read()


async def _fields(request: Request) -> AsyncIterator[Posted]:
    async with _read(request, FIELDS_LIMIT, files=0) as posted:
        yield posted


async def _files(request: Request) -> AsyncIterator[Posted]:
    limit = services_of(request).settings.upload_limit
    async with _read(request, limit + FIELDS_LIMIT, files=MAX_FILES) as posted:
        yield posted


async def _photos(request: Request) -> AsyncIterator[Posted]:
    limit = PHOTO_FORMS * services_of(request).settings.upload_limit
    async with _read(request, limit + FIELDS_LIMIT, files=3 * MAX_PHOTOS) as posted:
        yield posted


Fields = Annotated[Posted, Depends(_fields, scope="function")]
Files = Annotated[Posted, Depends(_files, scope="function")]
Photos = Annotated[Posted, Depends(_photos, scope="function")]


@asynccontextmanager
async def _read(request: Request, limit: int, files: int) -> AsyncIterator[Posted]:
    async with read_form(request, limit, files) as posted:
        if not is_form_token(Visitor(request).form_secret, posted.secret("form")):
            raise FormExpired
        yield posted


@asynccontextmanager
async def read_form(request: Request, limit: int, files: int) -> AsyncIterator[Posted]:
    """A form that people without a session fill in too: no token, but never sent by another site's page.

    Raises `FormExpired`, `TooLarge`, `BadForm`.
    """
    check_same_origin(request)
    counted = Request(request.scope, _Bounded(request, limit).receive)
    async with counted.form(max_files=files, max_fields=100, max_part_size=FIELDS_LIMIT) as data:
        yield Posted(data)


def check_same_origin(request: Request) -> None:
    """Refuse what another site made the browser send, on top of any form token. Raises `FormExpired`.

    Our pages send no referrer, so a browser that does not know Sec-Fetch-Site gives `null` as origin (Fetch, 4.6):
    that says nothing, and the token decides.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin", "null")
    foreign = origin != "null" and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower()
    if site not in (None, "same-origin") or (site is None and foreign):
        raise FormExpired


class _Bounded:
    """The request's body, counted as it arrives. Raises `TooLarge` when more comes than allowed."""

    def __init__(self, request: Request, limit: int) -> None:
        self._request, self._limit, self._seen = request, limit, 0
        announced = request.headers.get("content-length", "0")
        if not announced.isdigit():
            raise BadForm
        self._hopeless = int(announced) > _PATIENCE * limit

    async def receive(self) -> Message:
        """The next piece of the body."""
        if self._hopeless:
            raise TooLarge(limit=self._limit // 1_000_000 or 1)
        message = await self._request.receive()
        self._seen += len(message.get("body", b""))
        if self._seen > self._limit:
            while message.get("more_body") and self._seen <= _PATIENCE * self._limit:
                message = await self._request.receive()
                self._seen += len(message.get("body", b""))
            raise TooLarge(limit=self._limit // 1_000_000 or 1)
        return message
