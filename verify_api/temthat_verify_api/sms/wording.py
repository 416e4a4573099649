"""One SMS from sentences: as many as fit, without diacritics in GSM 7-bit or with them in UCS-2. Pure.

One SMS holds 160 septets (3GPP TS 23.038) or 70 UTF-16 units; a longer one is paid twice and may arrive torn.
"""

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

Encoding = Literal["GSM-7", "UCS-2"]
GSM_7: Encoding = "GSM-7"
UCS_2: Encoding = "UCS-2"
MOST: dict[Encoding, int] = {GSM_7: 160, UCS_2: 70}

_PLAIN = {
    "đ": "d",
    "Đ": "D",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "–": "-",
    "—": "-",
    "…": "...",
    "·": "-",
}
_TWO_SEPTETS = frozenset("^{}\\[~]|€")
"""ASCII signs of the extension table; the backquote is in neither table."""


@dataclass(frozen=True, slots=True)
class Sms:
    """One message, and in which alphabet it goes."""

    text: str
    encoding: Encoding


def compose(sentences: Iterable[str], *, accents: bool) -> Sms:
    """The first sentence, and each further one that still fits."""
    encoding: Encoding = UCS_2 if accents else GSM_7
    text = ""
    for sentence in filter(None, sentences):
        longer = f"{text} {sentence}".strip()
        longer = longer if accents else without_accents(longer)
        if length(longer, encoding) <= MOST[encoding]:
            text = longer
        elif not text:
            return Sms(_cut(longer, encoding), encoding)
    return Sms(text, encoding)


def without_accents(text: str) -> str:
    """Vietnamese as people write it where diacritics are not to be had; what is left over is a question mark."""
    spread = unicodedata.normalize("NFD", "".join(_PLAIN.get(c, c) for c in text))
    bare = "".join(c for c in spread if not unicodedata.combining(c))
    return "".join(c if " " <= c <= "~" and c != "`" else "?" for c in bare)


def length(text: str, encoding: Encoding) -> int:
    """Septets, or UTF-16 units."""
    if encoding == UCS_2:
        return len(text.encode("utf-16-be")) // 2
    return sum(2 if c in _TWO_SEPTETS else 1 for c in text)


def _cut(text: str, encoding: Encoding) -> str:
    while length(text, encoding) > MOST[encoding]:
        text = text[:-1]
    return text.rstrip()


@cache
def sentences() -> dict[str, str]:
    """The sentences by name. Beside these, a message uses the titles and sentences of the verdicts themselves."""
    text = resources.files(__package__).joinpath("sentences.json").read_text("utf-8")
    found: dict[str, str] = json.loads(text)
    return found
