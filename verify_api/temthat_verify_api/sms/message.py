"""What somebody sent by SMS, taken apart: a printed number, perhaps followed by a PIN. Pure."""

import re
import unicodedata
from dataclasses import dataclass

from temthat_stamps.number import LENGTH
from temthat_verify_api.typed_pin import DIGITS

LONGEST = 400
"""Characters of a message that are looked at."""

_SIGNS = re.compile(r"[^0-9A-Za-z]+")
_LABELS = frozenset({"TEM", "PIN", "MA", "SO"})
"""Words people put before the number or the PIN; none can be a part of a number in groups of four."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The number as typed, without blanks; `pin` is empty if none was sent."""

    number: str
    pin: str = ""


def read_message(text: str) -> Asked | None:
    """None for what holds no number at all. Neither number nor PIN is checked here."""
    plain = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text[:LONGEST]))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    bare = "".join(word for word in _SIGNS.split(plain) if word.upper() not in _LABELS)
    if len(bare) > LENGTH and bare[LENGTH:].isdigit():
        return Asked(bare[:LENGTH], bare[LENGTH:][: 2 * DIGITS])
    return Asked(bare) if LENGTH - 4 <= len(bare) <= LENGTH + DIGITS else None
