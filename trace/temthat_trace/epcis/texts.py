"""Whether a text is a URI, or an instant with its zone."""

import re
from datetime import datetime
from typing import Any

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`\x00-\x20\x7f]+")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


def is_uri(text: Any) -> bool:
    """An absolute URI, or a compact one with a prefix."""
    return isinstance(text, str) and _URI.fullmatch(text) is not None


def is_time(text: Any) -> bool:
    """An RFC 3339 date-time that exists, with a zone no more than 14 hours off."""
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        return False
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return False
    offset = at.utcoffset()
    return offset is not None and abs(offset.total_seconds()) <= 14 * 3600
