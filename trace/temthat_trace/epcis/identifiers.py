"""What an identifier in an event names, and whether it keeps the rules of GS1."""

from dataclasses import dataclass
from enum import StrEnum

from temthat_trace.gs1.errors import Gs1Error, NotGs1
from temthat_trace.gs1.identity import read_key
from temthat_trace.gs1.quick import has_right_check_digit, quick_identity
from temthat_trace.gs1.remember import remembered
from temthat_trace.gs1.urn import OTHER_SCHEMES


class Kind(StrEnum):
    """What is named: one thing, a kind of things (GTIN, lot), a place or party, or something not of GS1."""

    INSTANCE = "instance"
    CLASS = "class"
    PLACE = "place"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Identifier:
    """The kind of an identifier, and the GS1 rule it breaks, if any."""

    kind: Kind
    fault: Gs1Error | None = None


_PLACES = frozenset({"414", "417", "415"})
# A web address without a GS1 key in it is somebody's own identifier, which EPCIS allows.
_NOT_A_LINK = frozenset({"key", "syntax", "scheme"})


@remembered(32768)
def identify(text: str) -> Identifier:
    """The kind of an identifier and what is wrong with it by the rules of GS1."""
    quick = quick_identity(text)
    is_urn = text.startswith("urn:")  # a URN has no check digit that could be wrong
    if quick is None or not (is_urn or has_right_check_digit(quick)):
        return _identify(text)
    key = quick[19:22]  # behind "https://id.gs1.org/"
    if key == "01/":
        return _CLASS if "/21/" not in quick else _INSTANCE
    return _PLACE if key in ("414", "417") else _INSTANCE


_INSTANCE, _CLASS, _PLACE = Identifier(Kind.INSTANCE), Identifier(Kind.CLASS), Identifier(Kind.PLACE)


def _identify(text: str) -> Identifier:
    if not text.lower().startswith(("urn:epc:", "http://", "https://")):
        return Identifier(Kind.OTHER)
    fault: Gs1Error | None = None
    try:
        key = read_key(text)
    except Gs1Error as error:
        fault = error
        try:
            key = read_key(text, lenient=True)
        except Gs1Error:
            return Identifier(Kind.OTHER, fault if _claims_gs1(text, fault) else None)
    if key.primary in _PLACES:
        return Identifier(Kind.PLACE, fault)
    return Identifier(Kind.CLASS if key.is_class else Kind.INSTANCE, fault)


def _claims_gs1(text: str, fault: Gs1Error) -> bool:
    if isinstance(fault, NotGs1):
        return text.startswith("urn:epc:") and not text.startswith(_OTHER_EPCS)
    return text.startswith("urn:epc:") or fault.rule not in _NOT_A_LINK


_OTHER_EPCS = tuple(f"urn:epc:id:{scheme}:" for scheme in OTHER_SCHEMES)
