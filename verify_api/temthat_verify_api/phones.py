"""Vietnamese telephone numbers, as people write them and as one account name (E.164)."""

import re

_MARKS = re.compile(r"[\s.\-()\u00a0\u200b\u202a-\u202e]+")
_MOBILE = re.compile(r"[35789]\d{8}")
_LANDLINE = re.compile(r"2\d{8,9}")


class BadPhone(ValueError):
    """This is not a telephone number of Vietnam."""


def normalise_phone(text: str) -> str:
    """The number as +84 and nine or ten digits: ``0912 345 678``, ``+84 912-345-678`` and ``84912345678`` are one.

    Mobile numbers have nine digits after the prefix (since the change of 2018), landlines begin with 2.
    Raises `BadPhone`.
    """
    digits = _MARKS.sub("", text.strip())
    if not digits.isascii():
        raise BadPhone(text)
    for prefix in ("+84", "0084", "84", "0"):
        if digits.startswith(prefix):
            rest = digits.removeprefix(prefix).removeprefix("0")
            if _MOBILE.fullmatch(rest) or _LANDLINE.fullmatch(rest):
                return f"+84{rest}"
    raise BadPhone(text)


def show_phone(phone: str) -> str:
    """A normalised number the way it is read aloud in Vietnam: ``0912 345 678``."""
    national = "0" + phone.removeprefix("+84")
    return f"{national[:4]} {national[4:7]} {national[7:]}" if len(national) >= 10 else national
