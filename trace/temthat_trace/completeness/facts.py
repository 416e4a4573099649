"""What the checklists look at: plain frozen values, so that rules stay pure and a province loads in few queries."""

import datetime as dt
import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StageFacts:
    """One dated event of a batch: `place_code` and `place` say where it was; `household`: a member did it."""

    step: str
    at: dt.datetime | None
    place_code: str
    place: str
    household: bool = False


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """A batch with its stages in order. `stamps` counts ordered stamps, None where nobody asked."""

    id: uuid.UUID
    lot: str
    made_on: dt.date
    expires_on: dt.date | None
    place: str
    stages: tuple[StageFacts, ...]
    stamps: int | None = None


@dataclass(frozen=True, slots=True)
class PaperFacts:
    """A paper that may speak of the product. `valid` on the day asked, `confirmed` by an office for this product."""

    kind: str
    number: str
    valid_until: dt.date | None
    valid: bool
    confirmed: bool


@dataclass(frozen=True, slots=True)
class MakerFacts:
    """Who makes and answers for the product. `identifier`: the tax code, else the GLN."""

    id: uuid.UUID
    code: str
    name: str
    address: str
    identifier: str


@dataclass(frozen=True, slots=True)
class Facts:
    """A product, its maker, its papers, and the batch the list speaks of: the one asked for, or the newest."""

    maker: MakerFacts
    product_id: uuid.UUID
    code: str
    name: str
    service: bool
    gtin: str
    picture: bool
    brand: str
    warning: str
    standard: str
    shelf_life_months: int | None
    batch: BatchFacts | None
    papers: tuple[PaperFacts, ...] = ()
