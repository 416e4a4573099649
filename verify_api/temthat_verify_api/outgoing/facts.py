"""The neutral model: all that may be told of a producer's goods, as flat records that name each other by code. Pure.

It is what a dossier holds as data, what JSON and CSV exports are written from, and what sheets for other systems pick
their columns from. Quantities are exact decimals as text beside a UN/ECE unit code, days ISO 8601, instants in UTC.
Of members there is what may be shown of them; with whom a producer trades (`partner` of an event) stays at home.

The fields and their meaning are a public format (docs/spec/exchange.md): add, never rename.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, get_args, get_type_hints

from temthat_trace.units import plain

FORMAT = "temthat-exchange"
VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class PartyFacts:
    """An organisation."""

    code: Annotated[str, "the organisation's code"]
    name: Annotated[str, "its name in Vietnamese"]
    name_en: Annotated[str, "its name in English as it gave it, or empty"]
    kind: Annotated[str, "cooperative, household_business, enterprise, ..."]
    gln: Annotated[str, "GLN, or empty"]
    address: Annotated[str, "as printed on labels"]
    province: Annotated[str, "code of the province (34 since 1 July 2025), or empty"]
    commune: Annotated[str, "code of the commune, or empty"]
    hotline: Annotated[str, "telephone number for buyers"]
    email: Annotated[str, "e-mail address"]
    tax_code: Annotated[str, "tax code"]
    sample: Annotated[bool, "true: made up, to try the system with"]


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """A product."""

    party: Annotated[str, "code of its producer"]
    code: Annotated[str, "the producer's own code"]
    kind: Annotated[str, "goods or service"]
    name: Annotated[str, "name in Vietnamese"]
    name_en: Annotated[str, "name in English as the producer gave it, or empty"]
    brand: Annotated[str, "brand, mark or model"]
    group: Annotated[str, "OCOP group: food, beverages, ..."]
    gtin: Annotated[str, "GTIN-14 of the product, or empty"]
    base_unit: Annotated[str, "UN/ECE unit code its batches are counted in"]
    description: Annotated[str, "in Vietnamese"]
    description_en: Annotated[str, "in English as the producer gave it, or empty"]
    storage: Annotated[str, "how to keep it, in Vietnamese"]
    storage_en: Annotated[str, "how to keep it, in English as the producer gave it, or empty"]
    standard: Annotated[str, "standards and regulations applied"]
    warning: Annotated[str, "safety warning"]
    shelf_life_months: Annotated[int | None, "shelf life in months"]
    sold_in: Annotated[str, "where it is sold, in words"]
    picture: Annotated[str, "SHA-256 of the picture, or empty"]
    page: Annotated[str, "address of its public page"]


@dataclass(frozen=True, slots=True)
class PackFacts:
    """A pack form of a product."""

    party: Annotated[str, "code of the producer"]
    product: Annotated[str, "code of the product"]
    code: Annotated[str, "code of the pack form"]
    name: Annotated[str, "name in Vietnamese"]
    name_en: Annotated[str, "name in English as the producer gave it, or empty"]
    kind: Annotated[str, "item, case or combo"]
    net_content: Annotated[str, "net content, or empty"]
    net_unit: Annotated[str, "UN/ECE code of its unit, or empty"]
    gtin: Annotated[str, "GTIN-14 of the pack, or empty"]
    inner: Annotated[str, "case: code of the pack form it holds, or empty"]
    holds: Annotated[int | None, "case: how many of those"]
    parts: Annotated[str, "combo: what it bundles, in words, or empty"]


@dataclass(frozen=True, slots=True)
class SellerFacts:
    """A place where the real product is sold, as its producer says."""

    party: Annotated[str, "code of the producer"]
    product: Annotated[str, "code of the product"]
    seller: Annotated[str, "name of the shop"]
    url: Annotated[str, "its address"]
    valid_until: Annotated[dt.date, "the last day the producer vouches for it"]


@dataclass(frozen=True, slots=True)
class PaperFacts:
    """A paper of a producer. `vouching` speaks of one product where the paper is that product's."""

    party: Annotated[str, "code of its holder"]
    code: Annotated[str, "the holder's own code for it"]
    product: Annotated[str, "code of the product it speaks of; empty: of the whole producer"]
    kind: Annotated[str, "ocop, vietgap, globalgap, organic, growing_area, packing_house, food_safety, ..."]
    number: Annotated[str, "number of the paper"]
    authority: Annotated[str, "who granted it"]
    issued_on: Annotated[dt.date | None, "day of issue"]
    valid_until: Annotated[dt.date | None, "last day it holds; null: no limit stated"]
    stars: Annotated[int | None, "OCOP: 3, 4 or 5"]
    valid: Annotated[bool, "within its dates on the day of the export"]
    scan: Annotated[str, "SHA-256 of its scan, or empty"]


@dataclass(frozen=True, slots=True)
class ConfirmationFacts:
    """An office looked at a paper and found it good for a product; only what stands is listed."""

    party: Annotated[str, "code of the paper's holder"]
    paper: Annotated[str, "code of the paper"]
    product: Annotated[str, "code of the product it was confirmed for"]
    by: Annotated[str, "name of the office"]
    on: Annotated[dt.date, "the day"]


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """A batch of a product."""

    party: Annotated[str, "code of the producer"]
    product: Annotated[str, "code of the product"]
    lot: Annotated[str, "lot number"]
    quantity: Annotated[str, "how much of it there is"]
    unit: Annotated[str, "UN/ECE code of its unit"]
    made_on: Annotated[dt.date, "day of production"]
    expires_on: Annotated[dt.date | None, "use-by day"]
    place: Annotated[str, "where it was made, as printed"]
    province: Annotated[str, "code of the province, or empty"]
    plot: Annotated[str, "growing area, or empty"]
    plot_gln: Annotated[str, "GLN of the growing area, or empty"]
    growing_area_code: Annotated[str, "the area's official code, or empty"]
    grower: Annotated[str, "the household as it may be shown, or empty"]
    page: Annotated[str, "address of its public page"]


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What a batch was made from: one step back."""

    party: Annotated[str, "code of the producer"]
    product: Annotated[str, "code of the product"]
    lot: Annotated[str, "lot made"]
    source_party: Annotated[str, "whose the source is"]
    source_product: Annotated[str, "code of the source's product"]
    source_lot: Annotated[str, "lot it was made from"]
    quantity: Annotated[str, "how much of it went in"]
    unit: Annotated[str, "UN/ECE code of its unit"]


@dataclass(frozen=True, slots=True)
class EventFacts:
    """A dated event of a batch. Erased and withdrawn ones are not told, nor to whom goods were sent."""

    id: Annotated[str, "UUID of the event"]
    party: Annotated[str, "code of the producer"]
    product: Annotated[str, "code of the product"]
    lot: Annotated[str, "lot number"]
    step: Annotated[str, "sowing, care, harvest, purchase, preliminary, processing, testing, packing, ..."]
    at: Annotated[dt.datetime, "when it happened; midnight in Vietnam: the day alone is known"]
    text: Annotated[str, "what was done, as written"]
    actor: Annotated[str, "who did it, as written"]
    place: Annotated[str, "where, as written; empty: where the batch was made"]
    vouching: Annotated[str, "self_declared, paper_attached or confirmed"]
    recorded_at: Annotated[dt.datetime, "when it was written down"]
    photos: Annotated[str, "SHA-256 of its photos, separated by blanks"]
    digest: Annotated[str, "SHA-256 that print runs' statements are bound to"]


@dataclass(frozen=True, slots=True)
class LineFacts:
    """A material or goods of an event."""

    event: Annotated[str, "UUID of the event"]
    role: Annotated[str, "used, in, out or lost"]
    what: Annotated[str, "the material or goods as written"]
    lot: Annotated[str, "lot of the material or goods"]
    quantity: Annotated[str, "amount, or empty"]
    unit: Annotated[str, "UN/ECE code of its unit, or empty"]


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """A hold or recall that stands on a batch or on what it was made from."""

    party: Annotated[str, "code of the producer"]
    product: Annotated[str, "code of the product"]
    lot: Annotated[str, "lot number"]
    kind: Annotated[str, "hold or recall"]
    reason: Annotated[str, "code of the reason"]
    on: Annotated[dt.date, "since when"]


@dataclass(frozen=True, slots=True)
class StampFacts:
    """A run of stamps of a batch."""

    party: Annotated[str, "code of the producer"]
    product: Annotated[str, "code of the product"]
    lot: Annotated[str, "lot number"]
    pack_form: Annotated[str, "code of the pack form"]
    run: Annotated[int, "number of the run"]
    count: Annotated[int, "stamps in it"]
    printed: Annotated[int, "stamps whose printing was confirmed"]
    registered_on: Annotated[dt.date, "day the run was registered"]
    log_index: Annotated[int, "its entry in the public log"]


Record = (
    PartyFacts | ProductFacts | PackFacts | SellerFacts | PaperFacts | ConfirmationFacts | BatchFacts | SourceFacts
    | EventFacts | LineFacts | NoticeFacts | StampFacts
)  # fmt: skip

SECTIONS: dict[str, type[Record]] = {
    "parties": PartyFacts,
    "products": ProductFacts,
    "pack_forms": PackFacts,
    "sellers": SellerFacts,
    "papers": PaperFacts,
    "confirmations": ConfirmationFacts,
    "batches": BatchFacts,
    "sources": SourceFacts,
    "events": EventFacts,
    "event_lines": LineFacts,
    "notices": NoticeFacts,
    "stamps": StampFacts,
}
"""The records of the model by the name of their section, each after what it refers to."""

SECTION_OF: dict[type[Record], str] = {kind: name for name, kind in SECTIONS.items()}


def plain_record(record: Record) -> dict[str, str | int | bool | None]:
    """A record as JSON takes it."""
    return {f.name: _plain(getattr(record, f.name)) for f in dataclasses.fields(record)}


def amount(value: Decimal | None) -> str:
    """A quantity as exact text, or nothing."""
    return "" if value is None else f"{plain(value):f}"


def schema() -> dict[str, Any]:
    """The JSON Schema of an export (docs/spec/exchange-1.schema.json is this, and a test says so)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{FORMAT} {VERSION}",
        "description": "Facts of producers, products, batches and events. Empty text: not stated. See exchange.md.",
        "type": "object",
        "required": ["format", "version", "exported_on", "source", *SECTIONS],
        "properties": {
            "format": {"const": FORMAT},
            "version": {"type": "string", "pattern": r"^1\.[0-9]+$"},
            "exported_on": {"type": "string", "format": "date"},
            "source": {"type": "string", "description": "host of the system the facts come from"},
            **{name: {"type": "array", "items": _item(kind)} for name, kind in SECTIONS.items()},
        },
    }


def _item(kind: type[Record]) -> dict[str, Any]:
    properties = {}
    for name, hint in get_type_hints(kind, include_extras=True).items():
        type_, what = get_args(hint)
        properties[name] = _TYPES[type_] | {"description": what}
    return {
        "type": "object",
        "description": (kind.__doc__ or "").partition("\n")[0],
        "required": list(properties),
        "properties": properties,
    }


_TYPES: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    int | None: {"type": ["integer", "null"]},
    dt.date: {"type": "string", "format": "date"},
    dt.date | None: {"type": ["string", "null"], "format": "date"},
    dt.datetime: {"type": "string", "format": "date-time"},
}


def _plain(value: object) -> str | int | bool | None:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, dt.date):
        return value.isoformat()
    if value is None or isinstance(value, (str, int)):
        return value
    raise TypeError(type(value))


def columns(kind: type[Record]) -> Iterator[str]:
    """The names of a record's fields in order: the head of its CSV file."""
    return (f.name for f in dataclasses.fields(kind))
