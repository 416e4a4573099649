"""How things are called in events: by GS1 keys, else by this service's own addresses, else by opaque ids. Pure.

| what | with a GS1 key | without |
|---|---|---|
| a batch | `https://id.gs1.org/01/{gtin}/10/{lot}` | `https://HOST/x/{party}/{product}/{lot}`, which resolves |
| an organisation | `https://id.gs1.org/417/{gln}` | `https://HOST/x/{party}` |
| a place | `https://id.gs1.org/414/{gln}` | `urn:uuid:…` of the plot; the organisation's own place |
| a household, a slip, a transformation | – | `urn:uuid:…` |
"""

import uuid
from urllib.parse import quote

from temthat_trace.gs1 import Gs1Error, make_key
from temthat_trace.gs1.key import STEM


def lot_class(base: str, party: str, product: str, lot: str, gtin: str | None) -> str:
    """The class of a batch's goods. A lot that no GS1 key can hold keeps its internal address."""
    if gtin:
        try:
            return make_key([("01", gtin.zfill(14)), ("10", lot)]).canonical
        except Gs1Error:
            pass
    return "/".join((base, "x", *map(segment, (party, product, lot))))


def organisation(base: str, code: str, gln: str | None) -> str:
    """Who acted."""
    return f"{STEM}/417/{gln}" if gln else f"{base}/x/{segment(code)}"


def site(base: str, code: str, gln: str | None) -> str:
    """Where an organisation is."""
    return f"{STEM}/414/{gln}" if gln else f"{base}/x/{segment(code)}"


def plot(key: uuid.UUID, gln: str | None) -> str:
    """Where something grew."""
    return f"{STEM}/414/{gln}" if gln else opaque(key)


def opaque(key: uuid.UUID) -> str:
    """A thing of which nothing but sameness is told."""
    return f"urn:uuid:{key}"


def segment(text: str) -> str:
    """A text as one segment of a path, “/” escaped as well."""
    return quote(text, safe="")
