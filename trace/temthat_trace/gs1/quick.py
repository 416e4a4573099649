"""A short cut for the identifiers nearly all events are made of: serials, lots, logistic units, assets, places, papers.

It answers only where nothing needs decoding, and then exactly as the long way does (a test holds the two together);
for everything else it answers None. An event repository spends much of its time here.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from temthat_trace.gs1.key import STEM
from temthat_trace.gtin import check_digit


class Quick(NamedTuple):
    """What the short cut knows of a key: its canonical link, the coarser ones above it (the finest first).

    `is_class`: it names a kind of things. `is_right`: its check digit is; a URN has none that could be wrong.
    """

    canonical: str
    above: tuple[str, ...] = ()
    is_class: bool = False
    is_right: bool = True


_SERIAL = re.compile(r"[A-Za-z0-9._-]+")
# What stands before the serial in a URN; many serials share one.
_HEAD = re.compile(r"urn:epc:(id:sgtin|class:lgtin|id:sgln|id:gdti|id:grai):(\d{6,12})\.(\d{0,7})", re.ASCII)
_LONGEST_HEAD = 40
_UNIT = re.compile(r"urn:epc:id:sscc:(\d{6,12})\.(\d)(\d{4,10})", re.ASCII)
_PARTY = re.compile(r"urn:epc:id:pgln:(\d{6,12})\.(\d{0,6})", re.ASCII)
# A company prefix and up to 30 characters in all.
_ASSET = re.compile(r"urn:epc:id:giai:(\d{6,12})\.([A-Za-z0-9._-]{1,18})", re.ASCII)
_LINK = re.compile(
    r"https?://[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?"
    r"(?:/01/(\d{14})(?:/22/[A-Za-z0-9._-]{1,20})?(/10/[A-Za-z0-9._-]{1,20})?(/21/[A-Za-z0-9._-]{1,20})?"
    r"|/(?:00/(\d{18})|41[47]/(\d{13}))"
    r"|/(?:253/(\d{13})[A-Za-z0-9._-]{0,17}|8003/(0\d{13})[A-Za-z0-9._-]{0,16})"
    r"|/8004/\d{4}[A-Za-z0-9._-]{0,26})",
    re.ASCII,
)
_ITEM, _LOT, _ITEM_SERIAL, _SSCC, _GLN, _PAPER, _CRATE = range(1, 8)


def quick_identity(text: str) -> str | None:
    """What `identity` answers for this text, or None when the long way is needed."""
    found = quick_key(text)
    return found and found.canonical


def quick_key(text: str) -> Quick | None:
    """The key in an EPC URN or a Digital Link, or None when the long way is needed."""
    if not text.startswith("urn:epc:"):
        match = _LINK.fullmatch(text)
        return match and _of_link(match)
    dot = text.find(".", text.find(".") + 1)
    head = _head(text[:dot]) if 0 < dot <= _LONGEST_HEAD else None
    return _of_serial(head, text[dot + 1 :]) if head else _of_whole(text)


# --- Digital Links --------------------------------------------------------------------------------------------


def _of_link(match: re.Match[str]) -> Quick:
    kind = match.lastindex
    if kind is None:  # an asset, whose number has no check digit
        return Quick(STEM + match.string[match.string.rindex("/8004/") :])
    if kind <= _ITEM_SERIAL:
        item, lot, serial = match.group(_ITEM, _LOT, _ITEM_SERIAL)
        gtin, is_right = f"{STEM}/01/{item}", _is_right(item)
        if serial:
            return Quick(gtin + serial, (gtin + lot, gtin) if lot else (gtin,), is_right=is_right)
        return Quick(gtin + (lot or ""), (gtin,) if lot else (), True, is_right)
    digits, is_right = match[kind], _is_right(match[kind])
    own = STEM + match.string[match.start(kind) - _AI_LENGTH[kind] :]
    if kind in (_SSCC, _GLN):
        return Quick(own, is_right=is_right)
    base = own[: len(STEM) + _AI_LENGTH[kind] + len(digits)]
    return Quick(own, (base,) if own != base else (), own == base, is_right)


_AI_LENGTH = {_SSCC: 4, _GLN: 5, _PAPER: 5, _CRATE: 6}
"""Characters of the AI between its strokes."""


@lru_cache(8192)
def _is_right(digits: str) -> bool:
    return digits[-1] == check_digit(digits[:-1])


# --- URNs -----------------------------------------------------------------------------------------------------


class _Head(NamedTuple):
    """All of a canonical link but the serial, how long a serial may be, and the key without one."""

    stem: str
    longest: int
    base: str
    is_lot: bool = False
    is_place: bool = False


@lru_cache(8192)
def _head(text: str) -> _Head | None:
    match = _HEAD.fullmatch(text)
    if not match:
        return None
    kind, prefix, reference = match.groups()
    if len(prefix + reference) != (13 if "gtin" in kind else 12):
        return None
    if "gtin" in kind:
        body, is_lot = reference[0] + prefix + reference[1:], kind == "class:lgtin"
        gtin = f"{STEM}/01/{body}{check_digit(body)}"
        return _Head(f"{gtin}/10/" if is_lot else f"{gtin}/21/", 20, gtin, is_lot)
    digits = prefix + reference + check_digit(prefix + reference)
    if kind == "id:sgln":
        base = f"{STEM}/414/{digits}"
        return _Head(f"{base}/254/", 20, base, is_place=True)
    base, longest = (f"{STEM}/253/{digits}", 17) if kind == "id:gdti" else (f"{STEM}/8003/0{digits}", 16)
    return _Head(base, longest, base)


def _of_serial(head: _Head, serial: str) -> Quick | None:
    if not 1 <= len(serial) <= head.longest:
        return None
    # Most are letters and digits, which is seen faster so.
    if not (serial.isalnum() and serial.isascii()) and not _SERIAL.fullmatch(serial):
        return None
    if head.is_place and serial == "0":
        return Quick(head.base)
    return Quick(head.stem + serial, (head.base,), head.is_lot)


def _of_whole(text: str) -> Quick | None:
    """A URN that is one number, without a serial."""
    match = _UNIT.fullmatch(text)
    if match:
        prefix, first, rest = match.groups()
        body = first + prefix + rest
        return Quick(f"{STEM}/00/{body}{check_digit(body)}") if len(body) == 17 else None
    match = _PARTY.fullmatch(text)
    if match:
        body = match[1] + match[2]
        return Quick(f"{STEM}/417/{body}{check_digit(body)}") if len(body) == 12 else None
    match = _ASSET.fullmatch(text)
    return match and Quick(f"{STEM}/8004/{match[1]}{match[2]}")
