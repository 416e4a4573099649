"""schema.org data about a product, for machines that read its page: what is backed, no more. Pure.

It stands in the page as a data block, which no browser runs and a policy of no scripts does not touch (HTML, 4.12.1).
Left out is whatever only the producer says of itself: descriptions, and papers that no office confirmed.
"""

import datetime as dt
import json
from collections.abc import Iterable
from typing import Any

from markupsafe import Markup

from temthat_stamps.texts import Lang
from temthat_trace.origin import PaperShown, PartyShown, ProductShown

_COUNTRY = {"vi": "Việt Nam", "en": "Viet Nam"}
_ESCAPES = {
    ord("<"): "\\u003c",
    ord(">"): "\\u003e",
    ord("&"): "\\u0026",
    ord("'"): "\\u0027",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}
"""What could end the block, or begin something in it, in any reading of it."""


def product_data(
    url: str,
    base: str,
    product: ProductShown,
    maker: PartyShown,
    papers: Iterable[PaperShown],
    said: dict[str, str],
    lang: Lang,
) -> dict[str, Any]:
    """A `Product`. `url`: the page's address, `base`: scheme and host; `said` are the pages' words in that language."""
    english = lang == "en"
    body: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "@id": url,
        "url": url,
        "name": (product.name_en if english else "") or product.name,
        "manufacturer": _organization((maker.name_en if english else "") or maker.name)
        | ({"address": maker.address} if maker.address else {})
        | ({"telephone": maker.hotline} if maker.hotline else {}),
    }
    if product.brand:
        body["brand"] = {"@type": "Brand", "name": product.brand}
    if product.gtin:
        body["gtin"] = product.gtin
    if product.picture:
        body["image"] = f"{base}/picture/{product.picture}"
    if maker.province:
        body["countryOfOrigin"] = {"@type": "Country", "name": _COUNTRY[lang]}
    certificates = [_certificate(paper, said) for paper in papers if paper.badge]
    if certificates:
        body["hasCertification"] = certificates
    return body


def batch_data(body: dict[str, Any], lot: str, made_on: dt.date) -> dict[str, Any]:
    """The same of one batch of it."""
    return body | {
        "productionDate": made_on.isoformat(),
        "additionalProperty": [{"@type": "PropertyValue", "propertyID": "lot", "name": "lot", "value": lot}],
    }


def as_block(body: dict[str, Any]) -> Markup:
    """The data as text that is safe inside a `script` element whatever anybody's name is."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.translate(_ESCAPES))  # noqa: S704 - nothing is left in it that HTML would read


def _organization(name: str) -> dict[str, str]:
    return {"@type": "Organization", "name": name}


def _certificate(paper: PaperShown, said: dict[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = {"@type": "Certification", "name": said.get(f"paper_{paper.kind}", paper.kind)}
    if paper.number:
        body["certificationIdentification"] = paper.number
    if paper.authority:
        body["issuedBy"] = _organization(paper.authority)
    if paper.issued_on:
        body["validFrom"] = paper.issued_on.isoformat()
    if paper.valid_until:
        body["expires"] = paper.valid_until.isoformat()
    if paper.stars:
        body["certificationRating"] = {"@type": "Rating", "ratingValue": paper.stars, "bestRating": 5}
    return body
