"""Reading the members of a statement's body: each is there and of its kind, or the statement is refused."""

import base64
import binascii
import datetime as dt
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from temthat_stamps.errors import BadStatement

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
SAFE_INTEGER = 2**53 - 1
"""Largest integer that every JSON reader takes exactly (RFC 8785, section 3.2.2.3)."""


def instant(at: dt.datetime) -> str:
    """An instant as statements write it: UTC, whole seconds, Z."""
    # Not strftime: what it makes of the first thousand years differs from system to system.
    return at.astimezone(dt.UTC).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


class Fields:
    """Typed access to a body's members. Every method raises `BadStatement` naming the member."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._body = body

    def _get(self, name: str, kind: type[T]) -> T:
        value = self._body.get(name)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise BadStatement(f"member “{name}” is missing or of the wrong kind")
        return value

    def absent(self, name: str) -> bool:
        """Whether the member is missing or null."""
        return self._body.get(name) is None

    def text(self, name: str, most: int = 200) -> str:
        """A string of at most `most` characters."""
        value = self._get(name, str)
        if len(value) > most:
            raise BadStatement(f"member “{name}” is longer than {most} characters")
        return value

    def flag(self, name: str) -> bool:
        """True or false."""
        return self._get(name, bool)

    def count(self, name: str, least: int = 0, most: int = SAFE_INTEGER) -> int:
        """An integer from `least` to `most`."""
        value = self._get(name, int)
        if not least <= value <= most:
            raise BadStatement(f"member “{name}” is not from {least} to {most}")
        return value

    def hex(self, name: str, size: int) -> str:
        """`size` bytes in lower-case hex, as text."""
        value = self._get(name, str)
        if len(value) != 2 * size or value.strip("0123456789abcdef"):
            raise BadStatement(f"member “{name}” is not {size} bytes in hex")
        return value

    def raw(self, name: str, size: int) -> bytes:
        """`size` bytes in base64."""
        try:
            value = base64.b64decode(self._get(name, str), validate=True)
        except (ValueError, binascii.Error):
            value = b""
        if len(value) != size:
            raise BadStatement(f"member “{name}” is not {size} bytes in base64")
        return value

    def instant(self, name: str) -> dt.datetime:
        """An instant in the one form `instant` writes."""
        value = self._get(name, str)
        try:
            at = dt.datetime.fromisoformat(value)
        except ValueError:
            at = None
        if at is None or at.isoformat() != f"{value[:-1]}+00:00" or value[-1] != "Z":
            raise BadStatement(f"member “{name}” is not an instant like 2026-05-26T03:00:00Z")
        return at

    def day(self, name: str) -> dt.date:
        """A day in ISO form."""
        value = self._get(name, str)
        try:
            day = dt.date.fromisoformat(value)
        except ValueError:
            day = None
        if day is None or day.isoformat() != value:
            raise BadStatement(f"member “{name}” is not a day like 2026-05-26")
        return day

    def identity(self, name: str) -> str:
        """An opaque id: a UUID in its usual form."""
        return _identity(self._get(name, str), name)

    def identities(self, name: str, most: int) -> tuple[str, ...]:
        """A list of at most `most` opaque ids."""
        values = self._get(name, list)
        if len(values) > most:
            raise BadStatement(f"member “{name}” has more than {most} entries")
        return tuple(_identity(value, name) for value in values)

    def digits(self, name: str, size: int) -> str:
        """`size` decimal digits, as text."""
        value = self._get(name, str)
        if len(value) != size or value.strip("0123456789"):
            raise BadStatement(f"member “{name}” is not {size} digits")
        return value

    def equal(self, name: str, expected: object) -> None:
        """The member says exactly this."""
        value = self._body.get(name)
        if value != expected or type(value) is not type(expected):
            raise BadStatement(f"member “{name}” is not {expected!r}")

    def word(self, name: str, words: type[E]) -> E:
        """One of a vocabulary's words."""
        try:
            return words(self._get(name, str))
        except ValueError:
            raise BadStatement(f"member “{name}” is none of {', '.join(words)}") from None

    def record(self, name: str) -> "Fields":
        """A member that is an object itself."""
        return Fields(self._get(name, dict))

    def mapping(self, name: str) -> dict[str, Any]:
        """A member that is an object, as it is."""
        return self._get(name, dict)


def _identity(value: object, name: str) -> str:
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise BadStatement(f"member “{name}” is not an opaque id")
    return value
