"""What a shopper may see of a batch: plain frozen values, each fact with who vouches for it. Pure.

Stars and certificates are badges only while valid and confirmed for this very product; before that they are the maker's
own words. Of members and their plots only what they agreed to is ever here (`consent.shown`).
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from temthat_trace import formats
from temthat_trace.batches import Batch
from temthat_trace.consent import MemberShown, shown
from temthat_trace.events import Event, EventLine, LineRole
from temthat_trace.offers import SellerLink, in_order
from temthat_trace.packing import PackingError, content
from temthat_trace.papers import Paper, PaperKind
from temthat_trace.parties import Party
from temthat_trace.privacy.plots import shown_plot
from temthat_trace.products import PackForm, Product
from temthat_trace.units import UnitError
from temthat_trace.vouching import Vouching


@dataclass(frozen=True, slots=True)
class PartyShown:
    """An organisation as pages show it. `province` is a two-digit code or empty."""

    code: str
    name: str
    kind: str
    address: str
    province: str
    hotline: str
    is_sample: bool
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class PackShown:
    """A pack form, with its content in words where it says it."""

    code: str
    name: str
    content: str
    gtin: str | None
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class SellerShown:
    """A shop that sells the real product, as its producer says. `host`: the name its address leads to."""

    seller: str
    url: str
    host: str
    valid_until: dt.date


@dataclass(frozen=True, slots=True)
class ProductShown:
    """A product as pages show it; `picture` is the digest of an attachment. English texts are empty where not given."""

    code: str
    name: str
    name_en: str
    kind: str
    description: str
    storage: str
    standard: str
    sold_in: str
    picture: str | None
    gtin: str | None
    packs: tuple[PackShown, ...]
    brand: str = ""
    description_en: str = ""
    storage_en: str = ""


@dataclass(frozen=True, slots=True)
class PaperShown:
    """A paper. `badge`: it may stand as a badge, being confirmed for this product and valid on the day asked."""

    kind: str
    number: str
    authority: str
    issued_on: dt.date | None
    valid_until: dt.date | None
    stars: int | None
    vouching: Vouching
    valid: bool

    @property
    def badge(self) -> bool:
        """See the class."""
        return self.valid and self.vouching is Vouching.CONFIRMED


@dataclass(frozen=True, slots=True)
class AmountShown:
    """A material with its amount, or the amount of goods that came out (`what` empty), by language."""

    what: str
    amount: dict[str, str]


@dataclass(frozen=True, slots=True)
class StepShown:
    """One dated event on the way from field to shelf. `photos`: digests of each one's small and large picture."""

    step: str
    on: dt.date
    text: str
    place: str
    actor: str
    vouching: Vouching
    used: tuple[AmountShown, ...] = ()
    made: tuple[AmountShown, ...] = ()
    photos: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SourceShown:
    """A batch this one was made from."""

    product: str
    lot: str
    quantity: str
    product_en: str = ""
    quantity_en: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Everything a page shows of a batch. `updated` is the day of the last entry in its diary."""

    product: ProductShown
    issuer: PartyShown
    alliance: PartyShown | None
    lot: str
    quantity: str
    made_on: dt.date
    expires_on: dt.date | None
    place: str
    province: str
    plot: str
    growing_area_code: str
    grower: str
    member: MemberShown | None
    steps: tuple[StepShown, ...]
    papers: tuple[PaperShown, ...]
    sources: tuple[SourceShown, ...]
    updated: dt.date | None
    quantity_en: str = ""

    @property
    def stars(self) -> int | None:
        """OCOP stars that may be shown as such today."""
        return max(
            (p.stars for p in self.papers if p.badge and p.stars and p.kind == PaperKind.OCOP), default=None
        )


def origin_of(batch: Batch, papers: Iterable[Paper], alliance: Party | None, today: dt.date) -> Origin:
    """The origin of a batch loaded by `repository.batch`, with `repository.papers_of` its product."""
    member = shown(batch.member) if batch.member else None
    plot = (
        shown_plot(batch.plot, shown(batch.plot.member) if batch.plot.member else None)
        if batch.plot
        else None
    )
    steps = tuple(map(_step, sorted(filter(is_shown, batch.events), key=lambda e: (e.at, e.id))))
    recorded = [formats.today(event.recorded_at) for event in batch.events]
    return Origin(
        product=product_shown(batch.product),
        issuer=party_shown(batch.party),
        alliance=party_shown(alliance) if alliance else None,
        lot=batch.lot,
        quantity=formats.quantity(batch.quantity, batch.unit),
        made_on=batch.made_on,
        expires_on=batch.expires_on,
        place=batch.address or (plot.address if plot else "") or batch.party.address,
        province=batch.province
        or (batch.plot.province if batch.plot else None)
        or batch.party.province
        or "",
        plot=plot.name if plot else "",
        growing_area_code=plot.growing_area_code if plot else "",
        grower=member.grower if member else "",
        member=member,
        steps=steps,
        papers=papers_shown(papers, batch.product, today),
        sources=tuple(
            SourceShown(
                s.source.product.name,
                s.source.lot,
                formats.quantity(s.quantity, s.unit),
                s.source.product.name_en,
                formats.quantity(s.quantity, s.unit, "en"),
            )
            for s in batch.sources
        ),
        updated=max(recorded, default=None),
        quantity_en=formats.quantity(batch.quantity, batch.unit, "en"),
    )


def product_shown(product: Product) -> ProductShown:
    """A product with its pack forms."""
    return ProductShown(
        code=product.code,
        name=product.name,
        name_en=product.name_en,
        kind=product.kind,
        description=product.description,
        storage=product.storage,
        standard=product.standard,
        sold_in=product.sold_in,
        picture=product.picture,
        gtin=product.gtin,
        packs=tuple(pack_shown(form, product.base_unit) for form in product.pack_forms),
        brand=product.brand,
        description_en=product.description_en,
        storage_en=product.storage_en,
    )


def pack_shown(form: PackForm, base_unit: str) -> PackShown:
    """A pack form with its content in words."""
    try:
        holds = formats.quantity(content(form, base_unit), base_unit)
    except (PackingError, UnitError):
        holds = ""
    return PackShown(form.code, form.name, holds, form.gtin, form.name_en)


def party_shown(party: Party) -> PartyShown:
    """An organisation."""
    return PartyShown(
        party.code,
        party.name,
        party.kind,
        party.address,
        party.province or "",
        party.hotline,
        party.is_sample,
        party.name_en,
    )


def sellers_shown(links: Iterable[SellerLink], today: dt.date) -> tuple[SellerShown, ...]:
    """Those that hold on that day."""
    return tuple(
        SellerShown(link.seller, link.url, link.host, link.valid_until) for link in in_order(links, today)
    )


def papers_shown(papers: Iterable[Paper], product: Product, today: dt.date) -> tuple[PaperShown, ...]:
    """Badges first, then what is valid, then what has run out."""
    shown = [
        PaperShown(
            kind=paper.kind,
            number=paper.number,
            authority=paper.authority,
            issued_on=paper.issued_on,
            valid_until=paper.valid_until,
            stars=paper.stars,
            vouching=paper.vouching(product.id),
            valid=paper.is_valid(today),
        )
        for paper in papers
    ]
    return tuple(sorted(shown, key=lambda p: (not p.badge, not p.valid, p.kind)))


def is_shown(event: Event) -> bool:
    """Not what was erased or a mistake; nor whom the goods were sent to, which is between the two of them."""
    sent = any(line.role is LineRole.SENT for line in event.lines)
    return event.text is not None and event.withdrawn_at is None and not sent


def _step(event: Event) -> StepShown:
    """A step without what is business: of materials the name and amount, not from whom they were bought."""
    return StepShown(
        step=event.step,
        on=formats.today(event.at),
        text=event.text or "",
        place=event.address,
        actor=event.actor,
        vouching=event.vouching,
        used=tuple(_amount(line) for line in event.lines if line.role is LineRole.USED),
        made=tuple(_amount(line) for line in event.lines if line.role is LineRole.OUT),
        photos=tuple((photo.small, photo.digest) for photo in event.photos),
    )


def _amount(line: EventLine) -> AmountShown:
    if line.quantity is None or line.unit is None:
        return AmountShown(line.what, {})
    quantity, unit = line.quantity, line.unit
    return AmountShown(line.what, {lang: formats.quantity(quantity, unit, lang) for lang in ("vi", "en")})
