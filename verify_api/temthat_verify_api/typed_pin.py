"""A PIN as somebody typed it. Pure."""

import re
import unicodedata

DIGITS = 6
_PIN = re.compile(rf"[0-9]{{{DIGITS}}}", re.ASCII)
_BETWEEN = str.maketrans("", "", " .-\u00a0\u202f\t")
"""What people write between digits."""


class MistypedPin(Exception):
    """The text is no PIN at all: it does not have six digits. No try was used."""


def read_pin(typed: str) -> str:
    """The six digits; blanks, dots and hyphens between them are nothing. Raises `MistypedPin`."""
    digits = unicodedata.normalize("NFKC", typed[:40]).translate(_BETWEEN)
    if not _PIN.fullmatch(digits):
        raise MistypedPin(f"a PIN has {DIGITS} digits")
    return digits
