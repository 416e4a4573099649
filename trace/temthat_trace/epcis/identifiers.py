"""What an identifier in an event names, and whether it keeps the rules of GS1."""

from enum import StrEnum
from typing import NamedTuple

from temthat_trace.gs1.errors import Gs1Error, NotGs1
from temthat_trace.gs1.identity import identity_by, read_key
from temthat_trace.gs1.key import STEM, Key
from temthat_trace.gs1.quick import quick_key
from temthat_trace.gs1.remember import remembered
from temthat_trace.gs1.urn import OTHER_SCHEMES


class Kind(StrEnum):
    """What is named: one thing, a kind of things (GTIN, lot), a place or party, or something not of GS1."""

    INSTANCE = "instance"
    CLASS = "class"
    PLACE = "place"
    OTHER = "other"


class Identifier(NamedTuple):
    """What is known of an identifier: its kind, its one identity, and the GS1 rule it breaks, if any.

    `above`: coarser identities it belongs to, the finest first: lot, GTIN, asset type, a place's GLN. `is_plain`: of a
    form so common that it needs no other look at its characters.
    """

    kind: Kind
    canonical: str
    above: tuple[str, ...] = ()
    fault: Gs1Error | None = None
    is_plain: bool = False


_PLACES = frozenset({"414", "417", "415"})
# A web address without a GS1 key in it is somebody's own identifier, which EPCIS allows.
_NOT_A_LINK = frozenset({"key", "syntax", "scheme"})


@remembered(32768)
def identify(text: str) -> Identifier:
    """What an identifier names, and what is wrong with it by the rules of GS1."""
    quick = quick_key(text)
    if quick is None or not quick.is_right:
        return _identify(text)
    canonical, above, is_class, _ = quick
    if canonical.startswith(_PLACE_LINKS):
        return Identifier(Kind.PLACE, canonical, above, None, True)
    return Identifier(Kind.CLASS if is_class else Kind.INSTANCE, canonical, above, None, True)


_PLACE_LINKS = tuple(f"{STEM}/{ai}/" for ai in _PLACES)


def _identify(text: str) -> Identifier:
    if not text.lower().startswith(("urn:epc:", "http://", "https://")):
        return Identifier(Kind.OTHER, text)
    fault: Gs1Error | None = None
    try:
        key = read_key(text)
    except Gs1Error as error:
        fault = error
        try:
            key = read_key(text, lenient=True)
        except Gs1Error:
            return Identifier(Kind.OTHER, text, (), fault if _claims_gs1(text, fault) else None)
    own = identity_by(key, text)
    kind = Kind.PLACE if key.primary in _PLACES else Kind.CLASS if key.is_class else Kind.INSTANCE
    return Identifier(kind, own, _above(key, own) if own.startswith(STEM) else (), fault)


def _above(key: Key, own: str) -> tuple[str, ...]:
    found = [k.finest().canonical for k in key.levels()]
    digits = _CLASS_DIGITS.get(key.primary)
    if digits is not None:
        found.append(f"{STEM}/{key.primary}/{key.value[:digits]}")
    return tuple(a for a in dict.fromkeys(found) if a != own)


_CLASS_DIGITS = {"253": 13, "255": 13, "8003": 14}
"""Keys whose kind is the beginning of the value itself."""


def _claims_gs1(text: str, fault: Gs1Error) -> bool:
    if isinstance(fault, NotGs1):
        return text.startswith("urn:epc:") and not text.startswith(_OTHER_EPCS)
    return text.startswith("urn:epc:") or fault.rule not in _NOT_A_LINK


_OTHER_EPCS = tuple(f"urn:epc:id:{scheme}:" for scheme in OTHER_SCHEMES)
