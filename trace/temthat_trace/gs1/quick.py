"""A short cut for the identifiers nearly all events are made of: serials, lots, logistic units, assets, places, papers.

It answers only where nothing needs decoding, and then exactly as the long way does (a test holds the two together);
for everything else it answers None. An event repository spends much of its time here.
"""

import re
from functools import lru_cache

from temthat_trace.gs1.key import STEM

_URN = re.compile(
    r"urn:epc:(?:id|class):(?:(?P<item>sgtin|lgtin):(\d{6,12})\.(\d)(\d{0,6})\.([A-Za-z0-9._-]{1,20})"
    r"|sscc:(\d{6,12})\.(\d)(\d{4,10})"
    r"|(?P<place>sgln|pgln):(\d{6,12})\.(\d{0,6})(?:\.([A-Za-z0-9._-]{1,20}))?"
    r"|gdti:(\d{6,12})\.(\d{0,6})\.([A-Za-z0-9._-]{1,17}))",
    re.ASCII,
)
# A company prefix and up to 30 characters in all.
_ASSET = re.compile(r"urn:epc:id:giai:(\d{6,12})\.([A-Za-z0-9._-]{1,18})", re.ASCII)
_SERIAL = "urn:epc:id:sgtin:"
_ITEM = re.compile(r"(\d{6,12})\.(\d)(\d{0,6})", re.ASCII)
_LINK = re.compile(
    r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?"
    r"(?:(/01/\d{14})(?:/22/[A-Za-z0-9._-]{1,20})?(/10/[A-Za-z0-9._-]{1,20})?(/21/[A-Za-z0-9._-]{1,20})?"
    r"|(/00/\d{18}|/41[47]/\d{13}|/253/\d{13}[A-Za-z0-9._-]{0,17}))",
    re.ASCII,
)


def quick_identity(text: str) -> str | None:
    """What `identity` answers for this text, or None when the long way is needed."""
    if text.startswith(_SERIAL):
        return _of_serial(text) or _by_urn(text)
    if text.startswith("urn:epc:"):
        return _by_urn(text)
    match = _LINK.fullmatch(text)
    if not match:
        return None
    item, lot, serial, whole = match.groups()
    return STEM + (whole or item + (serial or lot or ""))


def _of_serial(text: str) -> str | None:
    """A serial of a GTIN, of which the GTIN was most often seen before."""
    start = len(_SERIAL)
    dot = text.find(".", text.find(".", start) + 1)
    serial = text[dot + 1 :]
    if dot < start or not serial.isalnum() or not serial.isascii() or len(serial) > 20:
        return None
    item = _item(text[start:dot])
    return item and f"{item}/21/{serial}"


@lru_cache(8192)
def _item(text: str) -> str | None:
    """The canonical link of the GTIN in `company.item` of a URN; None when it is none."""
    match = _ITEM.fullmatch(text)
    if not match:
        return None
    prefix, first, rest = match.groups()
    body = first + prefix + rest
    return f"{STEM}/01/{body}{_check(body)}" if len(body) == 13 else None


def _by_urn(text: str) -> str | None:
    match = _URN.fullmatch(text)
    if match:
        return _of_urn(text, match)
    asset = _ASSET.fullmatch(text)
    return f"{STEM}/8004/{asset[1]}{asset[2]}" if asset else None


def has_right_check_digit(canonical: str) -> bool:
    """Whether the key of a text `quick_identity` gave has its check digit; in a paper's the serial follows."""
    ai, value, *_ = canonical[len(STEM) + 1 :].split("/", 2)
    return _is_right(value[:13] if ai == "253" else value)


@lru_cache(8192)
def _is_right(digits: str) -> bool:
    return digits[-1] == str(_check(digits[:-1]))


def quick_levels(text: str, canonical: str) -> tuple[str, ...]:
    """What `quick_identity` gave for this text, and what is above it: the lot of a serial, the GTIN of either."""
    if canonical[len(STEM) : len(STEM) + 4] != "/01/" or len(canonical) == _GTIN_ENDS:
        return (canonical,)
    gtin = canonical[:_GTIN_ENDS]
    lot = "/10/" in text and "/21/" in canonical and _LINK.fullmatch(text)
    return (canonical, gtin + (lot.group(2) or ""), gtin) if lot and lot.group(2) else (canonical, gtin)


_GTIN_ENDS = len(STEM) + len("/01/") + 14


def _of_urn(text: str, match: re.Match[str]) -> str | None:
    item, prefix, first, rest, serial, unit, extension, reference, *others = match.groups()
    is_class = text.startswith("urn:epc:class:")
    if is_class != (item == "lgtin"):
        return None
    if item:
        body = first + prefix + rest
        return (
            f"{STEM}/01/{body}{_check(body)}/{'10' if is_class else '21'}/{serial}"
            if len(body) == 13
            else None
        )
    if unit:
        body = extension + unit + reference
        return f"{STEM}/00/{body}{_check(body)}" if len(body) == 17 else None
    place, company, at, sub, issuer, kind, paper = others
    body = issuer + kind if issuer else company + at
    if len(body) != 12:
        return None
    if issuer:
        return f"{STEM}/253/{body}{_check(body)}{paper}"
    return _place(f"{body}{_check(body)}", sub, is_party=place == "pgln")


def _place(digits: str, sub: str | None, *, is_party: bool) -> str | None:
    if is_party:
        return f"{STEM}/417/{digits}" if sub is None else None
    if sub is None:
        return None
    return f"{STEM}/414/{digits}" if sub == "0" else f"{STEM}/414/{digits}/254/{sub}"


@lru_cache(8192)
def _check(body: str) -> int:
    """The check digit of a key; remembered because many serials share one GTIN."""
    digits = body.encode()  # a character's code is its digit + 48
    return -(3 * sum(digits[::-2]) + sum(digits[-2::-2]) - 48 * (len(digits) * 2 + len(digits) % 2)) % 10
