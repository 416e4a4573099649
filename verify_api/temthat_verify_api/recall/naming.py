"""What a person reads for an identifier of EPCIS events, and what they may type for one."""

import re

from temthat_trace.gs1.errors import Gs1Error
from temthat_trace.gs1.identity import identity, read_key
from temthat_trace.gs1.key import STEM

_DIGITS = re.compile(r"[\d\s]+")


def thing_words(name: str) -> str:
    """`(01) 08938505974194 (10) L01` for a GS1 identifier, anything else as it is.

    >>> thing_words("https://id.gs1.org/01/08938505974194/10/L01")
    '(01) 08938505974194 (10) L01'
    """
    try:
        key = read_key(name, lenient=True)
    except Gs1Error:
        return name
    return " ".join(f"({ai}) {value}" for ai, value in key.elements)


def read_thing(text: str) -> str:
    """The identity of a typed identifier: a URN, a Digital Link, or the 18 digits of a logistic unit (SSCC)."""
    text = text.strip()
    digits = "".join(text.split())
    if _DIGITS.fullmatch(text) and len(digits) == 18:
        return f"{STEM}/00/{digits}"
    return identity(text)
